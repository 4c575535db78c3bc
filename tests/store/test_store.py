"""The file: one process, versions of the schema, all or nothing."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from worlds import new_store, random_log, table

from cxcurve import tables
from cxcurve.errors import StoreError, WorkspaceBusyError
from cxcurve.store import Store, migrations, store

HOLD = """
import sys, time
from pathlib import Path
from cxcurve.store import Store
with Store(Path(sys.argv[1])):
    print("open", flush=True)
    time.sleep(60)
"""


def test_another_process_is_named(tmp_path: Path) -> None:
    path = tmp_path / "shop" / ".cxcurve" / "events.duckdb"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "open\n"
            with pytest.raises(WorkspaceBusyError) as refused:
                Store(path)
        finally:
            holder.kill()
    assert str(refused.value).startswith(f"{tmp_path / 'shop'}: process {holder.pid} (")
    assert "One process at a time can: stop it" in str(refused.value)
    with Store(path) as free:
        assert free.meta("schema_version") == str(len(migrations.MIGRATIONS)), "a killed process holds nothing"


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    with Store(path) as made:
        made.remember("schema_version", "99")
    with pytest.raises(StoreError) as refused:
        Store(path)
    assert str(refused.value) == (
        f"{path}: was written by a newer cxcurve (schema 99, this one knows {len(migrations.MIGRATIONS)}). "
        "Upgrade cxcurve and try again."
    )
    with pytest.raises(StoreError, match="newer cxcurve"):
        Store(path)


def test_an_older_schema_is_brought_up_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.duckdb"
    events = table(random_log(random.Random(1), 20))
    with Store(path) as old:
        old.append(events)
        kept = old.rows("SELECT * FROM event_log ORDER BY event_id")
    steps = [["CREATE TABLE second (n INTEGER)", "INSERT INTO second VALUES (2)"], ["INSERT INTO second VALUES (3)"]]
    monkeypatch.setattr(store, "MIGRATIONS", [*migrations.MIGRATIONS, *steps])
    for _ in range(2):
        with Store(path) as new:
            assert new.meta("schema_version") == str(len(migrations.MIGRATIONS) + 2)
            assert new.rows("SELECT n FROM second ORDER BY n") == [(2,), (3,)], "each step once"
            assert new.rows("SELECT * FROM event_log ORDER BY event_id") == kept


def test_a_step_that_fails_leaves_the_version_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.duckdb"
    steps = [["CREATE TABLE second (n INTEGER)"], ["CREATE TABLE third (n INTEGER)", "SELECT * FROM nowhere"]]
    with monkeypatch.context() as patch:
        patch.setattr(store, "MIGRATIONS", [*migrations.MIGRATIONS, *steps])
        with pytest.raises(Exception, match="nowhere"):
            Store(path)
        patch.setattr(store, "MIGRATIONS", [*migrations.MIGRATIONS, steps[0]])
        with Store(path) as held:
            assert held.meta("schema_version") == str(len(migrations.MIGRATIONS) + 1)
            assert not held.has("third")


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError) as refused:
        Store(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_every_table_has_the_columns_of_its_contract() -> None:
    with new_store() as made:
        for contract in (tables.CUSTOMERS, tables.PEOPLE, tables.QUARANTINE, tables.STAGED):
            assert tuple(made.table(contract.name).columns) == contract.column_names
        assert set(tables.EVENTS.column_names) < set(made.events.columns)


def _fail(made: Store) -> None:
    with made.transaction():
        made.remember("c", "3")
        raise StoreError("no more")


def test_a_trial_keeps_nothing_and_a_transaction_all_or_nothing() -> None:
    with new_store() as made:
        with made.trial():
            made.remember("a", "1")
            with made.transaction():
                made.remember("b", "2")
            assert (made.meta("a"), made.meta("b")) == ("1", "2")
        assert (made.meta("a"), made.meta("b")) == (None, None)
        with pytest.raises(StoreError):
            _fail(made)
        assert made.meta("c") is None
        with made.transaction():
            made.remember("d", "4")
        assert made.meta("d") == "4"
