"""The same events sent over HTTP once, and in several shuffled copies: are the tables the same?

    python -m bench.replay [--events 200000] [--copies 5]

Integer columns of all derived tables have to be equal by hash, floats to 1e-9, and each event is in the log once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import random
import socket
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bench.ingest import serve_inbox, wait_for

BATCH = 500
ACCOUNTS = 2_000
T0, WEEKS = 1_767_225_600, 40  # 2026-01-01
EVENTS = (
    "subscription_started", "kickoff_held", "first_value_reached", "core_feature_used", "core_feature_used",
    "feature_adopted", "ticket_opened", "ticket_closed", "content_downloaded", "referral_made", "seats_added",
    "payment_failed",
)  # fmt: skip


def messages(n: int) -> list[dict[str, Any]]:
    """Events of visitors, persons and accounts, and who is who."""
    rng = random.Random(7)
    return [_message(rng, number) for number in range(n)]


def _message(rng: random.Random, number: int) -> dict[str, Any]:
    account = min(int(rng.expovariate(4 / ACCOUNTS)), ACCOUNTS - 1)
    person = f"p{account}-{rng.randrange(4)}"
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(T0 + rng.randrange(WEEKS * 604_800)))
    said: dict[str, Any] = {"messageId": f"m{number}", "timestamp": at}
    kind = rng.random()
    if kind < 0.02:
        return {**said, "type": "identify", "userId": person, "anonymousId": f"v{person}", "traits": {"step": number}}
    if kind < 0.04:
        return {**said, "type": "group", "userId": person, "groupId": f"a{account}", "traits": {"plan": "pro"}}
    said |= {"type": "track", "event": rng.choice(EVENTS), "properties": {"n": number, "revenue": rng.random() * 100}}
    return said | ({"anonymousId": f"v{person}"} if kind < 0.2 else {"userId": person})


def bodies(sent: list[dict[str, Any]]) -> list[bytes]:
    """Requests of so many messages."""
    return [json.dumps({"batch": sent[i : i + BATCH]}).encode() for i in range(0, len(sent), BATCH)]


def taken_in(folder: Path, requests: list[bytes]) -> dict[str, Any]:
    """Send, move, score: the ledger, and the tables."""
    import cxcurve
    from cxcurve.workspace import init

    with init(folder, "b2b-saas") as workspace:
        key = workspace.live.keys.create("write", "web", 1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = multiprocessing.get_context("spawn").Process(target=serve_inbox, args=(port, str(folder)), daemon=True)
    server.start()
    wait_for(port)
    _send(port, key, requests)
    server.terminate()
    server.join()
    with cxcurve.open(folder) as workspace:
        while workspace.move():
            pass
        workspace.score()
        told: Any = workspace.live.ledger(workspace.store)
        return {"events": told["events"], "items": told["items"], **tables(workspace)}


def _send(port: int, key: str, requests: list[bytes]) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    for body in requests:
        connection.request("POST", "/v1/batch", body, {"Authorization": f"Bearer {key}"})
        with connection.getresponse() as answer:
            assert answer.status == 200, answer.read()
            answer.read()
    connection.close()


def tables(workspace: Any) -> dict[str, tuple[str, Any]]:
    """Of each table a hash of its integer and text columns, and its floats, in an order of its own."""
    from cxcurve import tables as contract

    names = ["event_log", *contract.DERIVED]
    return {name: _told(workspace.store, name) for name in names if workspace.store.has(name)}


def _told(store: Any, name: str) -> tuple[str, Any]:
    """Keys are given in the order in which ids came; ids tell the same without them."""
    columns = {row[0] for row in store.rows(f"SELECT column_name FROM duckdb_columns() WHERE table_name = '{name}'")}
    of = "k.customer_id, " if "customer_key" in columns else ""
    named = "s.name AS signal, " if "signal_key" in columns else ""
    left_out = ", ".join(sorted(columns & {"customer_key", "signal_key", "received_us", "body", "row_key"}))
    sql = f"SELECT {of}{named}t.* {f'EXCLUDE ({left_out})' if left_out else ''} FROM {name} AS t"
    sql += " JOIN customer_keys AS k USING (customer_key)" if of else ""
    sql += " LEFT JOIN signal_keys AS s USING (signal_key)" if named else ""
    frame = store.fetch(sql).to_pandas()
    is_float = [one.kind == "f" for one in frame.dtypes]
    exact = frame.loc[:, [not one for one in is_float]].astype(str)
    order = exact.sort_values(list(exact.columns), kind="stable").index
    text = exact.loc[order].to_csv(index=False).encode()
    return hashlib.sha256(text).hexdigest(), frame.loc[order, is_float].to_numpy(dtype=float)


def same(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """What differs."""
    import numpy as np

    wrong = []
    for name, told in wanted.items():
        if name in {"events", "items"}:
            continue
        (digest, floats), (other, others) = found[name], told
        if digest != other:
            wrong.append(f"{name}: integers differ")
        elif not np.allclose(floats, others, rtol=1e-9, atol=1e-9, equal_nan=True):
            wrong.append(f"{name}: floats differ by {np.nanmax(np.abs(floats - others)):.2g}")
    return wrong


def main() -> None:
    """Send and compare; exits with 1 where anything differs."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    args = parser.parse_args()
    once = messages(args.events)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        wanted = taken_in(Path(folder) / "once", bodies(once))
        print("once", wanted["events"], flush=True)
        for n in args.copies:
            sent = once * n
            random.Random(n).shuffle(sent)
            started = time.perf_counter()
            found = taken_in(Path(folder) / str(n), bodies(sent))
            differs = same(found, wanted)
            wrong += differs
            took = time.perf_counter() - started
            print(f"{n} shuffled: {found['events']}, {', '.join(differs) or 'the same'}, {took:.0f} s", flush=True)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
