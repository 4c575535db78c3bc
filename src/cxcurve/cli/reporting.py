"""`cxcurve report`: the week, or the quarter, as a document."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxcurve.charts import format as said
from cxcurve.cli.output import complain, console, print_json
from cxcurve.cli.places import Folder, opened, segment_of
from cxcurve.errors import BadValueError, WorkspaceError
from cxcurve.reports.moves import in_tenths

if TYPE_CHECKING:
    from cxcurve.cli.tables import Parts
    from cxcurve.reports.documents import Document
    from cxcurve.reports.moves import Diff
    from cxcurve.reports.sheet import Part

app = typer.Typer(
    help="The scorecard and the curve of a week, or of a quarter, as a document that is kept.",
    invoke_without_command=True,
)


_SEGMENT = typer.Option(metavar="KEY=VALUE", help="Of these customers alone, such as plan=pro.", show_default=False)
_OUT = typer.Option("--out", metavar="FILE", help="Where to: FILE.pdf, FILE.png or FILE.html.", show_default=False)
_WEEK = typer.Option(metavar="WEEK", help="Such as 2026-W47, or a day in it.", show_default="the last one")


@app.callback()
def report(
    ctx: typer.Context,
    *,
    week: Annotated[str | None, _WEEK] = None,
    is_pack: Annotated[
        bool, typer.Option("--pack", help="The review of a quarter: trends, wins, losses, stories, agenda.")
    ] = False,
    quarter: Annotated[
        str | None,
        typer.Option(metavar="QUARTER", help="With --pack: such as 2026-Q3.", show_default="the last one"),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as one HTML file.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as PDF.")] = None,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Write it as a picture.")] = None,
    segment: Annotated[list[str] | None, _SEGMENT] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Set beside it what is known of that time now; it stays as it is.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print its numbers as one JSON document.")] = False,
    folder: Folder = None,
) -> None:
    """Make the report of a week; what was made once stays as it is."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = folder or ctx.obj
        return
    if (quarter is not None and not is_pack) or (week is not None and is_pack):
        raise BadValueError("--week goes with the report of a week, --quarter with --pack")
    with opened(ctx, folder) as workspace:
        whose = segment_of(segment or [])
        found = workspace.report(*((quarter, "quarter") if is_pack else (week, "week")), again=again, segment=whose)
    _write(found.document, html, pdf, png)
    if as_json:
        print_json(found.to_json())
    else:
        console().print(found.document.read.headline.title, markup=False)


@app.command("scorecard")
def report_scorecard(
    ctx: typer.Context,
    *,
    out: Annotated[Path, _OUT],
    week: Annotated[str | None, _WEEK] = None,
    segment: Annotated[list[str] | None, _SEGMENT] = None,
    folder: Folder = None,
) -> None:
    """The scorecard of a week as a file."""
    _write_part(ctx, "scorecard", out, week, segment, folder)


@app.command("curve")
def report_curve(
    ctx: typer.Context,
    *,
    out: Annotated[Path, _OUT],
    week: Annotated[str | None, _WEEK] = None,
    segment: Annotated[list[str] | None, _SEGMENT] = None,
    folder: Folder = None,
) -> None:
    """The curve of a week as a file, with what moved it and its drift zones."""
    _write_part(ctx, "curve", out, week, segment, folder)


@app.command("diff")
def report_diff(
    ctx: typer.Context,
    *,
    since: Annotated[
        str | None, typer.Option(metavar="WEEK", help="From which week.", show_default="four weeks before")
    ] = None,
    week: Annotated[
        str | None, typer.Option(metavar="WEEK", help="To which week.", show_default="the last one")
    ] = None,
    segment: Annotated[list[str] | None, _SEGMENT] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    folder: Folder = None,
) -> None:
    """What moved the level from one week's report to another's: parts that add up to all of it."""
    with opened(ctx, folder) as workspace:
        found = workspace.report_diff(since, week, segment_of(segment or []))
    if found is None:
        raise WorkspaceError("One of the weeks has too few customers to tell what moved the level.")
    if as_json:
        print_json({**asdict(found), "change": found.change})
        return
    for part in _diff_view(found):
        console().print(part)


@app.command("send")
def send_report(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which, as reports.yaml calls it.")],
    *,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and to whom.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also to those who were sent it already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    folder: Folder = None,
) -> None:
    """Send the last report to those who were not sent it yet."""
    with opened(ctx, folder) as workspace:
        if not workspace.subscriptions:
            raise WorkspaceError(
                "reports.yaml: names nobody yet. Say there who gets which report; docs/reports.md shows how."
            )
        done = workspace.send_report(name, dry_run=is_dry, again=again)
    if as_json:
        print_json(done.to_json())
    else:
        console().print(f"{done.message.subject}\n\n{done.message.text}", markup=False)
        for who, state, note in done.recipients:
            console().print(f"{who}: {state}{f' ({note})' if note else ''}", markup=False)
    if done.error is not None and not is_dry:
        complain(f"{name}: {done.error}")
        raise typer.Exit(1)


def _write_part(
    ctx: typer.Context, part: Part, out: Path, week: str | None, segment: list[str] | None, folder: Path | None
) -> None:
    kind = out.suffix.lower()
    if kind not in (".pdf", ".png", ".html"):
        raise BadValueError(f'--out "{out}": expected a name that ends in .pdf, .png or .html')
    with opened(ctx, folder) as workspace:
        document = workspace.report(week, segment=segment_of(segment or [])).document.only(part)
    _write(document, *(out if kind == one else None for one in (".html", ".pdf", ".png")))
    console().print(f"{document.headline.title}\n{out}", markup=False)


def _write(document: Document, html: Path | None, pdf: Path | None, png: Path | None) -> None:
    """The files asked for; a picture of a second page and on has its number in the name."""
    if html is not None:
        html.write_text(document.html(), encoding="utf-8")
    if pdf is not None:
        pdf.write_bytes(document.pdf())
    for number, one in enumerate(document.png() if png is not None else (), 1):
        assert png is not None
        (png if number == 1 else png.with_stem(f"{png.stem}-{number}")).write_bytes(one)


def _diff_view(found: Diff) -> Parts:
    """Every part with its points, in tenths that add up as they stand."""
    from rich.text import Text

    from cxcurve.cli.tables import clean, filled, table

    yield Text(f"Level {said.signed(found.before, 1)} to {said.signed(found.after, 1)}")
    shown = in_tenths([move.points for move in found.moves], found.change)
    rows = [
        [clean(move.label), said.signed(points, 1), said.interval(move.low, move.high, "score")]
        for move, points in zip(found.moves, shown, strict=True)
        if points
    ]
    whole = ["All together", said.signed(found.change, 1), said.interval(found.low, found.high, "score")]
    yield filled(table("What", ">Points", "95 %"), [*rows, whole])
