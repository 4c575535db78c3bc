"""Scoring: touched customers alone equal everybody anew, as_of is honest, and a failure leaves the old scores."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from worlds import DAY_US, Company, same_as_full, split, tables_of, us

from cxcurve import tables
from cxcurve.pipeline import scoring
from cxcurve.workspace.workspace import Workspace

AS_OF = "2026-03-11T10:00"
Make = Callable[..., Workspace]


def test_late_events_of_a_few_customers(company: Company, new_workspace: Make) -> None:
    chosen = set(random.Random(1).sample(sorted(set(company.events["account_id"].to_pylist())), 4))
    latest = pc.max(company.events["occurred_us"]).as_py()
    late, early = split(
        company.events,
        lambda row: row["account_id"] in chosen and latest - 120 * DAY_US < row["occurred_us"] < latest - 20 * DAY_US,
    )
    assert late.num_rows > 20
    workspace = new_workspace(early)
    workspace.score()
    assert workspace.score() == 0
    workspace.store.append(late)
    same_as_full(workspace)


def test_a_new_customer_and_conflicts(company: Company, new_workspace: Make) -> None:
    newcomer = max(set(company.events["account_id"].to_pylist()))
    its, others = split(company.events, lambda row: row["account_id"] == newcomer)
    workspace = new_workspace(others)
    workspace.score()
    rows = others.slice(0, 3).to_pylist()
    contradicting = pa.Table.from_pylist([row | {"text": "otherwise"} for row in rows], schema=others.schema)
    workspace.store.append(contradicting)
    assert workspace.score() == 0, "a conflict changes no score"
    workspace.store.append(pa.concat_tables([its, contradicting]))
    same_as_full(workspace, 1)


def test_one_touched_customer_that_moves_its_segments_season(company: Company, new_workspace: Make) -> None:
    """Core use of one account, large enough to move the factor of its segment: everybody in it is scored anew."""
    rows = [row for row in company.events.to_pylist() if row["name"] == "core_feature_used"]
    model = rows[len(rows) * 2 // 3]
    more = [model | {"event_id": f"more-{n}", "occurred_us": model["occurred_us"] + n} for n in range(200)]
    workspace = new_workspace(company.events)
    everybody = range(company.customers.num_rows)
    one_segment = [
        row | {"segment": "A" if i % 5 else "B"}
        for i, row in zip(everybody, company.customers.to_pylist(), strict=True)
    ]
    workspace.store.upsert(tables.CUSTOMERS, pa.Table.from_pylist(one_segment, schema=company.customers.schema))
    workspace.score()
    before = workspace.store.rows("SELECT * FROM season_weeks")
    workspace.store.append(pa.Table.from_pylist(more, schema=company.events.schema))
    same_as_full(workspace)
    assert set(workspace.store.rows("SELECT * FROM season_weeks")) != set(before)


def test_staged_sources_replaced_key_by_key(company: Company, new_workspace: Make) -> None:
    """Derived events of a key vanish and change when its rows do; the score follows."""
    keyed = company.events.filter(pc.equal(company.events["source"], "support"))
    others = company.events.filter(pc.not_equal(company.events["source"], "support"))
    keyed = keyed.append_column("row_key", keyed["account_id"])
    keys = sorted(set(keyed["row_key"].to_pylist()))
    workspace = new_workspace(others)
    workspace.store.replace_keys("support", keys, keyed)
    workspace.score()
    few = keys[:3]
    left = keyed.filter(pc.is_in(keyed["row_key"], pa.array(few))).slice(0, 5)
    moved = left.set_column(
        left.column_names.index("occurred_us"), "occurred_us", pc.add(left["occurred_us"], 3600_000_000)
    )
    workspace.store.replace_keys("support", few, moved)
    same_as_full(workspace, len(few))


def test_a_person_who_moves_to_an_account(company: Company, new_workspace: Make) -> None:
    """The old customer is gone and the account has its past, from the first event on."""
    person = next(row for row in company.people.to_pylist() if row["customer_id"] is not None)
    alone = [
        row | {"event_id": f"alone-{row['event_id']}", "account_id": None, "person_id": person["person_id"]}
        for row in company.events.slice(0, 2000).to_pylist()[::60]
    ]
    workspace = new_workspace(company.events)
    workspace.store.execute("UPDATE person_rows SET customer_id = NULL")
    workspace.store.execute("DELETE FROM identities WHERE id_kind = 'person'")
    workspace.store.append(pa.Table.from_pylist(alone, schema=company.events.schema))
    workspace.score()
    workspace.store.upsert_people(pa.Table.from_pylist([person], schema=company.people.schema))
    same_as_full(workspace, 2)


def test_an_event_older_than_all_others(company: Company, new_workspace: Make) -> None:
    """The weeks there are grow at their beginning; nobody else's rows may move."""
    workspace = new_workspace(company.events)
    workspace.score()
    # From a source of its own: a longer gap than all others would change what is usual of one, and everybody with it.
    row = next(row for row in company.events.to_pylist() if row["source"] == "product") | {"source": "archive"}
    early = [row | {"event_id": f"early-{n}", "occurred_us": row["occurred_us"] - n * 30 * DAY_US} for n in (1, 2)]
    workspace.store.append(pa.Table.from_pylist(early, schema=company.events.schema))
    same_as_full(workspace, 1)


