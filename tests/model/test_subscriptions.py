"""reports.yaml: read with what it means, and everything wrong with it at once."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from cxcurve.model import Subscription, read_subscriptions
from cxcurve.model.documents import read_document
from cxcurve.model.schema import subscriptions_schema

GOOD = """\
board:
  to: email
  recipients: [ann@acme.example, board@acme.example]
  from: cx@acme.example
  server: smtp.acme.example
  user: cx@acme.example
  every: monday 07:00
team: {to: chat, every: monday 08:00, link: "https://cx.acme.example/reports"}
lab: {report: quarter, to: email, recipients: lab@acme.example, from: cx@acme.example, server: s, security: tls}
"""


def said(folder: Path, text: str) -> list[str]:
    (folder / "reports.yaml").write_text(text, encoding="utf-8")
    found, problems = read_subscriptions(folder / "reports.yaml")
    assert found is None
    return [str(problem) for problem in problems]


def read(folder: Path, text: str) -> dict[str, Subscription]:
    (folder / "reports.yaml").write_text(text, encoding="utf-8")
    found, problems = read_subscriptions(folder / "reports.yaml")
    assert problems == []
    assert found is not None
    return found


def test_what_it_says_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert found["board"].recipients == ("ann@acme.example", "board@acme.example")
    assert (found["board"].at_port, found["lab"].at_port, found["board"].attach) == (587, 465, ("pdf",))
    assert (found["lab"].report, found["lab"].recipients) == ("quarter", ("lab@acme.example",))
    assert str(found["team"].every) == "monday 08:00"
    schema, value = subscriptions_schema(), read_document(tmp_path / "reports.yaml")[0].value  # type: ignore[union-attr]
    jsonschema.validate(value, schema)


def test_no_file_is_nobody(tmp_path: Path) -> None:
    assert read_subscriptions(tmp_path / "reports.yaml") == ({}, [])
    assert read(tmp_path, "# nobody yet\n") == {}


def test_the_example_of_the_docs_is_read_without_a_problem(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
    found = read(tmp_path, text.partition("```yaml\n")[2].partition("```")[0])
    assert {one.to for one in found.values()} == {"email", "chat"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {to: mail}\n", "email"),
        ("a: {to: chat, evry: 1d}\n", 'Did you mean "every"?'),
        ("a: {to: email, from: x@y, server: s}\n", 'report "a" needs `recipients`: who gets it'),
        ("a: {to: email, recipients: [x], from: c@d, server: s}\n", 'has "x" in `recipients`, which is no address'),
        ("a: {to: email, recipients: ['x@y\\n', \"x@y\\n\"], from: c@d, server: s}\n", "which is no address"),
        ("a: {to: email, recipients: [x@y, X@y], from: c@d, server: s}\n", 'names "x@y" 2 times'),
        ("a: {to: email, recipients: x@y, from: c@d, server: s, security: none}\n", "for all to read on the way"),
        ("a: {to: email, recipients: x@y, from: c@d, server: s, port: 99999}\n", "expected a number from 1 to 65535"),
        ("a: {to: chat, server: s}\n", "has `server`, which a chat does not use"),
        ("a: {to: chat, link: 'javascript:x'}\n", "expected such as"),
        ("a: {to: chat, link: 'https://hooks.slack.com/services/T/B/x'}\n", "environment variable CXCURVE_CHAT_URL"),
        ("a: {to: email, recipients: x@y, from: c@d, server: 's://u:secret@h'}\n", "CXCURVE_SMTP_PASSWORD"),
        ("a: {to: chat, url: x}\n", 'key "url"'),
        ("a: {to: chat, every: 1m}\n", "too often"),
        ("[]\n", "expected a name for each subscription"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    found = said(tmp_path, text)
    assert any(message in one for one in found), found
    assert all(one.startswith("reports.yaml:1: ") for one in found)
    assert "secret@h" not in "".join(found)
