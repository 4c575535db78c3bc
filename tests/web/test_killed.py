"""The server dies again and again under load: what was acknowledged is in the log, once.

CXCURVE_KILLS says how often.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

import cxcurve
from cxcurve.workspace import init

KILLS = int(os.environ.get("CXCURVE_KILLS", "2"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serving(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cxcurve", "-w", str(folder), "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
            return server
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


class Sender(threading.Thread):
    """Sends batches until stopped, each again until it is acknowledged; remembers the ids that were."""

    def __init__(self, number: int, port: int, key: str) -> None:
        super().__init__(daemon=True)
        self.number, self.port, self.key = number, port, key
        self.acknowledged: list[str] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        n = 0
        while not self.stopped.is_set():
            ids = [f"{self.number}-{n}-{i}" for i in range(20)]
            while not self.sent(ids) and not self.stopped.is_set():
                time.sleep(0.05)
            n += 1

    def sent(self, ids: list[str]) -> bool:
        batch = [{"type": "track", "messageId": id_, "userId": id_[:6], "event": "core_feature_used"} for id_ in ids]
        body = json.dumps({"batch": batch, "writeKey": self.key}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/batch", body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                is_kept = bool(json.load(answer)["success"])
        except (HTTPException, OSError, ValueError):  # an answer cut off in the middle is none
            return False
        self.acknowledged += ids
        return is_kept


def test_nothing_acknowledged_is_lost_and_nothing_counts_twice(tmp_path: Path) -> None:
    folder, port, rng = tmp_path / "w", free_port(), random.Random(5)
    with init(folder, "b2b-saas") as workspace:
        key = workspace.live.keys.create("write", "web", 1)
    senders = [Sender(number, port, key) for number in range(3)]
    for number in range(KILLS):
        server = serving(folder, port)
        if number == 0:
            for sender in senders:
                sender.start()
        time.sleep(rng.uniform(0.5, 2.0))
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
    for sender in senders:
        sender.stopped.set()
    for sender in senders:
        sender.join()
    with cxcurve.open(folder) as workspace:
        while workspace.move():
            pass
        kept = [id_ for (id_,) in workspace.store.rows("SELECT event_id FROM event_log")]
        told: Any = workspace.live.ledger(workspace.store)
    acknowledged = {id_ for sender in senders for id_ in sender.acknowledged}
    assert len(acknowledged) > 100
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept)) == told["events"]["loaded"]
    assert told["items"]["received"] == told["events"]["loaded"] + told["events"]["duplicate"]
