"""The tracking plan against what came: what was seen of it, refused, changed of itself, and was changed by people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cxcurve.charts import format as said
from cxcurve.metrics.event_days import event_days, with_days
from cxcurve.metrics.plan_alerts import SHOWN_DAYS, Alert, Days, plan_alerts
from cxcurve.model import Journey, Source
from cxcurve.model.event_schema import TYPES, schema_of
from cxcurve.model.plan_versions import PlanVersion, diff
from cxcurve.model.unplanned import draft_plan
from cxcurve.pipeline.run import Run
from cxcurve.sources.read_again import read_again
from cxcurve.stats.usual_range import WINDOW
from cxcurve.store import Store
from cxcurve.store.plans import plans
from cxcurve.store.property_days import refresh_property_days
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.results import at

MOST_ROWS = 200_000
"""Rows of the quarantine that are read again, the latest first: names and shapes show long before."""
MOST_REASONS = 20
_COLUMNS = ("source", "file", "ordinal", "reason", "row", "seen_us")
_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class PlanEvent:
    """One event and what was seen of it.

    Attributes:
        event: its name.
        is_planned: whether the plan names it; what was loaded under an earlier plan stays.
        has_schema: whether the plan says what its properties are.
        n_events, n_recent: in the log, and in its last 28 days.
        last_us: the latest; None where it was never seen.
        n_refused: in quarantine.
    """

    event: str
    is_planned: bool
    has_schema: bool
    n_events: int
    n_recent: int
    last_us: int | None
    n_refused: int


@dataclass(frozen=True, slots=True)
class RefusedReason:
    """A reason why rows or events are in quarantine, and the first place it stands for."""

    reason: str
    n: int
    source: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class PlanResult:
    """The plan, held against what came; `n_days` are the whole days the log spans."""

    as_of_us: int
    events: tuple[PlanEvent, ...]
    refused: tuple[RefusedReason, ...]
    n_refused: int
    n_reasons: int
    alerts: tuple[Alert, ...]
    n_days: int
    versions: tuple[tuple[PlanVersion, tuple[str, ...]], ...]

    @property
    def is_long_enough(self) -> bool:
        """Whether there is a day with eight weeks before it."""
        return self.n_days > WINDOW

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show plan --json` prints it."""
        return {
            "as_of": at(self.as_of_us),
            "events": [
                {
                    "event": one.event, "is_planned": one.is_planned, "has_schema": one.has_schema,
                    "n_events": one.n_events, "n_recent": one.n_recent, "last_seen_at": at(one.last_us),
                    "n_refused": one.n_refused,
                }
                for one in self.events
            ],
            "n_refused": self.n_refused,
            "refused": [
                {"reason": one.reason, "n": one.n, "source": one.source, "file": one.file, "line": one.line}
                for one in self.refused
            ],
            "alerts": [_alert_json(one) for one in self.alerts],
            "alerts_reason": None if self.is_long_enough else "too_few",
            "versions": [
                {
                    "number": one.number, "made_at": at(one.made_us), "n_events": len(one.document),
                    "changes": list(lines),
                }
                for one, lines in self.versions
            ],
        }  # fmt: skip


def plan_result(run: Run, journey: Journey) -> PlanResult:
    """The coverage of a plan by the log of a run; property counts are brought up to date first."""
    days = _days(run)
    n_reasons, n_refused = run.store.rows("SELECT count(DISTINCT reason), count(*) FROM quarantine")[0]
    return PlanResult(
        as_of_us=run.as_of_us,
        events=tuple(_events(run, journey)),
        refused=tuple(_reasons(run.store)),
        n_refused=n_refused,
        n_reasons=n_reasons,
        alerts=tuple(plan_alerts(days)),
        n_days=days.counts.shape[1],
        versions=tuple(_versions(run.store)),
    )


def day_of(alert: Alert) -> date:
    """The day of an alert."""
    return _FIRST_DAY + timedelta(days=alert.day)


def alert_said(alert: Alert) -> str:
    """What happened to the event, in words."""
    band = f"95 %: {said.interval(alert.low, alert.high, 'share')}"
    match alert.kind:
        case "new":
            return f"came for the first time, {said.plural(alert.found, 'time')}"
        case "stopped":
            usual = said.number(alert.usual, 0 if alert.usual >= 10 else 1)
            return f"has not come for {said.plural(alert.found, 'day')}; {usual} a day were usual"
        case "missing":
            usual = f"{said.share(alert.usual, 1)} was usual" if alert.usual else "it always had it"
            return f'lacks property "{alert.property}" {said.share(alert.found)} of the time ({band}); {usual}'
        case "type":
            kind, often = TYPES.get(alert.type, alert.type), said.share(alert.found)
            return f'has {kind} in property "{alert.property}" {often} of the time ({band}); it never had'
    weekday = f"{day_of(alert):%A}"
    usual = said.interval(alert.low, alert.high)
    return f"came {said.plural(alert.found, 'time')}; {usual} are usual on a {weekday}"


