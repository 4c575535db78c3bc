"""Every service as data: its sources can be read, name columns, and make events the ready-made journey has."""

from __future__ import annotations

from pathlib import Path

import pytest
from connecting import source_yaml

from cxcurve.model import cross_check, read_journey, read_sources
from cxcurve.model.starters import copy_starter
from cxcurve.sources.connectors import check_connect
from cxcurve.sources.connectors.services import known_services, service_named

ALL = [(service, rows) for service in known_services() for rows in service_named(service).sources]


@pytest.mark.parametrize(("service", "rows"), ALL)
def test_each_source_is_ready_to_use(tmp_path, service, rows):
    copy_starter("b2b-saas", tmp_path)
    path = tmp_path / "sources.yaml"
    path.write_text(source_yaml(service, rows, "http://127.0.0.1:1/"), encoding="utf-8")
    sources, problems = read_sources(path)
    assert problems == []
    journey, _ = read_journey(tmp_path / "journey.yaml")
    unplanned = cross_check(journey, sources, path)
    assert (rows in service_named(service).unplanned) == bool(unplanned)
    assert check_connect(sources[f"{service}_{rows}"]) == []


def test_a_first_day_that_is_none_is_refused(tmp_path):
    path = tmp_path / "sources.yaml"
    path.write_text(source_yaml("zendesk", "tickets", "http://127.0.0.1:1/", since="last year"), encoding="utf-8")
    _, problems = read_sources(path)
    assert [str(problem) for problem in problems] == [
        'sources.yaml:2: source "zendesk_tickets", connect, since: "last year" is no day; expected such as "2026-05-31"'
    ]


@pytest.mark.parametrize("service", known_services())
def test_each_service_says_where_it_is_documented_and_is_asked_safely(service):
    found = service_named(service)
    assert found.docs.startswith("https://")
    assert found.base_url.startswith("https://")
    assert set(found.sources) <= set(found.rows)
    assert set(found.optional) <= set(found.settings)


def test_what_is_missing_is_said_all_at_once(tmp_path, monkeypatch):
    monkeypatch.delenv("CXCURVE_ZENDESK_TOKEN")
    path = tmp_path / "sources.yaml"
    path.write_text(
        "a:\n  connect: {service: zendesk, rows: tikets, subdomian: x}\n  time: {column: t}\n  account: a\n  event: e\n"
    )
    sources, _ = read_sources(path)
    said = [problem.message for problem in check_connect(sources["a"])]
    assert said == [
        'source "a": Zendesk has no rows "tikets". Did you mean "tickets"?',
        'source "a": Zendesk needs `subdomain` beside `connect:`: the part before .zendesk.com, such as "acme"',
        'source "a": Zendesk needs `email` beside `connect:`: the e-mail address of the token\'s owner, an admin',
        'source "a": Zendesk has no setting "subdomian". Did you mean "subdomain"?',
        'source "a": Zendesk needs the secret CXCURVE_ZENDESK_TOKEN, an environment variable: '
        "an API token (Admin Center > Apps and integrations > Zendesk API)",
    ]


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("token: abc", "token"),
        ('api_key: "x"', "api_key"),
        ("subdomain: sk_live_51abc", "subdomain"),
        ('url: "postgresql://reader:pw9@db/dwh"', "url"),
        ('url: "https://x.example/?access_token=pw9"', "url"),
    ],
)
def test_a_secret_in_the_file_is_refused_with_its_line_and_not_shown(tmp_path, entry, named):
    path = tmp_path / "sources.yaml"
    path.write_text(
        f"a:\n  connect:\n    service: zendesk\n    rows: tickets\n    {entry}\n"
        "  time: {column: t}\n  account: a\n  event: e\n"
    )
    _, problems = read_sources(path)
    (problem,) = problems
    assert str(problem).startswith(f'sources.yaml:5: source "a" has a secret in `connect: {named}`, for all to read')
    assert "CXCURVE_ZENDESK_" in problem.message
    assert all(secret not in str(problem) for secret in ("abc", "pw9", "sk_live"))


def test_the_page_about_services_names_each_with_its_rows_settings_and_secrets():
    page = (Path(__file__).parents[3] / "docs" / "connect.md").read_text(encoding="utf-8")
    lines = {line.split("|")[1].strip(" `"): line for line in page.splitlines() if line.startswith("| `")}
    assert set(lines) == {*known_services(), "warehouse"}
    for name in known_services():
        service = service_named(name)
        for word in (*service.sources, *service.settings, *(secret.upper() for secret in service.secrets)):
            assert word in lines[name], (name, word)
