"""`cxcurve show moments`, `recovery` and `advocacy`: shapes, words, and that an association is called one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from calling import JOURNEY, Made, Run

EFFECT = {"n", "n_matched", "n_others", "share", "expected_share", "odds_ratio", "low", "high", "p", "reason"}


def test_moments_are_labelled_and_come_with_their_false_alarms(run: Run, demo: Path) -> None:
    found = run("-w", demo, "show", "moments", "--json").json
    assert (found["label"], found["horizon_days"], found["reason"]) == ("association, not cause", 90.0, None)
    assert found["moments"]
    for one in found["moments"]:
        assert one["n_customers"] >= 20
        for outcome in ("exit", "progress"):
            effect = one[outcome]
            assert effect.keys() >= EFFECT | {"p_holm", "is_clear"}
            numbers = [effect[name] for name in ("share", "odds_ratio", "low", "high", "p", "p_holm")]
            assert all(number is None for number in numbers) == (effect["reason"] == "too_few")
    names = {one["moment"] for one in found["moments"]}
    assert not names & {"subscription_cancelled", "deal_lost"}  # exits are what is looked for
    assert found["false_alarms"].keys() == {"n", "alpha", "plain", "holm"}


def test_moments_as_rows_and_words(run: Run, demo: Path) -> None:
    shown = run("-w", demo, "show", "moments").out
    for words in ("Moments of truth", "association, not cause", "p (Holm)", "False alarms: of", "where 5 % should be"):
        assert words in shown
    rows = list(csv.DictReader(io.StringIO(run("-w", demo, "show", "moments", "--csv", "-").out)))
    assert {row["outcome"] for row in rows} == {"exit", "progress"}


def test_recovery_says_what_well_means(run: Run, demo: Path) -> None:
    shown = run("-w", demo, "show", "recovery").out
    for words in ("Recovery", "association, not cause", "Well: ended within the target", "badly"):
        assert words in shown
    found = run("-w", demo, "show", "recovery", "--json").json
    assert 0 < found["n_well"] < found["n_issues"]
    told = [(row["handled"], row["outcome"]) for row in found["effects"]]
    assert told == [("well", "exit"), ("well", "progress"), ("badly", "exit"), ("badly", "progress")]
    assert all(row.keys() >= EFFECT for row in found["effects"])


def test_advocacy_has_ready_rate_check_actions_and_critics(run: Run, demo: Path) -> None:
    found = run("-w", demo, "show", "advocacy", "--json").json
    assert found["n_ready"] == len(found["ready"]) <= found["n_reached_value"]
    assert found["rate"].keys() >= {"from", "days", "share", "low", "high", "n", "is_thin", "reason"}
    assert found["check"].keys() >= {"odds_ratio", "low", "high", "share_ready", "share_not_ready", "reason"}
    assert found["knows_who_was_asked"] is False
    assert {row["signal"] for row in found["actions"]} <= {
        "review_posted", "community_answer_posted", "referral_made", "story_told",
    }  # fmt: skip
    assert all(row["change"].keys() >= {"ratio", "low", "high", "n", "is_thin", "reason"} for row in found["actions"])
    assert found["n_critics"] == len({row["customer_id"] for row in found["critics"]})
    shown = run("-w", demo, "show", "advocacy").out
    assert "after first value" in shown
    assert "Action, last 90 days" in shown


@pytest.mark.parametrize("what", ["moments", "recovery", "advocacy"])
def test_a_segment_and_another_day_can_be_asked_for(run: Run, demo: Path, what: str) -> None:
    assert run("-w", demo, "show", what, "--json", "--segment", "segment=SMB").code == 0
    earlier = run("-w", demo, "show", what, "--json", "--as-of", "2026-03-01").json
    assert earlier["as_of"].startswith("2026-03-0")


def test_a_small_workspace_gives_reasons_and_no_numbers(run: Run, made: Made) -> None:
    log = "id,at,who,what\n1,2026-01-05T10:00:00Z,a,signed_up\n2,2026-01-20T10:00:00Z,a,used\n"
    folder = made(log, journey=JOURNEY.replace("time_to_value: {from: signed_up, to: used, target: 7d}\n", ""))
    assert run("-w", folder, "load").code == run("-w", folder, "score").code == 0
    told = {what: run("-w", folder, "show", what, "--json").json for what in ("moments", "recovery", "advocacy")}
    assert {what: found["reason"] for what, found in told.items()} == {
        "moments": "too_few",
        "recovery": "not_in_model",  # no `targets: open_issue`
        "advocacy": "not_in_model",  # no first value
    }
    assert "Too few customers yet to say." in run("-w", folder, "show", "moments").out
    assert "journey.yaml does not define it." in run("-w", folder, "show", "recovery").out
    assert "journey.yaml does not define it." in run("-w", folder, "show", "advocacy").out
