"""`cxcurve explain`: for people, for programs, and as files."""

from __future__ import annotations

import json
from pathlib import Path

from calling import Run


def test_a_number_is_explained_to_people(run: Run, demo: Path) -> None:
    shown = run("explain", "scorecard/friction_index", "-w", demo)
    assert (shown.code, shown.err) == (0, "")
    for part in (
        "Journey Friction Index",
        "docs/metrics.md#journey-friction-index",
        "Run again",
        "FROM inputs",
        "Newest",
    ):
        assert part in shown.out
    assert "expert weights" in shown.out


def test_json_is_one_document_with_the_value_that_is_shown(run: Run, demo: Path) -> None:
    told = run("explain", "scorecard/friction_index", "-w", demo, "--json").json
    row = next(
        row for row in run("show", "scorecard", "-w", demo, "--json").json["rows"] if row["metric"] == "friction_index"
    )
    assert (told["value"], told["low"], told["high"]) == (row["current"], row["low"], row["high"])
    assert abs(told["recomputed"] - told["value"]) < 1e-9
    assert told["n_customers"] == len(told["customers"]) == row["n"]
    assert len(told["events"]) == 100 < told["n_events"]


def test_the_export_has_every_event(run: Run, demo: Path, tmp_path: Path) -> None:
    done = run("explain", "drift/invest/stall_share", "-w", demo, "--export", tmp_path / "why")
    assert (done.code, done.out) == (0, "")
    written = [Path(line).name for line in done.err.splitlines()]
    assert written == ["explanation.json", "inputs.parquet", "reference.parquet", "events.parquet"]
    assert json.loads((tmp_path / "why" / "explanation.json").read_text("utf-8"))["method"] == "still"


def test_an_unknown_number_is_misuse_that_says_what_there_is(run: Run, demo: Path) -> None:
    refused = run("explain", "scorecard/frction_index", "-w", demo)
    assert (refused.code, refused.out) == (2, "")
    assert 'Did you mean "friction_index"?' in refused.err
