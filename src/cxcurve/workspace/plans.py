"""The tracking plan against what came: drafts of entries for what it refused."""

from __future__ import annotations

from collections.abc import Mapping

from cxcurve.model import Journey, Source
from cxcurve.model.unplanned import draft_plan
from cxcurve.sources.read_again import read_again
from cxcurve.store import Store

MOST_ROWS = 200_000
"""Rows of the quarantine that are read again, the latest first: names and shapes show long before."""
_COLUMNS = ("source", "file", "ordinal", "reason", "row", "seen_us")


def plan_draft(store: Store, sources: Mapping[str, Source], journey: Journey) -> str:
    """YAML for `signals:`, from the events in quarantine."""
    sql = f"SELECT {', '.join(_COLUMNS)} FROM quarantine WHERE kind = 'event' ORDER BY seen_us DESC, source, file, line"
    rows = [dict(zip(_COLUMNS, row, strict=True)) for row in store.rows(f"{sql} LIMIT {MOST_ROWS + 1}")]
    draft = draft_plan(read_again(sources, rows[:MOST_ROWS]), journey)
    return f"{draft}  # Of the latest {MOST_ROWS:,} refused events.\n" if len(rows) > MOST_ROWS else draft
