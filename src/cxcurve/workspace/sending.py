"""Reports to people, each once: what is to be sent, to whom it was not yet, and what became of it.

Noted before it is handed over, and after: whoever was sent a report is never sent it again by itself, not even where
this process ended in between (decision 0039).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cxcurve.errors import ConnectError, ProblemsError, UnknownNameError
from cxcurve.journey.calendar import end_of_day
from cxcurve.model import Subscription
from cxcurve.reports.messages import Message, message
from cxcurve.reports.periods import Period
from cxcurve.reports.sheet import whose
from cxcurve.sources.posting import CHAT, File, Letter, Post, UnsureError, check_subscription_ready, open_post
from cxcurve.store import Store
from cxcurve.store.reports import note_sending, sendings
from cxcurve.workspace.instants import instant_us, now_us
from cxcurve.workspace.reported import ReportResult, report_of
from cxcurve.workspace.reports import last_period
from cxcurve.workspace.results import at, moment
from cxcurve.workspace.shared_views import shared_view_message
from cxcurve.workspace.writing import TRY_AGAIN_US

if TYPE_CHECKING:
    from cxcurve.workspace.workspace import Workspace

SENDING, SENT, FAILED = "sending", "sent", "failed"
UNSURE = "it was being sent when this ended or the answer was lost, and may have arrived; `--again` sends it again"
KINDS = {"pdf": "application/pdf", "png": "image/png", "html": "text/html"}
Note = Callable[[str, str, str | None], None]
"""Writes down what became of it: for which recipient's mark, the state, what went wrong."""


@dataclass(frozen=True)
class Outbound:
    """What is to be sent for one subscription: the message, and the marks and addresses of those who get it.

    `told` is what became of it for the others; `report` is None where the link to a view is sent.
    """

    subscription: Subscription
    period: Period
    report: ReportResult | None
    message: Message
    workspace: str
    recipients: tuple[tuple[str, str], ...]
    told: tuple[tuple[str, str, str | None], ...] = ()


