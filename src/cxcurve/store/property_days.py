"""Which properties events had and of what type, by day: counted once, and again only where a day's events changed.

Looking into a property costs about two microseconds, so of an event's day no more than some hundreds are looked into: a
share is known well enough from them. Which ones is decided by their ids, so a reload looks at the same.
"""

from __future__ import annotations

import ibis.expr.types as ir

from cxcurve.store.store import Store
from cxcurve.tables import PROPERTY_DAYS

MOST_A_DAY = 500
"""Events of a name and day that are looked into; up to twice as many, as every second, third, ... one is taken."""


def refresh_property_days(store: Store, log: ir.Table) -> int:
    """Bring `tables.PROPERTY_DAYS` up to date with the days of `log`; days it does not have any more go.

    Args:
        store: where the table is.
        log: events with `day`, perhaps of the last weeks only.

    Returns:
        How many names and days were counted anew.
    """
    name = PROPERTY_DAYS.name
    with store.transaction():
        days = log.group_by("signal_key", "day").agg(n_events=log.count())
        store.temporary_from("days_now", store.sql(days))
        store.execute(
            "CREATE OR REPLACE TEMP TABLE days_changed AS SELECT n.* FROM days_now AS n "
            f"ANTI JOIN {name} AS p ON p.signal_key = n.signal_key AND p.day = n.day AND p.n_events = n.n_events"
        )
        n_changed = int(store.rows("SELECT count(*) FROM days_changed")[0][0])
        store.execute(
            f"DELETE FROM {name} WHERE (signal_key, day) IN (SELECT (signal_key, day) FROM days_changed) "
            "OR (signal_key, day) NOT IN (SELECT (signal_key, day) FROM days_now)"
        )
        if n_changed:
            _count(store, log)
        store.execute("DROP TABLE days_now; DROP TABLE days_changed")
    return n_changed


def _count(store: Store, log: ir.Table) -> None:
    chosen = log.select("signal_key", "day", "event_id", "properties")
    store.execute(
        "CREATE OR REPLACE TEMP TABLE looked_at AS SELECT l.signal_key, l.day, c.n_events, l.properties "
        f"FROM ({store.sql(chosen)}) AS l JOIN days_changed AS c USING (signal_key, day) "
        f"WHERE c.n_events < {2 * MOST_A_DAY} OR md5_number_lower(l.event_id) % (c.n_events // {MOST_A_DAY}) = 0"
    )
    store.insert(
        PROPERTY_DAYS.name,
        "SELECT c.signal_key, c.day, c.n_events, '' AS property, '' AS type, count(l.properties) AS n "
        "FROM days_changed AS c LEFT JOIN looked_at AS l USING (signal_key, day) GROUP BY ALL",
    )
    store.insert(
        PROPERTY_DAYS.name,
        "SELECT signal_key, day, n_events, one.key AS property, CASE coalesce(json_type(one.value), 'NULL') "
        "WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'ARRAY' THEN 'array' "
        "WHEN 'OBJECT' THEN 'object' WHEN 'NULL' THEN 'null' ELSE 'number' END AS type, count(*) AS n "
        "FROM (SELECT signal_key, day, n_events, unnest(map_entries(json_transform(properties, "
        """'"MAP(VARCHAR, JSON)"'))) AS one FROM looked_at WHERE properties <> '{}') GROUP BY ALL""",
    )
    store.execute("DROP TABLE looked_at")
