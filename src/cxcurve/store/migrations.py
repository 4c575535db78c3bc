"""The store's schema as numbered steps, each applied once."""

from __future__ import annotations

from collections.abc import Sequence

from cxcurve import tables

_SQL_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "int16": "SMALLINT",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
}


def create(table: tables.Table, *, with_key: bool = False, is_temporary: bool = False) -> str:
    """The statement that makes `table`."""
    columns = [
        f'"{column.name}" {_SQL_TYPES[column.type]}{"" if column.nullable else " NOT NULL"}' for column in table.columns
    ]
    if with_key:
        columns.append(f"PRIMARY KEY ({', '.join(table.key)})")
    return f"CREATE {'TEMP ' if is_temporary else ''}TABLE {table.name} ({', '.join(columns)})"


_BODY = [column for column in tables.EVENTS.columns if column.name != "name"]

FIRST: tuple[str, ...] = (
    "CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
    "CREATE TABLE customer_keys (customer_key INTEGER PRIMARY KEY, customer_id VARCHAR NOT NULL UNIQUE)",
    "CREATE TABLE identities (id_kind VARCHAR NOT NULL, id VARCHAR NOT NULL, customer_key INTEGER NOT NULL, "
    "valid_from_us BIGINT NOT NULL, undone_us BIGINT)",
    "CREATE TABLE signal_keys (signal_key INTEGER PRIMARY KEY, name VARCHAR NOT NULL UNIQUE)",
    "CREATE TABLE event_log (customer_key INTEGER NOT NULL, signal_key INTEGER NOT NULL, body UBIGINT NOT NULL, "
    "row_key VARCHAR, "
    + ", ".join(f'"{c.name}" {_SQL_TYPES[c.type]}{"" if c.nullable else " NOT NULL"}' for c in _BODY)
    + ")",
    create(tables.CUSTOMERS, with_key=True),
    create(tables.PEOPLE, with_key=True),
    create(tables.QUARANTINE, with_key=True),
    create(tables.STAGED, with_key=True),
    "CREATE TABLE pending_keys (source VARCHAR NOT NULL, row_key VARCHAR NOT NULL)",
    "CREATE TABLE touched (customer_key INTEGER NOT NULL, since_us BIGINT NOT NULL)",
    "CREATE TABLE notes (at_us BIGINT NOT NULL, text VARCHAR NOT NULL, written_us BIGINT NOT NULL)",
    "CREATE VIEW events AS SELECT l.* EXCLUDE (body, row_key), s.name, k.customer_id, "
    "make_timestamp(l.occurred_us) AS occurred_at "
    "FROM event_log AS l JOIN signal_keys AS s USING (signal_key) JOIN customer_keys AS k USING (customer_key)",
)

BUCKETS: tuple[str, ...] = (
    f"CREATE MACRO bucket_of(id) AS (('0x' || left(md5(id), 8))::BIGINT % {tables.N_BUCKETS})::SMALLINT",
    "ALTER TABLE customer_keys ADD COLUMN bucket SMALLINT",
    "UPDATE customer_keys SET bucket = bucket_of(customer_id)",
)

CALIBRATIONS: tuple[str, ...] = (
    create(tables.VERSIONS, with_key=True),
    # Their columns are others now; the next score makes them anew.
    "DROP TABLE IF EXISTS customer_weeks",
    "DROP TABLE IF EXISTS customer_now",
    "DROP TABLE IF EXISTS reference_weeks",
    "DELETE FROM meta WHERE key = 'model'",
)

LIVE: tuple[str, ...] = (
    create(tables.LEDGER, with_key=True),
    create(tables.LINKS, with_key=True),
    create(tables.TRAITS, with_key=True),
    # Whose an id is by the links; `candidates` where they contradict each other and somebody is to decide.
    "CREATE TABLE resolved (id_kind VARCHAR NOT NULL, id VARCHAR NOT NULL, to_kind VARCHAR NOT NULL, "
    "to_id VARCHAR NOT NULL, candidates VARCHAR, head_id VARCHAR, PRIMARY KEY (id_kind, id))",
    # The customer an id is on its own, to which it goes back when a link is undone.
    "ALTER TABLE identities ADD COLUMN own_key INTEGER",
    "UPDATE identities SET own_key = customer_key WHERE id_kind <> 'account' AND customer_key NOT IN "
    "(SELECT customer_key FROM identities WHERE id_kind = 'account')",
    "CREATE TABLE erased (mark VARCHAR PRIMARY KEY, erased_us BIGINT NOT NULL)",
    "CREATE TABLE receipts (erased_us BIGINT NOT NULL, document VARCHAR NOT NULL)",
    # Who an event is by, under his last id: one person who answered under two ids answered twice.
    "ALTER TABLE event_log ADD COLUMN speaker VARCHAR",
    "UPDATE event_log SET speaker = person_id",
    "CREATE OR REPLACE VIEW events AS SELECT l.* EXCLUDE (body, row_key, speaker), s.name, k.customer_id, "
    "make_timestamp(l.occurred_us) AS occurred_at "
    "FROM event_log AS l JOIN signal_keys AS s USING (signal_key) JOIN customer_keys AS k USING (customer_key)",
)

