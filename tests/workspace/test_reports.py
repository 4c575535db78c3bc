"""Reports of a workspace: made once, never rewritten, the whole change explained, and free of who was erased."""

from __future__ import annotations

import re
import shutil
import sys
from datetime import timedelta
from math import fsum
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

import serving
from calling import run_cli

import cxcurve
from cxcurve.errors import BadValueError, TooFewError, UnknownNameError, WorkspaceError
from cxcurve.metrics.pairs import PAIRS
from cxcurve.reports.moves import LATE, diff
from cxcurve.reports.periods import Period
from cxcurve.sources.posting import CHAT
from cxcurve.store.reports import note_sending
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.populations import values_by_customer
from cxcurve.workspace.quarters import STORIES, drawn


@pytest.fixture(scope="module", name="reported")
def _reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company with a report four weeks ago, one of the last week, and one of the last quarter."""
    folder = serving.copied(tmp_path_factory.mktemp("reports"))
    with cxcurve.open(folder) as workspace:
        last = workspace.report()
        workspace.report((last.period.first - timedelta(weeks=4)).isoformat())
        workspace.report(None, "quarter")
    return folder


@pytest.fixture(name="workspace")
def _workspace(reported: Path, tmp_path: Path) -> Workspace:
    return cxcurve.open(Path(shutil.copytree(reported, tmp_path / "w")))


def test_the_moves_of_a_report_explain_all_of_the_change(workspace: Workspace) -> None:
    with workspace:
        for kind in ("week", "quarter"):
            made = workspace.report(None, kind).numbers["moved"]  # type: ignore[arg-type]
            found = diff(made)
            assert found is not None
            assert fsum(move.points for move in found.moves) == pytest.approx(found.change, abs=1e-9)
            parts = [one["points"] for one in made["rate"]["signals"]]
            parts += [one["points"] for name in made["kinds"] for one in made["mix"][name]["stages"]]
            assert fsum(parts) == pytest.approx(made["after"]["level"] - made["before"]["level"], abs=1e-9)


def test_what_was_known_at_the_weeks_end_and_nothing_later(workspace: Workspace) -> None:
    with workspace:
        found = workspace.report()
        card = workspace.scorecard(as_of=found.period.last.isoformat()).to_json()
        assert [{k: v for k, v in row.items() if k != "change"} for row in found.numbers["scorecard"]] == card["rows"]
        level = workspace.moved(as_of=found.period.last.isoformat()).to_json()["after"]["level"]
        assert found.numbers["moved"]["after"]["level"] == level


def test_a_report_stays_as_it_is_and_what_comes_later_stands_beside(workspace: Workspace) -> None:
    with workspace:
        found = workspace.report()
        before = found.first
        pages = found.document.html()
        gone = workspace.report(None, "quarter").numbers["stories"][0]["customer_id"]
        workspace.erase(gone)
        after = workspace.report()
        assert after.first == before
        assert after.document.html() == pages
        both = workspace.report(again=True)
        assert [one.edition for one in both.editions] == [1, 2]
        assert both.first == before
        assert both.editions[1].document["n_customers"] == before.document["n_customers"] - 1
        assert len(both.document.read.later) > 0
        assert "Known since" in both.document.html()


def test_what_came_to_be_known_later_is_a_part_of_the_change(workspace: Workspace) -> None:
    with workspace:
        last = workspace.report()
        then = workspace.report((last.period.first - timedelta(weeks=4)).isoformat())
        told = then.numbers["moved"]["after"]["level"]
        assert last.told == told
        first = diff(last.numbers["moved"], last.told)
        assert first is not None
        assert LATE not in [move.label for move in first.moves], "nothing came since"
        workspace.erase(workspace.report(None, "quarter").numbers["stories"][0]["customer_id"])
        moved = workspace.report(again=True).editions[-1].document["moved"]
        found = diff(moved, told)
        assert found is not None
        assert LATE in [move.label for move in found.moves]
        assert found.before == told
        assert fsum(move.points for move in found.moves) == pytest.approx(moved["after"]["level"] - told, abs=1e-9)


def test_the_diff_of_two_reports_explains_all_of_what_they_said(workspace: Workspace) -> None:
    with workspace:
        last = workspace.report()
        levels = {}
        for weeks in (4, 1, 0):
            told = workspace.report((last.period.first - timedelta(weeks=weeks)).isoformat())
            levels[weeks] = told.numbers["moved"]["after"]["level"]
        workspace.erase(workspace.report(None, "quarter").numbers["stories"][0]["customer_id"])
        for weeks in (4, 1):
            found = workspace.report_diff((last.period.first - timedelta(weeks=weeks)).isoformat(), last.period.name)
            assert found is not None
            assert (found.before, found.after) == (levels[weeks], levels[0])
            assert fsum(move.points for move in found.moves) == pytest.approx(levels[0] - levels[weeks], abs=1e-9)
            assert LATE in [move.label for move in found.moves]
        with pytest.raises(BadValueError, match="does not lie before"):
            workspace.report_diff(last.period.name, last.period.name)


def test_the_diff_is_told_in_tenths_that_add_up(reported: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(reported, tmp_path / "w"))
    done = run_cli("-w", folder, "report", "diff")
    assert done.code == 0, done.err
    told = done.out.replace("\u2212", "-").splitlines()[1:]  # after the two levels
    points = [float(found[0]) for line in told if (found := re.search(r"[+-]\d+\.\d", line))]
    assert sum(points[:-1]) == pytest.approx(points[-1], abs=1e-9)
    found = run_cli("-w", folder, "report", "diff", "--json").json
    assert fsum(move["points"] for move in found["moves"]) == pytest.approx(found["change"], abs=1e-9)


def test_stories_are_drawn_by_the_quarters_name_and_nobody_chooses(workspace: Workspace) -> None:
    with workspace:
        found = workspace.report(None, "quarter")
        stories, n = found.numbers["stories"], found.numbers["pairs"]
        for pair in PAIRS:
            assert sum(story["pair"] == pair for story in stories) == min(STORIES, n[pair])
        rows = workspace.customers(as_of=found.period.last.isoformat())
        for pair in PAIRS:
            ids = [row["customer_id"] for row in drawn([row for row in rows if row["pair"] == pair], found.period.name)]
            assert ids == [story["customer_id"] for story in stories if story["pair"] == pair]
        assert "fixed by the name of the quarter" in found.document.html()


def test_every_customer_is_drawn_as_often_as_any_other() -> None:
    rows = [{"customer_id": f"c-{n}"} for n in range(20)]
    counts = dict.fromkeys((row["customer_id"] for row in rows), 0)
    for year in range(1000):
        for row in drawn(rows, f"{year}-Q1"):
            counts[row["customer_id"]] += 1
    assert all(200 < n < 300 for n in counts.values()), counts  # 250 and six standard deviations less or more
    assert drawn(rows, "2026-Q1") == drawn(rows[::-1], "2026-Q1")


def test_the_erased_leave_the_stories_in_every_byte_and_the_numbers_of_many_stay(workspace: Workspace) -> None:
    with workspace:
        before = workspace.report(None, "quarter").numbers
        story = before["stories"][0]
        assert [one["name"] for one in workspace.export(story["customer_id"])["stories"]] == [story["name"]]
        receipt = workspace.erase(story["customer_id"])
        assert receipt.deleted["stories"] == 1
        found = workspace.report(None, "quarter")
        assert found.numbers["stories"] == before["stories"][1:]
        assert {**found.numbers, "stories": 0, "n_erased": 0} == {**before, "stories": 0, "n_erased": 0}
        assert "1 story taken out: the customers were erased, or withdrew" in found.document.html()
        folder = workspace.folder
    files = [path for path in (folder / ".cxcurve").rglob("*") if path.is_file()]
    for named in (story["customer_id"], story["name"]):
        assert [path for path in files if named.encode() in path.read_bytes()] == []


def test_who_withdraws_analytics_leaves_the_stories(workspace: Workspace) -> None:
    with workspace:
        before = workspace.report(None, "quarter").numbers["stories"]
        workspace.consent(before[0]["customer_id"], withdraw=["outreach"])
        assert workspace.report(None, "quarter").numbers["stories"] == before
        workspace.consent(before[0]["customer_id"], withdraw=["analytics"])
        assert workspace.report(None, "quarter").numbers["stories"] == before[1:]


def test_a_report_of_a_week_names_no_customer(workspace: Workspace) -> None:
    with workspace:
        text = workspace.report().document.html() + str(workspace.report().numbers)
        rows = workspace.customers()
    assert [row["name"] for row in rows if row["name"] in text] == []
    assert [row["customer_id"] for row in rows if row["customer_id"] in text] == []


def test_a_week_that_is_not_over_is_refused(workspace: Workspace) -> None:
    with workspace:
        for asked in ("2199-W01", "2199-01-01"):
            with pytest.raises(BadValueError, match=r"is over after 2199-|is over after 2198-"):
                workspace.report(asked)
        with pytest.raises(BadValueError, match="before the first event"):
            workspace.report("1999-W01")


def test_nothing_scored_is_said(tmp_path: Path) -> None:
    init(tmp_path / "w", "blank").close()
    with cxcurve.open(tmp_path / "w") as workspace, pytest.raises(WorkspaceError, match="nothing is scored yet"):
        workspace.report()


def test_the_command_writes_the_files(reported: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(reported, tmp_path / "w"))
    html, pdf = tmp_path / "r.html", tmp_path / "r.pdf"
    done = run_cli("-w", folder, "report", "--html", html, "--json")
    assert done.code == 0
    assert done.json["numbers"]["kind"] == "week"
    assert done.json["later"] == []
    period = Period.read(done.json["period"], "week")
    assert f"week to {period.last.day} " in html.read_text(encoding="utf-8")
    pack = run_cli("-w", folder, "report", "--pack", "--html", html)
    assert pack.code == 0
    assert "CX Lab" in html.read_text(encoding="utf-8")
    assert run_cli("-w", folder, "report", "--week", "W99").code == 2
    assert run_cli("-w", folder, "report", "--quarter", "2026-Q1").code == 2
    told = {}
    for part in ("scorecard", "curve"):
        assert run_cli("-w", folder, "report", part, "--out", html).code == 0
        told[part] = set(re.findall(r"<h2>([^<]+)</h2>", html.read_text(encoding="utf-8")))
    assert "Scorecard" in told["scorecard"] - told["curve"]
    assert {"Real CX Curve", "Drift zones"} <= told["curve"] - told["scorecard"]
    assert run_cli("-w", folder, "report", "curve", "--out", tmp_path / "r.doc").code == 2
    pytest.importorskip("typst", reason='needs pip install "cxcurve[reports]"')
    assert run_cli("-w", folder, "report", "--pdf", pdf).code == 0
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert run_cli("-w", folder, "report", "curve", "--out", tmp_path / "r.png").code == 0
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")


def test_a_segment_has_reports_of_its_own_that_are_kept_and_compared(workspace: Workspace) -> None:
    whom = {"segment": "SMB"}
    with workspace:
        everybody, found = workspace.report(), workspace.report(segment=whom)
        inside = workspace.customers(segment=whom, as_of=found.period.last.isoformat())
        n = sum(row["stage"] is not None and row["level"] is not None for row in inside)
        assert 0 < found.numbers["n_customers"] < everybody.numbers["n_customers"]
        assert found.numbers["n_customers"] == n
        assert workspace.report(segment=whom).first == found.first
        assert workspace.report().first == everybody.first
        assert "segment SMB" in found.document.html()
        assert found.document.name.endswith("-segment-smb")
        assert {(one.period, one.edition) for one in workspace.reports()} >= {
            (found.period.name, 1), (f"{found.period.name}?segment=SMB", 1)
        }  # fmt: skip
        moved = workspace.report_diff(segment=whom)
        if moved is not None:
            level = workspace.moved(as_of=found.period.last.isoformat(), segment=whom).to_json()["after"]["level"]
            assert moved.after == pytest.approx(level)
        for zone in found.numbers["zones"]:
            assert zone["n_drifting"] is None or zone["n_drifting"] == 0 or zone["n_drifting"] >= 10
            assert zone["n_drifting"] is not None or zone["impact"]["value"] is None
        assert "few drifting now" in found.document.html()
        for row in found.numbers["scorecard"]:
            assert row["current"] is None or row["n"] >= 10 or row["metric"] in {"nrr", "grr"}


def test_a_segment_of_few_or_of_nearly_all_has_none(workspace: Workspace) -> None:
    with workspace:
        customers = workspace.customers(as_of=workspace.report().period.last.isoformat())
        with pytest.raises(TooFewError, match="too few customers"):
            workspace.report(segment={"partner_id": _smallest(workspace)})
        with pytest.raises(TooFewError, match="More than one filter"):
            workspace.report(segment={"segment": "SMB", "plan": customers[0]["plan"]})
        with pytest.raises(UnknownNameError, match="nobody"):
            workspace.report(segment={"segment": "nobody"})
        with pytest.raises(BadValueError, match="stories of single customers"):
            workspace.report(None, "quarter", segment={"segment": "SMB"})
        assert all("?" not in one.period for one in workspace.reports())


def _smallest(workspace: Workspace) -> str:
    with workspace.snapshot(workspace.report().period.last.isoformat()) as known:
        values = values_by_customer(known, workspace.store)["partner_id"]
    return min(values, key=lambda value: len(values[value]))


def test_what_is_older_than_is_kept_goes_and_is_not_made_anew(workspace: Workspace) -> None:
    """The company's last week lies in the past of whoever runs this; a day of retention is over for it."""
    with workspace:
        folder, week = workspace.folder, workspace.report().period
    text = (folder / "journey.yaml").read_text("utf-8")
    assert "defaults: {" in text
    (folder / "journey.yaml").write_text(text.replace("defaults: {", "defaults: {retention: 1d, ", 1), "utf-8")
    with cxcurve.open(folder) as changed:
        assert changed.report(week.name).period == week, "as long as it is kept it is told"
        changed.store.execute("DELETE FROM reports")
        with pytest.raises(BadValueError, match="older than what is kept"):
            changed.report(week.name)


def test_a_subscription_to_a_segment_gets_its_report_and_no_other(workspace: Workspace) -> None:
    with workspace:
        (workspace.folder / "reports.yaml").write_text("team: {to: chat, segment: {segment: SMB}}\n", "utf-8")
        found = workspace.send_report("team", dry_run=True)
        mine = workspace.report(segment={"segment": "SMB"})
        assert "segment SMB" in found.message.subject
        assert mine.document.headline.title in found.message.subject
        note_sending(workspace.store, "team", mine.period.name, CHAT, "sent", 1)
        assert [state for _, state, _ in workspace.send_report("team", dry_run=True).recipients] == ["waiting"]
        note_sending(workspace.store, "team", mine.period.key(mine.segment), CHAT, "sent", 2)
        assert [state for _, state, _ in workspace.send_report("team", dry_run=True).recipients] == ["sent"]
