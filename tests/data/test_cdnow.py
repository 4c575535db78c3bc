"""CDNOW: 23,570 customers who first bought in early 1997 (Fader & Hardie), through a workspace.

The reference numbers are those of the data's README, and the published parameters of its tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

import cxcurve
from cxcurve import Workspace
from cxcurve.stats.purchase import fit_bg_nbd, fit_gamma_gamma

N_ROWS, N_CUSTOMERS = 69_659, 23_570
JOURNEY = """
journey: music shop
stages: [bought, regular]
signals:
  purchase: {momentum: 0.3}
  first_purchase: {stage: bought}
  repeat_purchase: {stage: regular}
time_to_value: {from: first_purchase, to: repeat_purchase, target: 90d}
"""
PURCHASES = """
purchases:
  files: purchases.csv
  time: {column: date, format: "%Y%m%d"}
  account: customer_id
  event: purchase
  value: number_of_cds
  amount: dollar_value
"""
DAYS = """
days:
  files: purchases.csv
  time: {column: date, format: "%Y%m%d"}
  account: customer_id
  by: customer_id
  order: [date]
  id: [customer_id, date]
  events:
    first_purchase: {first: true}
    repeat_purchase: {when: "date > previous(date)"}
"""

pytestmark = pytest.mark.real


def words(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module", name="shop")
def _shop(shared: Callable[[str], Path], made: Callable[..., Path]) -> Iterator[Workspace]:
    rows = words(shared("cdnow/CDNOW_master.txt"))
    with cxcurve.open(made(JOURNEY, PURCHASES + DAYS, purchases=rows)) as workspace:
        reports = workspace.load()
        assert [report.rows.read for report in reports.values()] == [N_ROWS, N_ROWS]
        assert all(report.events.made == report.events.loaded for report in reports.values())
        workspace.score()
        yield workspace


@pytest.fixture(scope="module", name="purchases")
def _purchases(shop: Workspace) -> pd.DataFrame:
    """One row per purchase: customer_id, value, amount, at."""
    return _bought(shop)


def _bought(workspace: Workspace) -> pd.DataFrame:
    events = workspace.events
    chosen = events.filter(events.name == "purchase").select("customer_id", "value", "amount", "occurred_us")
    rows = chosen.to_pyarrow().to_pandas()
    return rows.assign(at=pd.to_datetime(rows.pop("occurred_us"), unit="us"))


def test_every_purchase_counts_also_the_255_twins(shop: Workspace, purchases: pd.DataFrame) -> None:
    assert shop.quarantine() == []
    assert shop.counts()["purchase"] == len(purchases) == N_ROWS
    assert purchases.duplicated().sum() == 255
    assert round(purchases.amount.sum(), 2) == 2_500_315.63
    assert purchases.value.sum() == 167_881
    assert purchases.customer_id.nunique() == shop.counts()["first_purchase"] == N_CUSTOMERS
    assert round((purchases.groupby("customer_id").size() >= 2).mean(), 5) == 0.49478


def test_the_second_purchase_is_the_value(shop: Workspace) -> None:
    """Customers with two purchase days and more, and those who came again within 90 days: all were followed."""
    found = shop.time_to_value().to_json()
    assert found["n"] == N_CUSTOMERS
    assert round(found["n_reached"] / N_CUSTOMERS, 5) == 0.48859
    assert round(found["reached"]["90"], 5) == 0.29219
    assert (found["median_days"], found["reason"]) == (None, "not_reached")


def test_cohorts_of_the_first_three_months(shop: Workspace, purchases: pd.DataFrame) -> None:
    told = {month["month"]: month["n"] for month in shop.time_to_value().to_json()["trend"] if month["n"]}
    assert told == {"1997-01": 7_846, "1997-02": 8_476, "1997-03": 7_248}
    month = purchases["at"].dt.to_period("M")
    january = month.groupby(purchases.customer_id).transform("min") == "1997-01"
    again = [purchases.customer_id[january & (month == f"1997-0{k}")].nunique() / 7_846 for k in (2, 3, 4)]
    assert again == pytest.approx([0.1475, 0.1229, 0.1032], abs=5e-5)


def test_parameters_of_the_tenth_are_the_published_ones(
    shared: Callable[[str], Path], made: Callable[..., Path]
) -> None:
    """Fader, Hardie & Lee 2005 (BG/NBD), Fader & Hardie 2013 (Gamma-Gamma): 39 weeks, in weeks since the first day."""
    header = ["master_id", "customer_id", "date", "number_of_cds", "dollar_value"]
    rows = [header, *words(shared("cdnow/CDNOW_sample.txt"))]
    with cxcurve.open(made(JOURNEY, PURCHASES, purchases=rows)) as workspace:
        assert workspace.load()["purchases"].events.loaded == 6_919
        bought = _bought(workspace)
    until = pd.Timestamp("1997-09-30")
    days = bought[bought["at"] <= until].groupby(["customer_id", "at"], as_index=False).amount.sum()
    customers = days.groupby("customer_id")["at"].agg(first="min", last="max", n="count")
    weeks = pd.Timedelta(weeks=1)
    frequency = customers.n - 1
    recency, age = (customers["last"] - customers["first"]) / weeks, (until - customers["first"]) / weeks
    assert (len(customers), int((frequency == 0).sum())) == (2_357, 1_411)
    found = fit_bg_nbd(frequency, recency, age)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=6e-4)
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    again = days[days["at"] > days.groupby("customer_id")["at"].transform("min")]
    mean_value = again.groupby("customer_id").amount.mean().reindex(customers.index).fillna(0)
    money = fit_gamma_gamma(frequency, mean_value)
    assert (money.p, money.q, money.gamma) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)
