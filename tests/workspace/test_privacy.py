"""Erased is erased: as if they had never been there, in no byte, and not back with the next load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sent import DAY, NOW, WHO, built, bytes_with, company, message, send

import cxcurve
from cxcurve import tables
from cxcurve.errors import UnknownNameError
from cxcurve.people.views import SavedView
from cxcurve.sources import arrow_schema
from cxcurve.sources.masking.hashing import keyed_hash
from cxcurve.store.inbox import Request
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.privacy import Named


def derived(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """Every derived row by the customer's name; floats to 1e-9."""
    found = {}
    for name in ("stays", "signal_weeks", "activity_weeks", "customer_weeks", "customer_now"):
        columns = [c for c in tables.DERIVED[name].columns if c.name not in {"customer_key", "signal_key"}]
        exact = ", ".join(f"round({c.name}, 9)" if c.type == "float64" else c.name for c in columns)
        sql = f"SELECT customer_id, {exact} FROM {name} JOIN customer_keys USING (customer_key) ORDER BY ALL"
        found[name] = workspace.store.rows(sql)
    return found


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = built(tmp_path_factory.mktemp("erased") / "w", company())
    workspace.erase(WHO)
    return workspace


def test_every_derived_row_is_that_of_a_world_without_them(erased: Workspace, tmp_path: Path) -> None:
    never = built(tmp_path / "w", company(without=WHO))
    found, wanted = derived(erased), derived(never)
    assert len(wanted["customer_weeks"]) > 100
    for name, rows in wanted.items():
        assert found[name] == rows, name
    for table in ("event_log", "quarantine", "links", "traits", "resolved", "identities"):
        assert erased.store.rows(f"SELECT count(*) FROM {table}") == never.store.rows(
            f"SELECT count(*) FROM {table}"
        ), table
    never.close()


def test_no_byte_of_the_store_or_the_inbox_holds_their_id(erased: Workspace) -> None:
    assert bytes_with(erased.folder, WHO) == []


