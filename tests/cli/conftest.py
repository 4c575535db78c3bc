"""Makes `calling`, which is no test, importable beside the tests; workspaces to call the command line on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from calling import Made, Run, run_cli, write_workspace


@pytest.fixture(scope="session", name="run")
def _run() -> Run:
    return run_cli


@pytest.fixture(name="made")
def _made(tmp_path: Path) -> Made:
    def made(log: str | bytes = "", **files: str | bytes) -> Path:
        """A workspace whose log.csv is `log`; other files by keyword, `sources="..."` for sources.yaml."""
        names = {"sources": "sources.yaml", "journey": "journey.yaml", "settings": "cxcurve.toml"}
        named = {names.get(name, name): content for name, content in files.items()}
        return write_workspace(tmp_path / "tiny", {"log.csv": log, **named})

    return made


@pytest.fixture(scope="session", name="demo")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored demo of 60 customers, the same on every day the tests run."""
    folder = tmp_path_factory.mktemp("demo") / "company"
    result = run_cli("demo", folder, "--customers", 60, "--end", "2026-06-29", "--no-serve")
    assert result.code == 0, result.err
    return folder