PROPERTIES: tuple[str, ...] = (create(tables.PROPERTY_DAYS),)

PLANS: tuple[str, ...] = (create(tables.PLANS, with_key=True),)

_EVENTS = (
    "SELECT l.* EXCLUDE (body, row_key, speaker, {flags}), s.name, k.customer_id, "
    "make_timestamp(l.occurred_us) AS occurred_at "
    "FROM {log} AS l JOIN signal_keys AS s USING (signal_key) JOIN customer_keys AS k USING (customer_key)"
)
_FLAGS = ", ".join(f"for_{purpose}" for purpose in tables.PURPOSES)

CONSENTS: tuple[str, ...] = (
    create(tables.CONSENTS, with_key=True),
    # From when on what somebody's events may be used for, by all that he said.
    "CREATE TABLE terms (id_kind VARCHAR NOT NULL, id VARCHAR NOT NULL, "
    + ", ".join(f"{what}_{one} BIGINT NOT NULL" for one in tables.PURPOSES for what in ("withdrawn", "given"))
    + ", PRIMARY KEY (id_kind, id))",
    # An account that never withdrew says nothing about its people.
    "CREATE VIEW account_terms AS SELECT d.customer_key, "
    + ", ".join(
        f"t.withdrawn_{one}, CASE WHEN t.withdrawn_{one} > -(2::BIGINT ** 62) THEN t.given_{one} END AS given_{one}"
        for one in tables.PURPOSES
    )
    + " FROM terms AS t JOIN identities AS d USING (id_kind, id) WHERE t.id_kind = 'account'",
    *(f"ALTER TABLE event_log ADD COLUMN for_{purpose} BOOLEAN DEFAULT TRUE" for purpose in tables.PURPOSES),
    f"CREATE OR REPLACE VIEW events AS {_EVENTS.format(log='event_log', flags=_FLAGS)}",
    *(f"CREATE VIEW {one}_log AS SELECT * FROM event_log WHERE for_{one}" for one in tables.PURPOSES),
    *(f"CREATE VIEW {one}_events AS {_EVENTS.format(log=f'{one}_log', flags=_FLAGS)}" for one in tables.PURPOSES),
)

WRITTEN: tuple[str, ...] = (create(tables.WRITTEN, with_key=True), create(tables.WRITES, with_key=True))

PROFILES: tuple[str, ...] = (
    # What was said is kept apart from what it comes to: another statement may come before it in time.
    create(tables.CUSTOMER_ROWS, with_key=True),
    create(tables.PERSON_ROWS, with_key=True),
    f"INSERT INTO customer_rows SELECT '', {', '.join(tables.CUSTOMERS.column_names)} FROM customers",
    f"INSERT INTO person_rows SELECT '', {', '.join(tables.PEOPLE.column_names)} FROM people",
    # The account of each person, as the tables of people say.
    "CREATE VIEW person_accounts AS SELECT person_id, arg_max(customer_id, source) AS customer_id "
    "FROM person_rows WHERE customer_id IS NOT NULL GROUP BY person_id",
)

REPORTS: tuple[str, ...] = (create(tables.REPORTS, with_key=True), create(tables.REPORT_SENDS, with_key=True))

INVENTORY: tuple[str, ...] = tuple(
    create(table, with_key=True) for table in (tables.REMEDIES, tables.WALKS, tables.BELIEFS)
)

REMARKS: tuple[str, ...] = (
    create(tables.CUSTOMER_NOTES, with_key=True),
    create(tables.WRONG_ALARMS, with_key=True),
)

ACTIONS: tuple[str, ...] = tuple(create(table, with_key=True) for table in (tables.ACTIONS, tables.ACTION_CUSTOMERS))

MIGRATIONS: Sequence[Sequence[str]] = (
    FIRST, BUCKETS, CALIBRATIONS, PROPERTIES, PLANS, LIVE, CONSENTS, WRITTEN, PROFILES, REPORTS, INVENTORY, REMARKS,
    ACTIONS,
)  # fmt: skip
"""Step n brings the store from version n to n + 1. Never change a step that was released; add one."""
