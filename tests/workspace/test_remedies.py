"""Decisions about frictions: an owner for what is accepted, the last one holds, and any text stays text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.metrics.inventory import Place
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.friction import Times, after
from cxcurve.workspace.remedies import DONE, OWNED, STATUSES, decide, friction_key, remedies

PLACE = {"signal": "ticket_opened", "touchpoint": "mail", "stage": "invest"}
HOSTILE = "<script>alert(1)</script> '; DROP TABLE remedies; -- \u202e =cmd|' /C calc'!A0 {{ 7 * 7 }}"


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path):
    with init(tmp_path / "w", "b2b-saas") as workspace:
        yield workspace


@pytest.mark.parametrize("status", OWNED)
def test_what_is_accepted_needs_an_owner(workspace: Workspace, status: str) -> None:
    for owner in ("", "   ", "\u200b\n"):
        with pytest.raises(BadValueError, match="needs an owner: name the one person who sees to it"):
            workspace.decide_friction({**PLACE, "status": status, "owner": owner}, "ada")
    assert remedies(workspace.store) == {}
    assert workspace.decide_friction({**PLACE, "status": status, "owner": "dana"}, "ada").owner == "dana"


@pytest.mark.parametrize("status", sorted(set(STATUSES) - set(OWNED)))
def test_what_is_found_or_declined_needs_none(workspace: Workspace, status: str) -> None:
    assert workspace.decide_friction({**PLACE, "status": status}, "ada").status == status


def test_the_last_decision_holds_and_all_are_kept(workspace: Workspace) -> None:
    said = {**PLACE, "status": "accepted", "owner": "dana", "whys": ["slow", "nobody tests"], "parent": "seam",
            "effort": "S", "due": "2026-09-30", "plays": "welcome", "note": "soon"}  # fmt: skip
    decide(workspace.store, workspace.journey, said, "ada", 10)
    decide(workspace.store, workspace.journey, {**said, "status": DONE, "owner": "eli"}, "bob", 20)
    one = remedies(workspace.store)["ticket_opened", "mail", "invest"]
    assert (one.status, one.owner, one.decided_by, one.accepted_us, one.n) == ("done", "eli", "bob", 10, 2)
    told = one.to_json()
    assert (told["root_cause"], told["parent"], told["due"]) == ("nobody tests", "seam", "2026-09-30")
    assert workspace.store.rows("SELECT count(*) FROM remedies")[0][0] == 2


def test_taken_back_and_accepted_again_begins_anew(workspace: Workspace) -> None:
    for status, at_us in (("accepted", 1), ("declined", 2), ("accepted", 3), ("in_work", 4)):
        decide(workspace.store, workspace.journey, {**PLACE, "status": status, "owner": "dana"}, "ada", at_us)
    assert remedies(workspace.store)["ticket_opened", "mail", "invest"].accepted_us == 3


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"signal": "ticket_opend"}, UnknownNameError, 'Did you mean "ticket_opened"'),
        ({"stage": "nowhere"}, UnknownNameError, 'stage "nowhere" is not known'),
        ({"status": "later"}, BadValueError, "Expected: found, accepted"),
        ({"parent": "fate"}, BadValueError, "Expected: seam, assumption, speed"),
        ({"effort": "XL"}, BadValueError, "Expected: S, M, L"),
        ({"due": "soon"}, BadValueError, 'due "soon" is no day; expected such as 2026-09-30'),
        ({"whys": ["why"] * 6}, BadValueError, "at most 5 lead to a root cause"),
        ({"owner": "x" * 201}, BadValueError, "owner has 201 characters; at most 200"),
        ({"touchpoint": " "}, BadValueError, "the touchpoint is empty"),
    ],
    ids=["signal", "stage", "status", "parent", "effort", "due", "whys", "owner", "touchpoint"],
)
def test_what_cannot_be_is_refused_and_nothing_kept(workspace: Workspace, wrong: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        workspace.decide_friction({**PLACE, "status": "found", **wrong}, "ada")
    assert remedies(workspace.store) == {}


def test_hostile_text_is_kept_as_text(workspace: Workspace) -> None:
    said = {**PLACE, "touchpoint": HOSTILE, "status": "accepted", "owner": HOSTILE, "whys": [HOSTILE], "plays": HOSTILE,
            "note": HOSTILE}  # fmt: skip
    one = workspace.decide_friction(said, HOSTILE)
    assert one.owner == one.whys[0] == one.note == HOSTILE.replace("\u202e ", "").replace("  ", " ")
    assert remedies(workspace.store)[one.place] == one
    assert friction_key(*one.place).count("/") == 2


DAY = US_PER_DAY
WHERE = Place(1, "mail", 0)


def times_of(n: int, met: list[tuple[int, int]]) -> Times:
    who, zeros = np.arange(n), np.zeros(n, np.int64)
    rows = np.array(met, np.int64).reshape(-1, 2).T
    return Times(0, who, zeros, zeros + 1_000 * DAY, {WHERE: (rows[0], rows[1])})


def test_before_and_after_count_the_same_time_on_both_sides() -> None:
    """40 customers, one event each in the 30 days before, every second one in the 30 days since."""
    before = [(who, (70 + who % 25) * DAY) for who in range(40)]
    since = [(who, (101 + who % 25) * DAY) for who in range(0, 40, 2)]
    told = after(times_of(40, before + since), WHERE, 100 * DAY, 130 * DAY)
    assert told is not None
    assert (told["n_events"], told["n_events_before"], told["days"]) == (20, 40, 30.0)
    assert told["ratio"] == pytest.approx(0.5)
    assert told["low"] < 0.5 < told["high"]
    assert told["label"] == "before and after, no effect"


def test_who_was_there_longer_counts_for_longer() -> None:
    """As many events after as before, of customers who came only half of the time before: half as often."""
    who, zeros = np.arange(40), np.zeros(40, np.int64)
    when = np.r_[zeros + 95 * DAY, zeros + 105 * DAY]
    times = Times(0, who, zeros + 85 * DAY, zeros + 1_000 * DAY, {WHERE: (np.r_[who, who], when)})
    assert (after(times, WHERE, 100 * DAY, 130 * DAY) or {})["ratio"] == pytest.approx(0.5)


def test_nothing_is_told_of_after_before_four_weeks_or_without_a_decision() -> None:
    times = times_of(1, [])
    assert after(times, WHERE, None, 130 * DAY) is None
    assert after(times, WHERE, 103 * DAY, 130 * DAY) is None
    assert after(times, WHERE, 20 * DAY, 130 * DAY) is None  # what was before is not known
    assert (after(times, WHERE, 100 * DAY, 130 * DAY) or {})["reason"] == "too_few"
