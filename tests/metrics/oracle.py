"""A slow reference of definitions 1 to 3 in plain Python, written from the definitions and not from the code.

It walks over events, one customer and one instant at a time. Where the definitions leave something open, the choice
is in docs/decisions/.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from worlds import Event

from cxcurve.model.journey import Journey, Signal

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
MONDAY = datetime(1970, 1, 5)


@dataclass(frozen=True)
class Stay:
    """A stay as definitions 2 has it."""

    cycle: int
    stage: int
    entered_us: int
    left_us: int | None
    ended_by: str


@dataclass(frozen=True)
class Row:
    """A customer inside the journey at one instant."""

    cycle: int
    cycle_week: int
    stage: int
    dwell_days: float
    friction: float
    momentum: float
    advocacy: float
    is_stale: bool


@dataclass(frozen=True)
class Oracle:
    """What one company's events say at `as_of_us`."""

    events: Sequence[Event]
    journey: Journey
    zone: str
    as_of_us: int
    seats: Mapping[str, float] = field(default_factory=dict)
    expected_gaps: Mapping[str, int] = field(default_factory=dict)
    _known: dict[tuple[str, int], int | None] = field(default_factory=dict)

    # --- weeks

    def week_of(self, at_us: int) -> int:
        local = datetime.fromtimestamp(at_us // SECOND_US, ZoneInfo(self.zone)).replace(tzinfo=None)
        return (local - MONDAY).days // 7

    def start_of(self, week: int) -> int:
        local = (MONDAY + timedelta(weeks=week)).replace(tzinfo=ZoneInfo(self.zone))
        return round(local.timestamp()) * SECOND_US

    def ticks(self) -> dict[int, int]:
        """Every week from the first event's on, with its end; the last one ends at as_of."""
        known = [e.at_us for e in self.events if e.at_us < self.as_of_us]
        first = self.week_of(min(known, default=self.as_of_us - 1))
        return {w: min(self.start_of(w + 1), self.as_of_us) for w in range(first, self.week_of(self.as_of_us - 1) + 1)}

    # --- sources

    def silent_since(self, source: str, at_us: int) -> int | None:
        """The last event before `at_us` of a source that is stale there; None where it is not."""
        if (source, at_us) not in self._known:
            self._known[source, at_us] = self._silent_since(source, at_us)
        return self._known[source, at_us]

    def _silent_since(self, source: str, at_us: int) -> int | None:
        times = sorted(e.at_us for e in self.events if e.source == source and e.at_us < at_us)
        pairs = [(a, b) for a, b in pairwise(times) if self.day_of(a) != self.day_of(b)]
        gaps = sorted(max(b - a, DAY_US) for a, b in pairs)
        usual = gaps[math.ceil(0.99 * len(gaps)) - 1] if len(gaps) >= 20 else self.expected_gaps.get(source)
        return times[-1] if times and usual is not None and at_us - times[-1] > usual else None

    def until(self, names: Iterable[str | None], at_us: int) -> int:
        """As of when signals are told: the last event of their sources where all of those are stale."""
        sources = {e.source for e in self.events if e.name in set(names) and e.at_us < at_us}
        since = [self.silent_since(source, at_us) for source in sources]
        known = [us for us in since if us is not None]
        return max(known) if known and len(known) == len(since) else at_us

    def until_of_most(self, names: Iterable[str], at_us: int) -> int:
        """The same by the source that brought most of them."""
        n = Counter(e.source for e in self.events if e.name in set(names) and e.at_us < at_us)
        most = min(n, key=lambda source: (-n[source], source), default="")
        since = self.silent_since(most, at_us)
        return at_us if since is None else since

    def day_of(self, at_us: int) -> int:
        local = datetime.fromtimestamp(at_us // SECOND_US, ZoneInfo(self.zone)).replace(tzinfo=None)
        return (local - MONDAY).days

    # --- stays

    def history(self, customer: str) -> list[Event]:
        """The customer's events before as_of; at one instant exits come last, then by event_id."""
        mine = [e for e in self.events if e.customer == customer and e.at_us < self.as_of_us]
        return sorted(mine, key=lambda e: (e.at_us, e.name in self.journey.exits, e.event_id))

    def stays(self, customer: str) -> list[Stay]:
        found: list[Stay] = []
        cycle: list[Event] = []
        number = 0
        history = self.history(customer)
        for place, event in enumerate(history):
            if event.name not in self.journey.exits:
                cycle.append(event)
                continue
            again = place and history[place - 1].name in self.journey.exits and history[place - 1].at_us == event.at_us
            stays = [] if again else self._cycle(cycle, number + 1, event.at_us)
            number += bool(stays)
            found += stays
            cycle = []
        return found + self._cycle(cycle, number + 1, None)

    def _cycle(self, events: Sequence[Event], number: int, exit_us: int | None) -> list[Stay]:
        firsts: dict[int, int] = {}
        for event in events:
            signal = self.journey.signals.get(event.name)
            if signal is None or signal.stage is None or not self._qualifies(event, signal, events):
                continue
            stage = self.journey.stage_names.index(signal.stage)
            firsts[stage] = min(firsts.get(stage, event.at_us), event.at_us)
        stays = []
        for stage, entered in sorted(firsts.items()):
            later = min((at for k, at in firsts.items() if k > stage), default=None)
            if later is not None and later <= entered:
                continue
            how = "progressed" if later is not None else "open" if exit_us is None else "exited"
            stays.append(Stay(number, stage, entered, exit_us if later is None else later, how))
        return stays

    def _qualifies(self, event: Event, signal: Signal, cycle: Sequence[Event]) -> bool:
        if signal.when is not None:  # the small journey has one rule: value >= 4
            assert str(signal.when) == "value >= 4"
            if event.value is None or event.value < 4:
                return False
        return signal.after is None or any(e.name == signal.after and e.at_us <= event.at_us for e in cycle)

    # --- decayed counts

    def counts(self, customer: str, at_us: int) -> dict[tuple[str, str], float]:
        """n of every signal and part ("count", "friction", "momentum") just before `at_us`, as of when it is told."""
        out: dict[tuple[str, str], float] = defaultdict(float)
        before = [e for e in self.history(customer) if e.at_us < at_us]
        for name, signal in self.journey.signals.items():
            mine = [e for e in before if e.name == name]
            until = self.until([name, signal.until], at_us)
            if signal.until:
                out[name, "count"] = self._until(mine, [e for e in before if e.name == signal.until], signal, until)
                continue
            for event in self._latest(mine) if signal.keep == "latest" else mine:
                faded = _faded(event.at_us, until, signal)
                if signal.valence is None:
                    out[name, "count"] += faded
                    continue
                valence = None if event.value is None else signal.valence.valence_of(event.value)
                out[name, "friction"] += faded * max(0.0, -(valence or 0.0))
                out[name, "momentum"] += faded * max(0.0, valence or 0.0)
        return {key: self._per_seat(customer, key[0], n) for key, n in out.items()}

    def episodes(self, opened: Sequence[Event], ended: Sequence[Event]) -> list[tuple[Event, int | None]]:
        """Each opening with the time it was ended; openings and endings meet by conversation."""
        pairs: list[tuple[Event, int | None]] = []
        for thread in {e.conversation for e in opened}:
            waiting: list[Event] = []
            moves = [(e.at_us, 0, e.event_id, e) for e in opened if e.conversation == thread]
            moves += [(e.at_us, 1, e.event_id, e) for e in ended if e.conversation == thread]
            for at_us, is_ending, _, event in sorted(moves, key=lambda move: move[:3]):
                if not is_ending:
                    waiting.append(event)
                elif waiting:
                    pairs.append((waiting.pop(0), at_us))
            pairs += [(event, None) for event in waiting]
        return pairs

    def _until(self, opened: Sequence[Event], ended: Sequence[Event], signal: Signal, at_us: int) -> float:
        pairs = self.episodes(opened, ended)
        return sum(1.0 if end is None else _faded(end, at_us, signal) for _, end in pairs)

    @staticmethod
    def _latest(events: Sequence[Event]) -> list[Event]:
        newest: dict[str | None, Event] = {}
        for event in sorted(events, key=lambda e: (e.at_us, e.event_id)):
            newest[event.person] = event
        return list(newest.values())

    def _per_seat(self, customer: str, name: str, n: float) -> float:
        if self.journey.signals[name].per != "seats" or customer not in self.seats:
            return n
        return float(n / (self.seats[customer] / median(self.seats.values())) ** 0.8)

    # --- state signals

    def stall(self, stage: int, dwell_days: float) -> float:
        goal = self.journey.signals[self.journey.time_to_value.goal].stage if self.journey.time_to_value else None
        expected = self.journey.stages[stage].expected
        if expected is None or (goal and stage >= self.journey.stage_names.index(goal)):
            return 0.0
        return min(max(dwell_days / expected.days - 1, 0.0), 1.0)

    def decline(self, customer: str, week: int) -> float:
        """At the end of `week`: the last 4 weeks against the best 8 of the last 52, needs 8 weeks of use."""
        core = {name for name, signal in self.journey.signals.items() if signal.core}
        used = [self.week_of(e.at_us) for e in self.history(customer) if e.name in core]
        first = min(self.ticks())
        by_week = [used.count(w) for w in range(first, week + 1)]
        started = next((i for i, n in enumerate(by_week) if n), None)
        if started is None or len(by_week) - started < 8:
            return 0.0
        ends = [i for i in range(len(by_week)) if i >= len(by_week) - 45 and i - started + 1 >= 8]
        best = max((sum(by_week[max(i - 7, 0) : i + 1]) / 8 for i in ends), default=0.0)
        recent = sum(by_week[-4:]) / 4
        return min(max((1 - recent / best - 0.2) / 0.8, 0.0), 1.0) if best else 0.0

    def business_day(self, at_us: int) -> int:
        local = datetime.fromtimestamp(at_us // SECOND_US, ZoneInfo(self.zone)).replace(tzinfo=None)
        days = (local - MONDAY).days
        return days // 7 * 5 + min(days % 7, 4)

    def today(self, at_us: int) -> int:
        """Business days begun before `at_us`."""
        return self.business_day(at_us - 1) + 1

    def silence(self, customer: str, at_us: int) -> float:
        signals = self.journey.signals
        until = self.until_of_most([name for name, signal in signals.items() if signal.by == "customer"], at_us)
        mine = [e for e in self.history(customer) if e.at_us < at_us and e.name in signals]
        days = sorted({self.business_day(e.at_us) for e in mine if signals[e.name].by == "customer"})
        if not days or any(self._is_complaint(e) and until - e.at_us <= 60 * DAY_US for e in mine):
            return 0.0
        limit = (10 + days[-1] - days[0]) * (0.05 ** (-1 / (2 + len(days) - 1)) - 1)
        today = self.today(at_us) if until == at_us else self.business_day(until) + 1
        return float(today - days[-1] > max(limit, 7.0))

    def _is_complaint(self, event: Event) -> bool:
        signal = self.journey.signals[event.name]
        valence = signal.valence.valence_of(event.value) if signal.valence and event.value is not None else None
        return bool(signal.contact and signal.friction) or (valence or 0) < 0

    def open_issues(self, customer: str, at_us: int) -> int:
        """Issues open beyond their target of 3 days."""
        before = [e for e in self.history(customer) if e.at_us < at_us]
        n = 0
        for name, signal in self.journey.signals.items():
            if signal.until and signal.contact:
                until = self.until([name, signal.until], at_us)
                opened = [e for e in before if e.name == name]
                pairs = self.episodes(opened, [e for e in before if e.name == signal.until])
                due = [event.at_us + 3 * DAY_US for event, end in pairs if end is None]
                n += sum(due_us < at_us and due_us <= until for due_us in due)
        return n

    def is_stale(self, at_us: int) -> bool:
        """Whether anything that has a weight is told as of an earlier moment."""
        signals = self.journey.signals
        weighed = [
            (name, signal.until)
            for name, signal in signals.items()
            if signal.friction or signal.momentum or signal.advocacy or signal.valence or signal.core
        ]
        held = [self.until(names, at_us) for names in weighed]
        held.append(self.until([name for name, signal in signals.items() if signal.core], at_us))
        held.append(self.until_of_most([name for name, signal in signals.items() if signal.by == "customer"], at_us))
        held += [self.until_of_most(self._onward(stage), at_us) for stage in range(len(self.journey.stages))]
        return min(held) < at_us

    def _onward(self, stage: int) -> list[str]:
        """Signals that enter a later stage."""
        later = self.journey.stage_names[stage + 1 :]
        return [name for name, signal in self.journey.signals.items() if signal.stage in later]

    # --- F, M, A

    def row(self, customer: str, week: int, at_us: int) -> Row | None:
        """The customer at `at_us`, in `week`; None outside the journey."""
        inside = [s for s in self.stays(customer) if s.entered_us <= at_us and (s.left_us is None or s.left_us > at_us)]
        if not inside:
            return None
        (stay,) = inside
        began = min(s.entered_us for s in self.stays(customer) if s.cycle == stay.cycle)
        dwell = (at_us - stay.entered_us) / DAY_US
        friction, momentum, advocacy = self._sums(self.counts(customer, at_us))
        used = self.until([name for name, signal in self.journey.signals.items() if signal.core], at_us)
        moved = self.until_of_most(self._onward(stay.stage), at_us)
        states = {
            "stall": self.stall(stay.stage, (moved - stay.entered_us) / DAY_US),
            "decline": self.decline(customer, self.week_of(used) - 1),
            "silence": self.silence(customer, at_us),
            "open_issues": math.log2(1 + self.open_issues(customer, at_us)),
        }
        friction += sum(self.journey.states[name].friction * x for name, x in states.items())  # type: ignore[index]
        cycle_week, is_stale = (at_us - began) // (7 * DAY_US), self.is_stale(at_us)
        return Row(stay.cycle, cycle_week, stay.stage, dwell, friction, momentum, advocacy, is_stale)

    def _sums(self, counts: Mapping[tuple[str, str], float]) -> tuple[float, float, float]:
        friction = momentum = advocacy = 0.0
        for (name, part), n in counts.items():
            signal = self.journey.signals[name]
            x = 0.0 if n < 1 / 32 else math.log2(1 + n)
            friction += x * {"count": signal.friction, "friction": signal.valence_friction, "momentum": 0.0}[part]
            momentum += x * {"count": signal.momentum, "friction": 0.0, "momentum": signal.valence_momentum}[part]
            advocacy += x * (0.0 if part == "friction" else signal.advocacy)
        return friction, momentum, advocacy

    def rows(self) -> dict[tuple[str, int], Row]:
        """Every customer at every tick, the one at as_of included."""
        customers = sorted({e.customer for e in self.events})
        ticks = self.ticks().items()
        found = {(customer, week): self.row(customer, week, at_us) for customer in customers for week, at_us in ticks}
        return {key: row for key, row in found.items() if row is not None}


def references(rows: Iterable[tuple[int, Row]], stage: int, week: int) -> tuple[float, float]:
    """F_ref and M_median of a stage at a week: (week, row) of whole weeks, 26 of them up to `week`."""
    window = [row for at, row in rows if week - 26 < at <= week]
    own = [row for row in window if row.stage == stage]
    chosen = own if len(own) >= 50 else window if len(window) >= 50 else []
    return _lower([row.friction for row in chosen], 10), _lower([row.momentum for row in chosen], 2)


def indexes(row: Row, friction_ref: float, momentum_ref: float) -> tuple[float, float]:
    """JFI and Momentum."""
    friction = 100 * (1 - 2 ** -max(0.0, row.friction - friction_ref))
    return friction, 100 / (1 + 2 ** -(row.momentum - momentum_ref))


def _lower(values: Sequence[float], parts: int) -> float:
    """The smallest value that at least one in `parts` does not exceed; 0 of nothing."""
    return sorted(values)[-(-len(values) // parts) - 1] if values else 0.0


def _faded(from_us: int, at_us: int, signal: Signal) -> float:
    return float(2.0 ** (-(at_us - from_us) / (signal.half_life.seconds * SECOND_US)))
