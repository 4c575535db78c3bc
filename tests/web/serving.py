"""A small simulated company, scored once a run, and its pages behind a real port."""

from __future__ import annotations

import functools
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cxcurve
from cxcurve.sources.simulated import simulate, write
from cxcurve.web.app import create_app
from cxcurve.web.connections import server
from cxcurve.web.port import address, listening
from cxcurve.workspace import Workspace, init

CUSTOMERS, WEEKS = 150, 40


@functools.cache
def company() -> Path:
    """A scored workspace; copy it before use. It lies in a temporary folder that the process leaves behind empty."""
    folder = Path(_kept.name) / "acme"
    init(folder, "b2b-saas").close()
    write(simulate(customers=CUSTOMERS, weeks=WEEKS, seed=3), folder)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score(full=True)
    return folder


_kept = tempfile.TemporaryDirectory(prefix="cxcurve-tests-")


def copied(folder: Path) -> Path:
    """A copy of the company to work on."""
    return Path(shutil.copytree(company(), folder / "acme"))


@contextmanager
def served(workspace: Workspace) -> Iterator[str]:
    """The address of a workspace's pages, on a free port."""
    with listening("127.0.0.1", 0) as listener:
        serving = server(create_app(workspace), log_level="error")
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield address("127.0.0.1", listener.getsockname()[1])
        finally:
            serving.should_exit = True
            thread.join(10)
