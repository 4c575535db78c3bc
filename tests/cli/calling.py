"""The command line called as a user would, and small workspaces written in the test itself."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from cxcurve.cli import main

JOURNEY = """\
journey: tiny
stages:
  - {name: start, label: Start, expected: 7d}
  - {name: use, label: Use, expected: 30d}
exits: [left]
signals:
  signed_up: {stage: start, momentum: 0.5}
  used: {stage: use, momentum: 0.3, core: true}
  ticket_opened: {friction: 0.3, contact: true, until: ticket_closed}
  ticket_closed: {}
  left: {}
time_to_value: {from: signed_up, to: used, target: 7d}
segments: [plan]
"""
SOURCES = """\
log:
  files: log.csv
  time: {column: at}
  account: who
  id: id
  name: what
"""


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]
Made = Callable[..., Path]


class _Stream(io.StringIO):
    """A stream with bytes below, as commands that write CSV to stdout may want."""

    def isatty(self) -> bool:
        return False


def run_cli(*arguments: object) -> Result:
    """Run the command line in this process."""
    out, err = _Stream(), _Stream()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["cxcurve", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Result(code, out.getvalue(), err.getvalue())


def write_workspace(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A workspace with the journey above; `files` adds to its files or replaces them."""
    given: dict[str, str | bytes] = {
        "cxcurve.toml": 'name = "Tiny"\n',
        "journey.yaml": JOURNEY,
        "sources.yaml": SOURCES,
    }
    for name, content in (given | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def adds_up(report: dict[str, dict[str, int]]) -> bool:
    """Both sides of a load report: every row, and every event."""
    rows, events = report["rows"], report["events"]
    is_rows = rows["read"] == rows["used"] + rows["no_event"] + rows["quarantined"]
    parts = events["loaded"] + events["duplicate"] + events["conflict"] + events["quarantined"]
    return is_rows and events["made"] == parts
