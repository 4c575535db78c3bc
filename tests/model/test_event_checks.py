"""Properties against their schema: all that is wrong in one sentence, and no more of a value than is needed."""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.model.event_checks import EventCheck, described

PURCHASE = EventCheck({
    "type": "object",
    "properties": {
        "plan": {"type": "string", "enum": ["free", "pro"]},
        "seats": {"type": "integer", "minimum": 1},
        "mail": {"type": "string", "format": "email", "personal": True},
        "paid": {"type": "number"},
        "is_trial": {"type": "boolean"},
        "items": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
    },
    "required": ["plan"],
})  # fmt: skip


def test_what_is_as_planned_has_no_reason():
    record = {"plan": "pro", "seats": 3, "mail": "a@b.de", "paid": 2, "is_trial": False, "items": [{"sku": "x"}]}
    assert PURCHASE.broken(record) is None
    assert PURCHASE.broken({"plan": "free", "other": "is not asked about"}) is None


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, 'property "plan" is missing, expected one of "free", "pro"'),
        (
            {"plan": "pro", "seats": "many"},
            'property "seats" is "many", expected a whole number of at least 1',
        ),
        ({"plan": "pro", "seats": 0}, 'property "seats" is 0, expected a whole number of at least 1'),
        ({"plan": "pro", "seats": True}, 'property "seats" is true, expected a whole number of at least 1'),
        ({"plan": "pro", "seats": None}, 'property "seats" is nothing, expected a whole number of at least 1'),
        ({"plan": "pro", "seats": [3]}, 'property "seats" is a list, expected a whole number of at least 1'),
        ({"plan": "por"}, 'property "plan" is "por", expected one of "free", "pro". Did you mean "pro"?'),
        ({"plan": "pro", "is_trial": "maybe"}, 'property "is_trial" is "maybe", expected true or false'),
        (
            {"plan": "pro", "items": [{"sku": "x"}, {"sku": 7}]},
            'property "items" at [1].sku is 7, expected text',
        ),
        (
            {"seats": -2, "paid": "x"},
            'property "plan" is missing, expected one of "free", "pro"; property "seats" is -2, expected a whole '
            'number of at least 1; property "paid" is "x", expected a number',
        ),
    ],
)
def test_all_that_is_wrong_is_one_reason(record, reason):
    assert PURCHASE.broken(record) == reason


def test_a_long_text_is_cut_and_a_personal_one_is_not_shown():
    assert PURCHASE.broken({"plan": "p" * 300}) == (f'property "plan" is "{"p" * 39}…", expected one of "free", "pro"')
    reason = PURCHASE.broken({"plan": "pro", "mail": "ann at example"})
    assert reason == 'property "mail" is something else (personal, not shown), expected text of the form email'


def test_what_is_personal_inside_hides_the_whole_property():
    check = EventCheck({"properties": {"who": {"properties": {"born": {"type": "integer", "personal": True}}}}})
    assert "1970-01-01" not in str(check.broken({"who": {"born": "1970-01-01"}}))


def test_properties_that_are_not_wanted():
    check = EventCheck({"properties": {"seats": {"type": "integer"}}, "additionalProperties": False})
    assert check.broken({"seat": 3}) == 'property "seat" is not in its schema. Did you mean "seats"?'


def test_a_default_is_not_filled_in():
    record = {}
    assert EventCheck({"properties": {"plan": {"type": "string", "default": "free"}}}).broken(record) is None
    assert record == {}


def test_what_properties_are_together():
    check = EventCheck({"minProperties": 2})
    assert check.broken({"a": 1}) == 'its properties together break "minProperties" of its schema'


def test_a_rule_without_words_is_named():
    check = EventCheck({"properties": {"ids": {"type": "array", "uniqueItems": True}}})
    assert check.broken({"ids": [1, 1]}) == 'property "ids" is a list, which breaks "uniqueItems" of its schema'


def test_texts_of_a_file_that_knows_nothing_else_are_read_as_declared():
    texts = {"plan": "pro", "seats": " 3", "paid": "1e2", "is_trial": "True", "items": '[{"sku": "x"}]'}
    assert PURCHASE.broken(texts, is_text=True) is None
    assert 'property "seats" is " 3"' in str(PURCHASE.broken(texts))


