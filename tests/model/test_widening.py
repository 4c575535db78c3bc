"""The least change of a schema that takes what broke it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.model.event_checks import EventCheck
from cxcurve.model.widening import widened


@pytest.mark.parametrize(
    ("schema", "values", "wider"),
    [
        ({"type": "integer", "minimum": 1}, [0, -3], {"type": "integer", "minimum": -3}),
        ({"type": "integer"}, [1.5], {"type": "number"}),
        ({"type": "string"}, [None], {"type": ["string", "null"]}),
        ({"type": "string", "maxLength": 3, "pattern": "^a"}, ["abcd"], {"type": "string", "pattern": "^a"}),
        ({"enum": ["a"]}, ["b", "b", True], {"enum": ["a", "b", True]}),
        ({"type": "string", "enum": ["a"]}, [f"id-{i}" for i in range(30)], {"type": "string"}),
        ({"type": "string", "enum": ["a"], "personal": True}, ["Ann"], {"type": "string", "personal": True}),
        ({"type": "array", "items": {"type": "string"}}, [[1]], {"type": "array"}),
        (False, [1], {}),
    ],
)
def test_the_least_change(schema, values, wider):
    assert widened(schema, values) == wider


single = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text(max_size=30))
values = single | st.lists(st.integers(), max_size=2)
schemas = st.sampled_from([
    {"type": "integer", "minimum": 3, "maximum": 4}, {"enum": ["x", 1]}, {"type": ["string", "null"], "minLength": 40},
    {"type": "array", "minItems": 3}, {"const": 1}, {"not": {}}, {"type": "number", "multipleOf": 2, "personal": True},
])  # fmt: skip


@given(schemas, st.lists(values, min_size=1))
def test_the_wider_schema_takes_everything(schema, seen):
    check = EventCheck({"properties": {"it": widened(schema, seen)}})
    assert [check.broken({"it": one}) for one in seen] == [None] * len(seen)
