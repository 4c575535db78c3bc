"""Every number to its events: explained, exported, and made again three ways."""

from __future__ import annotations

import json
import math
import random
import re
import runpy
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import cxcurve
from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.metrics.registry import METRICS
from cxcurve.sources.simulated import simulate, write
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.explain import Explanation, Found, Key, explanation_of, numbers
from cxcurve.workspace.explain.customers import INDEXES
from cxcurve.workspace.explain.drift import DEFINITIONS
from cxcurve.workspace.explain.keys import KINDS

REPO = Path(__file__).parents[2]
SCRIPT, DOCS = REPO / "tests" / "recompute.py", REPO / "docs"
recompute = runpy.run_path(str(SCRIPT))["recompute"]
Made = Callable[..., Path]

JOURNEY = """
journey: desk
stages: [{name: one, expected: 30d}, two]
exits: [gone]
time_to_value: {from: seen, to: value, target: 7d}
segments: [plan]
signals:
  seen: {stage: one, momentum: 0.5, half_life: 10d}
  bought: {stage: two, momentum: 0.5}
  value: {momentum: 0.5}
  ticket: {friction: 0.5, contact: true, half_life: 10d}
  nps_answered: {valence: "value: 0..6=-1, 7..8=0, 9..10=1", valence_friction: 0.9, keep: latest}
  gone: {}
"""
ROWS = [
    "1,2026-03-01T00:00:00Z,ann,,seen,",
    "2,2026-03-06T00:00:00Z,ann,,ticket,",
    "3,2026-03-10T00:00:00Z,ann,p,nps_answered,2",
    "4,2026-03-11T00:00:00Z,ann,p,nps_answered,10",
    "5,2026-03-01T00:00:00Z,bob,,seen,",
    "6,2026-03-12T00:00:00Z,bob,q,nps_answered,6",
    "7,2026-03-12T00:00:00Z,bob,q,nps_answered,99",
    "8,2026-03-15T12:00:00Z,bob,,value,",
]


@pytest.fixture(scope="module", name="company")
def _company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """300 customers over 60 weeks."""
    folder = tmp_path_factory.mktemp("explain") / "acme"
    init(folder, "b2b-saas").close()
    write(simulate(customers=300, weeks=60, seed=11), folder)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score(full=True)
        workspace.backtest()
        said = {"what": "A call", "started_on": "2026-03-02", "held_out": "40", "promised": "3"}
        for metric in ("friction_index", "exits", "contacts"):
            workspace.write_action({**said, "metric": metric}, "ada", int(1.7e15))
        yield workspace


def drawn(workspace: Workspace, rng: random.Random, count: int, **whom: object) -> Iterator[Explanation]:
    """Explanations of numbers that have a value, of each kind as many; with all their events."""
    with workspace.snapshot(**whom) as known:  # type: ignore[arg-type]
        found = Found(workspace, known)
        ids = sorted(row["customer_id"] for row in workspace.customers(**whom) if row["level"] is not None)
        by_kind: dict[str, list[str]] = {}
        for key in numbers(found, rng.sample(ids, 12)):
            by_kind.setdefault(key.partition("/")[0], []).append(key)
        for keys in by_kind.values():
            rng.shuffle(keys)
        while count and any(by_kind.values()):
            for keys in filter(None, list(by_kind.values())):
                made = explanation_of(found, Key.read(keys.pop(), workspace.journey), None)
                if made.value is not None and count:
                    count -= 1
                    yield made


def check(made: Explanation, folder: Path) -> None:
    """As shown, by its query, and by the script from the files alone."""
    assert made.value is not None
    assert made.recomputed is not None, made.key
    made.export(folder)
    for again in (made.recomputed, recompute(folder)):
        assert math.isclose(again, made.value, rel_tol=1e-9, abs_tol=1e-9), (made.key, made.value, again)
    assert made.n_events == made.events.num_rows
    assert set(made.events["customer_id"].to_pylist()) <= set(made.grounds.customers)


