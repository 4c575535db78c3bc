"""Commands that make a workspace, or a part of one: init, demo, suggest."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxcurve.cli.output import complain, console, progress
from cxcurve.cli.places import Folder, opened
from cxcurve.cli.working import Host, Port, serve_pages
from cxcurve.errors import BadValueError, Problem, ProblemsError, WorkspaceError

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace

DEMO_NAME = "Lumen Software"
TRUTH_FILE = "truth.json"
"""Written last: a folder with it holds a whole simulated company."""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.", show_default=False)],
    starter: Annotated[
        str, typer.Option(metavar="NAME", help="The journey to start from: b2b-saas, ecommerce, support or blank.")
    ] = "blank",
) -> None:
    """Make a workspace: a journey to start from, and a place for your sources."""
    from cxcurve import workspace
    from cxcurve.model.starters import JOURNEY_FILE, SOURCES_FILE

    workspace.init(folder, starter).close()
    typer.echo(f"{folder}: made from the {starter} starter.")
    typer.echo(f"Next: put your event files there, say in {SOURCES_FILE} where they are (`cxcurve suggest FILE` drafts")
    typer.echo(f"it) and in {JOURNEY_FILE} what they mean; then `cxcurve check`, `cxcurve load`, `cxcurve score`.")


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="To make, or made by an earlier demo.")] = Path(
        "demo"
    ),
    *,
    customers: Annotated[int, typer.Option(help="How many, prospects included.")] = 2000,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 7,
    end: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its last day is the one before; today if not given.")
    ] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Do not open the pages.")] = False,
    host: Host = None,
    port: Port = None,
) -> None:
    """Make a simulated company with known truth, score it and show its pages."""
    from cxcurve import workspace
    from cxcurve.cli.reports import demo_report

    if not (folder / TRUTH_FILE).is_file():
        _simulate(folder, customers, seed, (end or datetime.now().astimezone()).date())
    else:
        complain(f"{folder}: is a demo already and is used as it is.")
    with workspace.open(folder) as company:
        _score(company)
        for part in demo_report(company, folder):
            console().print(part)
        if not no_serve:
            serve_pages(company, host, port)


def _simulate(folder: Path, customers: int, seed: int, end: date) -> None:
    """Two years of a company, in place all at once: a demo that was cut short leaves nothing half made."""
    from cxcurve import workspace
    from cxcurve.sources.simulated import simulate, write
    from cxcurve.workspace.demo_actions import eased

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(f"{folder}: is there already and is no demo; choose another folder")
    made = folder.with_name(f".{folder.resolve().name}-{os.getpid()}")
    try:
        with console_status(f"Simulating {customers:,} customers over two years"):
            company = eased(simulate(customers=customers, seed=seed, end=end), end)
            workspace.init(made, "b2b-saas").close()
            write(company, made)
        _rename(made / "cxcurve.toml", made.name)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    finally:
        _remove(made)


def _rename(settings: Path, name: str) -> None:
    text = settings.read_text(encoding="utf-8").replace(f'"{name}"', f'"{DEMO_NAME}"').replace('"USD"', '"EUR"')
    settings.write_text(text, encoding="utf-8")


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def console_status(what: str) -> contextlib.AbstractContextManager[object]:
    """A word on stderr while something without counts runs."""
    from rich.console import Console

    return Console(stderr=True).status(f"{what} …")


def _score(company: Workspace) -> None:
    """Load and score what is not yet, and write down its actions; a run that was cut short is finished."""
    from cxcurve.workspace.demo_actions import write_demo_actions

    if company.is_scored:
        return
    with progress("bytes") as said:
        company.load(progress=said)
    with progress("customers") as said:
        company.score(progress=said)
    truth = json.loads((company.folder / TRUTH_FILE).read_text(encoding="utf-8"))
    write_demo_actions(company, date.fromisoformat(truth["end"]))


class From(StrEnum):
    """What a draft can be made from, besides exports."""

    QUARANTINE = "quarantine"


def suggest(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE ...]", help="CSV exports.", show_default=False)
    ] = None,
    *,
    source: Annotated[
        From | None,
        typer.Option("--from", help="Draft plan entries for journey.yaml instead, from what was refused."),
    ] = None,
    folder: Folder = None,
) -> None:
    """Draft sources.yaml from CSV exports, or plan entries; what is guessed is marked so, for you to confirm."""
    if (source is None) == (not files):
        raise typer.BadParameter("give CSV exports, or --from quarantine for plan entries", param_hint="FILE")
    if source is From.QUARANTINE:
        with opened(ctx, folder) as workspace:
            typer.echo(workspace.suggest_plan(), nl=False)
    else:
        _suggest_sources(files or [], folder or ctx.obj)


def _suggest_sources(files: Sequence[Path], named: Path | None) -> None:
    from cxcurve.model import suggest as drafting
    from cxcurve.model.starters import SETTINGS_FILE
    from cxcurve.workspace import find

    missing = [path for path in files if not path.is_file()]
    if missing:
        raise ProblemsError([Problem(str(path), 0, "there is no such file") for path in missing])
    try:
        home = named if named and (named / SETTINGS_FILE).is_file() else find(Path())
    except WorkspaceError:
        home = Path()
    paths = [Path(os.path.relpath(path, home)) for path in files]
    try:
        with contextlib.chdir(home):
            typer.echo(drafting.suggest(paths, _known_events(Path())), nl=False)
    except BadValueError as error:
        raise ProblemsError([Problem("", 0, str(error))]) from None


def _known_events(folder: Path) -> Sequence[str]:
    """The tracking plan's events; none where there is no journey that can be read."""
    from cxcurve.model import read_journey
    from cxcurve.model.starters import JOURNEY_FILE

    journey, _ = read_journey(folder / JOURNEY_FILE)
    return list(journey.signals) if journey else []
