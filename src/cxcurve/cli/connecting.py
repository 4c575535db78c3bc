"""`cxcurve connect`: asks for what a service needs, shows what it gives, and writes its sources."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxcurve.cli.output import complain, console
from cxcurve.cli.places import Folder, opened
from cxcurve.errors import BadValueError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cxcurve.model import Journey
    from cxcurve.workspace.connecting import Look

MOST_SHOWN = 10


def connect(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="How its sources are called.", show_default=False)],
    *,
    service: Annotated[
        str | None, typer.Option(metavar="SERVICE", help="Which service, where NAME is another.", show_default=False)
    ] = None,
    rows: Annotated[
        list[str] | None, typer.Option(metavar="ROWS", help="Which of its rows; default: all.", show_default=False)
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as subdomain=acme.", show_default=False),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day of the first rows wanted.", show_default="all")
    ] = None,
    is_sure: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    folder: Folder = None,
) -> None:
    """Connect a service: try it, see ten of its events, write its sources. `cxcurve load` then fetches."""
    from cxcurve.sources.connectors.services import service_named
    from cxcurve.workspace.connecting import add_sources, draft, parsed

    chosen = service or name
    known = service_named(chosen)
    with opened(ctx, folder) as workspace:
        settings = _settings(known.settings, known.optional, given or []) | ({"since": since} if since else {})
        texts = draft(chosen, rows or [], name, settings)
        sources = parsed(texts.values())
        first = next(iter(sources.values()))
        assert first.connect is not None
        _ask_secrets(first.connect, known.secrets)
        journey = workspace.journey
        texts = _planned(texts, journey, is_named=bool(rows))
        _show([sources[key] for key in texts], journey)
        if not is_sure and not typer.confirm(f"Write {', '.join(texts)} into sources.yaml?", err=True):
            return
        add_sources(workspace.folder, texts)
    typer.echo(
        f"Written into sources.yaml: {', '.join(texts)}. Look at what is marked as guessed, then `cxcurve load`."
    )


def _settings(wanted: Mapping[str, str], optional: Sequence[str], given: Sequence[str]) -> dict[str, str]:
    """What was given, and what is asked for where there is somebody to ask."""
    found = dict(_pair(one) for one in given)
    for name, what in wanted.items():
        if name in found or name in optional:
            continue
        if not sys.stdin.isatty():
            raise BadValueError(f"{name} is missing: {what}. Give it as `--set {name}=VALUE`")
        found[name] = str(typer.prompt(f"{name} ({what})", err=True))
    return found


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise BadValueError(f'--set "{text}" has no "="; expected KEY=VALUE')
    return name.strip(), value.strip()


def _ask_secrets(connect: Any, wanted: Mapping[str, str]) -> None:
    """Secrets that are missing are asked for unseen, and kept in the keyring where there is one."""
    from cxcurve.model.connect import secret_name
    from cxcurve.sources.connectors.secrets import has_secret, keep_secret

    for name, what in wanted.items():
        variable = secret_name(connect, name)
        if has_secret(connect, name) or not sys.stdin.isatty():
            continue  # what is missing without anybody to ask is said with all the rest
        secret = typer.prompt(f"{variable} ({what})", hide_input=True, err=True)
        if keep_secret(connect, name, secret):
            typer.echo(f"{variable} is kept in the keyring.", err=True)
        else:
            os.environ[variable] = secret
            typer.echo(f"{variable} is used now and kept nowhere: set it in the environment before `load`.", err=True)


def _planned(texts: Mapping[str, str], journey: Journey, *, is_named: bool) -> dict[str, str]:
    """Without the sources whose events the tracking plan lacks, unless they were asked for by name."""
    from cxcurve.workspace.connecting import unplanned

    kept = {}
    for key, text in texts.items():
        lacking = unplanned(journey, text)
        complain(*(f"warning: {message}" for message in lacking))
        if not lacking or is_named:
            kept[key] = text
        else:
            complain(f"{key} is left out; put its events into the plan, or ask for it with --rows")
    if not kept:
        raise BadValueError("nothing is left to connect: the tracking plan names none of the events; see above")
    return kept


def _show(sources: Sequence[Any], journey: Journey) -> None:
    from cxcurve.workspace.connecting import look
    from cxcurve.workspace.instants import now_us

    looks = [look(source, journey, now_us()) for source in sources]
    for part in _parts(looks):
        console().print(part)


def _parts(looks: Sequence[Look]) -> Iterator[RenderableType]:
    from rich.text import Text

    from cxcurve.cli.tables import clean, filled, table

    yield filled(
        table("Source", ">Rows on the first page", ">events shown", "refused, first reason"),
        ([clean(one.source.key), f"{one.n_rows:,}", f"{len(one.events):,}", clean("".join(one.refused[:1]), 80)]
         for one in looks),
    )  # fmt: skip
    events = [event for one in looks for event in one.events][:MOST_SHOWN]
    if events:
        yield filled(table("When", "Event", "Account", "Person", ">Value", ">Amount", "Text"), map(_event, events))
    customers = [row for one in looks for row in one.customers][:MOST_SHOWN]
    if customers:
        yield filled(
            table("Customer or person", "Name", "Plan or role", ">Revenue per year"), map(_customer, customers)
        )
    if not events and not customers:
        yield Text("There are no rows yet, or none that makes an event.")


def _event(event: Mapping[str, Any]) -> list[str]:
    from cxcurve.cli.tables import clean

    at = datetime.fromtimestamp(event["occurred_us"] / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
    rest = (event[name] for name in ("name", "account_id", "person_id", "value", "amount"))
    return [at, *("" if one is None else clean(str(one), 40) for one in rest), clean(event["text"] or "", 40)]


def _customer(row: Mapping[str, Any]) -> list[str]:
    from cxcurve.cli.tables import clean

    key = row["customer_id"] if "name" in row else f"{row['person_id']} of {row['customer_id']}"
    values = (key, row.get("name"), row.get("plan", row.get("role")), row.get("revenue_per_year"))
    return ["" if one is None else clean(str(one), 40) for one in values]
