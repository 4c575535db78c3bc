"""A workspace between its files and its scores: what changed since the last score is said, not shown wrongly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import cxcurve
from cxcurve.errors import BadValueError, UnknownNameError, WorkspaceError
from cxcurve.pipeline import scoring
from cxcurve.workspace import init
from cxcurve.workspace.workspace import Workspace

JOURNEY = """
journey: shop
stages: [one, two]
exits: [gone]
signals:
  seen: {stage: one, momentum: 0.5}
  bought: {stage: two, momentum: 1.0}
  nps_answered: {valence: "value: 0..6=-1, 7..8=0, 9..10=1", valence_friction: 0.9, keep: latest}
  ces_answered: {valence: "value: 1..3=1, 5..7=-1", valence_friction: 0.9, keep: latest, direction: low_is_easy}
  gone: {}
"""
ACCOUNTS = "accounts: {files: customers.csv, table: customers, columns: {customer_id: id}}\n"
PEOPLE = "people: {files: people.csv, table: people, columns: {person_id: person, customer_id: account}}\n"
Made = Callable[..., Path]
"""Makes a scored workspace of a journey and events; see conftest.py."""


def add_source(folder: Path, text: str) -> None:
    with (folder / "sources.yaml").open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_journey_changed_since_the_last_score_is_said(made: Made) -> None:
    """Stages are kept by position: shown under a changed list, a customer would stand where nobody put it."""
    folder = made(JOURNEY, ["1,2026-01-05T10:00:00Z,a,,seen,"])
    (folder / "journey.yaml").write_text(JOURNEY.replace("[one, two]", "[zero, one, two]"), encoding="utf-8")
    with cxcurve.open(folder) as workspace:
        with pytest.raises(WorkspaceError, match=r"changed since the last score. Run `cxcurve score`"):
            workspace.customers()
        workspace.score()
        assert workspace.customers()[0]["stage"] == "one"


def test_scores_of_another_way_of_scoring_are_not_shown(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    with cxcurve.open(made(JOURNEY, ["1,2026-01-05T10:00:00Z,a,,seen,"])) as workspace:
        monkeypatch.setattr("cxcurve.workspace.scored.SCORER", scoring.SCORER + 1)
        with pytest.raises(WorkspaceError, match="Run `cxcurve score`"):
            workspace.customers()
        assert workspace.score() == 1, "everybody anew"
        assert workspace.customers()


def test_notes_of_later_days_are_not_on_an_earlier_curve(made: Made) -> None:
    rows = [f"{i},2026-01-{i + 1:02}T10:00:00Z,c{i},,seen," for i in range(1, 28)]
    with cxcurve.open(made(JOURNEY, rows)) as workspace:
        workspace.note("early", "2026-01-08")
        workspace.note("late", "2026-01-20")
        assert [text for _, text in workspace.curve(as_of="2026-01-15").notes] == ["early"]
        assert [text for _, text in workspace.curve().notes] == ["early", "late"]


def test_only_the_newest_answer_of_a_person_counts_for_nps(made: Made) -> None:
    """Twelve people who said 0 and then 10 are twelve promoters."""
    rows = [
        f"a{i}-{day},2026-01-0{day}T10:00:00Z,acme,p{i},nps_answered,{value}"
        for i in range(12)
        for day, value in ((5, 0), (8, 10))
    ]
    with cxcurve.open(made(JOURNEY, ["s,2026-01-01T10:00:00Z,acme,,seen,", *rows])) as workspace:
        row = next(r for r in workspace.scorecard().to_json()["rows"] if r["metric"] == "nps")
        assert (row["current"], row["n"]) == (100.0, 12)


def test_effort_asked_the_other_way_is_turned_round(made: Made) -> None:
    """`direction: low_is_easy`: 1 of 7 is the least effort, which is 7 where high is easy."""
    rows = [f"a{i},2026-01-05T10:00:00Z,acme,p{i},ces_answered,1" for i in range(12)]
    with cxcurve.open(made(JOURNEY, ["s,2026-01-01T10:00:00Z,acme,,seen,", *rows])) as workspace:
        row = next(r for r in workspace.scorecard().to_json()["rows"] if r["metric"] == "ces")
        assert row["current"] == 7.0


def test_days_are_those_of_the_workspaces_zone(made: Made) -> None:
    """Midnight in Berlin is the evening before in UTC."""
    folder = made(JOURNEY, ["1,2026-01-05T00:00:00+01:00,a,,seen,"], "Europe/Berlin")
    with cxcurve.open(folder) as workspace:
        assert "since 5 Jan 2026" in workspace.customer("a").brief


def test_questions_that_cannot_be_answered_say_why(made: Made, tmp_path: Path) -> None:
    folder = made(JOURNEY, ["1,2026-01-05T10:00:00Z,a,,seen,"])
    with cxcurve.open(folder) as workspace:
        assert workspace.customers(cohort="entered one in the last 9999999999d")
        with pytest.raises(BadValueError, match="lies before the first event; expected a day from 2026-01-05 on"):
            workspace.curve(as_of="2020-01-01")
        found = workspace.time_to_value().to_json()
        assert found["reason"] == "not_in_model"
        assert {"n", "n_reached", "n_exited", "n_waiting", "median_days", "low", "high", "reached", "waiting"} <= set(
            found
        )
    init(tmp_path / "empty", "blank").close()
    with cxcurve.open(tmp_path / "empty") as workspace, pytest.raises(WorkspaceError, match="there are no events yet"):
        workspace.curve(as_of="2020-01-01")


def test_events_loaded_since_the_last_score_are_said(made: Made) -> None:
    folder = made(JOURNEY, ["1,2026-01-05T10:00:00Z,a,,seen,"])
    with cxcurve.open(folder) as workspace:
        assert not workspace.is_behind
        (folder / "events.csv").write_text(
            "id,at,who,person,name,value\n1,2026-01-05T10:00:00Z,a,,seen,\n2,2026-01-05T11:00:00Z,a,,bought,\n",
            encoding="utf-8",
        )
        workspace.load()
        assert workspace.is_behind
        workspace.score()
        assert not workspace.is_behind


def test_what_was_loaded_since_the_last_score_is_not_mixed_into_it(made: Made) -> None:
    """Lists of events, answers and reasons are those that the indexes rest on, until the next score."""
    rows = [f"{i},2026-01-{i + 1:02}T10:00:00Z,c{i % 9},p{i % 9},seen," for i in range(1, 28)]
    rows += [f"n{i},2026-01-20T10:00:00Z,c{i},p{i},nps_answered,9" for i in range(9)]
    folder = made(JOURNEY, rows)

    def answers(workspace: Workspace) -> list[object]:
        of = [workspace.customer(name).to_json() for name in ("c1", "c2")]
        lists = [workspace.customers(), workspace.signals(), workspace.friction(), workspace.drift().to_json()]
        return [*of, *lists, workspace.scorecard().to_json(), workspace.curve().to_json()]

    with cxcurve.open(folder) as workspace:
        before = answers(workspace)
        more = [*rows, "early,2025-11-03T10:00:00Z,c1,,seen,", "new,2026-01-21T10:00:00Z,newcomer,,seen,"]
        more += [f"m{i},2026-01-2{i}T11:00:00Z,c{i},p{i},nps_answered,0" for i in range(5)]
        (folder / "events.csv").write_text("\n".join(["id,at,who,person,name,value", *more, ""]), encoding="utf-8")
        workspace.load()
        assert answers(workspace) == before
        with pytest.raises(UnknownNameError):
            workspace.customer("newcomer")
        workspace.score()
        after = answers(workspace)
        assert all(old != new for old, new in zip(before[:3], after[:3], strict=True))
        assert workspace.customer("newcomer").stage == "one"


def test_core_use_is_that_of_the_last_whole_week_or_there_is_none(made: Made) -> None:
    """Who left in January says nothing of March, however busy their last week was."""
    rows = [f"s{i},2026-01-06T10:00:00Z,c{i},,seen," for i in range(12)]
    rows += [f"u{i},2026-01-20T10:00:00Z,c{i},,used," for i in range(12)]
    rows += [f"x{i},2026-01-28T10:00:00Z,c{i},,gone," for i in range(12)] + ["late,2026-03-10T10:00:00Z,c0,,used,"]
    folder = made(JOURNEY, rows)
    (folder / "journey.yaml").write_text(JOURNEY + "  used: {momentum: 0.3, core: true}\n", encoding="utf-8")
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score()
        cards = {
            day: {r["metric"]: r for r in workspace.scorecard(as_of=day).to_json()["rows"]}
            for day in ("2026-01-25", "2026-03-10")
        }
        assert cards["2026-01-25"]["core_use"]["current"] == 1.0
        assert cards["2026-03-10"]["core_use"]["current"] is None


def test_a_valence_on_words_is_refused(made: Made) -> None:
    folder = made(JOURNEY, ["1,2026-01-05T10:00:00Z,a,,seen,"])
    (folder / "journey.yaml").write_text(JOURNEY.replace("value: 0..6", "text: 0..6"), encoding="utf-8")
    with cxcurve.open(folder) as workspace:
        assert any("only numbers have one: write value or amount" in str(problem) for problem in workspace.problems())


def test_customers_that_no_table_names_are_said(made: Made) -> None:
    folder = made(JOURNEY, [f"{i},2026-01-05T10:00:00Z,c{i},,seen," for i in range(1, 4)])
    with cxcurve.open(folder) as workspace:
        assert workspace.data_problems() == [], "without a table of customers there is nothing to compare with"
        (folder / "customers.csv").write_text("id,plan\nc1,pro\nc9,free\n", encoding="utf-8")
        add_source(folder, ACCOUNTS)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        (problem,) = workspace.data_problems()
        assert (
            '2 of 3 customers with events (anonymous visitors aside) are in no table of customers, such as "c2".'
            in problem.message
        )
        assert problem.severity == "warning"


def test_ids_that_are_addresses_are_said(made: Made) -> None:
    rows = [f"{i},2026-01-05T10:00:00Z,{id_},,seen," for i, id_ in enumerate(("c1", "ada@acme.example", "@x", "y@z"))]
    with cxcurve.open(made(JOURNEY, rows)) as workspace:
        (problem,) = workspace.data_problems()
    assert problem.message.startswith("1 of the ids of accounts, people and visitors are e-mail addresses")


def test_visitors_and_who_was_given_an_account_are_in_no_table_of_customers(made: Made) -> None:
    """A visitor can be in none; a person who is known to be at an account is that account."""
    rows = [
        "1,2026-01-05T10:00:00Z,c1,,seen,",
        "2,2026-01-05T11:00:00Z,,ann,seen,",
        "3,2026-01-06T10:00:00Z,,bob,seen,",
    ]
    folder = made(JOURNEY, rows)
    (folder / "customers.csv").write_text("id,plan\nc1,pro\n", encoding="utf-8")
    (folder / "people.csv").write_text("person,account\nann,c1\nbob,c1\n", encoding="utf-8")
    (folder / "web.csv").write_text("id,at,visitor,name\nw1,2026-01-04T10:00:00Z,v1,seen\n", encoding="utf-8")
    add_source(folder, ACCOUNTS)
    add_source(folder, "web: {files: web.csv, time: {column: at}, anonymous: visitor, id: id, name: name}\n")
    with cxcurve.open(folder) as workspace:
        workspace.load()
        (problem,) = workspace.data_problems()
        assert problem.message.startswith("2 of 3 customers with events (anonymous visitors aside)")
        assert 'such as "ann"' in problem.message
    add_source(folder, PEOPLE)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        assert workspace.data_problems() == []


def test_values_and_arguments_that_cannot_be_meant(made: Made) -> None:
    folder = made(JOURNEY, [f"{i},2026-01-05T10:00:00Z,c{i},,seen," for i in range(1, 4)])
    (folder / "customers.csv").write_text("id,plan\nc1,konzern\nc2,solo\n", encoding="utf-8")
    add_source(folder, ACCOUNTS)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score()
        assert len(workspace.customers(segment={"plan": "solo"})) == 1
        with pytest.raises(UnknownNameError, match=r'plan "konzen" is not known\. Did you mean "konzern"'):
            workspace.customers(segment={"plan": "konzen"})
        with pytest.raises(BadValueError, match="is no mapping; expected such as"):
            workspace.customers(segment="plan=solo")
        with pytest.raises(BadValueError, match='x "month" is no axis of the curve; expected week, position, date'):
            workspace.curve("month")  # type: ignore[arg-type]


def test_decline_is_told_as_it_was_scored_when_seats_changed_since(tmp_path: Path) -> None:
    """Reasons are never what is left over: with other seats since the score, no signal appears that was not there."""
    with init(tmp_path / "w", "b2b-saas") as workspace:
        rows = [f"{i},2026-01-{i:02d}T10:00:00Z,a,ticket_opened" for i in range(5, 25)]
        rows += ["s,2026-01-05T09:00:00Z,a,demo_held", "t,2026-01-05T09:00:00Z,b,demo_held"]
        (workspace.folder / "events.csv").write_text("\n".join(["id,at,who,name", *rows, ""]), encoding="utf-8")
        (workspace.folder / "customers.csv").write_text("id,seats\na,10\nb,10\n", encoding="utf-8")
        log = "log: {files: events.csv, time: {column: at}, account: who, id: id, name: name}\n"
        more = "accounts: {files: customers.csv, table: customers, columns: {customer_id: id}}\n"
        (workspace.folder / "sources.yaml").write_text(log + more, encoding="utf-8")
        workspace.load()
        workspace.score()
        before = {row.signal for row in workspace.customer("a").friction}
        (workspace.folder / "customers.csv").write_text("id,seats\na,400\nb,10\n", encoding="utf-8")
        workspace.load()
        assert workspace.is_behind
        assert {row.signal for row in workspace.customer("a").friction} == before
