"""Finding a customer by name, a person by id, an event by id or by what it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxcurve.model import Journey
from cxcurve.store import Store
from cxcurve.workspace.names import labels

MOST = 20
"""Of each kind."""
SEARCHED = ("name", "customer_id", "owner", "partner_id")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search finds: at most `MOST` of each kind.

    Attributes:
        customers: rows of `lists.customer_rows`; who begins with what is asked for comes first.
        n_customers: how many there are of them.
        people: person_id, role, customer_id.
        events: event_id, name, occurred_us, customer_id.
        signals: name and label of the tracking plan's.
    """

    customers: tuple[Row, ...]
    n_customers: int
    people: tuple[Row, ...]
    events: tuple[Row, ...]
    signals: tuple[Row, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not (self.customers or self.people or self.events or self.signals)


def search(text: str, customers: Sequence[Row], store: Store, journey: Journey, within: frozenset[int] | None) -> Found:
    """What a text names: parts of names, of ids of customers and people, whole ids of events.

    Args:
        text: what is looked for; nothing is found for "".
        customers: all that may be found, of `lists.customer_rows`.
        store: where people and events are.
        journey: names the signals.
        within: the keys of the customers whose people and events may be found; None is all.
    """
    needle = text.strip().casefold()
    if not needle:
        return Found((), 0, (), (), ())
    mine = [row for row in customers if any(needle in str(row[key] or "").casefold() for key in SEARCHED)]
    mine.sort(key=lambda row: _nearness(row, needle))
    label = labels(journey)
    signals = [{"name": name, "label": label(name)} for name in journey.signals]
    return Found(
        tuple(mine[:MOST]),
        len(mine),
        tuple(_people(store, needle, within)),
        tuple(_events(store, text.strip(), within)),
        tuple(row for row in signals if needle in row["name"] or needle in row["label"].casefold())[:MOST],
    )


def _nearness(row: Row, needle: str) -> tuple[int, str]:
    """Names and ids that are what is asked for, then those that begin with it, then the others."""
    names = [str(row[key] or "").casefold() for key in ("name", "customer_id")]
    rank = 0 if needle in names else 1 if any(name.startswith(needle) for name in names) else 2
    return rank, names[0] or names[1]


def _people(store: Store, needle: str, within: frozenset[int] | None) -> list[dict[str, Any]]:
    rows = store.rows(
        "SELECT p.person_id, p.role, p.customer_id FROM people AS p "
        "LEFT JOIN customer_keys AS k USING (customer_id) "
        "WHERE contains(lower(p.person_id), $1) AND p.customer_id IS NOT NULL "
        "AND ($2::INTEGER[] IS NULL OR list_contains($2::INTEGER[], k.customer_key)) "
        f"ORDER BY lower(p.person_id) <> $1, p.person_id LIMIT {MOST}",
        needle,
        None if within is None else sorted(within),
    )
    return [dict(zip(("person_id", "role", "customer_id"), row, strict=True)) for row in rows]


def _events(store: Store, event_id: str, within: frozenset[int] | None) -> list[dict[str, Any]]:
    """The event of this very id: a part of one would be looked for in all of them."""
    rows = store.rows(
        f"SELECT e.event_id, e.name, e.occurred_us, e.customer_id FROM {store.events_name('analytics')} AS e "
        "LEFT JOIN customer_keys AS k USING (customer_id) WHERE e.event_id = $1 "
        "AND ($2::INTEGER[] IS NULL OR list_contains($2::INTEGER[], k.customer_key)) "
        f"ORDER BY e.occurred_us LIMIT {MOST}",
        event_id,
        None if within is None else sorted(within),
    )
    return [dict(zip(("event_id", "name", "occurred_us", "customer_id"), row, strict=True)) for row in rows]
