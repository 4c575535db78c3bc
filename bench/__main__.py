"""How long scoring takes at scale, as ratios against a floor query of the same run.

    python -m bench [--events 10000000] [--customers 100000] [--folder DIR] [--json]

The floor is one GROUP BY over the events as Parquet (count, latest, sum by customer; median of five): what any answer
about all customers costs at the least. Every step runs in a process of its own, so that its peak memory is its own.
Exit code 1 where something costs more than it may.
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
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEEKS, BATCH = 104, 500_000
FLOORS = {"state": 12.0, "score": 150.0, "delta": 10.0, "delta next day": 10.0}
"""Most a step may cost, in floors."""
PAGE_MS, SCORE_MB, IMPORT_MS, HELP_MS, PAGES_KB, REQUESTS = 100.0, 2000.0, 100.0, 500.0, 150.0, 12
SECONDS_AT_MOST, LEARN_MB = {"calibrate": 60.0, "backtest": 300.0}, 4000.0
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
    """State by customer and signal, from what the product takes each event to do: faded, open, first and last."""
    import ibis

    import cxcurve
    from cxcurve.metrics.contributions import contributions
    from cxcurve.metrics.signal_weeks import faded
    from cxcurve.pipeline.run import Run, default_as_of
    from cxcurve.pipeline.sums import LOG_COLUMNS

    with cxcurve.open(folder) as workspace:
        store, zone = workspace.store, workspace.settings.zone
        run = Run(store, workspace.journey, zone, default_as_of(store, zone, START_US + 2 * SECONDS * 10**6))
        plan = store.temporary("plan_now", run.plan.table)
        rows = contributions(run.log.select(*LOG_COLUMNS), plan, run.plan, now_us=run.as_of_us)
        rows = rows.join(plan.select("signal_key", "half_life_us"), "signal_key")
        left = faded(rows.anchor_us, ibis.literal(run.as_of_us, "int64"), rows.half_life_us) * rows.amount
        by_signal = rows.mutate(left=(left * 2.0**32).round().cast("int64")).group_by(
            "customer_key", "signal_key", "part"
        )
        sql = store.sql(
            by_signal.agg(
                n_events=ibis._.n.sum(), n_open=ibis._.step.sum(), faded=ibis._.left.sum(),
                first_us=ibis._.entered_us.min(), last_us=ibis._.entered_us.max(),
            )
        )  # fmt: skip
        return {"seconds": _median(lambda: store.temporary_from("bench_state", sql), times=3)}


def score(folder: Path) -> dict[str, Any]:
    """Everything of everybody, written."""
    import cxcurve

    with cxcurve.open(folder) as workspace:
        started = time.perf_counter()
        n = workspace.score(full=True)
        return {"seconds": time.perf_counter() - started, "customers": n}


def calibrate(folder: Path) -> dict[str, Any]:
    """The weights learned from everybody's exits and steps forward; nothing is written."""
    import cxcurve

    with cxcurve.open(folder) as workspace:
        started = time.perf_counter()
        rests = workspace.calibrate().version
        return {"seconds": time.perf_counter() - started, "exits": rests.friction.n_events}


def backtest(folder: Path) -> dict[str, Any]:
    """Four quarters forward in time, each with weights of its own."""
    import cxcurve

    with cxcurve.open(folder) as workspace:
        started = time.perf_counter()
        found = workspace.backtest()
        return {
            "seconds": time.perf_counter() - started,
            "exits": found.friction.n_events,
            "moves": found.momentum.n_events,
        }


def delta(folder: Path) -> dict[str, Any]:
    """10,000 events of 3,000 customers in the week before the last event: as_of stays where it is."""
    return _deltas(folder, (-7.0, -2.0), (-7.0, -2.0))


def delta_next_day(folder: Path) -> dict[str, Any]:
    """The same in the days after the last event: as_of moves on, and with it everybody."""
    return _deltas(folder, (0.0, 1.0), (1.0, 2.0))


def _deltas(folder: Path, *days: tuple[float, float]) -> dict[str, Any]:
    """Loaded and scored in an open workspace, as a running server does it; `days` are counted from the last event.

    All but the last batch warm up what an open workspace has warm.
    """
    import numpy as np

    import cxcurve

    with cxcurve.open(folder) as workspace:
        rng = np.random.default_rng(8)
        n_known, latest = workspace.store.rows("SELECT count(*), max(occurred_us) FROM event_log")[0]
        first_id, last = 10**9 + n_known, (latest - START_US) // 10**6  # new ones also where the folder is used again
        for number, (low, high) in enumerate(days):
            names = np.array(list(workspace.journey.signals))[rng.integers(0, 40, 10_000)]
            at = last + (rng.uniform(low, high, 10_000) * 86_400).astype(np.int64)
            table = _events(rng, first_id + number * 10_000, rng.integers(0, 3000, 10_000), at, names)
            started = time.perf_counter()
            workspace.store.append(table)
            appended = time.perf_counter()
            n = workspace.score()
            taken = time.perf_counter() - started
        return {"seconds": taken, "append_seconds": appended - started, "customers": n}


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


