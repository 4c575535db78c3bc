"""Five data sets of lifelines (MIT): the statistics, and a workspace on the same waits.

Reference numbers: the data's README (medians), lifelines itself for the rest (`make oracle`).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import cxcurve
from cxcurve.stats.cox import cox_regression
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.logrank import logrank
from cxcurve.stats.survival import kaplan_meier
from cxcurve.workspace.time_to_value import TimeToValueResult

ORACLE = Path(__file__).parents[1] / "stats" / "published" / "oracle.json"
EXPECTED = json.loads(ORACLE.read_text(encoding="utf-8"))["cases"]["public_data"]["expected"]
WAITS = {
    "waltons": ("waltons_dataset.csv", "T", "E", "group"),
    "lung": ("lung.csv", "time", "status", "sex"),
    "rossi": ("rossi.csv", "week", "arrest", "fin"),
    "dd": ("dd.csv", "duration", "observed", "regime"),
    "canadian_senators": ("canadian_senators.csv", "diff_days", "observed", "Province / Territory"),
}
SEEN_AT = datetime(2026, 1, 5, tzinfo=UTC)
KNOWN_AT = datetime(2013, 10, 1, 22, 20, 10, 165196, tzinfo=UTC)
"""When the file of the senators says its open terms were seen."""
JOURNEY = """
journey: waits
stages: [waiting, through]
signals:
  entered: {stage: waiting}
  ended: {stage: through}
time_to_value: {from: entered, to: ended}
segments: [segment]
"""
SOURCES = """
log: {files: log.csv, time: {column: at}, account: customer, name: event}
groups: {files: groups.csv, table: customers}
"""
TERMS = """
senate:
  files: terms.csv
  time: {column: start_date}
  account: number
  events:
    entered: {at: start_date}
    ended: {at: end_date, when: "observed == 'True'"}
"""

pytestmark = pytest.mark.real
Read = Callable[[str], list[dict[str, str]]]


@pytest.fixture(scope="module", name="read")
def _read(shared: Callable[[str], Path]) -> Read:
    def rows(name: str) -> list[dict[str, str]]:
        with shared(f"lifelines_survival/{name}").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return rows


def waits(rows: list[dict[str, str]], days: str, ended: str, group: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    is_ended = np.array([row[ended] in {"1", "1.0", "True"} for row in rows])
    return np.array([float(row[days]) for row in rows]), is_ended, np.array([row[group] for row in rows])


@pytest.mark.parametrize("name", WAITS)
def test_the_statistics(name: str, read: Read) -> None:
    file, *columns = WAITS[name]
    days, ended, group = waits(read(file), *columns)
    expected = EXPECTED[name]
    curve = kaplan_meier(EventTable.from_rows(days, ended))
    middle = curve.median()
    assert (len(days), int(ended.sum())) == (expected["n"], expected["n_ended"])
    assert [middle.value, middle.low, middle.high] == expected["median"]
    assert [curve.at(day).value for day in expected["at"]] == pytest.approx(expected["share"], rel=1e-9)
    groups = [EventTable.from_rows(days[group == one], ended[group == one]) for one in np.unique(group)]
    found = logrank(groups)
    assert [found.statistic, found.p_value] == pytest.approx(expected["log_rank"], rel=1e-7)


def test_cox_regression_of_the_lung_patients(read: Read) -> None:
    """By age, sex and how well they feel; the one who was not asked is left out."""
    rows = [row for row in read("lung.csv") if row["ph.ecog"]]
    days, died, _ = waits(rows, "time", "status", "sex")
    x = np.array([[float(row[name]) for name in ("age", "sex", "ph.ecog")] for row in rows])
    found, expected = cox_regression(days, died, x), EXPECTED["lung"]["cox_age_sex_ecog"]
    assert found.coefficients == pytest.approx(expected["coefficients"], rel=1e-6)
    assert found.standard_errors == pytest.approx(expected["standard_errors"], rel=1e-6)


def log(days: Iterable[float], ended: Iterable[bool]) -> Iterator[tuple[object, ...]]:
    """All are seen on one day, entered so many days before, and some have just ended."""
    yield "at", "customer", "event"
    for customer, (wait, is_ended) in enumerate(zip(days, ended, strict=True)):
        yield (SEEN_AT - timedelta(days=wait)).isoformat(), customer, "entered"
        if is_ended:
            yield SEEN_AT.isoformat(), customer, "ended"


@pytest.mark.parametrize("name", ["waltons", "lung", "rossi", "dd"])
def test_a_workspace_tells_the_same(name: str, read: Read, made: Callable[..., Path]) -> None:
    """A unit of time is a day: days, weeks (rossi) and years (dd)."""
    file, *columns = WAITS[name]
    days, ended, group = waits(read(file), *columns)
    groups = [("customer_id", "segment"), *enumerate(group)]
    with cxcurve.open(made(JOURNEY, SOURCES, log=log(days, ended), groups=groups)) as workspace:
        workspace.load()
        found = workspace.time_to_value(as_of=SEEN_AT + timedelta(seconds=1))
    check(found, name)
    if name == "waltons":
        medians = {cohort["value"]: cohort["median_days"] for cohort in found.to_json()["cohorts"]}
        assert medians == {"control": 58, "miR-137": 26}


def test_a_workspace_on_the_dates_of_the_senate(read: Read, made: Callable[..., Path]) -> None:
    """Terms begun since 1990, as they were known when the set was made; a term is a customer.

    Events before 1990 are refused.
    """
    rows = read("canadian_senators.csv")
    terms = [["number", "start_date", "end_date", "observed"]]
    terms += [[str(i), row["start_date"], row["end_date"], row["observed"]] for i, row in enumerate(rows)]
    n_early = sum(row["start_date"] < "1990" for row in rows)
    n_early += sum(row["end_date"] < "1990" for row in rows if row["observed"] == "True")
    with cxcurve.open(made(JOURNEY, TERMS, terms=terms)) as workspace:
        report = workspace.load()["senate"]
        assert report.events.quarantined == n_early > 1_000
        assert all("before 1990" in row["reason"] for row in workspace.quarantine())
        found = workspace.time_to_value(as_of=KNOWN_AT)
    check(found, "senators_since_1990")


def check(result: TimeToValueResult, name: str) -> None:
    """Counts, median and shares of oracle.json, whose bounds are of the share waiting and ours of the share through."""
    expected, told, curve = EXPECTED[name], result.to_json(), result.found.incidence
    assert (told["n"], told["n_reached"]) == (expected["n"], expected["n_ended"])
    assert told["median_days"] == expected["median"][0]
    still = [1 - curve.at(day).value for day in expected["at"]]
    assert still == pytest.approx(expected["share"], rel=1e-9)
