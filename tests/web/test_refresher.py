"""Pages are made anew beside those who read them: nobody waits, and nothing that was taken back is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serving
from test_reader import send

import cxcurve
from cxcurve.people.roles import Role
from cxcurve.people.scope import Scope
from cxcurve.web import kept as kept_module
from cxcurve.web import refresher as refresher_module
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.pages import customers, scorecard
from cxcurve.web.reader import Reader, View
from cxcurve.web.refresher import Refresher
from cxcurve.web.visitor import Visitor, visiting
from cxcurve.workspace import Workspace

NOW = Asked({}, Whom())


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path) -> Iterator[Workspace]:
    with cxcurve.open(serving.copied(tmp_path)) as workspace:
        yield workspace


def card(reader: Reader) -> Any:
    """The very object that pages are made of."""
    with reader.view(Whom()) as view:
        return view.scorecard


def test_what_was_warmed_is_there_for_the_first_who_reads(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(workspace)
    Refresher(reader, [scorecard.build]).warm()
    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "scorecard_of", lambda *_: pytest.fail("made again"))
        assert card(reader).rows


def test_after_a_beat_a_round_gives_readers_what_is_new(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, now = Reader(workspace), [1000.0]
    monkeypatch.setattr(kept_module.time, "monotonic", lambda: now[0])
    refresher = Refresher(reader, [scorecard.build])
    reader.is_refreshed(value=True)
    before = card(reader)
    assert send(workspace, "c-00001") == 1
    now[0] += kept_module.REFRESHED_S - 1
    assert card(reader) is before, "nobody waits for what will be made"
    refresher.refresh()
    after = card(reader)
    assert after is not before
    refresher.refresh()
    assert card(reader) is after, "nothing is new, and nothing was made"
    send(workspace, "c-00002")
    now[0] += kept_module.REFRESHED_S
    assert card(reader) is not after, "where no round came for so long it is made for who reads"


def test_what_was_taken_back_is_not_shown_whatever_a_round_had_made(workspace: Workspace) -> None:
    reader = Reader(workspace)
    reader.is_refreshed(value=True)
    seen: list[set[str]] = []

    def names() -> set[str]:
        with reader.view(Whom()) as view:
            return {row["customer_id"] for row in view.customers}

    gone = sorted(names())[0]

    def build(view: View, asked: Asked) -> None:
        """A round reads, then somebody is erased, then the round hands over what it read."""
        seen.append({row["customer_id"] for row in view.customers})

    send(workspace, "c-00001")
    with reader.refreshing() as views:
        with views(Whom()) as view:
            build(view, NOW)
        workspace.erase(gone)
        assert gone not in names()  # who reads knows of it, and what the round hands over is of before
    assert gone in seen[0]
    assert gone not in names()


def test_a_page_is_made_for_whom_it_was_read_by(workspace: Workspace) -> None:
    reader, made = Reader(workspace), list[set[str]]()
    who = Visitor("dach@example.com", Role.ANALYST, Scope.read(["region=DACH"]))

    def build(view: View, asked: Asked) -> None:
        made.append({row["region"] for row in view.customers})

    refresher = Refresher(reader)
    with visiting(who):
        refresher.note(build, NOW)
    refresher.note(build, NOW)
    refresher.note(build, Asked({"as_of": "2026-01-01"}, Whom(as_of="2026-01-01")))  # another moment does not change
    refresher.refresh()
    assert len(made) == 2
    assert made[0] > made[1] == {"DACH"}


def test_pages_that_nobody_reads_any_more_are_left(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    now, made = [1000.0], list[int]()
    monkeypatch.setattr(refresher_module.time, "monotonic", lambda: now[0])
    refresher = Refresher(Reader(workspace), [lambda view, asked: made.append(1)])
    refresher.refresh()
    now[0] += refresher_module.READ_S
    send(workspace, "c-00001")
    refresher.refresh()
    assert made == [1]


def test_a_page_that_fails_ends_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresher_module, "LEAST_S", 0.01)
    monkeypatch.setattr(refresher_module, "TIMES", 0.0)
    made, is_made = list[int](), threading.Event()

    def broken(view: View, asked: Asked) -> None:
        made.append(1)
        if len(made) > 1:
            is_made.set()
        raise ZeroDivisionError

    refresher = Refresher(Reader(workspace), [broken, customers.build])
    refresher.start()
    try:
        send(workspace, "c-00001")
        assert is_made.wait(60)
    finally:
        refresher.stop()
    assert not refresher.is_alive()