def plan_draft(store: Store, sources: Mapping[str, Source], journey: Journey) -> str:
    """YAML for `signals:`, from the events in quarantine."""
    sql = f"SELECT {', '.join(_COLUMNS)} FROM quarantine WHERE kind = 'event' ORDER BY seen_us DESC, source, file, line"
    rows = [dict(zip(_COLUMNS, row, strict=True)) for row in store.rows(f"{sql} LIMIT {MOST_ROWS + 1}")]
    draft = draft_plan(read_again(sources, rows[:MOST_ROWS]), journey)
    return f"{draft}  # Of the latest {MOST_ROWS:,} refused events.\n" if len(rows) > MOST_ROWS else draft


def _days(run: Run) -> Days:
    """Counts of all whole days, and shapes of those that alerts look at."""
    store, names = run.store, {key: name for name, key in run.store.signal_keys().items()}
    last = run.calendar.day_at(run.as_of_us) - 1
    log = with_days(run.log, run.calendar)
    refresh_property_days(store, log.filter((log.day <= last) & (log.day > last - SHOWN_DAYS - WINDOW)))
    counts = store.arrow(event_days(run.log, run.calendar)).to_pylist()
    shapes = store.arrow(store.table("property_days")).to_pylist()
    return Days.of(
        ((names[one["signal_key"]], one["day"], one["n"]) for one in counts),
        ((names[one["signal_key"]], one["day"], one["property"], one["type"], one["n"]) for one in shapes),
        last,
    )


def _events(run: Run, journey: Journey) -> list[PlanEvent]:
    """The plan's events in its order, then others that the log has."""
    log, since = run.log, run.as_of_us - SHOWN_DAYS * US_PER_DAY
    seen = run.store.arrow(
        log.group_by("signal_key").agg(
            n=log.count(), last=log.occurred_us.max(), recent=log.count(where=log.occurred_us >= since)
        )
    ).to_pylist()
    names = {key: name for name, key in run.store.signal_keys().items()}
    by_name = {names[one["signal_key"]]: one for one in seen}
    sql = (
        "SELECT regexp_extract(reason, '^event \"(.*?)\"', 1), count(*) FROM quarantine WHERE kind = 'event' GROUP BY 1"
    )
    n_refused = dict(run.store.rows(sql))
    nothing: dict[str, Any] = {"n": 0, "recent": 0, "last": None}
    found = []
    for name in dict.fromkeys([*journey.signals, *sorted(by_name)]):
        one, signal = by_name.get(name, nothing), journey.signals.get(name)
        has_schema = signal is not None and schema_of(signal) is not None
        refused = n_refused.get(name, 0)
        found.append(PlanEvent(name, signal is not None, has_schema, one["n"], one["recent"], one["last"], refused))
    return found


def _reasons(store: Store) -> list[RefusedReason]:
    """The most frequent, each with its first place."""
    rows = store.rows(
        "SELECT reason, count(*) AS n, source, min(file) AS file, arg_min(line, (file, line)) AS line FROM quarantine "
        f"GROUP BY reason, source ORDER BY n DESC, reason, source LIMIT {MOST_REASONS}"
    )
    return [RefusedReason(*row) for row in rows]


def _versions(store: Store) -> list[tuple[PlanVersion, tuple[str, ...]]]:
    """The latest first, each with what changed since the one before."""
    kept = plans(store)
    before = [None, *kept][: len(kept)]
    changes = (
        tuple(diff(old.document, new.document).said()) if old else () for old, new in zip(before, kept, strict=True)
    )
    return [*zip(kept, changes, strict=True)][::-1]


def _alert_json(one: Alert) -> dict[str, Any]:
    return {
        "day": day_of(one).isoformat(), "event": one.event, "kind": one.kind, "said": alert_said(one),
        "found": one.found, "usual": one.usual, "low": one.low, "high": one.high, "property": one.property or None,
        "type": one.type or None, "p": one.p_value,
    }  # fmt: skip
