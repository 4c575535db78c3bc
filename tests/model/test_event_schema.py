"""The schema of an event's properties: what is right is read, what is wrong is told with its line."""

import textwrap

import pytest

from cxcurve.errors import Severity
from cxcurve.model import read_journey
from cxcurve.model.event_checks import event_checks
from cxcurve.model.event_schema import FORMATS, is_personal, schema_of, type_of, types_of

HEAD = """\
journey: test
stages: [start]
signals:
  purchase:
    stage: start
"""


@pytest.fixture
def read(tmp_path):
    def reading(lines: str):
        path = tmp_path / "journey.yaml"
        path.write_text(HEAD + textwrap.indent(textwrap.dedent(lines), "    "))
        return read_journey(path)

    return reading


def test_the_short_form_is_the_schema_of_an_object(read):
    journey, problems = read("""\
        properties:
          plan: {type: string, enum: [free, pro]}
          seats: {type: integer, minimum: 1}
          source:
        required: plan
    """)
    assert problems == []
    assert schema_of(journey.signals["purchase"]) == {
        "type": "object",
        "properties": {
            "plan": {"type": "string", "enum": ["free", "pro"]},
            "seats": {"type": "integer", "minimum": 1},
            "source": {},
        },
        "required": ["plan"],
    }


def test_a_whole_schema_is_taken_as_it_is(read):
    journey, problems = read("schema: {properties: {seats: {type: integer}}, additionalProperties: false}")
    assert problems == []
    found = schema_of(journey.signals["purchase"])
    assert found == {"properties": {"seats": {"type": "integer"}}, "additionalProperties": False}


def test_a_plan_that_says_nothing_of_properties_has_no_schema(read):
    journey, _ = read("momentum: 0.5")
    assert schema_of(journey.signals["purchase"]) is None
    assert event_checks(journey) == {}


def test_a_schema_is_no_part_of_what_is_scored(read):
    """A new schema must not ask for a new score of everything."""
    plain, _ = read("momentum: 0.5")
    strict, _ = read("momentum: 0.5\nproperties: {seats: {type: integer}}\nrequired: [seats]")
    assert strict.model_dump_json() == plain.model_dump_json()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("properties: 3", "6: signal \"purchase\", properties: expected keys with values, found 3"),
        (
            "properties:\n  seats: integer",
            '7: signal "purchase", properties, seats: expected keys with values such as {type: string}, found '
            '"integer"',
        ),
        (
            "properties:\n  seats:\n    type: int",
            '8: signal "purchase", properties, seats, type: "int" is no type. Did you mean "integer"? Known: string, '
            "number, integer, boolean, array, object, null.",
        ),
        (
            "properties:\n  seats:\n    type: integer\n    minimun: 1",
            '9: signal "purchase", properties, seats, minimun: is no keyword of JSON Schema that can be checked. '
            'Did you mean "minimum"?',
        ),
        (
            "properties: {seats: {minimum: one}}",
            '6: signal "purchase", properties, seats, minimum: expected a number, found "one"',
        ),
        (
            "properties: {seats: {minimum: 5, maximum: 2}}",
            '6: signal "purchase", properties, seats, minimum: 5 is above maximum 2, so nothing will do',
        ),
        (
            "properties: {name: {maxLength: -1}}",
            '6: signal "purchase", properties, name, maxLength: expected a whole number from 0 on, found -1',
        ),
        (
            "properties: {name: {type: string, pattern: '('}}",
            '6: signal "purchase", properties, name, pattern: "(" is no pattern: missing ), unterminated subpattern at '
            "position 0",
        ),
        (
            "properties: {day: {type: string, format: dates}}",
            '6: signal "purchase", properties, day, format: "dates" is no format. Known: date, date-time, email, '
            "hostname, ipv4, ipv6, time, uri.",
        ),
        (
            "properties: {plan: {type: string, enum: [free, 1]}}",
            '6: signal "purchase", properties, plan, enum, entry 2: expected text, found 1',
        ),
        (
            "properties: {plan: {enum: free}}",
            '6: signal "purchase", properties, plan, enum: expected a list of values, found "free"',
        ),
        (
            "properties: {mail: {type: string, personal: 'yes'}}",
            '6: signal "purchase", properties, mail, personal: expected true or false, found "yes"',
        ),
        (
            "properties: {items: {items: {type: txt}}}",
            '6: signal "purchase", properties, items, items, type: "txt" is no type. Known: string,',
        ),
        (
            "properties: {seats: {multipleOf: 0}}",
            '6: signal "purchase", properties, seats, multipleOf: expected a number above 0, found 0',
        ),
        (
            "schema: {$ref: 'http://localhost/schema.json'}",
            '6: signal "purchase", schema, $ref: references are not used here; write it out',
        ),
        (
            "schema: {type: string}",
            '6: signal "purchase", schema, type: expected "object", as properties are, found "string"',
        ),
        (
            "schema: {anyOf: []}",
            '6: signal "purchase", schema, anyOf: expected at least one schema',
        ),
        (
            "schema: {patternProperties: {'[': {}}}",
            '6: signal "purchase", schema, patternProperties, [: "[" is no pattern: unterminated character set at',
        ),
        (
            "schema: {}\nrequired: [plan]",
            '7: signal "purchase", required: `schema` says it all already; put it in there',
        ),
    ],
)  # fmt: skip
def test_one_wrong_line(read, lines, problem):
    journey, problems = read(lines)
    assert journey is None
    assert [str(one)[: len("journey.yaml:" + problem)] for one in problems] == [f"journey.yaml:{problem}"]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            "properties: {plan: {type: string}}\nrequired: [paln]",
            '7: signal "purchase", required: "paln" is none of its properties. Did you mean "plan"?',
        ),
        (
            "properties: {plan: {type: string, minimum: 1}}",
            '6: signal "purchase", properties, plan, minimum: changes nothing: it is for a whole number or a number',
        ),
    ],
)
def test_what_changes_nothing_or_looks_misspelt_is_a_warning(read, lines, problem):
    journey, problems = read(lines)
    assert journey is not None
    assert [(str(one), one.severity) for one in problems] == [(f"journey.yaml:{problem}", Severity.WARNING)]


def test_everything_wrong_is_told_at_once(read):
    _, problems = read("properties:\n  seats: {type: int}\n  plan: {enum: []}\nmomentum: much")
    assert [one.line for one in problems] == [7, 8, 9]


def test_personal_counts_however_deep_it_is_said():
    assert is_personal({"type": "array", "items": {"properties": {"mail": {"personal": True}}}})
    assert not is_personal({"type": "string", "personal": False})


@pytest.mark.parametrize(
    ("value", "name"),
    [(None, "null"), (True, "boolean"), (1, "integer"), (1.5, "number"), ("1", "string"), ([1], "array"),
     ({}, "object")],
)  # fmt: skip
def test_types_of_values(value, name):
    assert type_of(value) == name


def test_types_of_schemas():
    assert types_of({"type": ["string", "null"]}) == {"string", "null"}
    assert types_of({"enum": [1, "a"]}) == {"integer", "string"}
    assert types_of({}) == types_of(True) == frozenset()


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_that_is_known_is_checked(read, form):
    """A format that is let through unchecked would be a promise not kept."""
    journey, problems = read(f"properties: {{it: {{type: string, format: {form}}}}}")
    assert problems == []
    check = event_checks(journey)["purchase"]
    reason = f'property "it" is "no, not at all", expected text of the form {form}'
    assert check.broken({"it": "no, not at all"}) == reason
