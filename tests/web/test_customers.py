"""The list of customers: sorted, searched, paged, as CSV; and one customer's reasons."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest

from cxcurve import charts
from cxcurve.web import grid
from cxcurve.web.grid import safe
from cxcurve.workspace import Workspace


def rows(site: httpx.Client, query: str = "") -> list[dict[str, object]]:
    return list(site.get(f"/customers.json?{query}").json()["customers"])


@pytest.mark.parametrize("key", ["level", "friction_index", "momentum_index", "revenue", "name"])
def test_sorted_both_ways_with_the_unknown_last(site: httpx.Client, key: str) -> None:
    for sign in ("", "-"):
        values = [row[key] for page in (1, 2, 3) for row in rows(site, f"sort={sign}{key}&page={page}")]
        known = [value.casefold() if isinstance(value, str) else value for value in values if value is not None]
        assert known == sorted(known, reverse=sign == "-")  # type: ignore[type-var]
        assert values[: len(known)].count(None) == 0


def test_pages_hold_fifty_and_everybody_once(site: httpx.Client) -> None:
    pages = [rows(site, f"page={page}") for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 50]
    assert len({row["customer_id"] for page in pages for row in page}) == 150
    assert rows(site, "page=999") == pages[2]
    assert "101 to 150 of 150 customers" in site.get("/customers?page=3").text


@pytest.mark.parametrize("state", ["stuck", "flowing", "new", "quiet advocate"])
def test_a_list_of_those_in_a_state(site: httpx.Client, workspace: Workspace, state: str) -> None:
    wanted = {row["customer_id"]: row for row in workspace.customers(state=state)}
    shown = {str(row["customer_id"]): row for n in (1, 2, 3) for row in rows(site, f"state={state}&page={n}")}
    assert shown.keys() == wanted.keys()
    for name, row in shown.items():
        told = [row["pair"], *(one["state"] for one in row["states"])]  # type: ignore[attr-defined]
        assert state in told
        assert (row["pair"] is None) == (row["pair_since"] is None) == ("new" in told)
        assert (row["pair"], row["states"]) == (wanted[name]["pair"], wanted[name]["states"])
    table = list(csv.DictReader(io.StringIO(site.get(f"/customers.csv?state={state}").text)))
    assert {row["customer_id"] for row in table} == wanted.keys()
    assert all(state in f"{row['pair']}; {row['states']}" for row in table)
    assert f'<option value="{state}" selected>{state}</option>' in site.get(f"/customers?state={state}").text


def test_an_unknown_state_is_refused(site: httpx.Client) -> None:
    answer = site.get("/customers?state=stcuk")
    assert answer.status_code == 400
    assert "Did you mean" in answer.text


def test_a_customer_page_tells_pair_and_states_with_their_days(site: httpx.Client, workspace: Workspace) -> None:
    for state in ("new", "stuck"):
        row = workspace.customers(state=state)[0]
        page, told = (site.get(f"/customers/{row['customer_id']}{kind}") for kind in ("", ".json"))
        assert {name: told.json()[name] for name in ("pair", "pair_since", "states")} == {
            name: row[name] for name in ("pair", "pair_since", "states")
        }
        names = [*([row["pair"]] if row["pair"] else []), *(one["state"] for one in row["states"])]
        assert all(re.search(rf"{name}(</span>)? since \d", page.text) for name in names)


def test_search_finds_names_owners_and_segments(site: httpx.Client) -> None:
    first = rows(site)[0]
    assert first in rows(site, f"q={str(first['name']).upper()}")
    assert {row["segment"] for row in rows(site, "q=enterprise")} == {"Enterprise"}
    page = site.get("/customers?q=zzzz")
    assert "Nothing matches “zzzz”" in page.text


def test_a_list_is_sorted_once_and_its_picture_drawn_once(site: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100,000 customers that takes seconds."""
    calls: list[str] = []
    sort, draw = grid._sorted, charts.scatter
    monkeypatch.setattr(grid, "_sorted", lambda *given: (calls.append("sort"), sort(*given))[1])
    monkeypatch.setattr(charts, "scatter", lambda *given, **named: (calls.append("draw"), draw(*given, **named))[1])
    asked = "q=e&sort=owner"
    pages = [site.get(f"/customers?{asked}&page={page}").text for page in (1, 2, 1)]
    assert rows(site, asked)[0]["customer_id"] in pages[0]
    assert calls == ["sort", "draw", "draw"], "wide and narrow"
    site.get("/customers?q=e&sort=-owner")
    assert calls == ["sort", "draw", "draw", "sort"]
    assert pages[0] == pages[2] != pages[1]


