"""Consent: what each event may be used for, by what those it is of have said.

A withdrawal reaches back: what was used until then is used no more, as if consent had never been given. Consent given
anew holds from then on. Both are a function of all statements, whatever the order in which they come.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve import tables
from cxcurve.store.engine import said_clearly
from cxcurve.store.marks import Secret, leave_out_told
from cxcurve.store.resolution import Id
from cxcurve.store.session import transaction
from cxcurve.store.temporary import temporary, temporary_ids
from cxcurve.tables import PURPOSES, Purpose

EVER, NEVER = -(2**62), 2**62
OF_PEOPLE = "people/"
"""How the statements of a table of people are called."""
DEFAULT, JUDGED = "consent_default", "consent_judged"
"""Where the store remembers the purposes of events about which nobody said anything, and how often some changed."""
_SAID = {
    **dict.fromkeys(("true", "granted", "given", "yes", "1"), True),
    **dict.fromkeys(("false", "denied", "withdrawn", "no", "0"), False),
}
"""How a table of people says whether something is allowed."""
_TERMS = pa.schema(
    [("id_kind", pa.string()), ("id", pa.string())]
    + [(f"{what}_{purpose}", pa.int64()) for purpose in PURPOSES for what in ("withdrawn", "given")]
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be used for one purpose: what happened after `withdrawn_us`, from `given_us` on.

    An event that says itself that it may be used need not wait for `given_us`.
    """

    withdrawn_us: int = EVER
    given_us: int = NEVER

    @classmethod
    def of(cls, said: Iterable[tuple[bool, int]], *, is_default: bool) -> Terms:
        """By all statements of somebody, each whether given and when.

        Args:
            said: in any order; of two at one moment the withdrawal holds.
            is_default: whether the purpose is allowed where nobody said anything.
        """
        known = list(said)
        withdrawn_us = max((us for is_given, us in known if not is_given), default=EVER)
        if withdrawn_us == EVER and is_default:
            return cls(given_us=EVER)
        return cls(withdrawn_us, min((us for is_given, us in known if is_given and us > withdrawn_us), default=NEVER))


def record(backend: Backend, consents: pa.Table, secret: Secret) -> int:
    """Keep statements (`tables.CONSENTS`), each once, none of the erased; returns how many are new."""
    if not consents.num_rows:
        return 0
    names = ", ".join(tables.CONSENTS.column_names)
    with said_clearly(), transaction(backend):
        temporary(backend, "told", consents)
        leave_out_told(backend, "told", "said_us", secret)
        backend.raw_sql("DELETE FROM told WHERE (consent_id, purpose) IN (SELECT (consent_id, purpose) FROM consents)")
        ids = backend.con.execute("SELECT DISTINCT id_kind, id FROM told").fetchall()
        sql = f"INSERT OR IGNORE INTO consents ({names}) SELECT {names} FROM told"
        n = int(backend.con.execute(sql).fetchall()[0][0])
        if ids:
            settle(backend, [(kind, id_) for kind, id_ in ids])
        return n


def record_of_people(backend: Backend, people: pa.Table, source: str, seen_us: int, secret: Secret) -> None:
    """Make statements of what a source's table of people says, where that is not what it said before.

    What it says at first has always been so: such a table does not say since when.
    """
    temporary(backend, "said_now", states_of(people))
    sql = f"""
        WITH before AS (
            SELECT id, purpose, arg_max(is_given, split_part(consent_id, '/', -1)::INTEGER) AS is_given, count(*) AS n
            FROM consents WHERE source = $1 AND starts_with(consent_id, '{OF_PEOPLE}') AND id_kind = 'person'
                AND id IN (SELECT id FROM said_now) GROUP BY ALL)
        SELECT '{OF_PEOPLE}' || $1 || '/' || s.id || '/' || coalesce(b.n, 0) AS consent_id, 'person' AS id_kind, s.id,
               s.purpose, s.is_given, CASE WHEN b.n IS NULL THEN 0 ELSE {seen_us} END AS said_us,
               {seen_us} AS recorded_us, $1 AS source
        FROM said_now AS s LEFT JOIN before AS b USING (id, purpose) WHERE b.is_given IS DISTINCT FROM s.is_given
    """
    rows = backend.con.execute(sql, [source]).fetchall()
    columns = zip(*rows, strict=True) if rows else [()] * len(tables.CONSENTS.column_names)
    record(backend, pa.table(list(map(list, columns)), names=tables.CONSENTS.column_names), secret)


