"""The event log: appended once by `event_id`, never rewritten.

An event whose id is there already with the same body is a duplicate and dropped; with another body it is a
conflict and kept in quarantine. The body is everything but `event_id` and `received_us`; of an event that was sent to
us, what its sender said: our reading of his clock changes with each sending.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve import tables
from cxcurve.store import consents
from cxcurve.store.additions import MOST_ROWS, Additions
from cxcurve.store.engine import said_clearly
from cxcurve.store.marks import ID_COLUMNS, leave_out
from cxcurve.store.names import IS_OWN, rename_alike
from cxcurve.store.session import transaction
from cxcurve.store.unfolded import unfold_keys

_BODY_COLUMNS = [c.name for c in tables.EVENTS.columns if c.name not in {"event_id", "received_us"}]
_STORED = [c.name for c in tables.EVENTS.columns if c.name != "name"]
_UNIT, _NULL = "chr(31)", "chr(0)"


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of events: loaded + duplicate + conflict = what came."""

    loaded: int = 0
    duplicate: int = 0
    conflict: int = 0

    def __add__(self, other: Appended) -> Appended:
        return Appended(self.loaded + other.loaded, self.duplicate + other.duplicate, self.conflict + other.conflict)


def append(backend: Backend, events: pa.Table, secret: Callable[[], bytes], additions: Additions) -> Appended:
    """Add `events` (`tables.EVENTS`, and optionally `row_key` and `said`) to the log, all or nothing; say which.

    Returns:
        How many were loaded, were there already (or are of somebody erased since), or contradict what was there.
    """
    if not events.num_rows:
        return Appended()
    with said_clearly(), transaction(backend):
        n_erased = _stage_incoming(backend, events, secret)
        _mark(backend)
        counts = _counts(backend)
        _new_keys(backend)
        _insert(backend)
        _tell(backend, counts.loaded, additions)
        _keep_conflicts(backend)
        backend.raw_sql("DROP TABLE incoming; DROP TABLE inserted")
        return counts + Appended(duplicate=n_erased)


def replace_keys(
    backend: Backend, source: str, row_keys: Sequence[str], events: pa.Table, secret: Callable[[], bytes]
) -> Appended:
    """Make the events of these staged keys exactly `events` (with `row_key`).

    A derived event is no report: when its rows change, it changes, and is never a conflict. Unchanged ones count as
    duplicates.
    """
    with said_clearly(), transaction(backend):
        n_erased = _stage_incoming(backend, events, secret)
        backend.con.register("these_keys_view", pa.table({"row_key": pa.array(row_keys, pa.string())}))
        backend.raw_sql("CREATE OR REPLACE TEMP TABLE these_keys AS SELECT DISTINCT row_key FROM these_keys_view")
        backend.con.unregister("these_keys_view")
        stale = (
            "source = $1 AND row_key IN (SELECT row_key FROM these_keys) AND "
            "(event_id, body) NOT IN (SELECT (event_id, body) FROM incoming)"
        )
        backend.con.execute(
            f"INSERT INTO touched SELECT customer_key, min(occurred_us) FROM event_log WHERE {stale} GROUP BY 1",
            [source],
        )
        gone = backend.con.execute(f"DELETE FROM event_log WHERE {stale} RETURNING event_id", [source]).fetchall()
        consents.forget(backend, [event_id for (event_id,) in gone])
        _mark(backend)
        counts = _counts(backend)
        _new_keys(backend)
        _insert(backend)
        _keep_conflicts(backend)
        backend.con.execute(
            "DELETE FROM pending_keys WHERE source = $1 AND row_key IN (SELECT row_key FROM these_keys)", [source]
        )
        backend.raw_sql("DROP TABLE incoming; DROP TABLE inserted; DROP TABLE these_keys")
        return counts + Appended(duplicate=n_erased)


