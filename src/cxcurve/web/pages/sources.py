"""Sources and data health: what came in, which sources fell silent, who is who, who may send, and what was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cxcurve.charts.format import plural
from cxcurve.errors import BadValueError, ProblemsError
from cxcurve.metrics.staleness import SilentSource
from cxcurve.store.keys import KeyFact
from cxcurve.store.resolution import Id
from cxcurve.web.asked import Asked
from cxcurve.web.flash import say
from cxcurve.web.pages.frame import Frame, bare, kept_of, local
from cxcurve.web.reader import View
from cxcurve.web.write_keys import WITHDRAW, Made, withdraw
from cxcurve.workspace import Workspace
from cxcurve.workspace.intake import Feed, Intake

PARAMETERS = ()
DAY_S = 86_400
_KINDS = {"account": "account", "person": "person", "anonymous": "visitor"}
_KEYS = {"email": "the verified e-mail address", "phone": "the verified phone number"}


@dataclass(frozen=True, kw_only=True)
class SourcesPage(Frame):
    """What sources.html shows."""

    result: Intake
    silent_now: tuple[SilentSource, ...]
    stats: tuple[Mapping[str, Any], ...]
    sources: tuple[Mapping[str, Any], ...]
    conflicts: tuple[Mapping[str, Any], ...]
    links: tuple[Mapping[str, Any], ...]
    keys: tuple[KeyFact, ...]
    written: Mapping[str, Mapping[str, Any]] | None
    zone: str
    made: Made | None = None

    def to_json(self) -> dict[str, Any]:
        """What came in, which sources bring nothing for longer than is usual, keys, and what was written where."""
        silent = [one._asdict() for one in self.silent_now]
        keys = [asdict(one) for one in self.keys]
        return {**self.result.to_json(), "silent": silent, "keys": keys, "written": self.written}

    @property
    def shown_keys(self) -> Iterator[dict[str, Any]]:
        """The keys that open something, the latest first."""
        for one in reversed(self.keys):
            if one.withdrawn_us is None:
                used = None if one.used_us is None else local(one.used_us, self.zone)
                yield {"number": one.number, "kind": one.kind, "source": one.source,
                       "made_at": local(one.made_us, self.zone), "used_at": used}  # fmt: skip

    @property
    def destinations(self) -> Iterator[dict[str, Any]]:
        """How the last writing to each destination went; what waits is what a fault left to the next one."""
        for name, one in (self.written or {}).items():
            is_left = one["error"] is not None and one["to"] != "csv"
            left = (one["n_changed"] or 0) - (one["n_written"] or 0) - one["n_refused"]
            yield {**one, "name": name, "done_at": _local(one["done_at"], self.zone), "n_left": max(left * is_left, 0),
                   "at": _local(one["at"], self.zone)}  # fmt: skip


def build(view: View, asked: Asked, made: Made | None = None) -> SourcesPage:
    """The page; it is there before anything is scored, and as of now."""
    workspace = view.workspace
    result, zone = workspace.intake(), workspace.settings.zone
    frame = bare(workspace, "Sources") | {
        "nav": "sources", "json_url": "/sources.json", "kept": kept_of(asked, workspace.journey),
        "as_of": local(result.now_us, zone),
    }  # fmt: skip
    silent = view.run.feeds.silent_at(result.now_us) if workspace.is_scored and not workspace.is_other_model else ()
    return SourcesPage(
        **frame,
        result=result,
        silent_now=silent,
        stats=tuple(_stats(result, silent)),
        sources=tuple(_sources(result, zone)),
        conflicts=tuple(_conflict(of, candidates) for of, candidates in result.conflicts),
        links=tuple(
            {"link_id": one.link_id, "how": one.how, "of": _named(one.of), "to": _named(one.to), "source": one.source,
             "said_at": local(one.said_us, zone), "is_undone": one.undone_us is not None}
            for one in result.links
        ),
        keys=tuple(workspace.live.keys.all()),
        written=_written(workspace),
        zone=zone,
        made=made,
    )  # fmt: skip


def change(workspace: Workspace, form: Mapping[str, str]) -> str:
    """Take a form of the page: whose an id is, a statement to undo, a key to withdraw; says where to go then.

    Raises:
        BadValueError: it asks for none of these, or for what is not there any more.
        UnknownNameError: the statement or key is not there, or undone already.
    """
    if WITHDRAW in form:
        return withdraw(workspace, form)
    if link_id := form.get("undo"):
        workspace.undo_link(link_id)
        say("The statement is undone.")
        return "/sources#who"
    try:
        of, to = _read(form["of"]), _read(form["to"])
    except KeyError:
        raise BadValueError("The form asks for nothing; nothing was changed") from None
    workspace.decide(of, to)
    return "/sources#conflicts"


def _read(text: str) -> Id:
    kind, _, id_ = text.partition(":")
    if kind not in _KINDS or not id_:
        raise BadValueError("The form names nobody; nothing was changed")
    return kind, id_


def _written(workspace: Workspace) -> Mapping[str, Mapping[str, Any]] | None:
    """How the last writings went; None where destinations.yaml cannot be read."""
    try:
        return workspace.written()
    except ProblemsError:
        return None


def _local(text: str | None, zone: str) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(ZoneInfo(zone))


def _stats(result: Intake, silent: Sequence[SilentSource]) -> Iterator[dict[str, Any]]:
    items, events = result.ledger["items"], result.ledger["events"]
    n, lags = sum(one.n for one in result.feeds), [one.lag_seconds for one in result.feeds if _is_live(one)]
    yield _stat("Events in the last hour", f"{n:,}", note=_lag(max(lags)) if lags else "")
    yield _stat("Waiting for the store", f"{items['waiting']:,}", note=f"of {items['received']:,} ever sent")
    refused = items["quarantined"] + events["quarantined"] + events["conflict"]
    yield _stat("Refused, of what was sent", f"{refused:,}", is_bad=refused > 0)
    longest = max(silent, key=lambda one: one.days, default=None)
    note = f"{longest.name}, for {plural(round(longest.days), 'day')}" if longest else "longer than is usual"
    yield _stat("Sources gone silent", f"{len(silent):,}", note=note, is_bad=bool(silent))
    yield _stat("To be decided", f"{result.n_conflicts:,}", note="whose ids they are", is_bad=bool(result.conflicts))


def _sources(result: Intake, zone: str) -> Iterator[dict[str, Any]]:
    hour = {one.source: one for one in result.feeds}
    told = result.ledger["sources"]
    for name in sorted({*told, *hour}):
        now = hour.get(name)
        yield {
            "name": name, "n_hour": now.n if now else 0, "lag": _lag(now.lag_seconds) if now and _is_live(now) else "",
            "last_at": local(now.last_us, zone) if now else None, **_account(told.get(name)),
        }  # fmt: skip


def _account(told: Mapping[str, Any] | None) -> dict[str, int | None]:
    """Where everything is that a source sent; nothing of one that is loaded from files."""
    if told is None:
        return dict.fromkeys(("received", "waiting", "loaded", "repeated", "no_event", "refused"))
    items, events = told["items"], told["events"]
    return {
        "received": items["received"], "waiting": items["waiting"], "loaded": events["loaded"],
        "repeated": items["duplicate"] + events["duplicate"], "no_event": items["no_event"],
        "refused": items["quarantined"] + events["quarantined"] + events["conflict"],
    }  # fmt: skip


def _conflict(of: Id, candidates: tuple[Id, ...]) -> dict[str, Any]:
    choices = [{"value": f"{kind}:{id_}", "label": _named((kind, id_))} for kind, id_ in candidates]
    return {"of": _named(of), "value": f"{of[0]}:{of[1]}", "choices": choices}


def _named(id_: Id) -> str:
    kind, name = id_
    return f"{_KEYS[kind]} {name[:8]}" if kind in _KEYS else f"{_KINDS[kind]} {name}"


def _is_live(feed: Feed) -> bool:
    """Whether it tells how quick a source is: a file of last year was loaded late on purpose."""
    return feed.lag_seconds < DAY_S


def _lag(seconds: float) -> str:
    for size, unit in ((3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{plural(round(seconds / size), unit)} after they happened"
    return f"{max(seconds, 0):.0f} s after they happened"


def _stat(label: str, value: str, note: str = "", *, is_bad: bool = False) -> dict[str, Any]:
    return {"label": label, "value": value, "interval": None, "note": note, "tone": "warn" if is_bad else ""}
