"""A dated note, written on the curve from the page."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from cxcurve.errors import BadValueError
from cxcurve.web.guard import FIELD
from cxcurve.web.pages.frame import with_query
from cxcurve.workspace import Workspace

LONGEST_BODY, LONGEST_NOTE = 16_384, 200


def read_form(body: bytes, longest: int = LONGEST_BODY) -> dict[str, str]:
    """The fields of a form.

    Raises:
        BadValueError: it is longer than such a form may be.
    """
    if len(body) > longest:
        raise BadValueError(f"The form has {len(body):,} bytes; at most {longest:,} are read")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def write(workspace: Workspace, form: Mapping[str, str]) -> str:
    """Write the note, and say where to go then: the curve as it was looked at.

    Raises:
        BadValueError: there is no text, it is too long, or the date is none.
    """
    text = " ".join(form.get("text", "").split())
    if not text:
        raise BadValueError("The note is empty; write a few words, such as New onboarding")
    if len(text) > LONGEST_NOTE:
        raise BadValueError(f"The note has {len(text)} characters; at most {LONGEST_NOTE} fit on the curve")
    workspace.note(text, form.get("at", ""))
    return with_query("/curve", {k: v for k, v in form.items() if k not in {FIELD, "text", "at"} and v})
