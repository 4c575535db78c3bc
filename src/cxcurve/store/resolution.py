"""Whose an id is, from what was said: a pure function of the statements, whatever order they came in.

A visitor becomes a person, a person another of his ids, a person belongs to an account; persons of one verified address
or number are one (`keys`). Where statements contradict each other nothing is guessed: the id stays on its own until
somebody decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

Id = tuple[str, str]
"""Kind (account, person, anonymous) and id; or a key: kind (email, phone) and hash."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """One statement; of two decisions about one id the later holds."""

    said_us: int
    link_id: str
    how: str
    of: Id
    to: Id


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose an id is, and who that is under his last id; `candidates` where the statements contradict each other."""

    to: Id
    candidates: tuple[Id, ...] = ()
    head: Id | None = None


MOST_SHARING = 3
"""Persons of one verified address or number who are taken for one; of more it is a shared one's."""
MOST_ASKED = 10


def resolve(links: Iterable[Link], account_of: Mapping[str, str]) -> dict[Id, Holder]:
    """Whose every id is that a link names or `account_of` knows.

    Args:
        links: the statements that hold.
        account_of: the account of persons, as the table of people says; it comes before what links say.
    """
    links = list(links)
    said, decided = _statements(link for link in links if link.how != "verified")
    keys = _keys(links)
    ids = {*said, *decided, *(("person", person) for person in account_of), *(id_ for ids in keys for id_ in ids)}
    ids |= {to for targets in (*said.values(), decided.values()) for to in targets if to[0] != "account"}
    alone = _ends(ids, said, decided)
    joined, asked = _joined_by_keys(keys, alone, _accounts(alone, said, account_of), decided)
    ends = {id_: replace(end, to=joined.get(end.to, end.to)) for id_, end in alone.items()}
    accounts = _accounts(ends, said, account_of)
    found = {id_: _holder(id_, ends, accounts, decided) for id_ in ends}
    return found | {id_: replace(found[id_], candidates=others) for id_, others in asked.items()}


def _statements(links: Iterable[Link]) -> tuple[dict[Id, set[Id]], dict[Id, Id]]:
    """What was said of each id, and what was decided."""
    said: dict[Id, set[Id]] = defaultdict(set)
    decided: dict[Id, Id] = {}
    for link in sorted(links):
        if link.how == "decided":
            decided[link.of] = link.to
        elif link.of != link.to:
            said[link.of].add(link.to)
    return dict(said), decided


def _ends(ids: Iterable[Id], said: Mapping[Id, set[Id]], decided: Mapping[Id, Id]) -> dict[Id, Holder]:
    """For each id the last person on its way, or an account that was decided; the candidates where the way forks.

    Each id is gone through once, with a list for the way back: somebody may send a chain of a million.
    """
    found: dict[Id, Holder] = {}
    for start in sorted(ids):
        way: dict[Id, None] = {}
        stack = [start]
        while stack:
            id_ = stack[-1]
            way[id_] = None
            ahead = [to for to in _nexts(id_, said, decided) if to not in found and to not in way]
            if ahead and id_ not in found:
                stack.append(ahead[0])
                continue
            stack.pop()
            if id_ in decided and decided[id_][0] == "account":
                found[id_] = Holder(decided[id_])
            if id_ not in found:
                found[id_] = _end(id_, _nexts(id_, said, decided), found, way)
            way.pop(id_, None)
    return found


def _nexts(id_: Id, said: Mapping[Id, set[Id]], decided: Mapping[Id, Id]) -> list[Id]:
    if id_ in decided:
        return [] if decided[id_] in {id_} or decided[id_][0] == "account" else [decided[id_]]
    return sorted(to for to in said.get(id_, ()) if to[0] != "account")