def test_200_random_numbers_are_made_again_from_their_files(company: Workspace, tmp_path: Path) -> None:
    rng = random.Random(7)
    kinds: Counter[str] = Counter()
    populations = (110, {}), (60, {"segment": {"plan": "Pro"}}), (30, {"as_of": "2025-01-05"})
    plans = {row["plan"] for row in company.customers()}
    first = sorted(plan for plan in plans if plan)[0]
    for count, whom in populations:
        asked = {"segment": {"plan": first}} if "segment" in whom else whom
        for made in drawn(company, rng, count, **asked):
            check(made, tmp_path / "out")
            kinds[made.key.partition("/")[0]] += 1
    assert sum(kinds.values()) == 200
    assert set(kinds) == set(KINDS)


def test_a_key_gives_the_same_number_again(company: Workspace) -> None:
    for made in drawn(company, random.Random(3), 10):
        again = company.explain(made.key)
        assert (again.key, again.n_events) == (made.key, made.n_events)
        assert again.value == pytest.approx(made.value, rel=1e-12)


def test_what_is_explained_is_what_pages_show(company: Workspace) -> None:
    rows = {row["metric"]: row for row in company.scorecard().to_json()["rows"]}
    for name in ("friction_index", "churn", "drift_impact"):
        made = company.explain(f"scorecard/{name}").to_json()
        assert {end: made[end] for end in ("low", "high")} == {end: rows[name][end] for end in ("low", "high")}
        assert made["value"] == rows[name]["current"]


def test_points_of_a_customer_add_up_to_its_index_as_shown(company: Workspace) -> None:
    worst = max((row for row in company.customers() if row["level"] is not None), key=lambda row: row["friction_index"])
    found = company.customer(worst["customer_id"])
    keys = [f"customer/{worst['customer_id']}/friction/{one.signal}" for one in found.friction]
    total = sum(company.explain(key).recomputed or 0.0 for key in keys)
    assert len(keys) > 1
    assert total == pytest.approx(round(worst["friction_index"], 1))


def test_an_index_by_hand(made: Made) -> None:
    """As of 16 March: the ticket is 10 days old, one half-life: n = 1/2, x = log2(1.5), F = x / 2; fewer than 50
    customer-weeks, so that the reference is 0. The answer of 10 has replaced the one of 2."""
    with cxcurve.open(made(JOURNEY, ROWS)) as workspace:
        explained = workspace.explain("customer/ann/friction_index")
    by_hand = 100 * (1 - 2 ** -(0.5 * math.log2(1.5)))
    assert explained.value == pytest.approx(by_hand, abs=1e-6)
    assert explained.recomputed == pytest.approx(explained.value, abs=1e-9)
    assert explained.key == "customer/ann/friction_index?as_of=2026-03-15"
    assert [row["event_id"] for row in explained.events.to_pylist()] == [
        "4",
        "3",
        "2",
    ]


def test_answers_by_hand(made: Made, tmp_path: Path) -> None:
    """Ann's newest is a 10, bob's a 6, for 99 is on no scale: one for, one against."""
    with cxcurve.open(made(JOURNEY, ROWS)) as workspace:
        explained = workspace.explain("scorecard/nps", most_events=2)
    assert (explained.value, explained.recomputed) == (0.0, 0.0)
    assert explained.grounds.customers == ["ann", "bob"]
    assert (explained.n_events, explained.events.num_rows) == (4, 2)
    paths = explained.export(tmp_path / "why")
    assert sorted(path.name for path in paths) == ["events.parquet", "explanation.json", "inputs.parquet"]
    document = json.loads((tmp_path / "why" / "explanation.json").read_text("utf-8"))
    assert document["tables"]["inputs"]["rows"] == pq.read_table(tmp_path / "why" / "inputs.parquet").num_rows == 4


