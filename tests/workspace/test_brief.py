"""A brief: every sentence rests on something, the order of events plays no part, and what is not known is not said."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxcurve
from cxcurve.metrics.episodes import episodes
from cxcurve.model import read_journey
from cxcurve.sources.simulated import simulate, write
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.advice import brief_of, watched_names
from cxcurve.workspace.brief import Brief
from cxcurve.workspace.briefs import events_of
from cxcurve.workspace.known import FOLLOWED_US, Known
from cxcurve.workspace.workspace import open as opened

AS_OF = 1_790_000_000_000_000
FACTS = {"customer_id": "acme", "name": "Acme", "segment": "SMB", "plan": "Pro", "owner": "Ida"}
JOURNEY = """
journey: shop
stages:
  - {name: look, label: Look, expected: 14d}
  - name: use
    label: Use
    feelings: {reactive: [can I make this work]}
    bridge: {to: speak, content: [Value summary]}
  - {name: speak, label: Speak}
exits: [gone]
time_to_value: {from: bought, to: used}
targets: {open_issue: 3d}
signals:
  read: {stage: look, mindset: reactive}
  bought: {stage: use, data_class: declared}
  used: {core: true}
  asked: {contact: true, friction: 0.3, until: answered}
  asked_again: {contact: true, friction: 0.6}
  answered: {by: company}
  called: {contact: true}
  self_service_solved: {}
  self_service_failed: {friction: 0.2}
  rated: {valence: "value: 1..2=-1, 3=0, 4..5=1", valence_friction: 0.5}
  gone: {data_class: declared}
  spoke: {stage: speak}
