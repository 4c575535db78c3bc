"""Actions: kept with whom they are for, read out as a slow count by hand reads them, and taken along by erasure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sent import DAY, NOW, WHO, built, bytes_with, company

import cxcurve
from cxcurve import tables
from cxcurve.errors import BadValueError, ProblemsError, UnknownNameError
from cxcurve.sources import arrow_schema
from cxcurve.sources.simulated import simulate, write
from cxcurve.stats.means import Moments, PairMoments, cuped
from cxcurve.stats.proportions import share_difference
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.actions import Action

END = date(2026, 6, 29)
START = "2026-04-07"
SAID = {"what": "A call in the first week", "started_on": START, "metric": "exits", "promised": "2", "held_out": "40"}
BEFORE_US = int(datetime(2026, 4, 6, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.fixture(scope="module", name="ws")
def _ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("actions") / "w"
    init(folder, "b2b-saas").close()
    write(simulate(customers=220, weeks=40, seed=5, end=END), folder)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score(full=True)
        yield workspace


def read(ws: Workspace, action: Action) -> dict[str, Any]:
    found = ws.actions().to_json()
    json.dumps(found, allow_nan=False)
    return next(one for one in found["actions"] if one["action_id"] == action.action_id)


def groups(ws: Workspace, action: Action) -> tuple[set[str], set[str]]:
    rows = ws.action_list(action.action_id)
    return tuple({row["customer_id"] for row in rows if row["is_held_out"] is arm} for arm in (False, True))  # type: ignore[return-value]


def inside(ws: Workspace, action: Action) -> dict[str, dict[str, Any]]:
    """By hand: who was inside at the start, and when their run ended; one stay after the other."""
    stays = ws.store.records("SELECT * FROM stays JOIN customer_keys USING (customer_key)")
    found = {}
    for stay in stays:
        if stay["entered_us"] < action.started_us and (stay["left_us"] or 2**62) >= action.started_us:
            ends = [
                one["left_us"] for one in stays
                if (one["customer_id"], one["cycle"], one["ended_by"]) == (stay["customer_id"], stay["cycle"], "exited")
            ]  # fmt: skip
            found[stay["customer_id"]] = {"exit_us": min(ends, default=2**62), "stage": stay["stage"]}
    return found


def test_exits_are_those_of_a_count_by_hand(ws: Workspace) -> None:
    action = ws.write_action(SAID, "ada", BEFORE_US)
    treated, held = groups(ws, action)
    there = inside(ws, action)
    assert treated | held == set(there), "everybody who was inside then, also who has left since"
    assert (action.n_treated, action.n_held_out) == (len(treated), len(held))
    assert len(held) >= 30
    left = [sum(there[one]["exit_us"] < action.end_us for one in side) for side in (treated, held)]
    told, expected = read(ws, action), share_difference(left[0], len(treated), left[1], len(held))
    assert (told["n"], told["n_others"], told["evidence"]) == (len(treated), len(held), "drawn")
    assert [told["seen"], told["low"], told["high"]] == pytest.approx([expected.value, expected.low, expected.high])
    assert told["reached"] == pytest.approx(left[0] / len(treated))


def test_an_index_is_the_last_one_known_also_of_who_has_left(ws: Workspace) -> None:
    said = {**SAID, "metric": "friction_index", "what": "Another call", "promised": "5"}
    action = ws.write_action(said, "ada", BEFORE_US)
    with ws.snapshot() as known:
        rows = ws.store.arrow(known.customer_weeks.join(known.customers, "customer_key")).to_pylist()
        ends = {row["week"]: known.calendar.end_at(row["week"]) for row in rows}
    by_customer: dict[str, list[tuple[int, float]]] = {}
    for row in sorted(rows, key=lambda row: row["week"]):
        by_customer.setdefault(row["customer_id"], []).append((ends[row["week"]], row["friction_index"]))
    there, sides, n_gone = inside(ws, action), [], 0
    for side in groups(ws, action):
        pairs = []
        for one in side & set(there):
            before = [
                value
                for end, value in by_customer.get(one, [])
                if action.started_us - 7 * DAY < end <= action.started_us
            ]
            known_until = [value for end, value in by_customer.get(one, []) if end <= action.end_us]
            n_gone += there[one]["exit_us"] < action.end_us
            if before:
                pairs.append((known_until[-1], before[-1]))
        sides.append(PairMoments.from_values(*zip(*pairs, strict=True)))
    assert n_gone > 3, "somebody left within the days"
    expected, told = cuped(*sides), read(ws, action)
    assert [told["seen"], told["low"], told["high"]] == pytest.approx([expected.value, expected.low, expected.high])
    assert told["reached"] == pytest.approx(sides[0].value.mean)


def test_contacts_are_of_a_hundred_customers(ws: Workspace) -> None:
    said = {**SAID, "metric": "contacts", "what": "Answers", "promised": "9", "direction": "down"}
    action = ws.write_action(said, "ada", BEFORE_US)
    opened = ws.store.rows(
        "SELECT customer_id, occurred_us FROM events WHERE name IN ('ticket_opened', 'urgent_ticket_opened')"
    )
    journey = ws.journey.signals
    issues = [name for name, one in journey.items() if one.contact and one.until]
    assert set(issues) == {"ticket_opened", "urgent_ticket_opened"}, "what this count by hand goes by"
    there, sides = inside(ws, action), []
    for side in groups(ws, action):
        counts = []
        for one in side & set(there):
            when = [us for who, us in opened if who == one]
            now = sum(action.started_us <= us < action.end_us for us in when)
            before = sum(action.started_us - 28 * DAY <= us < action.started_us for us in when)
            counts.append((100.0 * now, 100.0 * before))
        sides.append(PairMoments.from_values(*zip(*counts, strict=True)))
    expected, told = cuped(*sides), read(ws, action)
    assert [told["seen"], told["low"]] == pytest.approx([expected.value, expected.low])
    assert (told["promised"], told["reached"]) == (-9.0, pytest.approx(sides[0].value.mean))
    assert isinstance(sides[0].value, Moments)


def test_the_draw_is_the_same_for_life_and_whom_it_is_for_never_changes(ws: Workspace) -> None:
    action = ws.write_action({**SAID, "what": "Frozen", "stage": "transform"}, "ada", BEFORE_US)
    before = groups(ws, action)
    ws.store.execute("UPDATE customers SET segment = 'another'")
    ws.score(full=True)
    assert groups(ws, action) == before
    with pytest.raises(BadValueError, match="was written down already"):
        ws.write_action({**SAID, "what": "Frozen", "stage": "transform"}, "ada", BEFORE_US)


def test_what_has_not_ended_tells_nothing(ws: Workspace) -> None:
    late = ws.write_action({**SAID, "what": "Late", "started_on": "2026-06-20"}, "ada", BEFORE_US)
    told = read(ws, late)
    assert (told["reason"], told["read_on"], told["seen"], told["verdict"]) == ("not_over", "2026-07-18", None, "open")
    later = ws.write_action({**SAID, "what": "Later", "started_on": "2026-08-20"}, "ada", BEFORE_US)
    assert read(ws, later)["reason"] == "not_begun"
    early = next(one for one in ws.actions("2026-04-20").read_outs if one.action.what == SAID["what"])
    assert early.why == "not_over", "as of a day within its days"


def test_what_is_closed_stays_as_it_was_written(ws: Workspace) -> None:
    action = ws.write_action({**SAID, "what": "Closed"}, "ada", BEFORE_US)
    before = read(ws, action)
    for how, why, said in (
        ("ended", " ", "The reason is empty"),
        ("gone", "x", "is not known. Expected: ended, withdrawn"),
    ):
        with pytest.raises(BadValueError, match=said):
            ws.close_action(action.action_id, how, why, "bob")
    ws.close_action(action.action_id, "ended", "no time; ask ida.lund@example.com", "bob")
    after = read(ws, action)
    assert after["closed_reason"] == "no time; ask [email]"
    assert {k: v for k, v in after.items() if not k.startswith("closed")} == {
        k: v for k, v in before.items() if not k.startswith("closed")
    }
    with pytest.raises(BadValueError, match="was ended already; what was said of it stays"):
        ws.close_action(action.action_id, "withdrawn", "no", "bob")
    gone = ws.write_action({**SAID, "what": "Gone"}, "ada", BEFORE_US)
    ws.close_action(gone.action_id, "withdrawn", "never done", "bob")
    assert read(ws, gone)["reason"] == "withdrawn"
    assert {"Closed", "Gone"} & {text for _, text in ws.notes()} == {"Closed"}, (
        "on the curve, but not what was not done"
    )


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"what": " "}, BadValueError, "An action needs what"),
        ({"started_on": "soon"}, BadValueError, 'started_on "soon" is no day'),
        ({"metric": "happiness"}, UnknownNameError, "metric of an action"),
        ({"promised": "0"}, BadValueError, "expected more than 0"),
        ({"promised": "nan"}, BadValueError, 'promised "nan" is no number'),
        ({"promised": "200"}, BadValueError, "at most 100.0 percentage points"),
        ({"direction": "sideways"}, BadValueError, "Expected: up, down"),
        ({"days": "3"}, BadValueError, "whole number from 7 to 365"),
        ({"held_out": "95"}, BadValueError, "expected 0 to 90 %"),
        ({"stage": "nowhere"}, UnknownNameError, "stage"),
        ({"segment": "plan"}, BadValueError, "expected such as plan=pro"),
        ({"segment": "plan=golden"}, UnknownNameError, "plan"),
        ({"segment": "colour=red"}, UnknownNameError, "segment"),
        ({"chosen_owner": "Nobody"}, UnknownNameError, "owner"),
        ({"friction": "nothing/app/invest"}, UnknownNameError, "friction"),
        ({"customers": "c-00001\nc-99999\n"}, ProblemsError, '"c-99999" is no customer'),
        ({"customers": "customer_id\n"}, ProblemsError, "names no customer"),
    ],
)
def test_what_cannot_be_kept_is_said_and_leaves_nothing(
    ws: Workspace, more: dict[str, str], error: type[Exception], said: str
) -> None:
    before = [ws.store.rows(f"SELECT count(*) FROM {table}") for table in ("actions", "action_customers")]
    with pytest.raises(error, match=said):
        ws.write_action({**SAID, "what": "Refused", **more}, "ada", BEFORE_US)
    assert before == [ws.store.rows(f"SELECT count(*) FROM {table}") for table in ("actions", "action_customers")]


def test_chance_chooses_nobody_of_what_has_begun(ws: Workspace) -> None:
    with pytest.raises(BadValueError, match="drawn before an action acts"):
        ws.write_action(SAID, "ada")
    assert ws.write_action({**SAID, "held_out": "0", "what": "After the fact"}, "ada").n_held_out == 0


def test_a_list_is_read_whatever_its_columns_and_unknown_ids_can_be_left_out(ws: Workspace) -> None:
    ids = sorted(row["customer_id"] for row in ws.customers())[:3]
    text = "Name;Customer_ID\n" + "".join(f'"A; B";{one}\n' for one in [*ids, "c-99999", ids[0]])
    said = {**SAID, "what": "Listed", "customers": text, "held_out": "0"}
    with pytest.raises(ProblemsError) as refused:
        ws.write_action(said, "ada", BEFORE_US)
    assert [problem.message for problem in refused.value.problems] == ['"c-99999" is no customer']
    action = ws.write_action({**said, "skip_unknown": "yes"}, "ada", BEFORE_US)
    assert (sorted(groups(ws, action)[0]), action.chosen) == (ids, {"listed": 3})


def test_an_erased_customer_leaves_every_list_and_every_word(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()) as workspace:
        said = {"metric": "exits", "promised": "2", "held_out": "0", "started_on": "2026-08-01"}
        one = workspace.write_action({**said, "what": "A visit to acct1", "customers": "acct1\nacct2"}, "ada", NOW)
        two = workspace.write_action({**said, "what": "Letters", "customers": "acct2\nacct3"}, "ada", NOW)
        workspace.close_action(two.action_id, "ended", f"as {WHO} asked", "ada")
        told = workspace.export("acct1")["actions"]
        assert [(row["what"], row["is_held_out"]) for row in told] == [("A visit to acct1", False)]
        assert "ada" not in json.dumps(told)
        receipt = workspace.erase("acct1")
        assert (receipt.deleted["action_customers"], receipt.deleted["action_texts"]) == (1, 1)
        workspace.erase(WHO)
        left = {found.action.action_id: found.action for found in workspace.actions().read_outs}
        assert (left[one.action_id].what, left[one.action_id].n_treated) == ("named somebody who was erased", 2)
        assert left[two.action_id].closed_reason == "named somebody who was erased"
        assert [row["customer_id"] for row in workspace.action_list(one.action_id)] == ["acct2"]
    assert bytes_with(tmp_path / "w" / ".cxcurve", "A visit to acct1") == []


def test_an_erased_account_is_not_told_by_its_name_either(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()) as workspace:
        blank = dict.fromkeys(tables.CUSTOMERS.column_names)
        row = {**blank, "customer_id": "acct0", "name": "Blue Harbour", "valid_from_us": 0, "attributes": "{}"}
        workspace.store.upsert(tables.CUSTOMERS, pa.Table.from_pylist([row], arrow_schema(tables.CUSTOMERS)))
        said = {"metric": "exits", "promised": "2", "held_out": "0", "started_on": "2026-08-01", "customers": "acct2"}
        for what in ("As for BLUE HARBOUR, a visit", "Blue harbours"):
            workspace.write_action({**said, "what": what}, "ada", NOW)
        assert workspace.erase("acct0").deleted["action_texts"] == 1
        told = {found.action.what for found in workspace.actions().read_outs}
    assert told == {"named somebody who was erased", "Blue harbours"}
    assert bytes_with(tmp_path / "w" / ".cxcurve", "BLUE HARBOUR") == []


def test_retention_takes_the_lists_of_old_actions_and_leaves_what_was_told(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()) as workspace:
        said = {"metric": "exits", "promised": "2", "held_out": "0", "customers": "acct1"}
        for what, when in (("old", NOW - 400 * DAY), ("new", NOW)):
            workspace.write_action({**said, "what": what, "started_on": "2026-08-01"}, "ada", when)
        deleted = workspace.store.retire({"core_feature_used": 0}, NOW - 300 * DAY)
        assert deleted["action_customers"] == 1
        rows = workspace.store.rows("SELECT what FROM action_customers JOIN actions USING (action_id)")
        assert rows == [("new",)]
        assert {one.action.what: one.reason == "forgotten" for one in workspace.actions().read_outs} == {
            "old": True, "new": False,
        }  # fmt: skip
