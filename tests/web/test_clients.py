"""The clients that people use, pointed at us: what they send arrives, also after a time of 429 and 500.

segment-analytics-python, rudder-sdk-python, posthog, and @segment/analytics-node where Node.js is there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from serving import served

from cxcurve.errors import InboxFullError
from cxcurve.store.inbox import Inbox
from cxcurve.workspace import Workspace, init

NODE_CLIENT = Path(__file__).parents[1] / "node"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with init(tmp_path / "w", "b2b-saas") as found:
        yield found


@pytest.fixture
def place(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Address and write key."""
    key = workspace.live.keys.create("write", "web", 1)
    with served(workspace) as url:
        yield url, key


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first two requests find the inbox full; holds how many there were."""
    counts = [0]
    put = Inbox.put

    def sometimes(self: Inbox, requests: Any) -> Future[int]:
        counts[0] += 1
        if counts[0] <= 2:
            raise InboxFullError("the inbox is full", retry_after_s=1)
        return put(self, requests)

    monkeypatch.setattr(Inbox, "put", sometimes)
    return counts


def told(workspace: Workspace) -> list[tuple[Any, ...]]:
    while workspace.move():
        pass
    return workspace.store.rows("SELECT person_id, anonymous_id, account_id, name FROM events ORDER BY ALL")


def items(workspace: Workspace) -> dict[str, int]:
    found: Any = workspace.live.ledger(workspace.store)["items"]
    return dict(found)


def test_segment_analytics_python(workspace: Workspace, place: tuple[str, str], busy: list[int]) -> None:
    from segment.analytics import Client

    url, key = place
    errors: list[Any] = []
    client = Client(key, host=url, gzip=True, max_retries=5, on_error=lambda error, _: errors.append(error))
    client.identify("u1", {"plan": "pro", "nothing": None})
    client.track("u1", "core_feature_used", {"seats": 3, "nothing": None}, message_id="not-a-uuid 1")
    client.track(None, "ticket_opened", anonymous_id="a1", context={"groupId": "acme"})
    client.group("u1", "acme", {"name": "Acme"})
    client.alias("a1", "u1")
    client.flush()
    client.join()
    assert errors == []
    assert busy[0] > 2, "it was told twice to come again"
    assert told(workspace) == [("u1", None, None, "core_feature_used"), (None, "a1", "acme", "ticket_opened")]
    assert workspace.store.rows("SELECT event_id FROM events WHERE person_id = 'u1'") == [("not-a-uuid 1",)]
    assert items(workspace)["received"] == 5
    assert items(workspace)["no_event"] == 3


def test_rudder_sdk_python(workspace: Workspace, place: tuple[str, str], busy: list[int]) -> None:
    from rudderstack.analytics.client import Client

    url, key = place
    errors: list[Any] = []
    client = Client(key, host=url, gzip=True, max_retries=5, on_error=lambda error, _: errors.append(error))
    client.track("u1", "core_feature_used", {"x": None})
    client.identify("u1", {"email": "somebody@example.org"})
    client.flush()
    client.join()
    assert errors == []
    assert told(workspace) == [("u1", None, None, "core_feature_used")]
    assert items(workspace)["received"] == 2


def test_posthog(workspace: Workspace, place: tuple[str, str], busy: list[int]) -> None:
    from posthog import Posthog

    url, key = place
    errors: list[Any] = []
    client = Posthog(key, host=url, gzip=True, on_error=lambda error, _: errors.append(error), disable_geoip=True)
    client.capture("core_feature_used", distinct_id="u1", properties={"seats": 3}, groups={"company": "acme"})
    client.alias("a1", "u1")
    client.set(distinct_id="u1", properties={"plan": "pro"})
    client.group_identify("company", "acme", {"seats": 9})
    client.flush()
    client.shutdown()
    assert errors == []
    assert told(workspace) == [("u1", None, "acme", "core_feature_used")]
    assert items(workspace)["received"] == 4
    assert items(workspace)["no_event"] == 3


_NODE = """
const {Analytics} = require('@segment/analytics-node');
const [url, writeKey] = process.argv.slice(2);
const client = new Analytics({writeKey, host: url, maxRetries: 5, maxEventsInBatch: 2});
client.on('error', (error) => { console.error(JSON.stringify(error)); process.exitCode = 1; });
for (const n of [1, 2, 3]) client.track({userId: 'u1', event: 'core_feature_used', properties: {n, nothing: null}});
client.group({userId: 'u1', groupId: 'acme'});
client.closeAndFlush();
"""


def test_segment_analytics_node(workspace: Workspace, place: tuple[str, str], busy: list[int], tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (NODE_CLIENT / "node_modules/@segment").is_dir():
        pytest.skip("needs Node.js and npm, with which `make test` installs the package into tests/node")
    script = tmp_path / "send.cjs"
    script.write_text(_NODE)
    done = subprocess.run(
        [node, str(script), *place],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"NODE_PATH": str(NODE_CLIENT / "node_modules")},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert told(workspace) == [("u1", None, None, "core_feature_used")] * 3
    properties = [json.loads(row) for (row,) in workspace.store.rows("SELECT properties FROM events")]
    assert sorted(one["n"] for one in properties) == [1, 2, 3]
    assert items(workspace)["received"] == 4
