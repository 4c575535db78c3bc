"""Killed, full, busy, broken off: the next run finishes the job, and nothing is there twice."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calling import Made, Run, adds_up, write_workspace

import cxcurve

LINES = "".join(
    f"{n},2026-{1 + n % 6:02d}-{1 + n % 27:02d}T10:00:00Z,c{n % 40},{('signed_up', 'used', 'ticket_opened')[n % 3]}\n"
    for n in range(900)
)
TICKETS = "".join(f"2026-03-{1 + n % 28:02d}T09:00:00Z,c{n % 40},t{n % 100},{n}\n" for n in range(400))
SOURCES = """\
log:
  files: log.csv
  time: {column: at}
  account: who
  id: id
  name: what
desk:
  files: desk.csv
  time: {column: at}
  account: who
  id: [ticket, step]
  by: ticket
  order: step
  events:
    ticket_opened: {first: true}
    ticket_closed: {last: true}
"""
FILES: dict[str, str | bytes] = {
    "sources.yaml": SOURCES,
    "log.csv": f"id,at,who,what\n{LINES}",
    "desk.csv": f"at,who,ticket,step\n{TICKETS}",
}

# Small batches, so that there is a middle to be killed in.
SMALL = """
import sys
from cxcurve.sources import reading
from cxcurve.pipeline import loading
reading.CHUNK_ROWS, loading.KEYS_AT_ONCE = 150, 40
def after(owner, name, times, do):
    made, count = getattr(owner, name), [0]
    def called(*a, **k):
        count[0] += 1
        if count[0] == times:
            do()
        return made(*a, **k)
    setattr(owner, name, called)
def kill():
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
"""
RUN = "from cxcurve.cli import main\nsys.argv = ['cxcurve', *sys.argv[1:]]\nmain()"


def python(code: str, *arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """Another process."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **more)


def told(folder: Path) -> dict[str, Any]:
    """Everything there is: the events, the stays, the weeks, the references, and what was refused."""
    with cxcurve.open(folder) as workspace:
        rows = workspace.store.rows
        columns = "customer_id, event_id, occurred_us, name, source"
        ids = (
            "SELECT k.customer_id, t.* EXCLUDE (customer_key) FROM {} AS t JOIN customer_keys AS k USING (customer_key)"
        )
        return {
            "events": rows(f"SELECT {columns} FROM events ORDER BY ALL"),
            "staged": rows("SELECT source, row_id FROM staged ORDER BY ALL"),
            "pending": rows("SELECT * FROM pending_keys"),
            "quarantine": workspace.quarantine(),
            **{name: rows(f"{ids.format(name)} ORDER BY ALL") for name in ("stays", "customer_weeks", "customer_now")},
        }


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(tmp_path_factory: pytest.TempPathFactory, run: Run) -> dict[str, Any]:
    folder = write_workspace(tmp_path_factory.mktemp("whole") / "tiny", FILES)
    for command in ("load", "score"):
        assert run("-w", folder, command).code == 0
    found = told(folder)
    assert len(found["events"]) == 900 + 100 + 100
    return found


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return write_workspace(tmp_path / "tiny", FILES)


