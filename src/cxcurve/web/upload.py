"""Forms that may carry a file: the fields and the files of a body, of either kind a browser sends."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

from cxcurve.errors import BadValueError, Problem, ProblemsError
from cxcurve.web.notes import read_form

MULTIPART = "multipart/form-data"
MOST_PARTS = 50


def read_upload(content_type: str, body: bytes, longest: int) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields of a form, and its files that are not empty, by the names of their fields.

    Raises:
        BadValueError: it is longer than such a form may be, or cannot be read as one.
    """
    if not content_type.lower().startswith(MULTIPART):
        return read_form(body, longest), {}
    if len(body) > longest:
        raise BadValueError(f"The form has {len(body):,} bytes; at most {longest:,} are read")
    head = f"content-type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    try:
        return _told(BytesParser(EmailMessage, policy=HTTP).parsebytes(head + body))
    except RecursionError:
        raise BadValueError("The form is nested too deeply to read; nothing was changed") from None


def _told(read: EmailMessage) -> tuple[dict[str, str], dict[str, bytes]]:
    parts = [part for part in read.iter_parts() if isinstance(part, EmailMessage)] if read.is_multipart() else []
    if not parts or len(parts) > MOST_PARTS:
        raise BadValueError(f"The form has {len(parts)} parts; expected 1 to {MOST_PARTS}")
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise BadValueError("A part of the form has no name; nothing was changed")
        if part.get_filename() is None:
            fields[name] = content.decode("utf-8", "replace")
        elif content:
            files[name] = content
    return fields, files


def text_of(content: bytes, what: str) -> str:
    """A file as text: UTF-8, or UTF-16 where it says so.

    Raises:
        ProblemsError: it is neither; with the line.
    """
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        said = "is no text in UTF-8; save it as CSV UTF-8"
        raise ProblemsError([Problem(what, line, said)]) from None
