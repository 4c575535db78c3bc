"""What the scores would be by another journey: worked out as of the last score, compared with it, and taken back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxcurve.charts.format import friction_word
from cxcurve.model.journey import Journey
from cxcurve.workspace.lists import customer_rows
from cxcurve.workspace.results import at
from cxcurve.workspace.scored import Scored

MEASURES = ("friction_index", "momentum_index", "level")
MOST_CHANGED = 10
MANY_CUSTOMERS = 20_000
"""Beyond so many a preview takes a while."""
SMALLEST_CHANGE = 1e-6
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean over the customers inside the journey, by each of the two; None where nobody is."""

    measure: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class ChangedCustomer:
    """A customer whose level would be another."""

    customer_id: str
    name: str | None
    stage_before: str | None
    stage_after: str | None
    before: Mapping[str, float]
    after: Mapping[str, float]

    @property
    def change(self) -> float:
        """Of the level."""
        return self.after["level"] - self.before["level"]


@dataclass(frozen=True, slots=True)
class Preview:
    """Two scores of the same moment.

    Attributes:
        as_of_us: of the last score.
        n_before, n_after: customers inside the journey, by each.
        means: of the three measures.
        n_changed: customers inside by both whose friction, momentum or level is another.
        n_bands: of them, those in another band of friction.
        n_stages: of them, those at another stage.
        most: those whose level changes most.
        took_s: how long it took.
        version: the number of the learned weights in force; 0 for those of the journey.
    """

    as_of_us: int
    n_before: int
    n_after: int
    means: tuple[Mean, ...]
    n_changed: int
    n_bands: int
    n_stages: int
    most: tuple[ChangedCustomer, ...]
    took_s: float
    version: int = 0

    def to_json(self) -> dict[str, Any]:
        """All but how long it took."""
        return {
            "as_of": at(self.as_of_us), "n_before": self.n_before, "n_after": self.n_after,
            "means": {one.measure: {"before": one.before, "after": one.after} for one in self.means},
            "n_changed": self.n_changed, "n_bands": self.n_bands, "n_stages": self.n_stages,
            "most": [
                {"customer": one.customer_id, "before": dict(one.before), "after": dict(one.after)} for one in self.most
            ],
        }  # fmt: skip


def preview(workspace: Scored, journey: Journey) -> Preview:
    """What would change; what is stored stays as it is.

    Raises:
        WorkspaceError: nothing was scored yet, or the journey is another one since the last score.
    """
    started = time.monotonic()
    as_of_us, before, after = workspace.tried(journey, lambda known, store: customer_rows(known, store.arrow))
    version = workspace.version(as_of_us)
    number = version.number if version else 0
    return compared(before, after, as_of_us, time.monotonic() - started, number)


def compared(before: Sequence[Row], after: Sequence[Row], as_of_us: int, took_s: float, version: int = 0) -> Preview:
    """Two lists of customers (`lists.customer_rows`) side by side."""
    was, will = ({row["customer_id"]: row for row in rows if row["level"] is not None} for rows in (before, after))
    both = [(was[key], will[key]) for key in was if key in will]
    changed = [
        (old, new) for old, new in both if any(abs(new[one] - old[one]) > SMALLEST_CHANGE for one in MEASURES)
    ]  # fmt: skip
    told = sorted((_changed(old, new) for old, new in changed), key=lambda one: (-abs(one.change), one.customer_id))
    return Preview(
        as_of_us=as_of_us,
        n_before=len(was),
        n_after=len(will),
        means=tuple(Mean(one, _mean(was, one), _mean(will, one)) for one in MEASURES),
        n_changed=len(changed),
        n_bands=sum(friction_word(old["friction_index"]) != friction_word(new["friction_index"]) for old, new in both),
        n_stages=sum(old["stage"] != new["stage"] for old, new in both),
        most=tuple(told[:MOST_CHANGED]),
        took_s=took_s,
        version=version,
    )


def _changed(old: Row, new: Row) -> ChangedCustomer:
    numbers = ({one: row[one] for one in MEASURES} for row in (old, new))
    return ChangedCustomer(old["customer_id"], old["name"], old["stage_label"], new["stage_label"], *numbers)


def _mean(rows: Mapping[str, Row], measure: str) -> float | None:
    return sum(row[measure] for row in rows.values()) / len(rows) if rows else None
