"""Three stories with a known end: is what was done seen, and as large as it was?

A software firm changes its onboarding, a shop starts a programme for referrals, a distributor works on its customers'
momentum. The events are drawn by the story alone, so what is true is known; each customer has its own pace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from cxcurve.model.journey import Journey
from cxcurve.stats.estimates import Estimate
from cxcurve.stats.proportions import wilson
from cxcurve.truth.claims import Claim, mean_over
from cxcurve.workspace.workspace import Workspace, init

Floats = NDArray[np.float64]
Moves = list[tuple[NDArray[np.int64], Floats, str]]
"""Customers, days since the start, and what happened."""

START = datetime(2024, 12, 30, tzinfo=UTC)
QUARTER = 91
SOURCES = """\
log: {files: events.csv, time: {column: at, zone: UTC}, account: who, id: id, name: name}
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A number before and after as the product tells them, and whether it calls the change real."""

    before: Estimate
    after: Estimate
    is_real: bool


@contextmanager
def _told_to(days: float, moves: Moves) -> Iterator[Workspace]:
    """A scored workspace that knows the moves before `days`."""
    who = np.concatenate([customers for customers, _, _ in moves])
    when = np.concatenate([times for _, times, _ in moves])
    what = np.repeat([name for _, _, name in moves], [len(times) for _, times, _ in moves])
    known = when < days
    seconds = (START.timestamp() + when[known] * 86_400).astype("int64")
    table = pa.table(
        {
            "id": np.flatnonzero(known),
            "at": pa.array(seconds, pa.timestamp("s", "UTC")).cast(pa.timestamp("s")),
            "who": [f"c{one}" for one in who[known]],
            "name": what[known],
        }
    )
    with TemporaryDirectory(prefix="cxcurve-truth-") as folder, init(Path(folder) / "story", "b2b-saas") as workspace:
        pa.csv.write_csv(table, workspace.folder / "events.csv")
        (workspace.folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
        workspace.load()
        workspace.score()
        yield workspace


# --- the software firm: time to value falls from 15 to 8 days

DAYS_BEFORE, DAYS_AFTER, WAIT_SPREAD = 15.0, 8.0, 0.5


def onboarding(seed: int, customers: int) -> Told:
    """Customers buy all year; who buys in the last 26 weeks reaches value at a median of 8 days, the others at 15."""
    rng, n_days = np.random.default_rng(seed), 4 * QUARTER
    bought = rng.uniform(0, n_days, customers)
    middle = np.where(bought >= n_days - 2 * QUARTER, DAYS_AFTER, DAYS_BEFORE)
    value = bought + middle * np.exp(WAIT_SPREAD * rng.standard_normal(customers))
    who = np.arange(customers)
    with _told_to(n_days, [(who, bought, "subscription_started"), (who, value, "first_value_reached")]) as workspace:
        pace = workspace.time_to_value().pace
    p_value = pace.test.p_value
    return Told(pace.earlier, pace.recent, p_value is not None and p_value < 0.05)


# --- the shop: referrals rise by 15 %

REFERRAL_RATIO, REFERRALS_A_WEEK, EAGERNESS = 1.15, 0.1, 0.5


def programme(seed: int, customers: int) -> Estimate:
    """Customers refer at a pace of their own, in the last quarter 15 % more often; what the product says of that."""
    rng, n_weeks = np.random.default_rng(seed), 39
    pace = REFERRALS_A_WEEK * rng.gamma(1 / EAGERNESS, EAGERNESS, customers)
    rates = np.where(np.arange(n_weeks) >= n_weeks - 13, REFERRAL_RATIO, 1.0)
    who, days = _drawn(pace[:, None] * rates, rng)
    with _told_to(7 * n_weeks, [*_inside(customers), (who, days, "referral_made")]) as workspace:
        rows = {row["signal"]: row["change"] for row in workspace.advocacy().actions}
    change = rows["referral_made"]
    return Estimate(change["ratio"], change["low"], change["high"], change["n"])


# --- the distributor: momentum goes from 65 to 80 in a quarter

PULLS = ("training_completed", "feature_adopted", "business_review_held")
PULLS_A_WEEK = 0.25
USUAL_WEEKS, FIRST_WEEKS, LAST_WEEKS = 39, 26, 13
GOALS = (65.0, 80.0)


@dataclass(frozen=True, slots=True)
class Momentum:
    """The Momentum told at the end of the first rise and of the second, and what is true there."""

    told: tuple[Estimate, Estimate]
    true: tuple[float, float]
    is_real: bool


def distributor(seed: int, customers: int) -> Momentum:
    """After 39 usual weeks the references are frozen; then customers do more, and in the last quarter more again."""
    rng, n_weeks = np.random.default_rng(seed), USUAL_WEEKS + FIRST_WEEKS + LAST_WEEKS
    frozen, risen = 7 * USUAL_WEEKS, 7 * (USUAL_WEEKS + FIRST_WEEKS)
    with TemporaryDirectory(prefix="cxcurve-truth-") as folder, init(Path(folder) / "story", "b2b-saas") as workspace:
        journey = workspace.journey
    times = _paces(journey, np.random.default_rng(0))
    pace = (
        PULLS_A_WEEK
        * rng.gamma(4, 0.25, (customers, 1))
        * np.repeat((1.0, *times), (USUAL_WEEKS, FIRST_WEEKS, LAST_WEEKS))
    )
    pulls = {name: _drawn(pace, rng) for name in PULLS}
    moves = [*_inside(customers), *((who, days, name) for name, (who, days) in pulls.items())]
    with _told_to(7 * n_weeks, moves) as workspace:
        workspace.calibrate(_day(frozen), apply=True)
        after = {row.metric.name: row.current for row in workspace.scorecard().rows}["momentum_index"]
        before = {row.metric.name: row.current for row in workspace.scorecard(as_of=_day(risen)).rows}["momentum_index"]
    done = {name: (who, days) for who, days, name in moves}
    usual = np.median(np.stack([_doublings(journey, done, customers, 7.0 * w) for w in range(14, USUAL_WEEKS + 1)]))
    true = tuple(_index(_doublings(journey, done, customers, day) - usual) for day in (risen, 7.0 * n_weeks))
    is_apart = None not in (after.low, before.high) and (after.low or 0.0) > (before.high or 0.0)
    return Momentum((before, after), (true[0], true[1]), is_apart)


def _paces(journey: Journey, rng: np.random.Generator) -> tuple[float, float]:
    """By how much customers have to do more, so that Momentum reaches the two goals: found on a large company."""
    n, found = 2_000, [1.0]
    weeks = (USUAL_WEEKS, FIRST_WEEKS, LAST_WEEKS)
    most = 16.0
    drawn = {
        name: _drawn(np.full((n, sum(weeks)), most * PULLS_A_WEEK) * rng.gamma(4, 0.25, (n, 1)), rng) for name in PULLS
    }
    marks = {name: rng.uniform(0, most, len(who)) for name, (who, _) in drawn.items()}

    def doublings(paces: Sequence[float], day: float) -> Floats:
        ends = 7.0 * np.cumsum(weeks)
        kept = {}
        for name, (who, days) in drawn.items():
            pace = np.array([*paces, *[paces[-1]] * 3])[np.searchsorted(ends, days, "right")]
            kept[name] = who[marks[name] < pace], days[marks[name] < pace]
        return _doublings(journey, kept, n, day)

    usual = np.median(np.stack([doublings([1.0], 7.0 * week) for week in range(14, USUAL_WEEKS + 1)]))
    for goal, end in zip(GOALS, np.cumsum(weeks)[1:], strict=True):
        low, high = 1.0, most
        for _ in range(20):
            middle = (low + high) / 2
            is_over = _index(doublings([*found, middle], 7.0 * end) - usual) > goal
            low, high = (low, middle) if is_over else (middle, high)
        found.append(low)
    return found[1], found[2]


def _doublings(journey: Journey, pulls: dict[str, tuple[NDArray[np.int64], Floats]], n: int, day: float) -> Floats:
    """What definitions.md, 3 makes of the moves before `day`, written anew: what the product is held against."""
    total = np.zeros(n)
    for name, (who, days) in pulls.items():
        signal, before = journey.signals[name], days < day
        faded = 2.0 ** (-(day - days[before]) / signal.half_life.days)
        total += signal.momentum * np.log2(1 + np.bincount(who[before], faded, n))
    return total


def _index(above: Floats) -> float:
    return float(np.mean(100 / (1 + 2.0**-above)))


def _inside(customers: int) -> Moves:
    """Everybody has bought and reached value on the first day: nobody is on the way."""
    who, day = np.arange(customers), np.full(customers, 0.4)
    return [(who, day, "subscription_started"), (who, day, "first_value_reached")]


def _drawn(rates: Floats, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Who and when, of events that come by chance; rates are customers x weeks."""
    counts = rng.poisson(rates)
    who, week = np.repeat(np.indices(counts.shape).reshape(2, -1), counts.ravel(), axis=1)
    return who, 7 * (week + rng.uniform(0.06 if len(week) else 0, 1, len(week)))


