"""The inbox: acknowledged is on disk, moved is gone, full is said."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxcurve.errors import InboxFullError
from cxcurve.store.inbox import Inbox, Request, _connect


def request(body: bytes, source: str = "web", n_items: int = 1) -> Request:
    return Request(source, "segment/track", 1_800_000_000_000_000, n_items, body)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    found = Inbox(tmp_path / "inbox.db")
    yield found
    found.close()


def test_what_is_kept_comes_out_in_its_order_and_whole(inbox: Inbox) -> None:
    inbox.put([request(b"one"), request(b"two")]).result()
    last = inbox.put([request(b"\x00three")]).result()
    assert [one.body for one in inbox.after(0, 100)] == [b"one", b"two", b"\x00three"]
    assert [one.position for one in inbox.after(0, 100)] == [1, 2, 3]
    assert last == 3
    assert [one.body for one in inbox.after(2, 100)] == [b"\x00three"]


def test_so_many_items_together_or_one_request_of_more(inbox: Inbox) -> None:
    inbox.put([request(b"a", n_items=50), request(b"b", n_items=40), request(b"c", n_items=20)]).result()
    assert [one.body for one in inbox.after(0, 100)] == [b"a", b"b"]
    assert [one.body for one in inbox.after(0, 10)] == [b"a"]


def test_what_waits_is_counted_by_source(inbox: Inbox) -> None:
    inbox.put([request(b"a", n_items=5), request(b"b", "app", 2), request(b"c", n_items=1)]).result()
    assert inbox.waiting(0) == {"web": 6, "app": 2}
    assert inbox.waiting(1) == {"web": 1, "app": 2}


def test_positions_are_never_given_again(inbox: Inbox, tmp_path: Path) -> None:
    """Else what came after everything was moved would count as moved."""
    assert inbox.put([request(b"a"), request(b"b")]).result() == 2
    inbox.forget(2)
    assert inbox.put([request(b"c")]).result() == 3
    inbox.close()
    again = Inbox(tmp_path / "inbox.db")
    again.forget(3)
    assert again.put([request(b"d")]).result() == 4
    again.close()


def test_it_is_the_same_inbox_when_opened_again_and_another_one_when_made_anew(tmp_path: Path) -> None:
    ids = []
    for name in ("a.db", "a.db", "b.db"):
        inbox = Inbox(tmp_path / name)
        ids.append(inbox.id)
        inbox.close()
    assert ids[0] == ids[1] != ids[2]


def test_what_is_forgotten_is_in_no_file_any_more(inbox: Inbox, tmp_path: Path) -> None:
    inbox.put([request(b"somebody@example.org" * 100) for _ in range(50)]).result()
    assert any(b"somebody@example.org" in file.read_bytes() for file in tmp_path.iterdir())
    inbox.forget(50)
    assert not any(b"somebody@example.org" in file.read_bytes() for file in tmp_path.iterdir())


def test_a_full_inbox_says_so_and_takes_more_once_it_was_moved(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db", most_kept_bytes=100)
    inbox.put([request(b"x" * 101)]).result()
    with pytest.raises(InboxFullError, match="the inbox is full: events come in faster than they are stored") as full:
        inbox.put([request(b"y")])
    assert full.value.retry_after_s == 10
    inbox.forget(1)
    assert inbox.put([request(b"y")]).result() == 2
    inbox.close()


def test_full_is_full_after_opening_it_again(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db")
    inbox.put([request(b"x" * 101)]).result()
    inbox.close()
    again = Inbox(tmp_path / "inbox.db", most_kept_bytes=100)
    with pytest.raises(InboxFullError):
        again.put([request(b"y")])
    again.close()


def test_a_slow_disk_is_told_while_others_wait(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db", most_queued_bytes=100)
    with sqlite3.connect(tmp_path / "inbox.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # the disk "takes" nothing for as long
        waiting = inbox.put([request(b"x" * 90)])
        with pytest.raises(InboxFullError, match="the disk is slower than what comes in"):
            inbox.put([request(b"y" * 20)])
        assert not waiting.done()
        other.execute("ROLLBACK")
    assert waiting.result(30) == 1
    assert inbox.put([request(b"y" * 20)]).result(30) == 2
    inbox.close()


def test_a_full_disk_is_told_and_nothing_that_was_acknowledged_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []

    def connect(path: Path) -> sqlite3.Connection:
        opened.append(_connect(path))
        return opened[-1]

    monkeypatch.setattr("cxcurve.store.inbox._connect", connect)
    inbox = Inbox(tmp_path / "inbox.db")
    inbox.put([request(b"before")]).result()
    writing = opened[1]
    writing.execute("PRAGMA max_page_count = 20")  # SQLite's own "disk full"
    refused = inbox.put([request(b"x" * 1_000_000)])
    with pytest.raises(InboxFullError, match=r"the disk takes nothing more .*full.* Nothing of this request was kept"):
        refused.result(30)
    writing.execute("PRAGMA max_page_count = 100000")
    inbox.put([request(b"after")]).result(30)
    assert [one.body for one in inbox.after(0, 100)] == [b"before", b"after"]
    inbox.close()


_WRITER = """
import sys
from pathlib import Path
from cxcurve.store.inbox import Inbox, Request
inbox = Inbox(Path(sys.argv[1]))
for i in range(100_000):
    inbox.put([Request("web", "segment/track", 1, 1, str(i).encode())]).result()
    print(i, flush=True)
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "inbox.db"
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(200)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout.read().splitlines() if line.strip()]
    inbox = Inbox(path)
    kept = [int(one.body) for one in inbox.after(0, 200_000)]
    inbox.close()
    assert kept == list(range(len(kept)))
    assert set(acknowledged) <= set(kept)
    assert len(kept) - len(acknowledged) <= 1
