"""Three accounts whose story is known: the numbers, and what they should say (see accounts.py)."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from statistics import median

import accounts
import pytest
from accounts import ACCOUNTS, DRIFTER, END, HEALTHY, SEATS, STORMY, WEEKS
from oracle import Oracle
from worlds import us

from cxcurve.workspace.workspace import Workspace

COMPLAINTS = {"ticket_opened", "urgent_ticket_opened", "ticket_reopened", "invoice_disputed"}


class InALivingFeed(Oracle):
    """One customer of a company whose others keep every source alive."""

    def silent_since(self, source: str, at_us: int) -> int | None:
        return None


@pytest.fixture(scope="module")
def weeks(company: Workspace) -> dict[str, dict[int, dict[str, float]]]:
    return {name: {row["week"]: row for row in accounts.weeks(company, name)} for name in ACCOUNTS}


def test_weekly_values_are_those_of_the_snapshot(weeks: dict[str, dict[int, dict[str, float]]]) -> None:
    expected = json.loads(accounts.SNAPSHOT.read_text(encoding="utf-8"))
    for name, rows in expected.items():
        assert [row["week"] for row in rows] == sorted(weeks[name])
        for row in rows:
            assert weeks[name][row["week"]] == pytest.approx(row, abs=1e-6), (name, row["week"])


@pytest.mark.parametrize("name", ACCOUNTS)
def test_they_are_what_the_slow_reference_says(company: Workspace, name: str) -> None:
    rows = company.store.rows("SELECT customer_id, seats FROM customers WHERE seats > 0")
    assert dict(rows)[name] == SEATS
    truth = InALivingFeed(
        [e for e in accounts.events() if e.customer == name], company.journey, "UTC", us(END.isoformat()), dict(rows)
    )
    found = company.store.rows(
        "SELECT week, stage, friction, momentum, advocacy FROM customer_weeks JOIN customer_keys USING (customer_key) "
        "WHERE customer_id = $1 ORDER BY week",
        name,
    )
    expected = [
        (week, row.stage, row.friction, row.momentum, row.advocacy) for (_, week), row in sorted(truth.rows().items())
    ]
    assert len(found) == len(expected) >= WEEKS - 2
    for mine, other in zip(found, expected, strict=True):
        assert mine == pytest.approx(other, abs=1e-7)


def test_the_healthy_one_stays_above_the_typical_level(weeks: dict[str, dict[int, dict[str, float]]]) -> None:
    rows = weeks[HEALTHY].values()
    assert len(rows) == WEEKS
    assert min(row["level"] for row in rows) > 30
    assert max(row["friction_index"] for row in rows) < 25, "smooth, tickets and all"


def test_the_silent_drifter_is_seen_at_least_ten_weeks_before_it_leaves(
    company: Workspace, weeks: dict[str, dict[int, dict[str, float]]]
) -> None:
    own = [event for event in accounts.events() if event.customer == DRIFTER]
    after = [event for event in own if event.at_us > accounts.START_US + 24 * accounts.WEEK_US]
    assert not COMPLAINTS & {event.name for event in after}, "it never complains"
    assert {n for n, s in company.journey.signals.items() if s.contact and s.friction} <= COMPLAINTS
    assert max(weeks[DRIFTER]) == 58
    seen = [week for week, row in weeks[DRIFTER].items() if row["level"] < 0 and row["friction_index"] > 50]
    assert set(range(48, 59)) <= set(seen), "the last ten weeks and more"
    assert min(seen) <= 38, "about twenty weeks of warning"
    assert min(weeks[DRIFTER][week]["level"] for week in range(6, 24)) > 30, "until week 24 nothing is wrong"


def test_the_stormy_one_climbs_from_the_depth_to_the_top(weeks: dict[str, dict[int, dict[str, float]]]) -> None:
    rows = weeks[STORMY]
    assert min(rows[week]["level"] for week in range(5, 13)) < -50
    assert min(rows[week]["level"] for week in range(51, WEEKS + 1)) > 50
    climb = [rows[week]["level"] for week in range(11, 61, 7)]
    assert climb[0] < -50
    assert sum(later > earlier for earlier, later in pairwise(climb)) >= len(climb) - 2


def test_the_typical_level_is_about_thirty(company: Workspace) -> None:
    levels = [row["level"] for row in company.customers() if row["level"] is not None]
    assert len(levels) > 60
    assert median(levels) == pytest.approx(30, abs=15)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_each_is_drawn(company: Workspace, tmp_path: Path, name: str) -> None:
    picture = company.customer(name).picture()
    drawn = tmp_path / f"{name}.svg"
    drawn.write_text(picture.svg, encoding="utf-8")
    root = ET.parse(drawn).getroot()
    assert root.tag.endswith("svg")
    said = " ".join(root.itertext())
    for stage in ("Research", "Transform"):
        assert stage in said
    assert ("Share" in said) == (name == STORMY)
    with_level = [row for row in picture.table.rows if row[1] != "–"]
    assert len(with_level) == len(accounts.weeks(company, name)), "outside the journey there is no level"
