"""A form with a file: its fields, its file, and bodies that are none."""

from __future__ import annotations

import httpx
import pytest

from cxcurve.errors import BadValueError, ProblemsError
from cxcurve.web.upload import MOST_PARTS, read_upload, text_of

PART = b"content-disposition: form-data; name=a\r\n\r\n1\r\n"


def body_of(files: dict[str, tuple[str, bytes]], **fields: str) -> tuple[str, bytes]:
    request = httpx.Request("POST", "http://here/", data=fields, files=files)
    return request.headers["content-type"], request.read()


def test_fields_and_files_come_as_they_were_sent() -> None:
    content = "app,größer\r\nmail,株式\r\n".encode() + b"\x00\xff--x"
    kind, body = body_of({"file": ("a.csv", content)}, journey="onboarding é", company="", form_token="t")
    fields, files = read_upload(kind, body, 10_000)
    assert fields == {"journey": "onboarding é", "company": "", "form_token": "t"}
    assert files == {"file": content}


def test_no_file_chosen_is_no_file() -> None:
    kind, body = body_of({"file": ("", b"")}, steps="app,sign in")
    fields, files = read_upload(kind, body, 10_000)
    assert fields["steps"] == "app,sign in"
    assert files == {}
    assert read_upload("application/x-www-form-urlencoded", b"a=1&b=", 100) == ({"a": "1", "b": ""}, {})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n" * 60 + b"--x--",
        ),
        ("multipart/form-data; boundary=x", b"x" * 2000),
    ],
    ids=["no boundary", "empty", "no name", "many", "long"],
)
def test_what_is_no_form_is_refused(kind: str, body: bytes) -> None:
    assert body.count(b"--x\r\n") in {0, 1, 60}
    assert MOST_PARTS < 60
    with pytest.raises(BadValueError):
        read_upload(kind, body, 1000 if len(body) == 2000 else 100_000)


def test_a_file_that_is_no_text_names_its_line() -> None:
    with pytest.raises(ProblemsError, match=r"walk:3: is no text in UTF-8"):
        text_of("a\nb\nMüller".encode("latin-1"), "walk")
    assert text_of("\ufeffä".encode(), "walk") == text_of("ä".encode("utf-16"), "walk") == "ä"
