"""Journey maps of personas: what data show at each stage, what we believe, and what we want it to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cxcurve.errors import BadValueError, Reason, UnknownNameError, clip
from cxcurve.metrics.personas import MINDSETS, deeds, levels, mindsets
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.model import Journey
from cxcurve.model.journey import Signal
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.means import Moments, mean
from cxcurve.store import Store
from cxcurve.workspace.remedies import LONGEST_TEXT, one_line
from cxcurve.workspace.results import at, plain

CURRENT, FUTURE = MAPS = ("current", "future")
FEWEST, MOST_ACTIONS, MOST_PAINS, MOST_CHANCES = 10, 5, 3, 3
FEW = 0.5
"""What fewer than this share do is an opportunity."""
MOST_LEVEL = 100.0
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Persona:
    """Whom a map is of; "" is any."""

    segment: str = ""
    role: str = ""
    mindset: str = ""

    @property
    def label(self) -> str:
        """In words."""
        said = [one for one in (self.segment, self.role.replace("_", " "), self.mindset) if one]
        return ", ".join(said) or "Everybody"


@dataclass(frozen=True, slots=True)
class Belief:
    """What was said last of a persona at a stage, on one of the two maps."""

    map: str
    persona: Persona
    stage: str
    level: float | None
    text: str
    said_us: int
    said_by: str

    def to_json(self) -> Row:
        """What was said."""
        return {"level": self.level, "text": self.text or None, "said_at": at(self.said_us), "said_by": self.said_by}


@dataclass(frozen=True, slots=True)
class StageMap:
    """A stage as data show it; `deeds` are rows of signal, n_customers, n_events and share of its customers."""

    stage: str
    label: str
    lead: str
    n_customers: int
    level: Estimate
    valence: float | None
    n_answers: int
    feelings: tuple[str, ...]
    actions: tuple[Row, ...]
    pains: tuple[Row, ...]
    moments: tuple[Row, ...]
    opportunities: tuple[Row, ...]


@dataclass(frozen=True)
class MapResult:
    """The map of a persona, and what was said of it."""

    as_of_us: int
    persona: Persona
    roles: tuple[str, ...]
    n_customers: int
    stages: tuple[StageMap, ...]
    beliefs: Mapping[tuple[str, str], Belief]
    is_few: bool = False

    def to_json(self) -> Row:
        """As /maps.json: stages with measured, believed and wanted; gaps, the largest first."""
        return {
            "as_of": at(self.as_of_us),
            "persona": {"segment": self.persona.segment or None, "role": self.persona.role or None,
                        "mindset": self.persona.mindset or None},
            "n_customers": self.n_customers,
            "stages": [self._stage(one) for one in self.stages],
            "gaps": self.gaps(),
        }  # fmt: skip

    def said(self, of: str, stage: str) -> Row | None:
        """What was said of a stage on a map."""
        one = self.beliefs.get((of, stage))
        return None if one is None else one.to_json()

    def gaps(self) -> list[Row]:
        """Believed less measured by stage, the largest first; a belief inside the interval is no gap that data show."""
        rows = []
        for one in self.stages:
            belief = self.beliefs.get((CURRENT, one.stage))
            if belief is None or belief.level is None or one.level.value is None:
                continue
            gap = belief.level - one.level.value
            low, high = one.level.low, one.level.high
            is_clear = low is not None and high is not None and not low <= belief.level <= high
            rows.append({"stage": one.stage, "stage_label": one.label, "believed": belief.level,
                         "measured": plain(one.level.value), "gap": plain(gap), "is_clear": is_clear})  # fmt: skip
        return sorted(rows, key=lambda row: (-abs(row["gap"]), row["stage"]))

    def _stage(self, one: StageMap) -> Row:
        names = (
            "stage", "label", "lead", "n_customers", "n_answers", "feelings", "actions", "pains", "moments",
            "opportunities",
        )  # fmt: skip
        return {
            **{name: getattr(one, name) for name in names},
            "level": plain(one.level.value), "low": plain(one.level.low), "high": plain(one.level.high),
            "reason": one.level.reason, "valence": plain(one.valence),
            "we_believe": self.said(CURRENT, one.stage), "we_want": self.said(FUTURE, one.stage),
        }  # fmt: skip


def map_result(store: Store, known: Snapshot, persona: Persona) -> MapResult:
    """The map of some customers, of a role and mindset, without what was said.

    Raises:
        UnknownNameError: nobody has such a role, or there is no such mindset.
    """
    roles = _roles(store)
    if persona.role and persona.role not in roles:
        raise UnknownNameError("role", persona.role, roles)
    if persona.mindset and persona.mindset not in MINDSETS:
        raise UnknownNameError("mindset", persona.mindset, MINDSETS)
    if persona.mindset:
        of = mindsets(known.log, known.plan, as_of_us=known.as_of_us)
        keys = store.arrow(of.filter(of.mindset == persona.mindset).select("customer_key"))
        kept = store.temporary("mindset_keys", keys)
        known = known.only(kept, f"{known.population} {persona.mindset}")
    people = None
    if persona.role:
        table = store.table("people")
        people = table.filter(table.role == persona.role).select("person_id")
    done = store.arrow(deeds(known, people)).to_pylist()
    level = store.arrow(levels(known))
    n = store.arrow(known.customers.select("customer_key").distinct()).num_rows
    stages = tuple(_stage(known, i, done, level, persona) for i in range(len(known.stage_names)))
    return MapResult(known.as_of_us, persona, roles, n, stages, {})


def beliefs(store: Store, persona: Persona) -> dict[tuple[str, str], Belief]:
    """What was said last of a persona, by map and stage."""
    rows = store.rows(
        "SELECT map, stage, level, text, said_us, said_by FROM beliefs "
        "WHERE segment = $1 AND role = $2 AND mindset = $3 ORDER BY number",
        persona.segment, persona.role, persona.mindset,
    )  # fmt: skip
    return {
        (row[0], row[1]): Belief(row[0], persona, row[1], row[2], row[3] or "", row[4], row[5]) for row in rows
    }  # what was said later comes later


def believe(store: Store, journey: Journey, said: Mapping[str, str], by: str, now_us: int) -> Persona:
    """Keep what somebody believes, or wants, of a persona at a stage; the one way anything gets into `beliefs`.

    Args:
        store: where it is kept.
        journey: names the stages.
        said: segment, role, mindset ("" for any), stage, and for each map `level_MAP` and `text_MAP` as typed.
        by: who says it.
        now_us: when.

    Raises:
        UnknownNameError: there is no such stage or mindset.
        BadValueError: a level is no number from -100 to 100, or a text is too long.
    """
    persona = Persona(*(one_line(name, said.get(name, "")) for name in ("segment", "role", "mindset")))
    stage = said.get("stage", "")
    if stage not in journey.stage_names:
        raise UnknownNameError("stage", stage, journey.stage_names)
    if persona.mindset and persona.mindset not in MINDSETS:
        raise UnknownNameError("mindset", persona.mindset, MINDSETS)
    told = {
        of: (_level(said.get(f"level_{of}", "")), one_line("text", said.get(f"text_{of}", ""), LONGEST_TEXT))
        for of in MAPS
    }
    with store.transaction():
        before = beliefs(store, persona)
        for of, (level, text) in told.items():
            last = before.get((of, stage))
            if (level, text) == ((None, "") if last is None else (last.level, last.text)):
                continue
            place = (of, persona.segment, persona.role, persona.mindset, stage)
            number = store.rows(
                "SELECT coalesce(max(number), 0) FROM beliefs WHERE map = $1 AND segment = $2 AND role = $3 "
                "AND mindset = $4 AND stage = $5", *place,
            )[0][0]  # fmt: skip
            store.execute(
                "INSERT INTO beliefs VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                *place, int(number) + 1, level, text or None, now_us, by,
            )  # fmt: skip
    return persona


def _level(said: str) -> float | None:
    text = said.strip().replace("−", "-")
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not -MOST_LEVEL <= value <= MOST_LEVEL:
        raise BadValueError(f'level "{clip(said)}" is no number from -100 to 100')
    return value


def _roles(store: Store) -> tuple[str, ...]:
    rows = store.rows("SELECT DISTINCT role FROM people WHERE role IS NOT NULL AND role <> '' ORDER BY role LIMIT 100")
    return tuple(str(role) for (role,) in rows)


def _stage(known: Snapshot, position: int, done: Sequence[Row], level: pa.Table, persona: Persona) -> StageMap:
    stage, signals = known.plan.journey.stages[position], known.plan.signals
    here = [row for row in done if row["stage"] == position and row["signal_key"] in signals]
    values = level["level"].to_numpy()[level["stage"].to_numpy() == position]
    n = len(values)
    most = max([n, *(row["n_customers"] for row in here)], default=0)
    told = mean(Moments.from_values(values)) if n >= FEWEST else nothing(n, Reason.TOO_FEW)

    def deed(row: Row) -> Row:
        share = row["n_customers"] / most if most else None
        counts = {"n_customers": row["n_customers"], "n_events": row["n_events"], "share": share}
        return {"signal": signals[row["signal_key"]].name, **counts}

    def top(chosen: Sequence[Row], n_most: int) -> tuple[Row, ...]:
        names = sorted(chosen, key=lambda row: (-row["n_customers"], signals[row["signal_key"]].name))
        return tuple(deed(row) for row in names[:n_most])

    answers = [row for row in here if row["valence"] is not None]
    n_answers = sum(row["n_events"] for row in answers)
    felt = sum(row["valence"] * row["n_events"] for row in answers) / n_answers if n_answers >= FEWEST else None
    kinds = (persona.mindset,) if persona.mindset else MINDSETS
    return StageMap(
        stage=stage.name,
        label=known.stage_label(position),
        lead=stage.lead,
        n_customers=n,
        level=told,
        valence=felt,
        n_answers=n_answers,
        feelings=tuple(one for kind in kinds for one in stage.feelings.get(kind, ())),  # type: ignore[call-overload]
        actions=top([row for row in here if _is_action(signals[row["signal_key"]])], MOST_ACTIONS),
        pains=top([row for row in here if signals[row["signal_key"]].friction], MOST_PAINS),
        moments=tuple(_moments(here, signals, deed)),
        opportunities=_opportunities(here, signals, deed),
    )


def _is_action(signal: Signal) -> bool:
    return signal.by == "customer" and not signal.friction and signal.valence is None


def _moments(here: Sequence[Row], signals: Mapping[int, Signal], deed: Any) -> list[Row]:
    """First use, first incident, renewal: of each kind the signal that most customers had there."""
    kinds: dict[str, Callable[[Signal], bool]] = {
        "use": lambda one: one.core,
        "incident": lambda one: one.contact and one.friction > 0,
        "renewal": lambda one: one.moves_on == "renewal",
    }
    found = []
    for kind, is_one in kinds.items():
        rows = [row for row in here if is_one(signals[row["signal_key"]])]
        if rows:
            found.append({"kind": kind, **deed(max(rows, key=lambda row: (row["n_customers"], -row["signal_key"])))})
    return found


def _opportunities(here: Sequence[Row], signals: Mapping[int, Signal], deed: Any) -> tuple[Row, ...]:
    """What moves customers on and few of them do: momentum weight times the share that does not."""
    rows = [(signals[row["signal_key"]].momentum, deed(row)) for row in here if signals[row["signal_key"]].momentum]
    few = [(weight, told) for weight, told in rows if (told["share"] or 0.0) < FEW]
    worth = sorted(few, key=lambda one: (-one[0] * (1 - (one[1]["share"] or 0.0)), one[1]["signal"]))
    return tuple(row for _, row in worth[:MOST_CHANCES])
