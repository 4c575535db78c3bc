"""What goes out: results on stdout, problems and progress on stderr."""

from __future__ import annotations

import csv
import errno
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

Progress = Callable[[str, int, int], None]
PIPE_WIDTH = 160
"""Columns where there is no terminal to ask: wide enough that nothing is cut off for `grep`."""


def complain(*problems: object) -> None:
    """Problems on stderr, one a line."""
    for problem in problems:
        typer.echo(str(problem), err=True)


def print_json(document: Any) -> None:
    """Exactly one JSON document on stdout."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def write_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Rows as CSV with a header; what CSV has no form for as JSON; `-` is stdout."""
    if str(path) == "-":
        _write_csv(rows, sys.stdout)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        _write_csv(rows, file)


def _write_csv(rows: Sequence[Mapping[str, Any]], file: Any) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(file, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else value


def console() -> Console:
    """Where tables are printed."""
    from rich.console import Console

    class Quiet(Console):
        """A closed pipe (`| head`) ends the command like that of any other tool."""

        def on_broken_pipe(self) -> NoReturn:
            raise BrokenPipeError(errno.EPIPE, "nobody reads on")

    return Quiet(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, soft_wrap=False)


@contextmanager
def progress(unit: str) -> Iterator[Progress]:
    """A bar for each label on stderr, with counts and the time left; nothing where stderr is no terminal.

    Bytes are told in the unit that suits them, anything else is counted.
    """
    from rich import progress as bars
    from rich.console import Console

    counted = bars.TextColumn(f"{{task.completed:,}}/{{task.total:,}} {unit}")
    count = bars.DownloadColumn() if unit == "bytes" else counted
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), count, bars.TimeRemainingColumn())
    screen = Console(stderr=True)
    with bars.Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as shown:
        tasks: dict[str, bars.TaskID] = {}

        def say(label: str, done: int, total: int) -> None:
            if label not in tasks:
                tasks[label] = shown.add_task(label, total=total)
            shown.update(tasks[label], completed=done, total=total)

        yield say
