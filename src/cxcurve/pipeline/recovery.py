"""Recovery of a run: its weeks and its issues, compared."""

from __future__ import annotations

import math

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason
from cxcurve.learn.recovery import Issues, Recovery, recovery
from cxcurve.metrics.issues import GRACE_DAYS, handled_issues
from cxcurve.metrics.recursion import column
from cxcurve.pipeline.moments import NEVER_US, read_trials
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import Progress
from cxcurve.tables import DAYS_PER_WEEK, US_PER_DAY


def find_recovery(run: Run, only: ir.Table | None = None, progress: Progress | None = None) -> Recovery:
    """What came after issues handled well and badly; the run must be scored."""
    issues = handled_issues(run.log, run.plan)
    if issues is None:
        return Recovery(0, 0, {}, Reason.NOT_IN_MODEL)
    trials = read_trials(run, only, lag=judged_weeks(run.plan.overdue_us or 0), progress=progress)
    wanted = run.store.temporary("trial_keys", pa.table({"customer_key": pa.array(trials.keys, pa.int32())}))
    rows = run.store.arrow(issues.semi_join(wanted, "customer_key"))
    return recovery(
        trials,
        Issues(
            customer=column(rows, "customer_key"),
            opened_us=column(rows, "opened_us"),
            ended_us=column(rows, "ended_us", missing=NEVER_US),
            is_well=np.asarray(rows["is_well"].to_numpy(zero_copy_only=False), bool),
        ),
    )


def judged_weeks(target_us: int) -> int:
    """Weeks from the one before an issue is opened until it is judged, wherever in its week it was opened."""
    return 1 + math.ceil((target_us / US_PER_DAY + GRACE_DAYS) / DAYS_PER_WEEK)
