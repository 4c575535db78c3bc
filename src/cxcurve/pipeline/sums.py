"""Stays, weekly sums and activity: computed and kept inside the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import ibis.expr.types as ir

from cxcurve import tables
from cxcurve.journey.stays import stays
from cxcurve.journey.transitions import transitions
from cxcurve.metrics.activity import activity_weeks
from cxcurve.metrics.signal_weeks import signal_weeks
from cxcurve.pipeline.earlier import Earlier
from cxcurve.pipeline.run import Run

SQL_BLOCK = 25_000
"""Customers at a time in the engine: what keeps memory bounded."""
Progress = Callable[[str, int, int], None]

SOME_MOMENT_US = 2**62 - 2_971_215_073
"""Stands for as_of in SQL that is kept for other days too."""

SUMS: dict[str, Callable[[Run, ir.Table, ir.Table], ir.Table]] = {
    "stays": lambda run, log, plan: stays(log, plan, run.plan),
    "transitions": lambda run, log, plan: transitions(_of_block(run, "stays")),
    "signal_weeks": lambda run, log, plan: signal_weeks(log, plan, run.plan, run.calendar, now_us=SOME_MOMENT_US),
    "activity_weeks": lambda run, log, plan: activity_weeks(log, run.plan, run.calendar),
}
LOG_COLUMNS = (
    "customer_key", "signal_key", "event_id", "occurred_us", "person_id", "conversation_id",
    "value", "amount", "currency", "channel", "text", "source", "partner_id",
)  # fmt: skip


def sum_up(run: Run, keys: list[int], earlier: Earlier | None, say: Progress) -> None:
    """Stays, weekly sums and activity, computed and kept inside the engine."""
    store = run.store
    store.temporary("plan_now", run.plan.table)
    for block in blocks(keys, SQL_BLOCK):
        _make_block_log(run, block, earlier)
        for name, build in SUMS.items():
            sql = store.compiled(("sums", name, run.expression_mark), partial(_summed, run, build))
            # Only the number of the moment differs from day to day, and planning takes longer than most days' events.
            sql = sql.replace(str(SOME_MOMENT_US), str(run.as_of_us))
            if earlier is not None and "week" in tables.DERIVED[name].column_names:
                sql = f"SELECT * FROM ({sql}) WHERE week >= {earlier.first_week}"
            store.insert(name, sql)
        say("sums", block[-1] if block else 0, keys[-1] if keys else 0)
    store.drop_temporary("block_log")


def _summed(run: Run, build: Callable[[Run, ir.Table, ir.Table], ir.Table]) -> ir.Table:
    return build(run, run.store.table("block_log"), run.store.table("plan_now"))


def _of_block(run: Run, name: str) -> ir.Table:
    """A derived table's rows of the block's customers."""
    return run.store.table(name).semi_join(run.store.table("block_keys"), "customer_key")


def _make_block_log(run: Run, block: list[int], earlier: Earlier | None) -> None:
    """The block's events before as_of, as the table `block_log` of this connection.

    Where only weeks from one on are written, of the weeks before it only those that are told as one story.
    """
    store = run.store
    store.temporary_keys("block_keys", block)
    low, high = (block[0], block[-1]) if block else (0, 0)
    # A person is known by his last id.
    columns = ", ".join("speaker AS person_id" if name == "person_id" else f'"{name}"' for name in LOG_COLUMNS)
    store.make_temporary(
        "block_log",
        f"SELECT {columns} FROM {store.log_name('analytics')} SEMI JOIN block_keys USING (customer_key) "
        f"WHERE customer_key BETWEEN {low} AND {high} AND occurred_us < {run.as_of_us} AND {_is_needed(run, earlier)}",
    )


def _is_needed(run: Run, earlier: Earlier | None) -> str:
    if earlier is None or earlier.first_week <= run.calendar.first_week:
        return "TRUE"
    since_us = int(run.calendar.end_at(earlier.first_week - 1))
    listed = ", ".join(map(str, run.plan.story_keys or [-1]))
    return f"(occurred_us >= {since_us} OR signal_key IN ({listed}))"


def blocks(keys: Sequence[int], size: int) -> Iterator[list[int]]:
    """At least one block, so that every derived table exists."""
    for start in range(0, max(len(keys), 1), size):
        yield list(keys[start : start + size])