def test_the_script_stands_alone(made: Made, tmp_path: Path) -> None:
    with cxcurve.open(made(JOURNEY, ROWS)) as workspace:
        workspace.explain("customer/ann/level").export(tmp_path)
        level = workspace.explain("customer/ann/level").value
    assert level is not None
    done = subprocess.run([sys.executable, "-I", SCRIPT, tmp_path], capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(level, rel=1e-9)
    assert not re.search(r"^\s*(from|import) cxcurve", SCRIPT.read_text("utf-8"), re.MULTILINE)


def test_a_change_of_an_input_changes_what_the_script_gives(made: Made, tmp_path: Path) -> None:
    """Else it would read the answer instead of making it."""
    with cxcurve.open(made(JOURNEY, ROWS)) as workspace:
        workspace.explain("customer/ann/friction_index").export(tmp_path)
    rows, before = pq.read_table(tmp_path / "inputs.parquet"), recompute(tmp_path)
    without = rows.filter(pc.field("signal") != "ticket")
    assert 0 < without.num_rows < rows.num_rows
    pq.write_table(without, tmp_path / "inputs.parquet")
    assert recompute(tmp_path) != pytest.approx(before, abs=1e-3)


def test_who_is_outside_has_a_reason_and_no_number(made: Made) -> None:
    rows = [*ROWS, "9,2026-03-14T00:00:00Z,ann,,gone,"]
    with cxcurve.open(made(JOURNEY, rows)) as workspace:
        explained = workspace.explain("customer/ann/level").to_json()
    assert (explained["value"], explained["recomputed"], explained["reason"]) == (None, None, "outside")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("scorecrd/nps", 'number "scorecrd/nps" is not known; there are scorecard/METRIC,'),
        ("scorecrd/nps", 'Did you mean "scorecard"?'),
        ("customer/ann", "Did you mean customer/ID/INDEX or customer/ID/friction/SIGNAL"),
        ("scorecard/npss", 'metric of this scorecard "npss" is not known. Did you mean "nps"?'),
        ("drift/won/stall_share", 'stage with a drift zone "won" is not known. Did you mean "one"?'),
        ("drift/one/stall", 'fact of a drift zone "stall" is not known.'),
        ("curve/weeks/1/level", 'axis of the curve "weeks" is not known. Did you mean "week"?'),
        ("backtest/drag/auc_within_stage", 'index of the backtest "drag" is not known.'),
        ("backtest/momentum/precision", 'number of the backtest "precision" is not known.'),
        ("moved/2026-03-03/2026-03-16/signal/tickets", 'signal of the change "tickets" is not known.'),
        ("moved/2026-03-03/2026-03-16/mixed", 'part of the change "mixed" is not known. Did you mean "mix"?'),
        ("moved/march/2026-03-15/mix", '"march" is no date'),
        ("ttv/reached/8", 'day "8" is not told; there are 7, 10, 14'),
        ("customer/anne/level", 'customer "anne" is not known. Did you mean "ann"?'),
        ("customer/ann/friction/tickets", 'signal behind this customer\'s friction "tickets" is not known.'),
        ("customer/ann/level?plan=x", "a customer's own number takes as_of alone, no segment and no cohort"),
        ("scorecard/nps?plann=x", 'parameter of a key "plann" is not known. Did you mean "plan"?'),
    ],
)
def test_an_unknown_key_says_what_there_is(made: Made, key: str, said: str) -> None:
    with (
        cxcurve.open(made(JOURNEY, ROWS)) as workspace,
        pytest.raises((BadValueError, UnknownNameError), match=re.escape(said)),
    ):
        workspace.explain(key)


def test_a_key_reads_what_it_writes(made: Made) -> None:
    with cxcurve.open(made(JOURNEY, ROWS)) as workspace:
        for text in ("customer/a%2Fb%3F/level?as_of=2026-03-10", "scorecard/nps?plan=Pro+%26+more&cohort=entered+one"):
            assert str(Key.read(text, workspace.journey)) == text


def _form(key: str) -> tuple[str, ...]:
    """One of each kind and fact, whosever it is; every metric of the scorecard."""
    kind, *parts = key.split("/")
    return kind, parts[-1], *(parts[:-1] if kind in {"drift", "advocacy", "backtest"} else ())