def pages(folder: Path) -> dict[str, Any]:
    """What a browser fetches for the curve page: bytes before they are packed, and requests."""
    import asyncio
    import re

    import httpx

    import cxcurve
    from cxcurve.web.app import create_app

    async def fetched(app: Any) -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench") as client:
            page = await client.get("/curve")
            found = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
            answers = [page, *[await client.get(one) for one in dict.fromkeys(found)]]
            assert all(answer.status_code == 200 for answer in answers), answers
            return [len(answer.content) for answer in answers]

    with cxcurve.open(folder) as workspace:
        with ThreadPoolExecutor(1) as pool:  # whoever calls may have a loop of its own
            sizes = pool.submit(asyncio.run, fetched(create_app(workspace))).result()
        return {"kilobytes": sum(sizes) / 1000, "requests": len(sizes)}


def start(folder: Path) -> dict[str, Any]:
    """Importing the package, and `--help`, beyond what Python itself needs to start."""

    def run(*arguments: str) -> float:
        return _median(lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True))

    return {
        "seconds": run("-c", "import cxcurve") - run("-c", "pass"),
        "help_seconds": run("-m", "cxcurve", "--help"),
    }


STEPS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "floor": floor, "state": state, "score": score, "calibrate": calibrate, "backtest": backtest, "page": page,
    "pages": pages, "delta": delta, "delta next day": delta_next_day, "start": start,
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


@dataclass(frozen=True)
class Cost:
    """What something costs and the most it may."""

    name: str
    said: str
    value: float
    most: float
    unit: str

    def __str__(self) -> str:
        verdict = "within" if self.value <= self.most else "OVER"
        return f"{self.name:16} {self.said:>12}   {self.value:8.1f} {self.unit}, {verdict} {self.most:g}"


def costs(results: Mapping[str, Mapping[str, Any]]) -> list[Cost]:
    """Every budget with what was measured."""
    base = results["floor"]["seconds"]
    found = []
    for name, most in FLOORS.items():
        seconds = results[name]["seconds"]
        found.append(Cost(name, f"{seconds:.3f} s", seconds / base, most, "floors"))
    starting, sent = results["start"], results["pages"]
    return [
        *found,
        Cost("customer", "", results["page"]["seconds"] * 1000, PAGE_MS, "ms, one customer's data"),
        Cost("curve page", "", sent["kilobytes"], PAGES_KB, "KB, unpacked"),
        Cost("curve page", "", sent["requests"], REQUESTS, "requests"),
        Cost("import", "", starting["seconds"] * 1000, IMPORT_MS, "ms, import cxcurve"),
        Cost("help", "", starting["help_seconds"] * 1000, HELP_MS, "ms, cxcurve --help"),
        Cost("memory", "", results["score"]["peak_mb"], SCORE_MB, "MB, full score"),
        *(Cost(name, "", results[name]["seconds"], most, "s") for name, most in SECONDS_AT_MOST.items()),
        *(Cost(name, "", results[name]["peak_mb"], LEARN_MB, "MB") for name in SECONDS_AT_MOST),
    ]


def main() -> int:
    """Generate, measure, print; 1 where a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep the workspace here and use it again")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(_step(asked)))
        return 0
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="cxcurve-bench-")) / "workspace"
    results: dict[str, Any] = {}
    if not (folder / "floor.parquet").exists():
        size = ("--events", str(asked.events), "--customers", str(asked.customers))
        results["generate"] = _apart(folder, "generate", *size)
    results |= {step: _apart(folder, step) for step in STEPS}
    if asked.folder is None:
        shutil.rmtree(folder.parent)
    found = costs(results)
    over = [cost for cost in found if cost.value > cost.most]
    if asked.json:
        print(json.dumps({**results, "over": [f"{cost.name}: {cost.unit}" for cost in over]}, indent=1))
    else:
        print(f"{'floor':16} {results['floor']['seconds']:10.3f} s   one GROUP BY over the events")
        print("\n".join(map(str, found)))
    if over:
        print(f"Over budget: {', '.join(cost.name for cost in over)}", file=sys.stderr)
    return 1 if over else 0


def _step(asked: argparse.Namespace) -> dict[str, Any]:
    made = generate(asked.folder, asked.events, asked.customers) if asked.step == "generate" else None
    found = STEPS[asked.step](asked.folder) if made is None else made
    return {**found, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    sys.exit(main())