def test_nothing_of_before_comes_back_and_what_comes_later_is_new(erased: Workspace) -> None:
    tables_kept = ("event_log", "links", "traits", "people", "resolved")
    before = rows_of(erased, tables_kept)
    theirs = [one for one in company() if one.get("userId") == WHO]
    said = {"timestamp": (NOW - 300 * DAY) // 1000}
    send(erased, [*theirs[:5], *(one | said for one in theirs if one["type"] in {"identify", "group"})])
    assert rows_of(erased, tables_kept) == before
    later = message(1, WHO, "core_feature_used", messageId="new", timestamp="2027-06-01T10:00:00Z")
    body = json.dumps({"batch": [later]}).encode()
    erased.live.inbox.put([Request("web", "segment/batch", 1_811_930_400_000_000, 1, body)]).result()
    erased.move()
    assert erased.store.rows("SELECT person_id FROM events WHERE event_id = 'new'") == [(WHO,)]


def test_the_receipt_says_what_and_names_nobody(tmp_path: Path) -> None:
    workspace = built(tmp_path / "w", company()[:112])
    (tmp_path / "w" / "export.csv").write_text(f"id\n{WHO}\n")
    receipt = workspace.erase(WHO)
    assert receipt.n_ids == 2
    assert receipt.deleted["events"] == 20
    assert receipt.deleted["links"] == 2
    assert receipt.deleted["quarantine"] == 6, "also names that the plan does not know"
    assert receipt.found_in == ("export.csv",)
    assert WHO not in json.dumps(receipt.to_json())
    assert workspace.store.rows("SELECT count(*) FROM receipts") == [(1,)]
    with pytest.raises(UnknownNameError):
        workspace.erase(WHO)
    workspace.close()
    assert bytes_with(tmp_path / "w" / ".cxcurve", WHO) == []
    with cxcurve.open(tmp_path / "w") as again:
        again.score(full=True)


def test_what_waits_in_the_inbox_is_erased_as_well(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()[:60]) as workspace:
        body = json.dumps({"batch": [message(9000, WHO, "core_feature_used")]}).encode()
        workspace.live.inbox.put([Request("web", "segment/batch", NOW, 1, body)]).result()
        workspace.erase(WHO)
        assert workspace.live.ledger(workspace.store)["items"]["waiting"] == 0  # type: ignore[index]
        assert bytes_with(tmp_path / "w" / ".cxcurve", WHO) == []


def test_an_account_goes_with_its_people(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()) as workspace:
        customer = [{"customer_id": "acct0", "valid_from_us": 0, "attributes": "{}"}]
        workspace.store.upsert(tables.CUSTOMERS, pa.Table.from_pylist(customer, schema=arrow_schema(tables.CUSTOMERS)))
        receipt = workspace.erase("acct0")
        assert receipt.deleted["customers"] == 1
        assert workspace.store.rows(
            "SELECT count(*) FROM events WHERE account_id = 'acct0' OR person_id = $1", WHO
        ) == [(0,)]
        assert workspace.store.customer_key("acct0") is None


def test_somebody_gets_everything_that_is_kept_of_him(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()) as workspace:
        found = workspace.export(WHO)
    assert len(found["events"]) == 20
    assert {row["person_id"] or row["anonymous_id"] for row in found["events"]} == {WHO, f"v-{WHO}"}
    assert [row["how"] for row in found["links"]] == ["group", "identify"] or len(found["links"]) == 2
    with built(tmp_path / "x", company()[:5]) as workspace, pytest.raises(UnknownNameError, match="nobody-such"):
        workspace.export("nobody-such")


def test_who_is_a_customer_by_himself_gets_what_is_known_of_the_customer(tmp_path: Path) -> None:
    told = {"type": "identify", "messageId": "i", "userId": WHO, "timestamp": "2026-05-01", "traits": {"plan": "pro"}}
    with init(tmp_path / "w", "b2b-saas") as workspace:
        send(workspace, [message(1, WHO, "core_feature_used"), told, message(2, "other", "core_feature_used")])
        (row,) = workspace.export(WHO)["customers"]
        assert (row["customer_id"], row["plan"]) == (WHO, "pro")
        assert workspace.export("other")["customers"] == []
        workspace.erase(WHO)
        assert workspace.store.rows("SELECT * FROM customers") == []


FILES = {
    "people.csv": f"person_id,customer_id,email\n{WHO},acct0,who@acme.example\np1,acct0,p1@acme.example\n",
    "customers.csv": f"customer_id,plan\nacct0,pro\n{WHO},free\n",
    "tickets.csv": f"ticket,who,at,state\nT1,{WHO},2026-03-01,open\nT2,p1,2026-03-02,open\nT3,{WHO},never,open\n",
}
SOURCES = """
people: {files: people.csv, table: people, verified: email}
customers: {files: customers.csv, table: customers}
tickets:
  files: tickets.csv
  person: who
  by: ticket
  order: [at]
  time: {column: at}
  events: {ticket_opened: {first: true}}
"""


def test_files_that_are_loaded_again_bring_nobody_back(tmp_path: Path) -> None:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        for name, text in {**FILES, "sources.yaml": SOURCES}.items():
            (tmp_path / "w" / name).write_text(text)
        workspace.load()
        counted = ("people", "person_rows", "customers", "customer_rows", "staged", "event_log", "links")
        assert rows_of(workspace, counted) == [2, 2, 2, 2, 3, 2, 2]
        assert len(workspace.quarantine()) == 1
        workspace.erase(WHO, "person")
        for _ in range(2):
            assert rows_of(workspace, counted) == [1, 1, 1, 1, 1, 1, 1]
            assert workspace.quarantine() == []
            workspace.load()
        assert bytes_with(tmp_path / "w" / ".cxcurve", WHO) == []


def rows_of(workspace: Workspace, names: tuple[str, ...]) -> list[int]:
    return [workspace.store.rows(f"SELECT count(*) FROM {name}")[0][0] for name in names]


def test_who_waited_for_a_decision_with_them_waits_no_more(tmp_path: Path) -> None:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        told = [
            {"type": "identify", "messageId": f"i{one}", "userId": one, "anonymousId": "tablet"} for one in ("u", WHO)
        ]
        used = "core_feature_used"
        send(workspace, [message(1, WHO, used), message(2, None, used, anonymousId="tablet"), *told])
        assert len(workspace.intake().conflicts) == 1
        workspace.erase(WHO)
        assert workspace.intake().conflicts == ()
        assert bytes_with(tmp_path / "w" / ".cxcurve", WHO) == []


def test_what_was_counted_of_their_events_is_counted_anew(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()[:56]) as workspace:
        workspace.plan()
        names = "SELECT DISTINCT name FROM property_days JOIN signal_keys USING (signal_key) ORDER BY 1"
        assert workspace.store.rows(names) != []
        workspace.erase(WHO)
        assert workspace.store.rows(names) == []


def test_saved_views_that_name_them_go_and_the_receipt_says_how_many(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()) as workspace:
        store, views = workspace.store, workspace.team.views
        other = next(id_ for (id_,) in store.rows("SELECT id FROM identities WHERE id <> $1 ORDER BY id", WHO))
        named = ("q=" + WHO, f"q=%20{WHO.upper()}+&sort=name", f"state=stuck&owner={WHO}")
        for number, query in enumerate(named):
            views.save("u1", f"of them {number}", "/customers", query, 5, is_shared=number == 0)
        views.save("u2", f"All of {WHO}", "/curve", "", 5)
        for number, query in enumerate(("q=" + other, "state=stuck", "")):
            views.save("u1", f"stays {number}", "/customers", query, 5)
        receipt = workspace.erase(WHO)
        assert receipt.deleted["saved_views"] == 4
        assert [one.name for one in views.all()] == [f"stays {number}" for number in range(3)]
        assert not any("app.db" in name for name in receipt.found_in)


def test_a_view_by_address_or_by_a_part_of_a_name_names_whoever_has_it() -> None:
    def view(name: str, query: str) -> SavedView:
        return SavedView("v", "u", name, "/customers", query, False, 5)

    secret = b"k" * 32
    who = Named(
        frozenset({"c-1", "fyrtera capital"}), frozenset({keyed_hash("Ann@Acme.example", secret)}),
        ("c-2\nveld capital",), secret,
    )  # fmt: skip
    for query in ("q=fyrtera", "q=Fyrtera+Cap", "q=ann%40acme.example", "q=c-1", "owner=mail+to+ANN@acme.example"):
        assert who.is_in(view("x", query)), query
    for query in ("q=capital", "q=c-", "q=c-12", "q=bob%40acme.example", "q=ap", "region=EMEA"):
        assert not who.is_in(view("x", query)), query
    assert who.is_in(view("Talk to Fyrtera Capital", ""))
