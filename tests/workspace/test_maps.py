"""Journey maps: mindsets as told of one customer, deeds against a walk over the log, beliefs kept and ranked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

import cxcurve
from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.metrics.mindset import mindset
from cxcurve.metrics.personas import PERSONA_DAYS, deeds, mindsets
from cxcurve.sources.simulated import simulate, write
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.maps import Persona

EVERYBODY = Persona()


@pytest.fixture(scope="module", name="company")
def _company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("maps") / "acme"
    init(folder, "b2b-saas").close()
    write(simulate(customers=120, weeks=40, seed=3), folder)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score(full=True)
        yield workspace


def test_mindsets_are_those_of_the_customers_one_by_one(company: Workspace) -> None:
    signals = company.journey.signals
    with company.snapshot() as known:
        told = company.store.arrow(mindsets(known.log, known.plan, as_of_us=known.as_of_us)).to_pylist()
        as_of_us = known.as_of_us
    of: dict[int, list[dict[str, object]]] = defaultdict(list)
    log = company.store.events_name("analytics")
    for key, name, at_us in company.store.rows(f"SELECT customer_key, name, occurred_us FROM {log}"):
        of[key].append({"name": name, "occurred_us": at_us})
    slow = {key: said for key, events in of.items() if (said := mindset(events, signals, as_of_us))}
    assert {row["customer_key"]: row["mindset"] for row in told} == slow
    assert len(set(slow.values())) == 2


def test_deeds_are_as_a_walk_over_the_log_has_them(company: Workspace) -> None:
    with company.snapshot() as known:
        told = company.store.arrow(deeds(known)).to_pylist()
        since, until = known.as_of_us - PERSONA_DAYS * US_PER_DAY, known.as_of_us
    spans = defaultdict(list)
    for key, stage, entered, left in company.store.rows("SELECT customer_key, stage, entered_us, left_us FROM stays"):
        spans[key].append((stage, entered, 2**62 if left is None else left))
    who, n = defaultdict(set), defaultdict(int)
    log = company.store.log_name("analytics")
    for key, signal, at_us in company.store.rows(f"SELECT customer_key, signal_key, occurred_us FROM {log}"):
        for stage, entered, left in spans[key]:
            if since <= at_us < until and entered <= at_us < left:
                who[stage, signal].add(key)
                n[stage, signal] += 1
    fast = {(row["stage"], row["signal_key"]): (row["n_customers"], row["n_events"]) for row in told}
    assert fast == {place: (len(keys), n[place]) for place, keys in who.items()}


def test_a_persona_is_part_of_everybody(company: Workspace) -> None:
    whole, some = company.map(EVERYBODY).to_json(), company.map(Persona(mindset="reactive")).to_json()
    assert 0 < some["n_customers"] < whole["n_customers"]
    champion = company.map(Persona(role="champion")).to_json()
    deeds_of = lambda told: sum(one["n_events"] for stage in told["stages"] for one in stage["actions"])  # noqa: E731
    assert 0 < deeds_of(champion) < deeds_of(whole)
    assert all(stage["reason"] == "too_few" for stage in whole["stages"] if stage["n_customers"] < 10)
    known = [stage for stage in whole["stages"] if stage["level"] is not None]
    assert known
    assert all(stage["low"] <= stage["level"] <= stage["high"] for stage in known)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"stage": "nowhere"}, UnknownNameError, 'stage "nowhere"'),
        ({"stage": "invest", "mindset": "calm"}, UnknownNameError, 'mindset "calm"'),
        ({"stage": "invest", "level_current": "101"}, BadValueError, "no number from -100 to 100"),
        ({"stage": "invest", "level_future": "nan"}, BadValueError, "no number from -100 to 100"),
        ({"stage": "invest", "text_current": "x" * 1_001}, BadValueError, "at most 1,000 are kept"),
    ],
    ids=["stage", "mindset", "level", "nan", "text"],
)
def test_what_cannot_be_is_refused(company: Workspace, said: dict[str, str], error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        company.believe(said, "ada")


def test_what_was_said_last_holds_and_the_largest_gap_comes_first(company: Workspace) -> None:
    persona = {"segment": "SMB", "mindset": "reactive", "role": "it"}
    company.believe({**persona, "stage": "invest", "level_current": "10", "text_future": "calm"}, "ada")
    company.believe({**persona, "stage": "invest", "level_current": "−20", "text_future": "calm"}, "bob")
    said = company.map(Persona("SMB", "it", "reactive"), segment={"segment": "SMB"})
    one = said.said("current", "invest")
    assert one is not None
    assert (one["level"], one["said_by"]) == (-20.0, "bob")
    assert (said.said("future", "invest") or {})["said_by"] == "ada"  # unchanged: not said again
    assert company.map(EVERYBODY).said("current", "invest") is None
    for stage, level in (("transform", "100"), ("research", "-100")):
        company.believe({"stage": stage, "level_current": level}, "ada")
    gaps = company.map(EVERYBODY).gaps()
    assert [abs(gap["gap"]) for gap in gaps] == sorted((abs(gap["gap"]) for gap in gaps), reverse=True)
    assert all(gap["gap"] == pytest.approx(gap["believed"] - gap["measured"]) for gap in gaps)


def test_what_half_of_them_do_is_no_opportunity(company: Workspace) -> None:
    told = [row for stage in company.map(EVERYBODY).to_json()["stages"] for row in stage["opportunities"]]
    assert told
    assert all(row["share"] < 0.5 for row in told)
