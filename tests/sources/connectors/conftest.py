"""A workspace connected to a service on loopback; waits are counted, not waited for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_services import SECRET

from cxcurve.sources.connectors import patience
from cxcurve.sources.connectors.services import known_services, service_named
from cxcurve.workspace import Workspace, init


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
