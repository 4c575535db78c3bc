"""Starters: each is a journey without a problem, explained, and complete where the field expects it."""

import re
from pathlib import Path

import pytest

from cxcurve.errors import UnknownNameError, WorkspaceError
from cxcurve.model import cross_check, read_journey, read_sources
from cxcurve.model.settings import Settings, read_settings
from cxcurve.model.starters import copy_starter, starter_names

FILES = ("cxcurve.toml", "journey.yaml", "sources.yaml")
every_starter = pytest.mark.parametrize("name", starter_names())


def test_the_four_starters():
    assert starter_names() == ("b2b-saas", "blank", "ecommerce", "support")


@every_starter
def test_a_starter_has_no_problem(name, tmp_path):
    folder = tmp_path / "acme"
    assert copy_starter(name, folder) == tuple(folder / file for file in FILES)
    journey, problems = read_journey(folder / "journey.yaml")
    assert problems == []
    assert journey.stages
    assert read_sources(folder / "sources.yaml") == ({}, [])
    assert read_settings(folder / "cxcurve.toml") == (Settings(name="acme"), [])


def _without_comment_marks(text: str) -> str:
    """The example sources, which are comments that begin with `# key:` or are indented below one."""
    return "\n".join(line[2:] for line in text.splitlines() if re.match(r"# ( +\S|\w+:$)", line))


@every_starter
def test_the_commented_examples_work_once_their_marks_are_taken_away(name, tmp_path):
    copy_starter(name, tmp_path)
    path = tmp_path / "sources.yaml"
    path.write_text(_without_comment_marks(path.read_text()))
    sources, problems = read_sources(path)
    assert problems == []
    assert sources
    journey, _ = read_journey(tmp_path / "journey.yaml")
    assert cross_check(journey, sources, path) == []


@every_starter
def test_the_file_its_states_and_its_signals_are_explained(name, tmp_path):
    copy_starter(name, tmp_path)
    text = (tmp_path / "journey.yaml").read_text()
    parts = [match.start() for match in re.finditer(r"^(signals|states):", text, re.MULTILINE)]
    assert [text[:part].splitlines()[-1][:2] for part in parts] == ["# ", "# "]
    assert text.startswith("# ")
    assert "\t" not in text


def test_b2b_saas_is_orbits_in_full(tmp_path):
    copy_starter("b2b-saas", tmp_path)
    journey, _ = read_journey(tmp_path / "journey.yaml")
    assert journey.stage_names == ("obstacle", "research", "benchmark", "invest", "transform", "share")
    assert [stage.expected.days for stage in journey.stages] == [30, 30, 45, 21, 180, 365]
    for stage in journey.stages:
        assert stage.label
        assert stage.lead
        assert stage.description
        assert stage.drivers
        assert stage.indicators
        assert stage.metrics
        assert set(stage.feelings) == {"reactive", "proactive"}
    assert [stage.bridge.to for stage in journey.stages[:-1]] == list(journey.stage_names[1:])
    assert all(stage.bridge.content and stage.bridge.plays for stage in journey.stages[:-1])
    assert len(journey.signals) == 51
    assert journey.states["stall"].stages == ("obstacle", "research", "benchmark", "invest")
    assert journey.signals["first_value_reached"].after == "subscription_started"
    assert set(journey.targets) <= set(journey.actions) | {"open_issue"}
    assert set(journey.targets) <= set(journey.owners) | {"open_issue"}


@pytest.mark.parametrize(
    ("name", "events"),
    [
        (
            "ecommerce",
            "product_viewed cart_added checkout_started payment_failed order_placed order_delivered return_requested"
            " review_posted",
        ),
        (
            "support",
            "ticket_opened ticket_reassigned ticket_reopened sla_missed ticket_resolved ticket_closed csat_answered",
        ),
    ],
)
def test_other_starters_speak_of_their_field(name, events, tmp_path):
    copy_starter(name, tmp_path)
    journey, _ = read_journey(tmp_path / "journey.yaml")
    assert set(events.split()) <= set(journey.signals)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "journey.yaml").write_text("mine")
    with pytest.raises(WorkspaceError, match=r"journey\.yaml is there already; choose a new folder or move it away"):
        copy_starter("blank", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["journey.yaml"]
    assert (tmp_path / "journey.yaml").read_text() == "mine"


def test_an_unknown_starter():
    with pytest.raises(UnknownNameError, match=r'starter "b2b-sas" is not known\. Did you mean "b2b-saas"\?'):
        copy_starter("b2b-sas", Path("unused"))


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / 'Büro "9" \\ [x]'
    copy_starter("blank", folder)
    assert read_settings(folder / "cxcurve.toml")[0].name == folder.name
