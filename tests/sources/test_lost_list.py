"""A list of lost customers out of a spreadsheet: any order of columns, all problems at once, nothing dropped."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cxcurve.errors import ProblemsError
from cxcurve.sources import lost_list
from cxcurve.sources.lost_list import Lost, read_lost_list

ZONE = "Europe/Berlin"
MIDNIGHT_US = round(datetime(2026, 5, 3, tzinfo=ZoneInfo(ZONE)).timestamp() * 1e6)


def read(text: str) -> list[Lost]:
    return read_lost_list(text, "lost.csv", ZONE)


def problems(text: str) -> list[str]:
    with pytest.raises(ProblemsError) as error:
        read(text)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    "text",
    [
        "customer,date,reason\nc-1,2026-05-03,price\n",
        "Reason;Account ID;Lost on\r\nprice;c-1;2026-05-03\r\n",
        "\ufeffid\tlost\twhy\n\n",
        "c-1,2026-05-03,price",
        'customer_id,date,reason\n"c-1",20260503,"price"',
        "account,date,reason\nc-1,2026-05-02T22:00:00Z,price\n",
    ],
)
def test_columns_by_many_names_and_dates_as_sources_may_have_them(text: str) -> None:
    text = text if "c-1" in text else f"{text}c-1\t2026-05-03\tprice"
    (one,) = read(text)
    assert (one.customer_id, one.at_us, one.reason) == ("c-1", MIDNIGHT_US, "price")


def test_lines_are_those_of_the_file_and_twins_count_once() -> None:
    found = read('customer,date,reason\n\na,2026-05-03,"too\ndear"\nb,2026-05-03\na,2026-05-03,twin\n')
    assert [(one.line, one.customer_id, one.reason) for one in found] == [(3, "a", "too\ndear"), (5, "b", None)]


def test_all_problems_are_told_at_once_with_their_lines() -> None:
    assert problems("customer,date\n,2026-05-03\na,\nb,03/05/2026\nc,2026-05-03\nc,2026-05-04\n") == [
        "lost.csv:2: names no customer",
        "lost.csv:3: has no date; expected the day the customer was lost, such as 2026-05-31",
        'lost.csv:4: "03/05/2026" is no date; expected ISO 8601, such as 2026-05-31',
        'lost.csv:6: customer "c" has another date in line 5; keep the day it was lost',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lost.csv: the list is empty"),
        (" \n\n", "lost.csv: the list is empty"),
        ("customer,date\n", "lost.csv: the list names its columns and nobody"),
        ("customr,date\na,2026-05-03", 'lost.csv:1: no column customer in "customr, date"'),
        ("one,two\na,b", "lost.csv:1: no column customer and no column date"),
        ('customer,date\n"a,2026-05-03', "lost.csv: cannot be read as a table"),
    ],
)
def test_what_is_no_list_is_said(text: str, said: str) -> None:
    assert problems(text)[0].startswith(said)


def test_a_slip_of_the_pen_in_a_name_is_seen() -> None:
    assert 'Did you mean "customer"?' in problems("customr,date\na,2026-05-03")[0]


def test_a_list_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_list, "MOST_ROWS", 2)
    rows = ["customer,date", *(f"c-{i},2026-05-03" for i in range(3))]
    assert problems("\n".join(rows)) == ["lost.csv: the list has 3 customers; at most 2 are read"]
    assert len(read("\n".join(rows[:3]))) == 2
    monkeypatch.setattr(lost_list, "MOST_BYTES", 40)
    assert problems("\n".join(rows))[0] == "lost.csv: the list has 58 bytes; at most 40 are read"
