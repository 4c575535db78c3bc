"""The journey model: stages, exits and the tracking plan, as frozen objects.

What a person writes in `journey.yaml`; read it with `model.read_journey`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from cxcurve.errors import UnknownNameError
from cxcurve.model.durations import Duration
from cxcurve.model.expressions import Expression
from cxcurve.model.valence import Valence
from cxcurve.tables import PURPOSES, Purpose

LEAST_DAYS, MOST_DAYS = 1.0, 365.0
"""Of a half-life."""
WORDS: dict[str, Any] = {
    "description": True, "focus": True, "owners": True, "actions": True,
    "stages": {"__all__": {
        "label", "lead", "supporting", "description", "feelings", "drivers", "indicators", "metrics", "bridge",
    }},
    "signals": {"__all__": {"label", "description"}},
}  # fmt: skip
"""What no score rests on: pages read it where it stands."""
SCORED_TARGETS = ("open_issue",)
"""From when on an issue is overdue, which weighs."""
STATE_NAMES = ("stall", "decline", "silence", "open_issues")


class Frozen(BaseModel):
    """A frozen object that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def one_or_many(value: Any) -> Any:
    """A single text where a list of them may stand."""
    return (value,) if isinstance(value, str) else value


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Weight = Annotated[float, Field(ge=0, le=10, strict=True)]
Flag = Annotated[bool, Field(strict=True)]


@dataclass(frozen=True, slots=True)
class _Parsed:
    """Makes a field of a text that is parsed when read and written as the text again."""

    parse: Callable[[str], Any]
    example: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, source) else self._read(value),
            serialization=core_schema.to_string_ser_schema(),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "examples": [self.example]}

    def _read(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f'expected text such as "{self.example}", found {value}')
        return self.parse(value)


When = Annotated[Expression, _Parsed(Expression.parse, "value >= 4")]
ValenceText = Annotated[Valence, _Parsed(Valence.parse, "value: 0..6=-1, 7..8=0, 9..10=1")]


class Bridge(Frozen):
    """What helps a customer over the drift zone to the next stage."""

    to: str
    content: tuple[str, ...] = ()
    plays: tuple[str, ...] = ()


class Stage(Frozen):
    """One stage of the journey; `expected` is how long a stay usually takes. In YAML a name alone will do."""

    name: str
    label: str = ""
    expected: Duration | None = None
    lead: str = ""
    supporting: Names = ()
    description: str = ""
    feelings: Mapping[Literal["reactive", "proactive"], Names] = Field(default_factory=dict)
    drivers: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    bridge: Bridge | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Defaults(Frozen):
    """What a signal has when it does not say."""

    half_life: Duration = Duration.parse("14d")
    feedback: Literal["direct", "indirect", "inferred"] = "inferred"
    data_class: Literal["declared", "observed", "inferred", "third_party"] = "observed"
    by: Literal["customer", "company"] = "customer"
    retention: Duration | None = Field(default=None, exclude=True)


class Consent(Frozen):
    """What events may be used for: where nobody said anything, and what a consent tool calls the purposes."""

    default: tuple[Purpose, ...] = PURPOSES
    categories: Mapping[str, Purpose] = Field(default_factory=dict)


