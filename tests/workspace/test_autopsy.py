"""The autopsy of a customer who left, on hand-made events: path, first warning, what was done, who is comparable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

import cxcurve
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace import Workspace
from cxcurve.workspace.autopsy import first_warning
from cxcurve.workspace.comparables import nearest

JOURNEY = """
journey: shop
stages:
  - {name: one, label: First}
  - {name: two, label: Second}
exits: [gone]
signals:
  seen: {stage: one, momentum: 0.5}
  bought: {stage: two}
  ticket_opened: {friction: 1.0}
  failed: {friction: 0.6}
  call_made: {by: company, label: Call}
  invoice_wrong: {by: company, friction: 0.1}
  gone: {}
segments: [segment]
"""
FIRST, WEEKS = date(2025, 1, 6), 45
LEFT = FIRST + timedelta(weeks=25, days=2)
WARNED = FIRST + timedelta(weeks=22)  # tickets of week 21 are known at its end
SOURCES = """
log:
  files: events.csv
  time: {column: at}
  account: who
  person: person
  id: id
  name: name
accounts:
  files: customers.csv
  table: customers
"""
CUSTOMERS = {
    "left": "S",
    "near": "S",
    "far": "S",
    "other": "L",
    "quiet": "S",
    "soon": "S",
    "calm": "S",
    "lone": "XL",
    "hush": "XL",
    "first": "XL",
}


def day(weeks: int, days: int) -> date:
    return FIRST + timedelta(weeks=weeks, days=days)


def events() -> list[str]:
    """Everybody is seen weekly; the loud ones have four tickets a week from week 21 to 24."""
    rows = []

    def add(who: str, at: date, name: str, person: str = "", hour: int = 10) -> None:
        rows.append(f"{len(rows)},{at}T{hour:02}:00:00Z,{who},{person},{name},")

    for who in CUSTOMERS:
        for week in range({"left": 25, "calm": 25, "soon": 26, "lone": 26}.get(who, WEEKS)):
            add(who, day(week, 1), "seen")
    add("left", day(10, 1), "bought", hour=11)
    add("near", day(9, 1), "bought", hour=11)
    add("far", day(2, 1), "bought", hour=11)
    for who in ("other", "quiet", "soon", "lone", "hush"):
        add(who, day(10, 1), "bought", hour=11)
    for who in ("left", "near", "far", "other", "soon", "lone", "first"):
        for week in range(21, 25):
            for hour in range(12, 16):
                add(who, day(week, 1), "ticket_opened", hour=hour)
    add("left", day(21, 1), "failed")
    add("left", day(22, 2), "call_made", "Ann")
    add("left", day(24, 4), "invoice_wrong")
    add("left", day(20, 4), "call_made", "Before")
    add("near", day(22, 3), "call_made", "Bob")
    add("near", day(26, 3), "call_made", "Later")
    for who in ("left", "calm"):
        add(who, LEFT, "gone", hour=9)
    add("soon", day(30, 1), "gone")
    add("lone", day(30, 1), "gone")
    return rows


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("autopsy") / "w"
    cxcurve.workspace.init(folder, "blank").close()
    customers = ["customer_id,segment,owner", *(f"{who},{segment},Owner" for who, segment in CUSTOMERS.items())]
    files = {
        "journey.yaml": JOURNEY,
        "sources.yaml": SOURCES,
        "cxcurve.toml": 'name = "shop"\n',
        "events.csv": "\n".join(["id,at,who,person,name,value", *events(), ""]),
        "customers.csv": "\n".join([*customers, ""]),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score()
        yield workspace


def test_path_and_first_warning_with_its_reasons(shop: Workspace) -> None:
    found = shop.customer("left").to_json()["autopsy"]
    assert (found["left_at"], found["exit"], found["rule"]) == (f"{LEFT}T09:00:00Z", "gone", "friction_index >= 50")
    assert [(stay["label"], round(stay["days"], 2)) for stay in found["path"]] == [("First", 70.04), ("Second", 105.92)]
    warning = found["warning"]
    assert warning["at"] == f"{WARNED}T00:00:00Z"
    assert warning["days_before"] == pytest.approx(23 + 9 / 24)
    assert not warning["is_older"]
    assert [one["signal"] for one in warning["signals"]] == ["ticket_opened", "failed"]
    points = sum(one["points"] for one in warning["signals"])
    assert points == pytest.approx(round(warning["friction_index"], 1)), "all of it, where there are but two"


def test_the_reasons_are_those_of_the_page_as_of_that_week(shop: Workspace) -> None:
    then = shop.customer("left", f"{WARNED - timedelta(days=1)}").to_json()
    warning = shop.customer("left").to_json()["autopsy"]["warning"]
    assert warning["signals"] == [{"signal": one["signal"], "points": one["points"]} for one in then["friction"]][:3]


def test_what_was_done_is_the_companys_and_between_warning_and_exit(shop: Workspace) -> None:
    done = shop.customer("left").to_json()["autopsy"]["done"]
    assert [(one["signal"], one["who"], one["adds_friction"]) for one in done] == [
        ("call_made", "Ann", False), ("invoice_wrong", "Owner", True),
    ]  # fmt: skip


def test_one_like_it_who_stayed_got_this_in_as_many_days(shop: Workspace) -> None:
    """far is longer at the stage, other is of another segment, quiet was not at risk, soon left within 90 days."""
    found = shop.customer("left")
    assert found.autopsy is not None
    other = found.autopsy.comparable
    assert other is not None
    assert other.customer_id == "near"
    assert [(one.label, one.who) for one in other.done] == [("Call", "Bob")]
    assert (
        "near was most alike that week and still there 90 days later: 1 event by the company" in found.autopsy.words[-1]
    )
    assert found.autopsy.words[-1].endswith("One comparable customer, no proof.")


def test_nobody_may_be_like_it(shop: Workspace) -> None:
    """Of its segment hush is not at risk and first at another stage; and before 90 days have passed."""
    lone = shop.customer("lone").to_json()["autopsy"]
    assert (lone["comparable"], lone["no_comparable"]) == (None, "nobody")
    assert lone["words"][-1].startswith("Nobody to compare with: of its segment and stage nobody at risk that week")
    early = shop.customer("left", "2025-07-20").to_json()["autopsy"]
    assert (early["comparable"], early["no_comparable"]) == (None, "not_followed")
    assert early["words"][-1] == "Nobody to compare with yet: the warning is not 90 days old."
    assert early["warning"]["at"] == f"{WARNED}T00:00:00Z"


def test_without_a_warning_it_says_so_and_compares_nobody(shop: Workspace) -> None:
    found = shop.customer("calm").to_json()["autopsy"]
    assert (found["warning"], found["done"], found["comparable"], found["no_comparable"]) == (
        None,
        [],
        None,
        "no_warning",
    )
    assert found["highest_friction_index"] < 50
    assert found["words"][1].startswith("No warning: in the 90 days before no week stood at a friction index of 50")


def test_customers_still_there_have_none(shop: Workspace) -> None:
    for who in ("near", "quiet"):
        assert shop.customer(who).to_json()["autopsy"] is None
    assert shop.customer("left", "2025-06-01").to_json()["autopsy"] is None, "before it left"


def test_who_came_back_has_none(made: Callable[..., Path]) -> None:
    rows = ["1,2026-01-05T10:00:00Z,a,,seen,", "2,2026-01-15T10:00:00Z,a,,gone,"]
    with cxcurve.open(made(JOURNEY, [*rows, "3,2026-01-25T10:00:00Z,a,,seen,"])) as workspace:
        assert workspace.customer("a").autopsy is None
        left = workspace.customer("a", "2026-01-20").autopsy
    assert left is not None
    assert left.exit == "gone"


@pytest.mark.parametrize(
    ("indexes", "first"),
    [
        ([60, 40, 60, 60, 40], 2),
        ([60, 60, 60], 0),
        ([40, 49.9], None),
        ([], None),
        ([60] * 20, 7),  # the week that ended 90 days before and earlier ones do not count
    ],
)
def test_the_first_week_of_the_last_run_within_ninety_days(indexes: list[float], first: int | None) -> None:
    week_us = 7 * US_PER_DAY
    weeks = [(place * week_us, index) for place, index in enumerate(indexes)]
    assert first_warning(weeks, (len(weeks) - 1) * week_us + round(5.9 * US_PER_DAY)) == first


def test_the_nearest_is_measured_in_the_spread_of_the_peers() -> None:
    """Ten days of dwell are little where dwell spreads by a hundred, ten points of friction are much."""
    peers = [
        {"customer_key": key, "friction_index": friction, "momentum_index": 50.0, "dwell_days": dwell}
        for key, friction, dwell in [(1, 60.0, 300.0), (2, 70.0, 100.0), (3, 60.0, 110.0), (4, 61.0, 500.0)]
    ]
    row = {"friction_index": 60.0, "momentum_index": 50.0, "dwell_days": 120.0}
    assert nearest(row, peers, peers)["customer_key"] == 3
    twins = [dict(peers[2], customer_key=9), peers[2]]
    assert nearest(row, twins, peers)["customer_key"] == 3
