"""The file: one process, versions of the schema, all or nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from worlds import new_store, random_log, table

from cxcurve import tables
from cxcurve.errors import StoreError, WorkspaceBusyError
from cxcurve.store import Store, engine, migrations, store

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
    assert str(refused.value).startswith(f"{path}: cannot be opened. The file is damaged or was never a store: ")
    assert "move its folder .cxcurve away and run `cxcurve load` and `cxcurve score` anew" in str(refused.value)


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    with Store(path) as made:
        made.execute("CREATE TABLE much AS SELECT md5(range::VARCHAR) AS text FROM range(100000)")
    data = bytearray(path.read_bytes())
    data[len(data) // 4 : len(data) * 3 // 4] = bytes(len(data) * 3 // 4 - len(data) // 4)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="The file is damaged"), Store(path) as opened:
        opened.rows("SELECT sum(hash(text)) FROM much")


def test_an_amount_of_memory_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MEMORY_LIMIT", "lots")
    with pytest.raises(StoreError, match='CXCURVE_MEMORY is "lots", which is no amount of memory'):
        Store(tmp_path / "events.duckdb")


SORTED = "CREATE TEMP TABLE big AS SELECT md5(range::VARCHAR) AS text FROM range(2000000) ORDER BY text"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            ["INSERT INTO meta VALUES ('schema_version', '2')"],
            "What was to be written contradicts what is there, and nothing of this step was kept: Constraint Error: "
            'Duplicate key "key: schema_version" violates primary key constraint. That is a fault of cxcurve',
        ),
        (
            ["SELECT 'abc'::DOUBLE"],
            "A value is not what a rule takes it for, and nothing of this step was kept: Conversion Error: Could not "
            "convert string 'abc' to DOUBLE. Mend it where it comes from, or the rule in journey.yaml that reads it.",
        ),
        (["SELECT 300::TINYINT"], "A value is not what a rule takes it for"),
        (
            ["SET memory_limit = '15MB'", "SELECT list(range) FROM range(50000000)"],
            "The memory does not suffice: nothing of this step was kept. At most 1GB may be used; set the environment "
            "variable CXCURVE_MEMORY to more, such as CXCURVE_MEMORY=4GB, and run it again. (Out of Memory Error",
        ),
        (["SET memory_limit = '15MB'", "SET max_temp_directory_size = '1MB'", SORTED], "The disk is full: nothing"),
        (["COPY (SELECT 1) TO '/proc/no/such.csv'"], "The store could not do this, and nothing of this step was kept"),
    ],
    ids=["twice", "no number", "too large", "memory", "disk", "anything else"],
)
def test_the_engines_errors_are_ours(statements: list[str], said: str) -> None:
    with new_store() as made:
        *before, last = statements
        for statement in before:
            made.execute(statement)
        with pytest.raises(StoreError) as refused:
            made.rows(last)
    assert str(refused.value).startswith(said)
    assert "LINE 1" not in str(refused.value)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (duckdb.IOException('IO Error: Cannot open file "x": Permission denied'), "The file or its folder may not be"),
        (duckdb.IOException('IO Error: Cannot open file "x": Read-only file system'), "The file or its folder may not"),
        (duckdb.FatalException("FATAL Error: database has been invalidated"), "The file is damaged"),
        (duckdb.Error("Corrupt database file: computed checksum 1 does not match"), "The file is damaged"),
        (OSError(28, "No space left on device"), "The disk is full"),
    ],
)
def test_what_a_test_cannot_bring_about(error: Exception, said: str) -> None:
    with pytest.raises(StoreError) as refused, engine.said_clearly():
        raise error
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("sql", ["SELEKT 1", "SELECT nothing", "SELECT * FROM nowhere"])
def test_a_mistake_of_ours_stays_as_it_is(sql: str) -> None:
    with new_store() as made, pytest.raises(duckdb.ProgrammingError):
        made.rows(sql)


def _write_and_ask(made: Store, question: str) -> None:
    with made.transaction():
        made.remember("a", "1")
        made.rows(question)


def test_ctrl_c_within_a_query_stays_ctrl_c() -> None:
    """The engine tells it as a RuntimeError, or notices nothing before the query ends."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    stop = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    try:
        with new_store() as made:
            stop.start()
            with pytest.raises(KeyboardInterrupt):
                _write_and_ask(made, "SELECT max(md5(range::VARCHAR)) FROM range(10000000)")
            assert made.meta("a") is None
    finally:
        stop.cancel()
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("error", [RuntimeError("Query interrupted"), duckdb.InterruptException("Interrupted!")])
def test_both_ways_the_engine_tells_of_ctrl_c(error: Exception) -> None:
    with pytest.raises(KeyboardInterrupt), engine.said_clearly():
        raise error


