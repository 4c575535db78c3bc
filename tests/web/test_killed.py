"""Every writer dies again and again: what was acknowledged is in the log, once, and the scores are as if nothing died.

CXCURVE_KILLS says how often; thirty take two minutes.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from killing import WRITERS, Sender, Zendesk, free_port, grow, killed, made, serving_zendesk, started
from worlds import tables_of

import cxcurve
from cxcurve.sources.connectors import patience
from cxcurve.store.inbox import Request
from cxcurve.workspace import Workspace

KILLS = int(os.environ.get("CXCURVE_KILLS", "5"))


def finished(workspace: Workspace) -> dict[str, Any]:
    """Load what is to be loaded, move what waits, score whom that touched: the tables."""
    workspace.load()
    while workspace.move():
        pass
    workspace.score()
    return tables_of(workspace)


def never_killed(folder: Path, zendesk: Zendesk, files: Path, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The tables of a workspace that got the same, once, in another order."""
    made(folder, zendesk)
    for file in files.glob("log-*.csv"):
        (folder / file.name).write_bytes(file.read_bytes())
    with cxcurve.open(folder) as workspace:
        body = json.dumps({"batch": messages}).encode()
        workspace.live.inbox.put([Request("web", "segment/batch", 1_790_000_000_000_000, len(messages), body)])
        found = finished(workspace)
        return found | {"log": log_of(workspace)}


def log_of(workspace: Workspace) -> list[tuple[Any, ...]]:
    """Every event with its customer."""
    columns = "event_id, customer_id, name, source, occurred_us, person_id, anonymous_id, account_id, properties"
    return workspace.store.rows(f"SELECT {columns} FROM events ORDER BY ALL")


def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError("it is never so")


def same(found: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> bool:
    """Equal; floats to 1e-9."""
    return len(found) == len(wanted) and all(
        a == pytest.approx(b, rel=1e-9, abs=1e-9) if isinstance(a, float) and b is not None else a == b
        for one, other in zip(found, wanted, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_no_death_loses_doubles_or_changes_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dlt", reason='needs pip install "cxcurve[connect]"')
    monkeypatch.setenv("CXCURVE_ZENDESK_TOKEN", "sesame")
    monkeypatch.setattr(patience, "sleep", lambda _: None)
    folder, port, rng = tmp_path / "w", free_port(), random.Random(5)
    n_killed, longest_s = 0, dict.fromkeys(WRITERS, 2.0)
    with serving_zendesk() as zendesk:
        key = made(folder, zendesk)
        grow(folder, zendesk, 0)
        with cxcurve.open(folder) as workspace:
            workspace.load()
        senders = [Sender(number, port, key) for number in range(3)]
        for sender in senders:
            sender.start()
        while n_killed < KILLS:
            writer = WRITERS[n_killed % len(WRITERS)]
            if killed(folder, started(folder, writer, port), rng.uniform(0, longest_s[writer])):
                n_killed += 1
                longest_s[writer] *= 1.1
            else:
                longest_s[writer] *= 0.8
            grow(folder, zendesk, n_killed)
        last = started(folder, "serve", port)
        for sender in senders:
            wait_for(lambda sender=sender: len(sender.acknowledged) > 100)
            sender.stopped.set()
            sender.join(60)
            assert not sender.is_alive(), folder.with_suffix(".said").read_text()
        killed(folder, last, 0)
        messages = [message for sender in senders for message in sender.acknowledged]
        with cxcurve.open(folder) as workspace:
            found = finished(workspace) | {"log": log_of(workspace)}
            told: Any = workspace.live.ledger(workspace.store)
            workspace.score(full=True)
            full = tables_of(workspace)
        wanted = never_killed(tmp_path / "other", zendesk, folder, messages)
    ids = [row[0] for row in found["log"]]
    tracked = {message["messageId"] for message in messages if message["type"] == "track"}
    assert len(tracked) > 100
    assert tracked <= set(ids)
    assert len(ids) == len(set(ids))
    events, items = told["events"], told["items"]
    assert events["loaded"] == len(tracked)
    assert events["made"] == events["loaded"] + events["duplicate"]
    assert items["received"] == items["used"] + items["no_event"] >= len(messages)
    for name, rows in wanted.items():
        assert same(found[name], rows), name
        assert name == "log" or same(full[name], rows), name
