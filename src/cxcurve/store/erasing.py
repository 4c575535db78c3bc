"""Erasing: somebody's events and everything that names him, and the promise that they do not come back.

What stays is a mark, a keyed hash of each id: a file that still holds the events may be read again, and what happened
before the erasure is left out. The file of the store is written anew, since an engine keeps the blocks it frees.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve.store.engine import said_clearly
from cxcurve.store.identity import SOMEBODY, joined, settle
from cxcurve.store.marks import CUSTOMER, Secret, mark
from cxcurve.store.names import rename_alike
from cxcurve.store.resolution import Id
from cxcurve.store.session import transaction
from cxcurve.store.temporary import temporary_ids

_COLUMN = {"account": "account_id", "person": "person_id", "anonymous": "anonymous_id"}
_OF_THEM = {
    "account": "account_id = g.id",
    "person": "person_id = g.id",
    # On a shared device what somebody else did, signed in, stays.
    "anonymous": "anonymous_id = g.id AND person_id IS NULL AND account_id IS NULL",
}
_GONE = "(SELECT (id_kind, id) FROM gone)"
_NAMED_IN = r"EXISTS (FROM gone WHERE regexp_matches({0}, '(^|[^\w-])' || regexp_escape(gone.id) || '($|[^\w-])'))"
"""Whether what somebody of the company wrote names one of them; within another word it is no name."""
_CALLED_IN = _NAMED_IN.replace("{0}", "lower({0})").replace("FROM gone", "FROM gone_words AS gone")
"""The same of what accounts are called, however it is written."""
_SHORTEST_NAME = 3


def ids_of(backend: Backend, kind: str, id_: str) -> set[Id]:
    """All ids of an account with its people and visitors, or of a person or visitor with all he turned out to be."""
    if kind == "account":
        sql = """
            SELECT d.id_kind, d.id
            FROM identities AS d JOIN customer_keys AS k USING (customer_key) WHERE k.customer_id = $1
            UNION SELECT 'person', person_id FROM person_rows WHERE customer_id = $1
            UNION SELECT id_kind, id FROM resolved WHERE to_kind = 'account' AND to_id = $1
        """
        return {("account", id_), *((one[0], one[1]) for one in backend.con.execute(sql, [id_]).fetchall())}
    sql = """
        SELECT id_kind, id FROM resolved WHERE head_id IN (
            SELECT coalesce(head_id, id) FROM resolved WHERE (id_kind, id) = ($1, $2)
            UNION ALL SELECT $2 WHERE $1 = 'person')
    """
    return {(kind, id_), *((one[0], one[1]) for one in backend.con.execute(sql, [kind, id_]).fetchall())}


def is_known(backend: Backend, kind: str, id_: str) -> bool:
    """Whether anything in the store names the id."""
    sql = f"""
        SELECT 1 FROM event_log WHERE {_COLUMN[kind]} = $2
        UNION ALL SELECT 1 FROM identities WHERE (id_kind, id) = ($1, $2)
        UNION ALL SELECT 1 FROM people WHERE ($1, $2) IN (('person', person_id), ('account', customer_id))
        UNION ALL SELECT 1 FROM customers WHERE $1 = 'account' AND customer_id = $2
        UNION ALL SELECT 1 FROM links WHERE (from_kind, from_id) = ($1, $2) OR (to_kind, to_id) = ($1, $2) LIMIT 1
    """
    return bool(backend.con.execute(sql, [kind, id_]).fetchall())


def erase(backend: Backend, ids: Collection[Id], erased_us: int, secret: bytes) -> dict[str, int]:
    """Delete what names these ids and mark them; returns the rows deleted by table.

    The customers whose events these were are to be scored anew; `rewrite` then makes the file free of what was deleted.
    """
    with said_clearly(), transaction(backend):
        beside = [one for one in joined(backend, ids) - {*ids} if one[0] in SOMEBODY]
        temporary_ids(backend, "gone", ids)
        names = _name_customers(backend)
        n_events = _delete_events(backend)
        _delete_customers(backend)
        deleted = {"events": n_events}
        for table, where in (
            ("person_rows", "person_id IN (SELECT id FROM gone WHERE id_kind = 'person')"),
            ("customer_rows", "customer_id IN (SELECT customer_id FROM gone_customers)"),
            ("people", "person_id IN (SELECT id FROM gone WHERE id_kind = 'person')"),
            ("customers", "customer_id IN (SELECT customer_id FROM gone_customers)"),
            ("links", f"(from_kind, from_id) IN {_GONE} OR (to_kind, to_id) IN {_GONE}"),
            ("traits", f"(id_kind, id) IN {_GONE}"),
            ("consents", f"(id_kind, id) IN {_GONE}"),
            ("terms", f"(id_kind, id) IN {_GONE}"),
            ("resolved", f"(id_kind, id) IN {_GONE}"),
            ("identities", f"(id_kind, id) IN {_GONE}"),
            ("written", "customer_id IN (SELECT id FROM gone) OR EXISTS (FROM gone WHERE contains(refusal, gone.id))"),
            ("writes", "EXISTS (FROM gone WHERE contains(document, gone.id))"),
            ("customer_notes", f"(id_kind, id) IN {_GONE} OR {_NAMED_IN.format('text')}"),
            ("wrong_alarms", f"(id_kind, id) IN {_GONE} OR {_NAMED_IN.format('reason')}"),
            ("action_customers", f"(id_kind, id) IN {_GONE}"),
        ):
            deleted[table] = backend.con.execute(f"DELETE FROM {table} WHERE {where}").fetchall()[0][0]
        deleted["action_texts"] = sum(
            backend.con.execute(
                f"UPDATE actions SET {text} = 'named somebody who was erased' "
                f"WHERE {_NAMED_IN.format(text)} OR {_CALLED_IN.format(text)}"
            ).fetchall()[0][0]
            for text in ("what", "closed_reason")
        )
        texts = {id_ for _, id_ in ids}
        deleted["stories"] = delete_stories(backend, texts | {*names})
        deleted["quarantine"] = _delete_rows(backend, "quarantine", texts)
        deleted["staged"] = _delete_rows(backend, "staged", texts)
        backend.con.execute(
            "DELETE FROM customer_keys WHERE customer_key NOT IN (SELECT customer_key FROM event_log) "
            "AND customer_key NOT IN (SELECT customer_key FROM identities) "
            "AND customer_key NOT IN (SELECT own_key FROM identities WHERE own_key IS NOT NULL)"
        )
        marks = [[mark(secret, one), erased_us] for one in (*ids, *((CUSTOMER, name) for name in names))]
        backend.con.executemany("INSERT OR REPLACE INTO erased VALUES (?, ?)", marks)
        settle(backend, beside)  # what waited for a decision between them and others waits no more
        rename_alike(backend, "SELECT id FROM gone")
    return deleted


def rewrite(backend: Backend, path: Path) -> Path:
    """A copy of the store's file without the blocks that were freed; the caller puts it in place of the old one."""
    fresh = path.with_suffix(".fresh")
    fresh.unlink(missing_ok=True)
    name = backend.con.execute("SELECT current_database()").fetchall()[0][0]
    with said_clearly():
        backend.con.execute(f"ATTACH '{str(fresh).replace(chr(39), chr(39) * 2)}' AS fresh")
        backend.con.execute(f'COPY FROM DATABASE "{name}" TO fresh')
        backend.con.execute("DETACH fresh")
    return fresh


