"""`cxcurve explain`: what a number is and everything it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxcurve.cli.output import console, print_json
from cxcurve.cli.places import Folder, opened

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cxcurve.cli.tables import Manner

MOST_NAMED = 10
_KEY = typer.Argument(metavar="KEY", help="The number, such as scorecard/nps?plan=pro.", show_default=False)
_EXPORT = typer.Option(
    metavar="DIR", help="Write explanation.json and its tables as Parquet.", show_default=False, file_okay=False
)


def explain(
    ctx: typer.Context,
    key: Annotated[str, _KEY],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    export: Annotated[Path | None, _EXPORT] = None,
    folder: Folder = None,
) -> None:
    """Explain a number: what it means, its query, the customers and events it rests on."""
    from cxcurve.cli.tables import Manner
    from cxcurve.workspace.explain import MOST_EVENTS

    with opened(ctx, folder) as workspace:
        most = None if export else MOST_EVENTS if as_json else MOST_NAMED
        found = workspace.explain(key, most_events=most)
        manner = Manner.of(workspace)
    if export is not None:
        for path in found.export(export):
            typer.echo(str(path), err=True)
    if as_json:
        print_json(found.to_json())
    elif export is None:
        for part in _view(found.to_json(), manner):
            console().print(part)


def _view(document: Mapping[str, Any], manner: Manner) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from cxcurve.charts import format as said
    from cxcurve.cli.tables import clean, filled, heading, named, table, why_not

    yield heading(clean(document["label"], 120), manner.as_of(document["as_of"]))
    yield why_not(document["reason"]) if document["value"] is None else Text(_value(document, manner), style="bold")
    again, counts = document["recomputed"], (document["n_customers"], document["n_events"])
    rows = [
        ("Key", clean(document["key"], 400)),
        ("Definition", f"{document['definition']} ({document['place']})"),
        ("Version", document["version"]),
        ("Run again", "–" if again is None else f"{again:.12g}"),
        ("Rests on", f"{said.plural(counts[0], 'customer')} and {said.plural(counts[1], 'event')}"),
        ("Customers", _few([clean(one) for one in document["customers"][:MOST_NAMED]], counts[0])),
    ]
    facts = Table.grid(padding=(0, 2))
    yield filled(facts, rows)
    yield Text("\nQuery, over the tables of `--export DIR`:", style="bold")
    yield Text(document["query"])
    if document["events"]:
        cells = (
            [manner.moment(one["occurred_at"]), named(one["name"]), clean(one["customer_id"]), clean(one["event_id"])]
            for one in document["events"]
        )
        yield filled(table("Newest events", "", "Customer", "Event"), cells)


def _value(document: Mapping[str, Any], manner: Manner) -> str:
    from cxcurve.charts import format as said

    unit, value = document["unit"], document["value"]
    shown = f"{said.amount(value, unit, manner.currency)} (exactly {value:.12g})"
    if document["low"] is None:
        return shown
    return f"{shown}, 95 %: {said.interval(document['low'], document['high'], unit, manner.currency)}"


def _few(names: list[str], n: int) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {n - MOST_NAMED} more" if n > MOST_NAMED else shown
