"""Bad input gets a clear message and nothing is lost: wording, exit code, and both sides of the account."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from calling import JOURNEY, SOURCES, Made, Run, adds_up

HEAD = "id,at,who,what\n"
GOOD = "1,2026-01-05T10:00:00Z,a,signed_up\n2,2026-01-06T10:00:00Z,a,used\n"


def account(run: Run, folder: Any, source: str = "log") -> tuple[dict[str, dict[str, int]], list[dict[str, Any]]]:
    """The report of a load and the quarantine, held against each other and against the log."""
    result = run("-w", folder, "load", "--json")
    assert (result.code, result.err) == (0, "")
    report, refused = result.json[source], run("-w", folder, "show", "quarantine", "--json").json["quarantine"]
    assert adds_up(report)
    kinds = [row["kind"] for row in refused]
    assert kinds.count("row") == report["rows"]["quarantined"]
    assert kinds.count("event") == report["events"]["quarantined"]
    signals = run("-w", folder, "score"), run("-w", folder, "show", "signals", "--json")
    if report["events"]["loaded"]:
        assert sum(row["n_events"] for row in signals[1].json["signals"]) == report["events"]["loaded"]
    return report, refused


# --- the YAML


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"sources": SOURCES.replace("log.csv", "lgo.csv")},
            'sources.yaml:2: source "log": there is no file "lgo.csv" in tiny. Did you mean "log.csv"?',
        ),
        (
            {"sources": SOURCES.replace("log.csv", "data/*.csv")},
            'sources.yaml:2: source "log": no file matches "data/*.csv" in tiny',
        ),
        (
            {"sources": SOURCES.replace("who", "whom")},
            'log.csv:1: has no column "whom", which source "log" needs for account. Did you mean "who"?',
        ),
        (
            {"sources": SOURCES.replace("name: what", "event: sined_up")},
            'sources.yaml:6: source "log" makes event "sined_up", which the tracking plan does not name. '
            'Did you mean "signed_up"?',
        ),
        (
            {"journey": JOURNEY.replace("{stage: use,", "{stage: usage,")},
            'journey.yaml:8: signal "used" leads to stage "usage", which is none of the stages. Did you mean "use"?',
        ),
        ({"journey": JOURNEY.replace("expected: 7d", "expected: 7")}, "journey.yaml:3:"),
    ],
    ids=["file", "glob", "column", "event", "stage", "duration"],
)
def test_slips_in_the_yaml(run: Run, made: Made, files: dict[str, str], said: str) -> None:
    folder = made(HEAD + GOOD, **files)
    for command in ("check", "load"):
        result = run("-w", folder, command)
        assert result.code == 1, command
        assert said in result.err, command
    assert "Traceback" not in result.err


def test_a_bare_number_is_no_duration(run: Run, made: Made) -> None:
    folder = made(HEAD + GOOD, journey=JOURNEY.replace("expected: 7d", "expected: 7"))
    line = run("-w", folder, "check").err.splitlines()[0]
    assert line.startswith("journey.yaml:3:")
    assert '"7d"' in line


def test_all_sources_are_told_at_once_and_nothing_is_loaded(run: Run, made: Made) -> None:
    sources = SOURCES + SOURCES.replace("log:", "more:").replace("log.csv", "more.csv").replace("who", "whom")
    folder = made(HEAD + GOOD, sources=sources.replace("log.csv", "gone.csv", 1), **{"more.csv": HEAD + GOOD})
    result = run("-w", folder, "load")
    assert result.code == 1
    assert [line.split(":")[0] for line in result.err.splitlines()] == ["more.csv", "sources.yaml"]
    assert run("-w", folder, "check").err == result.err
    assert not (folder / ".cxcurve").exists()


# --- files


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file(run: Run, made: Made, content: bytes) -> None:
    result = run("-w", made(content), "load")
    assert result.code == 1
    assert result.err == "log.csv:1: is empty; expected a header line with the names of the columns\n"


def test_a_header_without_rows_is_no_problem(run: Run, made: Made) -> None:
    folder = made(HEAD)
    assert run("-w", folder, "load", "--json").json["log"]["rows"]["read"] == 0
    assert run("-w", folder, "score").err == f"{folder}: has no events yet. Run `cxcurve load` first.\n"


def test_unreadable_bytes_and_ragged_rows_cost_their_rows_only(run: Run, made: Made) -> None:
    bad = b"3,2026-01-07T10:00:00Z,\xff\xfe,used\n4,2026-01-07T10:00:00Z,b\n5,2026-01-07T10:00:00Z,b,used,more\n"
    report, refused = account(run, made(HEAD.encode() + GOOD.encode() + bad))
    assert report["rows"] == {"read": 5, "used": 2, "no_event": 0, "quarantined": 3}
    assert [(row["line"], row["reason"]) for row in refused] == [
        (4, "has bytes that the encoding cannot read; give the file's `encoding`"),
        (5, "has 3 fields, the header has 4"),
        (6, "has 5 fields, the header has 4"),
    ]


def test_a_truncated_zip(run: Run, made: Made) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.csv", HEAD + GOOD)
    folder = made(sources=SOURCES.replace("log.csv", "log.zip"), **{"log.zip": packed.getvalue()[:-30]})
    result = run("-w", folder, "load")
    assert result.code == 1
    assert result.err.startswith("log.zip: cannot be read: the zip is damaged or cut off")
    assert result.err.endswith("nothing of it was read; send the whole file again\n")


# --- times


def test_dates_wrong_in_the_future_and_before_1990(run: Run, made: Made) -> None:
    future = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = f"3,05/01/2026,a,used\n4,{future},a,used\n5,1989-12-31T23:59:59Z,a,used\n6,,a,used\n"
    report, refused = account(run, made(HEAD + GOOD + rows))
    assert report["events"]["loaded"] == 2
    assert report["rows"]["read"] == 6
    assert [row["line"] for row in refused] == [4, 5, 6, 7]
    said = [row["reason"] for row in refused]
    assert '"05/01/2026"' in said[0]
    assert said[1].endswith("more than 24 h after it was received")
    assert "1990" in said[2]
    assert "empty" in said[3]


def test_time_going_backwards_is_no_matter(run: Run, made: Made) -> None:
    rows = [f"{n},2026-01-{n:02d}T10:00:00Z,a,{'signed_up' if n == 1 else 'used'}\n" for n in range(1, 20)]
    told = []
    for ordered in (rows, rows[::-1]):
        folder = made(HEAD + "".join(ordered))
        report, _ = account(run, folder)
        assert report["events"]["loaded"] == 19
        told.append(run("-w", folder, "show", "customer", "a", "--json").json)
        for file in (folder / ".cxcurve").iterdir():
            file.unlink()
    assert told[0] == told[1]


# --- ids

ODD = ["a b", 'say "hi"', "o'hara; DROP TABLE event_log", "🦊", "x" * 10_000, "[bold]c[/bold]", "=1+1", "ünï\u202ecode"]


def test_odd_ids_are_kept_as_sent(run: Run, made: Made) -> None:
    rows = "".join(
        f'{n},2026-01-05T10:00:00Z,"{name.replace(chr(34), chr(34) * 2)}",signed_up\n' for n, name in enumerate(ODD)
    )
    folder = made(HEAD + rows)
    report, _ = account(run, folder)
    assert report["events"]["loaded"] == len(ODD)
    rows_told = run("-w", folder, "show", "customers", "--json").json["customers"]
    assert {row["customer_id"] for row in rows_told} == set(ODD)
    for name in ODD:
        assert run("-w", folder, "show", "customer", name, "--json").json["customer"]["customer_id"] == name
    shown = run("-w", folder, "show", "customers").out
    assert "[bold]c[/bold]" in shown
    assert "\u202e" not in shown
    assert max(map(len, shown.splitlines())) < 400


def test_an_id_of_ten_kilobytes_does_not_flood_the_message(run: Run, made: Made) -> None:
    folder = made(HEAD + GOOD)
    run("-w", folder, "load")
    run("-w", folder, "score")
    result = run("-w", folder, "show", "customer", "y" * 10_000)
    assert result.code == 2
    assert len(result.err) < 200


# --- the same event twice


def test_duplicates_and_conflicts(run: Run, made: Made) -> None:
    twice = "1,2026-01-05T10:00:00Z,a,signed_up\n1,2026-01-09T10:00:00Z,a,signed_up\n"
    folder = made(HEAD + GOOD + twice)
    report, refused = account(run, folder)
    assert report["events"] == {"made": 4, "loaded": 2, "duplicate": 1, "conflict": 1, "quarantined": 0}
    assert [row["kind"] for row in refused] == ["conflict"]
    assert refused[0]["reason"].startswith('event "1" is in the log already with another body')
    again = run("-w", folder, "load", "--json").json["log"]
    assert again["events"] == {"made": 4, "loaded": 0, "duplicate": 3, "conflict": 1, "quarantined": 0}
    assert len(run("-w", folder, "show", "quarantine", "--json").json["quarantine"]) == 1


def test_twins_without_an_id_both_count_and_do_not_double(run: Run, made: Made) -> None:
    row = "x,2026-01-05T10:00:00Z,a,used\n"
    folder = made(HEAD + row * 3, sources=SOURCES.replace("  id: id\n", ""))
    report, _ = account(run, folder)
    assert report["events"]["loaded"] == 3
    assert run("-w", folder, "load", "--json").json["log"]["events"]["duplicate"] == 3


# --- customers of every size


def test_a_customer_with_one_event_and_one_with_a_hundred_thousand(run: Run, made: Made) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    many = "".join(
        f"m{n},{(start + timedelta(minutes=5 * n)).isoformat()},many,{'signed_up' if n == 0 else 'used'}\n"
        for n in range(100_000)
    )
    folder = made(f"{HEAD}{many}o1,2025-03-01T10:00:00Z,one,signed_up\n")
    report, _ = account(run, folder)
    assert report["events"]["loaded"] == 100_001
    rows = {row["customer_id"]: row for row in run("-w", folder, "show", "customers", "--json").json["customers"]}
    assert rows["many"]["stage"] == "use"
    assert rows["one"]["stage"] == "start"
    found = run("-w", folder, "show", "customer", "many", "--json").json
    assert 0 <= found["momentum_index"] <= 100
    assert sum(one["points"] for one in found["momentum"]) == pytest.approx(found["momentum_index"], abs=0.06)
    json.dumps(found, allow_nan=False)


def test_quarantine_is_emptied_when_the_cause_is_mended(run: Run, made: Made) -> None:
    folder = made(HEAD + GOOD + "3,2026-01-07T10:00:00Z,a,usde\n")
    _, refused = account(run, folder)
    assert [row["reason"] for row in refused] == ['event "usde" is not in the tracking plan. Did you mean "used"?']
    (folder / "log.csv").write_text(HEAD + GOOD + "3,2026-01-07T10:00:00Z,a,used\n")
    report = run("-w", folder, "load", "--json").json["log"]
    assert (report["events"]["loaded"], report["events"]["duplicate"]) == (1, 2)
    assert run("-w", folder, "show", "quarantine", "--json").json["quarantine"] == []
