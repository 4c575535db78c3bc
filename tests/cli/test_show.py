"""`cxcurve show`: the JSON shapes that others rely on, tables for people, CSV and pictures."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from calling import JOURNEY, SOURCES, Made, Run

from cxcurve.cli.showing import State
from cxcurve.metrics.customer_states import ALL_STATES

KEYS = {
    "curve": {"as_of", "x", "leavers", "n_exits", "points", "stages", "annotations"},
    "moved": {
        "as_of", "since", "until", "before", "after", "n_stayed", "n_left", "n_new", "change", "mix", "rate", "reason",
    },
    "scorecard": {"week_end", "rows"},
    "drift": {"zones"},
    "ttv": {
        "n", "n_reached", "n_exited", "n_waiting", "median_days", "low", "high", "reached", "waiting", "reason", "pace",
        "trend", "cohorts",
    },
    "friction": {"friction", "inventory", "silence", "silence_reason", "quiet_exits"},
    "customers": {"customers"},
    "signals": {"version", "weights", "signals"},
    "revenue": {"as_of", "currency", "unit", "is_said", "events", "months", "year", "trend", "cohorts", "reason"},
    "deals": {
        "as_of", "horizon_days", "n", "n_without_amount", "amount", "expected", "expected_low", "expected_high",
        "purchase", "stages", "doubts", "deals", "reason",
    },
    "flows": {"as_of", "is_stages", "window_days", "horizon_days", "steps", "after", "transitions", "reason"},
    "quarantine": {"quarantine"},
}  # fmt: skip
ROW_KEYS = {
    ("curve", "points"): {"x", "level", "low", "high", "friction_index", "momentum_index", "n", "is_thin"},
    ("curve", "stages"): {"stage", "from", "to"},
    ("scorecard", "rows"): {
        "metric", "layer", "current", "low", "high", "target", "met", "previous", "is_real_change", "action", "lead",
        "supporting", "n", "is_thin", "n_unknown", "note", "reason",
    },
    ("drift", "zones"): {
        "from", "to", "window_days", "n_entered", "n_progressed", "n_exited", "n_open", "stall_share", "low", "high",
        "leak_share", "tau_days", "change", "drifting_now", "impact_revenue", "signals", "reason", "present_now",
        "change_points", "change_points_reason",
    },
    ("ttv", "trend"): {"month", "n", "n_waiting", "median_days", "low", "high", "reached", "reason"},
    ("ttv", "cohorts"): {"by", "value", "n", "median_days", "reached", "compared", "compared_reason"},
    ("signals", "signals"): {
        "signal", "friction_weight", "momentum_weight", "advocacy_weight", "half_life_days", "low", "high", "n_events",
        "last_seen_at",
    },
    ("customers", "customers"): {
        "customer_id", "name", "stage", "level", "friction_index", "momentum_index", "owner", "pair", "pair_since",
        "states",
    },
    ("friction", "friction"): {"signal", "friction_weight", "n_events", "n_customers"},
    ("friction", "silence"): {
        "activity", "from_days", "to_days", "n_customers", "false_alarm_share", "low", "high", "n", "is_thin", "reason",
        "fixed_rule_days", "fixed_rule_share",
    },
    ("friction", "quiet_exits"): {"stage", "days", "share", "low", "high", "n", "is_thin", "reason"},
}  # fmt: skip
NPS = """left: {}
  nps_answered: {valence: "value: 0..6=-1, 7..8=0, 9..10=1", valence_friction: 0.9, keep: latest}"""
CUSTOMER_KEYS = {
    "customer", "stage", "stays", "friction_index", "momentum_index", "level", "friction", "momentum", "timeline",
    "brief", "pair", "pair_since", "states",
}  # fmt: skip


@pytest.mark.parametrize("what", KEYS)
def test_json_is_one_document_with_the_agreed_keys(run: Run, demo: Path, what: str) -> None:
    result = run("-w", demo, "show", what, "--json")
    assert (result.code, result.err) == (0, "")
    assert KEYS[what] <= result.json.keys()
    for (name, part), keys in ROW_KEYS.items():
        if name == what:
            assert result.json[part], part
            assert all(keys <= row.keys() for row in result.json[part])


def test_points_of_a_customer_add_up_to_the_index(run: Run, demo: Path) -> None:
    rows = run("-w", demo, "show", "customers", "--json").json["customers"]
    inside = [row for row in rows if row["reason"] is None]
    for row in inside[:3]:
        found = run("show", "customer", row["customer_id"], "--json", "-w", demo).json
        assert found.keys() >= CUSTOMER_KEYS
        assert found["level"] == pytest.approx(row["level"])
        for part in ("friction", "momentum"):
            assert sum(one["points"] for one in found[part]) == pytest.approx(found[f"{part}_index"], abs=0.06)
            assert all({"signal", "points", "events"} <= one.keys() for one in found[part])


def test_customers_of_a_pair_or_in_a_state_alone(run: Run, demo: Path) -> None:
    assert tuple(State) == ALL_STATES
    rows = run("-w", demo, "show", "customers", "--json").json["customers"]
    for name in ("flowing", "new"):
        some = run("-w", demo, "show", "customers", "--state", name, "--json").json["customers"]
        assert some
        assert some == [row for row in rows if name in (row["pair"], *(one["state"] for one in row["states"]))]
    found = run("-w", demo, "show", "customers", "--state", "new", "--csv", "-").out
    assert "new since 20" in found.splitlines()[1]
    assert run("-w", demo, "show", "curve", "--state", "new").code == 2


def test_ttv_tells_the_agreed_days(run: Run, demo: Path) -> None:
    found = run("-w", demo, "show", "ttv", "--json").json
    assert set(found["reached"]) == {"7", "10", "14"}
    assert found["n"] == found["n_reached"] + found["n_exited"] + found["n_waiting"]
    assert all({"customer_id", "days", "owner"} <= row.keys() for row in found["waiting"])


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("curve", ["CX Curve", "customers", "by week of the cycle", "survivors only", "95 %", "│"]),
        ("moved", ["What moved the level", "Customers who left", "other signals", "All together", "95 %"]),
        ("scorecard", ["Scorecard", "Journey Friction Index", "95 %", "Lead"]),
        ("drift", ["Drift Zones", "obstacle to research", "Deadline", "Moves on, 28 days", "Worth saving"]),
        ("ttv", ["Time to Value", "started:", "are waiting.", "Month", "Against the others", "Enterprise"]),
        ("friction", ["last 28 days", "Weight (doublings)", "Called silent", "many (", "Quiet exits", "any stage"]),
        ("customers", ["inside the journey", "the lowest level first", "… and 30 more"]),
        ("signals", ["weights: expert", "core feature used", "14 days"]),
        ("quarantine", ["0 rows and events"]),
    ],
)
def test_tables_for_people(run: Run, demo: Path, what: str, words: list[str]) -> None:
    result = run("-w", demo, "show", what)
    assert result.code == 0
    assert [word for word in words if word not in result.out] == []


def test_too_few_says_so_instead_of_a_number(run: Run, made: Made) -> None:
    folder = made("id,at,who,what\n1,2026-01-05T10:00:00Z,a,signed_up\n2,2026-01-20T10:00:00Z,a,used\n")
    assert run("-w", folder, "load").code == run("-w", folder, "score").code == 0
    assert "Too few customers yet to say." in run("-w", folder, "show", "ttv").out
    assert "too few" in run("-w", folder, "show", "curve").out
    assert run("-w", folder, "show", "ttv", "--json").json["median_days"] is None


def test_thin_numbers_and_answers_left_out_are_said(run: Run, made: Made) -> None:
    log = ["id,at,who,what,value", *(f"s{i},2026-01-05T10:00:00Z,c{i},signed_up," for i in range(12))]
    log += [f"n{i},2026-01-20T10:00:00Z,c{i},nps_answered,{value}" for i, value in enumerate([9] * 9 + [99, -1, ""])]
    folder = made("\n".join([*log, ""]), sources=f"{SOURCES}  value: value\n", journey=JOURNEY.replace("left: {}", NPS))
    assert run("-w", folder, "load").code == run("-w", folder, "score").code == 0
    shown = run("-w", folder, "show", "scorecard").out
    assert re.search(r"Net Promoter Score .* 9 thin ", shown)
    assert "Net Promoter Score: 3 answers empty or outside 0 to 10 left out" in shown
    row = next(r for r in run("-w", folder, "show", "scorecard", "--json").json["rows"] if r["metric"] == "nps")
    assert (row["current"], row["n"], row["n_unknown"], row["is_thin"]) == (100.0, 9, 3, True)


def test_csv_has_the_rows_of_the_document(run: Run, demo: Path, tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    result = run("-w", demo, "show", "curve", "--csv", file)
    assert (result.code, result.out) == (0, "")
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    points = run("-w", demo, "show", "curve", "--json").json["points"]
    assert [(float(row["x"]), json.loads(row["is_thin"])) for row in rows] == [(p["x"], p["is_thin"]) for p in points]
    assert [float(row["level"]) for row in rows] == pytest.approx([point["level"] for point in points], rel=1e-9)


def test_the_curve_weighted_for_those_who_left(run: Run, demo: Path) -> None:
    plain, mended = (run("-w", demo, "show", "curve", *more, "--json").json for more in ([], ["--leavers", "weighted"]))
    assert (plain["leavers"], mended["leavers"]) == ("survivors", "weighted")
    assert plain["points"] != mended["points"]
    assert re.search(r"weighted for \d+ exits", run("-w", demo, "show", "curve", "--leavers", "weighted").out)


def test_what_moved_the_level_has_its_rows_as_csv(run: Run, demo: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("-w", demo, "show", "moved", "--csv", "-").out)))
    found = run("-w", demo, "show", "moved", "--json").json
    assert {row["kind"] for row in rows} == {"left", "new", "moved", "signal"}
    assert sum(float(row["points"]) for row in rows) == pytest.approx(found["change"]["points"])
    day = found["since"]
    longer = run("-w", demo, "show", "moved", "--since", "2026-01-15", "--until", day, "--json").json
    assert (longer["since"], longer["until"]) == ("2026-01-12", day)


def test_csv_to_stdout_and_lists_as_json(run: Run, demo: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("-w", demo, "show", "drift", "--csv", "-").out)))
    zones = run("-w", demo, "show", "drift", "--json").json["zones"]
    assert [json.loads(row["drifting_now"]) for row in rows] == [zone["drifting_now"] for zone in zones]


def test_csv_where_it_cannot_be_written(run: Run, demo: Path, tmp_path: Path) -> None:
    result = run("-w", demo, "show", "curve", "--csv", tmp_path / "no" / "such.csv")
    assert (result.code, result.err) == (1, f"{tmp_path}/no/such.csv: No such file or directory\n")


def test_a_picture_stands_on_its_own(run: Run, demo: Path, tmp_path: Path) -> None:
    assert run("-w", demo, "show", "curve", "--x", "date", "--svg", tmp_path / "curve.svg").code == 0
    text = (tmp_path / "curve.svg").read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "<style>" in text


def test_segment_cohort_and_as_of_narrow_it(run: Run, demo: Path) -> None:
    everybody = run("-w", demo, "show", "customers", "--json").json["customers"]
    plan = everybody[0]["plan"]
    some = run("-w", demo, "show", "customers", "--segment", f"plan={plan}", "--json").json["customers"]
    assert [row["customer_id"] for row in some] == [row["customer_id"] for row in everybody if row["plan"] == plan]
    new = run("-w", demo, "show", "customers", "--cohort", "entered invest in the last 90d", "--json").json["customers"]
    assert len(new) < len(everybody)
    day = everybody[0]["stage_since"][:10]
    then = run("-w", demo, "show", "curve", "--as-of", day, "--json").json
    assert day in then["as_of"] or then["as_of"] > day
    assert then["points"] != run("-w", demo, "show", "curve", "--json").json["points"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["customer"], "name the customer: cxcurve show customer ID"),
        (["curve", "c-1"], "goes with customer; not with curve"),
        (["drift", "--svg", "x.svg"], "goes with curve, customer; not with drift"),
        (["ttv", "--x", "date"], "goes with curve; not with ttv"),
        (["drift", "--leavers", "weighted"], "goes with curve; not with drift"),
        (["curve", "--since", "2026-01-01"], "goes with moved; not with curve"),
        (["curve", "--until", "2026-01-01"], "goes with moved; not with curve"),
        (["customer", "c-1", "--segment", "plan=pro"], "not with customer"),
        (["quarantine", "--as-of", "2026-01-01"], "not with quarantine"),
        (["curve", "--segment", "pro"], '"pro" is not KEY=VALUE, such as plan=pro'),
        (["curve", "--segment", "plan=a", "--segment", "plan=b"], '"plan" is there twice'),
        (["curv"], "'curv' is not one of"),
    ],
)
def test_misuse_is_2(run: Run, demo: Path, arguments: list[str], said: str) -> None:
    result = run("-w", demo, "show", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in " ".join(result.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["customer", "C-00001"], 'customer "C-00001" is not known. Did you mean "c-00001"?'),
        (["curve", "--segment", "plam=pro"], 'segment "plam" is not known. Did you mean "plan"?'),
        (["curve", "--cohort", "entered invst in the last 90d"], 'stage "invst" is not known. Did you mean "invest"?'),
        (
            ["curve", "--cohort", "new ones"],
            'cohort "new ones" cannot be read; expected such as "entered invest in the',
        ),
        (["curve", "--x", "date", "--leavers", "weighted"], 'leavers "weighted" goes with x "week"'),
        (["moved", "--since", "yesterday"], '"yesterday" is no date; expected such as 2026-05-03'),
        (["moved", "--since", "1999-01-01"], '"1999-01-01" lies before the first week that is over; expected '),
        (["curve", "--as-of", "yesterday"], '"yesterday" is no date; expected such as 2026-05-03'),
    ],
)
def test_unknown_names_and_bad_values_are_2(run: Run, demo: Path, arguments: list[str], said: str) -> None:
    result = run("-w", demo, "show", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(said)


def test_nothing_scored_yet(run: Run, made: Made) -> None:
    folder = made("id,at,who,what\n1,2026-01-05T10:00:00Z,a,signed_up\n")
    result = run("-w", folder, "show", "curve")
    assert result.code == 1
    assert result.err == f"{folder}: nothing is scored yet. Run `cxcurve load`, then `cxcurve score`.\n"


def test_the_plan_is_told_with_what_was_refused_and_its_versions(run: Run, made: Made) -> None:
    """Nothing needs to be scored for it."""
    folder = made("id,at,who,what\ne1,2026-01-02,a,used\ne2,2026-01-03,a,usd\n")
    run("-w", folder, "load")
    journey = (folder / "journey.yaml").read_text()
    (folder / "journey.yaml").write_text(journey.replace("momentum: 0.3", "momentum: 0.4"))
    run("-w", folder, "load")
    result = run("-w", folder, "show", "plan")
    assert (result.code, result.err) == (0, "")
    for words in (
        "5 planned events · 1 seen",
        "never",
        "need eight weeks of data",
        'Did you mean "used"?',
        "Version 2",
    ):
        assert words in result.out
    assert '  "used": momentum 0.3 to 0.4\n' in result.out
    found = run("-w", folder, "show", "plan", "--json").json
    assert [one["n_refused"] for one in found["events"] if one["event"] == "used"] == [0]
    assert [(one["number"], one["changes"]) for one in found["versions"]] == [
        (2, ['"used": momentum 0.3 to 0.4']), (1, []),
    ]  # fmt: skip
    assert run("-w", folder, "show", "plan", "--as-of", "2026-01-02").code == 2
