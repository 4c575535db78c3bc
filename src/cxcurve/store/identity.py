"""Who is who in the store: statements are kept, ids follow them, and follow back when a statement is undone.

Events are never rewritten. What changes is whose they are: the customer of an id, and with it of every event that
names nobody nearer (an account comes before a person, a person before a visitor).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve import tables
from cxcurve.errors import UnknownNameError
from cxcurve.store import consents, log, told
from cxcurve.store.engine import said_clearly
from cxcurve.store.marks import ID_COLUMNS, Secret, leave_out
from cxcurve.store.names import rename_alike
from cxcurve.store.resolution import Holder, Id, Link, resolve
from cxcurve.store.session import transaction
from cxcurve.store.temporary import IDS, temporary, temporary_ids

SOMEBODY = frozenset({"person", "anonymous"})
_SETTLED = pa.schema(
    [*IDS, ("to_kind", pa.string()), ("to_id", pa.string()), ("candidates", pa.string()), ("head_id", pa.string())]
)


def record(backend: Backend, links: pa.Table, secret: Secret) -> int:
    """Keep statements (`tables.LINKS`), each once, none of the erased; the ids follow. Returns how many are new."""
    if not links.num_rows:
        return 0
    with said_clearly(), transaction(backend):
        backend.con.register("links_view", links)
        names = ", ".join(tables.LINKS.column_names)
        known = "link_id NOT IN (SELECT link_id FROM links)"
        sides = {f"{side}_{kind}": kind for side in ("from", "to") for kind in ID_COLUMNS.values()}
        ids = ", ".join(
            f"CASE {side}_kind WHEN '{kind}' THEN {side}_id END AS {side}_{kind}"
            for side in ("from", "to") for kind in ID_COLUMNS.values()
        )  # fmt: skip
        backend.raw_sql(
            f"CREATE OR REPLACE TEMP TABLE new_links AS SELECT {names}, {ids} FROM links_view WHERE {known}"
        )
        backend.con.unregister("links_view")
        leave_out(backend, "new_links", sides, "said_us", secret)
        backend.raw_sql(f"INSERT OR IGNORE INTO links ({names}) SELECT {names} FROM new_links")
        rows = backend.con.execute("SELECT DISTINCT from_kind, from_id FROM new_links").fetchall()
        n = int(backend.con.execute("SELECT count(DISTINCT link_id) FROM new_links").fetchall()[0][0])
        if rows:
            settle(backend, rows)
        return n


def undo(backend: Backend, link_id: str, undone_us: int) -> None:
    """Take a statement back; it stays on record as undone.

    Raises:
        UnknownNameError: there is no such statement, or it is undone already.
    """
    with said_clearly(), transaction(backend):
        sql = "SELECT from_kind, from_id FROM links WHERE link_id = $1 AND undone_us IS NULL"
        rows = backend.con.execute(sql, [link_id]).fetchall()
        if not rows:
            raise UnknownNameError("link", link_id)
        backend.con.execute("UPDATE links SET undone_us = $1 WHERE link_id = $2", [undone_us, link_id])
        settle(backend, rows)


def settle(backend: Backend, ids: Iterable[Id]) -> None:
    """Let these ids, and all that are joined to them by links, belong to whom the statements say."""
    affected = joined(backend, ids)
    holders = resolve(_links(backend, affected), _accounts_of(backend, affected))
    settled = {id_: holders.get(id_, Holder(id_)) for id_ in affected if id_[0] in SOMEBODY}
    _write(backend, settled)
    _make_own(backend)
    _make_accounts(backend)
    _move(backend)
    rename_alike(backend, "SELECT id FROM settled UNION SELECT to_id FROM settled")
    told.fold_people(backend, list(settled))
    consents.settle(backend, list(settled))


def linked(backend: Backend, ids: Collection[Id]) -> list[Id]:
    """Those of some ids that a statement names."""
    if not ids:
        return []
    temporary_ids(backend, "asked_ids", ids)
    sql = """
        SELECT a.id_kind, a.id FROM asked_ids AS a JOIN links AS l ON (l.from_kind, l.from_id) = (a.id_kind, a.id)
        UNION SELECT a.id_kind, a.id FROM asked_ids AS a JOIN links AS l ON (l.to_kind, l.to_id) = (a.id_kind, a.id)
    """
    return [(kind, id_) for kind, id_ in backend.con.execute(sql).fetchall()]


def joined(backend: Backend, ids: Iterable[Id]) -> set[Id]:
    """The ids with all persons, visitors and keys that links join to them, at any distance. Accounts join nobody."""
    found, edge = set(ids), set(ids)
    while edge:
        temporary_ids(backend, "edge_ids", edge)
        rows = backend.con.execute("""
            SELECT to_kind, to_id FROM links JOIN edge_ids ON (from_kind, from_id) = (id_kind, id)
            WHERE to_kind <> 'account'
            UNION SELECT from_kind, from_id FROM links JOIN edge_ids ON (to_kind, to_id) = (id_kind, id)
        """).fetchall()
        edge = {(kind, id_) for kind, id_ in rows} - found
        found |= edge
    return found


def _links(backend: Backend, ids: Collection[Id]) -> list[Link]:
    temporary_ids(backend, "edge_ids", ids)
    rows = backend.con.execute("""
        SELECT said_us, link_id, how, from_kind, from_id, to_kind, to_id
        FROM links JOIN edge_ids ON (from_kind, from_id) = (id_kind, id) WHERE undone_us IS NULL
    """).fetchall()
    return [Link(us, key, how, (kind, id_), (to_kind, to)) for us, key, how, kind, id_, to_kind, to in rows]


def _accounts_of(backend: Backend, ids: Collection[Id]) -> dict[str, str]:
    temporary_ids(backend, "edge_ids", ids)
    sql = """
        SELECT person_id, customer_id FROM person_accounts JOIN edge_ids ON id_kind = 'person' AND id = person_id
    """
    return dict(backend.con.execute(sql).fetchall())


def _write(backend: Backend, settled: Mapping[Id, Holder]) -> None:
    """Keep whose the ids are, in `resolved` for events to come, and as the temporary table `settled`."""
    rows = [
        {"id_kind": id_[0], "id": id_[1], "to_kind": holder.to[0], "to_id": holder.to[1],
         "candidates": json.dumps(holder.candidates) if holder.candidates else None,
         "head_id": holder.head[1] if holder.head and holder.head[0] == "person" else None}
        for id_, holder in settled.items()
    ]  # fmt: skip
    temporary(backend, "settled", pa.Table.from_pylist(rows, schema=_SETTLED))
    backend.raw_sql("INSERT OR REPLACE INTO resolved SELECT * FROM settled")
    log.name_speakers(backend)


def _make_own(backend: Backend) -> None:
    """A customer for everybody who is on his own, or whom others turn out to be, and has events or is to have some."""
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE own AS
        SELECT DISTINCT s.to_kind AS id_kind, s.to_id AS id FROM settled AS s
        JOIN identities AS d ON (d.id_kind, d.id) = (s.id_kind, s.id)
        ANTI JOIN identities AS o ON o.id_kind = s.to_kind AND o.id = s.to_id AND o.own_key IS NOT NULL
        WHERE s.to_kind <> 'account'
    """)
    log.settle_names(backend, "SELECT NULL, id_kind, id, id FROM own")
    log.new_customers(backend, "SELECT customer_id FROM named")
    backend.raw_sql("""
        UPDATE identities SET own_key = k.customer_key FROM named AS n JOIN customer_keys AS k USING (customer_id)
        WHERE (identities.id_kind, identities.id) = (n.id_kind, n.id)
    """)
    backend.raw_sql("""
        INSERT INTO identities (id_kind, id, customer_key, valid_from_us, own_key)
        SELECT n.id_kind, n.id, k.customer_key, 0, k.customer_key
        FROM named AS n JOIN customer_keys AS k USING (customer_id)
        ANTI JOIN identities AS d ON (d.id_kind, d.id) = (n.id_kind, n.id)
    """)