def same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Equal; floats to 1e-9."""
    return {name: _plain(rows) for name, rows in found.items()} == {name: _plain(rows) for name, rows in wanted.items()}


def _plain(rows: Any) -> Any:
    return [tuple(f"{v:.9g}" if isinstance(v, float) else v for v in row) for row in rows] if rows else rows


@pytest.mark.parametrize(
    ("owner", "name", "times"),
    [
        ("cxcurve.store.log", "_insert", 1),
        ("cxcurve.store.log", "_keep_conflicts", 4),
        ("cxcurve.store.store:Store", "append", 4),
        ("cxcurve.store.store:Store", "stage", 2),
        ("cxcurve.store.store:Store", "replace_keys", 2),
        ("cxcurve.store.log", "_keep_conflicts", 8),
        ("cxcurve.store.store:Store", "forget_quarantine", 1),
    ],
    ids=["first insert", "inside a batch", "between batches", "staging", "between keys", "inside keys", "at the end"],
)
def test_kill_9_in_the_middle_of_load(
    run: Run, folder: Path, undisturbed: dict[str, Any], owner: str, name: str, times: int
) -> None:
    code = f"{SMALL}\nimport pkgutil\nafter(pkgutil.resolve_name({owner!r}), {name!r}, {times}, kill)\n{RUN}"
    killed = python(code, "-w", folder, "load")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    finished = run("-w", folder, "load", "--json")
    assert (finished.code, finished.err) == (0, "")
    assert all(adds_up(report) for report in finished.json.values())
    assert run("-w", folder, "score").code == 0
    assert same(told(folder), undisturbed)


@pytest.mark.parametrize(
    ("owner", "name", "times"),
    [
        ("cxcurve.store.store:Store", "insert", 2),
        ("cxcurve.store.store:Store", "add", 2),
        ("cxcurve.store.store:Store", "replace", 1),
        ("cxcurve.store.store:Store", "remember", 2),
        ("cxcurve.store.store:Store", "checkpoint", 1),
    ],
    ids=["sums", "weeks", "references", "before the end", "after the end"],
)
def test_kill_9_in_the_middle_of_score(
    run: Run, folder: Path, undisturbed: dict[str, Any], owner: str, name: str, times: int
) -> None:
    assert run("-w", folder, "load").code == 0
    code = (
        f"import sys\n{SMALL}\nimport pkgutil\nafter(pkgutil.resolve_name({owner!r}), {name!r}, {times}, kill)\n{RUN}"
    )
    killed = python(code, "-w", folder, "score")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert run("-w", folder, "score").code == 0
    assert same(told(folder), undisturbed)


# --- a full disk


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = os.getuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def bulk() -> dict[str, str | bytes]:
    """A log that needs some megabytes: its ids do not pack."""
    ids = (hashlib.sha256(str(n).encode()).hexdigest() for n in range(20_000))
    rows = (f"{key},2026-01-{1 + n % 28:02d}T10:00:00Z,c{n % 40},used\n" for n, key in enumerate(ids))
    return {"sources.yaml": SOURCES.partition("desk:")[0], "log.csv": f"id,at,who,what\n{''.join(rows)}"}


def finish(run: Run, folder: Path) -> list[Any]:
    """Load what is missing; every event as it is afterwards."""
    report = run("-w", folder, "load", "--json").json["log"]
    assert adds_up(report)
    assert report["events"]["loaded"] + report["events"]["duplicate"] == 20_000
    with cxcurve.open(folder) as workspace:
        return workspace.store.rows("SELECT customer_id, event_id, occurred_us, name FROM events ORDER BY ALL")


@pytest.fixture(scope="module", name="all_of_it")
def _all_of_it(tmp_path_factory: pytest.TempPathFactory, run: Run) -> list[Any]:
    found = finish(run, write_workspace(tmp_path_factory.mktemp("bulk") / "tiny", bulk()))
    assert len(found) == 20_000
    return found


def test_a_full_disk(run: Run, tmp_path: Path, small_disk: Path, all_of_it: list[Any]) -> None:
    folder = write_workspace(tmp_path / "tiny", bulk())
    (folder / ".cxcurve").symlink_to(small_disk)
    failed = python(f"{SMALL}\nreading.CHUNK_ROWS = 4000\n{RUN}", "-w", folder, "load")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("The disk is full: nothing of this step was kept")
    assert "Traceback" not in failed.stderr
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert finish(run, folder) == all_of_it


def test_files_that_may_not_grow(run: Run, tmp_path: Path, all_of_it: list[Any]) -> None:
    """A quota, and what a full disk looks like where nobody may mount one."""
    folder = write_workspace(tmp_path / "tiny", bulk())
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
    failed = python(f"{limit}{SMALL}\nreading.CHUNK_ROWS = 4000\n{RUN}", "-w", folder, "load")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("The disk is full: nothing of this step was kept")
    assert finish(run, folder) == all_of_it


# --- another process, a signal, a pipe


def test_another_process_has_the_workspace(run: Run, made: Made) -> None:
    folder = made("id,at,who,what\n1,2026-01-05T10:00:00Z,a,signed_up\n")
    assert run("-w", folder, "load").code == 0
    hold = f"import cxcurve, time; ws = cxcurve.open({str(folder)!r})"
    hold = f"{hold}; ws.counts(); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            for command in ("load", "score", "show"):
                result = run("-w", folder, command, *(["curve"] if command == "show" else []))
                assert result.code == 1, command
                assert f"process {holder.pid} (" in result.err
                assert "has this workspace open. One process at a time can: stop it" in result.err
            checked = run("-w", folder, "check")
            assert checked.code == 0
            assert "No problems in the files." in checked.out
            assert f"process {holder.pid} (" in checked.out
            assert "the data could not be looked at" in " ".join(checked.out.split())
        finally:
            holder.kill()


@pytest.mark.parametrize("command", ["load", "score"])
def test_ctrl_c_is_quiet(run: Run, folder: Path, command: str, undisturbed: dict[str, Any]) -> None:
    if command == "score":
        assert run("-w", folder, "load").code == 0
    spot = "append" if command == "load" else "add"
    stop = "def stop():\n    import os, signal, time\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(1)\n"
    # Whoever is started in the background inherits an ignored Ctrl-C; here it is to be heard.
    heard = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code = f"{heard}{SMALL}\n{stop}from cxcurve.store import Store\nafter(Store, {spot!r}, 2, stop)\n{RUN}"
    stopped = python(code, "-w", folder, command)
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (130, "", "")
    assert run("-w", folder, "load").code == run("-w", folder, "score").code == 0
    assert same(told(folder), undisturbed)


@pytest.mark.parametrize("options", [["--json"], ["--csv", "-"], []], ids=["json", "csv", "table"])
def test_a_closed_pipe_is_quiet(demo: Path, options: list[str]) -> None:
    command = [sys.executable, "-m", "cxcurve", "-w", str(demo), "show", "customers", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as talking:
        assert talking.stdout is not None
        assert talking.stderr is not None
        talking.stdout.close()
        said = talking.stderr.read()
        talking.wait()
    assert said == ""
    assert talking.returncode == 1
