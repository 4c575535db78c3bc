"""The list of customers: sorted, searched, paged, as CSV; and one customer's reasons."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest

from cxcurve import charts
from cxcurve.web.pages import customers
from cxcurve.web.pages.customers import _cell
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
    assert f"<option selected>{state}</option>" in site.get(f"/customers?state={state}").text


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
    assert "No customer matches “zzzz”" in page.text


def test_a_list_is_sorted_once_and_its_picture_drawn_once(site: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100,000 customers that takes seconds."""
    calls: list[str] = []
    sort, draw = customers._sorted, charts.scatter
    monkeypatch.setattr(customers, "_sorted", lambda *given: (calls.append("sort"), sort(*given))[1])
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
    assert _cell(text) == f"'{text}"
    assert _cell(-2.0) == -2.0


def test_drifting_customers_are_marked(site: httpx.Client, workspace: Workspace) -> None:
    drifting = {one["customer_id"] for zone in workspace.drift().to_json()["zones"] for one in zone["drifting_now"]}
    listed = [row for page in (1, 2, 3) for row in rows(site, f"page={page}")]
    assert drifting
    assert {row["customer_id"] for row in listed if row["is_drifting"]} == drifting
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


def test_the_timeline_can_be_one_channel(site: httpx.Client) -> None:
    worst = rows(site, "sort=-friction_index")[0]["customer_id"]
    page = site.get(f"/customers/{worst}").text
    value, n = re.findall(r'href="\?channel=([\w]+)[^"]*">[^<]* <span class="muted">(\d+)<', page)[0]
    only = site.get(f"/customers/{worst}?channel={value}&events=all").text
    assert len(re.findall(r'<li[^>]*><time datetime="[^"]*">[^<]*</time><i', only)) == int(n)


def test_an_unknown_customer_is_found_by_a_similar_name(site: httpx.Client) -> None:
    answer = site.get("/customers/c-0001")
    assert answer.status_code == 404
    assert "Did you mean" in answer.text
