"""Rows to events: who, when, what; ids; refusals; everything counted once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

HEAD = "at,who,what\n"
ROW = "2026-01-02,a,ping\n"


def test_the_columns_of_an_event(read_all):
    content = (
        "key,at,acc,per,dev,what,score,paid,cur,said,via,conv,part,extra,more\n"
        'e-1,2026-01-02T03:04:05Z,a,p,d,nps,9,12.5,EUR,fine,mail,c-7,p-3,"{""k"": [1]}",\n'
    )
    (event,) = read_all(
        {"log.csv": content}, time={"column": "at"}, account="acc", person="per", anonymous="dev",
        id="key", name="what",
        rename={"nps": "nps_answered"}, value="score", amount="paid", currency="cur", text="said", channel="via",
        conversation="conv", partner="part",
    ).events  # fmt: skip
    assert event == {
        "event_id": "e-1", "account_id": "a", "person_id": "p", "anonymous_id": "d",
        "occurred_us": 1_767_323_045_000_000, "received_us": 1_790_000_000_000_000, "name": "nps_answered",
        "source": "log", "channel": "mail", "value": 9.0, "amount": 12.5, "currency": "EUR",
        "text": "fine", "conversation_id": "c-7",
        "partner_id": "p-3", "data_class": "observed", "purpose": None, "properties": '{"extra":{"k":[1]}}',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-01-02,,ping\n", "names no customer: account (who) is empty"),
        ("2026-01-02,a,\n", "names no event: column what is empty"),
        (",a,ping\n", "has no time: column at is empty"),
        ("2026-13-40,a,ping\n", 'could not read "2026-13-40" as a time in column at; expected ISO 8601, such as'),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_as_a_row(read, row, reason):
    result = read(HEAD + ROW + row)
    (refused,) = result.refused
    assert (refused.line, refused.ordinal, refused.kind) == (3, 0, "row")
    assert refused.reason.startswith(reason)
    assert result.counts == (2, 1, 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1989-12-31T23:59:59Z,a,ping\n", "is dated 1989-12-31T23:59, before 1990; is the time's format right?"),
        ("2026-09-22T14:13:21Z,a,ping\n", "is dated 2026-09-22T14:13, more than 24 h after it was received"),
        ("2026-01-02,a,pinh\n", 'event "pinh" is not in the tracking plan. Did you mean "ping"?'),
    ],
)
def test_an_event_that_cannot_be_is_refused_as_an_event(read, row, reason):
    result = read(HEAD + ROW + row, known={"ping"})
    (refused,) = result.refused
    assert (refused.line, refused.ordinal, refused.kind, refused.reason) == (3, 1, "event", reason)
    assert json.loads(refused.row)["who"] == "a"
    assert result.counts == (2, 2, 0)


def test_24_hours_after_receipt_is_the_last_moment_taken(read):
    assert len(read(HEAD + "2026-09-22T14:13:20Z,a,ping\n1990-01-01,a,ping\n").events) == 2


def test_a_number_that_cannot_be_read(read):
    result = read('at,who,what,paid\n2026-01-02,a,ping,"1,234"\n2026-01-02,a,ping,\n', amount="paid")
    assert result.reasons[0][1].startswith('could not read "1,234" as a number in column paid')
    assert [event["amount"] for event in result.events] == [None]


def test_nulls_are_tokens_of_the_source(read):
    result = read(HEAD + "2026-01-02,?,ping\n", nulls=["?"])
    assert result.reasons == [(2, "names no customer: account (who) is empty")]


@pytest.mark.parametrize("who", [" a b ", 'O\'Neil "x"', "🙂", "ж" * 10_000, "1e5", "007", "NULL", "a/b%"])
def test_ids_are_kept_exactly(read, who):
    quoted = who.replace('"', '""')
    (event,) = read(HEAD + f'2026-01-02,"{quoted}",ping\n').events
    assert event["account_id"] == who


def test_any_one_of_the_three_ids_names_the_customer(read_all):
    content = {"log.csv": "at,acc,per,dev\n2026-01-02,a,,\n2026-01-02,,p,\n2026-01-02,,,d\n2026-01-02,,,\n"}
    result = read_all(content, time={"column": "at"}, account="acc", person="per", anonymous="dev", event="seen")
    assert [(e["account_id"], e["person_id"], e["anonymous_id"]) for e in result.events] == [
        ("a", None, None), (None, "p", None), (None, None, "d"),
    ]  # fmt: skip
    assert result.reasons == [(5, "names no customer: account (acc), person (per), anonymous (dev) is empty")]


def test_a_list_of_columns_is_an_id_whose_parts_cannot_collide(read):
    result = read(HEAD + "2026-01-02,a/b,c\n2026-01-02,a,b/c\n2026-01-02,a%2Fb,c\n", id=["who", "what"])
    assert [event["event_id"] for event in result.events] == ["log/c/a%2Fb/c", "log/b%2Fc/a/b%2Fc", "log/c/a%252Fb/c"]


def test_an_empty_id_refuses_the_row(read):
    result = read("at,who,what,key\n2026-01-02,a,ping,\n", id="key")
    assert result.reasons == [(2, "has no id: column key is empty")]


def test_twins_count_and_reading_again_gives_the_same_ids(read):
    rows = [ROW, "2026-01-02,b,ping\n", ROW, ROW]
    first = [event["event_id"] for event in read(HEAD + "".join(rows)).events]
    assert len(set(first)) == 4
    assert [event["event_id"] for event in read(HEAD + "".join(rows), "renamed.csv").events] == first
    turned = "what,at,who\nping,2026-01-02,a\n"
    assert [event["event_id"] for event in read(turned).events] == first[:1]


def test_the_ids_of_json_rows_do_not_depend_on_their_neighbours(read):
    row, other = (
        '{"at": "2026-01-02", "who": "a", "what": "ping"}\n',
        '{"at": "2026-01-02", "who": "b", "what": "x", "y": 1}\n',
    )
    (alone,) = read(row, "log.jsonl").events
    assert read(row + other, "log.jsonl").events[0]["event_id"] == alone["event_id"]


@settings(max_examples=30, deadline=None)
@given(st.permutations([ROW] * 3 + ["2026-01-02,b,ping\n"] * 2 + ["2026-01-03,b,ping\n", "2026-01-03,,ping\n"]))
def test_the_order_of_rows_does_not_change_the_ids(read, rows):
    ordered = read(HEAD + ROW * 3 + "2026-01-02,b,ping\n" * 2 + "2026-01-03,b,ping\n")
    assert {e["event_id"] for e in read(HEAD + "".join(rows)).events} == {e["event_id"] for e in ordered.events}


RULES = {
    "opened": {"at": "open_at"},
    "closed": {"at": "closed_at", "when": "state = 'closed'"},
    "rated": {"when": "score >= 1", "value": "score", "text": "said"},
}
TICKETS = "nr,who,open_at,closed_at,state,score,said,at\n"


def test_one_row_makes_several_events(read_all):
    content = {
        "log.csv": TICKETS
        + "1,a,2026-01-02,2026-01-05,closed,4,good,2026-01-06\n"
        + "2,a,2026-01-02,,closed,,,2026-01-06\n"
        + "3,a,,2026-01-05,open,,,2026-01-06\n"
        + "4,,2026-01-02,2026-01-05,closed,4,good,2026-01-06\n"
        + "5,a,nonsense,1970-01-01,closed,x,,2026-01-06\n"
    }
    result = read_all(content, time={"column": "at"}, account="who", id="nr", events=RULES, properties=["state"])
    assert [(e["event_id"], e["value"], e["text"]) for e in result.events] == [
        ("log/opened/1", None, None), ("log/closed/1", None, None),
        ("log/rated/1", 4.0, "good"), ("log/opened/2", None, None),
    ]  # fmt: skip
    assert {e["properties"] for e in result.events} == {'{"state":"closed"}'}
    assert [(r.line, r.ordinal, r.kind, r.reason[:40]) for r in result.refused] == [
        (5, 0, "row", "names no customer: account (who) is empt"),
        (6, 1, "event", 'could not read "nonsense" as a time in c'),
        (6, 2, "event", "is dated 1970-01-01T00:00, before 1990; "),
    ]
    assert result.counts == (5, 3, 1)
    assert sum(batch.n_made for batch in result.batches) == 6


def test_rows_without_any_event(read_all):
    rules = {"closed": {"when": "state = 'closed'"}}
    result = read_all(
        {"log.csv": "at,who,state\n2026-01-02,a,open\n"}, time={"column": "at"}, account="who", events=rules
    )
    assert (result.events, result.counts) == ([], (1, 0, 1))


def test_the_data_class_comes_from_the_plan(tmp_path):
    from cxcurve.model.sources import Source
    from cxcurve.sources import read_source

    (tmp_path / "log.csv").write_text(HEAD + ROW + "2026-01-02,a,pong\n")
    source = Source(key="log", files="log.csv", time={"column": "at"}, account="who", name="what")
    (batch,) = read_source(source, tmp_path, received_us=1_790_000_000_000_000, data_classes={"ping": "declared"})
    assert batch.events["data_class"].to_pylist() == ["declared", "observed"]


@pytest.mark.parametrize("cell", ["{bad}", '{"a": NaN}', '{"a": "\\ud800"}', "[1]", "plain"])
def test_a_property_that_is_no_json_object_stays_text(read, cell):
    quoted = cell.replace('"', '""')
    (event,) = read(f'at,who,what,extra\n2026-01-02,a,ping,"{quoted}"\n').events
    assert json.loads(event["properties"]) == {"extra": cell}
