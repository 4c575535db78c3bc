"""Reading a small file written in the test itself, and adding its rows up."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cxcurve.model.sources import Source
from cxcurve.sources import Batch, Refused, read_source

NOW_US = 1_790_000_000_000_000  # 2026-09-21T14:13:20Z


@dataclass(frozen=True)
class Read:
    """All batches of a source as one."""

    batches: list[Batch]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for batch in self.batches for event in batch.events.to_pylist()]

    @property
    def refused(self) -> list[Refused]:
        return [refused for batch in self.batches for refused in batch.refused]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(refused.line, refused.reason) for refused in self.refused]

    @property
    def counts(self) -> tuple[int, int, int]:
        return tuple(sum(getattr(b, n) for b in self.batches) for n in ("n_read", "n_used", "n_no_event"))  # type: ignore[return-value]

    @property
    def staged(self) -> pa.Table:
        return pa.concat_tables([batch.staged for batch in self.batches])


def adds_up(batch: Batch) -> bool:
    """Every row is used, without event, or refused; every event is there or refused."""
    rows = sum(refused.kind == "row" for refused in batch.refused)
    return (
        batch.n_read == batch.n_used + batch.n_no_event + rows
        and batch.n_made == len(batch.events) + len(batch.refused) - rows
    )


def read_files(written: dict[str, str | bytes], known: set[str] | None = None, **settings: Any) -> Read:
    """What `read_source` makes of these files; settings are those of sources.yaml."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in written.items():
            data = content.encode() if isinstance(content, str) else content
            (Path(folder) / name).write_bytes(data)
        source = Source(key="log", **({"files": tuple(written)} | settings))
        batches = list(read_source(source, Path(folder), received_us=NOW_US, known_events=known))
    assert all(adds_up(batch) for batch in batches)
    return Read(batches)


PLAIN = {"time": {"column": "at"}, "account": "who", "name": "what"}


@pytest.fixture(scope="session")
def read() -> Callable[..., Read]:
    """Read one file of the plain shape: columns at, who, what; more settings by keyword."""

    def _read(content: str | bytes, name: str = "log.csv", **settings: Any) -> Read:
        return read_files({name: content}, **(PLAIN | settings))

    return _read


@pytest.fixture(scope="session")
def read_all() -> Callable[..., Read]:
    """Read several files with exactly these settings."""
    return read_files