@pytest.mark.parametrize("text", ["3.5", "1_0", "inf", "nan", "", "9" * 5000, "0x3"])
def test_texts_that_are_no_whole_number_stay_texts(text):
    assert "expected a whole number" in str(PURCHASE.broken({"plan": "pro", "seats": text}, is_text=True))


def test_a_text_may_stay_one_where_text_is_allowed():
    check = EventCheck({"properties": {"code": {"type": ["string", "integer"], "minLength": 3}}})
    assert check.broken({"code": "123"}, is_text=True) is None
    assert check.broken({"code": "12"}, is_text=True) is not None


def test_columns_of_the_event_that_the_schema_speaks_of():
    check = EventCheck({"properties": {"amount": {"minimum": 0}, "seats": {}}, "required": ["currency"]})
    assert check.own == ("amount", "currency")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "a number above 0 and of at most 1"),
        ({"type": ["string", "null"], "maxLength": 9}, "text or nothing of at most 9 characters"),
        ({"enum": list("abcdefgh")}, 'one of "a", "b", "c", "d", "e", "f" or 2 more'),
        ({"const": 7}, "7"),
        ({"minimum": 1}, "something of at least 1"),
        ({}, ""),
        (True, ""),
        (False, "nothing at all"),
    ],
)
def test_schemas_in_words(schema, words):
    assert described(schema) == words


texts = st.sampled_from(["free", "pro", "3", ""])
values = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(-3, 3), texts)
records = st.dictionaries(st.sampled_from(["plan", "seats", "paid", "is_trial", "items"]), values)


@given(records)
def test_it_agrees_with_another_validator(record):
    assert (PURCHASE.broken(record) is None) == jsonschema.Draft7Validator(PURCHASE.schema).is_valid(record)


@given(st.text(), st.text())
def test_names_and_values_of_a_plan_are_never_code(name, value):
    """The validator writes code: quotes, braces and line breaks of a plan must stay the texts they are."""
    check = EventCheck({"properties": {name: {"type": "string", "enum": [value]}}, "required": [name]})
    assert check.broken({name: value}) is None
    assert str(check.broken({name: 1})).startswith('property "')
    assert "is missing" in str(check.broken({}))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"}, {"type": ["number", "null"]}, {"enum": [1, "1", True, None]}, {"const": 1},
        {"const": "{x}"}, {"minimum": 1}, {"maximum": 1}, {"exclusiveMinimum": 1}, {"exclusiveMaximum": 1},
        {"multipleOf": 0.5},
        {"minLength": 2}, {"maxLength": 2}, {"pattern": "^a"}, {"items": {"type": "integer"}}, {"minItems": 1},
        {"items": [{"type": "integer"}], "additionalItems": False}, {"maxItems": 1}, {"uniqueItems": True},
        {"contains": {"type": "string"}}, {"minProperties": 1}, {"maxProperties": 1}, {"required": ["a"]},
        {"properties": {"a": {"type": "integer"}}}, {"patternProperties": {"^a": False}},
        {"additionalProperties": {"type": "integer"}}, {"propertyNames": {"maxLength": 1}}, {"not": {"type": "string"}},
        {"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"const": 1}}, {"allOf": [{"minimum": 1}]},
        {"anyOf": [{"type": "string"}, {"minimum": 1}]}, {"oneOf": [{"type": "integer"}, {"minimum": 1}]}, True, False,
    ],
    ids=str,
)  # fmt: skip
def test_every_keyword_means_what_it_means_elsewhere(schema):
    whole = {"properties": {"it": schema}}
    check, other = EventCheck(whole), jsonschema.Draft7Validator(whole)
    samples = [None, True, 1, 0, 1.5, 1.0, "", "a", "ab", "1", [], [1], [1, 1], ["a", 1], {}, {"a": 1}, {"ab": "x"}]
    found = [check.broken({"it": sample}) is None for sample in samples]
    assert found == [other.is_valid({"it": sample}) for sample in samples]
