"""What is known of somebody, given to him or erased."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from cxcurve.errors import UnknownNameError
from cxcurve.people.views import SavedView
from cxcurve.sources.personal import hashed_id
from cxcurve.store import Store
from cxcurve.store.reports import stories_of
from cxcurve.store.resolution import Id
from cxcurve.tables import OPERATION

SHORTEST_PART = 3
"""Of a name, that may tell of somebody."""
KINDS = ("account", "person", "anonymous")
_EVENTS = """
    SELECT event_id, occurred_us, received_us, name, source, channel, account_id, person_id, anonymous_id, value,
           amount, currency, text, conversation_id, partner_id, properties FROM {events}
    WHERE {where} ORDER BY occurred_us, event_id
"""
_OWN = """
    SELECT customer_id FROM customer_keys JOIN identities USING (customer_key)
    WHERE own_key = customer_key
        AND (id_kind = 'person' AND list_contains($1, id) OR id_kind = 'anonymous' AND list_contains($2, id))
"""
"""What persons and visitors are called who are customers by themselves."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure deleted: rows by table, and the files of yours that still hold an id. It names nobody."""

    erased_us: int
    n_ids: int
    deleted: Mapping[str, int]
    found_in: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As it is kept and printed."""
        return asdict(self)


def find_ids(store: Store, id_: str, kind: str | None = None) -> set[Id]:
    """All ids of the account, person or visitor called so, the first that is there.

    Raises:
        UnknownNameError: nothing names it.
    """
    for one in (kind,) if kind else KINDS:
        if found := store.ids_of(one, id_):
            return found
    raise UnknownNameError(kind or "customer or person", id_)


def export(store: Store, ids: Collection[Id]) -> dict[str, list[dict[str, Any]]]:
    """Everything kept that names these ids: events, people, customers, links, and what is in quarantine."""
    names = {kind: [id_ for one, id_ in ids if one == kind] for kind in KINDS}
    of_them = (
        "list_contains($1, account_id) OR list_contains($2, person_id) OR "
        "(person_id IS NULL AND list_contains($3, anonymous_id))"
    )
    lists = (names["account"], names["person"], names["anonymous"])
    everybody = [id_ for _, id_ in ids]
    customers = [*names["account"], *(name for (name,) in store.rows(_OWN, names["person"], names["anonymous"]))]
    return {
        "events": store.records(_EVENTS.format(where=of_them, events=store.events_name(OPERATION)), *lists),
        "people": store.records("SELECT * FROM people WHERE list_contains($1, person_id)", names["person"]),
        "customers": store.records("SELECT * FROM customers WHERE list_contains($1, customer_id)", customers),
        "traits": store.records("SELECT * FROM traits WHERE list_contains($1, id)", everybody),
        "consents": store.records("SELECT * FROM consents WHERE list_contains($1, id)", everybody),
        "links": store.records(
            "SELECT * FROM links WHERE list_contains($1, from_id) OR list_contains($1, to_id)", everybody
        ),
        "stories": stories_of(store, {*everybody, *customers}),
        "written": store.records("SELECT * FROM written WHERE list_contains($1, customer_id)", everybody),
        # Who of the company wrote it is not theirs to know.
        "customer_notes": store.records(
            "SELECT * EXCLUDE (written_by) FROM customer_notes WHERE list_contains($1, id)", everybody
        ),
        "wrong_alarms": store.records(
            "SELECT * EXCLUDE (said_by) FROM wrong_alarms WHERE list_contains($1, id)", everybody
        ),
        "actions": store.records(
            "SELECT c.*, a.what, a.started_us, a.days, a.metric, a.written_us FROM action_customers AS c "
            "JOIN actions AS a USING (action_id) WHERE list_contains($1, id) ORDER BY a.started_us, a.action_id",
            everybody,
        ),
    }


@dataclass(frozen=True, slots=True)
class Named:
    """What somebody is called: ids and names, keyed hashes of addresses, and what everybody else is called."""

    texts: frozenset[str]
    hashes: frozenset[str]
    others: tuple[str, ...]
    secret: bytes

    def is_in(self, view: SavedView) -> bool:
        """Whether a saved view names them: in its name, or in what it asks for."""
        said = (view.name, *(value for _, value in parse_qsl(view.query)))
        return any(map(self._is_said_by, said))

    def _is_said_by(self, said: str) -> bool:
        value = said.strip().casefold()
        if any(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", value) for text in self.texts):
            return True
        if any(hashed_id(self.secret, word) in self.hashes for word in value.split() if "@" in word):
            return True
        # A part of a name that finds nobody else.
        is_theirs = len(value) >= SHORTEST_PART and any(value in text for text in self.texts)
        return is_theirs and not any(value in other for other in self.others)


def named(store: Store, ids: Collection[Id]) -> Named:
    """What those with these ids are called, as long as they are not erased."""
    everybody = [id_ for _, id_ in ids]
    names = "SELECT name FROM customers WHERE list_contains($1, customer_id) AND name <> ''"
    hashes = "SELECT email_hash FROM people WHERE list_contains($1, person_id) AND email_hash IS NOT NULL"
    theirs = {*everybody, *(name for (name,) in store.rows(names, everybody))}
    others = store.rows(
        "SELECT customer_id, coalesce(name, '') FROM customers WHERE NOT list_contains($1, customer_id)", everybody
    )
    return Named(
        frozenset(text.strip().casefold() for text in theirs if text.strip()),
        frozenset({*everybody, *(value for (value,) in store.rows(hashes, everybody))}),
        tuple(f"{id_}\n{name}".casefold() for id_, name in others),
        store.contact_key,
    )


def write_export(found: Mapping[str, Sequence[Mapping[str, Any]]], folder: Path) -> list[Path]:
    """One JSON file of all, and a CSV for each table that has rows."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "export.json"]
    written[0].write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")
    for name, rows in found.items():
        if rows:
            text = io.StringIO()
            writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            written.append(folder / f"{name}.csv")
            written[-1].write_text(text.getvalue(), encoding="utf-8")
    return written


def files_with(folder: Path, ids: Collection[Id]) -> tuple[str, ...]:
    """The files below a folder that hold one of the ids, byte for byte."""
    needles = [id_.encode() for _, id_ in ids]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return tuple(path.relative_to(folder).as_posix() for path in files if _holds(path, needles))


def _holds(path: Path, needles: Sequence[bytes], at_once: int = 2**22) -> bool:
    longest = max(map(len, needles))
    with path.open("rb") as file:
        tail = b""
        while part := file.read(at_once):
            if any(needle in tail + part for needle in needles):
                return True
            tail = part[-longest:]
    return False
