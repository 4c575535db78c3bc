"""The form that takes a list of lost customers: read in bounds, answered, and kept nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from cxcurve.errors import BadValueError, ProblemsError
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


async def body_of(chunks: AsyncIterator[bytes]) -> bytes:
    """The body of a request.

    Raises:
        BadValueError: it is longer than a list may be; the rest is not read.
    """
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > LONGEST_BODY:
            raise BadValueError(f"The list is longer than {MOST_BYTES:,} bytes; send it in parts")
    return bytes(body)


def answer(workspace: Workspace, text: str) -> Answer:
    """What was told of the customers of the list; all problems of the list where it cannot be read."""
    try:
        return Answer(text, workspace.lost(text, name="your list"))
    except ProblemsError as error:
        said = tuple(str(problem) for problem in error.problems)
        return Answer(text, problems=said[:MOST_PROBLEMS], n_problems=len(said))
