"""Commands that learn and check: calibrate, backtest, truth."""

from __future__ import annotations

import os
import platform
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cxcurve.cli.output import console, print_json, progress
from cxcurve.cli.places import Folder, opened

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AsOf = Annotated[str | None, typer.Option(metavar="DATE", help="From what was known at the end of that day.")]
_STEPS = {
    "sums": "Adding up events",
    "weeks": "Week by week",
    "periods": "Reading weeks",
    "forecasts": "Testing",
    "forecasts of friction": "Testing friction",
    "forecasts of momentum": "Testing momentum",
}


def calibrate(
    ctx: typer.Context,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Keep the weights as a version and score by it.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Every weight: expert, in force, learned.")] = False,
    as_of: AsOf = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Learn what friction and momentum weigh, from who left and who moved on."""
    from cxcurve.cli.learned import calibration_view
    from cxcurve.cli.tables import Manner

    with opened(ctx, folder) as workspace:
        with progress("customers") as said:
            found = workspace.calibrate(
                as_of, apply=apply, progress=lambda label, *counts: said(_STEPS.get(label, label), *counts)
            )
        document = found.to_json()
        manner = Manner.of(workspace)
    if as_json:
        print_json(document)
        return
    for part in calibration_view(document, manner, is_whole=compare):
        console().print(part)


def backtest(
    ctx: typer.Context,
    *,
    score: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Your own health score, a column of your customers.")
    ] = None,
    is_risk: Annotated[bool, typer.Option("--higher-is-worse", help="Your score is one of risk.")] = False,
    lost: Annotated[
        str | None, typer.Option(metavar="FILE", help="Customers you lost (customer, date, reason) as CSV; - is stdin.")
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """How right the scores were, forward in time: what they said, beside what happened."""
    from cxcurve.cli.learned import backtest_view
    from cxcurve.cli.tables import Manner

    if lost is not None:
        if score is not None or is_risk:
            raise typer.BadParameter("goes without --score and --higher-is-worse", param_hint="--lost")
        _look_back(ctx, lost, as_of, as_json=as_json, folder=folder)
        return
    with opened(ctx, folder) as workspace:
        with progress("fits") as said:
            found = workspace.backtest(
                as_of,
                own_score=score,
                is_risk=is_risk,
                progress=lambda label, *counts: said(_STEPS.get(label, label), *counts),
            )
        document = found.to_json()
        manner = Manner.of(workspace)
    if as_json:
        print_json(document)
        return
    for part in backtest_view(document, manner):
        console().print(part)


def _look_back(ctx: typer.Context, listed: str, as_of: str | None, *, as_json: bool, folder: Path | None) -> None:
    """Whether the customers of a list were marked before they were lost."""
    from cxcurve.cli.lost import lost_view, read_list
    from cxcurve.cli.tables import Manner

    text, name = read_list(listed)
    with opened(ctx, folder) as workspace:
        with progress("fits") as said:
            found = workspace.lost(
                text, as_of, name=name, progress=lambda label, *counts: said(_STEPS.get(label, label), *counts)
            )
        document, manner = found.to_json(), Manner.of(workspace)
    if as_json:
        print_json(document)
        return
    for part in lost_view(document, manner):
        console().print(part)


def truth(
    *,
    companies: Annotated[int, typer.Option(help="Companies drawn for each claim.", min=2)] = 10,
    customers: Annotated[int, typer.Option(help="Customers of each.", min=50)] = 500,
    rates: Annotated[int, typer.Option(help="Companies drawn where a claim is a rate.", min=2)] = 100,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Companies with planted truth through the whole product: which claims are found, which are missed."""
    from cxcurve.cli.learned import proof_view
    from cxcurve.truth.proof import page, prove

    with progress("companies") as said:
        chapters = prove(companies=companies, customers=customers, rates=rates, say=said)
    if out is not None:
        made = f"Drawn on {date.today():%d %B %Y}, {os.cpu_count()} processors ({platform.machine()})."
        out.write_text(page(chapters, made=made), encoding="utf-8")
    if as_json:
        print_json({"chapters": [chapter.to_json() for chapter in chapters]})
        return
    for part in proof_view(chapters):
        console().print(part)
