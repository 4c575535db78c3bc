"""What comes in: what was sent in the last hour, where everything is that was ever acknowledged, and who is who."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxcurve.errors import BadValueError
from cxcurve.store import Store
from cxcurve.store.resolution import Id
from cxcurve.tables import OPERATION
from cxcurve.workspace.live import Live
from cxcurve.workspace.results import at

HOUR_US = 3_600_000_000
MOST_LINKS = MOST_CONFLICTS = 50
MOST_CANDIDATES = 20
"""Shown, of those that one id may be of."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What a source brought in the last hour, and how long after it happened, at the median."""

    source: str
    n: int
    lag_seconds: float
    last_us: int


@dataclass(frozen=True, slots=True)
class Said:
    """A statement of who is who."""

    link_id: str
    how: str
    of: Id
    to: Id
    source: str
    said_us: int
    undone_us: int | None


@dataclass(frozen=True, slots=True)
class Intake:
    """What comes in.

    `conflicts` are ids of which statements contradict each other, with whose they may be: the first of `n_conflicts`.
    """

    now_us: int
    ledger: Mapping[str, Any]
    feeds: tuple[Feed, ...]
    conflicts: tuple[tuple[Id, tuple[Id, ...]], ...]
    n_conflicts: int
    links: tuple[Said, ...]
    n_links: int

    def to_json(self) -> dict[str, Any]:
        """As the page's JSON."""
        return {
            "now": at(self.now_us),
            "ledger": self.ledger,
            "last_hour": [
                {"source": one.source, "n": one.n, "lag_seconds": one.lag_seconds, "last_received_at": at(one.last_us)}
                for one in self.feeds
            ],
            "conflicts": [
                {"kind": of[0], "id": of[1], "candidates": [{"kind": kind, "id": id_} for kind, id_ in candidates]}
                for of, candidates in self.conflicts
            ],
            "n_conflicts": self.n_conflicts,
            "links": [
                {
                    "link_id": one.link_id, "how": one.how, "from": {"kind": one.of[0], "id": one.of[1]},
                    "to": {"kind": one.to[0], "id": one.to[1]}, "source": one.source, "said_at": at(one.said_us),
                    "undone_at": None if one.undone_us is None else at(one.undone_us),
                }
                for one in self.links
            ],
            "n_links": self.n_links,
        }  # fmt: skip


def intake(store: Store, live: Live, now_us: int) -> Intake:
    """What came in up to now."""
    feeds = store.rows(
        "SELECT source, count(*), median(received_us - occurred_us) / 1e6, max(received_us) "
        f"FROM {store.log_name(OPERATION)} "
        "WHERE received_us > $1 GROUP BY source ORDER BY source",
        now_us - HOUR_US,
    )
    links = store.rows(
        "SELECT link_id, how, from_kind, from_id, to_kind, to_id, source, said_us, undone_us FROM links "
        f"ORDER BY recorded_us DESC, link_id LIMIT {MOST_LINKS}"
    )
    conflicts = store.conflicts()
    return Intake(
        now_us,
        live.ledger(store),
        tuple(Feed(*row) for row in feeds),
        tuple((of, tuple(candidates[:MOST_CANDIDATES])) for of, candidates in conflicts[:MOST_CONFLICTS]),
        len(conflicts),
        tuple(Said(key, how, (a, b), (c, d), source, us, undone) for key, how, a, b, c, d, source, us, undone in links),
        int(store.rows("SELECT count(*) FROM links")[0][0]),
    )


def decided(store: Store, of: Id, to: Id, now_us: int) -> dict[str, Any]:
    """The statement (a row of `tables.LINKS`) by which somebody decides whose an id is.

    Raises:
        BadValueError: the id is in no conflict, or it is none of those it may be.
    """
    candidates = dict(store.conflicts()).get(of)
    if candidates is None:
        raise BadValueError(f'"{of[1]}" waits for no decision any more; nothing was changed. Open the page again.')
    if to != of and to not in candidates:
        raise BadValueError(f'"{to[1]}" is none of those that "{of[1]}" may be; nothing was changed')
    return {
        "link_id": f"decision/{now_us}", "how": "decided", "from_kind": of[0], "from_id": of[1], "to_kind": to[0],
        "to_id": to[1], "source": "somebody", "said_us": now_us, "recorded_us": now_us,
    }  # fmt: skip
