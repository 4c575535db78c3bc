"""The timeline: filters and pages against a plain loop over the events."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cxcurve.workspace.happened import NEITHER, OUTSIDE, PAGE, Filters, facets_of, timeline

STAYS = [
    {"stage": "look", "entered_us": 100, "left_us": 200},
    {"stage": "use", "entered_us": 200, "left_us": 300},
    {"stage": "look", "entered_us": 400, "left_us": None},
]
EVENT = st.builds(
    lambda us, source, channel, person, name: {
        "occurred_us": us, "source": source, "channel": channel, "person_id": person, "name": name, "value": None,
        "amount": None,
    },
    st.integers(50, 500),
    st.sampled_from(["crm", "web"]),
    st.sampled_from([None, "mail", "web"]),
    st.sampled_from([None, "p1", "p2"]),
    st.sampled_from(["good", "bad", "plain"]),
)  # fmt: skip
EVENTS = st.lists(EVENT, max_size=130)
CHOICES = {
    "source": ("", "crm", "web", "none such"),
    "touchpoint": ("", "mail", "web", "crm"),
    "stage": ("", "look", "use", OUTSIDE),
    "person": ("", "p1", "p2"),
    "valence": ("", "drag", "pull", NEITHER),
}
FILTERS = st.builds(Filters, **{name: st.sampled_from(values) for name, values in CHOICES.items()})


def tone(event: Any) -> str:
    return {"good": "pull", "bad": "drag"}.get(event["name"], "")


def stage_at(us: int) -> str:
    for stay in STAYS:
        if stay["entered_us"] <= us and (stay["left_us"] is None or us < stay["left_us"]):
            return str(stay["stage"])
    return "outside"


def plainly(events: list[dict[str, Any]], asked: Filters) -> list[str]:
    """What the filters say, said again."""
    found = []
    for event in events:
        touchpoint = event["source"] if event["channel"] is None else event["channel"]
        effect = "pull" if event["name"] == "good" else "drag" if event["name"] == "bad" else "neither"
        if asked.source and event["source"] != asked.source:
            continue
        if asked.touchpoint and touchpoint != asked.touchpoint:
            continue
        if asked.stage and stage_at(event["occurred_us"]) != asked.stage:
            continue
        if asked.person and event["person_id"] != asked.person:
            continue
        if asked.valence and effect != asked.valence:
            continue
        found.append(event)
    found.sort(key=lambda one: (-one["occurred_us"], *(-ord(letter) for letter in one["event_id"])))
    return [one["event_id"] for one in found]


def numbered(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**event, "event_id": f"e{n:03d}"} for n, event in enumerate(events)]


@given(EVENTS, FILTERS)
def test_the_pages_together_are_what_a_plain_loop_finds(events: list[dict[str, Any]], asked: Filters) -> None:
    rows = numbered(events)
    facets = facets_of(rows, STAYS, tone)
    first = timeline(facets, asked)
    pages = [timeline(facets, asked, page) for page in range(1, first.n_pages + 1)]
    assert [one["event_id"] for page in pages for one in page.events] == plainly(rows, asked)
    assert all(len(page.events) == PAGE for page in pages[:-1])
    assert first.n == len(plainly(rows, asked))
    assert timeline(facets, asked, 99) == pages[-1], "beyond the last page is the last"
    assert timeline(facets[::-1], asked) == first


@given(EVENTS, FILTERS)
def test_each_choice_leads_to_as_many_events_as_it_says(events: list[dict[str, Any]], asked: Filters) -> None:
    rows = numbered(events)
    facets = facets_of(rows, STAYS, tone)
    for name, choices in timeline(facets, asked).choices.counts.items():
        for value, n in choices:
            others = Filters(**{**asked.given, name: value})
            assert len(plainly(rows, others)) == n > 0
        assert len(Counter(dict(choices))) == len(choices)


@given(st.lists(EVENT, min_size=120, max_size=130), st.integers(0, 119))
def test_an_event_is_found_on_the_page_it_is_on(events: list[dict[str, Any]], place: int) -> None:
    facets = facets_of(numbered(events), STAYS, tone)
    wanted = f"e{place:03d}"
    assert wanted in {one["event_id"] for one in timeline(facets, Filters(), 1, wanted).events}
    assert timeline(facets, Filters(), 2, "none such") == timeline(facets, Filters(), 2)


def test_at_the_moment_a_stage_is_entered_the_event_is_in_it() -> None:
    for us, stage in ((99, OUTSIDE), (100, "look"), (199, "look"), (200, "use"), (300, OUTSIDE), (400, "look")):
        event = {"event_id": "e", "occurred_us": us, "source": "s", "channel": None, "person_id": None, "name": "x"}
        assert facets_of([event], STAYS, tone)[0]["stage"] == stage == stage_at(us)
