"""The buying committee: who is there, when last heard of, how they feel, and which role nobody has."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from cxcurve.model import read_journey
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.committee import ROLES, committee

AS_OF = 1_790_000_000_000_000
JOURNEY = """
journey: shop
stages: [one]
signals:
  used: {stage: one}
  asked: {contact: true}
  rated: {valence: "value: 1..2=-1, 3=0, 4..5=1", valence_friction: 0.5}
"""


@pytest.fixture(scope="module", name="journey")
def _journey(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = Path(tmp_path_factory.mktemp("committee")) / "journey.yaml"
    path.write_text(JOURNEY, encoding="utf-8")
    return read_journey(path)[0]


def person(name: str, role: str | None, **attributes: str) -> dict[str, Any]:
    return {"person_id": name, "role": role, "attributes": json.dumps(attributes)}


def event(name: str, who: str | None, days_ago: float, value: float | None = None) -> dict[str, Any]:
    us = AS_OF - int(days_ago * US_PER_DAY)
    return {"event_id": f"{name}{who}{us}", "name": name, "person_id": who, "occurred_us": us, "value": value,
            "text": None}  # fmt: skip


PEOPLE = [person("a", "champion", seniority="Director"), person("b", "it", title="Admin"), person("c", None)]
EVENTS = [
    event("used", "a", 2), event("asked", "a", 5), event("rated", "a", 6, 1), event("used", "b", 1),
    event("rated", "b", 40, 5), event("asked", "somebody else", 0.5), event("asked", None, 0.1),
]  # fmt: skip


def test_each_with_what_is_known_of_them(journey: Any) -> None:
    found = committee(PEOPLE, EVENTS, journey, AS_OF)
    by_id = {one.person_id: one for one in found.members}
    assert [one.person_id for one in found.members] == ["b", "a", "c"], "seen last first"
    assert (by_id["a"].seniority, by_id["b"].seniority, by_id["c"].seniority) == ("Director", "Admin", None)
    assert by_id["a"].contact_us == AS_OF - 5 * US_PER_DAY
    assert (by_id["b"].contact_us, by_id["c"].seen_us) == (None, None)
    moods = {name: one.mood.word if one.mood else None for name, one in by_id.items()}
    assert moods == {"a": "bad", "b": None, "c": None}, "their own, within 30 days"


def test_who_is_missing(journey: Any) -> None:
    found = committee(PEOPLE, EVENTS, journey, AS_OF)
    assert found.missing == ("economic_buyer", "legal", "procurement")
    assert found.coverage_share == pytest.approx(2 / 5)
    everybody = committee([person(role, role) for role in ROLES], [], journey, AS_OF)
    assert (everybody.missing, everybody.coverage_share) == ((), 1.0)


def test_where_no_role_is_known_none_is_called_missing(journey: Any) -> None:
    for people in ([], [person("a", None), person("b", "")]):
        found = committee(people, EVENTS, journey, AS_OF)
        assert (found.missing, found.coverage_share) == ((), None)
        assert found.to_json()["reason"] == "no role of anybody is known here"


def test_order_plays_no_part(journey: Any) -> None:
    chance = random.Random(4)
    for _ in range(20):
        people, events = chance.sample(PEOPLE, 3), chance.sample(EVENTS, len(EVENTS))
        assert committee(people, events, journey, AS_OF) == committee(PEOPLE, EVENTS, journey, AS_OF)
