"""Sources that are services, as sources.yaml has them; and what a load of them came to."""

from __future__ import annotations

from typing import Any

from cxcurve.sources.connectors.services import service_named
from cxcurve.workspace import Workspace

SETTINGS = {
    "zendesk": {"subdomain": "acme", "email": "ada@acme.example"},
    "salesforce": {"instance": "acme"},
    "jira": {"site": "acme", "email": "ada@acme.example", "projects": "SUP"},
    "mixpanel": {"project_id": "77", "since": "2026-09-01"},
    "pendo": {"host": "app.pendo.io", "since": "2026-09-01"},
    "qualtrics": {"datacenter": "fra1", "survey": "SV_1"},
}


def source_yaml(
    service: str, rows: str, url: str, key: str | None = None, draft: str | None = None, **more: str
) -> str:
    """A source of sources.yaml as `cxcurve connect` writes it."""
    settings = {**SETTINGS.get(service, {}), **more, "url": url}
    inside = ", ".join(f'{name}: "{value}"' for name, value in settings.items())
    text = draft or service_named(service).sources[rows]
    body = "\n".join(f"  {line}" for line in text.splitlines())
    return f"{key or f'{service}_{rows}'}:\n  connect: {{service: {service}, rows: {rows}, {inside}}}\n{body}\n"


def events_of(workspace: Workspace) -> list[tuple[Any, ...]]:
    """Every event: its id, name, customer, time and body."""
    columns = "event_id, name, account_id, person_id, occurred_us, text, value, amount, channel, conversation_id"
    return workspace.store.rows(f"SELECT {columns}, properties FROM events ORDER BY event_id")


def adds_up(report: Any) -> bool:
    """Every row and every event is accounted for."""
    rows, events = report.rows, report.events
    made = events.loaded + events.duplicate + events.conflict + events.quarantined
    return rows.read == rows.used + rows.no_event + rows.quarantined and events.made == made
