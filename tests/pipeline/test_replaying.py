"""Replaying: what was refused is loaded once the plan knows it, and both sides of the account still add up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cxcurve.store.inbox import Request
from cxcurve.workspace import Workspace, init

NOW = 1_793_520_000_000_000


def sent(workspace: Workspace, *messages: Any) -> None:
    body = json.dumps({"batch": messages, "sentAt": "2026-11-01T08:00:00Z"}).encode()
    workspace.live.inbox.put([Request("web", "segment/batch", NOW, len(messages), body)]).result()
    while workspace.move():
        pass


def track(id_: str, event: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "messageId": id_,
        "event": event,
        "userId": "u1",
        "timestamp": "2026-11-01T07:00:00Z",
        **more,
    }


def plan_with(folder: Path, name: str) -> None:
    """Adds an event to the tracking plan."""
    journey = folder / "journey.yaml"
    journey.write_text(journey.read_text().replace("signals:\n", f"signals:\n  {name}: {{momentum: 0.1}}\n", 1))


def ledger(workspace: Workspace) -> dict[str, Any]:
    return workspace.live.ledger(workspace.store)


def test_what_the_plan_knows_now_is_loaded_and_the_rest_stays(tmp_path: Path) -> None:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        sent(
            workspace,
            track("m1", "wished", properties={"a": 1}),
            track("m2", "nope"),
            5,
            track("m3", "core_feature_used"),
        )
        assert ledger(workspace)["events"] == {"made": 3, "loaded": 1, "duplicate": 0, "conflict": 0, "quarantined": 2}
    plan_with(tmp_path / "w", "wished")
    with Workspace(tmp_path / "w") as workspace:
        found = workspace.replay()
        assert (found.tried, found.loaded, found.refused) == (3, 1, 2)
        rows = workspace.store.rows(
            "SELECT event_id, occurred_us, received_us, properties FROM events WHERE name = 'wished'"
        )
        assert rows == [("m1", NOW - 3600 * 10**6, NOW, '{"a":1}')], "dated as when it came"
        told = ledger(workspace)
        assert told["events"] == {"made": 3, "loaded": 2, "duplicate": 0, "conflict": 0, "quarantined": 1}
        assert told["items"] == {
            "received": 4, "waiting": 0, "used": 3, "no_event": 0, "quarantined": 1, "duplicate": 0,
        }  # fmt: skip
        assert [row["file"] == "message m2" for row in workspace.quarantine()].count(True) == 1
        assert len(workspace.quarantine()) == 2
        again = workspace.replay()
        assert (again.tried, again.loaded, again.refused) == (2, 0, 2)
        assert ledger(workspace) == told


def test_the_clock_is_put_right_once_whatever_else_is_tried_again(tmp_path: Path) -> None:
    """A clock that is years off: what was corrected when it came is not read anew, without its time of sending."""
    with init(tmp_path / "w", "b2b-saas") as workspace:
        batch = [track("m1", "wished", timestamp="2041-01-01T00:00:00Z"), 5]
        body = json.dumps({"batch": batch, "sentAt": "2041-01-01T01:00:00Z"}).encode()
        workspace.live.inbox.put([Request("web", "segment/batch", NOW, 2, body)]).result()
        workspace.move()
    plan_with(tmp_path / "w", "wished")
    with Workspace(tmp_path / "w") as workspace:
        assert workspace.replay().loaded == 1
        assert workspace.store.rows("SELECT occurred_us FROM events") == [(NOW - 3600 * 10**6,)]


def test_sent_again_after_the_replay_it_is_a_duplicate(tmp_path: Path) -> None:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        sent(workspace, track("m1", "wished"))
    plan_with(tmp_path / "w", "wished")
    with Workspace(tmp_path / "w") as workspace:
        workspace.replay()
        sent(workspace, track("m1", "wished"))
        assert ledger(workspace)["events"] == {"made": 2, "loaded": 1, "duplicate": 1, "conflict": 0, "quarantined": 0}


def test_a_row_that_is_readable_now_says_who_is_who(tmp_path: Path) -> None:
    """A message too large or without a time it could be read by is no event yet; it may become anything."""
    with init(tmp_path / "w", "b2b-saas") as workspace:
        sent(workspace, {"type": "identify", "userId": "u1", "anonymousId": "a1", "timestamp": "some day"})
        workspace.store.execute("UPDATE quarantine SET row = replace(row, 'some day', '2026-11-01T07:00:00Z')")
        found = workspace.replay()
        assert (found.tried, found.no_event, found.refused) == (1, 1, 0)
        assert workspace.store.rows("SELECT from_id, to_id FROM links") == [("a1", "u1")]
        assert ledger(workspace)["items"]["no_event"] == 1
