"""A workspace whose writers are killed again and again: the server under load, loads of files and of a service, scores.

Each round brings something new for every writer, so that each has work to be killed in.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cxcurve.workspace import init

WRITERS = ("serve", "load log", "load zendesk", "score", "score --full")
EVENTS = (
    "subscription_started", "first_value_reached", "core_feature_used", "core_feature_used", "ticket_opened",
    "ticket_closed", "content_downloaded", "referral_made", "feature_adopted", "seats_added",
)  # fmt: skip
N_ACCOUNTS, ROWS_A_ROUND, TICKETS_A_ROUND = 25, 400, 60
T0 = 1_780_000_000  # 2026-05-28
WEEK = 604_800
SOURCES = """\
log:
  files: log-*.csv
  time: {{column: at}}
  account: who
  id: id
  name: what
zendesk:
  connect: {{service: zendesk, rows: tickets, subdomain: acme, email: ada@acme.example, url: "{url}"}}
  time: {{column: created_at}}
  account: organization_id
  id: id
  by: id
  order: updated_at
  events:
    ticket_opened: {{first: true}}
    ticket_closed: {{last: true}}
"""
FORKS = multiprocessing.get_context("forkserver")
# A kill is to meet the work, not the imports before it.
FORKS.set_forkserver_preload(["dlt", "cxcurve.cli.reports", "cxcurve.cli.working", "cxcurve.web.app"])


@dataclass
class Zendesk:
    """A service on loopback that pages through its tickets; they grow while it is asked."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def page(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """Thirty tickets from a moment on, or from where the last page ended."""
        since, _, at = query.get("cursor", f"{query.get('start_time', 0)}-0").partition("-")
        chosen = [one for one in self.tickets if one["generated_timestamp"] >= int(since)]
        end = min(int(at) + 30, len(chosen))
        cursor = f"{since}-{end}"
        return {
            "tickets": chosen[int(at) : end], "after_cursor": cursor, "end_of_stream": end == len(chosen),
            "after_url": f"{self.url}{path.strip('/')}?cursor={cursor}",
        }  # fmt: skip


@contextmanager
def serving_zendesk() -> Iterator[Zendesk]:
    """The service on a free port."""
    zendesk = Zendesk()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = json.dumps(zendesk.page(parts.path, {k: v[-1] for k, v in parse_qs(parts.query).items()})).encode()
            try:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # whoever asked was killed

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    zendesk.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield zendesk
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def grow(folder: Path, zendesk: Zendesk, number: int) -> None:
    """What is new in a round: another file of the log, further tickets."""
    rng = random.Random(number)
    since = T0 + number % 4 * WEEK
    rows = [
        f"{number}-{i},{iso(since + rng.randrange(4 * WEEK))},a{rng.randrange(N_ACCOUNTS)},{rng.choice(EVENTS)}\n"
        for i in range(ROWS_A_ROUND)
    ]
    fresh = folder / f"log-{number:03}.csv.new"
    fresh.write_text("id,at,who,what\n" + "".join(rows), encoding="utf-8")
    fresh.rename(folder / f"log-{number:03}.csv")
    first = len(zendesk.tickets)
    for i in range(first, first + TICKETS_A_ROUND):
        made = iso(T0 + i * 600)
        zendesk.tickets.append(
            {"id": i, "created_at": made, "updated_at": made, "generated_timestamp": T0 + i * 600, "status": "open",
             "organization_id": f"a{i % N_ACCOUNTS}", "requester_id": i}
        )  # fmt: skip


def iso(at: int) -> str:
    """A moment as services and clients write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def made(folder: Path, zendesk: Zendesk) -> str:
    """A workspace with both sources; returns a key for a third that sends."""
    with init(folder, "b2b-saas") as workspace:
        key = workspace.live.keys.create("write", "web", 1)
    (folder / "sources.yaml").write_text(SOURCES.format(url=zendesk.url), encoding="utf-8")
    return key


def message(sender: int, number: int) -> dict[str, Any]:
    """One of endlessly many: events for the most part, and who is who."""
    said = {"messageId": f"m{sender}-{number}", "timestamp": iso(T0 + number * 3_600 % (8 * WEEK))}
    said["anonymousId"] = f"v{number % 40}"
    if number % 17 == 0:
        return {**said, "type": "identify", "userId": f"p{number % 40}", "traits": {"step": number}}
    if number % 23 == 0:
        said["userId"] = f"p{number % 40}"
        return {**said, "type": "group", "groupId": f"a{number % 40 % N_ACCOUNTS}", "traits": {"plan": "pro"}}
    return {**said, "type": "track", "event": EVENTS[number % len(EVENTS)], "properties": {"n": number}}


class Sender(threading.Thread):
    """Sends batches until stopped, each again until it is acknowledged; remembers what was."""

    def __init__(self, number: int, port: int, key: str) -> None:
        super().__init__(daemon=True)
        self.number, self.port, self.key = number, port, key
        self.acknowledged: list[dict[str, Any]] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        n = 0
        while not self.stopped.is_set():
            batch = [message(self.number, n + i) for i in range(5)]
            while not self.sent(batch):
                time.sleep(0.05)
            n += 5
            time.sleep(0.02)

    def sent(self, batch: list[dict[str, Any]]) -> bool:
        body = json.dumps({"batch": batch, "writeKey": self.key}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/batch", body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                is_kept = all(item["ok"] for item in json.load(answer)["items"])
        except (HTTPException, OSError, ValueError):  # an answer cut off in the middle is none
            return False
        assert is_kept
        self.acknowledged += batch
        return True


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write(folder: str, writer: str, port: int) -> None:
    """Do what a command does, in small steps; what it says goes into a file beside the workspace."""
    from cxcurve.cli import main
    from cxcurve.pipeline import loading, moving
    from cxcurve.sources import fetching, reading
    from cxcurve.sources.connectors import patience

    patience.sleep = lambda _: None  # the service's limit on requests a minute
    reading.CHUNK_ROWS = loading.KEYS_AT_ONCE = fetching.ROWS_AT_ONCE = 40
    moving.MOST_ITEMS = 100
    arguments = ["serve", "--port", str(port)] if writer == "serve" else writer.split()
    with Path(f"{folder}.said").open("w") as said:
        for standard in (1, 2):
            os.dup2(said.fileno(), standard)
        sys.argv = ["cxcurve", "-w", folder, *arguments]
        main()


def started(folder: Path, writer: str, port: int) -> BaseProcess:
    """A writer at work."""
    process = FORKS.Process(target=write, args=(str(folder), writer, port), daemon=True)
    process.start()
    while writer == "serve" and process.is_alive():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.02)
    return process


def killed(folder: Path, process: BaseProcess, after_s: float) -> bool:
    """Kill it after a while; whether it had not ended by itself."""
    process.join(after_s)
    process.kill()
    process.join()
    assert process.exitcode in {0, -signal.SIGKILL}, folder.with_suffix(".said").read_text()
    return process.exitcode != 0
