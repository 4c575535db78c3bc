"""Few customers are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxcurve.workspace import Workspace, by_name, init
from cxcurve.workspace.by_name import Named

JOURNEY = """
journey: small
stages: [{name: try, expected: 10d}, {name: live, expected: 90d}]
exits: [lost]
time_to_value: {from: bought, to: value}
signals:
  bought: {stage: try, momentum: 0.5, half_life: 20d}
  value: {stage: live, after: bought, momentum: 1.0, half_life: 28d}
  broken: {friction: 3.0, half_life: 60d}
  lost: {}
"""
SOURCES = """
log: {files: events.csv, time: {column: at}, account: who, id: id, name: name}
"""
ROWS = [
    *((f"b{i}", f"2026-01-{i:02}T10:00:00Z", f"c{i}", "bought") for i in range(1, 13)),
    *((f"v{i}", f"2026-01-{i + 5:02}T10:00:00Z", f"c{i}", "value") for i in range(1, 11)),
    ("x1", "2026-01-20T10:00:00Z", "c1", "lost"),
    ("x2", "2026-02-26T10:00:00Z", "c2", "lost"),
    *((f"f{i}", "2026-02-27T10:00:00Z", "c3", "broken") for i in range(3)),
    ("z", "2026-02-28T10:00:00Z", "c4", "bought"),
]


@pytest.fixture(name="named")
def _named(tmp_path: Path) -> dict[str, Named]:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        (workspace.folder / "journey.yaml").write_text(JOURNEY, encoding="utf-8")
        (workspace.folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
        lines = ["id,at,who,name", *(",".join(row) for row in ROWS)]
        (workspace.folder / "events.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    with Workspace(tmp_path / "w") as workspace:
        workspace.load()
        workspace.score()
        with workspace.snapshot() as known:
            return {one.title: one for one in by_name.by_name(known, workspace.store.arrow)}


def test_who_left_who_waits_and_who_is_held(named: dict[str, Named]) -> None:
    def told(title: str) -> list[tuple[str, str]]:
        return [(row["customer_id"], row["told"].replace("\u202f", " ")) for row in named[title].customers]

    assert [one for one, _ in told("Left in the last 28 days")] == ["c2"], "c1 left before"
    assert [one for one, _ in told("Held by friction: an index of 50 or more")] == ["c3"]
    assert [one for one, _ in told("Waiting for first value")] == ["c11", "c12"]


def test_a_large_company_is_not_named(named: dict[str, Named], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert named
    monkeypatch.setattr(by_name, "NAMED_UP_TO", 9)
    with Workspace(tmp_path / "w") as workspace, workspace.snapshot() as known:
        assert by_name.by_name(known, workspace.store.arrow) == ()
