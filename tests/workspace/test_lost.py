"""A list of lost customers on a small company whose answer is known: expert weights, sixty weeks, few events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

import cxcurve
from cxcurve.errors import ProblemsError
from cxcurve.workspace import Workspace

JOURNEY = """
journey: shop
stages: [one, two]
exits: [gone]
signals:
  seen: {stage: one, momentum: 0.5, core: true}
  ticket_opened: {friction: 1.0}
  gone: {}
"""
FIRST = date(2025, 1, 6)
WEEKS = 70
LOST = FIRST + timedelta(weeks=62, days=3)  # 19 March 2026
LOUD = ["a1", "a2", "a3"]


def events() -> list[str]:
    """Everybody is seen once a week. a1 to a3 and b1 open four tickets in each of three weeks, 5 weeks before LOST."""
    rows = []
    for who in [*LOUD, "a4", "a5", "b1", *(f"q{i:02}" for i in range(12))]:
        for week in range({"a1": 63, "a4": 54}.get(who, WEEKS)):
            day = FIRST + timedelta(weeks=week, days=1)
            rows.append(f"{who}-{week},{day}T10:00:00Z,{who},,seen,")
            if who in [*LOUD, "b1"] and 56 <= week < 59:
                rows += [f"{who}-{week}-{i},{day}T11:00:00Z,{who},,ticket_opened," for i in range(4)]
    rows.append(f"a1-gone,{LOST}T12:00:00Z,a1,,gone,")
    rows.append(f"a4-gone,{LOST - timedelta(days=60)}T12:00:00Z,a4,,gone,")
    return rows


@pytest.fixture(name="shop")
def _shop(made: Callable[..., Path]) -> Iterator[Workspace]:
    with cxcurve.open(made(JOURNEY, events())) as workspace:
        yield workspace


def listed(*customers: str, day: date = LOST) -> str:
    return "\n".join(["customer,date,reason", *(f"{one},{day},price" for one in customers)])


def test_would_we_have_warned_when_and_why(shop: Workspace) -> None:
    found = shop.lost(listed(*LOUD, "a4", "a5", "A1", "nobody"))
    told = {one["customer_id"]: one for one in found.to_json()["customers"]}
    assert {key: one["was_marked"] for key, one in told.items()} == {
        "a1": True, "a2": True, "a3": True, "a4": False, "a5": False,
    }  # fmt: skip
    mark = told["a2"]["mark"]
    # the first week with tickets ends on the Monday after it: week 57 begins
    at = FIRST + timedelta(weeks=57)
    assert mark["at"] == f"{at}T00:00:00Z"
    assert mark["days_before"] == (LOST - at).days == 38
    assert (mark["told_by"], mark["chance"], mark["times_usual"]) == ("friction_index", None, None)
    assert mark["friction_index"] >= 50
    assert [one["signal"] for one in mark["signals"]] == ["ticket_opened"]
    # log2(1 + 4 tickets, six days of a half-life of fourteen old) = 2.1, less the mean of the stage
    assert 1.8 < mark["signals"][0]["doublings"] < 2.15
    assert told["a2"]["reason"] == "price"


def test_the_log_may_agree_have_another_date_or_know_of_no_exit(shop: Workspace) -> None:
    told = {one["customer_id"]: one for one in shop.lost(listed(*LOUD, "a4", "a5")).to_json()["customers"]}
    says = {key: one["log_says"] for key, one in told.items()}
    assert says == {"a1": "agrees", "a2": "no_exit", "a3": "no_exit", "a4": "another_date", "a5": "no_exit"}
    assert told["a4"]["log_exit_at"] == f"{LOST - timedelta(days=60)}T12:00:00Z"
    assert told["a4"]["n_weeks"] < told["a5"]["n_weeks"] == 13


def test_what_it_says_in_words_and_of_those_who_stayed(shop: Workspace) -> None:
    found = shop.lost(listed(*LOUD, "a4", "a5"))
    document = found.to_json()
    assert (document["n_tested"], document["n_marked"], document["marked_share"]) == (5, 3, 0.6)
    # b1 was as loud and stayed; twelve were quiet. Windows that a4's log cuts short hold the tickets of nobody.
    assert document["n_stayed"] == 13
    assert document["n_stayed_marked"] <= 1
    assert document["words"][0].startswith(
        "Of 5 customers on your list that could be tested, 3 were marked at risk in the 90 days before (60"
    )
    assert document["lead_days"] is None, "of three no median is told"
    assert document["words"][1].startswith(f"Of 13 customers who stayed, {document['n_stayed_marked']} w")
    assert document["words"][2] == (
        "The log agrees with 1 date (within 14 days), has another date for 1, and knows of no exit of 3."
    )


def test_too_few_for_a_share_say_so(shop: Workspace) -> None:
    found = shop.lost(listed("a1", "a5")).to_json()
    assert (found["n_tested"], found["n_marked"], found["marked_share"], found["reason"]) == (2, 1, None, "too_few")
    assert "These are too few for a share; 5 are needed." in found["words"][0]


def test_who_is_not_known_is_kept_apart_with_a_suggestion(shop: Workspace) -> None:
    found = shop.lost(listed("a1", "q1", "somebody")).to_json()
    assert [(one["line"], one["customer_id"]) for one in found["unknown"]] == [(3, "q1"), (4, "somebody")]
    assert found["unknown"][0]["hint"].startswith('Did you mean "q')
    assert found["unknown"][1]["hint"] is None
    assert (found["n_listed"], len(found["customers"])) == (3, 1)
    assert "Not known, and counted nowhere: 2 lines of your list." in found["words"]


@pytest.mark.parametrize(
    ("day", "why", "said"),
    [
        (date(2199, 1, 1), "in_future", "Not tested: 1 dated after what is known."),
        (date(2025, 2, 1), "too_early", "Not tested: 1 before the weeks that can be tested."),
    ],
)
def test_what_cannot_be_tested_is_told_apart(shop: Workspace, day: date, why: str, said: str) -> None:
    found = shop.lost(listed("a1", day=day)).to_json()
    assert (found["customers"][0]["untested"], found["customers"][0]["was_marked"]) == (why, None)
    assert said in found["words"]
    assert found["words"][0] == "Of no customer on your list could be told whether there would have been a warning."


def test_a_customer_that_was_not_there(shop: Workspace) -> None:
    found = shop.lost(listed("a4", day=LOST + timedelta(days=35))).to_json()
    assert found["customers"][0]["untested"] == "not_there"
    assert found["customers"][0]["log_says"] == "another_date"


def test_a_short_history_tests_nobody(made: Callable[..., Path]) -> None:
    rows = [f"{who}-{day},2026-01-{day:02}T10:00:00Z,{who},,seen," for who in "ab" for day in range(1, 29)]
    with cxcurve.open(made(JOURNEY, rows)) as workspace:
        found = workspace.lost("customer,date\na,2026-01-20").to_json()
    assert found["customers"][0]["untested"] == "no_history"
    assert found["tested_from"] is None
    assert "half a year to learn from and a quarter to test on are needed" in found["words"][-1]


def test_nothing_is_kept_and_an_earlier_day_knows_less(shop: Workspace) -> None:
    before = shop.store.rows("SELECT * FROM meta ORDER BY 1")
    earlier = shop.lost(listed("a1"), "2026-03-20").to_json()
    assert earlier["as_of"] == "2026-03-21T00:00:00Z"
    assert earlier["customers"][0]["was_marked"]
    assert shop.lost(listed("a1"), "2026-03-10").to_json()["customers"][0]["untested"] == "in_future"
    assert shop.store.rows("SELECT * FROM meta ORDER BY 1") == before


def test_a_list_that_cannot_be_read_is_a_problem_of_the_list(shop: Workspace) -> None:
    with pytest.raises(ProblemsError, match=r"lost\.csv:2: names no customer"):
        shop.lost("customer,date\n,2026-01-01", name="lost.csv")
