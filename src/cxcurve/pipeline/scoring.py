"""Scoring: the log into stays, weekly sums, customer weeks and references."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from cxcurve.pipeline.earlier import Earlier, changed_keys, clear, goes_on, remember
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import SUMS, Progress, sum_up
from cxcurve.pipeline.usual import update_seasons, write_references
from cxcurve.pipeline.weeks import STATE, WEEKS, carry_on, week_by_week
from cxcurve.store import Store

__all__ = ["SCORER", "changed_keys", "goes_on", "score"]

SCORER = 3
"""Raised whenever the same events give other scores: weeks of two scorers must not stand side by side."""


def score(run: Run, keys: Sequence[int] | None, progress: Progress | None = None) -> int:
    """Derive and write everything of `keys`, or of all customers; all of it or nothing.

    Of `keys` only what lies in the weeks since their first change is written; where as_of moved since the last score,
    the other customers are carried on to it from their last whole week.

    Returns:
        How many customers were scored from their events.
    """
    store, say = run.store, progress or (lambda *_: None)
    earlier = None if keys is None else Earlier.read(run)
    everybody = _Everybody(store)
    chosen = everybody.keys if keys is None else list(keys)
    with store.transaction():
        clear(store, SUMS, chosen, earlier)
        sum_up(run, chosen, earlier, say)
        factors, moved = update_seasons(run, earlier)
        if earlier is not None and moved:
            earlier = earlier.since_ever()
            chosen = _with_segments(run, chosen, everybody.keys, moved)
        if earlier is not None and earlier.is_past_moved:
            earlier, chosen = earlier.since_ever(), sorted({*everybody.keys, *chosen})
        anew, on = _split(chosen, everybody, earlier)
        # Whose events all went to an account that was found for them has no rows any more.
        clear(store, (*WEEKS, *STATE), sorted({*anew, *chosen} - set(on)), earlier)
        if anew or earlier is None:
            week_by_week(run, anew, factors, earlier, say)
        if earlier is not None:
            carry_on(run, on, factors, earlier)
        write_references(run, earlier)
        is_of_some = earlier is not None and not earlier.is_told_anew
        remember(run, {*anew, *on, *chosen} if is_of_some else None)
    return len(chosen)


class _Everybody:
    """The customers who have events; asked for when needed, for a few touched ones not at all."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def keys(self) -> list[int]:
        """All of them, in order."""
        return self._keys("TRUE")

    def among(self, keys: Sequence[int]) -> list[int]:
        """Those of some customers, in order."""
        return self._keys("customer_key IN (SELECT unnest($1::INTEGER[]))", list(keys))

    def _keys(self, where: str, *parameters: object) -> list[int]:
        log = self._store.log_name("analytics")
        rows = self._store.rows(f"SELECT DISTINCT customer_key FROM {log} WHERE {where}", *parameters)
        return sorted(key for (key,) in rows)


def _split(chosen: list[int], everybody: _Everybody, earlier: Earlier | None) -> tuple[list[int], list[int]]:
    """Who is scored from the first week on, and who goes on from the last whole week; of the others all stays."""
    mine = everybody.among(chosen)
    if earlier is None:
        return mine, []
    anew = [key for key in mine if earlier.is_anew(key)]
    return anew, sorted(set(everybody.keys if earlier.is_told_anew else mine) - set(anew))


def _with_segments(run: Run, chosen: list[int], everybody: list[int], moved: set[str]) -> list[int]:
    """The chosen, and all who were ever in a segment whose season is another now."""
    # Nobody's row says since when somebody was in none.
    members = set(everybody) if "" in moved else run.facts.keys_in(moved) & set(everybody)
    return sorted(members | set(chosen))
