"""Destinations on loopback; waits are counted, not waited for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # behind: connectors have a test_hubspot too, which is imported
sys.path.insert(0, str(Path(__file__).parents[1] / "connectors"))

from fake_services import SECRET

from cxcurve.sources.connectors import patience


@pytest.fixture(autouse=True)
def _needs_dlt() -> None:
    pytest.importorskip("dlt", reason='needs pip install "cxcurve[connect]"')


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUBSPOT_TOKEN", "SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET"):
        monkeypatch.setenv(f"CXCURVE_{name}", SECRET)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, in seconds."""
    made: list[float] = []
    monkeypatch.setattr(patience, "sleep", made.append)
    return made
