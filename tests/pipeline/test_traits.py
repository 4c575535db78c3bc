"""Scores after what was told live are those of the same loaded from a file."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
from worlds import Company

from cxcurve import tables
from cxcurve.store.inbox import Request
from cxcurve.workspace.workspace import Workspace, init

DAY_US = 86_400_000_000
SOURCE = "accounts: {files: customers.csv, table: customers, columns: {customer_id: id}}\n"


def plans(company: Company) -> list[dict[str, Any]]:
    """Each account's seats, segment and plan from its first event on, and half a year later."""
    rng = random.Random(5)
    first: dict[str, int] = {}
    for account, at in zip(*(company.events[name].to_pylist() for name in ("account_id", "occurred_us")), strict=True):
        first[account] = min(first.get(account, at), at)
    return [
        {"id": account, "at": at // DAY_US * DAY_US + later * DAY_US, "seats": rng.randint(1, 400),
         "segment": rng.choice(["small", "large"]), "plan": rng.choice(["free", "pro"])}
        for account, at in sorted(first.items()) for later in (0, 90)
    ]  # fmt: skip


def with_file(folder: Path, events: pa.Table, told: list[dict[str, Any]]) -> Workspace:
    workspace = init(folder, "b2b-saas")
    (folder / "sources.yaml").write_text(SOURCE)
    lines = [f"{one['id']},{moment(one['at'])},{one['seats']},{one['segment']},{one['plan']}" for one in told]
    (folder / "customers.csv").write_text("\n".join(["id,valid_from,seats,segment,plan", *lines]))
    workspace.store.append(events)
    workspace.load()
    return workspace


def with_calls(folder: Path, events: pa.Table, told: list[dict[str, Any]]) -> Workspace:
    """The same by group calls, in no order, many of them twice."""
    workspace = init(folder, "b2b-saas")
    workspace.store.append(events)
    calls = [
        {"type": "group", "messageId": f"g{n}", "userId": f"somebody at {one['id']}", "groupId": one["id"],
         "timestamp": moment(one["at"]), "traits": {name: one[name] for name in ("seats", "segment", "plan")}}
        for n, one in enumerate(told)
    ]  # fmt: skip
    calls += random.Random(1).sample(calls, len(calls) // 2)
    random.Random(2).shuffle(calls)
    received_us = max(events["received_us"].to_pylist()) + 365 * DAY_US
    for start in range(0, len(calls), 50):
        some = calls[start : start + 50]
        body = json.dumps({"batch": some}).encode()
        workspace.live.inbox.put([Request("web", "segment/batch", received_us, len(some), body)]).result()
        workspace.move()
    return workspace


def derived(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """Every derived row by the customer's name; integers to the bit, floats to 1e-9."""
    found = {}
    for name in ("stays", "signal_weeks", "season_weeks", "customer_weeks", "customer_now"):
        columns = [c for c in tables.DERIVED[name].columns if c.name != "customer_key"]
        exact = ", ".join(f"round({c.name}, 9)" if c.type == "float64" else c.name for c in columns)
        who = "" if name == "season_weeks" else "JOIN customer_keys USING (customer_key)"
        sql = f"SELECT {exact} {', customer_id' if who else ''} FROM {name} {who} ORDER BY ALL"
        found[name] = workspace.store.rows(sql)
    return found


def moment(us: int) -> str:
    return pa.scalar(us, pa.timestamp("us")).as_py().isoformat() + "Z"


def test_scores_after_live_traits_are_those_of_a_file(company: Company, tmp_path: Path) -> None:
    told = plans(company)
    with (
        with_file(tmp_path / "file", company.events, told) as one,
        with_calls(tmp_path / "live", company.events, told) as two,
    ):
        for workspace in (one, two):
            workspace.score()
        sql = "SELECT * FROM customers ORDER BY ALL"
        assert len(one.store.rows(sql)) == len(told) > 100
        assert two.store.rows(sql) == one.store.rows(sql)
        found, wanted = derived(two), derived(one)
        assert len(wanted["customer_weeks"]) > 500
        for name, rows in wanted.items():
            assert found[name] == rows, name


def test_traits_after_a_score_score_what_they_change(company: Company, tmp_path: Path) -> None:
    told = plans(company)
    with with_calls(tmp_path / "live", company.events, told[:-20]) as workspace:
        workspace.score()
        rest = with_calls(tmp_path / "all", company.events, told)
        rest.score()
        body = json.dumps({"batch": [
            {"type": "group", "messageId": f"late{n}", "groupId": one["id"], "timestamp": moment(one["at"]),
             "traits": {name: one[name] for name in ("seats", "segment", "plan")}}
            for n, one in enumerate(told[-20:])
        ]}).encode()  # fmt: skip
        received_us = max(company.events["received_us"].to_pylist()) + 365 * DAY_US
        workspace.live.inbox.put([Request("web", "segment/batch", received_us, 20, body)]).result()
        workspace.move()
        workspace.score()
        assert derived(workspace) == derived(rest)
        rest.close()
