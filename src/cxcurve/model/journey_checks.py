"""What a journey says that cannot be meant: names that lead nowhere, targets nobody can meet."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator

from cxcurve.errors import Severity, did_you_mean
from cxcurve.model.durations import Duration
from cxcurve.model.event_schema import check_event_schema
from cxcurve.model.journey import Journey, Signal
from cxcurve.model.metric_names import DURATION_TARGETS, METRIC_NAMES, WORD_TARGETS
from cxcurve.model.wording import Finding
from cxcurve.tables import CUSTOMERS

VALENCE_COLUMNS = ("value", "amount")
MOVES_REVENUE = ("starts", "adds", "removes", "changes", "ends")
SHORTEST_DAYS, LONGEST_DAYS = 1, 365
"""The half-lives that can be told from data: shorter is gone before the week ends, longer outlives a cycle."""


def check_journey(journey: Journey, events: Collection[str]) -> Iterator[Finding]:
    """Everything wrong between the parts of a journey.

    Args:
        journey: as read, perhaps without the parts that could not be read.
        events: every event name the tracking plan has, whether its entry could be read or not.
    """
    yield from _stages(journey)
    yield from _unreached(journey)
    for name, signal in journey.signals.items():
        yield from _signal(name, signal, journey.stage_names, events)
        yield from check_event_schema(name, signal)
        if signal.half_life != journey.defaults.half_life:
            yield from _half_life(("signals", name, "half_life"), f'signal "{name}"', signal.half_life)
    yield from _half_life(("defaults", "half_life"), "defaults", journey.defaults.half_life)
    yield from _events_named(journey, events)
    yield from _states(journey)
    yield from _metrics(journey)
    yield from _targets(journey)
    yield from _segments(journey)


def _warning(loc: tuple[str | int, ...], message: str) -> Finding:
    return Finding(loc, message, Severity.WARNING)


def _is_unknown(stage: str, known: Collection[str]) -> bool:
    """Where a stage could not be read, any name may be its own."""
    return stage not in known and "" not in known


def _no_stage(stage: str, known: Collection[str]) -> str:
    return f'"{stage}", which is none of the stages.{did_you_mean(stage, known)}'


def _no_event(event: str, known: Collection[str]) -> str:
    return f'event "{event}", which the tracking plan does not name.{did_you_mean(event, known)}'


def _stages(journey: Journey) -> Iterator[Finding]:
    names = journey.stage_names
    for position, stage in enumerate(journey.stages):
        if stage.name and stage.name in names[:position]:
            yield Finding(("stages", position), f'stage "{stage.name}" comes twice; give each stage its own name')
        if stage.bridge is None:
            continue
        loc, to = ("stages", position, "bridge", "to"), stage.bridge.to
        if _is_unknown(to, names):
            yield Finding(loc, f'stage "{stage.name}" has a bridge to {_no_stage(to, names)}')
        elif to in names[: position + 1]:
            yield Finding(loc, f'stage "{stage.name}" has a bridge to "{to}", which does not come after it')


def _unreached(journey: Journey) -> Iterator[Finding]:
    reached = {signal.stage for signal in journey.signals.values()}
    for position, stage in enumerate(journey.stages):
        if stage.name and stage.name not in reached:
            message = f'no event leads to stage "{stage.name}"; give an event `stage: {stage.name}`'
            yield _warning(("stages", position), message)


def _signal(name: str, signal: Signal, stages: Collection[str], events: Collection[str]) -> Iterator[Finding]:
    loc, said = ("signals", name), f'signal "{name}"'
    if signal.stage is not None and _is_unknown(signal.stage, stages):
        yield Finding((*loc, "stage"), f"{said} leads to stage {_no_stage(signal.stage, stages)}")
    if signal.after == name:
        yield Finding((*loc, "after"), f"{said} counts only after itself, so it never counts")
    elif signal.after is not None and signal.after not in events:
        yield Finding((*loc, "after"), f"{said} counts only after {_no_event(signal.after, events)}")
    if signal.until == name:
        yield Finding((*loc, "until"), f"{said} ends with itself; name the event that closes it")
    elif signal.until is not None and signal.until not in events:
        yield Finding((*loc, "until"), f"{said} ends with {_no_event(signal.until, events)}")
    yield from _idle(loc, said, signal)


def _idle(loc: tuple[str, str], said: str, signal: Signal) -> Iterator[Finding]:
    """Keys that change nothing, or cannot work."""
    if signal.when is not None and signal.when.previous:
        yield Finding((*loc, "when"), f"{said} uses previous(), which only sources.yaml knows")
    if signal.when is not None and signal.stage is None:
        yield _warning((*loc, "when"), f"{said} has `when` but no `stage`; it only decides about entering one")
    if signal.after is not None and signal.stage is None:
        yield _warning((*loc, "after"), f"{said} has `after` but no `stage`; it only decides about entering one")
    for key in ("valence_friction", "valence_momentum"):
        if getattr(signal, key) and signal.valence is None:
            yield _warning((*loc, key), f"{said} has {key} but no `valence` to weigh")
    if signal.valence is not None and signal.valence.column not in VALENCE_COLUMNS:
        columns = " or ".join(VALENCE_COLUMNS)
        message = f'{said} has a valence on "{signal.valence.column}"; only numbers have one: write {columns}'
        yield Finding((*loc, "valence"), message)
    if signal.valence is not None and not (signal.valence_friction or signal.valence_momentum):
        message = f"{said} has a valence that weighs nothing; give it valence_friction or valence_momentum"
        yield _warning((*loc, "valence"), message)


def _half_life(loc: tuple[str, ...], said: str, half_life: Duration) -> Iterator[Finding]:
    if not SHORTEST_DAYS <= half_life.days <= LONGEST_DAYS:
        yield Finding(loc, f"{said}: a half-life of {half_life} is outside {SHORTEST_DAYS}d to {LONGEST_DAYS}d")


def _events_named(journey: Journey, events: Collection[str]) -> Iterator[Finding]:
    for position, event in enumerate(journey.exits):
        if event not in events:
            yield Finding(("exits", position), f"the journey exits on {_no_event(event, events)}")
    yield from _recurring(journey, events)
    value = journey.time_to_value
    if value is None:
        return
    for key, verb, event in (("from", "starts", value.start), ("to", "ends", value.goal)):
        if event not in events:
            yield Finding(("time_to_value", key), f"time to value {verb} on {_no_event(event, events)}")
    if value.start == value.goal:
        yield Finding(("time_to_value",), f'time to value starts and ends on the same event "{value.start}"')


def _recurring(journey: Journey, events: Collection[str]) -> Iterator[Finding]:
    """Events that move revenue are in the plan, and each says one thing of it."""
    said: dict[str, str] = {}
    for key in MOVES_REVENUE if journey.recurring else ():
        for event in getattr(journey.recurring, key):
            loc = ("recurring", key)
            if event not in events:
                yield Finding(loc, f"recurring revenue: `{key}` names {_no_event(event, events)}")
            if event in said:
                message = f'recurring revenue: event "{event}" stands under `{said[event]}` and under `{key}`; keep one'
                yield Finding(loc, message)
            said[event] = key
    if journey.recurring and not journey.recurring.starts:
        yield Finding(("recurring",), "recurring revenue: no event starts it; name one: `starts: EVENT`")


def _states(journey: Journey) -> Iterator[Finding]:
    for name, state in journey.states.items():
        for position, stage in enumerate(state.stages or ()):
            if _is_unknown(stage, journey.stage_names):
                message = f'state "{name}" counts in stage {_no_stage(stage, journey.stage_names)}'
                yield Finding(("states", name, "stages", position), message)


def _metrics(journey: Journey) -> Iterator[Finding]:
    """Names of metrics wherever they are used; owners may also be of stages."""
    stages = (("stages", i, "metrics", j) for i, s in enumerate(journey.stages) for j, _ in enumerate(s.metrics))
    used = itertools.chain(
        zip(stages, itertools.chain.from_iterable(stage.metrics for stage in journey.stages), strict=True),
        ((("focus", position), name) for position, name in enumerate(journey.focus)),
        (((key, name), name) for key in ("targets", "actions") for name in getattr(journey, key)),
        ((("owners", name), name) for name in journey.owners if name not in journey.stage_names),
    )
    for loc, name in used:
        if name not in METRIC_NAMES:
            hint = did_you_mean(name, METRIC_NAMES) or f" Known: {', '.join(METRIC_NAMES)}."
            yield Finding(loc, f'{loc[0]}: metric "{name}" is not known.{hint}')


def _targets(journey: Journey) -> Iterator[Finding]:
    for name, target in journey.targets.items():
        complaint = _bad_target(name, target)
        if complaint:
            yield Finding(("targets", name), f'target "{name}": {complaint}')


def _bad_target(name: str, target: float | str) -> str | None:
    if target in WORD_TARGETS:
        return None
    if name in DURATION_TARGETS:
        try:
            Duration.parse(target)
        except ValueError as error:
            return str(error)
        return None
    if isinstance(target, str):
        return f'"{target}" is no target; expected a number or {", ".join(sorted(WORD_TARGETS))}'
    return None


def _segments(journey: Journey) -> Iterator[Finding]:
    """A segment may be any attribute of the customers; only what looks like a slip of the pen is told."""
    for position, segment in enumerate(journey.segments):
        hint = did_you_mean(segment, CUSTOMERS.column_names)
        if segment not in CUSTOMERS.column_names and hint:
            message = f'segment "{segment}" is no column of customers; it is looked for among their attributes.{hint}'
            yield _warning(("segments", position), message)
