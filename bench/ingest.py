"""How many events a second are taken in, durably, beside the same client posting to a server that does nothing.

    python -m bench.ingest [--seconds 10] [--json]

Client and server share the machine; the server that does nothing says what the client and the HTTP server cost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BATCH, CONNECTIONS_BATCHED, CONNECTIONS_SINGLE = 100, 8, 64
WANTED = {"batches of 100": 20_000, "one by one": 2_500}
"""Events a second to be acknowledged."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Events a second, ours and those of the server that does nothing."""

    events_per_second: float
    nothing_per_second: float

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return self.nothing_per_second / self.events_per_second


async def nothing(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[..., Any]) -> None:
    """Reads the body and says yes."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


def serve_nothing(port: int) -> None:
    """The server that does nothing."""
    import uvicorn

    uvicorn.run(nothing, host="127.0.0.1", port=port, log_level="error", lifespan="off")


def serve_inbox(port: int, folder: str) -> None:
    """The product's server, without the pulse: what is measured is taking in."""
    import uvicorn

    from cxcurve.web.app import create_app, spare_the_collector
    from cxcurve.workspace import open as open_workspace

    with open_workspace(folder) as workspace:
        spare_the_collector()
        uvicorn.run(create_app(workspace), host="127.0.0.1", port=port, log_level="error")


def message(number: int) -> dict[str, Any]:
    """A message as the clients in use send it, some 450 bytes."""
    return {
        "type": "track", "messageId": f"node-next-{number:032d}", "userId": f"u-{number % 5000}",
        "event": "core_feature_used",
        "timestamp": "2026-11-01T10:00:00.000Z", "properties": {"plan": "pro", "seats": 12, "path": "/reports/weekly"},
        "context": {"library": {"name": "@segment/analytics-node", "version": "3.1.0"}, "groupId": f"a-{number % 500}"},
        "integrations": {}, "_metadata": {"nodeVersion": "v20.20.2", "jsRuntime": "node"},
    }  # fmt: skip


def bodies(size: int, n: int) -> list[bytes]:
    """Requests made beforehand, so that the client costs little."""
    made = []
    for i in range(n):
        messages = [message(i * size + j) for j in range(size)]
        payload = {"batch": messages, "sentAt": "2026-11-01T10:00:01.000Z"} if size > 1 else messages[0]
        made.append(json.dumps(payload).encode())
    return made


async def post(port: int, path: str, key: str, requests: list[bytes], connections: int, seconds: float) -> int:
    """Requests that were answered with 200 in so many seconds."""
    until, done = time.perf_counter() + seconds, 0

    async def one(offset: int) -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        i = offset
        while time.perf_counter() < until:
            body = requests[i % len(requests)]
            i += connections
            head = (
                f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200"), answer
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            done += 1
        writer.close()

    await asyncio.gather(*(one(i) for i in range(connections)))
    return done


def rate(
    serve: Callable[..., None], args: tuple[Any, ...], key: str, size: int, connections: int, seconds: float
) -> float:
    """Events a second that a server acknowledges."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(port, *args), daemon=True)
    server.start()
    try:
        wait_for(port)
        path, requests = ("/v1/batch", bodies(size, 200)) if size > 1 else ("/v1/track", bodies(1, 2000))
        asyncio.run(post(port, path, key, requests, connections, 1.0))  # warm
        started = time.perf_counter()
        n = asyncio.run(post(port, path, key, requests, connections, seconds))
        return n * size / (time.perf_counter() - started)
    finally:
        server.terminate()
        server.join()


def wait_for(port: int) -> None:
    """Until a server listens."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(port)


def measure(seconds: float) -> dict[str, Rate]:
    """Both ways of posting, ours after the server that does nothing."""
    from cxcurve.workspace import init

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        with init(Path(folder) / "w", "b2b-saas") as workspace:
            key = workspace.live.keys.create("write", "web", time.time_ns() // 1000)
        for name, size, connections in (
            ("batches of 100", BATCH, CONNECTIONS_BATCHED),
            ("one by one", 1, CONNECTIONS_SINGLE),
        ):
            bare = rate(serve_nothing, (), key, size, connections, seconds)
            ours = rate(serve_inbox, (str(Path(folder) / "w"),), key, size, connections, seconds)
            found[name] = Rate(ours, bare)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = measure(args.seconds)
    if args.json:
        print(json.dumps({name: asdict(one) | {"ratio": one.ratio} for name, one in found.items()}))
        return
    print(f"{os.cpu_count()} processors")
    for name, one in found.items():
        print(
            f"{name:>16}: {one.events_per_second:8,.0f} events/s acknowledged (wanted {WANTED[name]:,}), "
            f"{one.nothing_per_second:8,.0f} by a server that does nothing, {one.ratio:.1f} times as long"
        )


if __name__ == "__main__":
    main()
