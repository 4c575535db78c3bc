"""Events whose properties break the tracking plan go to quarantine with all that is wrong in one reason."""

import json

import pytest

from cxcurve.model.event_checks import EventCheck
from cxcurve.model.sources import Source
from cxcurve.sources import derive_staged, read_source

NOW_US = 1_790_000_000_000_000  # 2026-09-21T14:13:20Z
SEATS = EventCheck({"properties": {"seats": {"type": "integer", "minimum": 1}, "plan": {"enum": ["free", "pro"]}}})
PAID = EventCheck({"properties": {"amount": {"minimum": 0}}, "required": ["amount"]})
PLAIN = {"time": {"column": "at"}, "account": "who", "name": "what"}


@pytest.fixture
def read(tmp_path):
    def reading(name, content, checks, **settings):
        (tmp_path / name).write_text(content)
        source = Source(key="log", files=(name,), **(PLAIN | settings))
        (batch,) = read_source(source, tmp_path, received_us=NOW_US, checks=checks)
        return batch

    return reading


def reasons(batch):
    return [(one.line, one.ordinal, one.kind, one.reason) for one in batch.refused]


def test_all_that_is_wrong_is_in_one_reason_and_the_rest_is_loaded(read):
    rows = ("a,bought,3,pro", "a,bought,many,gold", "a,ping,x,x")
    content = "\n".join(("at,who,what,seats,plan", *(f"2026-01-02,{row}" for row in rows)))
    batch = read("log.csv", content, {"bought": SEATS})
    assert reasons(batch) == [
        (
            3, 1, "event",
            'event "bought": property "seats" is "many", expected a whole number of at least 1; property "plan" is '
            '"gold", expected one of "free", "pro"',
        )
    ]  # fmt: skip
    assert [json.loads(text)["seats"] for text in batch.events["properties"].to_pylist()] == ["3", "x"]


def test_a_number_in_quotes_is_a_number_in_csv_and_a_text_in_json(read):
    checks = {"bought": SEATS}
    assert reasons(read("log.csv", "at,who,what,seats\n2026-01-02,a,bought,3\n", checks)) == []
    line = '{"at": "2026-01-02", "who": "a", "what": "bought", "seats": "3"}\n'
    assert 'property "seats" is "3"' in read("log.jsonl", line, checks).refused[0].reason


def test_a_column_the_event_itself_has_is_found_under_its_own_name(read):
    content = "at,who,what,price\n2026-01-02,a,bought,3\n2026-01-02,a,bought,-3\n2026-01-02,a,bought,\n"
    batch = read("log.csv", content, {"bought": PAID}, amount="price")
    assert [(line, reason) for line, _, _, reason in reasons(batch)] == [
        (3, 'event "bought": property "amount" is -3.0, expected something of at least 0'),
        (4, 'event "bought": property "amount" is missing, expected something of at least 0'),
    ]


def test_what_was_wrong_before_is_told_first(read):
    batch = read("log.csv", "at,who,what,seats\n1980-01-02,a,bought,none\n", {"bought": SEATS})
    assert "before 1990" in batch.refused[0].reason


def test_events_made_from_several_rows_are_checked_too(tmp_path):
    (tmp_path / "log.csv").write_text("at,who,n,seats\n2026-01-02,a,k1,none\n2026-01-03,a,k1,4\n")
    source = Source(
        key="log", files=("log.csv",), time={"column": "at"}, account="who", id=("n", "at"), by="n", order="at",
        events={"opened": {"first": True}, "closed": {"last": True}}, properties=("seats",),
    )  # fmt: skip
    (batch,) = read_source(source, tmp_path, received_us=NOW_US)
    derived = derive_staged(source, batch.staged, received_us=NOW_US, checks={"opened": SEATS, "closed": SEATS})
    assert derived.events["name"].to_pylist() == ["closed"]
    assert 'event "opened": property "seats" is "none"' in derived.refused[0].reason
