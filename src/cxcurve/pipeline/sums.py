"""Stays, weekly sums and activity: computed and kept inside the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import ibis.expr.types as ir
import pyarrow as pa

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
    plan_table = store.temporary("plan_now", run.plan.table)
    for block in blocks(keys, SQL_BLOCK):
        log = _block_log(run, block)
        for name, build in SUMS.items():
            sql = store.compiled(("sums", name, run.expression_mark), partial(build, run, log, plan_table))
            # Only the number of the moment differs from day to day, and planning takes longer than most days' events.
            sql = sql.replace(str(SOME_MOMENT_US), str(run.as_of_us))
            if earlier is not None and "week" in tables.DERIVED[name].column_names:
                sql = f"SELECT * FROM ({sql}) WHERE week >= {earlier.first_week}"
            store.insert(name, sql)
        say("sums", block[-1] if block else 0, keys[-1] if keys else 0)
    store.drop_temporary("block_log")


def _of_block(run: Run, name: str) -> ir.Table:
    """A derived table's rows of the block's customers."""
    return run.store.table(name).semi_join(run.store.table("block_keys"), "customer_key")


def _block_log(run: Run, block: list[int]) -> ir.Table:
    """The block's events before as_of, as a table of this connection."""
    store = run.store
    store.temporary("block_keys", pa.table({"customer_key": pa.array(block, pa.int32())}))
    low, high = (block[0], block[-1]) if block else (0, 0)
    # A person is known by his last id.
    columns = ", ".join("speaker AS person_id" if name == "person_id" else f'"{name}"' for name in LOG_COLUMNS)
    return store.temporary_from(
        "block_log",
        f"SELECT {columns} FROM event_log SEMI JOIN block_keys USING (customer_key) "
        f"WHERE customer_key BETWEEN {low} AND {high} AND occurred_us < {run.as_of_us}",
    )


def blocks(keys: Sequence[int], size: int) -> Iterator[list[int]]:
    """At least one block, so that every derived table exists."""
    for start in range(0, max(len(keys), 1), size):
        yield list(keys[start : start + size])
