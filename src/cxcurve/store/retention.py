"""Retention: events older than they may be kept, the rows they were made from, and who is left with nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve.store.engine import said_clearly
from cxcurve.store.names import rename_alike
from cxcurve.store.session import transaction
from cxcurve.store.temporary import temporary

_NAMED = (
    "SELECT 'person', person_id FROM event_log WHERE person_id IS NOT NULL",
    "SELECT 'anonymous', anonymous_id FROM event_log WHERE anonymous_id IS NOT NULL",
    "SELECT 'person', person_id FROM person_rows",
    "SELECT from_kind, from_id FROM links",
    "SELECT to_kind, to_id FROM links",
    "SELECT id_kind, id FROM traits",
    "SELECT id_kind, id FROM consents",
)
"""Who events, files and calls name; what is derived from these names nobody else."""


def retire(backend: Backend, before_us: Mapping[str, int], quarantine_before_us: int | None) -> dict[str, int]:
    """Delete events that happened before the time of their name, and what else is older than another one.

    Their customers are to be scored anew, as if these events had never come. Staged rows go with the last event of
    their key, persons and visitors with the last thing that names them.

    Args:
        backend: the store.
        before_us: by name of the event.
        quarantine_before_us: of what is in quarantine, of remarks on customers, of who was chosen for an
            action, and of reports; None keeps them.

    Returns:
        The rows deleted by table, of tables that had any.
    """
    names = pa.table({"name": pa.array(before_us, pa.string()), "before_us": pa.array(before_us.values(), pa.int64())})
    old = "event_log.signal_key = o.signal_key AND occurred_us < o.before_us"
    with said_clearly(), transaction(backend):
        temporary(backend, "kept_until", names)
        backend.raw_sql(
            "CREATE OR REPLACE TEMP TABLE old AS "
            "SELECT signal_key, before_us FROM kept_until JOIN signal_keys USING (name)"
        )
        backend.raw_sql(
            "CREATE OR REPLACE TEMP TABLE old_keys AS SELECT DISTINCT source, row_key FROM event_log, old AS o "
            f"WHERE {old} AND row_key IS NOT NULL"
        )
        backend.raw_sql(
            f"INSERT INTO touched SELECT customer_key, min(occurred_us) FROM event_log, old AS o WHERE {old} GROUP BY 1"
        )
        deleted = {
            "events": f"DELETE FROM event_log USING old AS o WHERE {old}",
            "staged": "DELETE FROM staged WHERE (source, row_key) IN (SELECT (source, row_key) FROM old_keys) AND "
            "(source, row_key) NOT IN (SELECT (source, row_key) FROM event_log WHERE row_key IS NOT NULL)",
            "quarantine": f"DELETE FROM quarantine WHERE seen_us < {quarantine_before_us or 0}",
            "customer_notes": f"DELETE FROM customer_notes WHERE written_us < {quarantine_before_us or 0}",
            "wrong_alarms": f"DELETE FROM wrong_alarms WHERE said_us < {quarantine_before_us or 0}",
            "reports": f"DELETE FROM reports WHERE as_of_us < {quarantine_before_us or 0}",
            "report_sends": f"DELETE FROM report_sends WHERE at_us < {quarantine_before_us or 0}",
            "action_customers": "DELETE FROM action_customers WHERE action_id IN "
            f"(SELECT action_id FROM actions WHERE written_us < {quarantine_before_us or 0})",
        }
        counts = {name: int(backend.con.execute(sql).fetchall()[0][0]) for name, sql in deleted.items()}
        counts["identities"] = _forget_ids(backend)
    return {name: n for name, n in counts.items() if n}


def _forget_ids(backend: Backend) -> int:
    """Delete ids of persons and visitors that nothing names any more, and their customers; returns how many.

    Who is a row in a table of customers stays one: his id is there in any case.
    """
    backend.raw_sql(
        "CREATE OR REPLACE TEMP TABLE forgotten AS SELECT d.id_kind, d.id, d.customer_key, d.own_key "
        "FROM identities AS d LEFT JOIN customer_keys AS k ON k.customer_key = d.own_key "
        "ANTI JOIN customer_rows AS c ON c.customer_id = k.customer_id "
        f"ANTI JOIN ({' UNION ALL '.join(_NAMED)}) AS n (id_kind, id) ON (n.id_kind, n.id) = (d.id_kind, d.id) "
        "WHERE d.id_kind <> 'account'"
    )
    n = int(backend.con.execute("SELECT count(*) FROM forgotten").fetchall()[0][0])
    if n:
        backend.raw_sql("INSERT INTO touched SELECT customer_key, 0 FROM forgotten")
        for table in ("identities", "resolved", "customer_notes", "wrong_alarms", "action_customers"):
            backend.raw_sql(f"DELETE FROM {table} WHERE (id_kind, id) IN (SELECT (id_kind, id) FROM forgotten)")
        backend.raw_sql("DELETE FROM customer_keys WHERE customer_key IN (SELECT own_key FROM forgotten)")
        rename_alike(backend, "SELECT id FROM forgotten")
    return n
