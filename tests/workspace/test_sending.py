"""A report is sent to each recipient once: after failures again, after a kill never twice, and no secret is told."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

sys.path.insert(0, str(Path(__file__).parents[1] / "sources"))
sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

import serving
from calling import run_cli
from fake_post import Box, chat_room, mail_server

import cxcurve
from cxcurve.errors import ProblemsError, UnknownNameError
from cxcurve.store.reports import sendings
from cxcurve.web import writer as writing
from cxcurve.web.reader import Reader
from cxcurve.web.writer import Writer
from cxcurve.workspace import sending
from cxcurve.workspace.sending import is_due_now

PASSWORD = "pass-word-of-mine"
MAIL = (
    "board: {{to: email, recipients: [ann@acme.example, bob@acme.example], from: cx@acme.example, server: 127.0.0.1, "
    "port: {port}, security: none, user: cx, attach: [html]{more}}}\n"
)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXCURVE_SMTP_PASSWORD", PASSWORD)


@pytest.fixture(scope="module", name="reported")
def _reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company with the report of its last week."""
    folder = serving.copied(tmp_path_factory.mktemp("sending"))
    with cxcurve.open(folder) as workspace:
        workspace.report()
    return folder


@pytest.fixture(name="folder")
def _folder(reported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(reported, tmp_path / "w"))


def subscribe(folder: Path, text: str) -> None:
    (folder / "reports.yaml").write_text(text, encoding="utf-8")


def by_mail(folder: Path, box: Box, more: str = "") -> None:
    subscribe(folder, MAIL.format(port=box.port, more=more))


def got(box: Box) -> list[str]:
    return sorted(who for who, _ in box.mails)


def test_each_gets_one_mail_with_the_report_and_never_another(folder: Path) -> None:
    with mail_server() as box, cxcurve.open(folder) as workspace:
        by_mail(folder, box)
        first = workspace.send_report("board")
        assert [(who, state) for who, state, _ in first.recipients] == [
            ("ann@acme.example", "sent"),
            ("bob@acme.example", "sent"),
        ]
        again = workspace.send_report("board")
        assert (again.recipients, again.error) == (first.recipients, None)
        assert got(box) == ["ann@acme.example", "bob@acme.example"]
        mail = box.mails[0][1]
        assert mail["To"] == "ann@acme.example"
        found = workspace.report()
        assert found.document.headline.title in mail["Subject"]
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert found.document.headline.text in text.replace("\r\n", " ")
        (file,) = mail.iter_attachments()
        assert file.get_filename() == f"{found.document.name}.html"
        assert file.get_content() == found.document.html()
        assert len(box.logins) == 2
        workspace.send_report("board", again=True)
        ids = [mail["Message-ID"] for _, mail in box.mails]
        assert ids[:2] == ids[2:]
        assert len({*ids}) == 2, "the same mark each time, another for each recipient"


def test_a_dry_run_sends_and_notes_nothing(folder: Path) -> None:
    with mail_server() as box:
        by_mail(folder, box)
        dry = run_cli("-w", folder, "report", "send", "board", "--dry-run", "--json")
        assert (dry.code, box.mails) == (0, [])
        assert [one["state"] for one in dry.json["recipients"]] == ["waiting", "waiting"]
    with cxcurve.open(folder) as workspace:
        assert sendings(workspace.store, "board") == []


def test_who_was_refused_is_tried_again_and_the_others_are_left_alone(folder: Path) -> None:
    with mail_server() as box, cxcurve.open(folder) as workspace:
        by_mail(folder, box)
        box.refused["ann@acme.example"] = f"450 later, <ann@acme.example>, {PASSWORD}"
        first = workspace.send_report("board")
        assert [state for _, state, _ in first.recipients] == ["failed", "sent"]
        assert "answered 450: later, <(secret)>, (secret)" in (first.error or "")
        box.refused.clear()
        box.after_data = ["refuse"]
        assert (
            workspace.send_report("board").error == "the mail server 127.0.0.1:" + f"{box.port} answered 554: no room"
        )
        assert workspace.send_report("board").error is None
        assert got(box) == ["ann@acme.example", "bob@acme.example"]


def test_no_answer_after_it_was_handed_over_is_told_and_not_sent_twice(folder: Path) -> None:
    with mail_server() as box:
        by_mail(folder, box)
        box.after_data = ["drop"]
        with cxcurve.open(folder) as workspace:
            assert [state for _, state, _ in workspace.send_report("board").recipients] == ["sending", "sent"]
        told = run_cli("-w", folder, "report", "send", "board")
        assert told.code == 1
        assert "may have arrived; `--again` sends it again" in told.err
        assert got(box) == ["ann@acme.example", "bob@acme.example"]


@pytest.mark.parametrize(("where", "n_of_ann"), [("data", 1), ("end", 1)])
def test_a_kill_never_sends_twice(folder: Path, where: str, n_of_ann: int) -> None:
    """Before the message was handed over it is sent the next time; after that, it is told that it may have arrived."""
    with mail_server() as box:
        by_mail(folder, box)
        box.hold = where
        command = [sys.executable, "-m", "cxcurve", "-w", str(folder), "report", "send", "board"]
        with subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            assert box.is_held.wait(240)
            process.send_signal(signal.SIGKILL)
        box.goes_on.set()
        with cxcurve.open(folder) as workspace:
            after = workspace.send_report("board")
        assert got(box).count("ann@acme.example") == n_of_ann
        assert got(box).count("bob@acme.example") == 1
        assert after.recipients[0][1] == ("sent" if where == "data" else "sending")


