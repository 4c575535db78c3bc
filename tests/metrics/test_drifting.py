"""Drifting now: chances by hand, what cannot be told, the order, and what it costs (definitions 6)."""

from __future__ import annotations

import numpy as np
import pytest
from entrants import AS_OF, Row, zone_of
from worlds import DAY_US

from cxcurve.errors import Reason
from cxcurve.metrics.drift import Zone, drift_zones
from cxcurve.metrics.drifting import drifting_now
from cxcurve.metrics.passages import Passage
from cxcurve.stats.estimates import difference

LATE: list[Row] = [(0, 20, None, "open")] * 3
BEFORE: list[Row] = [
    *[(0.0, 60.0, 4.0, "progressed")] * 8, *[(0, 60, 6, "exited")] * 2, *[(0, 60, 30, "progressed")] * 4,
    (0, 60, 35, "exited"), *[(0, 60, None, "open")] * 5,
]  # fmt: skip
"""Of those there after 20 days four of ten progress on day 30 and one of the other six exits on day 35."""


def test_chances_by_hand() -> None:
    zone = zone_of([*LATE, *BEFORE])
    late, longest = zone.drifting_now[:3], zone.drifting_now[3:]
    assert [(one.progress_share, one.exit_share) for one in late] == [pytest.approx((0.4, 0.1))] * 3
    # At entry 8 of 23 on day 4, then 4 of 10 of the 13 there on day 30; after 20 days it is 4 of 10.
    lost = 8 / 23 + 13 / 23 * 0.4 - 0.4
    assert [one.lost_share for one in late] == pytest.approx([lost] * 3)
    assert [one.worth_saving_revenue for one in late] == pytest.approx([400.0] * 3)
    # Nobody was there for more than 60 days: what comes then is not known.
    assert [(round(one.days), one.progress_share, one.reason) for one in longest] == [(60, None, "not_followed")] * 5
    assert [one.worth_saving_revenue for one in longest] == [None] * 5
    assert (zone.n_untold, len(zone.drifting_now)) == (5, 8)


def test_a_chance_rests_on_ten_who_were_followed_for_it() -> None:
    """Twelve are there after 30 days, nine of them seen for ten days more: of three it is known what came."""
    rows: list[Row] = [(0, 170, 5, "progressed")] * 20 + [(0, 40, None, "open")] * 9 + [(0, 30, None, "open")]
    few = zone_of([*rows, *[(0, 170, 45, "progressed")] * 3])
    assert {one.reason for one in few.drifting_now} == {Reason.NOT_FOLLOWED}
    many = zone_of([*rows, *[(0, 170, 45, "progressed")] * 10])
    assert {one.days: one.progress_share for one in many.drifting_now} == {30.0: 1.0, 40.0: 1.0}
    nine = zone_of([*rows, *[(0, 170, 45, "progressed")] * 9])
    assert {one.progress_share for one in nine.drifting_now} == {None}


def test_the_lone_late_one_makes_no_chance() -> None:
    """Ten are there after 100 days, nine are seen no more, and the tenth progresses on day 120: not all do."""
    rows: list[Row] = [(0, 170, 5, "progressed")] * 30 + [(0, 98, None, "open"), (0, 170, 120, "progressed")]
    zone = zone_of([*rows, *[(0, 101.0, None, "open")] * 9])
    assert {(one.progress_share, one.worth_saving_revenue) for one in zone.drifting_now} == {(None, None)}


def test_the_loss_is_told_for_all_past_the_last_day_of_ten_as_of_that_day() -> None:
    """After day 100 four are left of twelve: one progresses on day 120, one of the last two on day 155."""
    rows: list[Row] = [(0, 170, 5, "progressed")] * 30 + [(0, 100, None, "open")] * 8
    rows += [(0, 170, 120, "progressed"), (0, 170, 155, "progressed"), (0, 150, None, "open"), (0, 160, None, "open")]
    zone = zone_of(rows)
    # At entry 30/42, then 1 of 4 and 1 of 2 of the other 12/42; of those the share from day 100 on is 5/8.
    lost = 30 / 42 + 12 / 42 * 5 / 8 - 5 / 8
    assert [one.impact_revenue for one in zone.drifting_now] == pytest.approx([1000 * lost] * 10)
    assert {one.reason for one in zone.drifting_now} == {Reason.NOT_FOLLOWED}
    assert zone.impact.value == pytest.approx(10_000 * lost)
    last = zone_of(rows, only=[len(rows) - 1])
    assert last.impact.value == pytest.approx(1000 * lost)
    assert last.impact.low is not None
    assert last.impact.high is not None
    assert last.impact.low <= 1000 * lost <= last.impact.high, "the interval keeps to the cap"


