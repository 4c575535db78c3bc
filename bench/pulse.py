"""How long from an event to the score that knows it, while events are sent, taken in, scored and looked at.

    python -m bench.pulse [--rate 500] [--seconds 120] [--customers 2000] [--readers 1] [--folder DIR] [--json]

The server is a process of its own; sender, probe and reader share the machine with it. A probe sends a ticket for a
customer and asks for his page's JSON until the ticket stands among the reasons of another friction index than before.
Each of the readers opens a page, reads it for some seconds and opens another. Exit code 1 where anything takes longer
than it may.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.ingest import wait_for

VISIBLE_P95_S, PAGE_P95_S = 2.0, 0.5
BATCH, WARM_S, POLL_S, GIVE_UP_S = 10, 10.0, 0.1, 60.0
LONGEST_IDLE_S = 2.0
"""Servers close connections that nobody uses."""
PAGES = ("/", "/curve", "/scorecard", "/drift", "/ttv", "/customers", "/customers?sort=-revenue", "/advocacy")
READ_S = (5.0, 15.0)
"""For how long somebody reads a page."""
ALMOST_MOST = 99.0
"""Of a hundred points; there one more ticket may not be seen in the index."""
LATE_SHARE, LATEST_DAYS = 0.002, 9
"""Messages that were kept on a device: up to so many days late."""


@dataclass
class Found:
    """Seconds that things took, and how much was taken in."""

    visible: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    customer: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    one: list[float] = field(default_factory=list)
    n_sent: int = 0
    n_loaded: int = 0
    n_waiting: int = 0
    seconds: float = 0.0
    server_cpu_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Median, 95th percentile and longest of each, in seconds."""
        told = {name: spread(getattr(self, name)) for name in ("visible", "acknowledged", "customer", "pages", "one")}
        told["read"] = spread([*self.pages, *self.one])
        return {
            **told,
            "sent_per_second": self.n_sent / self.seconds,
            "loaded_per_second": self.n_loaded / self.seconds,
            "n_waiting": self.n_waiting,
            "server_processors": self.server_cpu_s / self.seconds,
        }


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile, longest, and of how many."""
    if len(seconds) < 2:
        return {"n": len(seconds)}
    return {
        "p50": statistics.median(seconds),
        "p95": statistics.quantiles(seconds, n=20, method="inclusive")[-1],
        "max": max(seconds),
        "n": len(seconds),
    }


class Client:
    """A few connections to the server, each for one request at a time."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key
        self._free: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        since, reader, writer = self._free.pop() if self._free else (0.0, None, None)
        if reader is None or writer is None or time.perf_counter() - since > LONGEST_IDLE_S:
            if writer is not None:
                writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        yield reader, writer
        self._free.append((time.perf_counter(), reader, writer))

    async def asked(self, path: str, body: bytes | None = None) -> tuple[bytes, float]:
        """The answer's body, and how long it took."""
        head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
        head += f"Authorization: Bearer {self._key}\r\nContent-Length: {len(body or b'')}\r\n\r\n"
        async with self._connection() as (reader, writer):
            started = time.perf_counter()
            writer.write(head.encode() + (body or b""))
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert answer.startswith(b"http/1.1 200"), (path, answer)
            said = await reader.readexactly(int(answer.split(b"content-length: ")[1].split(b"\r\n")[0]))
            return said, time.perf_counter() - started


