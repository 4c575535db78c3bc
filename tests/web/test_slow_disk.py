"""A disk that takes its time: senders are told to wait, and what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from cxcurve.store import inbox as inbox_module
from cxcurve.store.inbox import Inbox
from cxcurve.web import ingest
from cxcurve.web.app import create_app
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.live import INBOX_FILE

SENDERS, EACH = 8, 6
T = TypeVar("T")
SLOW_S = 0.05


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with init(tmp_path / "w", "b2b-saas") as found:
        yield found


def slowed(monkeypatch: pytest.MonkeyPatch, how_long: Callable[[], float]) -> None:
    """Let each commit of the inbox take so much longer."""
    committed = inbox_module._transaction

    @contextmanager
    def transaction(connection: sqlite3.Connection) -> Iterator[None]:
        with committed(connection):
            yield
            time.sleep(how_long())

    monkeypatch.setattr(inbox_module, "_transaction", transaction)


def in_its_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Its result; this thread may run the loop of a browser's tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def sent(workspace: Workspace) -> tuple[set[str], Counter[tuple[int, str]]]:
    """Many senders at once, each sending a message until it is acknowledged.

    Returns:
        The ids that were acknowledged, and how often each answer came: its status and code.
    """
    key = workspace.live.keys.create("write", "web", 1)
    acknowledged, answers = set[str](), Counter[tuple[int, str]]()
    transport = httpx.ASGITransport(create_app(workspace))

    async def send(client: httpx.AsyncClient, id_: str, pauses: random.Random) -> None:
        while id_ not in acknowledged:
            await asyncio.sleep(pauses.uniform(0, SLOW_S / 2))
            answer = await client.post("/v1/track", json=message(id_))
            answers[answer.status_code, answer.json().get("code", "")] += 1
            if answer.status_code == 200:
                acknowledged.add(id_)
            else:
                assert int(answer.headers["retry-after"]) > 0

    async def sender(client: httpx.AsyncClient, number: int) -> None:
        for n in range(EACH):
            await send(client, f"m{number}-{n}", random.Random(f"{number}-{n}"))

    async with httpx.AsyncClient(transport=transport, base_url="http://here", auth=(key, "")) as client:
        await asyncio.gather(*(sender(client, number) for number in range(SENDERS)))
    return acknowledged, answers


def message(id_: str) -> dict[str, Any]:
    return {"event": "core_feature_used", "userId": "u", "messageId": id_, "timestamp": "2026-05-01T08:00:00Z"}


def stored(workspace: Workspace) -> list[str]:
    while workspace.move():
        pass
    return [id_ for (id_,) in workspace.store.rows("SELECT event_id FROM events ORDER BY 1")]


def test_more_than_the_disk_takes_waits_outside(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    slowed(monkeypatch, lambda: SLOW_S)
    some = 4 * len(httpx.Request("POST", "http://here", json=message("m10-10")).content)
    workspace.live.__dict__["inbox"] = Inbox(workspace.live.folder / INBOX_FILE, most_queued_bytes=some)
    acknowledged, answers = in_its_own_loop(sent(workspace))
    assert len(acknowledged) == answers[200, ""] == SENDERS * EACH
    assert set(answers) == {(200, ""), (429, "full")}
    assert stored(workspace) == sorted(acknowledged)
    received = workspace.live.ledger(workspace.store)["items"]["received"]
    assert received == len(acknowledged), "nothing of a refused request is kept"


def test_what_was_kept_after_the_sender_was_told_to_wait_counts_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = iter([6 * SLOW_S] * 3)
    slowed(monkeypatch, lambda: next(pauses, 0))
    monkeypatch.setattr(ingest, "LONGEST_WAIT_S", 3 * SLOW_S)
    acknowledged, answers = in_its_own_loop(sent(workspace))
    assert set(answers) == {(200, ""), (429, "too_slow")}
    assert stored(workspace) == sorted(acknowledged)
    received = workspace.live.ledger(workspace.store)["items"]["received"]
    assert received > len(acknowledged), "some came twice"