def test_the_most_worth_saving_come_first_and_who_cannot_be_told_last() -> None:
    """Half the chance at five times the price goes before."""
    stays: list[tuple[int, float, int]] = [*[(k, 5.0, 1) for k in range(20)], *[(20 + k, 22.0, 1) for k in range(16)]]
    stays += [*[(40 + k, 80.0, 1) for k in range(4)], *[(50 + k, 120.0, 2) for k in range(12)]]
    open_ = [(90, 20.0, 0), (91, 60.0, 0), (92, 125.0, 0), (93, 20.0, 0)]
    columns = [np.array(column) for column in zip(*stays, *open_, strict=True)]
    passage = Passage(0, columns[0], columns[1].astype(float), columns[2], np.full(len(columns[0]), AS_OF))
    revenue = {90: (1000.0, False), 91: (5000.0, False), 92: (90_000.0, False), 93: (100.0, True)}
    found = drifting_now(passage, 10.0, revenue)
    # After 20 days 16 of the 34 who were there longer progress in 28 days, after 60 days 4 of 17.
    assert [one.customer_key for one in found] == [91, 90, 93, 92]
    assert [one.progress_share for one in found[:2]] == pytest.approx([4 / 17, 16 / 34])
    assert found[0].worth_saving_revenue == pytest.approx(5000 * (found[0].progress_share or 0))
    assert (found[3].worth_saving_revenue, found[3].reason, found[2].is_usual_revenue) == (None, "not_followed", True)


def test_without_anybodys_revenue_neither_worth_nor_impact_is_told_and_the_chance_orders() -> None:
    rows: list[Row] = [*LATE, *BEFORE, *[(0, 60, 45, "progressed")] * 12, (0, 40, None, "open")]
    zone = zone_of(rows, revenue=0.0)
    assert (zone.impact.value, zone.impact.reason) == (None, Reason.NO_REVENUE)
    told = [one for one in zone.drifting_now if one.reason is None]
    assert {(one.worth_saving_revenue, one.impact_revenue) for one in told} == {(None, None)}
    chances = [one.progress_share or 0.0 for one in told]
    assert chances == sorted(chances, reverse=True)
    assert len(set(chances)) == 2
    through: list[Row] = [(0, 40, 4, "progressed")] * 20
    assert zone_of(through, revenue=0.0).impact.value == 0.0, "where nobody drifts nothing is lost, at any price"


def test_where_nothing_changes_the_impact_is_rarely_called_changed() -> None:
    """500 days of entries and exits at one pace: 3 to 8 of 100 differences from four weeks before are called real."""
    rng = np.random.default_rng(1)
    back = 28.0

    def impact(ended: list[tuple[float, float, int]], ago: float) -> Zone:
        known = [(k, since - ago, days, cause) for k, (since, days, cause) in enumerate(ended) if since > ago]
        now_us = AS_OF - round(ago * DAY_US)
        columns = zip(
            *((k, min(d, s), c if d < s else 0, now_us - round(s * DAY_US)) for k, s, d, c in known), strict=True
        )
        keys, days, causes, entered = (np.array(column) for column in columns)
        passage = Passage(0, keys, days.astype(float), causes, entered)
        money = dict.fromkeys(range(len(ended)), (1000.0, False))
        names, expected = ["try", "buy"], [30.0]
        return drift_zones([passage], names=names, expected_days=expected, revenue=money, as_of_us=now_us)[0]

    real = 0
    for _ in range(100):
        stuck = rng.random(200) < 0.3
        through, out = rng.exponential(np.where(stuck, 300.0, 15.0)), rng.exponential(200.0, 200)
        causes = np.where(through < out, 1, 2)
        drawn = zip(rng.uniform(0, 500, 200).tolist(), np.minimum(through, out).tolist(), causes.tolist(), strict=True)
        ended = list(drawn)
        real += bool(difference(impact(ended, 0.0).impact, impact(ended, back).impact).is_real())
    assert real <= 10
