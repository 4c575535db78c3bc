"""Ready-made journeys to start from: their files in `starters/`, copied into a new workspace."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cxcurve.errors import UnknownNameError, WorkspaceError

SETTINGS_FILE = "cxcurve.toml"
JOURNEY_FILE = "journey.yaml"
SOURCES_FILE = "sources.yaml"


def starter_names() -> tuple[str, ...]:
    """The starters by name, in alphabetical order."""
    return tuple(sorted(entry.name for entry in _folder().iterdir() if (entry / JOURNEY_FILE).is_file()))


def copy_starter(name: str, folder: Path) -> tuple[Path, ...]:
    """Write a starter's journey and sources and the settings into `folder`, which is made where missing.

    Returns:
        The files written.

    Raises:
        UnknownNameError: there is no such starter.
        WorkspaceError: one of the files is there already, or the folder cannot be written; nothing is changed then.
    """
    texts = starter_files(name, folder.resolve().name)
    there = [file for file in texts if (folder / file).exists()]
    if there:
        raise WorkspaceError(f"{folder}: {', '.join(there)} is there already; choose a new folder or move it away")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"{folder}: cannot be written: {error.strerror}") from error
    return tuple(folder / file for file in texts)


def starter_files(name: str, title: str) -> dict[str, str]:
    """The text of each file of a starter; `title` becomes the workspace's name.

    Raises:
        UnknownNameError: there is no such starter.
    """
    if name not in starter_names():
        raise UnknownNameError("starter", name, starter_names())
    settings = (_folder() / SETTINGS_FILE).read_text(encoding="utf-8").replace('"{name}"', _toml(title))
    journey, sources = ((_folder() / name / file).read_text(encoding="utf-8") for file in (JOURNEY_FILE, SOURCES_FILE))
    return {SETTINGS_FILE: settings, JOURNEY_FILE: journey, SOURCES_FILE: sources}


def _toml(text: str) -> str:
    """`text` as a TOML string, which for what a folder may be called is a JSON string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _folder() -> Traversable:
    return files("cxcurve.model") / "starters"