def _make_accounts(backend: Backend) -> None:
    accounts = """
        SELECT s.to_id FROM settled AS s JOIN identities AS d ON (d.id_kind, d.id) = (s.id_kind, s.id)
        WHERE s.to_kind = 'account'
    """
    log.free_names(backend, accounts)
    log.new_customers(backend, accounts)


def _move(backend: Backend) -> None:
    """Give the ids, and the events that name nobody nearer, to whose they are."""
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE moved AS
        SELECT d.id_kind, d.id, d.customer_key AS old_key, coalesce(k.customer_key, o.own_key) AS new_key
        FROM settled AS s JOIN identities AS d ON (d.id_kind, d.id) = (s.id_kind, s.id)
        LEFT JOIN customer_keys AS k ON s.to_kind = 'account' AND k.customer_id = s.to_id
        LEFT JOIN identities AS o ON s.to_kind <> 'account' AND (o.id_kind, o.id) = (s.to_kind, s.to_id)
    """)
    backend.raw_sql("DELETE FROM moved WHERE old_key = new_key")
    log.move_events(backend)


def conflicts(backend: Backend) -> Sequence[tuple[Id, list[Id]]]:
    """The ids of which statements contradict each other, with whose they may be."""
    sql = "SELECT id_kind, id, candidates FROM resolved WHERE candidates IS NOT NULL ORDER BY ALL"
    rows = backend.con.execute(sql).fetchall()
    return [((kind, id_), [(to[0], to[1]) for to in json.loads(text)]) for kind, id_, text in rows]
