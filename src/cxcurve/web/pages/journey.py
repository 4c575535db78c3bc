"""The journey: its stages, what each signal weighs, and the forms that change them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cxcurve.charts import format as fmt
from cxcurve.model.journey import Journey, Signal
from cxcurve.model.reading import journey_of
from cxcurve.model.starters import JOURNEY_FILE
from cxcurve.web.asked import Asked
from cxcurve.web.journey_form import MOST_PROBLEMS, SETTING, Answer
from cxcurve.web.matrix import rule_of
from cxcurve.web.pages.frame import Frame, bare, customer_href, kept_of, local, with_query
from cxcurve.web.reader import View
from cxcurve.web.visitor import visitor
from cxcurve.workspace.drafts import File, Kind, file_of, settings_of, written_of
from cxcurve.workspace.folder import errors_of
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.previews import MANY_CUSTOMERS, MEASURES, Preview

SIGNAL, STAGE, SAVED = "signal", "stage", "saved"
PARAMETERS = (SIGNAL, STAGE, SAVED)
Row = Mapping[str, Any]
_LABELS = {"friction_index": "Journey Friction Index", "momentum_index": "Momentum Score", "level": "Level"}


@dataclass(frozen=True, kw_only=True)
class JourneyPage(Frame):
    """What journey.html shows."""

    journey: Journey
    stages: tuple[Row, ...]
    groups: tuple[Row, ...]
    problems: tuple[str, ...]
    is_ahead: bool
    may_edit: bool
    form: Row | None
    answer: Answer | None
    stats: tuple[Row, ...]
    most: tuple[Row, ...]
    n_customers: int
    version: int
    is_saved: bool
    many_customers: ClassVar[int] = MANY_CUSTOMERS
    most_problems: ClassVar[int] = MOST_PROBLEMS
    prefix: ClassVar[str] = SETTING

    def to_json(self) -> dict[str, Any]:
        """The stages in order, and every signal with what it weighs and how often it was seen."""
        stages = [{key: one[key] for key in ("stage", "label", "question", "lead", "expected")} for one in self.stages]
        names = ("signal", "label", "stage", "friction", "momentum", "advocacy", "half_life", "n_events")
        signals = [{key: one[key] for key in names} for group in self.groups for one in group["signals"]]
        return {"journey": self.journey.journey, "stages": stages, "signals": signals}


def build(view: View, asked: Asked, answer: Answer | None = None) -> JourneyPage:
    """The page: the journey as its file is now; there before anything is scored.

    Raises:
        UnknownNameError: there is no such signal or stage.
    """
    workspace = view.workspace
    file = file_of(workspace.folder)
    read, problems = journey_of(JOURNEY_FILE, file.text)
    journey = read or workspace.journey
    found = answer.found if answer else None
    frame = bare(workspace, "Journey") | {
        "nav": "journey", "json_url": "/journey.json", "kept": kept_of(asked, workspace.journey), "query": asked.given,
        "as_of": local(now_us(), workspace.settings.zone),
    }  # fmt: skip
    may_edit = _may_edit()
    version = workspace.version(now_us())
    return JourneyPage(
        **frame,
        journey=journey,
        stages=tuple(_stages(journey)),
        groups=tuple(_groups(journey, {one.event: one.n_events for one in view.plan.events})),
        problems=tuple(str(one) for one in errors_of(problems))[:MOST_PROBLEMS],
        is_ahead=read is not None and workspace.is_scored and read != workspace.journey,
        may_edit=may_edit,
        form=_form(file, journey, asked, answer) if may_edit and read is not None else None,
        answer=answer,
        stats=tuple(_stats(found)) if found else (),
        most=tuple(_most(found)) if found else (),
        n_customers=workspace.store.rows("SELECT count(*) FROM customer_keys")[0][0] if answer else 0,
        version=version.number if version else 0,
        is_saved=SAVED in asked.given,
    )


def _may_edit() -> bool:
    who, rule = visitor(), rule_of("POST", "/journey")
    return who.role is not None and rule is not None and rule.opens_to(who.role, has_scope=who.scope is not None)


def _stages(journey: Journey) -> Iterator[Row]:
    for one in journey.stages:
        yield {
            "stage": one.name, "label": one.label or fmt.words(one.name).capitalize(), "question": one.description,
            "lead": one.lead, "expected": None if one.expected is None else str(one.expected),
            "href": with_query("/journey", {STAGE: one.name}) + "#edit",
        }  # fmt: skip


def _groups(journey: Journey, seen: Mapping[str, int]) -> Iterator[Row]:
    """Signals by the stage they lead to, then those that count at any stage; in the order of the file."""
    for stage in (*_stages(journey), {"stage": None, "label": "At any stage"}):
        signals = [_signal(one, seen) for one in journey.signals.values() if one.stage == stage["stage"]]
        if signals:
            yield {"stage": stage["stage"], "label": stage["label"], "signals": signals}


def _signal(one: Signal, seen: Mapping[str, int]) -> Row:
    is_judged = one.valence is not None
    return {
        "signal": one.name, "label": one.label or fmt.words(one.name).capitalize(), "stage": one.stage,
        "friction": one.valence_friction if is_judged else one.friction,
        "momentum": one.valence_momentum if is_judged else one.momentum,
        "advocacy": one.advocacy, "half_life": str(one.half_life), "n_events": seen.get(one.name, 0),
        "is_judged": is_judged, "href": with_query("/journey", {SIGNAL: one.name}) + "#edit",
    }  # fmt: skip


def _form(file: File, journey: Journey, asked: Asked, answer: Answer | None) -> Row | None:
    """The form of what the address or the last answer names, filled in."""
    kind: Kind = "signal" if SIGNAL in asked.given else "stage"
    name = asked.given.get(kind)
    if answer is not None:
        kind, name = answer.made.kind, answer.made.name
    if name is None:
        return None
    written = written_of(file, kind, name, journey)
    values = {**written, **(answer.given if answer else {})}
    signal = journey.signals.get(name) if kind == SIGNAL else None
    shown = next((one["label"] for one in _stages(journey) if one["stage"] == name), name) if kind == STAGE else name
    return {
        "kind": kind, "name": name, "title": fmt.words(shown).capitalize(), "mark": file.mark,
        "fields": [_field(one.key, one.label, one.hint, values, journey, kind) for one in settings_of(kind, signal)],
    }  # fmt: skip


def _field(key: str, label: str, hint: str, values: Mapping[str, str], journey: Journey, kind: Kind) -> Row:
    options: Sequence[tuple[str, str]] = ()
    value = values.get(key, "")
    if kind == SIGNAL and key == STAGE:
        options = [("", "None"), *((one["stage"], one["label"]) for one in _stages(journey))]
        if value not in dict(options):
            options.append((value, value))
    return {"key": SETTING + key, "label": label, "hint": hint, "value": value, "options": options}


def _stats(found: Preview) -> Iterator[Row]:
    for one in found.means:
        change = "" if one.before is None or one.after is None else fmt.signed(one.after - one.before, 2)
        yield {
            "label": f"{_LABELS[one.measure]}, mean", "interval": "", "tone": "",
            "value": None if one.after is None else fmt.number(one.after, 2),
            "note": f"now {fmt.number(one.before, 2)}, change {change}",
        }  # fmt: skip
    yield {
        "label": "In another friction band", "value": fmt.number(found.n_bands), "interval": "", "tone": "",
        "note": f"of {fmt.plural(found.n_before, 'customer')} inside the journey",
    }  # fmt: skip


def _most(found: Preview) -> Iterator[Row]:
    for one in found.most:
        yield {
            "name": one.name or one.customer_id, "href": customer_href(one.customer_id, {}), "change": one.change,
            "stages": (one.stage_before, one.stage_after), "is_elsewhere": one.stage_before != one.stage_after,
            **{f"{name}_before": one.before[name] for name in MEASURES},
            **{f"{name}_after": one.after[name] for name in MEASURES},
        }  # fmt: skip