class Signal(Frozen):
    """What one event name means. Weights are doublings of odds per log2(1 + n)."""

    name: str = ""
    stage: str | None = None
    after: str | None = None
    when: When | None = None
    friction: Weight = 0.0
    momentum: Weight = 0.0
    advocacy: Weight = 0.0
    half_life: Duration = Duration.parse("14d")
    until: str | None = None
    valence: ValenceText | None = None
    valence_friction: Weight = 0.0
    valence_momentum: Weight = 0.0
    keep: Literal["all", "latest"] = "all"
    per: Literal["seats"] | None = None
    by: Literal["customer", "company"] = "customer"
    moves_on: Literal["expansion", "renewal"] | None = None
    direction: Literal["high_is_easy", "low_is_easy"] = "high_is_easy"
    mindset: Literal["reactive", "proactive"] | None = None
    feedback: Literal["direct", "indirect", "inferred"] = "inferred"
    data_class: Literal["declared", "observed", "inferred", "third_party"] = "observed"
    core: Flag = False
    contact: Flag = False
    label: str = ""
    description: str = ""
    # These change no score by themselves: a dump says what does.
    consent: Literal["given", "withdrawn"] | None = Field(default=None, exclude=True)
    retention: Duration | None = Field(default=None, exclude=True)
    properties: Mapping[str, Any] = Field(default_factory=dict, exclude=True)
    required: Names = Field(default=(), exclude=True)
    json_schema: Mapping[str, Any] | None = Field(default=None, alias="schema", exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_more_to_say(cls, value: Any) -> Any:
        return {} if value is None else value


class State(Frozen):
    """A state signal: no event says it, the event log does. `stages` limits where it counts."""

    friction: Weight = 0.0
    stages: Names | None = None


class TimeToValue(Frozen):
    """Which event starts the clock, which one is value, and the target."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    start: str = Field(alias="from")
    goal: str = Field(alias="to")
    target: Duration | None = None


class Recurring(Frozen):
    """Which events move what customers pay again and again, and for how long their `amount` pays.

    What `starts` adds the customer's first revenue, `adds` and `removes` change it by their amount whatever its sign,
    `changes` by it as it is, and `ends` takes its amount, or everything where there is none.
    """

    per: Literal["year", "month"] = "year"
    starts: Names = ()
    adds: Names = ()
    removes: Names = ()
    changes: Names = ()
    ends: Names = ()


class Journey(Frozen):
    """A whole `journey.yaml`. Signals have their defaults filled in and know their own name."""

    journey: str
    description: str = ""
    stages: tuple[Stage, ...]
    exits: Names = ()
    defaults: Defaults = Defaults()
    signals: Mapping[str, Signal] = Field(default_factory=dict)
    states: Mapping[Literal["stall", "decline", "silence", "open_issues"], State] = Field(default_factory=dict)
    time_to_value: TimeToValue | None = None
    recurring: Recurring | None = Field(default=None, exclude=True)
    focus: tuple[str, ...] = ()
    segments: tuple[str, ...] = ("segment",)
    targets: Mapping[str, float | str] = Field(default_factory=dict)
    consent: Consent = Field(default=Consent(), exclude=True)
    owners: Mapping[str, str] = Field(default_factory=dict)
    actions: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("signals")
    @classmethod
    def _complete(cls, signals: Mapping[str, Signal], info: ValidationInfo) -> Mapping[str, Signal]:
        """Signals know their name, and what they do not say the defaults say."""
        given = dict(info.data.get("defaults", Defaults()))
        return {
            name: signal.model_copy(
                update={"name": name} | {k: v for k, v in given.items() if k not in signal.model_fields_set}
            )
            for name, signal in signals.items()
        }

    def faded(self, factor: float) -> Journey:
        """The same with half-lives so many times as long, 1 to 365 days."""
        if factor == 1:
            return self
        signals = {
            name: signal.model_copy(update={"half_life": signal.half_life.times(factor, LEAST_DAYS, MOST_DAYS)})
            for name, signal in self.signals.items()
        }
        return self.model_copy(update={"signals": signals})

    @cached_property
    def scored(self) -> str:
        """What the scores rest on, as text: another label, owner or target changes none of them."""
        targets = {name: self.targets[name] for name in SCORED_TARGETS if name in self.targets}
        return self.model_copy(update={"targets": targets}).model_dump_json(exclude=WORDS)

    @cached_property
    def stage_names(self) -> tuple[str, ...]:
        """Stage names in the order of the journey."""
        return tuple(stage.name for stage in self.stages)

    def stage(self, name: str) -> Stage:
        """The stage called `name`.

        Raises:
            UnknownNameError: the journey has no such stage.
        """
        if name not in self.stage_names:
            raise UnknownNameError("stage", name, self.stage_names)
        return self.stages[self.stage_names.index(name)]
