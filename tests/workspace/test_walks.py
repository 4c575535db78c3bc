"""Walks: read from what people paste, compared side by side, and every problem told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import ProblemsError
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.walks import compared, gaps, read_walks

WALK = {"journey": "onboarding", "walker": "ada", "walked_on": "2026-05-04"}
STEPS = "app,sign up,two fields,eleven fields,6,5,-1\nmail,confirm,at once,after 20 minutes,20.5,4,-2\n"


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path):
    with init(tmp_path / "w", "blank") as workspace:
        yield workspace


def test_steps_in_their_order(workspace: Workspace) -> None:
    assert workspace.write_walks(STEPS, WALK, "ada") == 2
    first, second = workspace.walks()
    assert (first.step, first.touchpoint, first.minutes, first.effort, first.feeling) == (1, "app", 6.0, 5, -1)
    assert (second.step, second.seen, second.company, second.whose) == (2, "after 20 minutes", "", "ours")


def test_the_same_walk_again_replaces_the_first(workspace: Workspace) -> None:
    workspace.write_walks(STEPS, WALK, "ada")
    workspace.write_walks("app,sign up", WALK, "ada")
    assert [one.action for one in workspace.walks()] == ["sign up"]


def test_many_walks_from_a_spreadsheet_in_any_order_of_columns(workspace: Workspace) -> None:
    head = "Action;Company;Journey;Walker;Walked on;Minutes"
    text = f"{head}\nsign up;Rival;buy;ada;2026-05-04;2,5\nsign up;;buy;ada;2026-05-05;4\n"
    workspace.write_walks(text, {}, "ada")
    assert sorted((one.company, one.minutes) for one in workspace.walks()) == [("", 4.0), ("Rival", 2.5)]


def test_side_by_side_and_the_gap_to_the_best_rival(workspace: Workspace) -> None:
    workspace.write_walks(STEPS, WALK, "ada")
    workspace.write_walks("app,sign up,,,2,2,1", {**WALK, "company": "Rival"}, "ada")
    workspace.write_walks("app,sign up,,,4,1,1", {**WALK, "company": "Other"}, "ada")
    ours, other, rival = compared(workspace.walks())
    assert (ours.company, ours.n_steps, ours.minutes, ours.effort, ours.feeling) == ("", 2, 26.5, 5, -1.5)
    assert (ours.n_surprises, rival.minutes, other.minutes) == (2, 2.0, 4.0)
    assert gaps(workspace.walks()) == {"app": {"minutes": 4.0, "effort": 4.0}}


def test_without_a_rival_or_without_us_the_gap_is_not_known(workspace: Workspace) -> None:
    workspace.write_walks(STEPS, WALK, "ada")
    workspace.write_walks("shop,buy,,,2,2,1", {**WALK, "company": "Rival"}, "ada")
    assert gaps(workspace.walks()) == {}


def test_all_problems_at_once_and_nothing_kept(workspace: Workspace) -> None:
    text = "app,a,,,long,5,1\napp,,,,1\napp,b,,,-3\napp,c,,,1,8\napp,d,,,1,1,0.5"
    with pytest.raises(ProblemsError) as caught:
        workspace.write_walks(text, WALK, "ada")
    assert str(caught.value).splitlines() == [
        'walk:1: minutes "long" is no number from 0 to 1,000,000',
        "walk:2: has no action",
        'walk:3: minutes "-3" is no number from 0 to 1,000,000',
        'walk:4: effort "8" is no number from 1 to 7',
        'walk:5: feeling "0.5" is no whole number from -2 to 2',
    ]
    assert workspace.walks() == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no step"),
        ("action,colour\na,b", 'column "colour" is not known'),
        ('"a', "cannot be read as a table"),
        ("a,b\n" * 2_001, "has 2,001 lines; at most 2,000"),
        ("x" * 300_001, "is longer than 300,000 bytes"),
    ],
    ids=["empty", "column", "quote", "lines", "bytes"],
)
def test_what_cannot_be_read_says_why(text: str, words: str) -> None:
    with pytest.raises(ProblemsError, match=words):
        read_walks(text, WALK, "ada", 0)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        steps = read_walks(text, WALK, "ada", 0)
    except ProblemsError:
        return
    assert all(one.action.isprintable() and one.walk_id == steps[0].walk_id for one in steps)
