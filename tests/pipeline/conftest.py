"""A small simulated company as a table of events, and workspaces that hold parts of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from worlds import Company

from cxcurve import tables
from cxcurve.sources.simulated import simulate, write
from cxcurve.workspace.workspace import Workspace, init

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Seventy customers over ten months, loaded once from their files."""
    folder = tmp_path_factory.mktemp("company") / "from-files"
    with init(folder, "b2b-saas") as workspace:
        write(simulate(customers=70, weeks=34, seed=3), folder)
        workspace.load()
        store = workspace.store
        in_order = store.events("operation").order_by("occurred_us", "event_id")
        events = store.arrow(in_order.select(*tables.EVENTS.column_names))
        return Company(events, store.arrow(store.table("customers")), store.arrow(store.table("people")))


@pytest.fixture
def new_workspace(company: Company, tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Makes workspaces with the company's customers and the events it is given."""
    made: list[Workspace] = []

    def make(events: pa.Table) -> Workspace:
        workspace = init(tmp_path / f"workspace-{len(made)}", "b2b-saas")
        made.append(workspace)
        workspace.store.upsert(tables.CUSTOMERS, company.customers)
        workspace.store.upsert(tables.PEOPLE, company.people)
        workspace.store.append(events)
        return workspace

    yield make
    for workspace in made:
        workspace.close()
