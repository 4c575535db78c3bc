"""Somebody's messages as programs send them, and a workspace made of nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cxcurve.store.inbox import Request
from cxcurve.workspace import Workspace, init

NOW = 1_793_520_000_000_000
DAY = 86_400_000_000
WHO = "somebody-7e1c"


def message(n: int, person: str | None, event: str, **more: Any) -> dict[str, Any]:
    at = (NOW - (200 - n % 190) * DAY) // 1000
    return {"type": "track", "messageId": f"m{n}", "event": event, "userId": person, "timestamp": at, **more}


def company(without: str | None = None) -> list[dict[str, Any]]:
    """Forty persons of eight accounts, each with what persons do; one of them can be left out."""
    events = ("demo_requested", "subscription_started", "first_value_reached", "core_feature_used", "ticket_opened")
    people = [WHO, *(f"p{i}" for i in range(39))]
    found = []
    for i, person in enumerate(people):
        for j in range(24):
            account = {"context": {"groupId": f"acct{i % 8}"}} if j % 3 else {}
            properties = {"properties": {"text": f"a word of {j}"}} if j % 5 == 0 else {}
            found.append(message(i * 24 + j, person, events[j % 5], **account, **properties))
        found.append({"type": "group", "messageId": f"g{i}", "userId": person, "groupId": f"acct{i % 8}"})
        found.append(
            {
                "type": "identify",
                "messageId": f"i{i}",
                "userId": person,
                "anonymousId": f"v-{person}",
                "traits": {"plan": "pro"},
            }
        )
        found.append(message(5000 + i, None, "core_feature_used", anonymousId=f"v-{person}"))
        found.append(message(6000 + i, person, "unheard_of"))
    return [one for one in found if without is None or without not in json.dumps(one)]


def built(folder: Path, messages: list[dict[str, Any]]) -> Workspace:
    workspace = init(folder, "b2b-saas")
    send(workspace, messages)
    workspace.score()
    return workspace


def send(workspace: Workspace, messages: list[dict[str, Any]]) -> None:
    for start in range(0, len(messages), 200):
        some = messages[start : start + 200]
        body = json.dumps({"batch": some}).encode()
        workspace.live.inbox.put([Request("web", "segment/batch", NOW, len(some), body)]).result()
    while workspace.move():
        pass


def bytes_with(folder: Path, text: str) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
