"""An explanation: what a number is, and everything it rests on, from which it can be made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cxcurve.stats.estimates import Estimate
from cxcurve.store import Store
from cxcurve.workspace.results import at, plain

Told = tuple[str, str, Estimate, str, str]
"""Label, unit, value as shown, definition and its place: the first fields of `Grounds`."""
EVENTS = pa.schema(
    [*((name, pa.string()) for name in ("customer_id", "event_id", "name")), ("occurred_us", pa.int64())]
)
"""Columns of the events a number rests on."""


@dataclass(frozen=True, slots=True)
class Below:
    """The events below a number: those of some signals (by key), from one moment on and before another."""

    signal_keys: tuple[int, ...]
    since_us: int | None = None
    until_us: int | None = None


@dataclass(frozen=True, eq=False)
class Grounds:
    """What a number rests on, as its kind tells it.

    Attributes:
        label: what pages call the number.
        unit: of the value.
        shown: the value as pages have it, with its interval where one is shown.
        definition: in words.
        place: where the definition stands.
        method: how the tables give the value: a name that `docs/explain.md` defines.
        query: the same in SQL over the tables.
        tables: by name; `inputs` is one row for each thing counted, with its customer_id.
        below: which events of these customers the tables are made from.
        settings: the numbers that the method takes beside the tables.
        whose: the customer of a customer's own number, which may rest on no row at all.
    """

    label: str
    unit: str
    shown: Estimate
    definition: str
    place: str
    method: str
    query: str
    tables: Mapping[str, pa.Table]
    below: Below
    settings: Mapping[str, Any] = field(default_factory=dict)
    whose: str | None = None

    @cached_property
    def customers(self) -> list[str]:
        """Ids of the customers it rests on, in order."""
        return [self.whose] if self.whose else sorted(pc.unique(self.tables["inputs"]["customer_id"]).to_pylist())


@dataclass(frozen=True, eq=False)
class Explanation:
    """A number with its definition, the versions behind it, its query, customers and events.

    Attributes:
        key: names the number, whom it is about and when; gives this explanation again.
        grounds: what it rests on.
        as_of_us: nothing at or after it is known.
        version: whose weights, and which references.
        events: rows of `EVENTS`, the newest first, as many as were asked for.
        n_events: how many there are.
        recomputed: what the query gave when it was run over the tables.
    """

    key: str
    grounds: Grounds
    as_of_us: int
    version: str
    events: pa.Table
    n_events: int
    recomputed: float | None = None

    @property
    def value(self) -> float | None:
        """As pages have it, not rounded; None with too little data."""
        return self.grounds.shown.value

    def recompute(self, store: Store) -> float | None:
        """Run the query over the tables again; None where there is too little data for a value."""
        if self.value is None:
            return None
        try:
            for name, rows in self.grounds.tables.items():
                store.temporary(name, rows)
            found = store.rows(self.grounds.query)[0][0]
        finally:
            for name in self.grounds.tables:
                store.drop_temporary(name)
        return None if found is None else float(found)

    def to_json(self) -> dict[str, Any]:
        """Everything but the rows of the tables."""
        shown, tables = self.grounds.shown, self.grounds.tables
        names = ("label", "unit", "definition", "place", "method", "query")
        customers = self.grounds.customers
        return {
            "key": self.key,
            **{name: getattr(self.grounds, name) for name in names},
            **{name: plain(getattr(shown, name)) for name in ("value", "low", "high", "reason")},
            "recomputed": plain(self.recomputed),
            "as_of": at(self.as_of_us),
            "version": self.version,
            "settings": {name: plain(value) for name, value in self.grounds.settings.items()},
            "tables": {name: {"columns": rows.column_names, "rows": rows.num_rows} for name, rows in tables.items()},
            "n_customers": len(customers),
            "customers": customers,
            "n_events": self.n_events,
            "events": [_event(row) for row in self.events.to_pylist()],
        }

    def export(self, folder: Path) -> list[Path]:
        """Write explanation.json, a Parquet file for each table, and events.parquet; the files written.

        The document names no event: there may be many, and they are in their file.
        """
        folder.mkdir(parents=True, exist_ok=True)
        document = {**self.to_json(), "events": "events.parquet"}
        written = [folder / "explanation.json"]
        written[0].write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        for name, rows in {**self.grounds.tables, "events": self.events}.items():
            written.append(folder / f"{name}.parquet")
            pq.write_table(rows, written[-1])
        return written


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("customer_id", "event_id", "name")} | {"occurred_at": at(row["occurred_us"])}