def states_of(people: pa.Table) -> pa.Table:
    """What people (`tables.PEOPLE`) allow: id, purpose, is_given; what a list does not name is not allowed."""
    found = []
    for person, text in zip(people["person_id"].to_pylist(), people["consent"].to_pylist(), strict=True):
        told = json.loads(text)
        if isinstance(told, list):
            told = {purpose: purpose in told for purpose in PURPOSES}
        said = {name: _SAID.get(str(value).lower()) for name, value in told.items() if name in PURPOSES}
        found += [(person, name, is_given) for name, is_given in said.items() if is_given is not None]
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    kinds = (("id", pa.string()), ("purpose", pa.string()), ("is_given", pa.bool_()))
    return pa.table({name: pa.array(values, kind) for (name, kind), values in zip(kinds, columns, strict=True)})


def forget(backend: Backend, event_ids: list[str]) -> None:
    """Take back what events said that are no more."""
    sql = "DELETE FROM consents WHERE list_contains($1, consent_id) RETURNING id_kind, id"
    if ids := {(kind, id_) for kind, id_ in backend.con.execute(sql, [event_ids]).fetchall()}:
        settle(backend, ids)


def denied(backend: Backend, purpose: Purpose, now_us: int) -> set[str]:
    """The customers whose data may not be used for a purpose now.

    Of persons and visitors who are customers on their own, those who withdrew or, where it needs asking, did not give
    it; of accounts those that withdrew.
    """
    unsaid = EVER if purpose in _default(backend) else NEVER
    rows = backend.con.execute(f"""
        SELECT DISTINCT k.customer_id
        FROM identities AS d JOIN customer_keys AS k USING (customer_key)
        LEFT JOIN resolved AS r ON (r.id_kind, r.id) = (d.id_kind, d.id)
        LEFT JOIN terms AS t ON t.id_kind = CASE WHEN r.head_id IS NULL THEN d.id_kind ELSE 'person' END
            AND t.id = coalesce(r.head_id, d.id)
        WHERE CASE WHEN d.id_kind = 'account' THEN t.withdrawn_{purpose} > {EVER} AND t.given_{purpose} > {now_us}
                   WHEN d.own_key = d.customer_key THEN coalesce(t.given_{purpose}, {unsaid}) > {now_us} END
    """).fetchall()
    return {customer_id for (customer_id,) in rows}


def is_default(backend: Backend, purposes: Collection[Purpose]) -> bool:
    """Whether events about which nobody said anything may be used for just these."""
    return set(_default(backend)) == set(purposes)


def set_default(backend: Backend, purposes: Collection[Purpose]) -> None:
    """Say what events may be used for about which nobody said anything; all are judged anew."""
    said = ",".join(purpose for purpose in PURPOSES if purpose in purposes)
    with said_clearly(), transaction(backend):
        backend.con.execute("INSERT OR REPLACE INTO meta VALUES ($1, $2)", [DEFAULT, said])
        settle(backend, None)


def settle(backend: Backend, ids: Collection[Id] | None) -> None:
    """Let the events of these ids (None: of all) follow what is said now; whose scores change is scored anew."""
    if ids is not None and not _anything_said(backend):
        return
    if ids is None:
        rows = backend.con.execute("SELECT DISTINCT id_kind, id FROM consents").fetchall()
        _write_terms(backend, [(kind, id_) for kind, id_ in rows])
        _judge(backend, "TRUE")
        return
    _write_terms(backend, ids)
    accounts = "SELECT customer_key FROM identities JOIN subjects USING (id_kind, id) WHERE id_kind = 'account'"
    own = f"({SUBJECT_KIND}, {SUBJECT_ID}) IN (SELECT (id_kind, id) FROM subjects)"
    _judge(backend, f"{own} OR l.customer_key IN ({accounts})")


def _anything_said(backend: Backend) -> bool:
    sql = "SELECT 1 FROM consents UNION ALL SELECT 1 FROM terms LIMIT 1"  # terms of statements that are gone go, too
    return bool(backend.con.execute(sql).fetchall())


SUBJECT_KIND = (
    "CASE WHEN l.speaker IS NOT NULL THEN 'person' WHEN l.anonymous_id IS NOT NULL THEN 'anonymous' ELSE 'account' END"
)
SUBJECT_ID = "coalesce(l.speaker, l.anonymous_id, l.account_id)"
"""Whose consent an event `l` needs: the person's, under his last id; else the visitor's; else the account's."""
JUDGED_BY = (
    f"LEFT JOIN terms AS t ON t.id_kind = {SUBJECT_KIND} AND t.id = {SUBJECT_ID} "
    "LEFT JOIN account_terms AS a ON a.customer_key = l.customer_key"
)