class Company:
    """Who may do what: known customers and persons, as often and with what they did before."""

    def __init__(self, folder: Path, seed: int) -> None:
        import cxcurve

        with cxcurve.open(folder) as workspace:
            sql = "SELECT customer_id, person_id, name, value FROM events WHERE account_id IS NOT NULL"
            self._done = workspace.store.rows(f"{sql} USING SAMPLE 20000 ROWS (reservoir, {seed})")
            self.inside = [row["customer_id"] for row in workspace.customers() if row["friction_index"] is not None]
            self.key = workspace.live.keys.create("write", "web", time.time_ns() // 1000)
        self._rng, self._numbers = random.Random(seed), itertools.count(time.time_ns())

    def messages(self, n: int) -> list[dict[str, Any]]:
        """What some customers do now; few of them hear of it days later."""
        return [self._message() for _ in range(n)]

    def _message(self) -> dict[str, Any]:
        customer, person, name, value = self._rng.choice(self._done)
        late_s = self._rng.random() * LATEST_DAYS * 86_400 if self._rng.random() < LATE_SHARE else 0.0
        who: dict[str, Any] = {"userId": person} if person else {"anonymousId": f"v-{customer}"}
        return {
            "type": "track", "messageId": f"m-{next(self._numbers)}", "event": name, **who,
            "timestamp": (datetime.now(UTC) - timedelta(seconds=late_s)).isoformat(),
            "properties": {"path": "/reports/weekly"} | ({} if value is None else {"value": value}),
            "context": {"groupId": customer, "library": {"name": "@segment/analytics-node", "version": "3.1.0"}},
        }  # fmt: skip

    def probe(self) -> tuple[str, str, bytes]:
        """A ticket: its customer, its id, the message."""
        customer, id_ = self._rng.choice(self.inside), f"probe-{next(self._numbers)}"
        message = {"messageId": id_, "event": "ticket_opened", "anonymousId": "probe", "context": {"groupId": customer}}
        return customer, id_, json.dumps(message).encode()


async def send(client: Client, company: Company, rate: float, until: float, found: Found) -> None:
    """Batches at a steady pace, whether or not those before are acknowledged yet."""
    waiting: set[asyncio.Task[None]] = set()

    async def one() -> None:
        body = json.dumps({"batch": company.messages(BATCH), "sentAt": datetime.now(UTC).isoformat()}).encode()
        _, seconds = await client.asked("/v1/batch", body)
        found.acknowledged.append(seconds)
        found.n_sent += BATCH

    due = time.perf_counter()
    while due < until:
        waiting.add(task := asyncio.create_task(one()))
        task.add_done_callback(waiting.discard)
        due += BATCH / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    await asyncio.gather(*waiting)


async def probe(client: Client, company: Company, until: float, found: Found) -> None:
    """One ticket after the other, each followed until the score knows it."""
    while time.perf_counter() < until:
        customer, id_, message = company.probe()
        page = f"/customers/{customer}.json"
        before = json.loads((await client.asked(page))[0])["friction_index"]
        started = time.perf_counter()
        await client.asked("/v1/track", message)
        while time.perf_counter() - started < GIVE_UP_S:
            said, page_s = await client.asked(page)
            found.customer.append(page_s)
            if id_.encode() in said and _is_scored(json.loads(said), id_, before):
                break
            await asyncio.sleep(POLL_S)
        found.visible.append(time.perf_counter() - started)
        await asyncio.sleep(random.Random(id_).random())


def _is_scored(page: dict[str, Any], id_: str, before: float | None) -> bool:
    named = any(id_ in json.dumps(row["events"]) for row in page["friction"])
    return named and (page["friction_index"] != before or page["friction_index"] > ALMOST_MOST)


async def read(client: Client, company: Company, seed: int, until: float, found: Found) -> None:
    """One person: pages about all customers, and about one of them every other time."""
    rng = random.Random(seed)
    await asyncio.sleep(rng.uniform(0.0, READ_S[1]))
    while time.perf_counter() < until:
        if rng.random() < 0.5:
            found.pages.append((await client.asked(rng.choice(PAGES)))[1])
        else:
            found.one.append((await client.asked(f"/customers/{rng.choice(company.inside)}"))[1])
        await asyncio.sleep(rng.uniform(*READ_S))


async def measured(port: int, company: Company, rate: float, seconds: float, n_readers: int, pid: int) -> Found:
    """Everything at once, after a while to warm up."""
    client = Client(port, company.key)

    async def together(seconds: float, found: Found) -> Found:
        before, cpu_s, started = await _ledger(client), _cpu_s(pid), time.perf_counter()
        until = started + seconds
        sending = send(client, company, rate, until, found)
        reading = (read(client, company, seed, until, found) for seed in range(n_readers))
        others = asyncio.gather(probe(client, company, until, found), *reading)
        await sending
        found.seconds = time.perf_counter() - started
        found.server_cpu_s = _cpu_s(pid) - cpu_s
        await others
        after = await _ledger(client)
        found.n_loaded = after["events"]["loaded"] - before["events"]["loaded"]
        found.n_waiting = after["items"]["waiting"]
        return found

    for path in PAGES:  # the first time takes longer
        await client.asked(path)
    await together(WARM_S, Found())
    return await together(seconds, Found())


async def _ledger(client: Client) -> dict[str, Any]:
    return dict(json.loads((await client.asked("/api/ingest/ledger"))[0]))


def _cpu_s(pid: int) -> float:
    """Processor seconds of a process; 0 where the system does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    ticks = stat.read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def measure(folder: Path, rate: float, seconds: float, n_readers: int) -> Found:
    """With a server of a scored workspace."""
    company = Company(folder, seed=7)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "cxcurve", "-w", str(folder), "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        return asyncio.run(measured(port, company, rate, seconds, n_readers, server.pid))
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    """Measure and print; 1 where it takes too long."""
    parser = argparse.ArgumentParser(prog="python -m bench.pulse", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--readers", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="a scored workspace; a copy is worked on")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "w"
        if asked.folder is None:
            made = ["demo", str(folder), "--no-serve", "--customers", str(asked.customers)]
            subprocess.run([sys.executable, "-m", "cxcurve", *made], check=True, stdout=subprocess.DEVNULL)
        else:
            shutil.copytree(asked.folder, folder)
        found = measure(folder, asked.rate, asked.seconds, asked.readers).to_json()
    if asked.json:
        print(json.dumps(found))
    else:
        _print(found)
    most = {"visible": VISIBLE_P95_S, "read": PAGE_P95_S}
    return 1 if any(found[name].get("p95", 0.0) > seconds for name, seconds in most.items()) else 0


def _print(found: dict[str, Any]) -> None:
    print(f"{os.cpu_count()} processors; sent {found['sent_per_second']:.0f} a second, "
          f"{found['loaded_per_second']:.0f} in the store, {found['n_waiting']} waiting at the end; "
          f"the server took {found['server_processors']:.2f} processors")  # fmt: skip
    for name, said in (
        ("visible", f"from the event to its score (p95 wanted: {VISIBLE_P95_S:g} s)"),
        ("acknowledged", "to the acknowledgement"),
        ("customer", "a customer's page as JSON"),
        ("pages", "a page about all customers"),
        ("one", "a page about one"),
        ("read", f"any page (p95 wanted: {PAGE_P95_S:g} s)"),
    ):
        one = found[name]
        told = "  ".join(f"{key} {one[key]:7.3f} s" for key in ("p50", "p95", "max") if key in one)
        print(f"{told}  of {one['n']:5}  {said}")


if __name__ == "__main__":
    sys.exit(main())
