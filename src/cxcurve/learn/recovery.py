"""Recovery: whether customers come through an issue handled well, or badly (definitions.md, 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cxcurve.errors import Reason
from cxcurve.learn.trials import OUTCOMES, Bools, Ints, Trials
from cxcurve.stats.strata import Stratified

WELL, BADLY = "well", "badly"


@dataclass(frozen=True, eq=False, slots=True)
class Issues:
    """Issues; arrays of n rows.

    Attributes:
        customer: customer_key.
        opened_us: when.
        ended_us: when, 2^62 while open.
        is_well: whether it was handled well.
    """

    customer: Ints
    opened_us: Ints
    ended_us: Ints
    is_well: Bools


@dataclass(frozen=True, slots=True)
class Recovery:
    """What came after issues, against weeks without one at equal stage, dwell and risk before.

    Attributes:
        n_issues: in all.
        n_well: of them handled well.
        effects: by how they were handled, then by outcome.
    """

    n_issues: int
    n_well: int
    effects: Mapping[str, Mapping[str, Stratified]]
    reason: Reason | None = None


def recovery(trials: Trials, issues: Issues) -> Recovery:
    """Customers with an issue handled well, and with one handled badly, against those with none.

    None: no issue was open at the end of the week before, nor opened until it could be judged. Who had one open there
    is in no group; of several issues of a week the worst counts.

    Args:
        trials: with a lag long enough to judge an issue opened in the first week.
        issues: with how they were handled.
    """
    is_free = ~trials.open_at_start(issues.customer, issues.opened_us, issues.ended_us)
    none = ~trials.overlap(issues.customer, issues.opened_us, issues.ended_us)
    begun = {
        name: trials.marked(trials.rows_of(issues.customer[kind], issues.opened_us[kind]))
        for name, kind in ((WELL, issues.is_well), (BADLY, ~issues.is_well))
    }
    groups = {WELL: begun[WELL] & ~begun[BADLY] & is_free, BADLY: begun[BADLY] & is_free}
    n = len(issues.customer)
    reason = Reason.NO_EVENTS if not n else None if trials.is_followed else Reason.NOT_FOLLOWED
    return Recovery(n, int(np.count_nonzero(issues.is_well)), _effects(trials, groups, none), reason)


def _effects(trials: Trials, groups: Mapping[str, Bools], none: Bools) -> dict[str, dict[str, Stratified]]:
    return {
        name: {outcome: trials.compare(group, none, outcome) for outcome in OUTCOMES} for name, group in groups.items()
    }