def without_erased(backend: Backend, rows: pa.Table, secret: Secret) -> pa.Table:
    """Rows of the quarantine but for those that hold an id of the erased."""
    marks = {one for (one,) in backend.con.execute("SELECT mark FROM erased").fetchall()}
    if not marks:
        return rows
    key = secret()
    is_theirs = [
        any(mark(key, (kind, value)) in marks for value in set(_values(text)) for kind in _COLUMN)
        for text in rows["row"].to_pylist()
    ]
    return rows.filter(pa.array([not one for one in is_theirs], pa.bool_()))


def _name_customers(backend: Backend) -> list[str]:
    """The names that tables of customers have for them, also as the temporary table `gone_customers`.

    What these are called is in `gone_words`.
    """
    backend.con.execute("""
        CREATE OR REPLACE TEMP TABLE gone_customers AS
        SELECT id AS customer_id FROM gone WHERE id_kind = 'account'
        UNION SELECT k.customer_id FROM gone AS g JOIN identities AS d ON (d.id_kind, d.id) = (g.id_kind, g.id)
        JOIN customer_keys AS k ON k.customer_key = d.own_key
        UNION SELECT id FROM gone WHERE id_kind = 'person' AND id NOT IN (
            SELECT id FROM identities WHERE id_kind = 'account' UNION SELECT customer_id FROM person_accounts)
    """)
    backend.con.execute(
        "CREATE OR REPLACE TEMP TABLE gone_words AS SELECT DISTINCT lower(trim(name)) AS id FROM customers "
        f"WHERE customer_id IN (SELECT customer_id FROM gone_customers) AND length(trim(name)) >= {_SHORTEST_NAME}"
    )
    return [name for (name,) in backend.con.execute("SELECT customer_id FROM gone_customers").fetchall()]


