"""How long scoring takes at scale, as ratios against a floor query of the same run.

    python -m bench [--events 10000000] [--customers 100000] [--folder DIR] [--json]

The floor is one GROUP BY over the events as Parquet (count, latest, sum by customer; median of five): what any answer
about all customers costs at the least. Every step runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WEEKS, BATCH = 104, 500_000
BUDGETS = {"state": 12.0, "score": 150.0, "delta": 10.0}
"""Most a step may cost, in floors."""
PAGE_MS, SCORE_MB, IMPORT_MS, HELP_MS = 100.0, 2000.0, 100.0, 500.0
START_US = 1_700_000_000_000_000
SECONDS = WEEKS * 7 * 86_400


def generate(folder: Path, n_events: int, n_customers: int) -> dict[str, Any]:
    """A workspace with that many events: uneven customers, a working week, all signals of the B2B starter."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from cxcurve.workspace import init

    with init(folder, "b2b-saas") as workspace:
        names = list(workspace.journey.signals)
        rng = np.random.default_rng(7)
        pace = rng.gamma(1.2, 1.0, n_customers)
        start = rng.integers(0, SECONDS // 2, n_customers)
        share = np.array([_rate(name, workspace.journey.exits) for name in names])
        started = time.perf_counter()
        for first in range(0, n_events, BATCH):
            n = min(BATCH, n_events - first)
            customer = rng.choice(n_customers, n, p=pace / pace.sum())
            at = start[customer] + (rng.random(n) * (SECONDS - start[customer])).astype(np.int64)
            table = _events(rng, first, customer, at, np.array(names)[rng.choice(len(names), n, p=share / share.sum())])
            workspace.store.append(table)
        loaded = time.perf_counter() - started
        workspace.store.compact()
        log = workspace.store.fetch("SELECT customer_key, occurred_us, value FROM event_log")
        pq.write_table(log, folder / "floor.parquet")
        del pa
    return {"load_seconds": loaded, "events_per_second": n_events / loaded}


def _rate(name: str, exits: tuple[str, ...]) -> float:
    return 60.0 if name == "core_feature_used" else 0.05 if name in exits else 1.0


def _events(rng: Any, first: int, customer: Any, at: Any, names: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    from cxcurve.sources import arrow_schema
    from cxcurve.tables import EVENTS

    n = len(customer)
    filled = {
        "event_id": pa.array([f"e{first + i}" for i in range(n)]),
        "account_id": pa.array(np.char.add("c", customer.astype(str))),
        "occurred_us": pa.array(START_US + at * 1_000_000),
        "received_us": pa.array(np.full(n, START_US)),
        "name": pa.array(names),
        "source": pa.array(["bench"] * n),
        "value": pa.array(rng.integers(0, 11, n).astype(float)),
        "data_class": pa.array(["observed"] * n),
        "properties": pa.array(["{}"] * n),
    }
    schema = arrow_schema(EVENTS)
    return pa.table([filled.get(field.name, pa.nulls(n, field.type)) for field in schema], schema=schema)


def floor(folder: Path) -> dict[str, Any]:
    """The floor query and the state query."""
    import duckdb

    con = duckdb.connect()
    con.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{folder / 'floor.parquet'}')")
    sql = "SELECT customer_key, count(*), max(occurred_us), sum(value) FROM events GROUP BY customer_key"
    return {"seconds": _median(lambda: con.execute(f"CREATE OR REPLACE TEMP TABLE t AS {sql}"))}


def state(folder: Path) -> dict[str, Any]:
    """State by customer and signal: count, faded sum, first and last, from the log."""
    import cxcurve

    with cxcurve.open(folder) as workspace:
        end_us, half_life_us = START_US + SECONDS * 10**6, 14 * 86_400 * 10**6
        sql = f"""
            CREATE OR REPLACE TEMP TABLE t AS
            SELECT customer_key, signal_key, count(*) AS n, min(occurred_us) AS first_us, max(occurred_us) AS last_us,
                   sum(CAST(round(pow(2.0, 32 + (occurred_us - {end_us}) / {half_life_us}.0)) AS BIGINT)) AS faded
            FROM event_log GROUP BY customer_key, signal_key
        """
        return {"seconds": _median(lambda: workspace.store.execute(sql), times=3)}


def score(folder: Path) -> dict[str, Any]:
    """Everything of everybody, written."""
    import cxcurve

    with cxcurve.open(folder) as workspace:
        started = time.perf_counter()
        n = workspace.score(full=True)
        return {"seconds": time.perf_counter() - started, "customers": n}


def delta(folder: Path) -> dict[str, Any]:
    """10,000 events of 3,000 customers, loaded and scored in an open workspace, as a running server does it."""
    import numpy as np

    import cxcurve

    with cxcurve.open(folder) as workspace:
        rng = np.random.default_rng(8)
        names = np.array(list(workspace.journey.signals))[rng.integers(0, 40, 20_000)]
        taken = []
        for number in range(2):  # the first warms up what an open workspace has warm
            part = slice(number * 10_000, (number + 1) * 10_000)
            at = SECONDS - rng.integers(200_000, 7 * 86_400, 10_000)
            table = _events(rng, 10**9 + number * 10_000, rng.integers(0, 3000, 10_000), at, names[part])
            started = time.perf_counter()
            workspace.store.append(table)
            appended = time.perf_counter()
            n = workspace.score()
            taken.append((time.perf_counter() - started, appended - started, n))
        return {"seconds": taken[1][0], "append_seconds": taken[1][1], "customers": taken[1][2]}


def page(folder: Path) -> dict[str, Any]:
    """One customer's page data, median of twenty."""
    import cxcurve

    with cxcurve.open(folder) as workspace:
        ids = [
            row[0]
            for row in workspace.store.rows("SELECT customer_id FROM customer_keys USING SAMPLE 21 (reservoir, 1)")
        ]
        workspace.customer(ids[0])
        times = []
        for one in ids[1:]:
            started = time.perf_counter()
            workspace.customer(one)
            times.append(time.perf_counter() - started)
        return {"seconds": statistics.median(times), "slowest": max(times)}


def start(folder: Path) -> dict[str, Any]:
    """Importing the package, and `--help`, beyond what Python itself needs to start."""

    def run(*arguments: str) -> float:
        return _median(lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True))

    return {
        "seconds": run("-c", "import cxcurve") - run("-c", "pass"),
        "help_seconds": run("-m", "cxcurve", "--help"),
    }


STEPS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "floor": floor, "state": state, "score": score, "delta": delta, "page": page, "start": start,
}  # fmt: skip