"""


def journey(folder: Path) -> Any:
    path = folder / "journey.yaml"
    path.write_text(JOURNEY, encoding="utf-8")
    found, problems = read_journey(path)
    assert not problems
    return found


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return journey(tmp_path_factory.mktemp("shop"))


def event(name: str, days_ago: float, number: int = 0, **more: Any) -> dict[str, Any]:
    us = AS_OF - int(days_ago * US_PER_DAY)
    empty = dict.fromkeys(("channel", "value", "amount", "text", "conversation_id", "person_id"))
    said = {"event_id": f"{name}-{number}-{us}", "name": name, "occurred_us": us, "source": "log", "properties": "{}"}
    return {**empty, **said, **more}


def known(shop: Any, *events: dict[str, Any], **more: Any) -> Known:
    return Known(
        journey=shop, zone="UTC", as_of_us=AS_OF, facts=FACTS, stage="use", stage_since_us=AS_OF - 40 * US_PER_DAY,
        happened=[event("bought", 40), *events], **more,
    )  # fmt: skip


def texts(brief: Brief, *topics: Any) -> list[str]:
    return [one.text for one in brief.of(*topics)]


def left(brief: Brief) -> set[str]:
    return {one.topic for one in brief.left_out}


def test_who_searched_and_found_nothing_and_calls_for_the_first_time(shop: Any) -> None:
    about = {"properties": json.dumps({"topic": "invoices"})}
    tried = [event("self_service_failed", 0.1, **about), event("self_service_failed", 0.2, **about)]
    asked = [event("asked", 30, channel="mail"), event("answered", 29)]
    brief = brief_of(known(shop, *tried, *asked, has_calls=True))
    assert texts(brief, "self_service") == [
        "Tried self-service on invoices twice today and found no answer; this would be their first call."
    ]
    assert brief.of("self_service")[0].events == tuple(one["event_id"] for one in tried)
    assert texts(brief, "next") == ["Answer their question on invoices, and stay until it works."]
    called = brief_of(known(shop, *tried, event("called", 50, channel="phone"), has_calls=True))
    assert texts(called, "self_service") == ["Tried self-service on invoices twice today and found no answer."]
    unheard = brief_of(known(shop, *tried, *asked, has_calls=False))
    assert "first call" not in unheard.text, "where no call of anybody is recorded, nobody's is the first"
    nobody = brief_of(known(shop, *tried, has_calls=False))
    assert "this would be their first contact with a person" in nobody.text


def test_a_search_is_lost_when_somebody_was_asked_within_72_hours(shop: Any) -> None:
    solved = event("self_service_solved", 2)
    assert "self_service" in left(brief_of(known(shop, solved)))
    assert texts(brief_of(known(shop, solved, event("called", 1))), "self_service")
    assert "self_service" in left(brief_of(known(shop, event("self_service_failed", 3.1)))), "that is too long ago"


def test_what_is_open_comes_first_and_says_that_it_is_late(shop: Any) -> None:
    brief = brief_of(known(shop, event("asked", 10, conversation_id="t1", channel="mail", text="It fails."),
                           event("asked_again", 4, conversation_id="t1", channel="mail")))  # fmt: skip
    assert texts(brief, "issue") == ["Open since 11 Sep 2026 (10 days, past its target of 3 days): asked."]
    assert texts(brief, "next") == [
        "First settle what is open since 11 Sep 2026, or say when it will be; its target of 3 days has passed."
    ]
    assert texts(brief, "avoid") == [
        "Do not ask for the story again: it was told in 2 steps since 11 Sep 2026.",
        "Do not ask for a review, a reference or more seats now: an issue is open.",
    ]
    assert len(brief.of("contact")) == 1, "one conversation is one contact"
    fresh = brief_of(known(shop, event("asked", 1)))
    assert texts(fresh, "issue") == ["Open since 20 Sep 2026 (1 day): asked."]


def test_three_contacts_of_all_channels_the_latest_first(shop: Any) -> None:
    channels = ("mail", "phone", "chat", "web")
    events = [event("called", 10 + i, channel=one, text=f"by {one}") for i, one in enumerate(channels)]
    assert texts(brief_of(known(shop, *events)), "contact") == [
        "Last contact: called by mail on 11 Sep 2026: “by mail”",
        "Before that: called by phone on 10 Sep 2026: “by phone”",
        "And before: called by chat on 9 Sep 2026: “by chat”",
    ]


def test_thin_data_is_left_out_and_says_why(shop: Any) -> None:
    brief = brief_of(known(shop, event("read", 3), event("read", 2)))
    assert left(brief) == {"mindset", "mood", "contact", "issue", "self_service"}
    assert next(one.reason for one in brief.left_out if one.topic == "mindset") == (
        "2 pieces of evidence, and 3 are needed"
    )
    clear = brief_of(known(shop, *(event("read", i) for i in range(1, 4))))
    assert texts(clear, "mindset") == [
        "Mindset reactive, a pain pushes them (3 pieces of evidence, the newer the heavier): can I make this work."
    ]
    silent = brief_of(known(shop, silent=("support",)))
    assert "sources" in left(silent)


def test_a_bad_mood_asks_for_no_favour_and_an_old_one_is_no_mood(shop: Any) -> None:
    brief = brief_of(known(shop, event("rated", 5, value=1.0, text="Nobody helps.")))
    assert texts(brief, "mood") == ["Mood bad on 16 Sep 2026 (rated): “Nobody helps.”"]
    assert texts(brief, "avoid") == [
        "Do not ask for a review, a reference or more seats now: they said that they are not happy."
    ]
    assert "mood" in left(brief_of(known(shop, event("rated", 31, value=1.0))))
    fine = brief_of(known(shop, event("rated", 5, value=5.0)))
    assert (texts(fine, "avoid"), texts(fine, "next")) == ([], ["Towards Speak: Value summary."])


def test_who_allows_no_offers_is_offered_nothing(shop: Any) -> None:
    assert texts(brief_of(known(shop, refuses=("",))), "avoid") == ["Offer nothing: the account did not allow it."]
    assert texts(brief_of(known(shop, refuses=("a", "b"))), "avoid") == ["Offer nothing: 2 people did not allow it."]


def test_what_was_watched_is_not_told(shop: Any) -> None:
    assert watched_names(shop) == {"read"}
    brief = brief_of(known(shop, event("read", 5), event("read", 6), event("read", 31)))
    assert texts(brief, "avoid") == [
        "Do not say that you saw what they looked at: read (2 times). They did not tell you."
    ]
    assert len(brief.of("avoid")[0].events) == 2


def test_who_left_is_told_so(shop: Any) -> None:
    one = replace(known(shop, event("gone", 3, text="Too dear.")), stage=None, stage_since_us=None)
    brief = brief_of(one)
    assert texts(brief, "stage") == ["Left on 18 Sep 2026 (gone): “Too dear.”"]
    assert "next" in left(brief)


NAMES = ("read", "used", "asked", "asked_again", "answered", "called", "self_service_solved", "self_service_failed",
         "rated", "unheard_of")  # fmt: skip
EVENTS = st.lists(
    st.builds(
        event,
        st.sampled_from(NAMES),
        st.sampled_from([0.1, 0.1, 1.0, 2.0, 5.0, 12.0, 35.0, 200.0]),
        st.integers(0, 3),
        conversation_id=st.sampled_from([None, "t1", "t2"]),
        value=st.sampled_from([None, 1.0, 3.0, 5.0]),
        channel=st.sampled_from([None, "mail", "phone"]),
    ),
    max_size=25,
    unique_by=lambda one: one["event_id"],
)


@given(EVENTS, st.randoms(use_true_random=False), st.booleans())
def test_every_sentence_rests_on_something_and_order_plays_no_part(
    shop: Any, events: Sequence[dict[str, Any]], chance: random.Random, has_calls: bool
) -> None:
    one = known(shop, *events, has_calls=has_calls)
    brief = brief_of(one)
    ids = {each["event_id"] for each in one.happened}
    for sentence in brief.sentences:
        assert sentence.events or sentence.facts
        assert set(sentence.events) <= ids
        assert sentence.text[0].isupper()
        assert sentence.text[-1] in ".”"
    of_events = [sentence.topic for sentence in brief.sentences if not sentence.events]
    assert set(of_events) <= {"who"}, "all else is said of events"
    shuffled = [*one.happened]
    chance.shuffle(shuffled)
    assert brief_of(replace(one, happened=shuffled)) == brief


@given(EVENTS)
def test_failed_searches_are_of_the_last_72_hours(shop: Any, events: Sequence[dict[str, Any]]) -> None:
    for one in known(shop, *events).failed_self_service:
        assert AS_OF - FOLLOWED_US <= one["occurred_us"] < AS_OF
        assert one["name"].startswith("self_service")


# --- read from a store


@pytest.fixture(scope="module", name="company")
def _company(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("brief") / "acme"
    init(folder, "b2b-saas").close()
    write(simulate(customers=60, weeks=30, seed=5), folder)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score()
        yield workspace


def test_the_quick_brief_is_that_of_the_whole_page(company: Workspace) -> None:
    for row in company.customers()[::5]:
        quick, whole = company.brief(row["customer_id"]), company.customer(row["customer_id"])
        assert quick == whole.told
        assert whole.brief == quick.text


def test_open_issues_are_those_that_scores_are_made_of(company: Workspace) -> None:
    """At many moments, against `metrics.episodes` in SQL."""
    n = 0
    with company.snapshot() as now:
        run = company.run_of(now)
        contacts = [key for key, one in now.plan.signals.items() if one.contact]
        keys = [row["customer_key"] for row in company.customers()]
        by_customer = {key: events_of(run, key) for key in keys}
        for days in range(4, 190, 2):
            until = now.as_of_us - days * US_PER_DAY - 3 * 3_600_000_000
            rows = company.store.arrow(episodes(now.log.filter(now.log.occurred_us < until), now.plan)).to_pylist()
            wanted = {one["event_id"] for one in rows if one["ended_us"] is None and one["signal_key"] in contacts}
            found = set()
            for key in keys:
                before = [one for one in by_customer[key] if one["occurred_us"] < until]
                there = Known(now.plan.journey, "UTC", until, FACTS, None, None, before)
                found |= {one["event_id"] for one in there.open_issues}
            assert found == wanted
            n += len(wanted)
    assert n > 10, "else this says nothing"


def test_an_earlier_day_is_told_as_it_was(company: Workspace) -> None:
    row = company.customers()[0]
    told = company.brief(row["customer_id"], "2026-09-01")
    named = [event_id for sentence in told.sentences for event_id in sentence.events]
    known_then = company.store.rows("SELECT max(occurred_us) FROM events WHERE list_contains($1, event_id)", named)
    assert known_then[0][0] is None or known_then[0][0] < told.as_of_us


def test_rows_loaded_in_another_order_make_the_same_brief(made: Callable[..., Path]) -> None:
    rows = [
        "1,2026-01-01T10:00:00Z,a,,read,", "2,2026-01-02T10:00:00Z,a,,bought,", "3,2026-01-20T10:00:00Z,a,p,asked,",
        "4,2026-01-20T10:00:00Z,a,p,called,", "5,2026-01-21T10:00:00Z,a,p,rated,1", "6,2026-01-21T10:00:00Z,b,,read,",
        "7,2026-01-21T10:00:00Z,a,,self_service_failed,",
    ]  # fmt: skip
    folder = made(JOURNEY, rows)
    with opened(folder) as workspace:
        first = workspace.brief("a")
        rows_back = [workspace.brief("a") for _ in range(2)]
    assert rows_back == [first, first]
    (folder / "events.csv").write_text("\n".join(["id,at,who,person,name,value", *rows[::-1], ""]), encoding="utf-8")
    for path in (folder / ".cxcurve").iterdir():
        if path.is_file():
            path.unlink()
    with opened(folder) as workspace:
        workspace.load()
        workspace.score()
        assert workspace.brief("a") == first
    assert len(first.sentences) > 5
