"""The form that takes a list of lost customers: read in bounds, answered, and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from cxcurve.errors import ProblemsError
from cxcurve.sources.lost_list import MOST_BYTES
from cxcurve.workspace import Workspace
from cxcurve.workspace.lost import LostResult

FIELD_NAME = "list"
LONGEST_BODY = 3 * MOST_BYTES + 4096
"""A form writes some signs as three; and the token."""
MOST_PROBLEMS = 30


@dataclass(frozen=True)
class Answer:
    """What was sent, and what was found or is to be mended."""

    text: str
    found: LostResult | None = None
    problems: tuple[str, ...] = ()
    n_problems: int = 0


def answer(workspace: Workspace, text: str) -> Answer:
    """What was told of the customers of the list; all problems of the list where it cannot be read."""
    try:
        return Answer(text, workspace.lost(text, name="your list"))
    except ProblemsError as error:
        said = tuple(str(problem) for problem in error.problems)
        return Answer(text, problems=said[:MOST_PROBLEMS], n_problems=len(said))
