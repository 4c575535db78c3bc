"""The measure of speed: small runs of each step, and what is said where something costs too much."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import cxcurve

MAIN = Path(__file__).parents[2] / "bench" / "__main__.py"
MEASURED = ("floor", "state", "score", "calibrate", "backtest", "page", "pages")
CHEAP: dict[str, dict[str, Any]] = {
    **{step: {"seconds": 0.1, "peak_mb": 100.0} for step in ("floor", "state", "score", "delta", "delta next day")},
    **{step: {"seconds": 10.0, "peak_mb": 900.0} for step in ("calibrate", "backtest")},
    "page": {"seconds": 0.05},
    "pages": {"kilobytes": 90.0, "requests": 4},
    "start": {"seconds": 0.05, "help_seconds": 0.3},
}


@pytest.fixture(name="bench")
def _bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_main", MAIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_main", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("step", "found", "name"),
    [
        (None, {}, None),
        ("state", {"seconds": 1.3}, "state"),
        ("delta next day", {"seconds": 1.1}, "delta next day"),
        ("score", {"seconds": 0.1, "peak_mb": 2100.0}, "memory"),
        ("calibrate", {"seconds": 61.0}, "calibrate"),
        ("backtest", {"peak_mb": 4001.0}, "backtest"),
        ("page", {"seconds": 0.101}, "customer"),
        ("pages", {"kilobytes": 151.0, "requests": 4}, "curve page"),
        ("pages", {"kilobytes": 90.0, "requests": 13}, "curve page"),
        ("start", {"seconds": 0.2, "help_seconds": 0.3}, "import"),
    ],
)
def test_what_costs_too_much_is_named(
    bench: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    step: str | None,
    found: dict[str, Any],
    name: str | None,
) -> None:
    (tmp_path / "floor.parquet").touch()
    results = CHEAP if step is None else {**CHEAP, step: {**CHEAP[step], **found}}
    monkeypatch.setattr(bench, "_apart", lambda folder, step: results[step])
    monkeypatch.setattr(sys, "argv", ["bench", "--folder", str(tmp_path)])
    assert bench.main() == (0 if name is None else 1)
    said = capsys.readouterr()
    over = [line for line in said.out.splitlines() if "OVER" in line]
    assert [line.startswith(f"{name} ") for line in over] == ([] if name is None else [True])
    assert said.err == ("" if name is None else f"Over budget: {name}\n")
    monkeypatch.setattr(sys, "argv", ["bench", "--folder", str(tmp_path), "--json"])
    bench.main()
    assert len(json.loads(capsys.readouterr().out)["over"]) == (0 if name is None else 1)


@pytest.fixture(name="small", scope="module")
def _small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "workspace"


def test_every_step_runs_and_the_next_day_moves_as_of(bench: ModuleType, small: Path) -> None:
    bench.generate(small, 4000, 100)
    found = {step: bench.STEPS[step](small) for step in (*MEASURED, "delta")}
    assert all(costs["seconds"] > 0 for step, costs in found.items() if step != "pages")
    assert found["pages"]["requests"] == 4
    before = as_of(small)
    assert bench.delta(small)["customers"] > 0, "a folder that is used again gets other events"
    assert as_of(small) == before
    assert bench.delta_next_day(small)["customers"] > 0
    assert as_of(small) >= before + 2 * 86_400 * 10**6


def as_of(folder: Path) -> int:
    """When the workspace was scored for."""
    with cxcurve.open(folder) as workspace:
        return int(workspace.store.meta("scored_as_of_us") or 0)