def move_people(backend: Backend) -> None:
    """Give events that name a person alone to the account which the people table names for that person."""
    accounts = "SELECT customer_id FROM person_accounts"
    free_names(backend, accounts)
    new_customers(backend, f"{accounts} WHERE person_id IN (SELECT id FROM identities WHERE id_kind = 'person')")
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE moved AS
        SELECT d.id_kind, d.id, d.customer_key AS old_key, k.customer_key AS new_key
        FROM identities AS d JOIN person_accounts AS p ON p.person_id = d.id
        JOIN customer_keys AS k ON k.customer_id = p.customer_id
        ANTI JOIN resolved AS r ON (r.id_kind, r.id) = (d.id_kind, d.id)
        WHERE d.id_kind = 'person' AND d.customer_key <> k.customer_key
    """)
    move_events(backend)
    rename_alike(backend, "SELECT id FROM named UNION SELECT id FROM moved")


def move_events(backend: Backend) -> None:
    """Give the ids in the temporary table `moved`, and the events that name nobody nearer, to their new customers."""
    for kind, is_of_it in (
        ("person", "person_id = moved.id"),
        ("anonymous", "person_id IS NULL AND anonymous_id = moved.id"),
    ):
        backend.raw_sql(
            "UPDATE event_log SET customer_key = moved.new_key FROM moved "
            f"WHERE moved.id_kind = '{kind}' AND account_id IS NULL AND {is_of_it}"
        )
    backend.raw_sql(
        "UPDATE identities SET customer_key = moved.new_key FROM moved "
        "WHERE (identities.id_kind, identities.id) = (moved.id_kind, moved.id)"
    )
    backend.raw_sql("INSERT INTO touched SELECT old_key, 0 FROM moved UNION SELECT new_key, 0 FROM moved")


def name_speakers(backend: Backend) -> None:
    """Say who the events of the ids in the temporary table `settled` are by; whose customers change is scored anew."""
    for kind, is_of_it, otherwise in (
        ("person", "person_id = h.id", "h.id"),
        ("anonymous", "person_id IS NULL AND anonymous_id = h.id", "NULL"),
    ):
        changed = f"h.id_kind = '{kind}' AND {is_of_it} AND speaker IS DISTINCT FROM coalesce(h.head_id, {otherwise})"
        backend.raw_sql(
            f"INSERT INTO touched SELECT DISTINCT customer_key, 0 FROM event_log, settled AS h WHERE {changed}"
        )
        backend.raw_sql(
            f"UPDATE event_log SET speaker = coalesce(h.head_id, {otherwise}) FROM settled AS h WHERE {changed}"
        )


def _stage_incoming(backend: Backend, events: pa.Table, secret: Callable[[], bytes]) -> int:
    """The events as the temporary table `incoming`, without those of the erased; returns how many these were."""
    for name in ("row_key", "said"):
        if name not in events.column_names:
            events = events.append_column(name, pa.nulls(events.num_rows, pa.string()))
    events = events.append_column("ordinal", pa.array(range(events.num_rows), pa.int64()))
    parts = ", ".join(f'coalesce("{name}"::VARCHAR, {_NULL})' for name in _BODY_COLUMNS)
    backend.con.register("incoming_view", events)
    backend.raw_sql(
        "CREATE OR REPLACE TEMP TABLE incoming AS SELECT * EXCLUDE said, "
        f"md5_number_lower(coalesce(said, concat_ws({_UNIT}, {parts}))) AS body, "
        "CASE WHEN account_id IS NOT NULL THEN 'account' WHEN person_id IS NOT NULL THEN 'person' "
        "ELSE 'anonymous' END AS id_kind, coalesce(account_id, person_id, anonymous_id) AS id FROM incoming_view"
    )
    backend.con.unregister("incoming_view")
    return leave_out(backend, "incoming", ID_COLUMNS, "occurred_us", secret)


def _mark(backend: Backend) -> None:
    """Say of each incoming event whether it is new, a duplicate or a conflict; of twins inside, the first is new."""
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE marked AS
        WITH firsts AS (SELECT event_id, min(ordinal) AS ordinal FROM incoming GROUP BY event_id),
             known AS (SELECT event_id, body, source FROM event_log WHERE event_id IN (SELECT event_id FROM firsts)),
             winners AS (SELECT f.event_id, f.ordinal, coalesce(k.body, i.body) AS body, k.body IS NULL AS is_new,
                                coalesce(k.source, i.source) AS kept_source
                         FROM firsts AS f JOIN incoming AS i ON i.ordinal = f.ordinal
                         LEFT JOIN known AS k ON k.event_id = f.event_id)
        SELECT i.ordinal, CASE WHEN w.is_new AND i.ordinal = w.ordinal THEN 'loaded'
                               WHEN i.body = w.body THEN 'duplicate' ELSE 'conflict' END AS fate, w.kept_source
        FROM incoming AS i JOIN winners AS w USING (event_id)
    """)


