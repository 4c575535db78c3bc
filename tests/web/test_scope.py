"""Row scope, attacked: whatever is asked, nobody outside the scope is told of, nor of so few that each is known."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import serving
from entering import browser_of, guarded, joined, people_of, sent

import cxcurve
from cxcurve.errors import UnknownNameError
from cxcurve.people.roles import Role
from cxcurve.people.scope import Scope
from cxcurve.web.matrix import MATRIX
from cxcurve.workspace import Workspace
from cxcurve.workspace.few import few_inventory
from cxcurve.workspace.populations import keys_within, population, within

DACH, PARTNER = "region=DACH", "partner_id=partner-02"
BOARDS = ("/today", "/curve", "/scorecard", "/drift", "/ttv", "/advocacy", "/revenue", "/deals", "/flows", "/friction",
          "/maps")  # fmt: skip
SHARES = ("drop_off", "again_7_days")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Rows, Workspace]]:
    with cxcurve.open(serving.copied(tmp_path_factory.mktemp("scope"))) as workspace, people_of(workspace) as people:
        joined(people, Role.ADMIN, email="ada@example.com")
        joined(people, Role.ANALYST, DACH, email="dach@example.com")
        joined(people, Role.PARTNER, PARTNER, email="partner@example.com")
        rows = workspace.customers()
        with guarded(workspace, people) as url:
            yield url, rows, workspace


@pytest.fixture(scope="module", name="rows")
def _rows(served: tuple[str, Rows, Workspace]) -> Rows:
    return served[1]


@pytest.fixture(scope="module", name="ada")
def _ada(served: tuple[str, Rows, Workspace]) -> Iterator[httpx.Client]:
    with browser_of(served[0], "ada@example.com") as browser:
        yield browser


@pytest.fixture(scope="module", name="dach")
def _dach(served: tuple[str, Rows, Workspace]) -> Iterator[httpx.Client]:
    with browser_of(served[0], "dach@example.com") as browser:
        yield browser


@pytest.fixture(scope="module", name="partner")
def _partner(served: tuple[str, Rows, Workspace]) -> Iterator[httpx.Client]:
    with browser_of(served[0], "partner@example.com") as browser:
        yield browser


def inside(rows: Rows, column: str, value: str) -> Rows:
    return [row for row in rows if row[column] == value]


def outside(rows: Rows, column: str, value: str) -> set[str]:
    """Ids and names of everybody else."""
    others = [row for row in rows if row[column] != value]
    return {row["customer_id"] for row in others} | {row["name"] for row in others}


def named(text: str, names: set[str]) -> set[str]:
    return {name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}


def json_of(browser: httpx.Client, path: str) -> Any:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.text[:300])
    return answer.json()


def test_the_probe_sees_names(ada: httpx.Client, rows: Rows) -> None:
    """Else the tests below could not fail."""
    assert len(named(ada.get("/customers?sort=-level").text, outside(rows, "region", "DACH"))) > 20
    assert named(ada.get("/curve").text, outside(rows, "region", "DACH"))


@pytest.mark.parametrize("query", ["", "?plan=Starter", "?x=date", "?q=a", "?state=stuck", "?sort=-owner"])
@pytest.mark.parametrize("path", ["/", *BOARDS, *(f"{path}.json" for path in BOARDS), "/customers", "/customers.json"])
def test_no_page_names_anybody_outside(dach: httpx.Client, rows: Rows, path: str, query: str) -> None:
    found = dach.get(f"{path}{query}")
    assert found.status_code in {200, 400, 403}  # not every page takes every parameter
    assert named(found.text, outside(rows, "region", "DACH")) == set()


def test_another_moment_names_nobody_outside_either(dach: httpx.Client, rows: Rows) -> None:
    for path in ("/customers", "/curve.json"):
        found = dach.get(f"{path}?as_of=2026-05-31")
        assert found.status_code == 200
        assert named(found.text, outside(rows, "region", "DACH")) == set()


def test_lists_counts_and_exports_are_of_the_scope(dach: httpx.Client, rows: Rows) -> None:
    mine = {row["customer_id"] for row in inside(rows, "region", "DACH")}
    told = json_of(dach, "/customers.json")
    assert told["n"] == len(mine)
    exported = csv.DictReader(io.StringIO(dach.get("/customers.csv").text))
    assert {row["customer_id"] for row in exported} == mine
    assert json_of(dach, f"/customers.json?q={quote(sorted(mine)[0])}")["n"] == 1
    other = next(row for row in rows if row["region"] != "DACH")
    assert json_of(dach, f"/customers.json?q={quote(other['customer_id'])}")["n"] == 0
    assert json_of(dach, f"/customers.json?q={quote(other['name'])}")["n"] == 0


def test_a_scoped_board_is_the_board_of_that_segment(ada: httpx.Client, dach: httpx.Client) -> None:
    """Where nothing is small the numbers are those that everybody sees of the segment."""
    whole = {point["x"]: point for point in json_of(ada, "/curve.json?region=DACH")["points"]}
    mine = json_of(dach, "/curve.json")["points"]
    assert len(mine) > 5
    for point in mine:
        assert point["level"] == pytest.approx(whole[point["x"]]["level"], rel=1e-9)
        assert point["n"] >= 10
    assert any(point["n"] < 10 for point in whole.values())


@pytest.mark.parametrize("suffix", ["", ".json", ".json?as_of=2026-05-31"])
def test_a_customer_outside_is_as_one_who_is_not_there(dach: httpx.Client, rows: Rows, suffix: str) -> None:
    other = next(row["customer_id"] for row in rows if row["region"] != "DACH")
    found, none = dach.get(f"/customers/{other}{suffix}"), dach.get(f"/customers/nobody-at-all{suffix}")
    assert found.status_code == none.status_code == 404
    assert found.text.replace(other, "X") == none.text.replace("nobody-at-all", "X")
    assert "Did you mean" not in none.text


def test_a_customer_inside_is_told_whole_and_its_neighbours_are_not(
    ada: httpx.Client, dach: httpx.Client, rows: Rows
) -> None:
    others = outside(rows, "region", "DACH")
    for row in inside(rows, "region", "DACH")[::6]:
        mine, whole = (json_of(one, f"/customers/{row['customer_id']}.json") for one in (dach, ada))
        assert named(str(mine), others) == set()
        assert (mine["level"], mine["timeline"]) == (whole["level"], whole["timeline"])


def test_looking_as_one_leaves_nothing_for_another(ada: httpx.Client, dach: httpx.Client, rows: Rows) -> None:
    """What is kept and compiled is of a scope: the same customer by turns, and everybody's list in between."""
    mine = inside(rows, "region", "DACH")[3]["customer_id"]
    other = next(row["customer_id"] for row in rows if row["region"] != "DACH")
    first = json_of(ada, f"/customers/{mine}.json")
    assert json_of(dach, f"/customers/{mine}.json")["level"] == first["level"]
    assert json_of(ada, f"/customers/{mine}.json") == first
    key = f"/explain.json?key=customer/{mine}/level"
    assert json_of(dach, key)["value"] == json_of(ada, key)["value"]
    assert json_of(ada, f"/customers/{other}.json")["customer"]["customer_id"] == other
    assert json_of(ada, f"/explain.json?key=customer/{other}/level")["value"] is not None
    assert json_of(ada, "/customers.json")["n"] == len(rows)


