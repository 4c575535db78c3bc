"""`cxcurve actions`: what was done, for whom, and what was seen of its promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxcurve.cli.output import console, print_json
from cxcurve.cli.people import log
from cxcurve.cli.places import Folder, opened
from cxcurve.errors import Problem, ProblemsError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cxcurve.cli.tables import Manner

app = typer.Typer(help="What was done, for whom, and what was seen of its promise.")
BY = "command line"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Of the action; `cxcurve actions --json` has it.")]


@app.callback(invoke_without_command=True)
def list_(ctx: typer.Context, as_json: Json = False, folder: Folder = None) -> None:
    """Every action with what was seen of its promise, the one that began last first."""
    ctx.obj = folder or ctx.obj
    if ctx.invoked_subcommand is not None:
        return
    from cxcurve.cli.tables import Manner

    with opened(ctx, None) as workspace:
        found, manner = workspace.actions().to_json(), Manner.of(workspace)
    if as_json:
        print_json(found)
        return
    for part in _parts(found, manner):
        console().print(part)


@app.command()
def add(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(help="What is done, in one line.", show_default=False)],
    metric: Annotated[str, typer.Option(help="What it is to move, such as friction_index, exits or contacts.")],
    promised: Annotated[
        float, typer.Option(help="By how much: points, percentage points, or contacts of 100 customers.")
    ],
    *,
    at: Annotated[str, typer.Option(metavar="DATE", help="From which day on.", show_default="today")] = "",
    days: Annotated[int, typer.Option(help="After how many days it is read.")] = 28,
    direction: Annotated[str, typer.Option(help="up or down.", show_default="the good way")] = "",
    held_out: Annotated[float, typer.Option(metavar="PERCENT", help="How many are left alone by chance.")] = 0,
    owner: Annotated[str, typer.Option(help="Who sees to it.", show_default=False)] = "",
    stage: Annotated[str, typer.Option(help="Only customers at this stage.", show_default="any")] = "",
    segment: Annotated[str, typer.Option(metavar="KEY=VALUE", help="Only of this segment.", show_default="any")] = "",
    of_owner: Annotated[str, typer.Option(help="Only whom they look after.", show_default="anybody")] = "",
    friction: Annotated[str, typer.Option(help="Which row of the inventory it mends.", show_default=False)] = "",
    customers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For the customers of this list instead, an id a line.")
    ] = None,
    skip_unknown: Annotated[bool, typer.Option("--skip-unknown", help="Leave out ids that are no customer's.")] = False,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Write down an action, and draw whom it leaves alone."""
    from datetime import datetime

    said = {
        "what": what, "metric": metric, "promised": f"{promised:g}", "days": str(days), "direction": direction,
        "held_out": f"{held_out:g}", "owner": owner, "stage": stage, "segment": segment, "chosen_owner": of_owner,
        "friction": friction, "started_on": at or datetime.now().astimezone().date().isoformat(),
        "customers": _read(customers) if customers else "", "skip_unknown": "yes" if skip_unknown else "",
    }  # fmt: skip
    with opened(ctx, folder) as workspace:
        made = workspace.write_action(said, BY)
        log(workspace, "action", made.action_id)
    if as_json:
        print_json(made.to_json())
        return
    typer.echo(f"Kept as {made.action_id}: {made.n_treated:,} to be reached, {made.n_held_out:,} left alone by chance.")
    typer.echo(f"Who is who: cxcurve actions whom {made.action_id}")


@app.command()
def whom(ctx: typer.Context, action_id: Id, as_json: Json = False, folder: Folder = None) -> None:
    """Whom to reach, and whom to leave alone; as CSV."""
    import csv
    import sys

    with opened(ctx, folder) as workspace:
        rows = [
            {name: row[name] for name in ("customer_id", "name", "owner", "stage", "is_held_out")}
            for row in workspace.action_list(action_id)
        ]
        log(workspace, "export", f"customers of the action {action_id}")
    if as_json:
        print_json(rows)
        return
    writer = csv.writer(sys.stdout)
    writer.writerow(("customer_id", "name", "owner", "stage", "group"))
    for row in rows:
        group = "reach" if row["is_held_out"] is False else "leave alone"
        writer.writerow((*(row[name] for name in ("customer_id", "name", "owner", "stage")), group))


@app.command()
def close(
    ctx: typer.Context,
    action_id: Id,
    why: Annotated[str, typer.Option(help="Why, in a few words.", show_default=False)],
    is_withdrawn: Annotated[bool, typer.Option("--withdrawn", help="It was never done.")] = False,
    folder: Folder = None,
) -> None:
    """Say that an action ended, or was never done; what it promised stays as it was written."""
    with opened(ctx, folder) as workspace:
        one = workspace.close_action(action_id, "withdrawn" if is_withdrawn else "ended", why, BY)
        log(workspace, "action", f"{one.action_id} {one.closed_as}")
    typer.echo(f"{one.what}: {one.closed_as}.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ProblemsError([Problem(str(path), 0, "is no text in UTF-8")]) from None


def _parts(found: Mapping[str, Any], manner: Manner) -> Iterator[RenderableType]:
    from rich.text import Text

    from cxcurve.cli.tables import filled, heading, table

    rows = found["actions"]
    yield heading("Actions", manner.as_of(found["as_of"]))
    if not rows:
        yield Text("None yet. `cxcurve actions add` writes one down; leave some alone by chance to see what it did.")
        return
    heads = ("What", "Began", "Metric", ">Promised", ">Seen", "95 %", "Promise", "Evidence", "Id")
    yield filled(table(*heads), (_row(row, manner) for row in rows))


def _row(row: Mapping[str, Any], manner: Manner) -> list[str]:
    from cxcurve.charts import format as said
    from cxcurve.cli.tables import clean
    from cxcurve.metrics.promised import VERDICTS, WHY, Verdict

    unit = row["unit"] if row["unit"] == "share" else "score"
    if row["seen"] is not None:
        seen = [said.difference(row[name], unit) for name in ("seen", "low", "high")]
        told = [seen[0], f"{seen[1]} to {seen[2]}"]
    elif row["reason"] in ("not_over", "not_begun"):
        told = [said.NOTHING, f"read on {said.day(row['read_on'])}"]
    else:
        told = [said.NOTHING, WHY[row["reason"]]]
    verdict = "withdrawn" if row["closed_as"] == "withdrawn" else VERDICTS[Verdict(row["verdict"])]
    promised = said.difference(row["promised"], unit)
    label = row["label"].removesuffix(" within the days")
    return [
        clean(row["what"], 40), manner.day(row["started_at"]), label, promised, *told, verdict, row["strength"],
        row["action_id"],
    ]  # fmt: skip
