"""Refused events read again from what quarantine kept of them."""

import json

from cxcurve.model.event_checks import EventCheck
from cxcurve.model.sources import Source
from cxcurve.model.unplanned import RefusedEvent
from cxcurve.sources import derive_staged, read_source
from cxcurve.sources.read_again import read_again

NOW_US = 1_790_000_000_000_000  # 2026-09-21T14:13:20Z
AT_US = 1_767_312_000_000_000  # 2026-01-02
PLAIN = {"time": {"column": "at"}, "account": "who", "name": "what"}


def quarantined(refused):
    names = ("source", "file", "ordinal", "reason", "row")
    return [{**{name: getattr(one, name) for name in names}, "seen_us": NOW_US} for one in refused]


def refused_of(tmp_path, name, content, known, **settings):
    (tmp_path / name).write_text(content)
    source = Source(key="log", files=(name,), **(PLAIN | settings))
    (batch,) = read_source(source, tmp_path, received_us=NOW_US, known_events=known)
    return source, quarantined(batch.refused)


def test_an_unknown_event_with_its_properties_and_its_own_columns(tmp_path):
    content = "at,who,what,price,seats,note\n2026-01-02,a,Paid Up,9.5,3,\n"
    source, rows = refused_of(tmp_path, "log.csv", content, {"ping"}, amount="price", rename={"Paid Up": "paid_up"})
    assert list(read_again({"log": source}, rows)) == [
        RefusedEvent("paid_up", AT_US, {"seats": "3"}, {"amount": 9.5}, is_text=True)
    ]


def test_json_keeps_its_types(tmp_path):
    line = json.dumps({"at": "2026-01-02", "who": "a", "what": "x", "seats": 3, "cart": {"n": 1}})
    source, rows = refused_of(tmp_path, "log.jsonl", line, {"ping"})
    assert list(read_again({"log": source}, rows)) == [RefusedEvent("x", AT_US, {"seats": 3, "cart": {"n": 1}})]


def test_what_cannot_be_dated_is_left_out(tmp_path):
    source, rows = refused_of(tmp_path, "log.csv", "at,who,what\n1980-01-02,a,ping\n2026-01-02,a,x\n", {"ping"})
    rows[0]["row"] = rows[0]["row"].replace("1980-01-02", "never")
    assert [one.name for one in read_again({"log": source}, rows)] == ["x"]


def test_events_made_from_several_rows_go_by_the_rule_that_made_them(tmp_path):
    (tmp_path / "log.csv").write_text("at,who,n,seats,shut\n2026-01-01,a,k1,0,2026-01-02\n")
    source = Source(
        key="log", files=("log.csv",), time={"column": "at"}, account="who", id=("n", "at"), by="n", order="at",
        events={"opened": {"first": True}, "closed": {"last": True, "at": "shut"}}, properties=("seats",),
    )  # fmt: skip
    (batch,) = read_source(source, tmp_path, received_us=NOW_US)
    check = EventCheck({"properties": {"seats": {"type": "integer", "minimum": 1}}})
    derived = derive_staged(source, batch.staged, received_us=NOW_US, checks={"closed": check})
    assert list(read_again({"log": source}, quarantined(derived.refused))) == [
        RefusedEvent("closed", AT_US, {"seats": "0"}, is_text=True)
    ]


def test_a_source_that_is_gone_tells_what_its_reason_tells():
    row = {"source": "gone", "file": "f", "ordinal": 1, "seen_us": NOW_US, "row": '{"properties": {"n": 1}}'}
    unknown = {**row, "reason": 'event "x" is not in the tracking plan. Did you mean "y"?'}
    dated = {**row, "reason": "is dated 1980-01-02T00:00, before 1990; is the time's format right?"}
    assert list(read_again({}, [unknown, dated])) == [RefusedEvent("x", NOW_US, {"n": 1})]
