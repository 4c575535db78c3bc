"""What pages are given while data waits for a score, and that nothing old is kept."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cxcurve.errors import UnknownNameError
from cxcurve.store.inbox import Request
from cxcurve.web import kept as kept_module
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.pages.frame import BEHIND, PROVISIONAL, framed
from cxcurve.web.reader import Reader
from cxcurve.workspace import Workspace, init
from cxcurve.workspace import open as open_workspace

SOURCES = """
log: {files: events.csv, time: {column: at}, account: who, id: id, name: name}
accounts: {files: customers.csv, table: customers, columns: {customer_id: id, name: called}}
"""
OLD = ["1,2026-01-05T10:00:00Z,a,demo_held", "2,2026-01-20T10:00:00Z,a,ticket_opened"]
NEW = ["3,2026-01-19T10:00:00Z,a,ticket_opened", "4,2026-01-19T11:00:00Z,b,demo_held"]
NOW, EARLIER = Whom(), Whom(as_of="2026-01-19")


def load(workspace: Workspace, rows: list[str], name: str = "Acme") -> None:
    (workspace.folder / "events.csv").write_text("\n".join(["id,at,who,name", *rows, ""]), encoding="utf-8")
    (workspace.folder / "customers.csv").write_text(f"id,called\na,{name}\n", encoding="utf-8")
    workspace.load()


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path) -> Iterator[Workspace]:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        (workspace.folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
        load(workspace, OLD)
        workspace.score()
        yield workspace


def customer(reader: Reader, customer_id: str = "a", whom: Whom = NOW) -> dict[str, Any]:
    with reader.view(whom) as view:
        return view.customer(customer_id).to_json()


def told(reader: Reader, whom: Whom = NOW) -> str:
    with reader.view(whom) as view:
        return str(framed(view, Asked({}, whom), "", "", "")["provisional"])


def test_a_customers_page_knows_the_events_of_the_last_score_alone(workspace: Workspace) -> None:
    before = customer(Reader(workspace))
    assert [event["event_id"] for event in before["timeline"]] == ["2", "1"]
    load(workspace, [*OLD, *NEW])
    reader = Reader(workspace)
    assert customer(reader) == before == workspace.customer("a").to_json()
    with pytest.raises(UnknownNameError):
        customer(reader, "b")
    workspace.score()
    assert [event["event_id"] for event in customer(reader)["timeline"]] == ["2", "3", "1"]
    assert customer(reader, "b")["stage"]


def test_an_earlier_day_is_worked_out_again_after_a_load(workspace: Workspace) -> None:
    reader = Reader(workspace)
    assert [event["event_id"] for event in customer(reader, whom=EARLIER)["timeline"]] == ["1"]
    load(workspace, [*OLD, *NEW])
    assert [event["event_id"] for event in customer(reader, whom=EARLIER)["timeline"]] == ["3", "1"]


def test_a_name_is_new_after_a_load_that_needs_no_score(workspace: Workspace) -> None:
    reader = Reader(workspace)
    assert customer(reader)["customer"]["name"] == "Acme"
    load(workspace, OLD, "Ajax")
    assert not workspace.is_behind
    assert customer(reader)["customer"]["name"] == "Ajax"


def test_what_a_failed_load_left_is_seen(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(workspace)
    assert customer(reader)["customer"]["name"] == "Acme"

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workspace.store, "append", fail)
    with pytest.raises(KeyboardInterrupt):
        load(workspace, [*OLD, *NEW], "Ajax")
    assert customer(reader)["customer"]["name"] == "Ajax"


def test_pages_say_which_source_is_silent(workspace: Workspace) -> None:
    def said(reader: Reader) -> str:
        with reader.view(Whom(as_of="2026-03-01")) as view:
            return str(framed(view, Asked({}, view.whom), "", "", "")["silent"])

    assert said(Reader(workspace)) == "None"
    workspace.close()
    text = SOURCES.replace("name: name}", "name: name, expected_gap: 2d}")
    (workspace.folder / "sources.yaml").write_text(text, encoding="utf-8")
    with open_workspace(workspace.folder) as again:
        again.score()
        assert "log (41 days; up to 2 days is usual)" in said(Reader(again))


def test_pages_say_that_data_waits_and_another_day_does_not(workspace: Workspace) -> None:
    reader = Reader(workspace)
    assert told(reader) == PROVISIONAL
    load(workspace, [*OLD, *NEW])
    assert told(reader) == BEHIND
    assert "scores and events shown do not know it yet" in BEHIND
    # The second time it is told from what was kept.
    assert [told(reader, EARLIER) for _ in range(2)] == [PROVISIONAL] * 2, "it is worked out from all events"


def test_pages_are_read_while_something_is_written(workspace: Workspace) -> None:
    reader = Reader(workspace)
    before = customer(reader)
    with reader.held(), workspace.store.transaction():
        load(workspace, [*OLD, *NEW], "Ajax")
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(customer(reader)))
        thread.start()
        thread.join(60)
        assert found == [before]
    workspace.score()
    assert customer(reader)["customer"]["name"] == "Ajax"
    assert len(customer(reader)["timeline"]) == 3


def send(workspace: Workspace, customer_id: str) -> int:
    """An event of a customer; returns how many the beat after it brought in."""
    message = {"type": "track", "messageId": customer_id, "event": "demo_held", "timestamp": "2026-01-20T10:00:00Z"}
    body = json.dumps({"batch": [{**message, "context": {"groupId": customer_id}}]}).encode()
    at = round(datetime(2026, 1, 20, 10, tzinfo=UTC).timestamp() * 1e6)
    workspace.live.inbox.put([Request("web", "segment/batch", at, 1, body)]).result()
    return workspace.beat()


def test_a_beat_leaves_the_pages_of_those_alone_to_whom_nothing_happened(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, now = Reader(workspace), [1000.0]
    monkeypatch.setattr(kept_module.time, "monotonic", lambda: now[0])

    def seen(customer_id: str) -> Any:
        with reader.view(NOW) as view:
            return view.customer(customer_id)

    load(workspace, [*OLD, *NEW])
    workspace.score()
    before = {name: seen(name) for name in "ab"}
    assert send(workspace, "b") == 1
    assert seen("a") is before["a"]
    assert len(seen("b").timeline) == len(before["b"].timeline) + 1
    now[0] += kept_module.OF_ALL_S
    assert seen("a") is before["a"], "nothing happened at all since it was last looked at"
    assert send(workspace, "a") == 1
    last = seen("a")
    assert len(last.timeline) == len(before["a"].timeline) + 1
    workspace.store.shared.clear()  # as where somebody's name changed, or what may be analysed
    assert send(workspace, "c") == 1
    assert seen("a") is not last


def test_after_a_beat_a_customer_is_told_anew_and_what_is_said_of_all_a_little_later(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, now = Reader(workspace), [1000.0]
    monkeypatch.setattr(kept_module.time, "monotonic", lambda: now[0])

    def seen() -> tuple[int, Any]:
        with reader.view(NOW) as view:
            return len(view.customer("a").timeline), view.scorecard

    n, card = seen()
    assert send(workspace, "a") == 1
    assert seen() == (n + 1, card)
    assert seen()[1] is card
    now[0] += kept_module.OF_ALL_S
    assert seen()[1] is not card
    load(workspace, [*OLD, *NEW])
    later = seen()[1]
    workspace.score()
    assert seen()[1] is not later, "a score that somebody asked for is seen at once"


def test_who_is_unknown_leaves_the_others_as_they_are_now(workspace: Workspace) -> None:
    """What fails takes back the tables that were made for it: none of them is read after that."""
    reader = Reader(workspace)
    for name in ("Acme", "Bcme"):
        load(workspace, [*OLD, *NEW], name)
        workspace.score()
        with pytest.raises(UnknownNameError):
            customer(reader, "nobody")
        assert customer(reader)["customer"]["name"] == name


def test_what_two_want_at_once_is_made_once(workspace: Workspace) -> None:
    reader, is_ready, made = Reader(workspace), threading.Event(), []

    def make() -> int:
        made.append(threading.get_ident())
        is_ready.wait(30)
        return len(made)

    def ask(found: list[int]) -> None:
        with reader.view(NOW) as view:
            found.append(view.kept("slow", make))

    found: list[int] = []
    threads = [threading.Thread(target=ask, args=(found,), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    key, end = (NOW, "slow"), time.monotonic() + 30
    while reader._kept.wanted(key) < 2 and len(made) < 2 and time.monotonic() < end:
        time.sleep(0.001)
    is_ready.set()
    for thread in threads:
        thread.join(30)
    assert (found, len(made), reader._kept.wanted(key)) == ([1, 1], 1, 0)
