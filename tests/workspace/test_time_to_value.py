"""Time to value of a workspace: its JSON adds up, cohorts are those of the model's segments, the picture is small."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cxcurve

JOURNEY = """
journey: shop
stages: [one, two]
exits: [left]
segments: [plan, tier]
signals: {bought: {stage: one}, value: {stage: two}, left: {}}
time_to_value: {from: bought, to: value, target: 5d}
"""
SOURCES = """
log: {files: events.csv, time: {column: at}, account: who, person: person, id: id, name: name, value: value}
accounts: {files: accounts.csv, table: customers}
"""
Made = Callable[..., Path]


def events() -> list[str]:
    """Sixty who started in April: half of them reach value after 2 days, of the others two thirds a month later."""
    rows = [f"b{i},2026-04-{1 + i % 28:02}T10:00:00Z,c{i},,bought," for i in range(60)]
    rows += [f"v{i},2026-04-{3 + i % 28:02}T10:00:00Z,c{i},,value," for i in range(0, 60, 2)]
    rows += [f"w{i},2026-05-{1 + i % 28:02}T10:00:00Z,c{i},,value," for i in range(1, 40, 2)]
    return [*rows, "x1,2026-05-31T10:00:00Z,c59,,left,", "x2,2026-05-31T12:00:00Z,c58,,bought,"]


def company(made: Made) -> Path:
    folder = made(JOURNEY, events())
    (folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    lines = [f"c{i},{'pro' if i % 2 else 'team'},{'gold' if i < 50 else ''}" for i in range(60)]
    (folder / "accounts.csv").write_text("\n".join(["customer_id,plan,tier", *lines, ""]), encoding="utf-8")
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score()
    return folder


def test_months_and_cohorts_add_up_to_everybody(made: Made) -> None:
    with cxcurve.open(company(made)) as workspace:
        found = workspace.time_to_value().to_json()
    counts = ("n", "n_reached", "n_exited", "n_waiting")
    assert found["n"] == 60
    assert [sum(month[name] for month in found["trend"]) for name in counts] == [found[name] for name in counts]
    assert [month["month"] for month in found["trend"]] == ["2026-04", "2026-05"]
    plans = [one for one in found["cohorts"] if one["by"] == "plan"]
    assert {(one["value"], one["n"]) for one in plans} == {("pro", 30), ("team", 30)}
    assert [sum(one[name] for one in plans) for name in counts] == [found[name] for name in counts]
    assert [(one["by"], one["value"], one["n"]) for one in found["cohorts"] if one["by"] == "tier"] == [
        ("tier", "gold", 50)
    ]


def test_a_planted_difference_of_plans_is_told(made: Made) -> None:
    with cxcurve.open(company(made)) as workspace:
        found = {one["value"]: one for one in workspace.time_to_value().to_json()["cohorts"]}
    assert found["team"]["median_days"] == 2.0
    assert found["team"]["compared"]["p"] < 0.001
    assert found["team"]["compared"]["effect"] > 0.9
    assert (found["gold"]["compared"], found["gold"]["compared_reason"]) == (None, "too_few")


def test_shares_are_told_at_the_target_too(made: Made) -> None:
    with cxcurve.open(company(made)) as workspace:
        found = workspace.time_to_value().to_json()
    assert list(found["reached"]) == ["5", "7", "10", "14"]
    assert all(low <= found["reached"][day] <= high for day, (low, high) in found["reached_intervals"].items())


def test_the_picture_has_a_row_a_day_however_many_customers_there_are(made: Made) -> None:
    with cxcurve.open(company(made)) as workspace:
        result = workspace.time_to_value()
        picture = result.picture()
    assert picture is not None
    days = [float(row[0]) for row in picture.table.rows]
    assert days == [float(day) for day in range(len(days))]
    assert len(days) <= 91
    assert [row[1].split("\u202f")[0] for row in picture.table.rows[1:3]] == ["0.0", "50.0"], "30 of 60 on day 2"
    assert [row[4] for row in picture.table.rows[1:4]] == ["60", "60", "30"], "waiting just before each day"


def test_where_the_model_has_no_value_there_is_a_reason_and_no_cohort(made: Made) -> None:
    folder = made(JOURNEY[: JOURNEY.index("time_to_value")], events())
    with cxcurve.open(folder) as workspace:
        result = workspace.time_to_value()
    found = result.to_json()
    assert (found["reason"], found["trend"], found["cohorts"]) == ("not_in_model", [], [])
    assert found["pace"]["reason"] == "not_in_model"
    assert result.picture() is None
