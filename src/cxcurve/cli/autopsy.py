"""The autopsy of a customer who left, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from rich.text import Text

from cxcurve.cli.tables import Manner, Parts, clean, filled, heading, named, table

Found = Mapping[str, Any]
MOST_DONE = 12


def autopsy_view(found: Found, manner: Manner) -> Parts:
    """The sentences, and what the company did, beside what one who stayed got in as many days."""
    yield heading("Autopsy", f"at risk: {found['rule'].replace('_', ' ')}")
    for word in found["words"]:
        yield Text(clean(word, 400))
    other = found["comparable"]
    done, got = found["done"], other["done"] if other else []
    if done or got:
        heads = ("By the company, warning to exit", "When", "Who")
        theirs = (f"{clean(other['name'], 32)} got, who stayed", "When", "Who") if other else ()
        rows = ([*_done(one, manner), *(_done(two, manner) if other else ())] for one, two in zip_longest(done, got))
        yield filled(table(*heads, *theirs), [row for row, _ in zip(rows, range(MOST_DONE), strict=False)])
    if max(len(done), len(got)) > MOST_DONE:
        yield Text("… and more: all with `--json`", style="dim")


def _done(one: Found | None, manner: Manner) -> list[str]:
    if one is None:
        return ["", "", ""]
    return [
        f"{named(one['signal'])}{' (friction)' if one['adds_friction'] else ''}",
        manner.day(one["at"]),
        clean(one["who"], 24),
    ]