def test_every_table_has_the_columns_of_its_contract() -> None:
    with new_store() as made:
        for contract in (tables.CUSTOMERS, tables.PEOPLE, tables.QUARANTINE, tables.STAGED):
            assert tuple(made.table(contract.name).columns) == contract.column_names
        assert set(tables.EVENTS.column_names) < set(made.events("operation").columns)


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


def test_staged_rows_are_kept_once_and_those_of_a_key_that_is_gone_are_dropped(tmp_path: Path) -> None:
    def staged(*rows: tuple[str, str, str]) -> pa.Table:
        known = [
            {"source": "s", "row_id": i, "row_key": key, "file": "f", "line": 0, "row": row} for i, key, row in rows
        ]
        return pa.Table.from_pylist(known)

    with Store(tmp_path / "events.duckdb") as store:
        store.stage("s", staged(("1", "a", "old"), ("2", "b", "x"), ("1", "a", "new"), ("gone a", "a", "grave")))
        assert store.rows("SELECT row FROM staged WHERE row_id = '1'") == [("new",)]
        store.forget_staged("s", ["a"], "gone")
        assert store.rows("SELECT row_id FROM staged ORDER BY 1") == [("2",), ("gone a",)]


_FULL = """
import resource, sys
from pathlib import Path
from cxcurve.errors import StoreError
from cxcurve.store import Store

path = Path(sys.argv[1])
store = Store(path)
store.remember("before", "kept")
most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 4096, most[1]))  # a disk that takes nothing more
for _ in range(2):
    try:
        store.checkpoint()
        raise SystemExit("it was written")
    except StoreError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, most)
try:
    store.table("meta")
except StoreError:
    print("given up")
print(store.revive(), store.meta("before"), store.revive())
store.remember("after", "kept")
store.close()
print(Store(path).meta("after"))
"""


def test_an_engine_that_gave_up_on_a_full_disk_is_opened_anew(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _FULL, str(tmp_path / "s.duckdb")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    said = found.stdout.splitlines()
    assert (
        said[0]
        == said[1]
        == ("The disk is full: nothing of this step was kept, nothing was lost. Free some space and run it again.")
    ), found.stderr
    assert said[2:] == ["given up", "True kept False", "kept"]


_FULL_FROM_THE_START = """
import resource, sys
from pathlib import Path
from cxcurve.errors import StoreError
from cxcurve.store import Store

most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most[1]))
try:
    Store(Path(sys.argv[1]))
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, most)
print(Store(Path(sys.argv[1])).meta("schema_version") is not None)
"""


def test_a_store_that_could_not_be_made_leaves_no_half_of_one(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    command = [sys.executable, "-c", _FULL_FROM_THE_START, str(path)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    first, second = found.stdout.splitlines()
    assert "cannot be opened. The disk is full" in first
    assert second == "True"
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".new"] == []


def test_who_reads_beside_sees_the_file_written_anew(tmp_path: Path) -> None:
    with Store(tmp_path / "events.duckdb") as store:
        beside = store.beside()
        store.remember("said", "before")
        assert beside.meta("said") == "before"
        store.rewrite()
        store.remember("said", "after")
        assert beside.meta("said") == "after"
        assert beside.arrow(beside.table("meta")).num_rows == store.arrow(store.table("meta")).num_rows
    with Store(tmp_path / "events.duckdb") as again:
        assert again.meta("said") == "after"