def _counts(backend: Backend) -> Appended:
    rows = backend.con.execute("SELECT fate, count(*) FROM marked GROUP BY fate").fetchall()
    return Appended(**dict(rows))


def _new_keys(backend: Backend) -> None:
    """Give keys to customers and signals seen for the first time. Kinds are apart: account 42 is not person 42."""
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE seen_ids AS
        SELECT DISTINCT i.id_kind, i.id
        FROM incoming AS i JOIN marked AS m ON m.ordinal = i.ordinal AND m.fate = 'loaded'
        ANTI JOIN identities AS d ON d.id_kind = i.id_kind AND d.id = i.id
    """)
    if backend.con.execute("SELECT 1 FROM seen_ids LIMIT 1").fetchall():
        _new_ids(backend)
    backend.raw_sql("""
        INSERT INTO signal_keys
        SELECT (SELECT coalesce(max(signal_key), 0) FROM signal_keys) + row_number() OVER (ORDER BY name), name
        FROM (SELECT DISTINCT name FROM incoming) AS seen WHERE name NOT IN (SELECT name FROM signal_keys)
    """)


def _new_ids(backend: Backend) -> None:
    """Those whom nobody has named before, in `seen_ids`, and whom they turn out to be."""
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE new_ids AS
        WITH heads AS (  -- whom others turn out to be has a key, too
            SELECT r.to_kind AS id_kind, r.to_id AS id FROM seen_ids AS s
            JOIN resolved AS r ON (r.id_kind, r.id) = (s.id_kind, s.id)
            ANTI JOIN identities AS d ON (d.id_kind, d.id) = (r.to_kind, r.to_id)
            WHERE r.to_kind <> 'account'
        )
        SELECT s.id_kind, s.id, CASE WHEN s.id_kind = 'account' THEN s.id WHEN r.to_kind = 'account' THEN r.to_id
                                     WHEN r.id IS NULL THEN p.customer_id END AS account_id,
               CASE WHEN r.to_kind <> 'account' AND (r.to_kind, r.to_id) <> (s.id_kind, s.id)
                    THEN r.to_kind END AS head_kind,
               r.to_id AS head_id
        FROM (SELECT * FROM seen_ids UNION SELECT * FROM heads) AS s
        LEFT JOIN resolved AS r ON (r.id_kind, r.id) = (s.id_kind, s.id)
        LEFT JOIN person_accounts AS p ON s.id_kind = 'person' AND p.person_id = s.id
    """)
    accounts = "SELECT account_id FROM new_ids WHERE account_id IS NOT NULL"
    free_names(backend, accounts)
    new_customers(backend, accounts)
    settle_names(backend, "SELECT NULL, id_kind, id, id FROM new_ids WHERE account_id IS NULL AND head_kind IS NULL")
    new_customers(backend, "SELECT customer_id FROM named")
    backend.raw_sql("""
        INSERT INTO identities (id_kind, id, customer_key, valid_from_us, own_key)
        SELECT n.id_kind, n.id, k.customer_key, 0, CASE WHEN n.account_id IS NULL THEN k.customer_key END
        FROM new_ids AS n LEFT JOIN named AS a ON a.id_kind = n.id_kind AND a.id = n.id
        JOIN customer_keys AS k ON k.customer_id = coalesce(n.account_id, a.customer_id) WHERE n.head_kind IS NULL
    """)
    backend.raw_sql("""
        INSERT INTO identities (id_kind, id, customer_key, valid_from_us)
        SELECT n.id_kind, n.id, d.customer_key, 0 FROM new_ids AS n
        JOIN identities AS d ON (d.id_kind, d.id) = (n.head_kind, n.head_id)
    """)
    rename_alike(backend, "SELECT id FROM new_ids UNION SELECT account_id FROM new_ids")