def answers(workspace: Workspace, as_of: str) -> dict[str, Any]:
    """All that the workspace says of a day."""
    return {
        "curve": workspace.curve(as_of=as_of).to_json(),
        "drift": workspace.drift(as_of=as_of).to_json(),
        "time to value": workspace.time_to_value(as_of=as_of).to_json(),
        "scorecard": workspace.scorecard(as_of=as_of).to_json(),
        "customers": workspace.customers(as_of=as_of),
        "signals": workspace.signals(as_of=as_of),
        "friction": workspace.friction(as_of=as_of),
    }


def test_no_event_at_or_after_as_of_changes_an_answer(company: Company, new_workspace: Make) -> None:
    at = us(AS_OF)
    early, late = split(company.events, lambda row: row["occurred_us"] < at)
    assert min(early.num_rows, late.num_rows) > 500
    workspace = new_workspace(early)
    before = answers(workspace, AS_OF)
    customer = workspace.customers(as_of=AS_OF)[0]["customer_id"]
    told = workspace.customer(customer, as_of=AS_OF).to_json()
    at_the_moment = [
        row | {"event_id": f"at-{row['event_id']}", "occurred_us": at} for row in early.slice(0, 300).to_pylist()
    ]
    # Newcomers, names never seen before, and attributes that hold from as_of on.
    strange = [
        row | {"event_id": f"x-{row['event_id']}", "account_id": "newcomer", "name": "a_new_name"}
        for row in at_the_moment
    ]
    workspace.store.append(
        pa.concat_tables([late, pa.Table.from_pylist([*at_the_moment, *strange], schema=late.schema)])
    )
    renamed = [
        row | {"valid_from_us": at, "segment": "Other", "seats": 9999.0} for row in company.customers.to_pylist()
    ]
    workspace.store.upsert(tables.CUSTOMERS, pa.Table.from_pylist(renamed, schema=company.customers.schema))
    workspace.score()
    after = answers(workspace, AS_OF)
    assert differences(before, after) == []
    assert workspace.customer(customer, as_of=AS_OF).to_json() == told
    assert workspace.customers() != before["customers"], "the present must differ, else nothing was tested"


def fingerprint(workspace: Workspace) -> str:
    """A hash of every table in the store."""
    names = [
        name
        for (name,) in workspace.store.rows("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1")
    ]
    assert {*tables.DERIVED, "event_log", "meta", "touched"} <= set(names)
    rows = [(name, sorted(workspace.store.rows(f"SELECT * FROM {name}"), key=repr)) for name in names]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_looking_at_another_day_leaves_everything_as_it_was(company: Company, new_workspace: Make) -> None:
    workspace = new_workspace(company.events.slice(0, company.events.num_rows - 50))
    workspace.score()
    workspace.store.append(company.events)  # touched customers wait for their score
    before = fingerprint(workspace)
    with workspace.snapshot(AS_OF) as known:
        assert workspace.store.arrow(known.customer_now).num_rows > 10
        assert fingerprint(workspace) != before
    assert fingerprint(workspace) == before
    with pytest.raises(ZeroDivisionError), workspace.snapshot("2025-12-01"):
        raise ZeroDivisionError
    assert fingerprint(workspace) == before


@pytest.mark.parametrize("step", ["sum_up", "carry_on", "write_references"])
def test_a_score_that_dies_leaves_the_old_scores(
    company: Company, new_workspace: Make, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    workspace = new_workspace(company.events.slice(0, 2000))
    workspace.score()
    workspace.store.append(company.events)
    before = fingerprint(workspace)
    whole = getattr(scoring, step)

    def dies(*arguments: Any, **options: Any) -> None:
        whole(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(scoring, step, dies)
        with pytest.raises(KeyboardInterrupt):
            workspace.score()
    assert fingerprint(workspace) == before
    assert workspace.store.touched()
    workspace.score()
    healed = tables_of(workspace)
    workspace.score(full=True)
    assert healed == tables_of(workspace)


def differences(a: Any, b: Any, path: str = "") -> list[str]:
    """Where two JSON values differ; engines add floats in any order, so their last digits do not count."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [found for key in a for found in differences(a[key], b[key], f"{path}.{key}")]
    if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        return [found for i, (x, y) in enumerate(zip(a, b, strict=True)) for found in differences(x, y, f"{path}[{i}]")]
    is_same = (
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) if isinstance(a, float) and isinstance(b, float) else a == b
    )
    return [] if is_same else [f"{path}: {a!r} became {b!r}"]
