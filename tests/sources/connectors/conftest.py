"""A workspace connected to a service on loopback; waits are counted, not waited for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake import SECRET

from cxcurve.sources.connectors import patience
from cxcurve.sources.connectors.services import known_services, service_named
from cxcurve.workspace import Workspace, init

SETTINGS = {
    "zendesk": {"subdomain": "acme", "email": "ada@acme.example"},
}


@pytest.fixture(autouse=True)
def _needs_dlt() -> None:
    pytest.importorskip("dlt", reason='needs pip install "cxcurve[connect]"')


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in known_services():
        for name in service_named(service).secrets:
            monkeypatch.setenv(f"CXCURVE_{service}_{name}".upper(), SECRET)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, in seconds."""
    made: list[float] = []
    monkeypatch.setattr(patience, "sleep", made.append)
    return made


def source_yaml(
    service: str, rows: str, url: str, key: str | None = None, draft: str | None = None, **more: str
) -> str:
    """A source of sources.yaml as `cxcurve connect` writes it."""
    settings = {**SETTINGS.get(service, {}), **more, "url": url}
    inside = ", ".join(f'{name}: "{value}"' for name, value in settings.items())
    text = draft or service_named(service).sources[rows]
    body = "\n".join(f"  {line}" for line in text.splitlines())
    return f"{key or f'{service}_{rows}'}:\n  connect: {{service: {service}, rows: {rows}, {inside}}}\n{body}\n"


Connected = Callable[..., Workspace]


@pytest.fixture
def connected(tmp_path: Path) -> Iterator[Connected]:
    """Makes a workspace with these sources, or opens it again."""
    opened: list[Workspace] = []

    def make(*sources: str, name: str = "w") -> Workspace:
        folder = tmp_path / name
        workspace = init(folder, "b2b-saas") if not folder.exists() else Workspace(folder)
        (folder / "sources.yaml").write_text("\n".join(sources), encoding="utf-8")
        opened.append(workspace)
        return workspace

    yield make
    for workspace in opened:
        workspace.close()


def events_of(workspace: Workspace) -> list[tuple[Any, ...]]:
    """Every event: its id, name, customer, time and body."""
    columns = "event_id, name, account_id, person_id, occurred_us, text, value, amount, channel, conversation_id"
    return workspace.store.rows(f"SELECT {columns}, properties FROM events ORDER BY event_id")


def adds_up(report: Any) -> bool:
    """Every row and every event is accounted for."""
    rows, events = report.rows, report.events
    made = events.loaded + events.duplicate + events.conflict + events.quarantined
    return rows.read == rows.used + rows.no_event + rows.quarantined and events.made == made
