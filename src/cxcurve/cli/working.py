"""Commands that change a workspace, and the one that serves it: load, score, note, serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cxcurve.cli.output import complain, console, print_json, progress
from cxcurve.cli.people import log
from cxcurve.cli.places import Folder, opened
from cxcurve.errors import WorkspaceError

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Host = Annotated[str | None, typer.Option(help="The address to listen on.", show_default="as in cxcurve.toml")]
Port = Annotated[int | None, typer.Option(help="The port.", min=1, max=65535, show_default="as in cxcurve.toml")]


def load(
    ctx: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE ...]", help="Which; default: all.", show_default=False)
    ] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Read the sources into the workspace; repeating it adds nothing twice."""
    from cxcurve.cli.reports import load_report

    with opened(ctx, folder) as workspace:
        if not workspace.sources:
            raise WorkspaceError(
                "sources.yaml: names no source yet. Say there where your files are; `cxcurve suggest FILE` drafts it."
            )
        with progress("bytes") as said:
            reports = workspace.load(*(sources or []), progress=said)
        told = {key: report.to_json() for key, report in reports.items()}
        complain(*(f"warning: {problem}" for report in reports.values() for problem in report.problems))
        refused = workspace.quarantine()
    if as_json:
        print_json(told)
        return
    for part in load_report(told, refused):
        console().print(part)


def score(
    ctx: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Score all customers, not only the touched ones.")] = False,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Work out every customer's stage, friction, momentum and level, week by week."""
    labels = {"sums": "Adding up events", "weeks": "Week by week"}
    with opened(ctx, folder) as workspace:
        if not workspace.counts():
            raise WorkspaceError(f"{workspace.folder}: has no events yet. Run `cxcurve load` first.")
        with progress("customers") as said:
            n = workspace.score(full=full, progress=lambda label, *counts: said(labels.get(label, label), *counts))
        if as_json:
            print_json({"customers": n})
        elif n:
            typer.echo(
                f"{n:,} customer{'' if n == 1 else 's'} scored. `cxcurve show curve` or `cxcurve serve` shows them."
            )
        else:
            typer.echo("Nothing changed since the last score; `--full` scores all again.")


def replay(ctx: typer.Context, as_json: Json = False, folder: Folder = None) -> None:
    """Map what was sent and refused once more, after a change of journey.yaml or sources.yaml."""
    from dataclasses import asdict

    with opened(ctx, folder) as workspace:
        found = workspace.replay()
    if as_json:
        print_json(asdict(found))
    elif not found.tried:
        typer.echo("Nothing that was sent is in quarantine. Rows of files: mend them there, then `cxcurve load`.")
    else:
        typer.echo(
            f"{found.tried:,} message{'' if found.tried == 1 else 's'} tried again: {found.loaded:,} in the log now, "
            f"{found.duplicate:,} there already, {found.conflict:,} in conflict, "
            f"{found.no_event:,} that make no event, {found.refused:,} refused still."
        )


def note(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What happened.", show_default=False)],
    at: Annotated[str | None, typer.Option(metavar="DATE", help="When.", show_default="today")] = None,
    folder: Folder = None,
) -> None:
    """Write a note on the curve."""
    from datetime import datetime

    with opened(ctx, folder) as workspace:
        day = at or datetime.now().astimezone().date().isoformat()
        workspace.note(text, day)
        log(workspace, "note", f"at {day}")
        typer.echo(f"Noted at {day}: {text}")


def serve(ctx: typer.Context, host: Host = None, port: Port = None, folder: Folder = None) -> None:
    """Show the pages in a browser."""
    with opened(ctx, folder) as workspace:
        serve_pages(workspace, host, port)


def serve_pages(workspace: Workspace, host: str | None, port: int | None) -> None:
    """Serve until stopped; host and port as in cxcurve.toml where not named."""
    from cxcurve.web.app import serve as serve_app

    serve_app(workspace, host or workspace.settings.host, port or workspace.settings.port)
