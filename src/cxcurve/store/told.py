"""What was said of customers and people, kept as said, and what it comes to: the tables `customers` and `people`.

Whatever is said, of whom it is said is folded anew from all that was ever said of him (`profiles`): neither the order
of arrival nor repetition matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve.store.marks import CUSTOMER, Secret, leave_out, leave_out_told
from cxcurve.store.profiles import Statement, customer_rows, person_row
from cxcurve.store.resolution import Id
from cxcurve.store.temporary import temporary
from cxcurve.store.unfolded import take, unfold
from cxcurve.tables import CUSTOMER_ROWS, CUSTOMERS, PEOPLE, PERSON_ROWS, TRAITS, Table

_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
_CHANGED = (
    "NOT is_trait OR document IS DISTINCT FROM lag(document) OVER (PARTITION BY id ORDER BY at_us, is_trait, who)"
)
"""A trait that says the same as what was said just before it changes nothing: pages tell theirs at every view."""


_ANYTHING = (
    "SELECT 1 FROM (SELECT 1 FROM traits UNION ALL SELECT 1 FROM person_rows UNION ALL SELECT 1 FROM people) LIMIT 1"
)


_TOLD_OF = """
    WITH own AS (
        SELECT f.id AS name, d.id_kind, d.id FROM folded_ids AS f JOIN customer_keys AS k ON k.customer_id = f.id
        JOIN identities AS d ON d.own_key = k.customer_key AND d.customer_key = k.customer_key
    ), members AS (
        SELECT * FROM own
        UNION SELECT o.name, r.id_kind, r.id
        FROM resolved AS r JOIN own AS o ON (r.to_kind, r.to_id) = (o.id_kind, o.id)
    )
    SELECT id, said_us, trait_id, traits, FALSE AS is_own FROM traits SEMI JOIN folded_ids USING (id)
    WHERE id_kind = 'account'
    UNION ALL SELECT m.name, t.said_us, t.trait_id, t.traits, TRUE
    FROM traits AS t JOIN members AS m ON (m.id_kind, m.id) = (t.id_kind, t.id)