def flags(backend: Backend) -> dict[str, str]:
    """SQL that says of an event `l`, joined by `JUDGED_BY`, whether it may be used, by the name of the flag.

    An account can withdraw for its people, but not give for them.
    """
    default = _default(backend)
    return {f"for_{purpose}": _flag(purpose, is_default=purpose in default) for purpose in PURPOSES}


def _flag(purpose: Purpose, *, is_default: bool) -> str:
    own = f"contains(l.purpose, '\"{purpose}\"')"  # null where the event does not say
    given = f"coalesce(t.given_{purpose}, {EVER if is_default else NEVER})"
    return (
        f"l.occurred_us > coalesce(t.withdrawn_{purpose}, {EVER}) AND "
        f"l.occurred_us > coalesce(a.withdrawn_{purpose}, {EVER}) AND "
        f"coalesce({own}, l.occurred_us >= {given} AND l.occurred_us >= coalesce(a.given_{purpose}, {EVER}))"
    )


def _default(backend: Backend) -> tuple[str, ...]:
    rows = backend.con.execute("SELECT value FROM meta WHERE key = $1", [DEFAULT]).fetchall()
    return tuple(one for one in rows[0][0].split(",") if one) if rows else PURPOSES


def _write_terms(backend: Backend, ids: Collection[Id]) -> None:
    """Work the terms of these ids out, and of whom they turned out to be; `subjects` names them all."""
    temporary_ids(backend, "asked_ids", ids)
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE subjects AS
        SELECT id_kind, id FROM asked_ids
        UNION SELECT 'person', r.head_id FROM asked_ids AS i
        JOIN resolved AS r ON (r.id_kind, r.id) = (i.id_kind, i.id) WHERE r.head_id IS NOT NULL
    """)
    rows = backend.con.execute("""
        SELECT s.id_kind, s.id, c.purpose, c.is_given, c.said_us
        FROM consents AS c LEFT JOIN resolved AS r ON (r.id_kind, r.id) = (c.id_kind, c.id)
        JOIN subjects AS s ON s.id_kind = CASE WHEN r.head_id IS NULL THEN c.id_kind ELSE 'person' END
            AND s.id = coalesce(r.head_id, c.id)
    """).fetchall()
    backend.raw_sql("DELETE FROM terms WHERE (id_kind, id) IN (SELECT (id_kind, id) FROM subjects)")
    said: defaultdict[Id, defaultdict[str, list[tuple[bool, int]]]] = defaultdict(lambda: defaultdict(list))
    for kind, id_, purpose, is_given, us in rows:
        said[kind, id_][purpose].append((is_given, us))
    default = _default(backend)
    written = [
        {"id_kind": kind, "id": id_, **_columns({p: Terms.of(by[p], is_default=p in default) for p in PURPOSES})}
        for (kind, id_), by in said.items()
    ]
    temporary(backend, "new_terms", pa.Table.from_pylist(written, schema=_TERMS))
    backend.raw_sql("INSERT INTO terms BY NAME SELECT * FROM new_terms")


def _columns(terms: dict[Purpose, Terms]) -> dict[str, int]:
    return {
        f"{what}_{purpose}": us
        for purpose, one in terms.items()
        for what, us in (("withdrawn", one.withdrawn_us), ("given", one.given_us))
    }


def _judge(backend: Backend, where: str) -> None:
    """Say anew of events `l` what they may be used for."""
    now = flags(backend)
    chosen = ", ".join(f"l.{name} AS was_{name}, ({sql}) AS {name}" for name, sql in now.items())
    changed = " OR ".join(f"was_{name} <> {name}" for name in now)
    backend.raw_sql(
        "CREATE OR REPLACE TEMP TABLE judged AS SELECT * FROM (SELECT l.rowid AS place, l.customer_key, l.occurred_us, "
        f"{chosen} FROM event_log AS l {JUDGED_BY} WHERE {where}) WHERE {changed}"
    )
    backend.raw_sql(
        "INSERT INTO touched SELECT customer_key, min(occurred_us) FROM judged "
        "WHERE was_for_analytics <> for_analytics GROUP BY 1"
    )
    values = ", ".join(f"{name} = j.{name}" for name in now)
    backend.raw_sql(f"UPDATE event_log SET {values} FROM judged AS j WHERE event_log.rowid = j.place")
    if backend.con.execute("SELECT 1 FROM judged LIMIT 1").fetchall():
        n = backend.con.execute("SELECT value::BIGINT FROM meta WHERE key = $1", [JUDGED]).fetchall()
        backend.con.execute("INSERT OR REPLACE INTO meta VALUES ($1, $2)", [JUDGED, str(n[0][0] + 1 if n else 1)])
    backend.raw_sql("DROP TABLE judged")
