"""Promised against seen: what became of a metric after an action, and how strong the evidence is (definitions.md, 11).

Whoever was chosen counts from the start on, whether or not anybody reached them, and whether or not they stayed: that
is the intention to treat. What is known only later plays no part in who is compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.metrics.registry import Unit
from cxcurve.stats.estimates import THIN, Estimate, Floats, Ints, nothing
from cxcurve.stats.matched import matched_difference
from cxcurve.stats.means import Moments, PairMoments, cuped, cuped_theta, mean
from cxcurve.stats.proportions import sample_ratio_test, share_difference

FEWEST_EVENTS = 10
"""Of contacts and of those who did something or did not: fewer say nothing, as in `stats.rates`."""
A_HUNDRED = 100.0
"""Contacts are told of so many customers: of one they are few."""
SRM_ALPHA = 0.001
LEAST_MATCHED = 0.5
"""Others alike must be there for so much of those reached; finer strata are taken where they are for `FINE_MATCHED`."""
FINE_MATCHED = 0.8
MOST_ALIKE_CONTACTS = 4
"""Who had more before is like who had so many."""
TREATED, HELD_OUT, OTHER = 0, 1, 2
"""Arms: those who were to be reached, those left alone by chance, and everybody else who was there at the start."""
Of = Literal["index", "exit", "move", "contacts"]


@dataclass(frozen=True, slots=True)
class Movable:
    """A metric that an action may be expected to move.

    Attributes:
        of: where its values come from.
        band: width of the bands within which customers are alike before: of the index, or of what stands for it.
        alike: the index whose bands they are, where the metric has no value of before.
    """

    name: str
    label: str
    unit: Unit
    of: Of
    is_high_good: bool
    band: float
    alike: str
    definition: str

    @property
    def is_share(self) -> bool:
        """Whether each customer did it or did not."""
        return self.of in ("exit", "move")


_INDEX = "at the end of the last whole week within the days; who has left keeps the last one they had"
MOVABLES: tuple[Movable, ...] = (
    Movable("friction_index", "Journey Friction Index", "index", "index", False, 10.0, "friction_index",
            f"Mean index {_INDEX}."),
    Movable("momentum_index", "Momentum Score", "index", "index", True, 10.0, "momentum_index",
            f"Mean score {_INDEX}."),
    Movable("level", "Level of the CX Curve", "index", "index", True, 20.0, "level",
            f"Momentum less friction, mean, {_INDEX}."),
    Movable("advocacy_index", "Advocacy Index", "index", "index", True, 10.0, "advocacy_index",
            f"Mean index {_INDEX}."),
    Movable("exits", "Left within the days", "share", "exit", False, 10.0, "friction_index",
            "Share of those inside the journey at the start who left it within the days."),
    Movable("moves_on", "Moved on a stage within the days", "share", "move", True, 10.0, "momentum_index",
            "Share of those inside the journey at the start, but for its last stage, who went on to a later stage "
            "within the days."),
    Movable("contacts", "Contacts of 100 customers within the days", "number", "contacts", False, 1.0, "contacts",
            "Issues opened within the days, for each hundred customers inside the journey at the start; who has left "
            "opens none."),
)  # fmt: skip
BY_NAME: Mapping[str, Movable] = {one.name: one for one in MOVABLES}


class Evidence(StrEnum):
    """How strong what was seen is, as evidence that the action did it."""

    DRAWN = "drawn"
    ALIKE = "alike"
    BEFORE_AFTER = "before_after"


STRENGTH: Mapping[Evidence, str] = {
    Evidence.DRAWN: "strong: drawn by chance",
    Evidence.ALIKE: "weak: compared with others alike",
    Evidence.BEFORE_AFTER: "weakest: before and after",
}
MEANING: Mapping[Evidence, str] = {
    Evidence.DRAWN: (
        "Chance alone decided who was left alone, so what differs between the two groups beyond the interval is what "
        "the action did."
    ),
    Evidence.ALIKE: (
        "Those reached are set against customers at the same stage with a like value the week before; whoever chose "
        "them may have known more than that, so it is an association, not a cause."
    ),
    Evidence.BEFORE_AFTER: (
        "Nobody alike was left to compare with: customers chosen at their worst get better by themselves, so this "
        "cannot tell the action from time and chance."
    ),
}


class Verdict(StrEnum):
    """What became of the promise."""

    KEPT = "kept"
    NOT_KEPT = "not_kept"
    OPPOSITE = "opposite"
    OPEN = "open"


VERDICTS: Mapping[Verdict, str] = {
    Verdict.KEPT: "kept",
    Verdict.NOT_KEPT: "not kept",
    Verdict.OPPOSITE: "opposite",
    Verdict.OPEN: "cannot be told yet",
}
MEANINGS: Mapping[Verdict, str] = {
    Verdict.KEPT: "The interval leaves out no change, to the side promised, and reaches the promise.",
    Verdict.NOT_KEPT: "The interval does not reach the promise.",
    Verdict.OPPOSITE: "The interval leaves out no change, to the other side.",
    Verdict.OPEN: "The interval reaches both no change and the promise.",
}


@dataclass(frozen=True, eq=False, slots=True)
class Followed:
    """Customers inside the journey at the start; arrays of n rows.

    Attributes:
        arm: `TREATED`, `HELD_OUT` or `OTHER`.
        value: of the metric; 0 and 1 of a share, contacts times `A_HUNDRED`.
        before: the same before the start, nan where it was not known, or was nothing yet.
        alike: what makes others alike, of before the start; nan where it was not known.
        stage: position of the stage at the start.
        segment: number of the segment.
        is_whole: whether before tells as long a time as the value does.
    """

    arm: Ints
    value: Floats
    before: Floats
    alike: Floats
    stage: Ints
    segment: Ints
    is_whole: NDArray[np.bool_]

    def where(self, rows: NDArray[np.bool_]) -> Followed:
        """Some of the rows."""
        return Followed(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.arm)


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """What was seen of a promise.

    Attributes:
        evidence: how strong.
        change: of those reached against the others, or against before; no value where it cannot be told, with the
            reason or, in `why`, what else there is to say.
        reached: the mean, or share, of those reached; None where it cannot be told.
        expected: what it would be without the action, by those compared with.
        n: those reached who are compared.
        n_others: whom they are compared with.
        n_inside: those reached who were inside the journey at the start.
        n_held_out: those left alone who were.
        weights: (rows of `Followed`,) what each counts in the mean of its side.
        ratio_p: of the sizes of the two groups, were they drawn as they should be.
        why: a code of `WHY`.
        slope: how much of the value before is taken away from the value; 1 of a change since before.
    """

    evidence: Evidence
    change: Estimate
    reached: float | None
    expected: float | None
    n: int
    n_others: int
    n_inside: int
    n_held_out: int
    weights: Floats
    ratio_p: float | None = None
    why: str | None = None
    slope: float = 0.0

    @property
    def is_uneven(self) -> bool:
        """Whether the groups are not of the sizes that were drawn."""
        return self.ratio_p is not None and self.ratio_p < SRM_ALPHA


WHY: Mapping[str, str] = {
    "not_over": "The days are not over.",
    "not_begun": "It has not begun.",
    "withdrawn": "It was withdrawn.",
    "forgotten": "For whom it was is kept no longer.",
    "nobody": "Nobody who was to be reached was inside the journey at the start.",
    "too_few": f"Fewer than {THIN} customers on one side: too few to say.",
    "no_events": "Too few did it, or too few did not, to say.",
    "uneven": "The two groups are not of the sizes that were drawn: something took customers out of one of them, so "
    "chance did not decide alone.",
    "all_were_here": "All of them were inside the journey at the start, so that none had left or moved on before it: "
    "before and after says nothing of this metric.",
    "other_weights": "The weights of the index changed in between: before and after are not the same scale.",
    "not_whole": "What was seen is told of all customers only.",
    "no_plan": "The tracking plan names no contacts.",
}
"""Why nothing can be told, by code."""


def seen(found: Followed, movable: Movable, held_out_share: float, *, is_one_scale: bool = True) -> Seen:
    """What became of a metric, by the strongest evidence there is.

    Drawn by chance where enough were left alone; else against others alike; where too few of those are left, before and
    after. Which of them is decided by what was known at the start and by numbers of customers, never by what came out.

    Args:
        found: everybody inside the journey at the start.
        movable: which metric.
        held_out_share: how many were to be left alone by chance.
        is_one_scale: whether the values of before and after are by the same weights.
    """
    n_inside, n_held_out = (int((found.arm == arm).sum()) for arm in (TREATED, HELD_OUT))
    evidence = Evidence.DRAWN if held_out_share else Evidence.ALIKE
    start = Seen(evidence, nothing(), None, None, 0, 0, n_inside, n_held_out, np.zeros(len(found)))
    if not n_inside:
        return replace(start, why="nobody")
    if 0 < held_out_share < 1:
        shares = (1 - held_out_share, held_out_share)
        start = replace(start, ratio_p=sample_ratio_test((n_inside, n_held_out), shares).p_value)
        if start.is_uneven:
            return replace(start, why="uneven")
        by_chance = found if movable.is_share else found.where(np.isfinite(found.before))
        if min((by_chance.arm == arm).sum() for arm in (TREATED, HELD_OUT)) >= THIN:
            return _drawn(found, movable, start)
    return _alike(found, movable, start) or _before_after(found, movable, start, is_one_scale)


def verdict(change: Estimate, promised: float, evidence: Evidence) -> Verdict:
    """What became of the promise.

    Kept: the interval leaves out no change, to the side promised, and reaches the promise. Not kept: it does not reach
    the promise. Opposite: it leaves out no change, to the other side. Before and after alone never tells.
    """
    if change.low is None or change.high is None or evidence is Evidence.BEFORE_AFTER:
        return Verdict.OPEN
    low, high = sorted(np.sign(promised) * bound for bound in (change.low, change.high))
    if high < 0:
        return Verdict.OPPOSITE
    if high < abs(promised):
        return Verdict.NOT_KEPT
    return Verdict.KEPT if low > 0 else Verdict.OPEN


def is_within(change: Estimate, promised: float) -> bool | None:
    """Whether the promise lies in the interval; None where there is none."""
    return None if change.low is None or change.high is None else change.low <= promised <= change.high


def _drawn(found: Followed, movable: Movable, start: Seen) -> Seen:
    is_in = np.isin(found.arm, (TREATED, HELD_OUT)) & (np.isfinite(found.before) | movable.is_share)
    rows = found.where(is_in)
    first = rows.arm == TREATED
    values = rows.value[first], rows.value[~first]
    n, n_others = (len(one) for one in values)
    start = replace(start, n=n, n_others=n_others, weights=is_in.astype(float))
    if _is_silent(movable, rows.value):
        return _silent(start)
    if movable.is_share:
        change = share_difference(int(values[0].sum()), n, int(values[1].sum()), n_others)
    else:
        treated, control = (PairMoments.from_values(rows.value[one], rows.before[one]) for one in (first, ~first))
        change, start = cuped(treated, control), replace(start, slope=cuped_theta(treated, control))
    return _told(start, change, float(values[0].mean()))


def _alike(found: Followed, movable: Movable, start: Seen) -> Seen | None:
    """Against everybody else with a like value before; None where too few of them are left."""
    is_in = np.isin(found.arm, (TREATED, OTHER)) & np.isfinite(found.alike)
    if not movable.is_share:
        is_in &= np.isfinite(found.before)
    rows = found.where(is_in)
    if not len(rows):
        return None
    first, before = rows.arm == TREATED, None if movable.is_share else rows.before
    band = np.floor(rows.alike / movable.band).astype(np.int64)
    if movable.of == "contacts":
        band = np.minimum(band, MOST_ALIKE_CONTACTS)
    met = matched_difference(first, rows.value, _numbered(rows.stage, band, rows.segment), before)
    if met.n_matched < FINE_MATCHED * met.n:
        met = matched_difference(first, rows.value, _numbered(rows.stage, band), before)
    if met.difference.value is None or met.n_matched < LEAST_MATCHED * start.n_inside:
        return None
    weights = np.zeros(len(found))
    weights[is_in] = met.weights
    start = replace(
        start, evidence=Evidence.ALIKE, n=met.n_matched, n_others=met.n_others, weights=weights, slope=met.slope
    )
    if _is_silent(movable, rows.value[met.weights > 0], is_normal=True):
        return _silent(start)
    return _told(start, met.difference, float(np.average(rows.value[first], weights=met.weights[first])))


def _before_after(found: Followed, movable: Movable, start: Seen, is_one_scale: bool) -> Seen:
    start = replace(start, evidence=Evidence.BEFORE_AFTER)
    if movable.is_share:
        return replace(start, why="all_were_here")
    if not is_one_scale:
        return replace(start, why="other_weights")
    is_in = (found.arm == TREATED) & np.isfinite(found.before) & found.is_whole
    rows = found.where(is_in)
    start = replace(start, n=len(rows), weights=is_in.astype(float))
    if len(rows) < THIN:
        return replace(start, change=nothing(len(rows)), why="too_few")
    if _is_silent(movable, np.concatenate([rows.value, rows.before])):
        return _silent(start)
    start = replace(start, slope=1.0)
    return _told(start, mean(Moments.from_values(rows.value - rows.before)), float(rows.value.mean()))


def _told(start: Seen, change: Estimate, reached: float) -> Seen:
    expected = None if change.value is None else reached - change.value
    return replace(start, change=change, reached=reached, expected=expected)


def _silent(start: Seen) -> Seen:
    return replace(start, change=nothing(start.n + start.n_others, Reason.NO_EVENTS), why="no_events")


def _is_silent(movable: Movable, values: Floats, *, is_normal: bool = False) -> bool:
    """Whether too little happened to say anything: Newcombe's interval needs one, the normal one several of each."""
    if movable.of == "contacts":
        return bool(values.sum() < FEWEST_EVENTS * A_HUNDRED)
    fewest = FEWEST_EVENTS if is_normal else 1
    return movable.is_share and bool(min(values.sum(), len(values) - values.sum()) < fewest)


def _numbered(*parts: Ints) -> Ints:
    """Combinations as numbers from 0 on."""
    rows: Sequence[Ints] = parts
    return np.asarray(np.unique(np.stack(rows, axis=1), axis=0, return_inverse=True)[1]).reshape(-1)
