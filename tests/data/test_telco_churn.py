"""7,043 subscribers of a fictional telco (IBM, Apache-2.0), through a workspace: who left, and after how long.

The file has no dates, only months of tenure: all are seen on one day, each month of tenure stands for a day. The
reference numbers are those of the data's README (Kaplan-Meier by lifelines).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cxcurve
from cxcurve import Workspace
from cxcurve.workspace.time_to_value import TimeToValueResult

N, N_LEFT = 7_043, 1_869
SEEN_AT = datetime(2026, 1, 5, tzinfo=UTC)
JUST_AFTER = SEEN_AT + timedelta(seconds=1)
JOURNEY = """
journey: telco
stages: [subscribed, left]
signals:
  subscribed: {stage: subscribed}
  cancelled: {stage: left}
time_to_value: {from: subscribed, to: cancelled, target: 48d}
segments: [plan]
"""
SOURCES = """
log: {files: log.csv, time: {column: at}, account: customer, name: event}
subscribers:
  files: subscribers.csv
  table: customers
  columns: {customer_id: customerID, plan: Contract}
"""
CONTRACTS = {"Month-to-month": 0.4271, "One year": 0.1127, "Two year": 0.0283}

pytestmark = pytest.mark.real


def log(rows: list[dict[str, str]]) -> Iterator[tuple[str, ...]]:
    """Everybody subscribed so many days before, and some cancelled on the day."""
    yield "at", "customer", "event"
    for row in rows:
        yield (SEEN_AT - timedelta(days=int(row["tenure"]))).isoformat(), row["customerID"], "subscribed"
        if row["Churn"] == "Yes":
            yield SEEN_AT.isoformat(), row["customerID"], "cancelled"


@pytest.fixture(scope="module", name="telco")
def _telco(shared: Callable[[str], Path], made: Callable[..., Path]) -> Iterator[Workspace]:
    file = shared("telco_churn/Telco-Customer-Churn.csv")
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    with cxcurve.open(made(JOURNEY, SOURCES, log=log(rows), subscribers=file)) as workspace:
        reports = workspace.load()
        assert reports["subscribers"].rows.read == reports["subscribers"].rows.used == N
        assert reports["log"].events.loaded == N + N_LEFT
        yield workspace


@pytest.fixture(scope="module", name="leaving")
def _leaving(telco: Workspace) -> TimeToValueResult:
    return telco.time_to_value(as_of=JUST_AFTER)


def test_who_left_by_contract(leaving: TimeToValueResult) -> None:
    told = leaving.to_json()
    assert (told["n"], told["n_reached"]) == (N, N_LEFT)
    shares = {cohort["value"]: cohort["n_reached"] / cohort["n"] for cohort in told["cohorts"]}
    assert {value: round(share, 4) for value, share in shares.items()} == CONTRACTS


def test_who_is_still_there_by_month_of_tenure(leaving: TimeToValueResult) -> None:
    curve = leaving.found.incidence
    still = [round(1 - curve.at(month).value, 4) for month in (12, 24, 48, 72)]
    assert still == [0.8432, 0.7887, 0.7088, 0.5928]
    assert leaving.to_json()["reached"]["48"] == pytest.approx(1 - 0.7088, abs=5e-5)


def test_half_are_never_gone_but_for_those_who_may_leave_any_month(leaving: TimeToValueResult) -> None:
    told = leaving.to_json()
    assert (told["median_days"], told["reason"]) == (None, "not_reached")
    medians = {cohort["value"]: cohort["median_days"] for cohort in told["cohorts"]}
    assert medians == {"Month-to-month": 35, "One year": None, "Two year": None}
    compared = {cohort["value"]: cohort["compared"] for cohort in told["cohorts"]}
    assert all(one["p"] < 1e-50 for one in compared.values()), "each contract against the others"
    assert compared["Month-to-month"]["low"] > 0.3, "at 48 months, of all"


def test_what_is_known_of_subscribers_is_kept_as_it_was_sent(telco: Workspace) -> None:
    rows: list[dict[str, Any]] = [json.loads(text) for (text,) in telco.store.rows("SELECT attributes FROM customers")]
    assert len(rows) == N
    assert round(np.mean([float(row["tenure"]) for row in rows]), 3) == 32.371
    assert round(np.mean([float(row["MonthlyCharges"]) for row in rows]), 3) == 64.762
    assert sum(not str(row.get("TotalCharges") or "").strip() for row in rows) == 11
