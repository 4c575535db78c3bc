"""examples/support against the reference numbers of its data (UCI 498, Amaral et al., CC BY 4.0).

They are those of the 24,915 incidents that name a caller, as the data's README tells them; the system gets them from
its own events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pytest

import cxcurve
from cxcurve import Workspace
from cxcurve.metrics.contacts import contacts
from cxcurve.pipeline.loading import Report

N_ROWS, N_INCIDENTS = 141_712, 24_915

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", name="loaded")
def _loaded(example: Callable[[str, str], Path]) -> Iterator[tuple[Workspace, Report]]:
    with cxcurve.open(example("support", "uci_incident/incident_event_log.zip")) as workspace:
        yield workspace, workspace.load()["incidents"]


@pytest.fixture(scope="module", name="desk")
def _desk(loaded: tuple[Workspace, Report]) -> Workspace:
    return loaded[0]


@pytest.fixture(scope="module", name="incidents")
def _incidents(desk: Workspace) -> pd.DataFrame:
    """One row per incident: when opened and closed, and how often what happened."""
    events = desk.events

    def times(name: str) -> object:
        return (events.name == name).sum()

    return (
        events.group_by("conversation_id")
        .agg(
            opened_us=events.occurred_us.min(where=events.name == "ticket_opened"),
            closed_us=events.occurred_us.max(where=events.name == "ticket_closed"),
            n_reassigned=times("ticket_reassigned"),
            n_reopened=times("ticket_reopened"),
            n_sla_missed=times("sla_missed"),
        )
        .to_pyarrow()
        .to_pandas()
    )


def test_every_row_is_accounted_for(loaded: tuple[Workspace, Report]) -> None:
    workspace, report = loaded
    rows, events = report.rows, report.events
    assert rows.read == N_ROWS == rows.used + rows.no_event + rows.quarantined
    assert events.made == events.loaded == sum(workspace.counts().values())
    assert (events.duplicate, events.conflict, events.quarantined) == (0, 0, 0)


def test_29_rows_without_a_caller_are_in_quarantine(loaded: tuple[Workspace, Report]) -> None:
    workspace, report = loaded
    refused = workspace.quarantine()
    assert report.rows.quarantined == len(refused) == 29
    assert {row["reason"] for row in refused} == {"names no customer: account (caller_id) is empty"}


def test_each_incident_opens_and_closes_once(desk: Workspace, incidents: pd.DataFrame) -> None:
    assert len(incidents) == N_INCIDENTS
    assert desk.counts()["ticket_opened"] == desk.counts()["ticket_closed"] == N_INCIDENTS


def test_share_reassigned(incidents: pd.DataFrame) -> None:
    assert round((incidents.n_reassigned > 0).mean(), 5) == 0.45619


def test_reopened_incidents_and_rises_of_their_counter(incidents: pd.DataFrame) -> None:
    assert (incidents.n_reopened > 0).sum() == 275
    assert incidents.n_reopened.sum() == 331


def test_share_that_made_its_sla(incidents: pd.DataFrame) -> None:
    assert round((incidents.n_sla_missed == 0).mean(), 5) == 0.63420


def test_median_days_from_open_to_close(incidents: pd.DataFrame) -> None:
    assert round(((incidents.closed_us - incidents.opened_us) / 86_400e6).median(), 4) == 6.0778


def test_repeat_contact_within_7_days_as_of_the_last_opening(desk: Workspace, incidents: pd.DataFrame) -> None:
    """The caller is the first row's; with full follow-up the share is .48966, with the last row's caller .48986."""
    last = datetime.fromtimestamp(int(incidents.opened_us.max()) / 1e6, UTC)
    with desk.snapshot(last) as known:
        assert round(_share_repeated(desk, known), 5) == 0.48990
    with desk.snapshot(last + timedelta(days=7, minutes=1)) as known:
        assert round(_share_repeated(desk, known), 5) == 0.48966


def _share_repeated(workspace: Workspace, known: object) -> float:
    return float(pc.mean(workspace.store.arrow(contacts(known))["is_repeated"]).as_py())  # type: ignore[arg-type]