def test_every_definition_stands_where_its_explanation_says(company: Workspace) -> None:
    text = {
        name: (DOCS / name).read_text("utf-8")
        for name in ("explain.md", "metrics.md", "advocacy.md", "revenue.md", "friction.md", "actions.md")
    }
    anchors = {
        f"docs/{name}#{re.sub(r'[^a-z0-9 -]', '', line.lower()).strip().replace(' ', '-')}"
        for name, page in text.items()
        for line in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    }
    with company.snapshot() as known:
        found = Found(company, known)
        some = list(numbers(found, []))
        keys = list({_form(key): key for key in some}.values())
        made = [explanation_of(found, Key.read(key, company.journey), 1) for key in keys]
    assert {one.grounds.place for one in made} <= anchors
    assert {one.grounds.method for one in made} <= set(
        re.findall(r"`(\w+)`", text["explain.md"].partition("## Methods")[2])
    )
    for name in (*DEFINITIONS, *INDEXES):
        assert f"`{name}`" in text["explain.md"]
    assert {key.split("/")[1] for key in keys if key.startswith("scorecard")} <= {metric.name for metric in METRICS}


def test_a_deal_a_step_a_month_and_a_friction_as_pages_show_them(company: Workspace, tmp_path: Path) -> None:
    """Every fact of one of each, and as shown."""
    deal = next(row for row in company.deals().rows if row["chance"] is not None)
    step = company.flow().steps[0]
    month = next(row for row in reversed(company.revenue().rows()) if row["n_churn"] and row["nrr"])
    rows = company.inventory().rows()
    friction = max((row for row in rows if row["loyalty_odds"] is not None), key=lambda row: row["n_events"])
    flow, where = "flows/stages/365/28", "/".join(friction[name] for name in ("signal", "touchpoint", "stage"))
    shown = {
        **{f"deals/{deal['customer_id']}/{name}": deal[name] for name in ("chance", "n_there", "n_moved_on", "n_left")},
        **{f"{flow}/{step.name}/{name}": getattr(step, name) for name in ("n", "n_next", "n_left", "n_waiting")},
        **{f"{flow}/{step.name}/{name}": getattr(step, name).value for name in ("goes_on", "leaves")},
        **{f"{flow}/{step.name}/{name}_days": getattr(step, name).value for name in ("quick", "median", "slow")},
        f"{flow}/{step.name}/stops": step.stops,
        **{f"revenue/month/{month['month']}/{name}": month[name] / 100
           for name in ("opening", "new", "expansion", "contraction", "churn", "closing")},
        **{f"revenue/month/{month['month']}/{name}": month[name] for name in ("nrr", "grr", "n_new", "n_churn")},
        **{f"friction/{where}/{name}": friction[name]
           for name in ("revenue_at_risk", "n_customers", "n_events", "loyalty_odds", "expansion_foregone")},
    }  # fmt: skip
    assert friction["expansion_foregone"] is not None
    for key, value in shown.items():
        made = company.explain(key, most_events=None)
        if value is None:
            assert made.value is None
            continue
        assert made.value == pytest.approx(value), key
        check(made, tmp_path / "out")
    events = company.explain(f"revenue/month/{month['month']}/churn", most_events=None)
    assert set(events.grounds.customers) <= {row["customer_id"] for row in events.events.to_pylist()}


def test_what_is_kept_stands_on_the_scorecard_where_the_journey_says_what_moves_revenue(
    company: Workspace, made: Made
) -> None:
    rows = {row.metric.name: row for row in company.scorecard().rows}
    year = company.revenue().year
    assert year is not None
    assert (rows["nrr"].current, rows["grr"].current) == (year.kept.nrr, year.kept.grr)
    assert (rows["nrr"].target, rows["nrr"].is_real_change in {True, False}) == (1.10, True)
    assert company.explain("scorecard/nrr").recomputed == pytest.approx(rows["nrr"].current.value)
    with cxcurve.open(made(JOURNEY, ROWS)) as workspace:
        assert not {"nrr", "grr"} & {row.metric.name for row in workspace.scorecard().rows}