def test_csv_holds_all_rows(site: httpx.Client) -> None:
    answer = site.get("/customers.csv?sort=-level")
    assert answer.headers["content-type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(table) == 150
    assert table[0]["customer_id"] == rows(site, "sort=-level")[0]["customer_id"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2", "@SUM(A1)"])
def test_a_spreadsheet_takes_no_text_for_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"
    assert safe(-2.0) == -2.0


def test_drifting_customers_are_marked(site: httpx.Client, workspace: Workspace) -> None:
    drifting = {one["customer_id"] for zone in workspace.drift().to_json()["zones"] for one in zone["drifting_now"]}
    listed = [row for page in (1, 2, 3) for row in rows(site, f"page={page}")]
    assert drifting
    assert {row["customer_id"] for row in listed if row["is_drifting"]} == drifting
    listed = {str(row["customer_id"]) for n in (1, 2, 3) for row in rows(site, f"state=drifting&page={n}")}
    assert listed == drifting
    page = site.get(f"/customers/{next(iter(drifting))}").text
    assert "<b>Drifting.</b>" in page


def test_the_parts_add_up_to_what_is_shown(site: httpx.Client) -> None:
    worst = rows(site, "sort=-friction_index")[0]["customer_id"]
    page = site.get(f"/customers/{worst}").text
    for heading in ("Why this friction", "Why this Momentum"):
        part = page[page.index(heading) : page.index("</section>", page.index(heading))]
        shown = [float(text) for text in re.findall(r'class="points">([\d.]+)<', part)]
        total = re.search(r"adds up to</span> <b>([\d.]+)<", part)
        assert total
        assert sum(shown) == pytest.approx(float(total[1]))


def test_the_timeline_is_filtered_by_its_address(site: httpx.Client, workspace: Workspace) -> None:
    """Against the events themselves, each filter alone and two together, page by page."""
    worst = rows(site, "sort=-friction_index")[0]["customer_id"]
    names = ("event_id", "source", "channel", "person_id", "occurred_us")
    sql = f"SELECT {', '.join(names)} FROM events WHERE customer_id = $1"
    events = [dict(zip(names, row, strict=True)) for row in workspace.store.rows(sql, worst)]

    def found(query: str) -> list[str]:
        n_pages = site.get(f"/customers/{worst}.json?{query}").json()["happened"]["n_pages"]
        asked = (site.get(f"/customers/{worst}.json?{query}&page={page}") for page in range(1, n_pages + 1))
        every = [answer.json()["happened"] for answer in asked]
        return [one["event_id"] for page in every for one in page["events"]]

    def wanted(**asked: str) -> list[str]:
        kept = [one for one in events if all(one[name] == value for name, value in asked.items())]
        kept.sort(key=lambda one: (one["occurred_us"], one["event_id"]), reverse=True)
        return [one["event_id"] for one in kept]

    assert found("") == wanted()
    person = next(one["person_id"] for one in events if one["person_id"])
    channel = events[0]["channel"]
    assert found("source=support") == wanted(source="support")
    assert found(f"person={person}") == wanted(person_id=person)
    assert found(f"touchpoint={channel}") == wanted(channel=channel)
    assert found(f"source=product&person={person}") == wanted(source="product", person_id=person)
    assert found("source=nobody") == []
    assert sorted(found("valence=drag") + found("valence=pull") + found("valence=neither")) == (sorted(wanted()))
    stages = [stay["stage"] for stay in site.get(f"/customers/{worst}.json").json()["stays"]]
    parts = [one for stage in dict.fromkeys([*stages, "outside"]) for one in found(f"stage={stage}")]
    assert sorted(parts) == sorted(wanted())


def test_the_timeline_needs_no_script_and_leads_to_an_event(site: httpx.Client) -> None:
    worst = rows(site, "sort=-friction_index")[0]["customer_id"]
    page = site.get(f"/customers/{worst}").text
    form = page[page.index('id="timeline"') : page.index("</form>", page.index('id="timeline"'))]
    assert "<button" in form
    assert 'method="get"' in form
    n = int(re.findall(r"of ([\d,]+) events", page)[0].replace(",", ""))
    last = site.get(f"/customers/{worst}.json?page={-(-n // 50)}").json()["happened"]["events"][-1]["event_id"]
    shown = site.get(f"/customers/{worst}?event={last}").text
    assert shown.count('id="event"') == 1
    assert site.get(f"/customers/{worst}.json?event={last}").json()["happened"]["page"] == -(-n // 50)
    assert site.get(f"/customers/{worst}?page=0").status_code == 400
    assert site.get(f"/customers/{worst}?nobody=1").status_code == 400


def test_each_sentence_of_the_page_leads_to_its_events(site: httpx.Client) -> None:
    worst = rows(site, "sort=-friction_index")[0]["customer_id"]
    told = site.get(f"/customers/{worst}.json").json()
    page = site.get(f"/customers/{worst}").text
    part = page[page.index('<dl class="brief">') : page.index("</dl>")]
    assert part.count("<details>") == len(told["sentences"])
    for event_id in re.findall(r'href="\?event=([^"#]+)#event"', part):
        assert any(event_id in one["events"] for one in told["sentences"])


def test_an_unknown_customer_is_found_by_a_similar_name(site: httpx.Client) -> None:
    answer = site.get("/customers/c-0001")
    assert answer.status_code == 404
    assert "Did you mean" in answer.text
