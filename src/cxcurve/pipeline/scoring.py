"""Scoring: the log into stays, weekly sums, customer weeks and references."""

from __future__ import annotations

from collections.abc import Sequence

from cxcurve.pipeline.earlier import Earlier, changed_keys, clear, goes_on, remember
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import SUMS, Progress, sum_up
from cxcurve.pipeline.usual import keep_seasons, read_seasons, write_references
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
    everybody = _all_keys(store)
    chosen = everybody if keys is None else list(keys)
    with store.transaction():
        clear(store, SUMS, chosen, earlier)
        sum_up(run, chosen, earlier, say)
        factors = read_seasons(run)
        moved = keep_seasons(run, factors, None if earlier is None else earlier.carried_week)
        if earlier is not None and moved:
            earlier = earlier.since_ever()
            chosen = _with_segments(run, chosen, everybody, moved)
        if earlier is not None and earlier.is_past_moved:
            earlier, chosen = earlier.since_ever(), everybody
        anew, on = _split(chosen, everybody, earlier)
        # Whose events all went to an account that was found for them has no rows any more.
        clear(store, (*WEEKS, *STATE), sorted({*anew, *chosen} - set(on)), earlier)
        week_by_week(run, anew, factors, earlier, say)
        if earlier is not None:
            carry_on(run, on, factors, earlier)
        write_references(run, earlier)
        remember(run)
    return len(chosen)


def _split(chosen: list[int], everybody: list[int], earlier: Earlier | None) -> tuple[list[int], list[int]]:
    """Who is scored from the first week on, and who goes on from the last whole week; of the others all stays."""
    mine = sorted(set(chosen) & set(everybody))
    if earlier is None:
        return mine, []
    anew = mine if earlier.first_week <= earlier.carried_week else []
    return anew, sorted(set(everybody if earlier.is_told_anew else mine) - set(anew))


def _with_segments(run: Run, chosen: list[int], everybody: list[int], moved: set[str]) -> list[int]:
    """The chosen, and all who were ever in a segment whose season is another now."""
    # Nobody's row says since when somebody was in none.
    members = set(everybody) if "" in moved else run.facts.keys_in(moved) & set(everybody)
    return sorted(members | set(chosen))


def _all_keys(store: Store) -> list[int]:
    return sorted(store.arrow(store.log.select("customer_key").distinct())["customer_key"].to_pylist())
