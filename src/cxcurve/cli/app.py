"""The commands by name, and what happens when one fails.

Exit codes: 0 done, 1 a problem the user can mend, 2 misuse, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from cxcurve import __version__
from cxcurve.cli import (
    actions,
    checking,
    connecting,
    embedding,
    explaining,
    learning,
    making,
    people,
    privacy,
    reporting,
    showing,
    tokens,
    working,
    writing,
)
from cxcurve.cli.output import complain
from cxcurve.cli.places import Folder
from cxcurve.errors import BadValueError, CxcurveError, ProblemsError, UnknownNameError

DONE, MENDABLE, MISUSE = 0, 1, 2

app = typer.Typer(
    name="cxcurve",
    help="Measures customer experience as a journey: the CX Curve, from your events.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command, _does in (
    ("init", making.init),
    ("demo", making.demo),
    ("suggest", making.suggest),
    ("connect", connecting.connect),
    ("check", checking.check),
    ("load", working.load),
    ("score", working.score),
    ("show", showing.show),
    ("explain", explaining.explain),
    ("replay", working.replay),
    ("export", privacy.export),
    ("erase", privacy.erase),
    ("consent", privacy.consent),
    ("retain", privacy.retain),
    ("note", working.note),
    ("calibrate", learning.calibrate),
    ("backtest", learning.backtest),
    ("truth", learning.truth),
    ("write", writing.write),
    ("embed", embedding.embed),
    ("serve", working.serve),
):
    app.command(_command)(_does)
app.add_typer(actions.app, name="actions")
app.add_typer(reporting.app, name="report")
app.add_typer(tokens.app, name="tokens")
app.add_typer(people.users, name="users")
app.add_typer(people.audit, name="audit")


def _version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"cxcurve {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    folder: Folder = None,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.", show_default=False)
    ] = False,
) -> None:
    ctx.obj = folder


def main() -> None:
    """Run the command line and exit."""
    # We share work out by customers, a block a processor. A linear algebra library that shares out each small product
    # beside that mostly waits for itself: on a busy machine a backtest took 49 seconds with it and 8 without.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a sign shows a question mark
    try:
        app()
    except ProblemsError as error:
        complain(*error.problems)
        sys.exit(MENDABLE)
    except CxcurveError as error:
        complain(error)
        sys.exit(MISUSE if isinstance(error, BadValueError | UnknownNameError) else MENDABLE)
    except OSError as error:
        if error.filename is None:
            raise
        complain(f"{error.filename}: {error.strerror}")
        sys.exit(MENDABLE)
