"""Another journey: what scores rest on makes them anew, words alone do not; a trial keeps nobody waiting."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serving

import cxcurve
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.model.journey import Journey
from cxcurve.model.reading import journey_of
from cxcurve.store import Store
from cxcurve.tables import DERIVED
from cxcurve.workspace import Workspace
from cxcurve.workspace.lists import customer_rows
from cxcurve.workspace.previews import preview

WORDS = (
    ("label: Invest\n", "label: Sign up\n"),
    ("lead: Customer Success\n    supporting", "lead: Dana\n    supporting"),
    ("reactive: [will they vanish now,", "reactive: [will they go now,"),
    ("momentum_index: 60\n", "momentum_index: 55\n"),
    ("friction_index: Product\n", "friction_index: Dana\n"),
    ("ces: Remove one step", "ces: Remove two steps"),
    ("{stage: benchmark, momentum: 0.70,", "{label: A demo, stage: benchmark, momentum: 0.70,"),
    ("focus: [time_to_value, friction_index]", "focus: [nps]"),
)
NUMBERS = (
    ("momentum: 0.70, half_life: 21d, contact", "momentum: 0.71, half_life: 21d, contact"),
    ("    expected: 21d\n", "    expected: 22d\n"),
    ("  open_issue: 3d ", "  open_issue: 4d "),
    ("stall:       {friction: 0.8", "stall:       {friction: 0.9"),
    ("exits: [deal_lost, subscription_cancelled]", "exits: [deal_lost]"),
)


@pytest.fixture(scope="module", name="own")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace of this file alone: its journey is changed."""
    with cxcurve.open(serving.copied(Path(tmp_path_factory.mktemp("adopting")))) as workspace:
        yield workspace


def with_changes(workspace: Workspace, *changes: tuple[str, str]) -> Journey:
    text = (workspace.folder / "journey.yaml").read_text()
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    journey, problems = journey_of("journey.yaml", text)
    assert journey is not None, problems
    return journey


def derived(workspace: Workspace) -> dict[str, Any]:
    """A mark of every row of what a score makes, bit by bit, whatever the order."""
    rows = {name: sorted(map(repr, workspace.store.rows(f"SELECT * FROM {name}"))) for name in DERIVED}
    return {name: hashlib.sha256("\n".join(found).encode()).hexdigest() for name, found in rows.items()}


def test_words_alone_cost_no_score_and_a_score_would_give_the_same_bits(own: Workspace) -> None:
    before, scored_us, n_plans = derived(own), own.store.meta("scored_us"), len(own.plan().versions)
    old = own.journey
    own.adopt(with_changes(own, *WORDS), lambda: None)
    assert own.store.meta("scored_us") == scored_us
    assert not own.is_other_model
    assert own.journey.stage("invest").label == "Sign up"
    assert len(own.plan().versions) == n_plans + 1  # a label of a signal is a version of the plan
    assert derived(own) == before
    with own.snapshot() as known:
        assert known.plan.journey.targets["momentum_index"] == 55
        assert known.stage_label(3) == "Sign up"
    own.score(full=True)
    assert derived(own) == before
    own.adopt(old, lambda: None)


@pytest.mark.parametrize("change", NUMBERS, ids=[old.split(":")[0].strip() for old, _ in NUMBERS])
def test_what_scores_rest_on_is_another_model(own: Workspace, change: tuple[str, str]) -> None:
    assert with_changes(own, change).scored != own.journey.scored


def test_events_come_in_while_a_journey_is_tried(own: Workspace) -> None:
    other = with_changes(
        own, ("ticket_opened:              {friction: 0.30", "ticket_opened:              {friction: 1.5")
    )
    reading, before = own.beside(), derived(own)
    seen: list[tuple[int, int]] = []

    def read(known: Snapshot, store: Store) -> list[Any]:
        own.store.execute("INSERT INTO touched SELECT customer_key, 0 FROM customer_keys ORDER BY 1 LIMIT 3")
        own.beat()
        own.score(full=True)
        assert not own.is_behind
        seen.append((known.as_of_us, store.rows("SELECT count(*) FROM customer_now")[0][0]))
        return customer_rows(known, store.arrow)

    as_of_us, was, will = reading.tried(other, read)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert seen[0][0] == as_of_us
    assert {one["customer_id"] for one in was} == {one["customer_id"] for one in will}
    assert derived(own) == before
    told = preview(own.beside(), other)
    own.adopt(other, lambda: None)
    rows = [one["friction_index"] for one in own.customers() if one["friction_index"] is not None]
    mean = next(one for one in told.means if one.measure == "friction_index")
    assert mean.after == pytest.approx(sum(rows) / len(rows), abs=1e-9)
    assert mean.after != pytest.approx(mean.before or 0, abs=0.01)
