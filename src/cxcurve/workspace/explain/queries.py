"""The queries of the explanations: SQL over their tables, each giving one value."""

from __future__ import annotations

MEAN = "SELECT sum(value * weight) / sum(weight) FROM inputs"
SUM = "SELECT coalesce(sum(value * weight), 0) FROM inputs"
MEDIAN = "SELECT median(value) FROM inputs"
COUNT = "SELECT count(*) FROM inputs"
AUC = """\
WITH placed AS (
  SELECT stratum, happened, rank() OVER (PARTITION BY stratum ORDER BY value)
    + (count(*) OVER (PARTITION BY stratum, value) - 1) / 2 AS place FROM inputs),
strata AS (
  SELECT count(*) FILTER (happened) AS n, count(*) FILTER (NOT happened) AS n_others,
    coalesce(sum(place) FILTER (happened), 0) AS places FROM placed GROUP BY stratum)
SELECT sum(CASE WHEN n_others > 0 THEN places - n * (n + 1) / 2 ELSE 0 END) / sum(n * n_others) FROM strata"""
"""Share of pairs of one stratum, one that it happened to and one that it did not, in the right order; ties half."""

_LINE = """\
WITH ended AS (
  SELECT {by}days, count(*) AS gone,
    count(*) FILTER (WHERE cause > 0) AS n_ended, count(*) FILTER (WHERE cause = {cause}) AS n_mine
  FROM {rows} GROUP BY ALL),
risk AS (SELECT *, sum(gone) OVER ({part}ORDER BY days DESC) AS at_risk FROM ended),
waits AS (SELECT *, product(1 - n_ended / at_risk) OVER ({part}ORDER BY days) AS still FROM risk),
steps AS (SELECT *, lag(still, 1, 1.0) OVER ({part}ORDER BY days) * n_mine / at_risk AS step FROM waits),
line AS (SELECT {by}days, at_risk, still, sum(step) OVER ({part}ORDER BY days) AS share FROM steps)
"""
"""By day: how many were at risk, the share still waiting (Kaplan-Meier), the share ended so (Aalen-Johansen)."""


def _line(cause: int, rows: str = "inputs", *, by: str = "") -> str:
    return _LINE.format(cause=cause, rows=rows, by=f"{by}, " if by else "", part=f"PARTITION BY {by} " if by else "")


def share_by(cause: int, day: float) -> str:
    """Share ended by a cause on a day."""
    return f"{_line(cause)}SELECT coalesce(max_by(share, days), 0) FROM line WHERE days <= {day!r}"


def share_not_by(cause: int, day: float) -> str:
    """Share not ended by a cause on a day."""
    return f"{_line(cause)}SELECT 1 - coalesce(max_by(share, days), 0) FROM line WHERE days <= {day!r}"


def share_ahead(cause: int, day: float, ahead: float) -> str:
    """Of those there longer than a day, the share ended by a cause so many days later."""
    return f"""{_line(cause)}
, told AS (
  SELECT coalesce(max(share) FILTER (WHERE days <= {day!r}), 0) AS here,
    coalesce(max(share) FILTER (WHERE days <= {day + ahead!r}), 0) AS ahead,
    coalesce(min(still) FILTER (WHERE days <= {day!r}), 1) AS still FROM line)
SELECT least((ahead - here) / still, 1) FROM told"""


def still_at(day: float) -> str:
    """Share that still waits on a day."""
    return f"{_line(1)}SELECT coalesce(max_by(still, days), 1) FROM line WHERE days <= {day!r}"


def first_day(cause: int, share: float) -> str:
    """First day on which so many have ended by a cause."""
    return f"{_line(cause)}SELECT min(days) FROM line WHERE share >= {share!r} - 1e-12"


def usual_day(cause: int, part: float, horizon: float) -> str:
    """First day on which the share has come to a part of what it is at the horizon."""
    goal = f"(SELECT {part!r} * max(share) FROM line WHERE days <= {horizon!r})"
    return f"{_line(cause)}SELECT min(days) FROM line WHERE share >= {goal} - 1e-12"


def lost_revenue(cause: int, horizon: float, fewest: int) -> str:
    """Revenue x what is lost of the chance to end by a cause within the horizon since the entry; by zone, added up."""
    return f"""{_line(cause, by="zone")}
, known AS (SELECT zone, coalesce(max(days) FILTER (WHERE at_risk >= {fewest}), 0) AS last FROM line GROUP BY zone),
late AS (SELECT d.zone, d.revenue, least(d.days, last) AS since FROM drifting AS d JOIN known USING (zone)),
there AS (
  SELECT revenue,
    (SELECT coalesce(max(share), 0) FROM line AS l WHERE l.zone = late.zone AND days <= {horizon!r}) AS at_entry,
    (SELECT coalesce(max(share), 0) FROM line AS l WHERE l.zone = late.zone AND days <= since) AS here,
    (SELECT coalesce(max(share), 0) FROM line AS l WHERE l.zone = late.zone AND days <= greatest(since, {horizon!r})) AS ahead,
    (SELECT coalesce(min(still), 1) FROM line AS l WHERE l.zone = late.zone AND days <= since) AS still
  FROM late)
SELECT coalesce(sum(revenue * greatest(at_entry - CASE WHEN still > 0 THEN least((ahead - here) / still, 1) ELSE 0 END, 0)), 0)
FROM there"""  # noqa: E501


