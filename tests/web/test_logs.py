"""What the server writes down while it is attacked: no key, no secret, no address of anybody."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import served
from test_connections import connected, until_closed

from cxcurve.web import app as app_module
from cxcurve.workspace import init

WHO, SECRET = "jane.roe@secret-company.example", "whsec_9f8e7d6c5b4a"


def attacked(url: str, key: str) -> list[int]:
    """Everything with the key, the secret and the address everywhere; the statuses of the answers."""
    basic = base64.b64encode(f"{key}:{WHO}".encode()).decode()
    event = {"event": WHO, "userId": WHO, "messageId": WHO, "properties": {WHO: WHO, "key": key}, "writeKey": key}
    bodies = (
        json.dumps(event), json.dumps({"batch": [event, WHO, {"type": WHO}]}), f'{{"{WHO}": {key}', WHO, f"[{key}",
        json.dumps({**event, "timestamp": WHO}), json.dumps({"specversion": WHO, "id": WHO}), "[" * 300 + "]" * 300,
    )  # fmt: skip
    headers = (
        {"authorization": f"Bearer {key}"}, {"authorization": f"Basic {basic}"}, {"authorization": f"{WHO} {key}"},
        {"authorization": f"Bearer {key}", "content-encoding": WHO}, {"x-api-key": key, "cookie": f"{WHO}={key}"},
        {"stripe-signature": f"t=1,v1={SECRET}", "user-agent": WHO, "referer": f"https://x/?key={key}"},
    )  # fmt: skip
    paths = (
        "/v1/track", "/v1/batch", "/batch/", "/v1/cloudevents", "/v1/webhooks/stripe", f"/v1/{WHO}?writeKey={key}",
        f"/{key}", f"/customers/{WHO}?q={key}", f"/notes?{key}", f"/explain?key={WHO}{key}",
        f"/customers?q={WHO}&{key}=1",
    )  # fmt: skip
    found = []
    with httpx.Client(base_url=url, timeout=60) as client:
        for i, path in enumerate(paths):
            for body, sent in zip(bodies, (*headers[i % 6 :], *headers, *headers), strict=False):
                found.append(client.post(path, content=body, headers=sent).status_code)
            found.append(client.get(path, headers=headers[0]).status_code)
    for raw in (
        f"{WHO} {key}\r\n\r\n",
        f"GET /{key} HTTP/9.9\r\n{WHO}\r\n\r\n",
        f"GET / HTTP/1.1\r\n{WHO}: {key}\r\nA\r\n\r\n",
    ):
        connection = connected(url)
        connection.sendall(raw.encode())
        assert until_closed(connection).startswith(b"HTTP/1.1 400")
    return found


def test_no_key_no_secret_and_no_address_is_written_down(tmp_path: Path) -> None:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        key = workspace.live.keys.create("write", "web", 1)
    command = [sys.executable, "-c", _SERVE, str(tmp_path / "w")]
    env = {**os.environ, "CXCURVE_STRIPE_WEBHOOK_SECRET": SECRET}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().split(" is at ")[1].split(" ")[0]
            statuses = attacked(url, key)
            told = all_moved(url)
            server.terminate()
            said, _ = server.communicate(timeout=60)
        finally:
            server.kill()
    assert {200, 400, 401, 404} <= set(statuses)
    assert max(statuses) < 500, said
    assert told["items"]["quarantined"] + told["events"]["quarantined"] > 0
    for word in (WHO, "secret-company", key, SECRET, base64.b64encode(f"{key}:".encode()).decode()[:20]):
        assert word not in said
        for path in (tmp_path / "w").rglob("*.log"):
            assert word not in path.read_text()


def all_moved(url: str) -> dict[str, Any]:
    """The ledger once nothing waits any more."""
    for _ in range(600):
        told: dict[str, Any] = httpx.get(f"{url}/api/ingest/ledger", timeout=60).json()
        if not told["items"]["waiting"]:
            return told
        time.sleep(0.1)
    raise AssertionError("it waits still")


_SERVE = """
import sys, cxcurve
from cxcurve.web.app import serve
serve(cxcurve.open(sys.argv[1]), port=0)
"""


def test_a_page_that_breaks_says_where_and_not_what_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"cannot read {WHO}")

    monkeypatch.setattr(app_module.sources, "build", broken)
    with init(tmp_path / "w", "b2b-saas") as workspace, served(workspace) as url:
        answer = httpx.get(f"{url}/sources")
    assert answer.status_code == 500
    assert "RuntimeError" in caplog.text
    assert WHO not in caplog.text
    assert WHO not in answer.text