def free_names(backend: Backend, accounts: str) -> None:
    """An account keeps its own id, whoever comes first: a person or visitor who is called so gets another name."""
    settle_names(
        backend,
        f"""
        SELECT k.customer_key, d.id_kind, d.id, k.customer_id
        FROM customer_keys AS k JOIN identities AS d ON d.own_key = k.customer_key
        WHERE k.customer_id IN ({accounts}) AND {IS_OWN.format(name="k.customer_id", kind="d.id_kind", id="d.id")}
        """,
        also_taken=accounts,
    )
    unfold_keys(backend, "SELECT customer_key FROM named")
    backend.raw_sql("""
        UPDATE customer_keys SET customer_id = named.customer_id, bucket = bucket_of(named.customer_id) FROM named
        WHERE named.customer_key = customer_keys.customer_key
    """)
    unfold_keys(backend, "SELECT customer_key FROM named")
    backend.raw_sql("INSERT INTO touched SELECT customer_key, 0 FROM named")  # attributes go by the name


def settle_names(backend: Backend, who: str, also_taken: str = "SELECT NULL") -> None:
    """Names that nobody else has, in the temporary table `named`: the first free of 42, person:42, person:person:42.

    Args:
        backend: the store.
        who: SQL of customer_key, id_kind, id and the name to begin with, of persons and visitors.
        also_taken: SQL of names that are taken besides those of customers and of accounts in the people table.
    """
    columns = "customer_key INTEGER, id_kind VARCHAR, id VARCHAR, customer_id VARCHAR"
    backend.raw_sql(f"CREATE OR REPLACE TEMP TABLE named ({columns})")
    n_changed = backend.con.execute(f"INSERT INTO named {who}").fetchall()[0][0]
    # Of those who want one name, the one with the longest id has it: some may wait for none, so the loop ends.
    lengthen = f"""
        UPDATE named SET customer_id = named.id_kind || ':' || named.customer_id
        FROM (SELECT id_kind, id,
                     row_number() OVER (PARTITION BY customer_id ORDER BY length(id) DESC, id_kind) AS place
              FROM named) AS wanted
        WHERE wanted.id_kind = named.id_kind AND wanted.id = named.id
          AND (wanted.place > 1 OR named.customer_id IN (
              SELECT customer_id FROM customer_keys UNION ALL SELECT customer_id FROM person_accounts
              UNION ALL {also_taken}))
    """
    while n_changed:
        n_changed = backend.con.execute(lengthen).fetchall()[0][0]


def new_customers(backend: Backend, customer_ids: str) -> None:
    """Give keys to those of these customers that have none."""
    backend.raw_sql(f"""
        INSERT INTO customer_keys
        SELECT (SELECT coalesce(max(customer_key), 0) FROM customer_keys) + row_number() OVER (ORDER BY customer_id),
               customer_id, bucket_of(customer_id)
        FROM (SELECT DISTINCT customer_id FROM ({customer_ids}) AS given (customer_id)) AS wanted
        ANTI JOIN customer_keys USING (customer_id)
    """)


