"""Names of customers who are a person or a visitor, where others are called so, too: the same in any order of loading.

An account has its own id. Of the others the one with the longest id chooses first, persons before visitors: the first
name that nobody has of 42, person:42, person:person:42. Who has no events of his own any more comes last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve.store.temporary import temporary
from cxcurve.store.unfolded import unfold_keys

_CORE = (
    "CASE WHEN starts_with({0}, 'person:') OR starts_with({0}, 'anonymous:') "
    "THEN regexp_replace({0}, '^((person|anonymous):)+', '') ELSE {0} END"
)
"""An id without what is put before it: those of one core may want the same name."""
IS_OWN = "{name} = repeat({kind} || ':', (length({name}) - length({id})) // (length({kind}) + 1)) || {id}"
"""SQL that says whether a name is one that this id can have."""


@dataclass(frozen=True, slots=True)
class Named:
    """A person's or visitor's own customer; `is_there` where ids are his now."""

    kind: str
    id: str
    is_there: bool
    key: int


def names_of(taken: Collection[str], members: Iterable[Named]) -> dict[int, str]:
    """The names of customers by key, none of `taken`, which are accounts'."""
    used, names = set(taken), dict[int, str]()
    for one in sorted(members, key=lambda one: (not one.is_there, -len(one.id), one.kind != "person", one.id)):
        name = one.id
        while name in used:
            name = f"{one.kind}:{name}"
        used.add(name)
        names[one.key] = name
    return names


def rename_alike(backend: Backend, ids: str) -> None:
    """Name all anew who may want the name of one of these ids (SQL of `id`); who is renamed is scored anew.

    Whose ids these are came, went or moved: what they told may be of another customer now.
    """
    unfold_keys(backend, f"SELECT own_key FROM identities WHERE id IN ({ids})")
    rows = backend.con.execute(f"""
        WITH cores AS (SELECT DISTINCT {_CORE.format("id")} AS core FROM ({ids})),
             alike AS (SELECT customer_key, customer_id, {_CORE.format("customer_id")} AS core FROM customer_keys),
             found AS (
                SELECT a.core, a.customer_key, a.customer_id, o.id_kind, o.id,
                       a.customer_key IN (SELECT customer_key FROM identities) AS is_there
                FROM alike AS a SEMI JOIN cores USING (core) LEFT JOIN identities AS o ON o.own_key = a.customer_key
                    AND {IS_OWN.format(name="a.customer_id", kind="o.id_kind", id="o.id")}
                UNION ALL SELECT p.core, NULL, p.customer_id, NULL, NULL, TRUE
                FROM (SELECT DISTINCT customer_id, {_CORE.format("customer_id")} AS core FROM person_accounts) AS p
                SEMI JOIN cores USING (core)
             )
        SELECT * FROM found
        QUALIFY count(*) OVER (PARTITION BY core) > 1 OR customer_id IS DISTINCT FROM coalesce(id, customer_id)
    """).fetchall()
    families = defaultdict(list)
    for core, *row in rows:
        families[core].append(row)
    renamed = {key: name for family in families.values() for key, name in _renamed(family)}
    if renamed:
        _rename(backend, renamed)


def _renamed(family: Iterable[list[object]]) -> list[tuple[int, str]]:
    taken, members, was = set[str](), dict[int, Named](), dict[int, str]()
    for key, name, kind, id_, is_there in family:
        if id_ is None:
            taken.add(str(name))
        else:
            members[int(str(key))] = Named(str(kind), str(id_), bool(is_there), int(str(key)))
            was[int(str(key))] = str(name)
    return [(key, name) for key, name in names_of(taken, members.values()).items() if was[key] != name]


def _rename(backend: Backend, names: dict[int, str]) -> None:
    """Two of them may change names with each other: so all give theirs up first."""
    rows = pa.table({"customer_key": pa.array(names, pa.int32()), "customer_id": pa.array(names.values(), pa.string())})
    temporary(backend, "renamed", rows)
    unfold_keys(backend, "SELECT customer_key FROM renamed")
    backend.raw_sql(
        "UPDATE customer_keys SET customer_id = chr(0) || customer_key "
        "WHERE customer_key IN (SELECT customer_key FROM renamed)"
    )
    backend.raw_sql(
        "UPDATE customer_keys SET customer_id = r.customer_id, bucket = bucket_of(r.customer_id) FROM renamed AS r "
        "WHERE r.customer_key = customer_keys.customer_key"
    )
    unfold_keys(backend, "SELECT customer_key FROM renamed")
    backend.raw_sql("INSERT INTO touched SELECT customer_key, 0 FROM renamed")  # attributes go by the name
