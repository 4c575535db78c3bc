"""The tracking plan against what came: events seen and unseen, refused, changed of themselves, and versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

import cxcurve
from cxcurve.metrics.plan_alerts import Alert
from cxcurve.workspace import Workspace
from cxcurve.workspace.plans import alert_said

JOURNEY = """\
journey: tiny
stages: [start]
signals:
  used: {stage: start, momentum: 0.3, properties: {seats: {type: integer}}}
  asked: {}
  never: {}
"""
SOURCES = "log: {files: log.jsonl, time: {column: at}, account: who, id: id, name: what}\n"
FIRST, N_DAYS = date(2026, 1, 5), 70
DAY_0 = (FIRST - date(1970, 1, 1)).days

Row = dict[str, object]


def rows(n_a_day: int = 20) -> list[Row]:
    days = [FIRST + timedelta(days=i) for i in range(N_DAYS)]
    return [
        {"id": f"{day}-{i}", "at": f"{day}T12:00:{i:02}", "who": "ann", "what": "used", "seats": 3, "plan": "pro"}
        for day in days
        for i in range(n_a_day)
    ]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[[list[Row]], Workspace]]:
    opened: list[Workspace] = []

    def make(log: list[Row]) -> Workspace:
        files = {"cxcurve.toml": "", "journey.yaml": JOURNEY, "sources.yaml": SOURCES}
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, log)))
        opened.append(cxcurve.open(tmp_path))
        return opened[-1]

    yield make
    for workspace in opened:
        workspace.close()


def test_events_seen_refused_and_never_seen(made: Callable[[list[Row]], Workspace]) -> None:
    log = rows()
    log[5]["seats"], log[7]["what"], log[8]["what"] = "many", "usd", "usd"
    log[-1]["what"] = "asked"
    workspace = made(log)
    workspace.load()
    found = workspace.plan()
    assert [(one.event, one.is_planned, one.has_schema, one.n_events, one.n_refused) for one in found.events] == [
        ("used", True, True, 20 * N_DAYS - 4, 1), ("asked", True, False, 1, 0), ("never", True, False, 0, 0),
    ]  # fmt: skip
    assert found.events[0].n_recent == 20 * 28 - 1
    assert found.events[2].last_us is None
    assert [(one.n, one.reason, one.line) for one in found.refused] == [
        (2, 'event "usd" is not in the tracking plan. Did you mean "used"?', 8),
        (1, 'event "used": property "seats" is "many", expected a whole number', 6),
    ]
    assert (found.n_refused, found.n_reasons) == (3, 2)


def test_what_was_loaded_under_an_earlier_plan_is_told(made: Callable[[list[Row]], Workspace], tmp_path: Path) -> None:
    workspace = made(rows())
    workspace.load()
    workspace.close()
    (tmp_path / "journey.yaml").write_text(JOURNEY.replace("  used: {", "  using: {"))
    again = cxcurve.open(tmp_path)
    found = again.plan()
    again.close()
    assert [(one.event, one.is_planned) for one in found.events if one.n_events] == [("used", False)]


def test_a_change_of_the_events_is_an_alert(made: Callable[[list[Row]], Workspace]) -> None:
    """The day before the last had three times as many; on the last a property is gone from half of the events."""
    log = rows()
    for row in log[-20::2]:
        del row["plan"]
    extra = FIRST + timedelta(days=N_DAYS - 2)
    log += [{"id": f"x{i}", "at": f"{extra}T13:00:00", "who": "ann", "what": "used", "plan": "pro"} for i in range(60)]
    workspace = made(log)
    workspace.load()
    found = workspace.plan()
    assert [(one.day - DAY_0, one.kind, one.property) for one in found.alerts if one.property != "seats"] == [
        (N_DAYS - 1, "missing", "plan"), (N_DAYS - 2, "more", ""),
    ]  # fmt: skip
    assert found.is_long_enough
    told = found.to_json()
    assert told["alerts"][-1]["day"] == extra.isoformat()
    assert told["alerts_reason"] is None


def test_a_young_log_has_no_alerts(made: Callable[[list[Row]], Workspace]) -> None:
    workspace = made(rows()[:100])
    workspace.load()
    assert (workspace.plan().alerts, workspace.plan().to_json()["alerts_reason"]) == ((), "too_few")


def test_nothing_loaded_is_a_plan_too(made: Callable[[list[Row]], Workspace]) -> None:
    found = made([]).plan()
    assert ([one.n_events for one in found.events], found.versions) == ([0, 0, 0], ())


def test_each_changed_plan_is_a_version(made: Callable[[list[Row]], Workspace], tmp_path: Path) -> None:
    workspace = made(rows())
    workspace.load()
    workspace.score()
    workspace.close()
    changed = JOURNEY.replace("momentum: 0.3", "momentum: 0.5").replace("never: {}", "at_last: {}")
    (tmp_path / "journey.yaml").write_text(changed)
    again = cxcurve.open(tmp_path)
    again.score()
    found = again.plan()
    again.close()
    assert [(version.number, changes) for version, changes in found.versions] == [
        (2, ('"at_last" added', '"never" removed', '"used": momentum 0.3 to 0.5')), (1, ()),
    ]  # fmt: skip


def test_a_schema_is_a_version_and_asks_for_no_score(made: Callable[[list[Row]], Workspace], tmp_path: Path) -> None:
    workspace = made(rows())
    workspace.load()
    workspace.score()
    workspace.close()
    (tmp_path / "journey.yaml").write_text(JOURNEY.replace("type: integer", "type: integer, minimum: 1"))
    again = cxcurve.open(tmp_path)
    again.load()
    again.signals()
    versions = again.plan().versions
    again.close()
    assert versions[0][1] == ('"used": property "seats" from a whole number to a whole number of at least 1',)


@pytest.mark.parametrize(
    ("alert", "words"),
    [
        (Alert(20_600, "a", "more", 190.0, 60.0, 42.0, 79.0), "came 190 times; 42 to 79 are usual on a Wednesday"),
        (Alert(20_600, "a", "new", 1.0, 0.0), "came for the first time, 1 time"),
        (Alert(20_600, "a", "stopped", 3.0, 2.14), "has not come for 3 days; 2.1 a day were usual"),
        (
            Alert(20_600, "a", "missing", 0.3, 0.0, 0.2, 0.4, "plan"),
            'lacks property "plan" 30\u202f% of the time (95 %: 20\u202f% to 40\u202f%); it always had it',
        ),
        (
            Alert(20_600, "a", "type", 0.3, 0.0, 0.2, 0.4, "seats", "string"),
            'has text in property "seats" 30\u202f% of the time (95 %: 20\u202f% to 40\u202f%); it never had',
        ),
    ],
)
def test_alerts_in_words(alert: Alert, words: str) -> None:
    assert alert_said(alert) == words
