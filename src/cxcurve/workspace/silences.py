"""How often silence is a false alarm, and how many exits nobody was warned of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason
from cxcurve.metrics.silences import (
    FIXED_DAYS,
    QUIET_EXIT_DAYS,
    FalseAlarms,
    active_days,
    complaints,
    cycles,
    exits,
    false_alarms,
    gaps,
    share_of,
)
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import Estimate
from cxcurve.workspace.results import at, html_table, plain

Arrow = Callable[[ir.Table], pa.Table]


@dataclass(frozen=True)
class SilenceResult:
    """Silence by as_of, over the whole log.

    Attributes:
        alarms: false alarms of all, then by activity; empty where nobody was active twice.
        quiet_exits: by the stage that was left (None: all of them), the share without a complaint before.
    """

    as_of_us: int
    alarms: tuple[FalseAlarms, ...]
    quiet_exits: tuple[tuple[str | None, Estimate], ...]

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show friction --json` prints it."""
        return {
            "as_of": at(self.as_of_us),
            "silence": [
                {
                    "activity": one.activity,
                    "from_days": one.from_days,
                    "to_days": one.to_days,
                    "n_customers": one.n_customers,
                    "false_alarm_share": plain(one.share.value),
                    **_interval(one.share),
                    "fixed_rule_days": FIXED_DAYS,
                    "fixed_rule_share": plain(one.fixed.value),
                }
                for one in self.alarms
            ],
            "silence_reason": None if self.alarms else Reason.NO_EVENTS,
            "quiet_exits": [
                {"stage": stage, "days": QUIET_EXIT_DAYS, "share": plain(one.value), **_interval(one)}
                for stage, one in self.quiet_exits
            ],
        }

    def _repr_html_(self) -> str:
        rows = [(one.activity, one.share.value, one.share.low, one.share.high, one.share.n) for one in self.alarms]
        return html_table("False alarms of silence", ("activity", "share", "low", "high", "gaps"), rows)


def silence_result(known: Snapshot, arrow: Arrow) -> SilenceResult:
    """False alarms and quiet exits of a snapshot."""
    state = known.plan.journey.states.get("silence")
    tables = (active_days(known), complaints(known), cycles(known))
    alarms = false_alarms(gaps(*map(arrow, tables))) if state and state.friction else []
    return SilenceResult(known.as_of_us, tuple(alarms), _quiet_exits(known, arrow(exits(known))))


def _quiet_exits(known: Snapshot, rows: pa.Table) -> tuple[tuple[str | None, Estimate], ...]:
    stage, customer = (rows[name].to_numpy() for name in ("stage", "customer_key"))
    is_quiet = rows["is_quiet"].to_numpy(zero_copy_only=False).astype(bool)
    parts = [(known.stage_name(one), stage == one) for one in np.unique(stage).tolist()]
    everybody: list[tuple[str | None, Any]] = [(None, np.ones(len(stage), bool))]
    return tuple((name, share_of(is_quiet[part], customer[part])) for name, part in [*everybody, *parts])


def _interval(one: Estimate) -> dict[str, Any]:
    return {"low": plain(one.low), "high": plain(one.high), "n": one.n, "is_thin": one.is_thin, "reason": one.reason}
