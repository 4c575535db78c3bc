"""The pages of a small company, behind a real port."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import serving

import cxcurve
from cxcurve.workspace import Workspace


@pytest.fixture(scope="session", name="workspace")
def _workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with cxcurve.open(serving.copied(tmp_path_factory.mktemp("web"))) as workspace:
        yield workspace


@pytest.fixture(scope="session", name="site")
def _site(workspace: Workspace) -> Iterator[httpx.Client]:
    with serving.served(workspace) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client
