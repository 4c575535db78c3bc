"""`cxcurve check`: the files, what the files say about the data, and what the data lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxcurve.cli.output import complain, console, print_json
from cxcurve.cli.places import Folder, opened
from cxcurve.errors import Problem, Severity, WorkspaceBusyError

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace


def check(
    ctx: typer.Context,
    schema: Annotated[bool, typer.Option("--schema", help="Print the files' JSON schemas, for editors.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --schema: write one file for each there.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    folder: Folder = None,
) -> None:
    """Check the YAML and the source files, and say which signals have data and which would add most."""
    if schema:
        _give_schemas(out)
        return
    with opened(ctx, folder) as workspace:
        problems = [*workspace.problems(), *workspace.file_problems()]
        signals, unseen = _signals(workspace, problems)
        if signals is not None:
            problems += workspace.data_problems()
    if as_json:
        print_json({"problems": [_json(problem) for problem in problems], "signals": signals, "reason": unseen})
    _say(problems, signals, unseen, is_quiet=as_json)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise typer.Exit(1)


def _give_schemas(out: Path | None) -> None:
    from cxcurve.model.schema import destinations_schema, journey_schema, sources_schema, subscriptions_schema

    schemas = {
        "journey": journey_schema(), "sources": sources_schema(), "destinations": destinations_schema(),
        "reports": subscriptions_schema(),
    }  # fmt: skip
    if out is None:
        print_json(schemas)
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas.items():
        path = out / f"{name}.schema.json"
        path.write_text(json.dumps(schema, indent=2), encoding="utf-8")
        typer.echo(f"{path}: for {name}.yaml begin it with `# yaml-language-server: $schema={path}`")


def _signals(workspace: Workspace, problems: list[Problem]) -> tuple[dict[str, Any] | None, str | None]:
    """Which signals have data; None and the reason where that cannot be said."""
    from cxcurve.model.coverage import coverage

    if any(problem.severity is Severity.ERROR and problem.file == "journey.yaml" for problem in problems):
        return None, "journey.yaml has errors: which signals have data is told when they are mended."
    if not workspace.has_data:
        return None, "No events yet: run `cxcurve load`, and check tells which signals have data."
    try:
        counts = workspace.counts()
    except WorkspaceBusyError as error:
        return None, f"{error} What is said above comes from the files alone; the data could not be looked at."
    if not counts:
        return None, "No events yet: run `cxcurve load`, and check tells which signals have data."
    found = coverage(workspace.journey, counts)
    first = [{"signal": one.signal, "reason": one.reason} for one in found.add_first]
    return {"present": list(found.present), "missing": list(found.missing), "add_first": first}, None


def _json(problem: Problem) -> dict[str, Any]:
    return {"file": problem.file, "line": problem.line, "severity": problem.severity, "message": problem.message}


def _say(problems: list[Problem], signals: dict[str, Any] | None, unseen: str | None, *, is_quiet: bool) -> None:
    from cxcurve.cli.reports import check_report

    complain(*(_with_severity(problem) for problem in problems))
    if is_quiet:
        return
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    for part in check_report(errors, len(problems) - errors, signals, unseen):
        console().print(part)


def _with_severity(problem: Problem) -> str:
    return f"{problem}" if problem.severity is Severity.ERROR else f"warning: {problem}"
