"""Every error a user can meet.

Three kinds, never mixed: misuse of the library raises one of these exceptions; a problem in the user's
files is a `Problem` value, collected and shown with all the others; too little data is a result without
a value but with a reason code (`Reason`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a problem is: an error stops the work, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Reason(StrEnum):
    """Why a number is not shown."""

    TOO_FEW = "too_few"
    NO_EVENTS = "no_events"
    OUTSIDE = "outside"
    NOT_IN_MODEL = "not_in_model"
    NOT_REACHED = "not_reached"
    NOT_FOLLOWED = "not_followed"
    NO_REVENUE = "no_revenue"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something the user can mend: where, what, what was expected, what to do."""

    file: str
    line: int
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" if place else self.message


class CxcurveError(Exception):
    """What every exception of this package is."""


class ProblemsError(CxcurveError, ValueError):
    """The user's files have problems; `problems` holds all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class WorkspaceError(CxcurveError, ValueError):
    """A folder is no workspace, or cannot become one."""


class WorkspaceBusyError(CxcurveError, RuntimeError):
    """Another process holds the workspace."""


class StoreError(CxcurveError, RuntimeError):
    """The store could not do what was asked: a full disk, a damaged file."""


class InboxFullError(CxcurveError, RuntimeError):
    """Nothing more can be taken in for now; what was refused is for its sender to send again."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"{message}. Nothing of this request was kept: send it again in {retry_after_s} s.")


class ConnectError(CxcurveError, RuntimeError):
    """A service could not be reached, or refused what was asked of it."""


class UnknownNameError(CxcurveError, LookupError):
    """A customer, event, stage, metric or segment that is not there."""

    def __init__(self, kind: str, name: str, known: Iterable[str] = ()) -> None:
        super().__init__(f'{kind} "{clip(name)}" is not known.{did_you_mean(name, known)}')


class TooFewError(CxcurveError, ValueError):
    """What was asked would tell of so few customers that each could be told from it."""


class BadValueError(CxcurveError, ValueError):
    """An argument outside what it may be."""


class ConflictError(BadValueError):
    """What was to be changed is another by now."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' Did you mean "x"?' when a known name is close to `name`, else an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""


def clip(text: str, length: int = 80) -> str:
    """`text`, short enough for a message."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