ANSWERS = """\
WITH latest AS (
  SELECT value FROM inputs WHERE on_scale
  QUALIFY row_number() OVER (PARTITION BY who ORDER BY occurred_us DESC, event_id DESC) = 1)
SELECT {measure} FROM latest"""
"""Of each who the newest answer on the scale."""
SCORES = {
    "nps": "100 * avg(CASE WHEN value >= 9 THEN 1 WHEN value <= 6 THEN -1 ELSE 0 END)",
    "csat": "avg(CASE WHEN value >= 4 THEN 1 ELSE 0 END)",
    "ces": "avg(value)",
}


def answers(kind: str) -> str:
    """The score of the answers."""
    return ANSWERS.format(measure=SCORES[kind])


MATCHED_ODDS = """\
WITH cells AS (
  SELECT stratum, count(*) FILTER (is_met) AS n, count(*) FILTER (is_met AND has_left) AS did,
    count(*) FILTER (NOT is_met) AS m, count(*) FILTER (NOT is_met AND has_left) AS others
  FROM inputs GROUP BY stratum),
alike AS (SELECT *, n * (did + others) / (n + m) AS expected FROM cells WHERE n > 0 AND m > 0),
sums AS (
  SELECT sum(did * (m - others) / (n + m)) = 0 OR sum(others * (n - did) / (n + m)) = 0 AS has_zero,
    sum(expected) AS whole FROM alike),
halves AS (SELECT *, CASE WHEN has_zero THEN expected / whole ELSE 0 END AS more FROM alike, sums),
told AS (
  SELECT n + more AS n, did + more / 2 AS did, m + more AS m, others + more / 2 AS others FROM halves)
SELECT sum(did * (m - others) / (n + m)) / sum(others * (n - did) / (n + m)) FROM told"""
"""Mantel and Haenszel's odds ratio; where it would be 0 or endless, a half is spread over each cell."""

_PARTS = """\
WITH counts AS (
  SELECT measure, signal, part, any_value(weight) AS weight,
    sum(step + units / 4294967296 * pow(2, (week_end_us - told_us) / half_life_us)) / any_value(seat_factor) AS n
  FROM (SELECT *, round(4294967296 * amount * pow(2, (anchor_us - week_end_us) / half_life_us)) AS units FROM inputs)
  GROUP BY ALL),
parts AS (
  SELECT measure, signal, weight * log2(1 + n) AS doublings FROM counts WHERE n >= 1 / 32
  UNION ALL SELECT 'friction', state, weight * x FROM states),
loads AS (SELECT measure, signal, sum(doublings) AS doublings FROM parts GROUP BY ALL),
sums AS (
  SELECT coalesce(sum(doublings) FILTER (WHERE measure = 'friction'), 0) AS friction,
    coalesce(sum(doublings) FILTER (WHERE measure = 'momentum'), 0) AS momentum,
    coalesce(sum(doublings) FILTER (WHERE measure = 'advocacy'), 0) AS advocacy
  FROM loads),
indexes AS (
  SELECT 100 * (1 - pow(2, -greatest(friction - {friction_ref!r}, 0))) AS friction_index,
    100 / (1 + pow(2, {momentum_ref!r} - momentum)) AS momentum_index,
    100 * (1 - pow(2, -advocacy)) AS advocacy_index
  FROM sums)
"""
"""Faded counts, log2(1 + n), weighed and added up; then the indexes against what is usual at the stage.

Counts are kept as whole numbers of 2^-32, faded to the end of their week, so that any order gives the same sum.
"""
MEASURES = {
    "friction_index": "friction_index",
    "momentum_index": "momentum_index",
    "advocacy_index": "advocacy_index",
    "level": "momentum_index - friction_index",
}


def customer_index(name: str, friction_ref: float, momentum_ref: float) -> str:
    """An index of one customer from its events."""
    parts = _PARTS.format(friction_ref=friction_ref, momentum_ref=momentum_ref)
    return f"{parts}SELECT {MEASURES[name]} FROM indexes"


def whole_points(measure: str, friction_ref: float, momentum_ref: float) -> str:
    """The index as shown, where no signal has a part."""
    parts = _PARTS.format(friction_ref=friction_ref, momentum_ref=momentum_ref)
    return f"{parts}SELECT round({measure}_index, 1) FROM indexes"


def customer_points(measure: str, signal: str, friction_ref: float, momentum_ref: float) -> str:
    """A signal's points of an index: tenths by largest remainder, so that all add up to the index as shown."""
    parts = _PARTS.format(friction_ref=friction_ref, momentum_ref=momentum_ref)
    name = signal.replace("'", "''")
    return f"""{parts}
, tenths AS (SELECT CAST(round(round({measure}_index, 1) * 10) AS INTEGER) AS all_tenths FROM indexes),
exact AS (
  SELECT signal, doublings, doublings / sum(doublings) OVER () * all_tenths AS share, all_tenths
  FROM loads, tenths WHERE measure = '{measure}' AND doublings > 0),
whole AS (SELECT *, CAST(floor(share + 1e-9) AS INTEGER) AS tenth FROM exact),
ranked AS (
  SELECT *, row_number() OVER (ORDER BY share - tenth DESC, doublings DESC, signal) AS place,
    all_tenths - sum(tenth) OVER () AS left_over
  FROM whole)
SELECT (tenth + CASE WHEN place <= left_over THEN 1 ELSE 0 END) / 10 FROM ranked WHERE signal = '{name}'"""
