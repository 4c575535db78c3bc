"""The link to a saved view is sent once a week, and nothing that stands there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sources"))
sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

import serving
from fake_post import chat_room, mail_server

import cxcurve
from cxcurve.errors import ProblemsError, UnknownNameError, WorkspaceError
from cxcurve.web.reader import Reader
from cxcurve.web.writer import Writer
from cxcurve.workspace import Workspace
from cxcurve.workspace.sending import is_due_now, noter, to_send

SITE = "https://cx.acme.example"
CHAT = "stuck: {view: stuck in emea, to: chat, every: 1h}\n"
MAIL = (
    "stuck: {{view: Stuck in EMEA, to: email, recipients: [ann@acme.example], from: cx@acme.example, "
    "server: 127.0.0.1, port: {port}, security: none}}\n"
)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    folder = serving.copied(tmp_path)
    settings = (folder / "cxcurve.toml").read_text("utf-8")
    (folder / "cxcurve.toml").write_text(settings.replace("[server]", f'[server]\naddress = "{SITE}"'), "utf-8")
    return folder


@pytest.fixture(name="workspace")
def _workspace(folder: Path) -> Iterator[Workspace]:
    with cxcurve.open(folder) as workspace:
        workspace.team.views.save("u1", "Stuck in EMEA", "/customers", "q=a%26b&state=stuck", 5, is_shared=True)
        workspace.team.views.save("u1", "Private", "/curve", "", 5)
        yield workspace


def subscribe(workspace: Workspace, text: str) -> None:
    (workspace.folder / "reports.yaml").write_text(text, encoding="utf-8")


def test_a_chat_gets_name_and_link_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_room() as room:
        monkeypatch.setenv("CXCURVE_CHAT_URL", room.url)
        subscribe(workspace, CHAT)
        writer = Writer(Reader(workspace))
        assert [writer.look(), writer.look()] == [1, 0]
        (said,) = room.said
        assert said["text"].startswith(f"<{SITE}/customers?q=a%26b&amp;state=stuck|Stuck in EMEA> (acme, after the ")
        told = workspace.sent_reports()["stuck"]
        assert (told["view"], told["n_sent"], told["error"]) == ("stuck in emea", 1, None)


def test_a_mail_has_the_link_and_no_file(workspace: Workspace) -> None:
    with mail_server() as box:
        subscribe(workspace, MAIL.format(port=box.port))
        for _ in range(2):
            assert [state for _, state, _ in workspace.send_report("stuck").recipients] == ["sent"]
        ((_, mail),) = box.mails
        assert mail["Subject"].startswith("Stuck in EMEA (acme, after the week to ")
        assert list(mail.iter_attachments()) == []
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert f"{SITE}/customers?q=a%26b&state=stuck" in text.split()


@pytest.mark.parametrize(
    ("every", "before", "at", "period", "said", "later"),
    [
        ("07:00", "2026-11-24 06:59", "2026-11-24 07:00", "2026-11-23", "day 23 Nov 2026", "2026-11-25 07:00"),
        (
            "tuesday 07:00",
            "2026-11-24 06:59",
            "2026-11-24 07:00",
            "2026-W47",
            "week to 22 Nov 2026",
            "2026-12-01 07:00",
        ),
        ("month 07:00", "2026-12-01 06:59", "2026-12-01 07:00", "2026-11", "month to 30 Nov 2026", "2027-01-01 07:00"),
        (
            "month 15 7:30",
            "2026-12-15 07:29",
            "2026-12-15 07:30",
            "2026-11",
            "month to 30 Nov 2026",
            "2027-01-15 07:30",
        ),
    ],
    ids=["daily", "weekly", "first of the month", "fifteenth"],
)
def test_a_link_goes_out_once_a_day_a_week_or_a_month(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, every: str, before: str, at: str, period: str, said: str,
    later: str,
) -> None:  # fmt: skip
    def us(text: str) -> int:
        zone = ZoneInfo(workspace.settings.zone)
        return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1e6)

    subscribe(workspace, f'x: {{view: Stuck in EMEA, to: chat, every: "{every}"}}\n')
    one = workspace.subscriptions["x"]
    monkeypatch.setattr("cxcurve.workspace.sending.now_us", lambda: us(at))
    out = to_send(workspace, "x")
    assert (out.period.name, out.period.said) == (period, said)
    assert [is_due_now(workspace, one, us(when)) for when in (before, at)] == [False, True]
    noter(workspace.store, out)("chat", "sent", None)
    assert [is_due_now(workspace, one, us(when)) for when in (at, later)] == [False, True]


@pytest.mark.parametrize("name", ["Private", "Nothing"])
def test_what_is_not_shared_is_not_sent(workspace: Workspace, name: str) -> None:
    subscribe(workspace, f"x: {{view: {name}, to: chat}}\n")
    with pytest.raises(UnknownNameError, match=name) as told:
        workspace.send_report("x", dry_run=True)
    assert "/curve" not in str(told.value)


def test_a_name_with_signs_of_a_chat_stays_one_link(workspace: Workspace) -> None:
    workspace.team.views.save("u1", "<!channel> a|b & c", "/curve", "", 5, is_shared=True)
    subscribe(workspace, 'x: {view: "<!channel> a|b & c", to: chat}\n')
    said = workspace.send_report("x", dry_run=True).message.chat
    assert said.startswith(f"<{SITE}/curve|&lt;!channel&gt; a/b &amp; c> (")


def test_without_an_address_nothing_is_sent(folder: Path) -> None:
    settings = (folder / "cxcurve.toml").read_text("utf-8")
    (folder / "cxcurve.toml").write_text(settings.replace(f'address = "{SITE}"', ""), "utf-8")
    with cxcurve.open(folder) as workspace:
        workspace.team.views.save("", "Stuck in EMEA", "/customers", "", 5, is_shared=True)
        subscribe(workspace, CHAT)
        with pytest.raises(WorkspaceError, match=r"cxcurve.toml: a link needs the address"):
            workspace.send_report("stuck", dry_run=True)


@pytest.mark.parametrize("more", ["report: quarter", "link: 'https://x.example'", "attach: pdf"])
def test_what_a_view_does_not_use_is_refused(workspace: Workspace, more: str) -> None:
    subscribe(workspace, MAIL.format(port=25).replace("view: Stuck", f"{more}, view: Stuck"))
    with pytest.raises(ProblemsError, match="which the link to a view does not use; remove it"):
        workspace.send_report("stuck", dry_run=True)