def _delete_events(backend: Backend) -> int:
    n = 0
    for kind, is_of_them in _OF_THEM.items():
        where = f"g.id_kind = '{kind}' AND {is_of_them}"
        whose = f"SELECT DISTINCT customer_key, 0 FROM event_log, gone AS g WHERE {where}"
        backend.con.execute(f"INSERT INTO touched {whose}")
        named = f"SELECT DISTINCT signal_key FROM event_log, gone AS g WHERE {where}"
        backend.con.execute(f"DELETE FROM property_days WHERE signal_key IN ({named})")  # counted anew when asked for
        n += backend.con.execute(f"DELETE FROM event_log USING gone AS g WHERE {where}").fetchall()[0][0]
    return n


def _delete_customers(backend: Backend) -> None:
    """Customers of these ids are scored anew even where they had no events of their own."""
    backend.con.execute(
        "INSERT INTO touched SELECT d.customer_key, 0 FROM identities AS d "
        "JOIN gone AS g ON (d.id_kind, d.id) = (g.id_kind, g.id)"
    )


def _delete_rows(backend: Backend, table: str, texts: Collection[str]) -> int:
    """Rows kept as JSON that hold one of the texts as a value."""
    key = {"quarantine": "source, file, line, ordinal", "staged": "source, row_id"}[table]
    rows = backend.con.execute(f"SELECT {key}, row FROM {table}").fetchall()
    gone = [row[:-1] for row in rows if any(value in texts for value in _values(row[-1]))]
    for one in gone:
        backend.con.execute(f"DELETE FROM {table} WHERE ({key}) = ({', '.join('?' * len(one))})", list(one))
    return len(gone)


def delete_stories(backend: Backend, names: Collection[str]) -> int:
    """Take stories of these customers out of the reports that were kept; numbers of many stay as they were told."""
    n = 0
    told = "SELECT period, edition, document FROM reports WHERE contains(document, '\"stories\"')"
    for period, edition, text in backend.con.execute(told).fetchall():
        document = json.loads(text)
        stories = [one for one in document["stories"] if one["customer_id"] not in names]
        n_gone = len(document["stories"]) - len(stories)
        if n_gone:
            document |= {"stories": stories, "n_erased": document.get("n_erased", 0) + n_gone}
            sql = "UPDATE reports SET document = ? WHERE (period, edition) = (?, ?)"
            backend.con.execute(sql, [json.dumps(document, ensure_ascii=False), period, edition])
            n += n_gone
    return n


def _values(text: str) -> Iterator[str]:
    stack: list[Any] = [json.loads(text)]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
        elif one is not None:
            yield one if isinstance(one, str) else json.dumps(one)