def _end(id_: Id, nexts: Sequence[Id], found: Mapping[Id, Holder], way: Mapping[Id, None]) -> Holder:
    ends = {found[to].to if to in found else _of_circle(to, way) for to in nexts}
    if len(ends) > 1:
        return Holder(id_, tuple(sorted(ends)))
    return Holder(ends.pop() if ends else id_)


def _of_circle(id_: Id, way: Mapping[Id, None]) -> Id:
    """Ids said of each other: any of them will do that is always the same."""
    ids = list(way)
    return min(ids[ids.index(id_) :])


def _accounts(
    ends: Mapping[Id, Holder], said: Mapping[Id, set[Id]], account_of: Mapping[str, str]
) -> dict[Id, set[Id]]:
    """The accounts of everybody who ends a way, said of any of his ids; the table of people comes first."""
    told: dict[Id, set[Id]] = defaultdict(set)
    linked: dict[Id, set[Id]] = defaultdict(set)
    for id_, end in ends.items():
        if id_[0] == "person" and id_[1] in account_of:
            told[end.to].add(("account", account_of[id_[1]]))
        linked[end.to] |= {to for to in said.get(id_, ()) if to[0] == "account"}
    return {end: told.get(end) or accounts for end, accounts in linked.items()}


def _holder(id_: Id, ends: Mapping[Id, Holder], accounts: Mapping[Id, set[Id]], decided: Mapping[Id, Id]) -> Holder:
    end = ends[id_]
    if end.candidates or end.to[0] == "account" or decided.get(end.to) == end.to:
        return replace(end, head=id_ if end.to[0] == "account" else end.to)
    found = tuple(sorted(accounts.get(end.to, ())))
    return Holder(found[0], (), end.to) if len(found) == 1 else Holder(end.to, found, end.to)


def _keys(links: Iterable[Link]) -> list[frozenset[Id]]:
    """The persons of each verified address or number."""
    found: dict[Id, set[Id]] = defaultdict(set)
    for link in links:
        if link.how == "verified":
            found[link.to].add(link.of)
    return [frozenset(ids) for _, ids in sorted(found.items())]


def _joined_by_keys(
    keys: Iterable[frozenset[Id]], ends: Mapping[Id, Holder], accounts: Mapping[Id, set[Id]], decided: Mapping[Id, Id]
) -> tuple[dict[Id, Id], dict[Id, tuple[Id, ...]]]:
    """Who is who by verified keys: the one person of those who are one, and of whom somebody is to decide.

    Of a key that many share, and of persons of several accounts, nobody is joined. Who was decided on stays as decided.
    """
    groups = [{ends[id_].to for id_ in ids if not ends[id_].candidates and ends[id_].to[0] == "person"} for ids in keys]
    shared = [group for group in groups if len(group) > MOST_SHARING]
    apart = [{id_ for id_ in group if id_ not in decided} for group in groups if len(group) <= MOST_SHARING]
    joined: dict[Id, Id] = {}
    asked: dict[Id, tuple[Id, ...]] = {}
    for group in _overlapping(apart):
        if len({account for id_ in group for account in accounts.get(id_, ())}) > 1:
            asked |= {id_: tuple(sorted(group - {id_}))[:MOST_ASKED] for id_ in group}
        else:
            joined |= dict.fromkeys(group, min(group))
    for group in shared:
        if not any(id_ in decided for id_ in group):  # one decision is enough: it is known to be shared then
            first, *others = sorted({joined.get(id_, id_) for id_ in group})
            asked.setdefault(first, tuple(others[:MOST_ASKED]))
    return joined, {id_: others for id_, others in asked.items() if others}


def _overlapping(groups: Iterable[set[Id]]) -> list[set[Id]]:
    """Groups that have somebody in common made one."""
    of: dict[Id, set[Id]] = {}
    for group in groups:
        whole = set(group).union(*(of[id_] for id_ in group if id_ in of))
        of |= dict.fromkeys(whole, whole)
    return [group for group in {id(group): group for group in of.values()}.values() if len(group) > 1]