def _median(run: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _apart(folder: Path, step: str, *more: str) -> dict[str, Any]:
    """Run a step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder), *more]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep the workspace here and use it again")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        found = (
            generate(asked.folder, asked.events, asked.customers)
            if asked.step == "generate"
            else STEPS[asked.step](asked.folder)
        )
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found))
        return
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="cxcurve-bench-")) / "workspace"
    results: dict[str, Any] = {}
    if not (folder / "floor.parquet").exists():
        size = ("--events", str(asked.events), "--customers", str(asked.customers))
        results["generate"] = _apart(folder, "generate", *size)
    results |= {step: _apart(folder, step) for step in STEPS}
    print(json.dumps(results, indent=1) if asked.json else _report(results))
    if asked.folder is None:
        shutil.rmtree(folder.parent)


def _report(results: dict[str, Any]) -> str:
    base = results["floor"]["seconds"]
    lines = [f"floor   {base:8.3f} s    one GROUP BY over the events"]
    for name, budget in BUDGETS.items():
        ratio = results[name]["seconds"] / base
        said = "within" if ratio <= budget else "OVER"
        lines.append(
            f"{name:7} {results[name]['seconds']:8.3f} s    {ratio:6.1f} floors, {said} {budget:g}; "
            f"peak {results[name]['peak_mb']:.0f} MB"
        )
    lines.append(f"page    {results['page']['seconds'] * 1000:8.0f} ms   one customer's data (at most {PAGE_MS:g})")
    starting = results["start"]
    lines.append(f"import  {starting['seconds'] * 1000:8.0f} ms   import cxcurve (at most {IMPORT_MS:g})")
    lines.append(f"help    {starting['help_seconds'] * 1000:8.0f} ms   cxcurve --help (at most {HELP_MS:g})")
    lines.append(f"memory  {results['score']['peak_mb']:8.0f} MB   full score (at most {SCORE_MB:g})")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
