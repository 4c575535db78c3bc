"""What people allow and withdraw, and how long what they did is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.model.journey import Journey
from cxcurve.sources import arrow_schema
from cxcurve.store import Store
from cxcurve.store.consents import EVER, Terms
from cxcurve.store.resolution import Id
from cxcurve.tables import CONSENTS, PURPOSES, US_PER_DAY, Purpose
from cxcurve.workspace.privacy import KINDS
from cxcurve.workspace.results import at


@dataclass(frozen=True, slots=True)
class Choice:
    """What one person, visitor or account said of one purpose, and when; `is_given` is what holds now.

    `is_of_account` says that the account withdrew it for its people.
    """

    purpose: Purpose
    is_given: bool
    said: tuple[tuple[bool, int], ...]
    is_of_account: bool = False

    def to_json(self) -> dict[str, Any]:
        """As it is printed."""
        said = [{"given": is_given, "said_at": at(us) if us else None} for is_given, us in self.said]
        return {"purpose": self.purpose, "allowed": self.is_given, "account_withdrew": self.is_of_account, "said": said}


def subject(ids: Collection[Id], id_: str) -> tuple[Id, Collection[Id]]:
    """Who was meant by an id, and all ids he goes by; an account goes by its own, its people decide for themselves."""
    of = next((kind, id_) for kind in KINDS if (kind, id_) in ids)
    return of, [of] if of[0] == "account" else ids


def choices(store: Store, ids: Collection[Id], default: Collection[Purpose], now_us: int) -> list[Choice]:
    """What some ids of one person say together, by purpose."""
    rows = [
        (purpose, is_given, us)
        for kind, id_, purpose, is_given, us in store.rows(
            "SELECT id_kind, id, purpose, is_given, said_us FROM consents WHERE list_contains($1, id) ORDER BY said_us",
            [id_ for _, id_ in ids],
        )
        if (kind, id_) in ids
    ]
    found = []
    for purpose in PURPOSES:
        said = tuple((is_given, us) for one, is_given, us in rows if one == purpose)
        terms = Terms.of(said, is_default=purpose in default)
        own = terms.withdrawn_us < now_us and terms.given_us <= now_us
        withdrew = _account_withdrew(store, ids, purpose, now_us)
        found.append(Choice(purpose, own and not withdrew, said, withdrew))
    return found


def _account_withdrew(store: Store, ids: Collection[Id], purpose: Purpose, now_us: int) -> bool:
    """Whether an account that one of these persons and visitors belongs to withdrew a purpose for its people."""
    own = [id_ for kind, id_ in ids if kind != "account"]
    sql = f"""
        SELECT 1 FROM terms WHERE id_kind = 'account' AND withdrawn_{purpose} > {EVER} AND given_{purpose} > {now_us}
            AND id IN (SELECT customer_id FROM people WHERE list_contains($1, person_id)
                       UNION SELECT to_id FROM resolved WHERE to_kind = 'account' AND list_contains($1, id)) LIMIT 1
    """
    return bool(store.rows(sql, own))


def statement(of: Id, give: Sequence[str], withdraw: Sequence[str], now_us: int) -> pa.Table:
    """What somebody says now (`tables.CONSENTS`).

    Raises:
        BadValueError: a purpose is both given and withdrawn.
        UnknownNameError: there is no such purpose.
    """
    for purpose in (*give, *withdraw):
        if purpose not in PURPOSES:
            raise UnknownNameError("purpose", purpose, PURPOSES)
    if both := sorted({*give} & {*withdraw}):
        raise BadValueError(f"{both[0]} is both given and withdrawn; say one of the two")
    rows = [
        {
            "consent_id": f"said/{now_us}", "id_kind": of[0], "id": of[1], "purpose": purpose, "is_given": is_given,
            "said_us": now_us, "recorded_us": now_us, "source": "somebody",
        }
        for is_given, purposes in ((True, give), (False, withdraw))
        for purpose in purposes
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=arrow_schema(CONSENTS))


def people_for(store: Store, purpose: Purpose, default: Collection[Purpose], now_us: int) -> list[dict[str, Any]]:
    """The people whose data may be used for a purpose now: person_id, customer_id and role."""
    if purpose not in PURPOSES:
        raise UnknownNameError("purpose", purpose, PURPOSES)
    given = f"coalesce(t.given_{purpose}, {0 if purpose in default else now_us + 1})"
    return store.records(
        f"""
        SELECT p.person_id, p.customer_id, p.role FROM people AS p
        LEFT JOIN resolved AS r ON r.id_kind = 'person' AND r.id = p.person_id
        LEFT JOIN terms AS t ON t.id_kind = 'person' AND t.id = coalesce(r.head_id, p.person_id)
        ANTI JOIN (SELECT id FROM terms WHERE id_kind = 'account' AND withdrawn_{purpose} > {EVER}
                   AND given_{purpose} > {now_us}) AS a ON a.id = p.customer_id
        WHERE {given} <= {now_us} ORDER BY p.person_id
        """
    )


def kept_since(journey: Journey, now_us: int) -> tuple[dict[str, int], int | None]:
    """From when on events are kept, by name, and what is in quarantine; it moves by days.

    Of what may be kept for ever nothing is said.
    """
    today_us = now_us - now_us % US_PER_DAY
    lengths = {name: signal.retention for name, signal in journey.signals.items()}
    since = {name: today_us - round(one.seconds * 1e6) for name, one in lengths.items() if one is not None}
    own = journey.defaults.retention
    return since, None if own is None else today_us - round(own.seconds * 1e6)
