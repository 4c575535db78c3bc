"""Tables for a terminal, and how a workspace's numbers are said in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.errors import clip

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace

Parts = Iterator[RenderableType]
MOST_ROWS = 30
_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a workspace's numbers are said: its time zone and its money."""

    zone: str
    currency: str

    @classmethod
    def of(cls, workspace: Workspace) -> Manner:
        """As its cxcurve.toml says."""
        return cls(workspace.settings.zone, workspace.settings.currency)

    def as_of(self, at: str) -> str:
        """The last day that is known: as_of itself is the first moment that is not."""
        last = datetime.fromisoformat(at).astimezone(ZoneInfo(self.zone)) - timedelta(microseconds=1)
        return f"as of {said.day(last)}"

    def day(self, at: str | None) -> str:
        """The day of a moment, in the workspace's zone."""
        return said.day(self._here(at))

    def moment(self, at: str | None) -> str:
        """The day and the time."""
        return said.moment(self._here(at))

    def _here(self, at: str | None) -> datetime | None:
        return None if at is None else datetime.fromisoformat(at).astimezone(ZoneInfo(self.zone))

    def money(self, value: float | None) -> str:
        """Money of the workspace."""
        return said.money(value, self.currency)


def clean(value: Any, length: int = 48) -> str:
    """Text from outside, safe for a terminal: no control characters, not too long."""
    text = "" if value is None else str(value)[: length + 1]
    return clip("".join("�" if unicodedata.category(sign) in _UNSHOWN else sign for sign in text), length)


def named(value: Any) -> str:
    """An event's or stage's name as words."""
    return clean(said.words(value or ""))


def table(*columns: str) -> Table:
    """An empty table; a column that begins with ">" is one of numbers."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_number = column.startswith(">")
        made.add_column(column.removeprefix(">"), justify="right" if is_number else "left", overflow="fold")
    return made


def filled(made: Table, rows: Iterable[Sequence[Any]]) -> Table:
    """The table with these rows; cells are plain text, never markup."""
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return made


def heading(what: str, *rest: str) -> Text:
    """The line above a result."""
    return Text.assemble((what, "bold"), f"  {' · '.join(rest)}")


def why_not(reason: str | None) -> Text:
    """The reason why there is no number."""
    return Text(said.reason(reason), style="italic")


def more(n: int) -> Parts:
    """That not all rows are there, where so."""
    if n > MOST_ROWS:
        yield Text(f"… and {said.number(n - MOST_ROWS)} more: all with `--csv FILE` or `--json`", style="dim")
