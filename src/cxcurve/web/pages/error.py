"""What went wrong, why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cxcurve.errors import (
    BadValueError,
    CxcurveError,
    ProblemsError,
    StoreError,
    TooFewError,
    UnknownNameError,
    WorkspaceError,
)
from cxcurve.web.pages.frame import Frame, bare
from cxcurve.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as an answer: status, code for programs, what happened, what to do."""

    status: int
    code: str
    title: str
    message: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class ErrorPage(Frame):
    """What error.html shows."""

    status: int
    message: str
    advice: str | None
    code: str

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {"status": self.status, "code": self.code, "message": self.message, "advice": self.advice}


NOT_FOUND = Failure(404, "not_found", "Not found", "There is no page at this address.", "Choose one from the menu.")
NOT_ALLOWED = Failure(405, "method_not_allowed", "Not allowed", "This address cannot be used that way.")
BROKEN = Failure(
    500, "internal", "Something broke", "The page could not be made, and nothing was changed.",
    "The terminal that runs `cxcurve serve` shows why. If it happens again, please report it.",
)  # fmt: skip


FORM = "That cannot be kept", "Nothing was changed. Go back, mend it and send it again."
ADDRESS = "That cannot be read", "Change the address, or start again from the curve."


def build(workspace: Workspace, failure: Failure) -> ErrorPage:
    """The page of a failure."""
    return ErrorPage(
        **bare(workspace, failure.title),
        status=failure.status,
        message=failure.message,
        advice=failure.advice,
        code=failure.code,
    )


def failure_of(error: CxcurveError, *, is_form: bool = False) -> Failure:
    """How an error is answered: on a page that was asked for, or where a form was sent."""
    if isinstance(error, UnknownNameError):
        return _unknown(str(error))
    if isinstance(error, ProblemsError):
        advice = "Mend these, then start `cxcurve serve` again; `cxcurve check` lists them all."
        return Failure(503, "model_problems", "The journey has errors", str(error), advice)
    if isinstance(error, WorkspaceError):
        return Failure(503, "nothing_scored", "Nothing to show yet", *_split(str(error)))
    if isinstance(error, TooFewError):
        return Failure(403, "too_few", "Too few to tell", str(error))
    if isinstance(error, StoreError):
        return Failure(503, "store", "The store could not answer", str(error))
    code = "bad_value" if isinstance(error, BadValueError) else "bad_request"
    title, advice = FORM if is_form else ADDRESS
    return Failure(400, code, title, str(error), advice)


def _unknown(message: str) -> Failure:
    if message.startswith("customer "):
        return Failure(404, "unknown_customer", "Not found", message, "The list of customers can be searched.")
    if message.startswith("report "):
        return Failure(404, "unknown_report", "Not found", message, "The page of reports lists those that are kept.")
    return Failure(400, "unknown_name", "That is not known", message, "Choose from the lists on the page.")


def _split(message: str) -> tuple[str, str]:
    """What happened, and what to do: the sentence that begins with "Run"."""
    what, found, rest = message.partition(" Run ")
    return what, f"{found.strip()} {rest}".strip()
