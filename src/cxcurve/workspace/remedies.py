"""Remedies: what was decided about each friction, and why it is there. Nothing accepted is without an owner."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from cxcurve.errors import BadValueError, UnknownNameError, clip
from cxcurve.model import Journey
from cxcurve.store import Store
from cxcurve.workspace.results import at

FOUND, ACCEPTED, IN_WORK, DONE, DECLINED = STATUSES = ("found", "accepted", "in_work", "done", "declined")
OWNED = (ACCEPTED, IN_WORK, DONE)
"""Of these somebody is the owner."""
PARENTS: Mapping[str, str] = {
    "seam": "a seam: what one team hands to another gets lost",
    "assumption": "an assumption about what the customer knows",
    "speed": "a speed mismatch: faster or slower than the customer",
}
EFFORTS = ("S", "M", "L")
MOST_WHYS = 5
LONGEST_NAME, LONGEST_TEXT = 200, 1_000


@dataclass(frozen=True, slots=True)
class Remedy:
    """The last decision about a friction; `accepted_us` is when it was first accepted, `n` how many there were."""

    signal: str
    touchpoint: str
    stage: str
    status: str = FOUND
    owner: str = ""
    parent: str = ""
    whys: tuple[str, ...] = ()
    effort: str = ""
    due: str = ""
    plays: str = ""
    note: str = ""
    decided_us: int = 0
    decided_by: str = ""
    accepted_us: int | None = None
    n: int = 0

    @property
    def place(self) -> tuple[str, str, str]:
        """Signal, touchpoint and stage."""
        return self.signal, self.touchpoint, self.stage

    def to_json(self) -> dict[str, Any]:
        """What was decided."""
        names = ("status", "owner", "parent", "effort", "due", "plays", "note", "decided_by")
        told = {name: getattr(self, name) or None for name in names}
        whys = {"whys": list(self.whys), "root_cause": self.whys[-1] if self.whys else None}
        return {
            **told,
            **whys,
            "decided_at": at(self.decided_us) if self.n else None,
            "accepted_at": at(self.accepted_us),
        }


def friction_key(signal: str, touchpoint: str, stage: str) -> str:
    """How a row of the inventory is named in addresses and forms."""
    return "/".join(quote(part, safe="") for part in (signal, touchpoint, stage))


def remedies(store: Store) -> dict[tuple[str, str, str], Remedy]:
    """The last decision about each friction, by signal, touchpoint and stage."""
    names = "signal, touchpoint, stage, status, owner, parent, whys, effort, due, plays, note, decided_us, decided_by"
    found: dict[tuple[str, str, str], Remedy] = {}
    for row in store.rows(f"SELECT {names} FROM remedies ORDER BY signal, touchpoint, stage, number"):
        signal, touchpoint, stage, status, owner, parent, whys, *rest = row
        before = found.get((signal, touchpoint, stage))
        accepted = before.accepted_us if before else None
        effort, due, plays, note = (text or "" for text in rest[:4])
        one = Remedy(
            signal, touchpoint, stage, status, owner or "", parent or "", tuple(json.loads(whys)), effort, due, plays,
            note, rest[4], rest[5], _accepted(accepted, status, rest[4]), (before.n if before else 0) + 1,
        )  # fmt: skip
        found[one.place] = one
    return found


def decide(store: Store, journey: Journey, said: Mapping[str, Any], by: str, now_us: int) -> Remedy:
    """Keep a decision about a friction: the one way anything is written to `remedies`.

    Args:
        store: where it is kept.
        journey: names the signals and stages.
        said: signal, touchpoint, stage, status, and where known owner, parent, whys (texts), effort, due, plays, note.
        by: who decides.
        now_us: when.

    Raises:
        UnknownNameError: there is no such signal or stage.
        BadValueError: a value that cannot be, or it is accepted and nobody owns it.
    """
    one = _read(said, by, now_us)
    if one.signal not in journey.signals:
        raise UnknownNameError("signal", one.signal, journey.signals)
    if one.stage not in journey.stage_names:
        raise UnknownNameError("stage", one.stage, journey.stage_names)
    with store.transaction():
        last = store.rows(
            "SELECT coalesce(max(number), 0) FROM remedies WHERE signal = $1 AND touchpoint = $2 AND stage = $3",
            *one.place,
        )
        store.execute(
            "INSERT INTO remedies VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            *one.place, int(last[0][0]) + 1, one.status, one.owner or None, one.parent or None,
            json.dumps(one.whys, ensure_ascii=False), one.effort or None, one.due or None, one.plays or None,
            one.note or None, now_us, by,
        )  # fmt: skip
    return remedies(store)[one.place]


def _accepted(before_us: int | None, status: str, decided_us: int) -> int | None:
    """Since when it is accepted without a break."""
    return (before_us or decided_us) if status in OWNED else None


def _read(said: Mapping[str, Any], by: str, now_us: int) -> Remedy:
    status = _one_of("status", said.get("status", ""), STATUSES)
    owner = one_line("owner", said.get("owner", ""))
    if status in OWNED and not owner:
        raise BadValueError(
            f'"{status.replace("_", " ")}" needs an owner: name the one person who sees to it, or leave it as found'
        )
    whys = [one_line("why", text, LONGEST_TEXT) for text in _texts(said.get("whys", ()))]
    if len(whys) > MOST_WHYS:
        raise BadValueError(f"there are {len(whys)} whys; at most {MOST_WHYS} lead to a root cause")
    touchpoint = one_line("touchpoint", said.get("touchpoint", ""))
    if not touchpoint:
        raise BadValueError("the touchpoint is empty; a friction is met somewhere")
    return Remedy(
        signal=str(said.get("signal", "")),
        touchpoint=touchpoint,
        stage=str(said.get("stage", "")),
        status=status,
        owner=owner,
        parent=_one_of("parent", said.get("parent", ""), ("", *PARENTS)),
        whys=tuple(why for why in whys if why),
        effort=_one_of("effort", said.get("effort", ""), ("", *EFFORTS)),
        due=day_of("due", said.get("due", "")),
        plays=one_line("plays", said.get("plays", "")),
        note=one_line("note", said.get("note", ""), LONGEST_TEXT),
        decided_us=now_us,
        decided_by=by,
    )


def _texts(said: object) -> Sequence[str]:
    return [said] if isinstance(said, str) else [str(one) for one in said]  # type: ignore[attr-defined]


def one_line(name: str, said: object, longest: int = LONGEST_NAME) -> str:
    """A text on one line, without signs that cannot be seen.

    Raises:
        BadValueError: it is too long.
    """
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in str(said or "")).split())
    if len(text) > longest:
        raise BadValueError(f"{name} has {len(text):,} characters; at most {longest:,} are kept")
    return text


def day_of(name: str, said: object) -> str:
    """A day as ISO 8601, or nothing.

    Raises:
        BadValueError: it is no day.
    """
    text = str(said or "").strip()
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadValueError(f'{name} "{clip(text)}" is no day; expected such as 2026-09-30') from None


def _one_of(name: str, said: object, options: Sequence[str]) -> str:
    text = str(said or "").strip()
    if text not in options:
        raise BadValueError(f'{name} "{clip(text)}" is not known. Expected: {", ".join(filter(None, options))}.')
    return text
