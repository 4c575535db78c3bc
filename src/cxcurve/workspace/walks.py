"""Walks: somebody goes through a journey as a customer would, ours or a rival's, and writes down every step."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from cxcurve.errors import BadValueError, Problem, ProblemsError, clip
from cxcurve.store import Store
from cxcurve.workspace.remedies import LONGEST_TEXT, day_of, one_line
from cxcurve.workspace.results import at

OWN = ""
"""The company of our own walks."""
OURS = ("", "own", "us", "we", "our own")
MOST_STEPS, MOST_BYTES = 2_000, 300_000
WALK = ("walked_on", "walker", "company", "journey")
STEP = ("touchpoint", "action", "expected", "seen", "minutes", "effort", "feeling")
TEXTS = ("touchpoint", "expected", "seen")
"""What may be empty."""
NEEDED = ("walked_on", "walker", "journey", "action")
_NAMES = {"walked_on": "day (walked_on)"}
FEELINGS: Mapping[int, str] = {-2: "angry", -1: "annoyed", 0: "neither", 1: "pleased", 2: "delighted"}
MOST_MINUTES = 1e6


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a walk; `company` is empty for our own. What is not known is None."""

    walk_id: str
    step: int
    walked_on: str
    walker: str
    company: str
    journey: str
    touchpoint: str
    action: str
    expected: str
    seen: str
    minutes: float | None
    effort: int | None
    feeling: int | None
    written_us: int
    written_by: str

    @property
    def whose(self) -> str:
        """The company, in words."""
        return self.company or "ours"

    def to_json(self) -> dict[str, Any]:
        """Flat."""
        names = (*WALK, "step", *STEP, "walk_id", "written_by")
        return {**{name: getattr(self, name) for name in names}, "company": self.company or None,
                "is_own": not self.company, "written_at": at(self.written_us)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """How a journey went at one company: medians over its walks, the mean of feelings; None where nobody said."""

    journey: str
    company: str
    n_walks: int
    n_steps: float
    minutes: float | None
    effort: float | None
    feeling: float | None
    n_surprises: int

    def to_json(self) -> dict[str, Any]:
        """Flat."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**told, "company": self.company or None, "is_own": not self.company}


def walks(store: Store) -> list[Step]:
    """Every step, the latest walk first."""
    names = ", ".join(Step.__dataclass_fields__)
    rows = store.rows(f"SELECT {names} FROM walks ORDER BY walked_on DESC, walk_id, step")
    found = [dict(zip(Step.__dataclass_fields__, row, strict=True)) for row in rows]
    return [Step(**{**row, **{name: row[name] or "" for name in TEXTS}}) for row in found]


def write_walks(store: Store, text: str, given: Mapping[str, str], by: str, now_us: int) -> int:
    """Keep the steps of walks; returns how many. The same walk written again is written anew, never twice.

    Args:
        store: where they are kept.
        text: a step a line, columns between commas, semicolons or tabs; the first line names them, unless all are those
            of a step in their order.
        given: walked_on, walker, company and journey where the lines do not say them.
        by: who writes.
        now_us: when.

    Raises:
        ProblemsError: lines cannot be read; all of them.
    """
    steps = read_walks(text, given, by, now_us)
    with store.transaction():
        for walk_id in dict.fromkeys(one.walk_id for one in steps):
            store.execute("DELETE FROM walks WHERE walk_id = $1", walk_id)
        for one in steps:
            values = [getattr(one, name) for name in Step.__dataclass_fields__]
            marks = ", ".join(f"${i}" for i in range(1, len(values) + 1))
            store.execute(f"INSERT INTO walks VALUES ({marks})", *values)
    return len(steps)


def delete_walk(store: Store, walk_id: str) -> None:
    """Take a walk out.

    Raises:
        BadValueError: there is none.
    """
    if not store.rows("SELECT 1 FROM walks WHERE walk_id = $1 LIMIT 1", walk_id):
        raise BadValueError("This walk is not there any more; nothing was changed")
    store.execute("DELETE FROM walks WHERE walk_id = $1", walk_id)


def read_walks(text: str, given: Mapping[str, str], by: str, now_us: int) -> list[Step]:
    """The steps of a text, numbered within their walk.

    Raises:
        ProblemsError: lines cannot be read; all of them.
    """
    problems: list[Problem] = []
    found: list[Step] = []
    n_of: dict[str, int] = defaultdict(int)
    for line, cells in _lines(text):
        try:
            one = _step(_with(cells, given), by, now_us)
        except BadValueError as error:
            problems.append(Problem("walk", line, str(error)))
            continue
        n_of[one["walk_id"]] += 1
        found.append(Step(step=n_of[one["walk_id"]], **one))
    if problems:
        raise ProblemsError(problems)
    if not found:
        raise ProblemsError([Problem("walk", 0, "there is no step; expected a line for each, such as app,sign in")])
    return found


def _with(cells: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    return {**{name: given.get(name, "") for name in WALK}, **{name: text for name, text in cells.items() if text}}


def _step(said: Mapping[str, str], by: str, now_us: int) -> dict[str, Any]:
    lines = {name: one_line(name, said.get(name, "")) for name in ("walker", "company", "journey", "touchpoint")}
    texts = {name: one_line(name, said.get(name, ""), LONGEST_TEXT) for name in ("action", "expected", "seen")}
    told = {**lines, **texts, "walked_on": day_of("walked_on", said.get("walked_on", ""))}
    missing = [_NAMES.get(name, name) for name in NEEDED if not told[name]]
    if missing:
        raise BadValueError(f"has no {' and no '.join(missing)}")
    told["company"] = "" if told["company"].casefold() in OURS else told["company"]
    walk = "\x1f".join(told[name] for name in WALK)
    return {
        **told,
        "walk_id": hashlib.sha256(walk.encode()).hexdigest()[:16],
        "minutes": _number("minutes", said.get("minutes", ""), 0.0, MOST_MINUTES),
        "effort": _whole("effort", said.get("effort", ""), 1, 7),
        "feeling": _whole("feeling", said.get("feeling", ""), -2, 2),
        "written_us": now_us,
        "written_by": by,
    }


def _number(name: str, said: str, least: float, most: float) -> float | None:
    if not said.strip():
        return None
    try:
        value = float(said.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise BadValueError(f'{name} "{clip(said)}" is no number from {least:g} to {most:,.0f}')
    return value


def _whole(name: str, said: str, least: int, most: int) -> int | None:
    value = _number(name, said, least, most)
    if value is not None and value != int(value):
        raise BadValueError(f'{name} "{clip(said)}" is no whole number from {least} to {most}')
    return None if value is None else int(value)


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines with their numbers, each by the names of its columns."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise ProblemsError([Problem("walk", 0, f"is longer than {MOST_BYTES:,} bytes; send it in parts")])
    text = text.removeprefix("\ufeff")
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=head.count)
    try:
        rows = [(i, row) for i, row in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True), 1)]
    except csv.Error as error:
        raise ProblemsError([Problem("walk", 0, f"cannot be read as a table: {error}")]) from None
    rows = [(i, [cell.strip() for cell in row]) for i, row in rows if any(cell.strip() for cell in row)]
    if len(rows) > MOST_STEPS:
        raise ProblemsError([Problem("walk", 0, f"has {len(rows):,} lines; at most {MOST_STEPS:,} are read")])
    names = ["_".join(cell.lower().split()) for cell in rows[0][1]] if rows else []
    known = (*WALK, *STEP)
    has_names = bool(names) and "action" in names
    unknown = [name for name in names if name not in known] if has_names else []
    if unknown:
        said = f'column "{clip(unknown[0])}" is not known; expected {", ".join(known)}'
        raise ProblemsError([Problem("walk", rows[0][0], said)])
    for i, cells in rows[1:] if has_names else rows:
        yield i, dict(zip(names if has_names else STEP, cells, strict=False))


def compared(steps: Sequence[Step]) -> list[Side]:
    """Each journey at each company, ours first."""
    of: dict[tuple[str, str], dict[str, list[Step]]] = defaultdict(lambda: defaultdict(list))
    for one in steps:
        of[one.journey, one.company][one.walk_id].append(one)
    return [_side(journey, company, list(found.values())) for (journey, company), found in sorted(of.items())]


def gaps(steps: Sequence[Step]) -> dict[str, dict[str, float]]:
    """By touchpoint our median less that of the best rival: minutes and effort; without a rival or us, nothing."""
    found: dict[str, dict[str, float]] = {}
    for measure in ("minutes", "effort"):
        middle = {place: median(values) for place, values in _of_walks(steps, measure).items()}
        for touchpoint in sorted({place for place, _ in middle}):
            rivals = [value for (place, company), value in middle.items() if place == touchpoint and company]
            own = middle.get((touchpoint, OWN))
            if own is not None and rivals:
                found.setdefault(touchpoint, {})[measure] = own - min(rivals)
    return found


def _of_walks(steps: Sequence[Step], measure: str) -> dict[tuple[str, str], list[float]]:
    """By touchpoint and company what each walk came to there: its minutes together, or its hardest step."""
    found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in steps:
        value = getattr(one, measure)
        if value is not None and one.touchpoint:
            found[one.touchpoint, one.company][one.walk_id].append(value)
    whole = sum if measure == "minutes" else max
    return {place: [float(whole(values)) for values in of.values()] for place, of in found.items()}


def _side(journey: str, company: str, found: Sequence[Sequence[Step]]) -> Side:
    def of(name: str) -> list[list[float]]:
        return [[value for one in steps if (value := getattr(one, name)) is not None] for steps in found]

    minutes, effort = [sum(one) for one in of("minutes") if one], [max(one) for one in of("effort") if one]
    feelings = [value for one in of("feeling") for value in one]
    surprises = sum(bool(one.seen and one.expected and one.seen != one.expected) for steps in found for one in steps)
    return Side(
        journey, company, len(found), median(map(len, found)),
        median(minutes) if minutes else None, median(effort) if effort else None,
        sum(feelings) / len(feelings) if feelings else None, surprises,
    )  # fmt: skip
