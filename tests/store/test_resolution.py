"""Whose an id is: by what was said, in whatever order, and nothing guessed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cxcurve.store.resolution import Holder, Id, Link
from cxcurve.store.resolution import resolve as resolve_with_heads


def resolve(links: Iterable[Link], account_of: Mapping[str, str]) -> dict[Id, Holder]:
    return {id_: replace(holder, head=None) for id_, holder in resolve_with_heads(links, account_of).items()}


def test_who_somebody_is_under_his_last_id() -> None:
    said = [link(visitor("a"), person("u")), link(person("u"), account("acme"), "group")]
    assert resolve_with_heads(said, {})[visitor("a")] == Holder(account("acme"), (), person("u"))


def link(of: Id, to: Id, how: str = "identify", at: int = 0) -> Link:
    return Link(at, f"{how}:{of}:{to}:{at}", how, of, to)


def visitor(name: str) -> Id:
    return ("anonymous", name)


def person(name: str) -> Id:
    return ("person", name)


def account(name: str) -> Id:
    return ("account", name)


def test_a_visitor_is_a_person_and_belongs_to_the_account() -> None:
    found = resolve([link(visitor("a"), person("u")), link(person("u"), account("acme"), "group")], {})
    assert found == {visitor("a"): Holder(account("acme")), person("u"): Holder(account("acme"))}


def test_the_table_of_people_comes_before_what_links_say() -> None:
    found = resolve([link(person("u"), account("acme"), "group")], {"u": "globex"})
    assert found[person("u")] == Holder(account("globex"))


def test_a_chain_of_aliases_ends_at_the_last() -> None:
    found = resolve([link(person("1"), person("2"), "alias"), link(person("2"), person("3"), "alias")], {"1": "acme"})
    assert {id_: holder.to for id_, holder in found.items()} == {person(n): account("acme") for n in "123"}


def test_aliases_of_each_other_end_at_the_same() -> None:
    found = resolve([link(person("b"), person("a"), "alias"), link(person("a"), person("b"), "alias")], {})
    assert {holder.to for holder in found.values()} == {person("a")}


def test_a_shared_device_is_held_for_somebody_to_decide() -> None:
    said = [link(visitor("tablet"), person("u")), link(visitor("tablet"), person("v"))]
    found = resolve(said, {})
    assert found[visitor("tablet")] == Holder(visitor("tablet"), (person("u"), person("v")))
    decided = resolve([*said, link(visitor("tablet"), person("v"), "decided", 5)], {})
    assert decided[visitor("tablet")] == Holder(person("v"))
    apart = resolve([*said, link(visitor("tablet"), visitor("tablet"), "decided", 5)], {})
    assert apart[visitor("tablet")] == Holder(visitor("tablet"))


def test_two_persons_who_are_one_are_no_conflict() -> None:
    said = [link(visitor("a"), person("u")), link(visitor("a"), person("v")), link(person("u"), person("v"), "alias")]
    assert resolve(said, {})[visitor("a")] == Holder(person("v"))


def test_a_person_of_two_accounts_is_held() -> None:
    said = [link(person("u"), account("acme"), "group"), link(person("u"), account("globex"), "group")]
    assert resolve(said, {})[person("u")] == Holder(person("u"), (account("acme"), account("globex")))
    decided = [*said, link(person("u"), account("globex"), "decided", 1)]
    assert resolve(decided, {})[person("u")] == Holder(account("globex"))


def test_the_later_decision_holds() -> None:
    said = [link(visitor("a"), person("u"), "decided", 1), link(visitor("a"), person("v"), "decided", 2)]
    assert resolve(said, {})[visitor("a")] == Holder(person("v"))
    assert resolve(reversed(said), {})[visitor("a")] == Holder(person("v"))


IDS = st.sampled_from([visitor("a"), visitor("b"), person("u"), person("v"), person("w")])
TARGETS = st.sampled_from([person("u"), person("v"), person("w"), account("x"), account("y")])
LINKS = st.lists(
    st.builds(link, IDS, TARGETS, st.sampled_from(["identify", "alias", "group", "decided"]), st.integers(0, 9))
)


@given(
    LINKS, st.dictionaries(st.sampled_from(["u", "v"]), st.sampled_from(["x", "y"])), st.randoms(use_true_random=False)
)
def test_neither_order_nor_repetition_matters(links: list[Link], people: dict[str, str], rng: random.Random) -> None:
    shuffled = [*links, *links]
    rng.shuffle(shuffled)
    assert resolve(shuffled, people) == resolve(links, people)


@given(LINKS)
def test_whose_somebody_is_is_nobody_elses(links: list[Link]) -> None:
    """A person whom others are is on his own or of an account: ways end."""
    found = resolve(links, {})
    for holder in found.values():
        if holder.to[0] == "person" and not holder.candidates:
            assert found[holder.to].to == holder.to


def test_a_chain_of_a_hundred_thousand_and_forks_within_forks() -> None:
    chain = [link(person(f"{i:06d}"), person(f"{i + 1:06d}"), "alias") for i in range(100_000)]
    assert resolve(chain, {})[person("000000")] == Holder(person("100000"))
    ladder = [
        link(person(f"{i:03d}{side}"), person(f"{i + 1:03d}{other}"), "alias")
        for i in range(200)
        for side in "ab"
        for other in "ab"
    ]
    assert resolve(ladder, {})[person("000a")].candidates


def key(of: Id, hashed: str) -> Link:
    return link(of, ("email", hashed), "verified")


def test_persons_of_one_verified_address_are_one() -> None:
    said = [key(person("u"), "77"), key(person("v"), "77"), key(person("w"), "78"), link(visitor("a"), person("v"))]
    found = resolve(said, {"v": "acme"})
    acme = Holder(account("acme"))
    assert found == {person("u"): acme, person("v"): acme, visitor("a"): acme, person("w"): Holder(person("w"))}
    assert resolve_with_heads(said, {"v": "acme"})[visitor("a")].head == person("u")


def test_two_keys_join_three_ids() -> None:
    said = [key(person("u"), "1"), key(person("v"), "1"), key(person("v"), "2"), key(person("w"), "2")]
    assert {holder.to for holder in resolve(said, {}).values()} == {person("u")}


def test_persons_of_two_accounts_are_held_where_they_are() -> None:
    said = [key(person("u"), "1"), key(person("v"), "1")]
    found = resolve(said, {"u": "acme", "v": "globex"})
    assert found[person("u")] == Holder(account("acme"), (person("v"),)), "events stay with their account"
    decided = resolve([*said, link(person("u"), person("u"), "decided", 9)], {"u": "acme", "v": "globex"})
    assert decided[person("v")] == Holder(account("globex"))


def test_a_shared_address_joins_nobody_and_is_asked_about_once() -> None:
    four = [person(name) for name in "abcd"]
    said = [key(one, "info") for one in four]
    found = resolve(said, {})
    assert {id_: holder.to for id_, holder in found.items()} == {one: one for one in four}
    assert {id_ for id_, holder in found.items() if holder.candidates} == {person("a")}
    decided = resolve([*said, link(person("a"), person("a"), "decided", 9)], {})
    assert decided == {one: Holder(one) for one in four}, "and stays shared"


def test_who_was_decided_on_is_joined_to_nobody_by_a_key() -> None:
    said = [key(person("u"), "1"), key(person("v"), "1"), link(person("v"), person("v"), "decided", 9)]
    assert resolve(said, {}) == {person("u"): Holder(person("u")), person("v"): Holder(person("v"))}


KEYS = st.lists(st.builds(key, st.sampled_from([person(name) for name in "uvwxy"]), st.sampled_from("123")))


@given(LINKS, KEYS, st.dictionaries(st.sampled_from("uvx"), st.sampled_from("xy")), st.randoms(use_true_random=False))
def test_keys_join_in_any_order(
    links: list[Link], keys: list[Link], people: dict[str, str], rng: random.Random
) -> None:
    shuffled = [*links, *keys, *keys]
    rng.shuffle(shuffled)
    found = resolve_with_heads(shuffled, people)
    assert found == resolve_with_heads([*keys, *links], people)
    for holder in found.values():
        if holder.to[0] == "person" and not holder.candidates:
            assert found[holder.to].to == holder.to, "whose somebody is is nobody else's"
