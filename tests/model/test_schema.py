"""The JSON schemas accept what the reader accepts and refuse what it refuses."""

import jsonschema
import pytest

from cxcurve.model.documents import read_document
from cxcurve.model.schema import journey_schema, sources_schema
from cxcurve.model.starters import copy_starter, starter_names


def errors(schema, value):
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]


@pytest.mark.parametrize("schema", [journey_schema(), sources_schema()])
def test_each_is_a_schema_without_what_only_the_code_sees(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["$defs"]) <= {
        "Bridge", "Consent", "Defaults", "Recurring", "Signal", "Stage", "State", "TimeToValue",
        "EventRule", "Source", "Time", "Connect",
    }  # fmt: skip


@pytest.mark.parametrize("name", starter_names())
def test_starters_fit(name, tmp_path):
    copy_starter(name, tmp_path)
    assert errors(journey_schema(), read_document(tmp_path / "journey.yaml")[0].value) == []
    assert errors(sources_schema(), read_document(tmp_path / "sources.yaml")[0].value) == []


JOURNEY = {"journey": "x", "stages": ["a", {"name": "b", "expected": "3d"}], "signals": {"e": None}}


@pytest.mark.parametrize(
    "change",
    [
        {"stages": [{"label": "nameless"}]},
        {"stages": [{"name": "b", "expected": 3}]},
        {"signals": {"e": {"frction": 1}}},
        {"signals": {"e": {"friction": -1}}},
        {"signals": {"e": {"name": "e"}}},
        {"signals": {"e": {"core": "yes"}}},
        {"time_to_value": {"from": "e"}},
        {"states": {"stal": {}}},
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(change):
    assert errors(journey_schema(), JOURNEY) == []
    assert errors(journey_schema(), JOURNEY | change)


def test_sources():
    log = {"files": "x.csv", "time": {"column": "t"}, "account": "a", "events": {"e": {"when": "a > 1"}}}
    assert errors(sources_schema(), {"log": log}) == []
    assert errors(sources_schema(), {"log": log | {"files": ["x", "y"]}}) == []
    assert errors(sources_schema(), {"log": log | {"key": "log"}})
    assert errors(sources_schema(), {"log": log | {"table": "people?"}})