def _insert(backend: Backend) -> None:
    values = ", ".join(f'i."{name}"' for name in _STORED)
    may = ", ".join(f"({sql}) AS {name}" for name, sql in consents.flags(backend).items())
    backend.raw_sql(
        f"CREATE OR REPLACE TEMP TABLE inserted AS SELECT l.*, {may} FROM ("
        "SELECT d.customer_key, s.signal_key, i.body, i.row_key, "
        f"coalesce(p.head_id, i.person_id, v.head_id) AS speaker, {values} "
        "FROM incoming AS i JOIN marked AS m ON m.ordinal = i.ordinal AND m.fate = 'loaded' "
        "JOIN identities AS d ON d.id_kind = i.id_kind AND d.id = i.id JOIN signal_keys AS s ON s.name = i.name "
        "LEFT JOIN resolved AS p ON p.id_kind = 'person' AND p.id = i.person_id "
        "LEFT JOIN resolved AS v ON v.id_kind = 'anonymous' AND v.id = i.anonymous_id AND i.person_id IS NULL"
        f") AS l {consents.JUDGED_BY}"
    )
    backend.raw_sql("INSERT INTO event_log BY NAME SELECT * FROM inserted")
    backend.raw_sql(
        "INSERT INTO touched SELECT customer_key, min(occurred_us) FROM inserted WHERE for_analytics GROUP BY 1"
    )


def _tell(backend: Backend, n_loaded: int, additions: Additions) -> None:
    if n_loaded > MOST_ROWS:
        additions.lose()
    elif n_loaded:
        told = "SELECT source, signal_key, occurred_us, received_us FROM inserted WHERE for_analytics"
        additions.add(backend.con.sql(told).to_arrow_table())


def _keep_conflicts(backend: Backend) -> None:
    """Keep what contradicts the log, as sent; the same conflict sent again is kept once."""
    rows = backend.con.sql("""
        SELECT i.* EXCLUDE (ordinal, body, id_kind, id, row_key), i.body, m.kept_source FROM incoming AS i
        JOIN marked AS m USING (ordinal) WHERE fate = 'conflict'
        QUALIFY row_number() OVER (PARTITION BY source, event_id, body ORDER BY ordinal) = 1
    """).to_arrow_table()
    if rows.num_rows:
        kept = [_quarantined(row) for row in rows.to_pylist()]
        backend.con.register("conflicts_view", pa.Table.from_pylist(kept, schema=_CONFLICT))
        names = ", ".join(_CONFLICT.names)
        backend.raw_sql(f"INSERT OR REPLACE INTO quarantine ({names}) SELECT {names} FROM conflicts_view")
        backend.con.unregister("conflicts_view")


def _quarantined(row: dict[str, Any]) -> dict[str, Any]:
    """The row of the quarantine for an event that contradicts the log."""
    body, kept_source = row.pop("body"), row.pop("kept_source")
    return {
        "source": row["source"],
        "file": f"event {row['event_id']}",
        "line": 0,
        "ordinal": body % 2**62,
        "kind": "conflict",
        "reason": _conflict(row["event_id"], row["source"], kept_source),
        "row": json.dumps(row, ensure_ascii=False),
        "seen_us": row["received_us"],
    }


def _conflict(event_id: str, source: str, kept_source: str) -> str:
    if source == kept_source:
        return (
            f'event "{event_id}" is in the log already with another body; the first one was kept. '
            "Give the changed event an id of its own, or mend the source"
        )
    return (
        f'event "{event_id}" is in the log already, from source "{kept_source}"; that one was kept. If the two sources '
        f'number their events alike, give "{source}" a second column in sources.yaml, `id: [COLUMN, ANOTHER]`: its ids '
        f"are then {source} / event name / both columns. What it loaded before has its old ids and would count twice: "
        "load everything into a new workspace"
    )


_CONFLICT = pa.schema(
    [(name, pa.int64() if name in {"line", "ordinal", "seen_us"} else pa.string())
     for name in ("source", "file", "line", "ordinal", "kind", "reason", "row", "seen_us")]
)  # fmt: skip
