"""Moving: every item is somewhere, once, whatever comes and whatever dies."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxcurve.errors import InboxFullError
from cxcurve.model.sources import Source
from cxcurve.pipeline import moving
from cxcurve.pipeline.moving import accounts, move, moved_until
from cxcurve.store import Store
from cxcurve.store.inbox import Inbox, Request
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.live import Live

NOW = 1_793_520_000_000_000


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with init(tmp_path / "w", "b2b-saas") as found:
        yield found


def sent(workspace: Workspace, *messages: Any, source: str = "web", at: int = NOW) -> None:
    body = json.dumps({"batch": messages}).encode()
    workspace.live.inbox.put([Request(source, "segment/batch", at, len(messages), body)]).result()


def track(id_: str | None, event: str = "core_feature_used", person: str = "u1", **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "messageId": id_,
        "event": event,
        "userId": person,
        "timestamp": "2026-10-31T07:00:00Z",
        **more,
    }


def ledger(workspace: Workspace) -> dict[str, Any]:
    return workspace.live.ledger(workspace.store)


def test_what_was_sent_is_in_the_log(workspace: Workspace) -> None:
    sent(workspace, track("m1"), track("m2", person="u2"))
    assert ledger(workspace)["items"]["waiting"] == 2
    assert workspace.move() == 2
    assert sorted(workspace.store.rows("SELECT event_id, person_id FROM event_log")) == [("m1", "u1"), ("m2", "u2")]
    assert workspace.move() == 0


def test_an_id_counts_once_for_ever_and_another_body_is_a_conflict(workspace: Workspace) -> None:
    sent(workspace, track("m1"), track("m1"))
    workspace.move()
    sent(workspace, track("m1"), track("m1", properties={"other": 1}), at=NOW + 10**9)
    workspace.move()
    assert ledger(workspace)["events"] == {"made": 4, "loaded": 1, "duplicate": 2, "conflict": 1, "quarantined": 0}
    (kept,) = workspace.quarantine()
    assert kept["kind"] == "conflict"


def test_sent_again_later_with_another_clock_it_is_no_conflict(workspace: Workspace) -> None:
    """The corrected time is another each time a client tries again."""
    for second, received in (("00", NOW), ("07", NOW + 7_300_000)):
        body = {"batch": [track("m1", timestamp="2031-01-01T00:00:00Z")], "sentAt": f"2031-01-01T00:01:{second}Z"}
        request = Request("web", "segment/batch", received, 1, json.dumps(body).encode())
        workspace.live.inbox.put([request]).result()
        workspace.move()
    assert ledger(workspace)["events"] == {"made": 2, "loaded": 1, "duplicate": 1, "conflict": 0, "quarantined": 0}


def test_what_is_refused_twice_is_kept_once(workspace: Workspace) -> None:
    sent(workspace, track("m1", "nope"), track("m1", "nope"), "junk", "junk")
    workspace.move()
    sent(workspace, track("m1", "nope"), "junk")
    workspace.move()
    found = ledger(workspace)
    assert found["items"] == {
        "received": 6, "waiting": 0, "used": 3, "no_event": 0, "quarantined": 2, "duplicate": 1,
    }  # fmt: skip
    assert found["events"] == {"made": 3, "loaded": 0, "duplicate": 2, "conflict": 0, "quarantined": 1}
    assert len(workspace.quarantine()) == 3, "two junks of one request count as two"


MESSAGES = st.one_of(
    st.builds(track, st.sampled_from(["a", "b", "c", None]), st.sampled_from(["core_feature_used", "nope"])),
    st.builds(track, st.sampled_from(["a", "d"]), properties=st.dictionaries(st.text(), st.integers(), max_size=1)),
    st.sampled_from([{"type": "identify", "userId": "u"}, {"type": "dance"}, 5, "junk", None]),
)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=st.lists(
        st.tuples(st.sampled_from(["web", "app"]), st.lists(MESSAGES, min_size=1, max_size=5)), max_size=6
    )
)
def test_both_sides_add_up_after_every_step(tmp_path_factory: pytest.TempPathFactory, requests: Any) -> None:
    with init(tmp_path_factory.mktemp("w") / "w", "b2b-saas") as workspace:
        for n, (source, messages) in enumerate(requests):
            sent(workspace, *messages, source=source)
            if n % 2:
                workspace.move()
            check(workspace, sum(len(messages) for _, messages in requests[: n + 1]))
        while workspace.move():
            pass
        check(workspace, sum(len(messages) for _, messages in requests))


def check(workspace: Workspace, n_sent: int) -> None:
    found = ledger(workspace)
    for told in (found, *found["sources"].values()):
        items, events = told["items"], told["events"]
        assert items["received"] == sum(n for name, n in items.items() if name != "received")
        assert events["made"] == sum(n for name, n in events.items() if name != "made")
        assert items["used"] == events["made"]
    assert found["items"]["received"] == n_sent
    assert found["events"]["loaded"] == workspace.store.rows("SELECT count(*) FROM event_log")[0][0]
    refused = [row for row in workspace.quarantine() if row["kind"] != "conflict"]
    assert found["items"]["quarantined"] + found["events"]["quarantined"] == len(refused)


@pytest.mark.parametrize("copies", [1, 3])
def test_shuffled_copies_in_requests_of_any_size_give_one_log(tmp_path: Path, copies: int) -> None:
    messages = [track(f"m{i}", person=f"u{i % 7}", timestamp=f"2026-10-{1 + i % 30:02d}T07:00:00Z") for i in range(300)]
    rng = random.Random(copies)
    logs = []
    for name, times in (("once", 1), ("often", copies)):
        with init(tmp_path / name, "b2b-saas") as workspace:
            chosen = messages * times
            rng.shuffle(chosen)
            while chosen:
                n = rng.randint(1, 40)
                sent(workspace, *chosen[:n], at=NOW + len(chosen))
                chosen = chosen[n:]
            while workspace.move():
                pass
            columns = "event_id, person_id, occurred_us, name, source, properties"
            logs.append(sorted(workspace.store.rows(f"SELECT {columns} FROM events")))
            assert ledger(workspace)["events"]["duplicate"] == 300 * (times - 1)
    assert logs[0] == logs[1]


def test_dying_before_the_inbox_forgets_moves_nothing_twice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(workspace, track("m1"), "junk")

    def die(self: Inbox, until: int) -> None:
        raise InboxFullError("died", retry_after_s=1)

    with monkeypatch.context() as patched:
        patched.setattr(Inbox, "forget", die)
        with pytest.raises(InboxFullError):
            workspace.move()
    assert ledger(workspace)["items"] == {
        "received": 2, "waiting": 0, "used": 1, "no_event": 0, "quarantined": 1, "duplicate": 0,
    }  # fmt: skip
    assert workspace.live.inbox.after(0, 10) != []
    assert workspace.move() == 0
    assert workspace.live.inbox.is_empty, "the next move forgets what was left"
    sent(workspace, track("m2"))
    assert workspace.move() == 1


def test_dying_inside_the_transaction_keeps_nothing_and_moves_it_all_later(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(workspace, track("m1"), "junk")
    with monkeypatch.context() as patched:
        patched.setattr(moving, "record", lambda *_: (_ for _ in ()).throw(ValueError("power")))
        with pytest.raises(ValueError, match="power"):
            workspace.move()
    assert workspace.store.rows("SELECT count(*) FROM event_log") == [(0,)]
    assert workspace.quarantine() == []
    assert ledger(workspace)["items"]["waiting"] == 2
    assert workspace.move() == 2
    assert ledger(workspace)["events"]["loaded"] == 1


def test_another_inbox_starts_from_its_own_beginning(tmp_path: Path) -> None:
    """Somebody took the file away: positions begin anew, and must not count as moved."""
    with init(tmp_path / "w", "b2b-saas") as workspace:
        sent(workspace, track("m1"), at=NOW)
        workspace.move()
    (tmp_path / "w" / ".cxcurve" / "inbox.db").unlink()
    with Workspace(tmp_path / "w") as workspace:
        assert moved_until(workspace.store, workspace.live.inbox) == 0
        sent(workspace, track("m2"))
        assert workspace.move() == 1


def test_a_fault_in_mapping_stops_no_other_item(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = moving.map_heard

    def faulty(plan: Any, heard: Any) -> Any:
        if any(one.item.call is not None and one.item.call.id == "m3" for one in heard):
            raise TypeError("nobody thought of this")
        return real(plan, heard)

    monkeypatch.setattr(moving, "map_heard", faulty)
    sent(workspace, *(track(f"m{i}") for i in range(6)))
    workspace.move()
    assert [row for (row,) in workspace.store.rows("SELECT event_id FROM event_log ORDER BY 1")] == [
        "m0", "m1", "m2", "m4", "m5",
    ]  # fmt: skip
    (kept,) = workspace.quarantine()
    assert kept["reason"] == "cannot be mapped: a fault of cxcurve, please report it"
    assert json.loads(kept["row"])["messageId"] == "m3"


def test_a_source_that_sources_yaml_does_not_name_is_one_of_the_spec(tmp_path: Path) -> None:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        live = Source(key="app", live=True, rename={"Used": "core_feature_used"})
        sent(workspace, track("m1", "Used"), source="app")
        sent(workspace, track("m2", "Used"), source="other")
        assert move(workspace.store, workspace.live.inbox, {"app": live}, workspace.journey) == 2
        assert {name: (one.loaded, one.quarantined) for name, one in accounts(workspace.store).items()} == {
            "app": (1, 0), "other": (0, 1),
        }  # fmt: skip


def test_the_account_of_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "events.duckdb") as store:
        live = Live(tmp_path)
        assert live.ledger(store)["sources"] == {}
        live.close()
