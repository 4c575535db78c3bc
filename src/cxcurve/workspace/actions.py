"""Actions: what a team does, for whom, and what it promised of it; closed once, never rewritten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from cxcurve.charts.format import amount
from cxcurve.errors import BadValueError, UnknownNameError, clip
from cxcurve.journey.calendar import end_of_day
from cxcurve.metrics.promised import BY_NAME, Movable
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.model import Journey
from cxcurve.sources.masking import mask
from cxcurve.store import Store
from cxcurve.store.actions import actions_kept, add_action, close_action
from cxcurve.tables import ACTIONS, US_PER_DAY
from cxcurve.workspace.action_lists import check_share, chosen_keys, drawn, listed_keys
from cxcurve.workspace.instants import note_us
from cxcurve.workspace.remedies import LONGEST_TEXT, day_of, one_line
from cxcurve.workspace.results import at

ENDED, WITHDRAWN = CLOSED = ("ended", "withdrawn")
DEFAULT_DAYS, LEAST_DAYS, MOST_DAYS = 28, 7, 365
UP, DOWN = "up", "down"
_MOST_PROMISED = {"index": 200.0, "share": 1.0, "number": 1_000.0}


@dataclass(frozen=True, slots=True)
class Action:
    """One action; `promised` is less than 0 for down, in the metric's unit, a share from 0 to 1."""

    action_id: str
    what: str
    owner: str | None
    started_us: int
    stage: str | None
    friction: str | None
    metric: str
    promised: float
    days: int
    whom: str
    held_out_share: float
    n_treated: int
    n_held_out: int
    written_us: int
    written_by: str
    closed_as: str | None = None
    closed_reason: str | None = None
    closed_us: int | None = None
    closed_by: str | None = None

    @property
    def movable(self) -> Movable:
        """The metric it is expected to move."""
        return BY_NAME[self.metric]

    @property
    def end_us(self) -> int:
        """When its days are over."""
        return self.started_us + self.days * US_PER_DAY

    @property
    def chosen(self) -> dict[str, Any]:
        """How its customers were chosen: segment, stage and owner, or how many were listed."""
        return dict(json.loads(self.whom))

    @property
    def promise(self) -> str:
        """In words, as in "down by 3.0 points"; of what they are the metric says."""
        size = abs(self.promised) * (100 if self.movable.unit == "share" else 1)
        return f"{DOWN if self.promised < 0 else UP} by {amount(size, 'score')} {self.of}"

    @property
    def of(self) -> str:
        """What a difference of its metric is counted in."""
        return "contacts" if self.movable.unit == "number" else "points"

    def to_json(self) -> dict[str, Any]:
        """Flat; times as ISO 8601."""
        times = {f"{name}_at": at(getattr(self, f"{name}_us")) for name in ("started", "written", "closed")}
        plain = {name: getattr(self, name) for name in ACTIONS.column_names if not name.endswith("_us")}
        return {**plain, **times, "read_at": at(self.end_us), "whom": self.chosen}


def action_id(what: str, started_on: str, metric: str, now_us: int) -> str:
    """The id of an action written at a moment; who is left alone is drawn by it."""
    return hashlib.sha256(f"{what}\x1f{started_on}\x1f{metric}\x1f{now_us}".encode()).hexdigest()[:16]


def told(value: float, movable: Movable) -> str:
    """A size of a change in a metric's unit."""
    if movable.unit == "share":
        return f"{amount(value * 100, 'score')} percentage points"
    return f"{amount(value, 'score')} {'points' if movable.unit == 'index' else 'contacts of 100 customers'}"


def to_be_read(store: Store, as_of_us: int) -> list[Action]:
    """Those whose days are over and that nobody has closed."""
    return [one for one in actions(store) if one.end_us <= as_of_us and one.closed_as is None]


def actions(store: Store) -> list[Action]:
    """Every action, the one that began last first."""
    return [Action(**row) for row in actions_kept(store)]


def action_of(store: Store, of: str) -> Action:
    """One action.

    Raises:
        UnknownNameError: there is none.
    """
    found = {one.action_id: one for one in actions(store)}
    if of not in found:
        raise UnknownNameError("action", of)
    return found[of]


def write_action(
    store: Store, known: Snapshot, journey: Journey, said: Mapping[str, str], by: str, now_us: int
) -> Action:
    """Keep an action and whom it is for: drawn now, before it acts, and the same for ever.

    Args:
        store: where it is kept.
        known: who the customers are.
        journey: names the stages and signals.
        said: what, owner, started_on (a day), metric, direction (up or down), promised (points, percentage points or
            contacts), days, held_out (percent), stage, friction; whom: customers (a list of ids, with `skip_unknown`
            without those nobody knows), or segment ("plan=pro"), stage and chosen_owner.
        by: who writes.
        now_us: when.

    Raises:
        BadValueError: a value that cannot be.
        UnknownNameError: there is no such stage, friction, metric or value of a segment.
        ProblemsError: ids that are no customer's, all of them.
    """
    made = _read(said, known, journey, by, now_us)
    listed = said.get("customers", "").strip()
    if listed:
        keys = listed_keys(store, known, listed, skip_unknown=bool(said.get("skip_unknown")))
        chosen: dict[str, Any] = {"listed": len(keys)}
    else:
        segment, owner = _segment(said.get("segment", "")), one_line("owner", said.get("chosen_owner", ""))
        keys = chosen_keys(store, known, segment, made["stage"] or "", owner, made["started_us"])
        chosen = {**segment, **{name: one for name, one in (("stage", made["stage"]), ("owner", owner)) if one}}
    whom = drawn(store, made["action_id"], keys, made["held_out_share"])
    n_held_out = pc.sum(whom["is_held_out"]).as_py() or 0
    if not len(whom) - n_held_out:
        raise BadValueError("Nobody would be reached: nobody inside the journey is like that. Nothing was kept.")
    action = made | {"whom": json.dumps(chosen), "n_treated": len(whom) - n_held_out, "n_held_out": n_held_out}
    with store.transaction():
        if store.rows("SELECT 1 FROM actions WHERE action_id = $1", made["action_id"]):
            raise BadValueError("This action was written down already; nothing was changed")
        add_action(store, action, whom)
    return action_of(store, made["action_id"])


