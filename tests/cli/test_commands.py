"""init, demo, suggest, check, load, score, note and serve: what they do, say and return."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest import mock

import pytest
from calling import Made, Run, adds_up

LOG = """\
id,at,who,what
1,2026-01-05T10:00:00Z,a,signed_up
2,2026-01-06T10:00:00Z,a,used
3,2026-01-06T12:00:00Z,b,signed_up
4,2026-01-07T10:00:00Z,b,usde
"""


def test_init_makes_a_workspace_that_checks_clean(run: Run, tmp_path: Path) -> None:
    for starter in ("b2b-saas", "ecommerce", "support", "blank"):
        folder = tmp_path / starter
        result = run("init", folder, "--starter", starter)
        assert (result.code, result.err) == (0, "")
        assert f"{folder}: made from the {starter} starter." in result.out
        checked = run("check", "-w", folder)
        assert (checked.code, checked.err) == (0, "")
        assert "No problems in the files." in checked.out
    assert (folder / ".gitignore").read_text() == ".cxcurve/\n"


def test_init_refuses_what_is_there_and_unknown_starters(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path)
    again = run("init", tmp_path)
    assert again.code == 1
    assert again.err.startswith(f"{tmp_path}: cxcurve.toml, journey.yaml, sources.yaml is there already")
    unknown = run("init", tmp_path / "x", "--starter", "ecomerce")
    assert (unknown.code, unknown.err) == (2, 'starter "ecomerce" is not known. Did you mean "ecommerce"?\n')
    assert not (tmp_path / "x").exists()


def test_demo_has_the_name_of_a_company_and_is_reused(run: Run, demo: Path) -> None:
    before = {file.name: file.stat().st_mtime_ns for file in demo.iterdir() if file.is_file()}
    again = run("demo", demo, "--no-serve")
    assert again.code == 0
    assert f"{demo}: is a demo already and is used as it is." in again.err
    assert "Lumen Software  a simulated company of 60 customers" in again.out
    assert "Lowest level:" in again.out
    assert {file.name: file.stat().st_mtime_ns for file in demo.iterdir() if file.is_file()} == before
    assert 'name = "Lumen Software"' in (demo / "cxcurve.toml").read_text()


def test_demo_ends_today(run: Run, tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    demo = tmp_path / "demo"
    assert run("demo", demo, "--customers", 20, "--no-serve").code == 0
    as_of = datetime.fromisoformat(run("-w", demo, "show", "curve", "--json").json["as_of"])
    assert timedelta(0) <= datetime.now(UTC) - as_of < timedelta(days=3)


def test_demo_ends_where_it_is_told(run: Run, demo: Path) -> None:
    assert run("-w", demo, "show", "curve", "--json").json["as_of"] == "2026-06-29T00:00:00Z"


def test_demo_does_not_touch_a_folder_of_something_else(run: Run, made: Made) -> None:
    folder = made(LOG)
    result = run("demo", folder, "--no-serve")
    assert (result.code, result.err) == (1, f"{folder}: is there already and is no demo; choose another folder\n")


def test_demo_finishes_one_that_was_cut_short(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    with (
        mock.patch("cxcurve.workspace.Workspace.score", side_effect=KeyboardInterrupt),
        mock.patch("cxcurve.workspace.Workspace.load"),
    ):
        assert run("demo", folder, "--customers", 20, "--no-serve").code == 130
    done = run("demo", folder, "--no-serve")
    assert done.code == 0
    assert "a simulated company of 20 customers" in done.out


def test_demo_leaves_nothing_half_made(run: Run, tmp_path: Path) -> None:
    with mock.patch("cxcurve.sources.simulated.write", side_effect=KeyboardInterrupt):
        assert run("demo", tmp_path / "half", "--customers", 20, "--no-serve").code == 130
    assert list(tmp_path.iterdir()) == []


def test_suggest_drafts_what_check_and_load_take(run: Run, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made()
    (folder / "exports").mkdir()
    (folder / "exports" / "events.csv").write_text(
        LOG.replace("id,at,who,what", "event_id,occurred_at,account_id,event")
    )
    monkeypatch.chdir(folder / "exports")
    result = run("suggest", "events.csv")
    assert (result.code, result.err) == (0, "")
    assert "exports/events.csv" in result.out
    assert 'Did you mean "used"?' in result.out
    (folder / "sources.yaml").write_text(result.out)
    assert run("check").code == 0
    assert run("load", "--json").json["events"]["rows"]["read"] == 4


def test_suggest_drafts_plan_entries_from_what_was_refused(run: Run, made: Made) -> None:
    """What the draft says is pasted, and the same files load to the last event."""
    folder = made(f"{LOG}e9,2026-01-09,a,card_failed\ne10,2026-01-10,a,card_failed\n")
    assert run("-w", folder, "load", "--json").json["log"]["events"]["quarantined"] == 3
    result = run("-w", folder, "suggest", "--from", "quarantine")
    assert (result.code, result.err) == (0, "")
    assert "  # 2 events, 2026-01-09 to 2026-01-10.\n  card_failed: {}   # guessed: friction: 0.3\n" in result.out
    journey = (folder / "journey.yaml").read_text()
    (folder / "journey.yaml").write_text(journey.replace("signals:\n", f"signals:\n{result.out}"))
    assert run("-w", folder, "check").code == 0
    assert run("-w", folder, "load", "--json").json["log"]["events"]["quarantined"] == 0
    assert run("-w", folder, "suggest", "--from", "quarantine").out.startswith("# Nothing in quarantine")


def test_suggest_wants_exports_or_the_quarantine(run: Run, made: Made) -> None:
    for arguments in ((), ("--from", "quarantine", "log.csv")):
        result = run("-w", made(LOG), "suggest", *arguments)
        assert result.code == 2
        assert "give CSV exports, or --from quarantine" in result.err


def test_suggest_lists_all_files_that_are_not_there(run: Run, tmp_path: Path) -> None:
    result = run("suggest", tmp_path / "a.csv", tmp_path / "b.csv")
    assert result.code == 1
    assert result.err == f"{tmp_path}/a.csv: there is no such file\n{tmp_path}/b.csv: there is no such file\n"


def test_load_tells_what_became_of_rows_and_events(run: Run, made: Made) -> None:
    folder = made(LOG)
    report = run("-w", folder, "load", "--json").json
    assert report == {
        "log": {
            "rows": {"read": 4, "used": 4, "no_event": 0, "quarantined": 0},
            "events": {"made": 4, "loaded": 3, "duplicate": 0, "conflict": 0, "quarantined": 1},
        }
    }
    again = run("-w", folder, "load")
    assert again.code == 0
    assert "In quarantine: 1 row or event." in again.out
    assert "log.csv:5" in again.out
    twice = run("-w", folder, "load", "--json").json
    assert (twice["log"]["events"]["loaded"], twice["log"]["events"]["duplicate"]) == (0, 3)
    assert adds_up(twice["log"])
    assert len(run("-w", folder, "show", "quarantine", "--json").json["quarantine"]) == 1


def test_load_of_an_unknown_source(run: Run, made: Made) -> None:
    result = run("-w", made(LOG), "load", "lgo")
    assert (result.code, result.err) == (2, 'source "lgo" is not known. Did you mean "log"?\n')


def test_load_without_any_source(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path)
    result = run("-w", tmp_path, "load")
    assert result.code == 1
    assert result.err.startswith("sources.yaml: names no source yet.")


def test_score_full_partial_and_without_events(run: Run, made: Made) -> None:
    folder = made(LOG)
    assert run("-w", folder, "score").err == f"{folder}: has no events yet. Run `cxcurve load` first.\n"
    run("-w", folder, "load")
    assert run("-w", folder, "score", "--json").json == {"customers": 2}
    assert run("-w", folder, "score").out.startswith("Nothing changed since the last score")
    assert run("-w", folder, "score", "--full").out.startswith("2 customers scored.")


def test_check_tells_signals_and_what_would_add_most(run: Run, made: Made) -> None:
    folder = made(LOG)
    before = run("-w", folder, "check", "--json")
    assert before.json == {"problems": [], "signals": None, "reason": mock.ANY}
    assert before.json["reason"].startswith("No events yet")
    assert not (folder / ".cxcurve").exists()
    run("-w", folder, "load")
    found = run("-w", folder, "check", "--json").json
    assert found["signals"]["present"] == ["signed_up", "used"]
    assert found["signals"]["missing"] == ["ticket_opened", "ticket_closed", "left"]
    assert found["signals"]["add_first"][0]["signal"] == "left"
    told = run("-w", folder, "check")
    assert "2 of 5 signals of the tracking plan have data." in told.out
    assert "Missing: ticket_opened, ticket_closed, left" in told.out


def test_check_lists_all_problems_of_all_files(run: Run, made: Made) -> None:
    folder = made(LOG, settings='zone = "Moon"\n', journey="journey: x\nstages: []\nsignals: {}\n")
    result = run("-w", folder, "check")
    assert result.code == 1
    files = {line.split(":")[0] for line in result.err.splitlines()}
    assert {"cxcurve.toml", "journey.yaml"} <= files
    assert "to mend." in result.out


def test_schemas_for_editors(run: Run, tmp_path: Path) -> None:
    both = run("check", "--schema").json
    assert set(both) == {"journey", "sources", "destinations", "reports"}
    assert run("check", "--schema", "--out", tmp_path).code == 0
    for name, schema in both.items():
        assert json.loads((tmp_path / f"{name}.schema.json").read_text()) == schema


def test_a_note_is_on_the_curve(run: Run, made: Made) -> None:
    folder = made(LOG)
    for command in (["load"], ["score"], ["note", "new onboarding", "--at", "2026-01-06"]):
        assert run("-w", folder, *command).code == 0
    notes = [one for one in run("-w", folder, "show", "curve", "--json").json["annotations"] if one["kind"] == "note"]
    assert notes == [{"kind": "note", "at": "2026-01-06T00:00:00Z", "text": "new onboarding"}]
    bad = run("-w", folder, "note", "x", "--at", "soon")
    assert (bad.code, bad.err.startswith('"soon" is no date')) == (2, True)


@pytest.mark.parametrize(
    ("options", "where"), [([], ("127.0.0.1", 8765)), (["--host", "0.0.0.0", "--port", "99"], ("0.0.0.0", 99))]
)
def test_serve_calls_the_pages(run: Run, made: Made, options: list[str], where: tuple[str, int]) -> None:
    calls: list[tuple[str, str, int]] = []
    web = SimpleNamespace(serve=lambda workspace, host, port: calls.append((workspace.name, host, port)))
    with mock.patch.dict(sys.modules, {"cxcurve.web.app": web}):  # type: ignore[dict-item]
        result = run("-w", made(LOG), "serve", *options)
    assert result.code == 0
    assert calls == [("Tiny", *where)]


def test_which_workspace(run: Run, made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = made(LOG)
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert run("load", "--json").json["log"]["rows"]["read"] == 4
    assert run("-w", folder, "check").code == run("check", "-w", folder).code == 0
    # A folder that is named is not searched upwards: a slip of the pen must not end in another workspace.
    slip = run("-w", below, "check")
    assert slip.code == 1
    assert slip.err.startswith(f"{below}: is no workspace, it has no cxcurve.toml.")
    monkeypatch.chdir(tmp_path)
    assert "no cxcurve.toml here or in a folder above" in run("load").err


def test_bad_settings_stop_every_command(run: Run, made: Made) -> None:
    folder = made(LOG)
    assert run("-w", folder, "load").code == 0
    (folder / "cxcurve.toml").write_text('zone = "Europe/Berln"\n')
    for command in (["load"], ["score"], ["note", "x"]):
        result = run("-w", folder, *command)
        assert result.code == 1
        assert result.err == 'cxcurve.toml:1: zone: "Europe/Berln" is no time zone. Did you mean "Europe/Berlin"?\n'


def test_consent_is_shown_given_and_withdrawn(run: Run, made: Made) -> None:
    folder = made(LOG)
    run("-w", folder, "load")
    run("-w", folder, "score")
    shown = run("-w", folder, "consent", "a")
    assert shown.out.splitlines()[0] == "analytics: allowed (nothing was said)"
    said = run("-w", folder, "consent", "a", "--withdraw", "analytics", "--give", "outreach").out
    assert "analytics: not allowed (withdrawn 20" in said
    assert "outreach: allowed (given 20" in said
    found = {one["purpose"]: one for one in run("-w", folder, "consent", "a", "--json").json}
    assert {name: one["allowed"] for name, one in found.items()} == {
        "analytics": False, "personalisation": True, "outreach": True
    }  # fmt: skip
    assert found["analytics"]["said"][0]["given"] is False
    customers = run("-w", folder, "show", "customers", "--json").json["customers"]
    assert [one["customer_id"] for one in customers] == ["b"]
    wrong = run("-w", folder, "consent", "a", "--withdraw", "analytcs")
    assert (wrong.code, wrong.err) == (2, 'purpose "analytcs" is not known. Did you mean "analytics"?\n')


def test_retain_says_what_went(run: Run, made: Made) -> None:
    folder = made(LOG)
    assert run("-w", folder, "retain").out == "Nothing is older than it may be kept.\n"
    journey = folder / "journey.yaml"
    journey.write_text(journey.read_text().replace("signals:", "defaults: {retention: 1d}\nsignals:"))
    assert run("-w", folder, "load", "--json").code == 0
    assert run("-w", folder, "retain", "--json").json == {}  # the load did it
    assert run("-w", folder, "export", "a", "--json").json["events"] == []


def test_help_and_version(run: Run) -> None:
    helped = run("--help")
    assert helped.code == 0
    there = ("init", "demo", "suggest", "check", "load", "score", "show", "note", "serve")
    for command in (
        *there,
        "calibrate",
        "backtest",
        "truth",
        "tokens",
        "connect",
        "replay",
        "export",
        "erase",
        "consent",
        "retain",
        "report",
        "users",
        "audit",
    ):
        assert f" {command} " in helped.out
    assert run("--version").out == "cxcurve 0.1.0\n"


def test_no_command_and_unknown_commands_are_misuse(run: Run) -> None:
    assert run().code == 2
    wrong = run("laod")
    assert wrong.code == 2
    assert "No such command 'laod'" in wrong.err
    assert run("score", "--fll").code == 2


def test_surprises_keep_their_traceback(run: Run, made: Made) -> None:
    """An error that is none of ours is a defect: it must not be dressed up."""
    with (
        mock.patch("cxcurve.workspace.Workspace.load", side_effect=ZeroDivisionError),
        pytest.raises(ZeroDivisionError),
    ):
        run("-w", made(LOG), "load")


def test_module_is_the_same_command() -> None:
    from cxcurve import __main__

    assert isinstance(__main__, ModuleType)
    assert __main__.main is __import__("cxcurve.cli").cli.main