@dataclass(frozen=True)
class SendResult:
    """What became of a report: for each recipient the state, and what went wrong."""

    name: str
    period: str
    message: Message
    recipients: tuple[tuple[str, str, str | None], ...]
    is_dry: bool = False

    @property
    def error(self) -> str | None:
        """The first that went wrong, of those not taken."""
        return next((note or state for _, state, note in self.recipients if state in (FAILED, SENDING)), None)

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve report send --json` has it."""
        told = [{"recipient": who, "state": state, "note": note} for who, state, note in self.recipients]
        one = self.message
        return {
            "report": self.name, "period": self.period, "subject": one.subject, "text": one.text,
            "recipients": told, "is_dry": self.is_dry,
        }  # fmt: skip


def to_send(workspace: Workspace, name: str, *, again: bool = False) -> Outbound:
    """What is to be sent for a subscription: the last report, or the link of a view, to whom it was not sent yet.

    Raises:
        UnknownNameError: there is no such subscription, or its view is not shared.
        WorkspaceError: nobody said where a view is.
    """
    if name not in workspace.subscriptions:
        raise UnknownNameError("report", name, workspace.subscriptions)
    one = workspace.subscriptions[name]
    found = report_of(workspace, None, one.report, segment=one.segment) if one.view is None else None
    period = _period(workspace, one, now_us()) if found is None else found.period
    before = _states(workspace.store, one, period)
    everybody = [(_mark(workspace.store, who), who) for who in ((CHAT,) if one.to == CHAT else one.recipients)]
    waiting = [(mark, who) for mark, who in everybody if again or before.get(mark, (FAILED,))[0] == FAILED]
    told = [(who, *_told(*before[mark])) for mark, who in everybody if (mark, who) not in waiting]
    return Outbound(
        one, period, found, _said(workspace, one, period, found), workspace.name, tuple(waiting), tuple(told)
    )


def dry_send(out: Outbound) -> SendResult:
    """What would be sent; nothing is."""
    waiting = tuple((who, "waiting", None) for _, who in out.recipients)
    return SendResult(out.subscription.key, out.period.name, out.message, (*out.told, *waiting), is_dry=True)


def send(out: Outbound, note: Note, is_stopped: Callable[[], bool] = lambda: False) -> SendResult:
    """Send it to one after the other; what fails for one does not stop the others.

    Raises:
        ProblemsError: a secret or a package is missing.
    """
    if not out.recipients:
        return SendResult(out.subscription.key, out.period.name, out.message, out.told)
    if problems := check_subscription_ready(out.subscription):
        raise ProblemsError(problems)
    post, files = open_post(out.subscription), _files(out)
    found = []
    for mark, who in out.recipients:
        if is_stopped():
            break
        found.append((who, *_handed(out, post, files, (mark, who), note)))
    return SendResult(out.subscription.key, out.period.name, out.message, (*out.told, *found))


def noter(store: Store, out: Outbound) -> Note:
    """Writes down what became of it."""

    def note(mark: str, state: str, what: str | None) -> None:
        said = out.period.key(out.subscription.segment)
        note_sending(store, out.subscription.key, said, mark, state, now_us(), what)

    return note


def is_due_now(workspace: Workspace, one: Subscription, now: int) -> bool:
    """Whether a subscription with `every` has somebody who is to get the last report by now and did not.

    What failed is tried again after a quarter of an hour.
    """
    if one.every is None:
        return False
    zone = workspace.settings.zone
    period = _period(workspace, one, now)
    over_us = end_of_day(instant_us(f"{period.last}T12:00:00", zone), zone)
    if not one.every.is_due(over_us, now, zone):
        return False
    before = _states(workspace.store, one, period)
    marks = [_mark(workspace.store, who) for who in ((CHAT,) if one.to == CHAT else one.recipients)]
    states = [before.get(mark, (FAILED, None, -(2**62))) for mark in marks]
    return any(state == FAILED and now - when >= TRY_AGAIN_US for state, _, when in states)


def sent_status(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """What became of the last report of each subscription: the period, when, and how many got it."""
    return {key: _status(workspace.store, one) for key, one in workspace.subscriptions.items()}


def _period(workspace: Workspace, one: Subscription, now: int) -> Period:
    """What is over and was not sent yet: of a report its week or quarter, of a view what its schedule goes by."""
    if one.view is None:
        return last_period(workspace, one.report, now)
    today = moment(now).astimezone(ZoneInfo(workspace.settings.zone)).date()
    return Period.over_before(today, one.every.span if one.every else "week")


def _status(store: Store, one: Subscription) -> dict[str, Any]:
    rows = sendings(store, one.key)
    period = rows[0].period if rows else None
    last = [row for row in rows if row.period == period]
    counts = {state: sum(row.state == state for row in last) for state in (SENT, SENDING, FAILED)}
    return {
        "report": one.report, "segment": dict(one.segment), "view": one.view, "to": one.to,
        "every": None if one.every is None else str(one.every),
        "n_recipients": 1 if one.to == CHAT else len(one.recipients),
        "period": None if period is None else period.partition("?")[0], "at": at(rows[0].at_us) if rows else None,
        "n_sent": counts[SENT], "n_unsure": counts[SENDING], "n_failed": counts[FAILED],
        "error": next((row.note for row in last if row.state == FAILED and row.note), None),
    }  # fmt: skip


def _said(workspace: Workspace, one: Subscription, period: Period, found: ReportResult | None) -> Message:
    if found is None:
        return shared_view_message(workspace, str(one.view), period)
    files = "" if one.to == CHAT else ", ".join(f"{found.document.name}.{kind}" for kind in one.attach)
    return message(found.document.headline, whose(found.numbers), period.said, one.link, files)


def _handed(
    out: Outbound, post: Post, files: Sequence[File], to: tuple[str, str], note: Note
) -> tuple[str, str | None]:
    mark, who = to
    said = out.message
    letter = Letter(said.subject, said.text, said.chat, _letter_mark(out, mark), tuple(files))
    try:
        post.send(who, letter, lambda: note(mark, SENDING, None))
    except UnsureError as error:
        note(mark, SENDING, str(error))
        return SENDING, f"{error}; {UNSURE}"
    except (ConnectError, OSError) as error:
        note(mark, FAILED, str(error))
        return FAILED, str(error)
    note(mark, SENT, None)
    return SENT, None


def _files(out: Outbound) -> list[File]:
    one = out.subscription
    if one.to == CHAT or out.report is None:
        return []
    document = out.report.document
    made: dict[str, Callable[[], list[bytes]]] = {
        "pdf": lambda: [document.pdf()],
        "png": document.png,
        "html": lambda: [document.html().encode()],
    }
    return [
        File(f"{document.name}{f'-{number}' if number > 1 else ''}.{kind}", KINDS[kind], content)
        for kind in one.attach
        for number, content in enumerate(made[kind](), 1)
    ]


def _states(store: Store, one: Subscription, period: Period) -> dict[str, tuple[str, str | None, int]]:
    """By recipient's mark the state, what went wrong, and when."""
    rows = [row for row in sendings(store, one.key) if row.period == period.key(one.segment)]
    return {row.recipient: (row.state, row.note, row.at_us) for row in rows}


def _told(state: str, note: str | None, _: int) -> tuple[str, str | None]:
    return (state, note) if state != SENDING else (state, UNSURE)


def _mark(store: Store, recipient: str) -> str:
    """What tells a recipient from others; no address is kept."""
    if recipient == CHAT:
        return CHAT
    return hmac.new(store.contact_key, recipient.lower().encode(), hashlib.sha256).hexdigest()[:32]


def _letter_mark(out: Outbound, mark: str) -> str:
    said = f"{out.workspace}|{out.subscription.key}|{out.period.key(out.subscription.segment)}|{mark}"
    return f"cxcurve-{hashlib.sha256(said.encode()).hexdigest()[:32]}"
