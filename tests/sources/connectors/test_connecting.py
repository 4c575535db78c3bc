"""`cxcurve connect`: what is missing is said, events are shown before anything is loaded, sources are written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "cli"))

from calling import run_cli
from connecting import source_yaml
from fake_services import SECRET, Fake, intercom_search, served, zendesk_export
from test_zendesk import ticket

from cxcurve.workspace import init


def zendesk(n_tickets=25) -> Fake:
    tickets = [ticket(n) for n in range(n_tickets)]
    organization = {
        "id": 50,
        "name": "Acme",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    return Fake({
        "incremental/tickets/cursor.json": zendesk_export("tickets", tickets, 12, "generated_timestamp"),
        "incremental/organizations.json": lambda _: {
            "organizations": [organization], "next_page": None, "end_of_stream": True,
        },
    })  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    init(tmp_path / "w", "b2b-saas").close()
    return tmp_path / "w"


def settings(url):
    return ("--set", "subdomain=acme", "--set", "email=a@b.example", "--set", f"url={url}")


def test_a_service_is_tried_shown_written_and_loaded(folder):
    with served(zendesk()) as service:
        asked = ("--rows", "tickets", "--rows", "organizations", *settings(service.url), "--yes")
        done = run_cli("-w", folder, "connect", "zendesk", *asked)
        assert (done.code, done.err) == (0, "")
        assert done.out.count("ticket_opened") == 10
        assert "Acme" in done.out
        assert service.paths == ["/incremental/tickets/cursor.json", "/incremental/organizations.json"]
        text = (folder / "sources.yaml").read_text(encoding="utf-8")
        assert "zendesk_tickets:" in text
        assert SECRET not in text + done.out
        loaded = run_cli("-w", folder, "load", "--json")
        assert loaded.json["zendesk_tickets"]["events"]["loaded"] == 25
        again = run_cli("-w", folder, "connect", "zendesk", *asked)
        assert again.code == 2
        assert 'sources.yaml: has a source "zendesk_tickets" already' in again.err
        other = run_cli("-w", folder, "connect", "second", "--service", "zendesk", *asked)
        assert other.code == 0
        assert "second_tickets:" in (folder / "sources.yaml").read_text(encoding="utf-8")


def test_nothing_is_written_where_the_service_refuses(folder, monkeypatch):
    monkeypatch.setenv("CXCURVE_ZENDESK_TOKEN", "wrong")
    before = (folder / "sources.yaml").read_bytes()
    with served(zendesk()) as service:
        done = run_cli("-w", folder, "connect", "zendesk", *settings(service.url), "--yes")
    assert done.code == 1
    assert "Zendesk: GET /incremental/tickets/cursor.json was answered with 401" in done.err
    assert (folder / "sources.yaml").read_bytes() == before


def test_what_is_missing_is_said(folder, monkeypatch):
    done = run_cli("-w", folder, "connect", "zendesk", "--yes")
    assert (done.code, done.err.splitlines()) == (
        2, ['subdomain is missing: the part before .zendesk.com, such as "acme". Give it as `--set subdomain=VALUE`'],
    )  # fmt: skip
    monkeypatch.delenv("CXCURVE_ZENDESK_TOKEN")
    done = run_cli("-w", folder, "connect", "zendesk", *settings("http://127.0.0.1:1/"), "--yes")
    assert done.code == 1
    assert "Zendesk needs the secret CXCURVE_ZENDESK_TOKEN, an environment variable" in done.err
    done = run_cli("-w", folder, "connect", "zendesc", "--yes")
    assert (done.code, 'Did you mean "zendesk"?' in done.err) == (2, True)


def test_a_secret_among_the_settings_is_refused(folder):
    done = run_cli("-w", folder, "connect", "zendesk", *settings("http://127.0.0.1:1/"), "--set", "token=tok9", "--yes")
    assert done.code == 1
    assert "has a secret in `connect: token`" in done.err
    assert "tok9" not in done.err


def test_sources_with_events_the_plan_lacks_are_left_out_unless_asked_for(tmp_path):
    folder = tmp_path / "w"
    init(folder, "support").close()
    contact = {"id": "k1", "role": "user", "updated_at": 1, "companies": {"data": []}}
    routes = {
        "contacts/search": intercom_search("data", [contact], 2),
        "conversations/search": intercom_search("conversations", [], 2),
        "companies/scroll": lambda _: {"data": [], "scroll_param": "x"},
    }
    (folder / "journey.yaml").write_text(
        "journey: tiny\nstages: [{name: start, expected: 7d}]\n"
        "signals: {ticket_opened: {stage: start, friction: 0.3}}\n"
    )
    with served(Fake(routes)) as service:
        done = run_cli("-w", folder, "connect", "intercom", "--set", f"url={service.url}", "--yes")
        assert done.code == 0
        assert "intercom_conversation_parts is left out" in done.err
        written = (folder / "sources.yaml").read_text(encoding="utf-8")
        assert "intercom_conversation_parts" not in written
        assert "intercom_conversations:" in written


def test_missing_settings_in_the_file_have_their_line(folder):
    path = folder / "sources.yaml"
    written = source_yaml("zendesk", "tickets", "http://127.0.0.1:1/").replace('email: "ada@acme.example", ', "")
    path.write_text(f"\n\n{written}", encoding="utf-8")
    done = run_cli("-w", folder, "check")
    assert done.code == 1
    assert 'sources.yaml:4: source "zendesk_tickets": Zendesk needs `email` beside `connect:`' in done.err