@pytest.mark.parametrize("value", ["Nordics", "Nowhere"])
@pytest.mark.parametrize("path", ["/customers.json?region={}", "/explain.json?key=scorecard/friction_index?region={}"])
def test_values_of_others_are_not_known(dach: httpx.Client, path: str, value: str) -> None:
    answer = dach.get(path.format(value))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_name")
    assert "Did you mean" not in answer.text


def test_no_hint_leads_to_owners_and_partners_of_others(dach: httpx.Client, rows: Rows) -> None:
    """A value that is nearly another one's is not mended."""
    for column in ("owner", "partner_id"):
        mine = {row[column] for row in inside(rows, "region", "DACH")}
        theirs = {row[column] for row in rows} - mine - {None}
        for value in theirs:
            answer = dach.get("/explain.json", params={"key": f"scorecard/friction_index?{column}={value}x"})
            assert answer.status_code in {400, 403}
            assert f'"{value}"' not in answer.json()["message"]
            exact = dach.get("/explain.json", params={"key": f"scorecard/friction_index?{column}={value}"})
            assert exact.status_code == answer.status_code


@pytest.mark.parametrize("value", ["Nordics", "Nordicsx"])
def test_a_population_of_the_scope_knows_no_other_values(served: tuple[str, Rows, Workspace], value: str) -> None:
    """Also where a segment has more values than a picker shows, and nothing is checked before."""
    workspace, scope = served[2].beside(), Scope.read([DACH])
    assert scope is not None
    with workspace.snapshot() as everybody:
        mine = within(everybody, workspace.store, keys_within(everybody, workspace.store, scope))
        with pytest.raises(UnknownNameError) as told:
            population(mine, workspace.store, {"region": value}, None)
    assert str(told.value) == f'region "{value}" is not known.'


def test_pickers_offer_what_the_scope_has(dach: httpx.Client) -> None:
    page = dach.get("/customers").text
    assert '<option value="DACH"' in page
    assert '<option value="Nordics"' not in page


@pytest.mark.parametrize(
    "key",
    ["scorecard/friction_index", "curve/week/0/level", "drift/invest/stall_share", "ttv/median_days", "advocacy/ready"],
)
def test_explanations_rest_on_the_scope(dach: httpx.Client, rows: Rows, key: str) -> None:
    answer = dach.get("/explain.json", params={"key": key})
    assert answer.status_code in {200, 400, 403}
    assert named(answer.text, outside(rows, "region", "DACH")) == set()


