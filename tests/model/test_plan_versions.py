"""What changed from one plan to the next, in words."""

import pytest

from cxcurve.model import Journey
from cxcurve.model.plan_versions import PlanDiff, diff, mark_of, plan_document, written


def document(**signals):
    return plan_document(Journey.model_validate({"journey": "j", "stages": ["start"], "signals": signals}))


def test_a_document_says_what_is_not_plain():
    said = document(
        bare=None, used={"momentum": 0.3, "core": True, "half_life": "21d", "properties": {"n": {"type": "integer"}}}
    )
    assert said == {
        "bare": {"half_life": "14d"},
        "used": {
            "momentum": 0.3, "core": True, "half_life": "21d",
            "schema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": []},
        },
    }  # fmt: skip


def test_equal_plans_are_equal_texts_whatever_their_order():
    one, other = document(a={"friction": 1}, b=None), document(b=None, a={"friction": 1})
    assert mark_of(written(one)) == mark_of(written(other))
    assert mark_of(written(one)) != mark_of(written(document(a={"friction": 2}, b=None)))


def test_nothing_changed():
    assert diff(document(a={"friction": 1}), document(a={"friction": 1})) == PlanDiff()


def test_added_removed_and_renamed():
    before = document(ticket_opened={"friction": 0.3}, gone={"momentum": 0.1}, sign_up=None, left=None)
    after = document(ticket_created={"friction": 0.3}, fresh={"momentum": 0.2}, signed_up=None, exited=None)
    found = diff(before, after)
    assert found.renamed == (("sign_up", "signed_up"), ("ticket_opened", "ticket_created"))
    assert (found.added, found.removed) == (("exited", "fresh"), ("gone", "left"))
    assert found.said() == [
        '"sign_up" is now called "signed_up"',
        '"ticket_opened" is now called "ticket_created"',
        '"exited" added',
        '"fresh" added',
        '"gone" removed',
        '"left" removed',
    ]


def test_of_several_that_say_the_same_the_closest_name_is_the_new_one():
    before = document(page_seen={"momentum": 0.1}, video_seen={"momentum": 0.1})
    after = document(video_viewed={"momentum": 0.1}, page_viewed={"momentum": 0.1})
    assert diff(before, after).renamed == (("page_seen", "page_viewed"), ("video_seen", "video_viewed"))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"friction": 0.3}, {"friction": 0.5}, "friction 0.3 to 0.5"),
        ({"half_life": "14d"}, {"half_life": "21d"}, "half life 14d to 21d"),
        ({}, {"stage": "start"}, "stage nothing to start"),
        ({"core": True}, {}, "core true to nothing"),
        ({}, {"properties": {"n": {}}, "required": ["n"]}, 'property "n" added, property "n" required now'),
        ({"properties": {"n": {}}}, {}, 'property "n" removed'),
        (
            {"properties": {"n": {"type": "integer"}}},
            {"properties": {"n": {"type": ["integer", "string"]}}},
            'property "n" from a whole number to text or a whole number',
        ),
        (
            {"properties": {"n": {"type": "string"}}},
            {"properties": {"n": {"type": "string", "personal": True}}},
            'property "n" changed',
        ),
        (
            {"properties": {"n": {}}, "required": ["n"]}, {"properties": {"n": {}}},
            'property "n" no longer required',
        ),
        ({"schema": {}}, {"schema": {"additionalProperties": False}}, "other rules of its schema changed"),
    ],
)  # fmt: skip
def test_what_changed_of_an_event(before, after, words):
    assert diff(document(x=before), document(x=after)).said() == [f'"x": {words}']
