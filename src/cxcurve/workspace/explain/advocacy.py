"""Numbers of advocacy, explained: who is ready, the share of them that acts, each action, and the critics."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from cxcurve.errors import Reason, UnknownNameError
from cxcurve.metrics.advocacy import ACTION_DAYS
from cxcurve.metrics.feedback import answer_keys
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.advocacy import AdvocacyResult
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Below, Grounds
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below, below_indexes, values

PLACE = "docs/advocacy.md#advocacy"
READY = (
    "Customers ready to speak for us at the last week's end: first value reached, four weeks of pull without friction, "
    "a good word or a renewal in half a year, nothing open."
)
RATE = f"Of the customers ready {ACTION_DAYS} days before, the share that has taken an advocacy action since."
ACTION = f"Advocacy actions of this kind in the last {ACTION_DAYS} days; of those with a valence only the good ones."
CRITICS = f"Customers who spoke against us in the last {ACTION_DAYS} days: reviews of 1 or 2, a low NPS with words."


def keys(results: Results) -> list[str]:
    """Every number of the page of advocacy."""
    found = results.advocacy
    actions = [path_of("advocacy", "action", row["signal"]) for row in found.actions]
    own = ["critics"] if found.reason else ["ready", "rate", "critics"]
    return [*(path_of("advocacy", name) for name in own), *actions]


def grounds(results: Results, what: str, signal: str = "") -> Grounds:
    """What a number rests on.

    Raises:
        UnknownNameError: there is no such number, or no such action in the last 90 days.
    """
    found, plan = results.advocacy, results.known.plan
    names = [row["signal"] for row in found.actions]
    if what == "action":
        if signal not in names:
            raise UnknownNameError(f"advocacy action of the last {ACTION_DAYS} days", signal, names)
        ids = [one for one, name in found.acted if name == signal]
        return _counted(f"{signal.replace('_', ' ')}, events", ACTION, ids, _recent(results, plan.keys_of(signal)))
    if signal or what not in ("ready", "rate", "critics"):
        raise UnknownNameError(
            "number of advocacy", "/".join(filter(None, (what, signal))), ("ready", "rate", "critics")
        )
    if what == "critics":
        public = [key for key, one in plan.signals.items() if one.valence and one.feedback == "indirect"]
        ids = sorted({row["customer_id"] for row in found.critics})
        return _counted("Critics", CRITICS, ids, _recent(results, [*public, *answer_keys(plan, "nps")]))
    if what == "ready":
        ids = [row["customer_id"] for row in found.ready]
        return _counted("Ready to speak for us", READY, ids, _spoken(results), found.reason)
    return _rate(results, found)


def _rate(results: Results, found: AdvocacyResult) -> Grounds:
    rows = found.rate_rows
    who, acted = ([], []) if rows is None else (rows["customer_key"].to_numpy(), rows["has_acted"].to_numpy(False))
    told = "Advocacy rate", "share", found.rate, RATE, PLACE
    return Grounds(*told, "mean", queries.MEAN, {"inputs": values(results, who, acted)}, _spoken(results))


def _counted(label: str, definition: str, ids: Sequence[str], events: Below, reason: Reason | None = None) -> Grounds:
    shown = nothing(reason=reason) if reason else Estimate(float(len(ids)), n=len(ids))
    inputs = pa.table({"customer_id": pa.array(ids, pa.string())})
    return Grounds(label, "number", shown, definition, PLACE, "count", queries.COUNT, {"inputs": inputs}, events)


def _recent(results: Results, signal_keys: Sequence[int]) -> Below:
    return below(signal_keys, results.known.as_of_us - ACTION_DAYS * US_PER_DAY)


def _spoken(results: Results) -> Below:
    """All that readiness and actions are told from: the indexes of the weeks, first value, and every word."""
    plan, rule = results.known.plan, results.known.plan.journey.time_to_value
    words = [key for key, one in plan.signals.items() if one.valence or one.advocacy or one.moves_on]
    goals = plan.keys_of(rule.goal) if rule else []
    return below([*below_indexes(results, (0, 1)).signal_keys, *words, *goals])
