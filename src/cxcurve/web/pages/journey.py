"""The journey: its stages, what each signal weighs, the forms that change them, and the draft of what was changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cxcurve.charts import format as fmt
from cxcurve.model.journey import Journey, Signal
from cxcurve.web.asked import Asked
from cxcurve.web.journey_fields import form_of
from cxcurve.web.journey_form import DRAFT, MOST_PROBLEMS, Answer, of, opened
from cxcurve.web.pages.frame import Frame, bare, customer_href, kept_of, local, with_query
from cxcurve.web.reader import View
from cxcurve.web.visitor import may
from cxcurve.workspace.changes import KINDS, written
from cxcurve.workspace.drafts import Draft
from cxcurve.workspace.folder import errors_of
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.journey_settings import FILE_ONLY, PARTS
from cxcurve.workspace.previews import MANY_CUSTOMERS, MEASURES, Preview

PARAMETERS = (*KINDS, DRAFT)
Row = Mapping[str, Any]
_LABELS = {"friction_index": "Journey Friction Index", "momentum_index": "Momentum Score", "level": "Level"}


@dataclass(frozen=True, kw_only=True)
class JourneyPage(Frame):
    """What journey.html shows."""

    journey: Journey
    stages: tuple[Row, ...]
    groups: tuple[Row, ...]
    parts: tuple[Row, ...]
    problems: tuple[str, ...]
    is_ahead: bool
    may_edit: bool
    form: Row | None
    draft: Row | None
    answer: Answer
    stats: tuple[Row, ...]
    most: tuple[Row, ...]
    n_customers: int
    version: int
    many_customers: ClassVar[int] = MANY_CUSTOMERS
    most_problems: ClassVar[int] = MOST_PROBLEMS
    file_only: ClassVar[tuple[tuple[str, str], ...]] = FILE_ONLY

    def to_json(self) -> dict[str, Any]:
        """The stages in order, every signal with what it weighs and how often it was seen, and what a draft changes."""
        stages = [{key: one[key] for key in ("stage", "label", "question", "lead", "expected")} for one in self.stages]
        names = ("signal", "label", "stage", "friction", "momentum", "advocacy", "half_life", "n_events")
        signals = [{key: one[key] for key in names} for group in self.groups for one in group["signals"]]
        told = {"journey": self.journey.journey, "stages": stages, "signals": signals}
        if self.draft is None:
            return told
        problems = [str(one) for one in self.answer.made.problems]
        return {**told, "draft": {"changes": [one["said"] for one in self.draft["changes"]], "problems": problems}}


def build(view: View, asked: Asked, answer: Answer | None = None) -> JourneyPage:
    """The page: the journey as its file is now, with the draft of the address; there before anything is scored.

    Raises:
        UnknownNameError: there is no such signal, stage or part.
        BadValueError: the draft of the address cannot be read.
    """
    workspace, said = view.workspace, answer or opened(view.workspace, asked.given)
    made, found = said.made, said.found
    seen = {one.event: one.n_events for one in view.plan.events}
    journey = made.journey or made.before or workspace.journey
    text, may_edit = written(made.changes), may("POST", "/journey")
    carried = {DRAFT: text} if text else {}
    frame = bare(workspace, "Journey") | {
        "nav": "journey", "json_url": with_query("/journey.json", carried), "kept": kept_of(asked, workspace.journey),
        "query": asked.given, "as_of": local(now_us(), workspace.settings.zone),
    }  # fmt: skip
    version = workspace.version(now_us())
    is_open = may_edit and said.kind is not None and made.before is not None
    return JourneyPage(
        **frame,
        journey=journey,
        stages=tuple(_stages(journey, carried)),
        groups=tuple(_groups(journey, seen, carried)),
        parts=tuple(_parts(journey, carried)),
        problems=tuple(str(one) for one in errors_of(made.problems))[:MOST_PROBLEMS] if made.before is None else (),
        is_ahead=made.before is not None and workspace.is_scored and made.before != workspace.journey,
        may_edit=may_edit,
        form=form_of(said, journey, carried) if is_open else None,
        draft=_draft(made, seen) if made.changes else None,
        answer=said,
        stats=tuple(_stats(found)) if found else (),
        most=tuple(_most(found)) if found else (),
        n_customers=workspace.store.rows("SELECT count(*) FROM customer_keys")[0][0] if made.changes else 0,
        version=version.number if version else 0,
    )


def _draft(made: Draft, seen: Mapping[str, int]) -> Row:
    """The changes one by one, each with the draft as it would be without it."""
    changes = made.changes
    rows = []
    for position, one in enumerate(changes):
        rest = written((*changes[:position], *changes[position + 1 :]))
        href = with_query("/journey", {DRAFT: rest} if rest else {}) + ("#draft" if rest else "")
        rows.append({"said": one.said, "without": href})
    return {
        "text": written(changes), "changes": rows, "mark": made.files.mark, "checked": made.mark, "of": of(changes),
        "lost": made.lost(seen), "differences": made.differences,
    }  # fmt: skip


def _stages(journey: Journey, carried: Mapping[str, str]) -> Iterator[Row]:
    for one in journey.stages:
        yield {
            "stage": one.name, "label": one.label or fmt.words(one.name).capitalize(), "question": one.description,
            "lead": one.lead, "expected": None if one.expected is None else str(one.expected),
            "supporting": ", ".join(one.supporting), "href": with_query("/journey", {"stage": one.name, **carried}),
        }  # fmt: skip


def _groups(journey: Journey, seen: Mapping[str, int], carried: Mapping[str, str]) -> Iterator[Row]:
    """Signals by the stage they lead to, then those that count at any stage; in the order of the file."""
    for stage in (*_stages(journey, carried), {"stage": None, "label": "At any stage"}):
        signals = [_signal(one, seen, carried) for one in journey.signals.values() if one.stage == stage["stage"]]
        if signals:
            yield {"stage": stage["stage"], "label": stage["label"], "signals": signals}


def _signal(one: Signal, seen: Mapping[str, int], carried: Mapping[str, str]) -> Row:
    is_judged = one.valence is not None
    return {
        "signal": one.name, "label": one.label or fmt.words(one.name).capitalize(), "stage": one.stage,
        "friction": one.valence_friction if is_judged else one.friction,
        "momentum": one.valence_momentum if is_judged else one.momentum,
        "advocacy": one.advocacy, "half_life": str(one.half_life), "n_events": seen.get(one.name, 0),
        "is_judged": is_judged, "href": with_query("/journey", {"signal": one.name, **carried}),
    }  # fmt: skip


def _parts(journey: Journey, carried: Mapping[str, str]) -> Iterator[Row]:
    """What a journey says beside its stages and signals, in a line each."""
    value, revenue = journey.time_to_value, journey.recurring
    told = {
        "goals": fmt.plural(len(journey.targets), "target") + f", {fmt.plural(len(journey.owners), 'owner')}, "
        f"{fmt.plural(len(journey.actions), 'action')}",
        "states": ", ".join(f"{fmt.words(name)} {fmt.number(one.friction, 2)}" for name, one in journey.states.items()),
        "value": f"{value.start} to {value.goal}, target {value.target or 'none'}" if value else "",
        "revenue": ", ".join((*revenue.starts, *revenue.adds, *revenue.removes, *revenue.ends)) if revenue else "",
        "general": ", ".join(journey.focus),
    }
    for name, label in PARTS.items():
        yield {"label": label, "told": told[name], "href": with_query("/journey", {"part": name, **carried})}


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