def test_a_chat_gets_one_message_and_its_address_is_never_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_room() as room, cxcurve.open(folder) as workspace:
        monkeypatch.setenv("CXCURVE_CHAT_URL", room.url)
        subscribe(folder, 'team: {to: chat, link: "https://cx.acme.example/reports"}\n')
        room.statuses = [500, 404]
        for status in (500, 404):
            failed = workspace.send_report("team")
            assert f"answered with {status}" in (failed.error or "")
            assert "very-secret" not in (failed.error or "")
        for _ in range(2):
            assert workspace.send_report("team").recipients == (("chat", "sent", None),)
        (said,) = room.said
        assert said["text"].startswith(f"*{workspace.report().document.headline.title}*")
        assert said["text"].endswith("<https://cx.acme.example/reports|All reports>")
        room.statuses = [0]
        assert workspace.send_report("team", again=True).recipients[0][1] == "sending"
        assert workspace.send_report("team").recipients[0][1] == "sending"
        assert len(room.said) == 2


def test_what_is_missing_is_said_before_anything_is_sent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(folder, MAIL.format(port=1, more=""))
    monkeypatch.delenv("CXCURVE_SMTP_PASSWORD")
    with cxcurve.open(folder) as workspace:
        with pytest.raises(
            ProblemsError, match=r'reports.yaml: report "board": needs the secret CXCURVE_SMTP_PASSWORD'
        ):
            workspace.send_report("board")
        with pytest.raises(UnknownNameError, match='Did you mean "board"'):
            workspace.send_report("bord")
    subscribe(folder, "board: {to: email, every: 25:00}\n")
    broken = run_cli("-w", folder, "report", "send", "board")
    assert (broken.code, "reports.yaml:1" in broken.err) == (1, True)
    assert "reports.yaml:1" in run_cli("-w", folder, "check").err
    (folder / "reports.yaml").unlink()
    assert "docs/reports.md" in run_cli("-w", folder, "report", "send", "board").err


def test_a_server_without_encryption_gets_neither_the_password_nor_the_report(folder: Path) -> None:
    with mail_server() as box, cxcurve.open(folder) as workspace:
        subscribe(folder, MAIL.format(port=box.port, more="").replace("security: none", "security: starttls"))
        failed = workspace.send_report("board")
        assert [state for _, state, _ in failed.recipients] == ["failed", "failed"]
        assert "STARTTLS" in (failed.error or "")
        assert (box.logins, box.mails) == ([], [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_goes_encrypted_to_a_server_whose_certificate_is_good(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, security: str
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "known.pem")
    with mail_server(context, at_once=security == "tls") as box, cxcurve.open(folder) as workspace:
        subscribe(folder, MAIL.format(port=box.port, more="").replace("security: none", f"security: {security}"))
        refused = workspace.send_report("board")
        assert "certificate" in (refused.error or "")
        assert (box.logins, box.mails) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "known.pem"))
        assert {state for _, state, _ in workspace.send_report("board").recipients} == {"sent"}
        assert [to for to, _ in box.mails] == ["ann@acme.example", "bob@acme.example"]
        assert box.n_encrypted == len(box.logins) == 2


def test_no_address_and_no_password_is_kept(folder: Path) -> None:
    with mail_server() as box, cxcurve.open(folder) as workspace:
        by_mail(folder, box)
        box.refused["bob@acme.example"] = "550 bob@acme.example is unknown"
        workspace.send_report("board")
    for path in (folder / ".cxcurve").rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert [one for one in (b"ann@acme.example", b"bob@acme.example", PASSWORD.encode()) if one in held] == []


def test_what_is_due_goes_out_once_while_the_pages_are_served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as box, cxcurve.open(folder) as workspace:
        by_mail(folder, box, ", every: 1h")
        writer = Writer(Reader(workspace))
        box.refused["bob@acme.example"] = "450 later"
        assert writer.look() == 1
        assert writer.look() == 0, "what failed waits a quarter of an hour"
        later = writing.now_us() + 20 * 60_000_000
        monkeypatch.setattr(writing, "now_us", lambda: later)
        box.refused.clear()
        assert writer.look() == 1
        assert got(box) == ["ann@acme.example", "bob@acme.example"]
        later += 20 * 60_000_000
        assert writer.look() == 0
        told = workspace.sent_reports()["board"]
        assert (told["n_sent"], told["n_failed"], told["n_unsure"], told["error"]) == (2, 0, 0, None)


def test_nothing_is_due_before_its_time_after_the_week(folder: Path) -> None:
    with cxcurve.open(folder) as workspace:
        subscribe(folder, MAIL.format(port=1, more=", every: 48h"))
        one = workspace.subscriptions["board"]
        over_us = workspace.report().first.as_of_us
        hour_us = 3_600_000_000
        assert [is_due_now(workspace, one, over_us + hours * hour_us) for hours in (47, 49)] == [False, True]
        subscribe(folder, MAIL.format(port=1, more=""))
        del workspace.__dict__["subscriptions"]
        assert not is_due_now(workspace, workspace.subscriptions["board"], over_us + 49 * hour_us)


def test_a_missing_secret_is_told_and_tried_again_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CXCURVE_SMTP_PASSWORD")
    with mail_server() as box, cxcurve.open(folder) as workspace:
        by_mail(folder, box, ", every: 1h")
        made: list[str] = []
        monkeypatch.setattr(writing, "to_send", lambda space, name: made.append(name) or sending.to_send(space, name))
        writer = Writer(Reader(workspace))
        assert [writer.look(), writer.look()] == [1, 0]
        assert made == ["board"]
        assert "CXCURVE_SMTP_PASSWORD" in caplog.text
