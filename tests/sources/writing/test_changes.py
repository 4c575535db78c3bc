"""What differs from what was acknowledged is sent, in order, and nothing else."""

from __future__ import annotations

from cxcurve.sources.writing.changes import AGAIN_US, changes, mark_of
from cxcurve.sources.writing.contract import Record
from cxcurve.store.written import Remembered

NOW = 10 * AGAIN_US


def record(who: str, level: int = 1, as_of: str = "today") -> Record:
    return Record(who, {"level": level, "at": as_of})


def mark(one: Record, place: str = "crm") -> str:
    return mark_of(place, one, "at")


def sent(known: dict[str, Remembered], *records: Record, **how: bool) -> list[str]:
    return [one.record.customer_id for one in changes(records, known, "crm", "at", NOW, **how)]


def test_the_new_and_the_changed_in_order():
    known = {"a": Remembered(mark(record("a"))), "b": Remembered(mark(record("b")))}
    assert sent(known, record("c"), record("b", 2), record("a", as_of="tomorrow")) == ["b", "c"]
    assert sent(known, record("b"), record("a"), is_all=True) == ["a", "b"]


def test_another_place_knows_nothing_of_it():
    assert mark(record("a")) != mark(record("a"), "another")
    assert mark(record("a")) != mark(record("b"))


def test_what_was_refused_is_tried_again_after_a_day_or_when_it_changed():
    one = record("a")
    refused = {"a": Remembered("older", mark(one), NOW - AGAIN_US + 1)}
    assert sent(refused, one) == []
    assert sent(refused, one, is_retry=True) == ["a"]
    assert sent(refused, record("a", 2)) == ["a"]
    assert sent({"a": Remembered("older", mark(one), NOW - AGAIN_US)}, one) == ["a"]
