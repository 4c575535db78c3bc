"""The curve of a workspace: the two versions along the weeks of the cycle, and bands that outlive a reload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cxcurve
from cxcurve.errors import BadValueError
from cxcurve.workspace import init

JOURNEY = """
journey: shop
stages: [one, two]
exits: [gone]
signals:
  seen: {stage: one, momentum: 0.5}
  bought: {stage: two, momentum: 1.0}
  ticket: {friction: 1.0, half_life: 90d}
  gone: {}
"""
Made = Callable[..., Path]
Row = tuple[int, str, int]
"""Customer, event, day since 2026-01-01."""


def company() -> list[Row]:
    """Every second one of 120 customers has trouble from the first day on; half of these leave, a few every week."""
    rows = [(who, "seen", who % 5) for who in range(120)] + [(who, "bought", 30) for who in range(0, 120, 3)]
    rows += [(who, "ticket", who % 5 + day) for who in range(0, 120, 2) for day in (0, 1, 2)]
    return rows + [(who, "gone", 15 + who // 2) for who in range(0, 120, 4)] + [(1, "bought", 90)]


def written(rows: list[Row]) -> list[str]:
    said = []
    for i, (who, name, day) in enumerate(rows):
        month, rest = divmod(day, 28)
        said.append(
            f"{name}-{who}-{i if name == 'ticket' else 0},2026-{month + 1:02}-{rest + 1:02}T10:00:00Z,c{who},,{name},"
        )
    return said


def test_weighted_lies_below_the_survivors_once_the_unhappy_have_left(made: Made) -> None:
    with cxcurve.open(made(JOURNEY, written(company()))) as workspace:
        plain, mended = (workspace.curve(leavers=leavers).to_json() for leavers in ("survivors", "weighted"))
    assert (plain["leavers"], plain["n_exits"]) == ("survivors", None)
    assert (mended["leavers"], mended["n_exits"]) == ("weighted", 30)
    last = plain["points"][9]
    assert mended["points"][0]["level"] == pytest.approx(plain["points"][0]["level"])
    assert [point["n"] for point in mended["points"]] == [point["n"] for point in plain["points"]]
    assert last["n"] < 100
    assert mended["points"][9]["level"] < last["level"] - 3
    assert mended["points"][9]["friction_index"] > last["friction_index"] + 3
    assert mended["points"][9]["level"] == pytest.approx(
        mended["points"][9]["momentum_index"] - mended["points"][9]["friction_index"]
    )


def test_the_version_is_named_on_the_picture(made: Made) -> None:
    with cxcurve.open(made(JOURNEY, written(company()))) as workspace:
        pictures = {leavers: workspace.curve(leavers=leavers).to_svg() for leavers in ("survivors", "weighted")}
        by_date = workspace.curve("date").to_svg()
    assert "Level, survivors only, 95 % band" in pictures["survivors"]
    assert "Level, weighted for those who left, 95 % band" in pictures["weighted"]
    assert "Level, 95 % band" in by_date
    assert "still there" in pictures["survivors"]
    assert "still there" not in by_date


def test_a_version_that_is_none_is_refused(made: Made) -> None:
    with cxcurve.open(made(JOURNEY, ["1,2026-01-05T10:00:00Z,a,,seen,"])) as workspace:
        with pytest.raises(BadValueError, match='leavers "all"; expected survivors, weighted'):
            workspace.curve(leavers="all")  # type: ignore[arg-type]
        with pytest.raises(BadValueError, match='leavers "weighted" goes with x "week", where everybody begins at 0'):
            workspace.curve("date", leavers="weighted")
        assert workspace.curve(leavers="weighted").curve.n_exits == 0


def loaded(folder: Path, parts: list[list[Row]]) -> dict[str, Any]:
    """What a workspace says that loads these parts one after the other."""
    init(folder, "blank").close()
    source = "log{n}: {{files: {n}.csv, time: {{column: at}}, account: who, id: id, name: name}}\n"
    (folder / "journey.yaml").write_text(JOURNEY, encoding="utf-8")
    (folder / "sources.yaml").write_text("".join(source.format(n=n) for n in range(len(parts))), encoding="utf-8")
    for n, rows in enumerate(parts):
        text = "\n".join(["id,at,who,person,name,value", *written(rows), ""])
        (folder / f"{n}.csv").write_text(text, encoding="utf-8")
    with cxcurve.open(folder) as workspace:
        for n in range(len(parts)):
            workspace.load(f"log{n}")
        workspace.score()
        cards = {
            row["metric"]: (row["current"], row["low"], row["high"]) for row in workspace.scorecard().to_json()["rows"]
        }
        return {
            "key": workspace.store.customer_key("c5"),
            "curves": [workspace.curve(x).to_json() for x in ("week", "position", "date")],
            "weighted": workspace.curve(leavers="weighted").to_json(),
            "friction_index": cards["friction_index"],
        }


def test_levels_and_intervals_do_not_go_by_the_order_of_loading(tmp_path: Path, monkeypatch: Any) -> None:
    """A reload in another order gives customers other keys, and must give the same bands and drops."""
    monkeypatch.setattr("cxcurve.workspace.curves.SAMPLE", 30)
    rows = company() + [(who, "ticket", 50) for who in range(120)]
    halves = [[row for row in rows if row[0] < 60], [row for row in rows if row[0] >= 60]]
    one, other = loaded(tmp_path / "one", halves), loaded(tmp_path / "other", halves[::-1])
    assert one.pop("key") != other.pop("key"), "or the test would show nothing"
    assert one["curves"][0]["points"][3]["low"] is not None
    assert any(drop["signals"] for drop in one["curves"][2]["annotations"])
    same(one, other)


def same(one: Any, other: Any) -> None:
    """Equal to the last digits: sums of floats differ by the order of threads."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    else:
        assert one == (pytest.approx(other, abs=1e-9) if isinstance(one, float) else other)
