"""Workspaces on real data; a test is skipped, saying so, where the data is not beside this repository."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from cxcurve.workspace import init

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session", name="shared")
def _shared() -> Callable[[str], Path]:
    def found(name: str) -> Path:
        if not (SHARED / name).is_file():
            pytest.skip(f"{name} is not in ../shared/data beside this repository")
        return SHARED / name

    return found


@pytest.fixture(scope="session", name="made")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a folder with a journey, sources, and files of rows or links to files; nothing is loaded yet."""

    def make(journey: str, sources: str, **files: Path | Iterable[Sequence[object]]) -> Path:
        folder = tmp_path_factory.mktemp("data") / "w"
        init(folder, "blank").close()
        (folder / "cxcurve.toml").write_text('zone = "UTC"\n', encoding="utf-8")
        (folder / "journey.yaml").write_text(journey, encoding="utf-8")
        (folder / "sources.yaml").write_text(sources, encoding="utf-8")
        for name, content in files.items():
            path = folder / f"{name}.csv"
            if isinstance(content, Path):
                path.symlink_to(content.resolve())
                continue
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(content)
        return folder

    return make
