"""cxcurve actions: what a page says of an action, the command line says too."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from calling import Run


@pytest.fixture(scope="module", name="own")
def _own(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo, tmp_path_factory.mktemp("own") / "company"))


def test_an_action_is_added_listed_and_closed(run: Run, own: Path) -> None:
    said = ("--metric", "friction_index", "--promised", 4, "--at", "2026-04-06", "--json")
    made = run("-w", own, "actions", "add", "A visit", *said).json
    assert (made["promised"], made["days"], made["n_held_out"], made["written_by"]) == (-4.0, 28, 0, "command line")
    listed = run("-w", own, "actions", "--json").json["actions"]
    one = next(one for one in listed if one["action_id"] == made["action_id"])
    assert (one["read_on"], one["label"]) == ("2026-05-04", "Journey Friction Index")
    assert "A visit" in run("-w", own, "actions").out
    rows = list(csv.DictReader(io.StringIO(run("-w", own, "actions", "whom", made["action_id"]).out)))
    assert {row["group"] for row in rows} == {"reach"}
    assert len(rows) == made["n_treated"]
    assert run("-w", own, "actions", "close", made["action_id"], "--why", "done").out == "A visit: ended.\n"
    again = run("-w", own, "actions", "close", made["action_id"], "--why", "done")
    assert (again.code, "was ended already" in again.err) == (2, True)
    log = run("-w", own, "audit", "show", "--json")
    assert made["action_id"] in log.out


def test_a_list_with_unknown_ids_names_them_all(run: Run, own: Path, tmp_path: Path) -> None:
    ids = tmp_path / "ids.csv"
    ids.write_text("customer_id\nc-00001\nnobody\nc-xx\n", encoding="utf-8")
    said = ("-w", own, "actions", "add", "x", "--metric", "exits", "--promised", 1, "--customers", ids)
    refused = run(*said)
    assert refused.code == 1
    assert '"nobody" is no customer' in refused.err
    assert '"c-xx" is no customer' in refused.err


def test_the_demo_has_actions_of_which_one_did_something(run: Run, demo: Path) -> None:
    listed = run("-w", demo, "actions", "--json").json["actions"]
    assert {one["metric"] for one in listed} >= {"contacts", "moves_on"}
    contacts = next(one for one in listed if one["metric"] == "contacts")
    assert (contacts["held_out_share"], contacts["written_by"]) == (0.4, "demo")
    assert contacts["n_treated"] > contacts["n_held_out"] > 0
