"""What a connector is: pages of raw rows, and after each page the place to go on from.

A connector of your own is a function that takes settings and secrets and gives an object with `pages`, named in the
entry point group `cxcurve.connectors`. `cxcurve.sources.connectors.checks.check_source` says whether it keeps the
contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

State: TypeAlias = Mapping[str, Any]
"""A place to go on from, as plain JSON; empty before the first page. It holds no secret: it is kept in the store."""
Row: TypeAlias = Mapping[str, Any]
"""A raw row: values by column. Nested objects are taken apart, `{"via": {"channel": "web"}}` is `via_channel`."""
SecretOf: TypeAlias = Callable[[str], str]
"""Gives a secret by its name; raises where it was not given."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows that are kept together with the place to go on from, or not at all; `removed` are gone at the service."""

    rows: Sequence[Row]
    state: State
    removed: Sequence[Row] = ()


class Connector(Protocol):
    """The rows of a service."""

    def pages(self, rows: str, state: State) -> Iterator[Page]:
        """The pages of one kind of rows that come after `state`.

        A row may come again, in this run or the next: it is known by its ids. A row must not be left out: what
        changes while the pages are read has to come in this run or the next.
        """
        ...


Factory: TypeAlias = Callable[[Mapping[str, str], SecretOf], Connector]
"""Settings and secrets to a connector."""
EXTENSIONS = "cxcurve.connectors"
"""The entry point group of others' connectors."""
