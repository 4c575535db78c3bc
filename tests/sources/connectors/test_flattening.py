"""Nested answers as flat rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cxcurve.sources.connectors.flattening import column, exploded, flat, inside


def test_objects_are_taken_apart_and_stay_beside():
    record = {"id": 7, "via": {"channel": "web", "source": {"rel": None}}, "tags": ["a"], "custom": {}}
    assert flat(record) == {
        "id": 7, "via": {"channel": "web", "source": {"rel": None}}, "via_channel": "web", "via_source": {"rel": None},
        "via_source_rel": None, "tags": ["a"],
    }  # fmt: skip


def test_a_column_of_its_own_wins():
    assert flat({"via": {"channel": "web"}, "via_channel": "mail"})["via_channel"] == "mail"
    assert column({"via": {"channel": "web"}, "via_channel": "mail"}, "via_channel") == "mail"


@given(st.dictionaries(st.sampled_from("abc"), st.integers() | st.dictionaries(st.sampled_from("abc"), st.integers())))
def test_one_column_is_that_of_the_flat_record(record):
    columns = {name: value for name, value in flat(record).items() if not isinstance(value, dict)}
    assert {name: column(record, name) for name in columns} == columns


def test_entries_of_a_list_keep_what_is_around_them():
    record = {"id": 1, "who": {"id": 9}, "events": [{"id": 2}, {"id": None, "at": 5}]}
    kept = {"ticket": "id", "person": "who_id", "id": "id"}
    assert list(exploded(record, "events", kept)) == [
        {"ticket": 1, "person": 9, "id": 2}, {"ticket": 1, "person": 9, "id": 1, "at": 5},
    ]  # fmt: skip
    assert list(exploded({"id": 1}, "events", kept)) == []


def test_paths():
    assert inside({"a": {"b": [1]}}, "a.b") == [1]
    assert inside({"a": [1]}, "a.b") is None
    assert inside([1], "") == [1]
