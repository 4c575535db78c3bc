"""The fields of a form of the journey, filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxcurve.charts import format as fmt
from cxcurve.model.journey import Journey
from cxcurve.model.metric_names import METRIC_NAMES
from cxcurve.web.journey_form import SETTING, Answer
from cxcurve.web.pages.frame import with_query
from cxcurve.workspace.changes import named_in, names_of
from cxcurve.workspace.drafts import written_of
from cxcurve.workspace.journey_settings import PARTS, YES_NO, Kind, Setting, settings_of

Row = Mapping[str, Any]
_LAST_SHOWN = {"signal": "half_life", "stage": "metrics"}
"""Until which setting fields stand there at once; the others are opened."""
_GOALS = ("targets", "owners", "actions")
_YES_NO = {"true": "Yes", "false": "No"}


def form_of(said: Answer, journey: Journey, carried: Mapping[str, str]) -> Row | None:
    """The form that is open: what the draft says, and what was typed over it."""
    kind, name, made = said.kind, said.name, said.made
    if kind is None:
        return None
    values = {**written_of(made, kind, name), **said.given}
    wrong = " ".join(one.message for one in said.errors)
    fields = [_field(one, values, journey, wrong) for one in settings_of(kind, name, made.journey or made.before)]
    keys = [one["key"].removeprefix(SETTING) for one in fields]
    n = keys.index(_LAST_SHOWN[kind]) + 1 if kind in _LAST_SHOWN else len(fields)
    names = names_of(made.texts.journey, "stage")
    return {
        "kind": kind, "name": name, "title": _title(kind, name, journey), "mark": made.files.mark,
        "fields": [] if name == "goals" and kind == "part" else fields[:n],
        "more": fields[n:], "has_more": any(one["value"] for one in fields[n:]),
        "goals": list(_goals(fields)) if name == "goals" and kind == "part" else [],
        "named": [f"{file}:{line}: {one}" for file, line, one in named_in(made.texts, kind, name)],
        "is_first": kind == "stage" and names[0] == name, "is_last": kind == "stage" and names[-1] == name,
        "close": with_query("/journey", carried),
    }  # fmt: skip


def _title(kind: Kind, name: str, journey: Journey) -> str:
    if kind == "part":
        return PARTS[name]
    stages = {one.name: one.label for one in journey.stages}
    return (stages.get(name) if kind == "stage" else "") or fmt.words(name).capitalize()


def _goals(fields: Sequence[Row]) -> Iterator[Row]:
    """A row for each metric: its target, who answers for it, what is done."""
    by_key = {one["key"]: one for one in fields}
    for metric, label in METRIC_NAMES.items():
        yield {"label": label, "fields": [by_key[f"{SETTING}{section}.{metric}"] for section in _GOALS]}


def _field(one: Setting, values: Mapping[str, str], journey: Journey, wrong: str) -> Row:
    value, key = values.get(one.key, ""), one.key.rpartition(".")[2]
    options = list(_options(one, journey))
    if options and value not in dict(options):
        options.append((value, value))
    shape = "choice" if options else "list" if one.shape == "list" else "value" if one.shape == "value" else "text"
    return {
        "key": SETTING + one.key, "label": one.label, "hint": one.hint, "value": value, "options": options,
        "shape": shape, "is_wrong": bool(value) and bool(wrong) and (f", {key}:" in wrong or f'"{value}"' in wrong),
    }  # fmt: skip


def _options(one: Setting, journey: Journey) -> Iterator[tuple[str, str]]:
    if one.among or one.options:
        yield "", "None" if one.among else "Not said"
    if one.among == "stages":
        yield from ((stage.name, stage.label or fmt.words(stage.name).capitalize()) for stage in journey.stages)
    elif one.among == "signals":
        yield from ((name, name) for name in journey.signals)
    elif one.options == YES_NO:
        yield from _YES_NO.items()
    else:
        yield from ((name, fmt.words(name).capitalize()) for name in one.options)
