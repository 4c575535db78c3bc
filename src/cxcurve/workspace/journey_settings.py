"""What forms change of journey.yaml: the settings of a signal, of a stage, and of the parts beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cxcurve.model.documents import Loc
from cxcurve.model.journey import STATE_NAMES, Journey, Signal
from cxcurve.model.metric_names import METRIC_NAMES

Kind = Literal["signal", "stage", "part"]
Shape = Literal["text", "value", "list"]


@dataclass(frozen=True, slots=True)
class Setting:
    """A key that a form changes; with a dot it stands within another.

    `shape` says how it is read: as text whatever it looks like, as a value (a number, true), or as a list of texts,
    one a line. `options` are all it can be, `among` what of the journey it names.
    """

    key: str
    label: str
    hint: str = ""
    shape: Shape = "text"
    options: tuple[str, ...] = ()
    among: Literal["", "stages", "signals"] = ""

    @property
    def loc(self) -> Loc:
        """Where it stands, within what it is of."""
        return tuple(self.key.split(".", 2 if self.key.startswith("states.") else 1))


ONE_A_LINE = "one a line"
YES_NO = ("true", "false")
_LABEL = Setting("label", "Label")
_COUNTED = (
    Setting("friction", "Friction weight", "1 doubles the odds of leaving", "value"),
    Setting("momentum", "Momentum weight", "1 doubles the odds of moving on", "value"),
)
JUDGED = (
    Setting("valence", "Good and bad answers", "such as value: 0..6=-1, 7..8=0, 9..10=1"),
    Setting("valence_friction", "Friction weight of a bad answer", "1 doubles the odds of leaving", "value"),
    Setting("valence_momentum", "Momentum weight of a good answer", "1 doubles the odds of moving on", "value"),
)
_SIGNAL = (
    Setting("advocacy", "Advocacy weight", "", "value"),
    Setting("half_life", "Half life", "such as 14d: how fast its effect fades"),
    Setting("description", "Description"),
    Setting("until", "Fades not before", "the event that ends it", among="signals"),
    Setting("after", "Leads there only after", "an event", among="signals"),
    Setting("when", "Leads there only when", "such as value >= 4"),
    Setting("contact", "A contact with you", "", "value", YES_NO),
    Setting("core", "Core use", "", "value", YES_NO),
    Setting("per", "Counted per", "large accounts are not red for ever", options=("seats",)),
    Setting("keep", "Of several counts", "", options=("all", "latest")),
    Setting("by", "Who acts", "", options=("customer", "company")),
    Setting("moves_on", "Moves on by", "", options=("expansion", "renewal")),
    Setting("mindset", "Mindset", "", options=("reactive", "proactive")),
    Setting("feedback", "Feedback", "", options=("direct", "indirect", "inferred")),
    Setting("data_class", "Class of data", "", options=("declared", "observed", "inferred", "third_party")),
    Setting("direction", "High answers are", "of effort", options=("high_is_easy", "low_is_easy")),
)
_STAGE = (
    _LABEL,
    Setting("description", "Question", "what the customer asks or feels here"),
    Setting("expected", "Expected stay", "such as 30d; a stall is told against it"),
    Setting("lead", "Lead"),
    Setting("supporting", "Supporting", ONE_A_LINE, "list"),
    Setting("metrics", "Metrics", ONE_A_LINE, "list"),
    Setting("feelings.reactive", "Feelings, reactive", ONE_A_LINE, "list"),
    Setting("feelings.proactive", "Feelings, proactive", ONE_A_LINE, "list"),
    Setting("drivers", "Drivers", ONE_A_LINE, "list"),
    Setting("indicators", "Indicators", ONE_A_LINE, "list"),
    Setting("bridge.to", "Bridge to", "the stage it helps to reach", among="stages"),
    Setting("bridge.content", "Content of the bridge", ONE_A_LINE, "list"),
    Setting("bridge.plays", "Plays of the bridge", ONE_A_LINE, "list"),
)
PARTS = {
    "goals": "Targets, owners and actions",
    "states": "States",
    "value": "Time to value",
    "revenue": "Recurring revenue",
    "general": "What pages show first, exits and segments",
}
"""The parts of a journey beside signals and stages, each a form of its own."""
FILE_ONLY = (
    ("journey", "the name of the journey: reports and exports of before are told by it"),
    ("schema, properties, required, retention and consent of a signal", "they decide what is let in and how long it "
     "is kept; who sends the events has to agree"),
    ("consent and defaults but for the half life", "they change what may be used of everybody"),
    ("sources.yaml", "where events come from; only a renamed signal is renamed there too"),
)  # fmt: skip
"""What no form changes, and why."""
_REVENUE = ("starts", "adds", "removes", "changes", "ends")
_STATES = {"stall": "Stall", "decline": "Decline", "silence": "Silence", "open_issues": "Open issues"}


def settings_of(kind: Kind, name: str, journey: Journey | None = None) -> tuple[Setting, ...]:
    """What can be changed of a signal (those with answers good and bad weigh these), of a stage, or of a part."""
    if kind == "stage":
        return _STAGE
    if kind == "part":
        return tuple(_of_part(name))
    signal = journey.signals.get(name) if journey else None
    return _of_signal(signal)


def _of_signal(signal: Signal | None) -> tuple[Setting, ...]:
    weights = JUDGED if signal is not None and signal.valence is not None else _COUNTED
    return (
        _LABEL,
        Setting("stage", "Leads to stage", "empty where it moves nobody", among="stages"),
        *weights,
        *_SIGNAL,
    )


def _of_part(name: str) -> Iterator[Setting]:
    match name:
        case "goals":
            for metric, label in METRIC_NAMES.items():
                yield Setting(f"targets.{metric}", f"{label}, target", "", "value")
                yield Setting(f"owners.{metric}", f"{label}, owner")
                yield Setting(f"actions.{metric}", f"{label}, what is done")
        case "states":
            for state in STATE_NAMES:
                yield Setting(f"states.{state}.friction", f"{_STATES[state]}, friction weight", "", "value")
                yield Setting(f"states.{state}.stages", f"{_STATES[state]}, only at stages", ONE_A_LINE, "list")
        case "value":
            yield Setting("time_to_value.from", "From", "the event that starts the clock", among="signals")
            yield Setting("time_to_value.to", "To", "the event that is value", among="signals")
            yield Setting("time_to_value.target", "Target", "such as 7d")
        case "revenue":
            yield Setting("recurring.per", "An amount pays for", "", options=("year", "month"))
            for key in _REVENUE:
                yield Setting(f"recurring.{key}", f"Event that {key}", ONE_A_LINE, "list")
        case "general":
            yield Setting("description", "Description")
            yield Setting("focus", "What pages show first", f"metrics, {ONE_A_LINE}", "list")
            yield Setting("exits", "Events that end a journey", ONE_A_LINE, "list")
            yield Setting("segments", "Segments", f"columns of customers, {ONE_A_LINE}", "list")
            yield Setting("defaults.half_life", "Half life where a signal does not say", "such as 14d")
