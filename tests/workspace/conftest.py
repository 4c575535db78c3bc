"""Small workspaces made from a journey and a list of events."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import cxcurve
from cxcurve.workspace import init

SOURCES = """
log:
  files: events.csv
  time: {column: at}
  account: who
  person: person
  id: id
  name: name
  value: value
"""


@pytest.fixture(name="made")
def _made(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder with these events ("id,at,who,person,name,value"), loaded and scored."""

    def make(journey: str, rows: list[str], zone: str = "UTC") -> Path:
        folder = tmp_path / "w"
        init(folder, "blank").close()
        (folder / "journey.yaml").write_text(journey, encoding="utf-8")
        (folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
        (folder / "cxcurve.toml").write_text(f'name = "shop"\nzone = "{zone}"\n', encoding="utf-8")
        (folder / "events.csv").write_text("\n".join(["id,at,who,person,name,value", *rows, ""]), encoding="utf-8")
        with cxcurve.open(folder) as workspace:
            workspace.load()
            workspace.score()
        return folder

    return make
