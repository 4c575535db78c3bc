"""The tracking plan with the store's integer keys: what expressions join to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from cxcurve.model.durations import Duration
from cxcurve.model.journey import Journey, Signal

US = 1_000_000


@dataclass(frozen=True)
class Plan:
    """The journey and the integer key of each event name; names never seen have no key and play no part."""

    journey: Journey
    keys: Mapping[str, int]

    @cached_property
    def signals(self) -> dict[int, Signal]:
        """The tracking plan's signals by integer key."""
        return {self.keys[name]: signal for name, signal in self.journey.signals.items() if name in self.keys}

    def keys_of(self, *names: str) -> list[int]:
        """Integer keys of those names that were seen."""
        return [self.keys[name] for name in names if name in self.keys]

    @property
    def exit_keys(self) -> list[int]:
        """Keys of the events that end a cycle."""
        return self.keys_of(*self.journey.exits)

    @property
    def stage_keys(self) -> list[int]:
        """Keys of the events that may enter a stage."""
        return [key for key, signal in self.signals.items() if signal.stage is not None]

    @property
    def after_keys(self) -> list[int]:
        """Keys of the events that others wait for."""
        return self.keys_of(*{signal.after for signal in self.signals.values() if signal.after})

    @property
    def core_keys(self) -> list[int]:
        """Keys of core use."""
        return [key for key, signal in self.signals.items() if signal.core]

    @property
    def until_keys(self) -> list[int]:
        """Keys of signals that stay open until another event."""
        return [key for key, signal in self.signals.items() if signal.until is not None]

    @cached_property
    def sum_keys(self) -> frozenset[int]:
        """Keys of signals whose events each count by themselves."""
        return frozenset(key for key, one in self.signals.items() if _is_sum(one))

    @property
    def when_columns(self) -> list[str]:
        """What the rules of stages read of events, in order."""
        rules = [one.when for one in self.signals.values() if one.stage is not None and one.when is not None]
        return sorted({column for rule in rules for column in rule.columns})

    @property
    def latest_keys(self) -> list[int]:
        """Keys of signals of which a person's newest answer counts alone."""
        return [key for key, signal in self.signals.items() if signal.keep == "latest"]

    @property
    def story_keys(self) -> list[int]:
        """Keys of events that mean something only beside those before and after them; of others each counts alone."""
        ends = self.keys_of(*{signal.until for signal in self.signals.values() if signal.until})
        told = (self.exit_keys, self.stage_keys, self.after_keys, self.until_keys, ends, self.latest_keys)
        return sorted({key for keys in told for key in keys})

    @property
    def customer_made_keys(self) -> list[int]:
        """Keys of events that the customer makes: silence counts these only. Unplanned events are nobody's."""
        return [key for key, signal in self.signals.items() if signal.by == "customer"]

    @property
    def complaint_keys(self) -> list[int]:
        """Keys of contacts that are friction."""
        return [key for key, signal in self.signals.items() if signal.contact and signal.friction > 0]

    @property
    def issue_keys(self) -> list[int]:
        """Keys of what can be an open issue: a contact that stays open."""
        return [key for key in self.until_keys if self.signals[key].contact]

    @property
    def value_stage(self) -> int | None:
        """Position of the stage that first value enters, None where the model names no such event."""
        rule = self.journey.time_to_value
        goal = self.journey.signals.get(rule.goal) if rule else None
        return self.journey.stage_names.index(goal.stage) if goal and goal.stage else None

    @property
    def overdue_us(self) -> int | None:
        """How long an issue may stay open (`targets: open_issue`), None where the model does not say."""
        target = self.journey.targets.get("open_issue")
        return None if target is None else int(Duration.parse(target).seconds * US)

    @property
    def table(self) -> pa.Table:
        """One row per seen signal: stage (position), after_key, half_life_us, is_sum."""
        stages = self.journey.stage_names
        rows = [
            {
                "signal_key": key,
                "stage": stages.index(signal.stage) if signal.stage else None,
                "after_key": self.keys.get(signal.after, -1) if signal.after else None,
                "half_life_us": signal.half_life.seconds * US,
                "is_sum": _is_sum(signal),
            }
            for key, signal in self.signals.items()
        ]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)


_SCHEMA = pa.schema(
    [
        ("signal_key", pa.int32()),
        ("stage", pa.int32()),
        ("after_key", pa.int32()),
        ("half_life_us", pa.float64()),
        ("is_sum", pa.bool_()),
    ]
)


def _is_sum(signal: Signal) -> bool:
    return is_weighed(signal) and signal.until is None and signal.keep == "all"


def is_weighed(signal: Signal) -> bool:
    """Whether the signal is needed week by week: it carries a weight, or is core use."""
    return bool(
        signal.friction
        or signal.momentum
        or signal.advocacy
        or signal.valence_friction
        or signal.valence_momentum
        or signal.core
    )
