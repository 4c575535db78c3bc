"""Early signals: what the stalled showed more often than those who moved on, at the same dwell (definitions.md, 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve.metrics.passages import FEWEST, PROGRESSED, Passage
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import Estimate
from cxcurve.stats.proportions import odds_ratio
from cxcurve.tables import US_PER_DAY


@dataclass(frozen=True, slots=True)
class Overrepresented:
    """A signal seen more often among the stalled than among those who moved on, at the same dwell."""

    signal: str
    odds_ratio: Estimate


def early_signals(snapshot: Snapshot, members: ir.Table) -> ir.Table:
    """Customers of each group with each signal, while both groups were there equally long.

    Args:
        snapshot: what is known.
        members: customer_key, entered_us, until_us, group ("stalled" or "progressed").

    Returns:
        signal_key, group, n (customers).
    """
    log = snapshot.log.select("customer_key", "signal_key", "occurred_us").join(members, "customer_key")
    inside = log.filter((log.occurred_us >= log.entered_us) & (log.occurred_us < log.until_us))
    return inside.group_by("signal_key", "group").agg(n=inside.customer_key.nunique())


def equal_dwell_groups(passage: Passage, tau: float) -> pa.Table:
    """Who stalled and who moved on after the same dwell: both were there for the first half of tau."""
    dwell = tau / 2
    stalled = (passage.days > tau) & (passage.cause != PROGRESSED)
    moved = (passage.cause == PROGRESSED) & (passage.days >= dwell) & (passage.days <= tau)
    keep = stalled | moved
    return pa.table(
        {
            "customer_key": pa.array(passage.customer_key[keep], pa.int32()),
            "entered_us": passage.entered_us[keep],
            "until_us": passage.entered_us[keep] + int(dwell * US_PER_DAY),
            "group": ["stalled" if is_stalled else "progressed" for is_stalled in stalled[keep]],
        }
    )


def overrepresented(
    counts: pa.Table, groups: pa.Table, names: Mapping[int, str], most: int = 5
) -> tuple[Overrepresented, ...]:
    """Signals whose odds ratio, stalled against moved on, is above 1 with its whole interval; largest first."""
    sizes = {kind: len(set(_of_group(groups, kind))) for kind in ("stalled", "progressed")}
    if min(sizes.values()) < FEWEST:
        return ()
    seen: dict[int, dict[str, int]] = {}
    for row in counts.to_pylist():
        seen.setdefault(row["signal_key"], {})[row["group"]] = row["n"]
    found = [
        Overrepresented(
            names[key],
            odds_ratio(n.get("stalled", 0), sizes["stalled"], n.get("progressed", 0), sizes["progressed"]),
        )
        for key, n in seen.items()
        if key in names
    ]
    clear = [item for item in found if (item.odds_ratio.low or 0.0) > 1.0]
    return tuple(sorted(clear, key=lambda item: -(item.odds_ratio.value or 0.0))[:most])


def _of_group(groups: pa.Table, kind: str) -> list[int]:
    rows = zip(groups["customer_key"].to_pylist(), groups["group"].to_pylist(), strict=True)
    return [key for key, group in rows if group == kind]
