"""A table by its address: sorted, searched, paged, its columns chosen, and its CSV."""

from __future__ import annotations

from typing import Any

import pytest

from cxcurve.errors import BadValueError
from cxcurve.web.asked import Asked
from cxcurve.web.grid import PARAMETERS, Column, Grid, grid
from cxcurve.workspace import init

COLUMNS = (
    Column("name", "Customer"),
    Column("level", "Level", kind="signed"),
    Column("owner", "Owner", is_shown=False),
    Column("trend", "Trend", kind="spark"),
)
ROWS = [
    {"name": "beta", "level": 3.0, "owner": "=Ann", "trend": None, "href": None},
    {"name": "Alpha", "level": None, "owner": "Bo", "trend": None, "href": None},
    {"name": "gamma", "level": -7.0, "owner": None, "trend": None, "href": None},
]


@pytest.fixture(scope="module", name="journey")
def _journey(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with init(tmp_path_factory.mktemp("grid") / "acme", "b2b-saas") as workspace:
        yield workspace.journey


def made(journey: Any, *items: tuple[str, str], **more: Any) -> Grid:
    given = {"sort": "name", "searched": ("name", "owner"), "csv_path": "/things.csv", **more}
    return grid(COLUMNS, ROWS, Asked.read(items, journey, PARAMETERS), **given)


def names(found: Grid) -> list[str]:
    return [row["name"] for row in found.rows]


def test_words_are_sorted_whatever_their_case_and_the_unknown_comes_last(journey: Any) -> None:
    assert names(made(journey)) == ["Alpha", "beta", "gamma"]
    assert names(made(journey, ("sort", "-level"))) == ["beta", "gamma", "Alpha"]
    assert names(made(journey, ("sort", "level"))) == ["gamma", "beta", "Alpha"]


def test_a_click_on_a_heading_asks_for_the_useful_end_first_and_then_the_other(journey: Any) -> None:
    name, level = COLUMNS[:2]
    assert (made(journey).next_sort(name), made(journey).next_sort(level)) == ("-name", "-level")
    assert made(journey, ("sort", "-level")).next_sort(level) == "level"
    assert made(journey, ("sort", "-level")).next_sort(name) == "name"


def test_a_search_looks_where_it_may(journey: Any) -> None:
    assert names(made(journey, ("q", "ANN"))) == ["beta"]
    assert names(made(journey, ("q", "ann"), searched=("name",))) == []
    assert len(names(made(journey, ("q", "ann"), searched=()))) == 3


def test_pages_end_where_the_rows_end(journey: Any) -> None:
    found = made(journey, ("page", "9"), per_page=2)
    assert (names(found), found.pager["page"], found.pager["first"], found.pager["last"]) == (["gamma"], 2, 3, 3)
    empty = made(journey, ("q", "nothing"))
    assert (empty.rows, empty.pager["n"], empty.is_asked) == ((), 0, True)


def test_columns_are_ticked_one_by_one_and_the_first_always_stays(journey: Any) -> None:
    assert [column.key for column in made(journey).shown] == ["name", "level", "trend"]
    chosen = made(journey, ("columns", "owner"), ("columns", "trend"))
    assert [column.key for column in chosen.shown] == ["name", "owner", "trend"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("columns", "owners"), 'columns "owners" is not known. Did you mean "owner"?'),
        (("sort", "trend"), 'sort "trend" is not known. Expected: name, -name, level, -level, owner, -owner.'),
        (("page", "0"), 'page "0" is no page; expected a number such as 1'),
    ],
)
def test_what_is_not_known_is_refused(journey: Any, given: tuple[str, str], said: str) -> None:
    with pytest.raises(BadValueError) as raised:
        made(journey, given)
    assert str(raised.value) == said


def test_the_csv_has_every_row_found_every_column_and_no_formula(journey: Any) -> None:
    found = made(journey, ("q", "a"), ("sort", "level"), ("page", "2"), per_page=1)
    assert found.csv_url == "/things.csv?q=a&sort=level"
    assert found.to_csv().splitlines() == ["name,level,owner", "gamma,-7.0,", "beta,3.0,'=Ann", "Alpha,,Bo"]


def test_a_table_of_nothing_is_no_search_that_found_nothing(journey: Any) -> None:
    found = grid(COLUMNS, [], Asked.read((), journey, PARAMETERS), sort="name")
    assert (found.rows, found.is_asked, found.csv_url) == ((), False, "")