def test_what_is_of_all_customers_together_is_closed(dach: httpx.Client, partner: httpx.Client) -> None:
    closed = [route for route, rule in MATRIX.items() if not rule.is_public and not rule.is_scoped]
    for route in closed:
        method, path = route.split(" ")
        assert dach.request(method, path).status_code == 403, route
        assert partner.request(method, path).status_code == 403, route
    assert "GET /plan.json" in closed
    assert "GET /api/ingest/ledger" in closed


def test_no_page_offers_a_partner_a_form_that_is_closed_to_him(partner: httpx.Client) -> None:
    for path in (path for path in BOARDS if path != "/today"):
        page = partner.get(path).text
        forms = set(re.findall(r'<form[^>]*method="post"[^>]*action="([^"?#]+)', page))
        assert {form for form in forms if not MATRIX[f"POST {form}"].opens_to(Role.PARTNER, has_scope=True)} == set(), (
            path
        )


# --- small cells


def test_of_eight_customers_those_to_call_are_told_and_nothing_of_all(partner: httpx.Client, rows: Rows) -> None:
    mine = {row["customer_id"] for row in inside(rows, "partner_id", "partner-02")}
    told = json_of(partner, "/today.json")
    assert {one["customer_id"] for one in told["calls"]} <= mine
    assert (told["changed"], told["waiting"]) == ([], None)
    assert "fewer than 10" in told["reason"]
    assert {one["progress_share"] for one in told["calls"]} <= {None}


@pytest.mark.parametrize("path", [path for path in BOARDS if path != "/today"])
def test_of_eight_customers_no_board_is_told_but_each_of_them_is(partner: httpx.Client, rows: Rows, path: str) -> None:
    mine = inside(rows, "partner_id", "partner-02")
    assert len(mine) == 8
    answer = partner.get(f"{path}.json")
    assert (answer.status_code, answer.json()["code"]) == (403, "too_few")
    assert "fewer than 10" in answer.text
    listed = json_of(partner, "/customers.json")["customers"]
    assert {row["customer_id"] for row in listed} == {row["customer_id"] for row in mine}
    assert partner.get("/customers.csv").status_code == 403
    assert partner.get(f"/customers/{mine[0]['customer_id']}").status_code == 200


def test_no_cell_of_a_board_is_small(served: tuple[str, Rows, Workspace], dach: httpx.Client) -> None:
    card = json_of(dach, "/scorecard.json")["rows"]
    assert {row["reason"] for row in card if row["n"] < 10 and row["current"] is None} <= {"too_few", "not_in_model"}
    assert [row["metric"] for row in card if row["current"] is not None and row["n"] < 10] == []
    assert any(row["current"] is not None for row in card)
    assert all(zone["n_entered"] >= 10 for zone in json_of(dach, "/drift.json")["zones"])
    assert all(row["n_customers"] >= 10 for row in json_of(dach, "/advocacy.json")["actions"])
    friction, whole = json_of(dach, "/friction.json"), served[2].inventory()
    assert 0 < len(few_inventory(whole).to_json()["rows"]) < len(whole.rows())
    for one in (friction, few_inventory(whole).to_json()):
        assert all(row["n_customers"] >= 10 for row in one["rows"])
        assert all(row[f"{name}_n"] >= 10 or row[name] is None for row in one["rows"] for name in SHARES)
        assert {one[name] for name in ("n_affected", "n_exits", "revenue_at_risk")} == {None}
    assert all(cell["n_customers"] >= 10 and cell["segment"] is None for cell in friction["experience"])
    for stage in json_of(dach, "/maps.json")["stages"]:
        assert stage["n_customers"] == 0 or stage["n_customers"] >= 10
        deeds = [row for name in ("actions", "pains", "moments", "opportunities") for row in stage[name]]
        assert all(row["n_customers"] >= 10 for row in deeds)


def test_decisions_beliefs_and_personas_are_not_for_those_who_know_some_only(
    ada: httpx.Client, dach: httpx.Client, rows: Rows
) -> None:
    other = next(row["name"] for row in rows if row["region"] != "DACH")
    row = json_of(ada, "/friction.json")["rows"][0]
    place = {name: row[name] for name in ("signal", "touchpoint", "stage")}
    said = {**place, "status": "accepted", "owner": other, "why1": other, "note": other, "plays": other}
    assert sent(ada, f"/friction?row={quote(row['friction'])}", "/friction", **said).status_code == 303
    believed = {"stage": "invest", "level_current": "5", "text_current": other}
    assert sent(ada, "/maps", "/maps", **believed).status_code == 303
    assert other in ada.get("/friction.json").text
    assert other in ada.get("/maps.json").text
    for path in ("/friction", "/friction.json", "/friction.csv", "/maps", "/maps.json"):
        assert other not in dach.get(path).text
    for query in ("role=champion", "mindset=reactive"):
        assert dach.get(f"/maps.json?{query}").json()["code"] == "too_few"