def close(store: Store, of: str, how: str, reason: str, by: str, now_us: int) -> Action:
    """Say that an action ended, or is withdrawn, and why; once.

    Raises:
        UnknownNameError: there is no such action.
        BadValueError: there is no reason, or it is closed already.
    """
    one = action_of(store, of)
    if one.closed_as:
        raise BadValueError(f"This action was {one.closed_as} already; what was said of it stays")
    if how not in CLOSED:
        raise BadValueError(f'"{clip(how)}" is not known. Expected: {", ".join(CLOSED)}.')
    why = mask(one_line("reason", reason, LONGEST_TEXT))
    if not why:
        raise BadValueError("The reason is empty; write a few words")
    close_action(store, of, how, why, by, now_us)
    return action_of(store, of)


def _read(said: Mapping[str, str], known: Snapshot, journey: Journey, by: str, now_us: int) -> dict[str, Any]:
    """Every column of the action but for whom it is."""
    what = mask(one_line("what", said.get("what", "")))
    day = day_of("started_on", said.get("started_on", ""))
    missing = [name for name, text in (("what", what), ("started_on", day)) if not text]
    if missing:
        raise BadValueError(f"An action needs {' and '.join(missing)}: what is done, and from which day on")
    started_us = note_us(day, known.zone)
    metric = said.get("metric", "").strip()
    if metric not in BY_NAME:
        raise UnknownNameError("metric of an action", metric, BY_NAME)
    stage = said.get("stage", "").strip()
    if stage and stage not in journey.stage_names:
        raise UnknownNameError("stage", stage, journey.stage_names)
    share = check_share(_number("held_out", said.get("held_out", "") or "0") / 100)
    if share and end_of_day(started_us, known.zone) <= now_us:
        raise BadValueError(
            "It has begun already: who is left alone is drawn before an action acts. Begin today or later, or leave "
            "nobody alone."
        )
    return {
        "action_id": action_id(what, day, metric, now_us),
        "what": what,
        "owner": one_line("owner", said.get("owner", "")) or None,
        "started_us": started_us,
        "stage": stage or None,
        "friction": _friction(said.get("friction", ""), journey),
        "metric": metric,
        "promised": _promised(said, BY_NAME[metric]),
        "days": _days(said.get("days", "") or str(DEFAULT_DAYS)),
        "held_out_share": share,
        "written_us": now_us,
        "written_by": by,
        **dict.fromkeys(("closed_as", "closed_reason", "closed_us", "closed_by")),
    }


def _promised(said: Mapping[str, str], movable: Movable) -> float:
    direction = said.get("direction", "").strip() or (UP if movable.is_high_good else DOWN)
    if direction not in (UP, DOWN):
        raise BadValueError(f'direction "{clip(direction)}" is not known. Expected: {UP}, {DOWN}.')
    size = _number("promised", said.get("promised", "")) / (100 if movable.unit == "share" else 1)
    most = _MOST_PROMISED[movable.unit]
    if not 0 < size <= most:
        raise BadValueError(f"promised is {told(size, movable)}; expected more than 0, at most {told(most, movable)}")
    return size if direction == UP else -size


def _days(said: str) -> int:
    days = _number("days", said)
    if days != int(days) or not LEAST_DAYS <= days <= MOST_DAYS:
        raise BadValueError(f'days "{clip(said)}" is no whole number from {LEAST_DAYS} to {MOST_DAYS}')
    return int(days)


def _number(name: str, said: str) -> float:
    text = said.strip().removesuffix("%").strip().replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        value = float("inf")
    if not 0 <= value < 1e9:
        raise BadValueError(f'{name} "{clip(said)}" is no number from 0 on')
    return value


def _segment(said: str) -> dict[str, str]:
    """The text plan=pro as a mapping; nothing of nothing."""
    name, mark, value = said.strip().partition("=")
    if said.strip() and not (mark and name.strip() and value.strip()):
        raise BadValueError(f'segment "{clip(said)}" cannot be read; expected such as plan=pro')
    return {name.strip(): value.strip()} if mark else {}


def _friction(said: str, journey: Journey) -> str | None:
    """A row of the friction inventory by its key; whether it still meets anybody plays no part."""
    key = one_line("friction", said)
    if not key:
        return None
    signal, _, stage = [*key.split("/"), "", ""][:3]
    if signal not in journey.signals or stage not in journey.stage_names:
        raise UnknownNameError("friction", key)
    return key
