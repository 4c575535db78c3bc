"""The company with the three accounts, scored once for all tests that only read."""

from collections.abc import Iterator

import accounts
import pytest

from cxcurve.workspace.workspace import Workspace


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with accounts.company(tmp_path_factory.mktemp("company") / "company") as workspace:
        yield workspace
