"""A list of lost customers: read from a file or what was pasted, and what was found as a table."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.tables import Manner, Parts, clean, filled, heading, table
from cxcurve.errors import Problem, ProblemsError
from cxcurve.sources.lost_list import MOST_BYTES
from cxcurve.workspace.lost import untested_said

Found = Mapping[str, Any]
_LOG = {"agrees": "agrees", "no_exit": "knows of no exit"}


def read_list(listed: str) -> tuple[str, str]:
    """The text of a list and what messages call it; `-` is stdin.

    Raises:
        ProblemsError: the file cannot be read.
    """
    name = "stdin" if listed == "-" else listed
    try:
        content = _stdin() if listed == "-" else _start(Path(listed))
        return content.decode("utf-8-sig"), name
    except OSError as error:
        raise ProblemsError([Problem(name, 0, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise ProblemsError([Problem(name, 0, "is no text in UTF-8; save it as CSV in UTF-8")]) from None


def _start(path: Path) -> bytes:
    """Of a longer file the first bytes, enough to be refused."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _stdin() -> bytes:
    source = getattr(sys.stdin, "buffer", None)
    content: bytes = sys.stdin.read().encode() if source is None else source.read(MOST_BYTES + 1)
    return content


def lost_view(found: Found, manner: Manner) -> Parts:
    """The sentences, a row for each customer of the list, and the lines of which none is known."""
    n = said.plural(found["n_listed"], "line")
    yield heading("Lost customers: would we have warned?", manner.as_of(found["as_of"]), n)
    for word in found["words"]:
        yield Text(word)
    heads = ("Customer", "Name", "Lost", "Your reason", "Marked", ">Before", "Told then", "Reasons then", "The log")
    if found["customers"]:
        yield filled(table(*heads), (_row(row, manner) for row in found["customers"]))
    for row in found["unknown"]:
        hint = f" {row['hint']}" if row["hint"] else ""
        yield Text(f'Line {row["line"]}: customer "{clean(row["customer_id"])}" is not known.{clean(hint, 120)}')


def _row(row: Found, manner: Manner) -> list[str]:
    who = [clean(row["customer_id"]), clean(row["name"], 32), manner.day(row["lost_at"]), clean(row["reason"], 40)]
    log = _LOG.get(row["log_says"]) or f"says {manner.day(row['log_exit_at'])}"
    mark = row["mark"]
    if row["untested"]:
        return [*who, f"not tested: {untested_said(row['untested'])}", "", "", "", log]
    if mark is None:
        return [*who, f"no ({said.plural(row['n_weeks'], 'week')})", "", "", "", log]
    return [*who, manner.day(mark["at"]), said.days(round(mark["days_before"])), told_said(mark), why_said(mark), log]


def told_said(mark: Found) -> str:
    """What was told then: the chance beside the stage's, or the index by the experts' weights."""
    if mark["chance"] is None:
        return f"friction index {said.number(mark['friction_index'])}"
    return f"{said.share(mark['chance'])}, {said.odds(mark['times_usual'])} its stage's"


def why_said(mark: Found) -> str:
    """The features that added most, in doublings of the odds of leaving."""
    told = [f"{clean(said.words(one['signal']))} {said.signed(one['doublings'], 1)}" for one in mark["signals"]]
    return ", ".join(told) or "no friction; its time at the stage, or little momentum"
