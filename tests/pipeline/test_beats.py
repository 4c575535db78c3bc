"""Beats of the pulse: whatever happens to the log in between, the tables are those of a full score.

What a beat keeps in memory must be given up where the truth changes; every step here changes it in another way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from worlds import DAY_US, seats_table, tables_of, us

from cxcurve import tables
from cxcurve.pipeline import moving
from cxcurve.sources import arrow_schema
from cxcurve.store.inbox import Request
from cxcurve.workspace import scored as scored_module
from cxcurve.workspace.workspace import Workspace, init

WEDNESDAY, HOUR_US = us("2026-11-18T10:00"), 3_600_000_000
NAMES = ("core_feature_used", "ticket_opened", "core_feature_used", "ticket_closed", "demo_held", "nps_answered")


Agrees = Callable[[], None]


class Clock:
    """What the workspace takes for now."""

    now_us = WEDNESDAY

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(scored_module, "now_us", found)
    return found


@pytest.fixture
def workspace(tmp_path: Path, clock: Clock) -> Iterator[Workspace]:
    """Twelve accounts of known seats, each with an event every other day for fifteen weeks."""
    with init(tmp_path / "w", "b2b-saas") as found:
        found.store.upsert(tables.CUSTOMERS, seats_table({f"c{n}": 10.0 + n for n in range(12)}))
        rows = [
            {
                "event_id": f"{n}/{k}", "account_id": f"c{n}", "name": NAMES[(n + k) % 6], "value": float((n * k) % 11),
                "occurred_us": WEDNESDAY - (2 * k + 2) * DAY_US + n * HOUR_US, "received_us": 1, "source": "log",
                "data_class": "observed", "properties": "{}",
            }
            for n in range(12) for k in range(53)
        ]  # fmt: skip
        found.store.append(pa.Table.from_pylist(rows, schema=arrow_schema(tables.EVENTS)))
        found.score()
        yield found


@pytest.fixture
def agrees(workspace: Workspace) -> Agrees:
    """The tables are to the last bit those of a full score, and so is what is told beside it."""
    beside = workspace.beside()

    def compared() -> None:
        beside.forget()
        found, told = tables_of(workspace), [told_of(workspace), told_of(beside)]
        workspace.score(full=True)
        for name, rows in tables_of(workspace).items():
            assert found[name] == rows, name
        assert told == [told_of(workspace)] * 2

    return compared


def sent(workspace: Workspace, *messages: dict[str, Any], at: int = WEDNESDAY) -> None:
    body = json.dumps({"batch": messages}).encode()
    workspace.live.inbox.put([Request("web", "segment/batch", at, len(messages), body)]).result()


def track(id_: str, account: str | None, at_us: int, event: str = "core_feature_used", **more: Any) -> dict[str, Any]:
    context = {"groupId": account} if account else {}
    return {"type": "track", "messageId": id_, "event": event, "timestamp": at_us // 1000, "context": context, **more}


def told_of(workspace: Workspace) -> Any:
    """What rests on sources and on the seats of all."""
    with workspace.snapshot() as known:
        run = workspace.run_of(known)
        return known.silent, known.behind_us, run.feeds.last_us.tolist(), run.facts.median_seats.tolist(), run.calendar


def test_whatever_happens_between_two_beats(workspace: Workspace, clock: Clock, agrees: Agrees) -> None:
    day = WEDNESDAY - DAY_US
    sent(workspace, *(track(f"a{n}", f"c{n}", WEDNESDAY - n * HOUR_US, NAMES[n]) for n in range(6)))
    assert workspace.beat() == 6
    agrees()
    # Late by nine days and by four hours: one is scored from the first week on, the other goes on from the last.
    sent(workspace, track("b1", "c1", WEDNESDAY - 9 * DAY_US, "ticket_opened"), track("b2", "c2", WEDNESDAY - HOUR_US))
    assert workspace.beat() == 2
    agrees()
    # Ahead of as_of, and before everything else.
    sent(workspace, track("c1", "c3", WEDNESDAY + HOUR_US), track("c2", "c4", WEDNESDAY - 300 * DAY_US))
    workspace.beat()
    agrees()
    clock.now_us += 2 * HOUR_US
    sent(workspace, track("c3", "c5", WEDNESDAY))
    workspace.beat()
    agrees()
    # A visitor who turns out to be somebody, and does not.
    sent(workspace, track("d1", None, day, anonymousId="v1"), track("d2", "c6", day, userId="p1"))
    workspace.beat()
    sent(
        workspace,
        {"type": "identify", "messageId": "d3", "userId": "p1", "anonymousId": "v1", "timestamp": day // 1000},
    )
    workspace.beat()
    agrees()
    workspace.undo_link(workspace.store.rows("SELECT link_id FROM links WHERE how <> 'decided' LIMIT 1")[0][0])
    assert workspace.beat() == 0
    agrees()


def test_whatever_else_happens_between_two_beats(workspace: Workspace, clock: Clock, agrees: Agrees) -> None:
    sent(workspace, track("a", "c1", WEDNESDAY))
    workspace.beat()
    # Accounts without events move the median of seats, and with it everybody.
    workspace.store.upsert(tables.CUSTOMERS, seats_table({f"big-{n}": 9000.0 for n in range(40)}))
    sent(workspace, track("e1", "c7", WEDNESDAY))
    workspace.beat()
    agrees()
    clock.now_us += 8 * DAY_US
    sent(workspace, track("e3", "c1", clock.now_us - HOUR_US), at=clock.now_us)
    workspace.beat()
    agrees()
    row = {"source": "rows", "row_key": "k", "row_id": "1", "row": "{}"}
    some = workspace.store.events("operation").limit(1).select(*tables.EVENTS.column_names)
    event = workspace.store.arrow(some).to_pylist()[0]
    for day, accounts in ((3, ["c10", "c11"]), (5, ["c10"])):
        made = [
            event | {"event_id": f"{row['source']}/{name}", "account_id": name, "source": "rows", "row_key": "k",
                     "occurred_us": WEDNESDAY - day * DAY_US}
            for name in accounts
        ]  # fmt: skip
        schema = pa.schema([*arrow_schema(tables.EVENTS), ("row_key", pa.string())])
        workspace.store.replace_keys("rows", ["k"], pa.Table.from_pylist(made, schema=schema))
        workspace.beat()
        agrees()


def test_seats_go_where_a_name_goes(workspace: Workspace) -> None:
    """Two customers change names, which no row of customers and no highest key tells."""

    def seats() -> dict[str, float]:
        workspace.forget()
        facts, store = workspace._run(WEDNESDAY).facts, workspace.store
        names = dict(store.rows("SELECT customer_key, customer_id FROM customer_keys"))
        return {names[key]: seats for key, seats in zip(facts.key.tolist(), facts.seats.tolist(), strict=True)}

    before = seats()
    other = "CASE customer_id WHEN 'c1' THEN 'c2' ELSE 'c1' END"
    workspace.store.execute(f"UPDATE customer_keys SET customer_id = {other} WHERE customer_id IN ('c1', 'c2')")
    workspace.store.remember("score_id", "another")  # what a score worked out is not shared any more
    assert seats() == before


def test_somebody_withdraws_between_two_beats(workspace: Workspace, agrees: Agrees) -> None:
    sent(workspace, track("a", "c1", WEDNESDAY))
    workspace.beat()
    said = {"consent_id": "c8 withdraws", "id_kind": "account", "id": "c8", "purpose": "analytics", "is_given": False,
            "said_us": WEDNESDAY, "recorded_us": WEDNESDAY, "source": "app"}  # fmt: skip
    workspace.store.record_consents(pa.Table.from_pylist([said], schema=arrow_schema(tables.CONSENTS)))
    sent(workspace, track("b", "c9", WEDNESDAY))
    workspace.beat()
    agrees()


def test_somebody_is_erased_between_two_beats(workspace: Workspace) -> None:
    sent(workspace, track("a", "c1", WEDNESDAY))
    workspace.beat()
    workspace.erase("c8")
    sent(workspace, track("b", "c9", WEDNESDAY))
    workspace.beat()
    found = tables_of(workspace), told_of(workspace)
    workspace.score(full=True)
    assert found == (tables_of(workspace), told_of(workspace))


def test_who_reads_beside_sees_what_came_in_and_its_score_or_neither(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, seen = workspace.beside(), []

    def state() -> tuple[int, str | None, bool]:
        n = beside.store.rows("SELECT count(*) FROM event_log")[0][0]
        return n, beside.store.meta("score_id"), beside.is_behind

    before, score = state(), scored_module.score
    monkeypatch.setattr(scored_module, "score", lambda *given: (seen.append(state()), score(*given))[1])
    sent(workspace, track("a", "c1", WEDNESDAY))
    workspace.beat()
    assert seen == [before]
    after = state()
    assert after[0] == before[0] + 1
    assert after[1] != before[1]
    assert not after[2]


def test_a_beat_that_cannot_score_keeps_nothing_and_the_inbox_keeps_it_all(
    workspace: Workspace, agrees: Agrees, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables_of(workspace)

    def fails(*_: Any) -> int:
        raise RuntimeError

    sent(workspace, track("a", "c1", WEDNESDAY))
    with monkeypatch.context() as patch:
        patch.setattr(scored_module, "score", fails)
        with pytest.raises(RuntimeError):
            workspace.beat()
    assert tables_of(workspace) == before
    assert moving.moved_until(workspace.store, workspace.live.inbox) == 0
    assert not workspace.live.inbox.is_empty
    assert workspace.beat() == 1
    assert workspace.live.inbox.is_empty
    agrees()