"""
"""What was told of accounts, and by all ids of persons and visitors who are customers by themselves."""


def tell_customers(backend: Backend, rows: pa.Table, source: str, secret: Secret) -> None:
    """Keep rows of a source (`tables.CUSTOMERS`), the last of a key; whose seats or segment change is scored anew.

    Nothing is kept of the erased that held before the erasure.
    """
    if not rows.num_rows:
        return
    temporary(backend, "said_rows", rows.append_column("n", pa.array(range(rows.num_rows))))
    leave_out(backend, "said_rows", {"customer_id": CUSTOMER}, "valid_from_us", secret)
    _tell(backend, CUSTOMER_ROWS, source)
    backend.raw_sql("CREATE OR REPLACE TEMP TABLE folded_ids AS SELECT DISTINCT customer_id AS id FROM said_rows")
    fold_customers(backend)


def tell_people(backend: Backend, rows: pa.Table, source: str, secret: Secret) -> list[Id]:
    """Keep rows of a source (`tables.PEOPLE`), the last of a key, none of the erased; returns of whom they are."""
    temporary(backend, "said_rows", rows.append_column("n", pa.array(range(rows.num_rows))))
    leave_out(backend, "said_rows", {"person_id": "person", "customer_id": "account"}, None, secret)
    _tell(backend, PERSON_ROWS, source)
    found = backend.con.execute("SELECT DISTINCT person_id FROM said_rows").fetchall()
    return [("person", one) for (one,) in found]


def tell_traits(backend: Backend, traits: pa.Table, secret: Secret) -> None:
    """Keep what calls told (`tables.TRAITS`), each once; nothing of the erased."""
    if not traits.num_rows:
        return
    names = ", ".join(TRAITS.column_names)
    temporary(backend, "told", traits)
    backend.raw_sql("DELETE FROM told WHERE trait_id IN (SELECT trait_id FROM traits)")
    leave_out_told(backend, "told", "said_us", secret)
    backend.raw_sql(f"INSERT OR IGNORE INTO traits ({names}) SELECT {names} FROM told")
    if backend.con.execute("SELECT 1 FROM told WHERE id_kind = 'account' LIMIT 1").fetchall():
        backend.raw_sql(
            "CREATE OR REPLACE TEMP TABLE folded_ids AS SELECT DISTINCT id FROM told WHERE id_kind = 'account'"
        )
        fold_customers(backend)
    unfold(
        backend,
        "SELECT k.customer_id FROM told AS t LEFT JOIN resolved AS r USING (id_kind, id) "
        "JOIN identities AS d ON (d.id_kind, d.id) = (coalesce(r.to_kind, t.id_kind), coalesce(r.to_id, t.id)) "
        "JOIN customer_keys AS k ON k.customer_key = d.own_key",
    )
    people = backend.con.execute("SELECT DISTINCT id_kind, id FROM told WHERE id_kind <> 'account'").fetchall()
    fold_people(backend, [(kind, id_) for kind, id_ in people])


def fold_own(backend: Backend) -> bool:
    """Fold customers anew that persons are by themselves, where who is who or who is called what changed; whether any.

    Names are a function of who is there (`names`), so what was told moves with them.
    """
    anything = "SELECT 1 FROM traits WHERE id_kind <> 'account' LIMIT 1"
    if not take(backend) or not backend.con.execute(anything).fetchall():
        return False
    backend.raw_sql(f"CREATE OR REPLACE TEMP TABLE told_of AS {_TOLD_OF}")
    known = "SELECT id FROM told_of UNION ALL SELECT customer_id FROM customers"
    if backend.con.execute(f"SELECT 1 FROM folded_ids SEMI JOIN ({known}) AS k USING (id) LIMIT 1").fetchall():
        _fold_told(backend)
        return True
    return False


def fold_customers(backend: Backend) -> None:
    """Make the rows of the customers in the temporary table `folded_ids` (`id`) what was said of them."""
    backend.raw_sql(f"CREATE OR REPLACE TEMP TABLE told_of AS {_TOLD_OF}")
    _fold_told(backend)


def _fold_told(backend: Backend) -> None:
    """The same with what was told of them in the temporary table `told_of`."""
    names = ", ".join(CUSTOMERS.column_names)
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE told_often AS
        SELECT id FROM folded_ids WHERE id IN (SELECT id FROM told_of) OR id IN (
            SELECT customer_id FROM customer_rows GROUP BY customer_id HAVING count(DISTINCT source) > 1)
    """)
    statements = _statements(backend, f"""
        SELECT id, at_us, is_trait, who, document, is_own FROM (
            SELECT customer_id AS id, valid_from_us AS at_us, FALSE AS is_trait, source AS who,
                   to_json(r)::VARCHAR AS document, FALSE AS is_own
            FROM customer_rows AS r SEMI JOIN told_often AS o ON o.id = r.customer_id
            UNION ALL SELECT id, said_us, TRUE, trait_id, traits, is_own FROM told_of
        ) QUALIFY {_CHANGED}
    """)  # fmt: skip
    rows = [row for id_, said in statements.items() for row in customer_rows(id_, said)]
    temporary(backend, "folded", pa.Table.from_pylist(rows, schema=_schema(CUSTOMERS)))
    backend.raw_sql(
        f"INSERT INTO folded SELECT {names} FROM customer_rows SEMI JOIN folded_ids ON id = customer_id "
        "ANTI JOIN told_often ON id = customer_id"
    )
    _touch_changed(backend)
    backend.raw_sql(
        "DELETE FROM customers WHERE customer_id IN (SELECT id FROM folded_ids) "
        "AND (customer_id, valid_from_us) NOT IN (SELECT (customer_id, valid_from_us) FROM folded)"
    )
    _write(backend, CUSTOMERS)


def fold_people(backend: Backend, ids: Collection[Id]) -> None:
    """Make the rows of these persons and visitors, under the last id of each, what was said of any of their ids."""
    if not ids or not backend.con.execute(_ANYTHING).fetchall():
        return
    columns = [pa.array([id_[i] for id_ in ids], pa.string()) for i in (0, 1)]
    temporary(backend, "folded_ids", pa.Table.from_arrays(columns, names=["id_kind", "id"]))
    _find_members(backend)
    names = ", ".join(name for name in PEOPLE.column_names if name not in {"person_id", "customer_id"})
    statements = _statements(backend, f"""
        SELECT id, at_us, is_trait, who, document FROM (
            SELECT m.head_id AS id, 0 AS at_us, FALSE AS is_trait, r.source || '/' || r.person_id AS who,
                   to_json(r)::VARCHAR AS document
            FROM person_rows AS r JOIN members AS m ON m.id_kind = 'person' AND m.id = r.person_id
            UNION ALL SELECT m.head_id, t.said_us, TRUE, t.trait_id, t.traits
            FROM traits AS t JOIN members AS m ON (m.id_kind, m.id) = (t.id_kind, t.id)
        ) WHERE id IN (SELECT head_id FROM told_often) QUALIFY {_CHANGED}
    """)  # fmt: skip
    accounts = dict(backend.con.execute("SELECT head_id, customer_id FROM heads").fetchall())
    rows = [person_row(id_, accounts[id_], said) for id_, said in statements.items()]
    temporary(backend, "folded", pa.Table.from_pylist(rows, schema=_schema(PEOPLE)))
    backend.raw_sql(f"""
        INSERT INTO folded BY NAME SELECT head_id AS person_id, h.customer_id, {names}
        FROM heads AS h JOIN (SELECT * EXCLUDE customer_id FROM person_rows) ON person_id = head_id
        ANTI JOIN told_often USING (head_id)
    """)
    backend.raw_sql(
        "DELETE FROM people WHERE person_id IN (SELECT id FROM folded_ids WHERE id_kind = 'person' "
        "UNION SELECT head_id FROM heads) AND person_id NOT IN (SELECT person_id FROM folded)"
    )
    _write(backend, PEOPLE)


