"""`cxcurve backtest --lost`: a list from a file or from stdin, read whole or not at all; and the autopsy in `show`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from calling import Made, Run

LOG = "\n".join(
    [
        "id,at,who,what",
        *(f"{who}{day},2026-01-{day:02}T10:00:00Z,{who},signed_up" for who in ("acme", "beta") for day in range(1, 21)),
        *(f"t{i},2026-01-10T1{i}:00:00Z,acme,ticket_opened" for i in range(8)),
        "gone,2026-01-21T10:00:00Z,acme,left",
        "last,2026-01-28T10:00:00Z,beta,used",
    ]
)


@pytest.fixture(name="scored")
def _scored(made: Made, run: Run) -> Path:
    folder = made(LOG)
    for command in ("load", "score"):
        assert run(command, "-w", folder).code == 0
    return folder


def test_a_list_from_a_file_as_json_and_as_a_table(run: Run, scored: Path, tmp_path: Path) -> None:
    listed = tmp_path / "lost.csv"
    listed.write_text("customer;date;reason\nacme;2026-01-22;price\nacm;2026-01-22;x\n", encoding="utf-8-sig")
    answer = run("backtest", "--lost", listed, "-w", scored, "--json")
    assert answer.code == 0, answer.err
    (one,) = answer.json["customers"]
    assert (one["customer_id"], one["reason"], one["untested"], one["log_says"]) == (
        "acme", "price", "no_history", "agrees",
    )  # fmt: skip
    assert answer.json["unknown"] == [{"line": 3, "customer_id": "acm", "hint": 'Did you mean "acme"?'}]
    table = run("backtest", "--lost", listed, "-w", scored)
    assert table.code == 0
    assert 'Line 3: customer "acm" is not known. Did you mean "acme"?' in table.out
    assert "Of no customer on your list could be told" in table.out


def test_a_list_can_be_pasted(run: Run, scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"acme\t2026-01-22\tprice\n")))
    assert [one["line"] for one in run("backtest", "--lost", "-", "-w", scored, "--json").json["customers"]] == [1]


def test_all_problems_at_once_with_file_and_line(run: Run, scored: Path, tmp_path: Path) -> None:
    listed = tmp_path / "lost.csv"
    listed.write_text("customer,date\n,2026-01-22\nacme,soon\n", encoding="utf-8")
    answer = run("backtest", "--lost", listed, "-w", scored)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.splitlines() == [
        f"{listed}:2: names no customer",
        f'{listed}:3: "soon" is no date; expected ISO 8601, such as 2026-05-31',
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: No such file or directory"), (b"\xff\xfe\x00", "is no text in UTF-8")],
)
def test_a_file_that_cannot_be_read(run: Run, scored: Path, tmp_path: Path, content: bytes | None, said: str) -> None:
    listed = tmp_path / "lost.csv"
    if content is not None:
        listed.write_bytes(content)
    answer = run("backtest", "--lost", listed, "-w", scored)
    assert answer.code == 1
    assert answer.err.startswith(f"{listed}: {said}")


def test_a_list_and_a_score_of_ones_own_do_not_go_together(run: Run, scored: Path) -> None:
    answer = run("backtest", "--lost", "x.csv", "--score", "seats", "-w", scored)
    assert answer.code == 2
    assert "goes without --score" in answer.err


def test_an_exited_customer_shows_its_autopsy(run: Run, scored: Path) -> None:
    document = run("show", "customer", "acme", "-w", scored, "--json").json
    assert document["autopsy"]["exit"] == "left"
    out = run("show", "customer", "acme", "-w", scored).out
    assert "Autopsy" in out
    assert "Left on 21 Jan 2026 (left). The path: Start 20 days." in out
    assert run("show", "customer", "beta", "-w", scored, "--json").json["autopsy"] is None
    assert "Autopsy" not in run("show", "customer", "beta", "-w", scored).out
