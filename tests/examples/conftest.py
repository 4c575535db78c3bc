"""The examples in folders of their own, with the data they are about; skipped where that data is not there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
SHARED = REPO.parent / "shared" / "data"


@pytest.fixture(scope="session", name="example")
def _example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    def made(name: str, data: str) -> Path:
        source = SHARED / data
        if not source.is_file():
            pytest.skip(f"{data} is not in ../shared/data beside this repository")
        folder = tmp_path_factory.mktemp("examples") / name
        shutil.copytree(REPO / "examples" / name, folder, ignore=shutil.ignore_patterns("data", ".cxcurve"))
        (folder / "data").mkdir()
        (folder / "data" / source.name).symlink_to(source.resolve())
        return folder

    return made
