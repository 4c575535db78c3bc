"""Plan entries drafted from refused events: valid below `signals:`, short, and free of what people wrote."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.model import Journey, read_journey
from cxcurve.model.event_checks import event_checks
from cxcurve.model.unplanned import MOST_NAMES, RefusedEvent, draft_plan

DAY = 86_400_000_000
START = 1_767_312_000_000_000  # 2026-01-02
HEAD = "journey: test\nstages: [start]\nsignals:\n  signup_completed: {stage: start}\n"
PLAN = Journey.model_validate({
    "journey": "test",
    "stages": ["start"],
    "signals": {
        "signup_completed": {"stage": "start"},
        "purchase": {
            "properties": {
                "plan": {"type": "string", "enum": ["free", "pro"]},
                "seats": {"type": "integer", "minimum": 1},
                "mail": {"type": "string", "format": "email", "personal": True},
            },
            "required": ["plan"],
        },
    },
})  # fmt: skip


def refused(name, n=1, *, is_text=False, own=None, **properties):
    return [RefusedEvent(name, START + i * DAY, properties, own or {}, is_text) for i in range(n)]


def pasted(tmp_path, draft):
    path = tmp_path / "journey.yaml"
    path.write_text(HEAD + draft, encoding="utf-8")
    return read_journey(path)


def test_an_entry_tells_what_was_seen(tmp_path):
    events = [
        *refused("card_failed", 15, total=1, reason="stock", note="one"),
        *refused("card_failed", 15, total=2.5, reason="limit", note="two", x=[1]),
    ]
    events[3] = RefusedEvent("card_failed", START, {"total": 1, "reason": "stock", "note": "three"})
    draft = draft_plan(events, PLAN)
    assert draft.splitlines()[1:] == [
        "  # 30 events, 2026-01-02 to 2026-01-16.",
        "  card_failed:   # guessed: friction: 0.3",
        "    properties:",
        "      note: {type: string}",
        "      reason: {type: string, enum: [limit, stock]}",
        "      total: {type: number}",
        "      x: {type: array}",
        "    required: [note, reason, total]",
    ]
    journey, problems = pasted(tmp_path, draft)
    assert [one for one in problems if one.severity == "error"] == []
    assert all(event_checks(journey)["card_failed"].broken(one.properties) is None for one in events)


def test_names_close_to_a_planned_one_come_first():
    draft = draft_plan([*refused("page_viewed", 50), *refused("signup_complete", 2)], PLAN)
    lines = draft.splitlines()
    assert lines[1] == '  # 2 events, 2026-01-02 to 2026-01-03. Did you mean "signup_completed"?'
    assert "rename: {signup_complete: signup_completed}" in lines[2]
    assert lines[3] == "  signup_complete: {}   # guessed: momentum: 0.3"
    assert lines[4] == "  # 50 events, 2026-01-02 to 2026-02-20."


def test_texts_of_a_file_without_types_are_looked_at():
    (line,) = [
        line
        for line in draft_plan(refused("x", 3, is_text=True, a="3", b="3.5", c="True", d="007"), PLAN).splitlines()
        if line.startswith("      d")
    ]
    assert line == "      d: {type: string}"
    assert "      a: {type: integer}\n      b: {type: number}\n      c: {type: boolean}" in draft_plan(
        refused("x", 3, is_text=True, a="3", b="3.5", c="True"), PLAN
    )


@pytest.mark.parametrize(
    "properties",
    [
        {"Email": "ann"}, {"firstName": "Bea"}, {"user": "u-1"}, {"contact": "ann@example.com"},
        {"note": "+49 30 1234567"}, {"client": "10.0.0.1"},
    ],
)  # fmt: skip
def test_values_that_may_be_personal_are_never_choices(properties):
    draft = draft_plan(refused("x", 40, **properties), PLAN)
    (value,) = properties.values()
    assert value not in draft
    assert "personal: true" in draft


def test_the_event_own_columns_are_no_properties_of_a_new_entry():
    assert draft_plan(refused("x", own={"amount": 3.0}), PLAN).splitlines()[-1].startswith("  x: {}")


def test_ten_thousand_names_give_a_short_draft(tmp_path):
    events = [one for i in range(10_000) for one in refused(f"page {i}", 2 if i == 77 else 1)]
    draft = draft_plan(events, PLAN)
    assert "  # ... and 9,960 more names, 9,960 events. So many names" in draft
    assert '"page 77": {}' in draft.splitlines()[2]
    assert len(draft.splitlines()) == 1 + 2 * MOST_NAMES + 2
    assert pasted(tmp_path, draft)[0] is not None


def test_what_broke_a_schema_is_told_as_the_change_that_takes_it():
    events = [
        *refused("purchase", 3, plan="enterprise", seats=3),
        *refused("purchase", 2, plan="pro", seats="many"),
        *refused("purchase", 1, plan="pro", seats=0),
        *refused("purchase", 1, seats=1),
        *refused("purchase", 1, plan="pro", mail="no address"),
        *refused("purchase", 9, plan="pro", seats=4),  # nothing wrong with these
    ]
    assert draft_plan(events, PLAN).splitlines() == [
        "  # purchase is in the plan; 8 events broke its schema. To take them, change:",
        "  #   mail: {type: string, format: email, personal: true}  to  {type: string, personal: true}   (1 event)",
        "  #   plan: {type: string, enum: [free, pro]}  to  {type: string, enum: [free, pro, enterprise]}   (3 events)",
        "  #   seats: {type: integer, minimum: 1}  to  {type: [integer, string], minimum: 0}   (3 events)",
        "  #   required: without plan   (1 event)",
    ]


def test_what_is_too_long_for_a_name_is_only_counted(tmp_path):
    draft = draft_plan([*refused("x" * 2000), *refused("y", **{"z" * 2000: 1})], PLAN)
    assert "1 more names, 1 events" in draft
    assert "and 1 more, which may be anything" in draft
    assert pasted(tmp_path, draft)[0] is not None


def test_nothing_to_draft():
    events = refused("purchase", plan="pro")
    assert draft_plan(events, PLAN).startswith("# Nothing in quarantine that the tracking plan would not take")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.text(), inside, max_size=2),
    max_leaves=4,
)
events = st.builds(
    RefusedEvent,
    name=st.text(st.characters(codec="utf-8"), min_size=1),
    at_us=st.just(START),
    properties=st.dictionaries(st.text(st.characters(codec="utf-8")), json_values, max_size=3),
    is_text=st.booleans(),
)


@given(st.lists(events, min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_whatever_was_refused_the_draft_is_a_plan_that_takes_it(tmp_path_factory, seen):
    journey, problems = pasted(tmp_path_factory.mktemp("draft"), draft_plan(seen, PLAN))
    assert [one for one in problems if one.severity == "error"] == []
    checks = event_checks(journey)
    for one in seen:
        if one.name not in PLAN.signals and len(one.name) <= 100:
            assert one.name in journey.signals
            assert one.name not in checks or checks[one.name].broken(one.properties, is_text=one.is_text) is None