def _day(days: int) -> str:
    """The moment that ends so many days, as a date: the day before, since as_of is a day's end."""
    return f"{START + timedelta(days=days - 1):%Y-%m-%d}"


def claims(firms: Sequence[Told], shops: Sequence[Estimate], distributors: Sequence[Momentum]) -> tuple[Claim, ...]:
    """What the stories must show."""
    held = [_holds(one.before, DAYS_BEFORE) and _holds(one.after, DAYS_AFTER) for one in firms]
    apart = [
        abs(told.value - true)
        for one in distributors
        for told, true in zip(one.told, one.true, strict=True)
        if told.value
    ]
    return (
        Claim(
            "A software firm's time to value falls from 15 to 8 days: both medians are within their intervals",
            wilson(sum(held), len(held)),
            0.8,
            None,
            "share",
            (
                f"before {_mean([one.before for one in firms])} days, after {_mean([one.after for one in firms])} days "
                f"(means over {len(firms)} firms); called a real change in {sum(one.is_real for one in firms)}",
            ),
        ),
        Claim(
            "A shop's referrals rise by 15 %: the planted rise is within its interval",
            wilson(sum(_holds(one, REFERRAL_RATIO) for one in shops), len(shops)),
            0.8,
            None,
            "share",
            (
                f"told as x {_mean(shops)} (mean over {len(shops)} shops); told from no rise in "
                f"{sum(one.low is not None and one.low > 1 for one in shops)}",
            ),
        ),
        Claim(
            "A distributor's Momentum goes from 65 to 80 in a quarter, references frozen before: the largest error",
            Estimate(max(apart), n=len(apart)) if apart else Estimate(None),
            None,
            1.0,
            "points",
            (
                f"told {_mean([one.told[0] for one in distributors])}, then "
                f"{_mean([one.told[1] for one in distributors])} (means over {len(distributors)}); "
                f"called a real change in {sum(one.is_real for one in distributors)}",
            ),
        ),
    )


def _holds(one: Estimate, true: float) -> bool:
    return one.low is not None and one.low <= true and (one.high is None or true <= one.high)


def _mean(found: Sequence[Estimate]) -> str:
    told = mean_over([one.value for one in found if one.value is not None])
    return "nothing" if told.value is None else f"{told.value:.2f}"