def _find_members(backend: Backend) -> None:
    """Last ids with their accounts (`heads`), all ids of theirs (`members`), and of whom more is said than a row."""
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE heads AS
        SELECT h.head_id,
               CASE WHEN r.id IS NULL THEN a.customer_id WHEN r.to_kind = 'account' THEN r.to_id END AS customer_id
        FROM (SELECT DISTINCT coalesce(r.head_id, CASE f.id_kind WHEN 'person' THEN f.id END) AS head_id
              FROM folded_ids AS f LEFT JOIN resolved AS r USING (id_kind, id)) AS h
        LEFT JOIN resolved AS r ON r.id_kind = 'person' AND r.id = h.head_id
        LEFT JOIN person_accounts AS a ON a.person_id = h.head_id WHERE h.head_id IS NOT NULL
    """)
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE members AS SELECT 'person' AS id_kind, head_id AS id, head_id FROM heads
        UNION SELECT id_kind, id, head_id FROM resolved JOIN heads USING (head_id)
    """)
    backend.raw_sql("""
        CREATE OR REPLACE TEMP TABLE told_often AS
        SELECT DISTINCT head_id FROM members WHERE (id_kind, id) IN (SELECT (id_kind, id) FROM traits)
        UNION SELECT head_id FROM members GROUP BY head_id HAVING count(*) > 1
        UNION SELECT person_id FROM person_rows WHERE person_id IN (SELECT head_id FROM heads)
        GROUP BY person_id HAVING count(*) > 1
    """)


def _tell(backend: Backend, table: Table, source: str) -> None:
    """Keep the rows in the temporary table `said_rows` by the key; of twins the last holds."""
    backend.raw_sql("ALTER TABLE said_rows ADD COLUMN source VARCHAR")
    backend.con.execute("UPDATE said_rows SET source = $1", [source])
    names = ", ".join(table.column_names)
    backend.raw_sql(
        f"INSERT OR REPLACE INTO {table.name} ({names}) SELECT {names} FROM said_rows "
        f"QUALIFY row_number() OVER (PARTITION BY {', '.join(table.key)} ORDER BY n DESC) = 1"
    )


def _statements(backend: Backend, sql: str) -> dict[str, list[Statement]]:
    found: dict[str, list[Statement]] = defaultdict(list)
    for id_, *said in backend.con.execute(sql).fetchall():
        found[id_].append(Statement(*said))
    return found


def _touch_changed(backend: Backend) -> None:
    """Customers whose seats or segment are not what they were, from then on; of others there is no news."""
    course = """
        SELECT customer_id, valid_from_us, seats, segment FROM {table} SEMI JOIN folded_ids ON id = customer_id
        WINDOW known AS (PARTITION BY customer_id ORDER BY valid_from_us)
        QUALIFY seats IS DISTINCT FROM lag(seats) OVER known OR segment IS DISTINCT FROM lag(segment) OVER known
    """
    was, is_now = course.format(table="customers"), course.format(table="folded")
    backend.raw_sql(
        "INSERT INTO touched SELECT k.customer_key, min(c.valid_from_us) FROM "
        f"(({was} EXCEPT {is_now}) UNION ALL ({is_now} EXCEPT {was})) AS c JOIN customer_keys AS k USING (customer_id) "
        "GROUP BY 1"
    )


def _write(backend: Backend, table: Table) -> None:
    """Write what is another than it was: the index of a row that is written as it is would grow all the same."""
    names = ", ".join(table.column_names)
    backend.raw_sql(
        f"INSERT OR REPLACE INTO {table.name} ({names}) "
        f"SELECT {names} FROM folded EXCEPT SELECT {names} FROM {table.name}"
    )


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])