def test_no_two_boards_differ_by_few(dach: httpx.Client, rows: Rows) -> None:
    """Of all values of all segments, those that are told: their counts, and what they leave of the whole."""
    mine = inside(rows, "region", "DACH")
    told: dict[tuple[str, str], set[str]] = {("", ""): {row["customer_id"] for row in mine}}
    refused = 0
    for key in ("segment", "plan", "industry", "partner_id"):
        values = {row[key] for row in mine} - {None}
        for value in values:
            answer = dach.get("/scorecard.json", params={key: value})
            if answer.status_code == 200:
                told[key, value] = {row["customer_id"] for row in mine if row[key] == value}
            else:
                refused += 1
        left = told["", ""].difference(*(ids for (one, _), ids in told.items() if one == key))
        assert len(left) == 0 or len(left) >= 10, key
    assert refused > 3
    assert len(told) > 3
    for name, ids in told.items():
        assert len(ids) >= 10, name
        for other, others in told.items():
            assert not ids < others or len(others - ids) >= 10, (name, other)


@pytest.mark.parametrize(
    "query",
    [
        {"segment": "SMB", "plan": "Starter"},
        {"segment": "SMB", "cohort": "entered invest in the last 90d"},
        {"cohort": "entered research in the last 89d"},
        {"cohort": "entered research in the last 2000h"},
    ],
)
def test_filters_that_could_be_taken_from_each_other_are_refused(dach: httpx.Client, query: dict[str, str]) -> None:
    answer = dach.get("/scorecard.json", params=query)
    assert (answer.status_code, answer.json()["code"]) == (403, "too_few")
    assert dach.get("/customers.json", params=query).status_code == 200


def test_a_number_that_is_not_told_is_not_made_again_from_its_rows(dach: httpx.Client) -> None:
    card = json_of(dach, "/scorecard.json")["rows"]
    few = [row["metric"] for row in card if row["current"] is None and row["reason"] == "too_few"]
    assert few
    for metric in few:
        answer = dach.get("/explain.json", params={"key": f"scorecard/{metric}"})
        assert answer.json()["code"] == "too_few", metric


def test_notes_are_not_for_those_who_know_some_only(ada: httpx.Client, dach: httpx.Client, rows: Rows) -> None:
    other = next(row["name"] for row in rows if row["region"] != "DACH")
    written = sent(ada, "/curve", "/notes", text=f"Talked to {other}", at="2026-05-04")
    assert written.status_code == 303
    assert other in ada.get("/curve?x=date").text
    assert other not in dach.get("/curve.json?x=date").text


def test_whoever_leaves_the_scope_is_gone_at_once_for_every_day(
    served: tuple[str, Rows, Workspace], dach: httpx.Client, rows: Rows
) -> None:
    """Also as of before: whose a customer is now decides."""
    workspace, moved = served[2], inside(rows, "region", "DACH")[0]["customer_id"]
    n = json_of(dach, "/customers.json")["n"]
    assert dach.get(f"/customers/{moved}.json").status_code == 200
    sql = "UPDATE customers SET region = $1 WHERE customer_id = $2"
    for region, status, n_now in (("Nordics", 404, n - 1), ("DACH", 200, n)):
        workspace.store.execute(sql, region, moved)
        workspace.store.remember("loaded_us", region)
        assert dach.get(f"/customers/{moved}.json").status_code == status
        assert dach.get(f"/customers/{moved}.json?as_of=2026-05-31").status_code == status
        assert json_of(dach, "/customers.json")["n"] == n_now


def test_a_search_finds_nobody_outside(dach: httpx.Client, rows: Rows, served: tuple[str, Rows, Workspace]) -> None:
    others, store = outside(rows, "region", "DACH"), served[2].store
    mine = inside(rows, "region", "DACH")[0]
    assert json_of(dach, f"/search.json?q={quote(mine['name'])}")["customers"][0]["customer_id"] == mine["customer_id"]
    for one in [row for row in rows if row["region"] != "DACH"][:5]:
        persons = store.rows("SELECT person_id FROM people WHERE customer_id = $1", one["customer_id"])
        events = store.rows("SELECT event_id FROM analytics_events WHERE customer_id = $1 LIMIT 2", one["customer_id"])
        for text in (one["customer_id"], one["name"], *(value for (value,) in (*persons, *events))):
            told = json_of(dach, f"/search.json?q={quote(text)}")
            assert (told["people"], told["events"]) == ([], [])
            assert named(str(told["customers"]), others) == set()
