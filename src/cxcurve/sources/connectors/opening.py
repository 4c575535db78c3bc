"""Connectors by name: the services of this package, warehouse tables, and those of others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec

from cxcurve.errors import ConnectError, Problem, did_you_mean
from cxcurve.model.connect import Connect, secret_name
from cxcurve.model.sources import Source
from cxcurve.sources.connectors.contract import EXTENSIONS, Connector
from cxcurve.sources.connectors.secrets import has_secret, secrets_of
from cxcurve.sources.connectors.services import known_services, service_named

WAREHOUSE = "warehouse"
_INSTALL = 'connecting to services needs dlt: pip install "cxcurve[connect]"'
_EVERYWHERE = ("url",)
"""What may stand beside any service: another address, such as that of one's own server."""


def open_connector(connect: Connect) -> Connector:
    """The connector for `connect:` of a source.

    Raises:
        ConnectError: dlt is not installed, a secret is missing, or a setting makes no address.
        UnknownNameError: there is no such service.
    """
    settings = connect.settings | ({"since": connect.since} if connect.since else {})
    if connect.service == WAREHOUSE:
        from cxcurve.sources.connectors.sql_tables import SqlTables, is_sql
        from cxcurve.sources.connectors.warehouse import Warehouse

        if is_sql(settings.get("url", "")):
            return SqlTables(settings, secrets_of(connect))
        return Warehouse(settings, secrets_of(connect))
    if connect.service in (theirs := extensions()):
        made: Connector = theirs[connect.service].load()(settings, secrets_of(connect))
        return made
    service = service_named(connect.service)
    if find_spec("dlt") is None:
        raise ConnectError(_INSTALL)
    # dlt tells its makers what it is used for unless told not to, and it reads this when it is imported.
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    from cxcurve.sources.connectors.rest import RestConnector

    return RestConnector(service, settings, secrets_of(connect))


def extensions() -> dict[str, EntryPoint]:
    """The entry points of others' connectors by service; a service of this package cannot be taken over."""
    ours = {WAREHOUSE, *known_services()}
    return {point.name: point for point in entry_points(group=EXTENSIONS) if point.name not in ours}


def all_services() -> list[str]:
    """Every service that can be connected."""
    return sorted({WAREHOUSE, *known_services(), *extensions()})


def check_connect(source: Source) -> list[Problem]:
    """What is wrong with `connect:` of a source, all at once, without asking the service."""
    assert source.connect is not None
    return [Problem("sources.yaml", 0, f'source "{source.key}": {message}') for message in _flaws(source.connect)]


def _flaws(connect: Connect) -> Iterator[str]:
    if connect.service not in all_services():
        known = all_services()
        yield f'service "{connect.service}" is not known.{did_you_mean(connect.service, known) or _known(known)}'
        return
    if connect.service == WAREHOUSE or connect.service in extensions():
        return
    service = service_named(connect.service)
    if find_spec("dlt") is None:
        yield _INSTALL
    if connect.rows not in service.rows:
        hint = did_you_mean(connect.rows, service.rows) or _known(service.rows)
        yield f'{service.label} has no rows "{connect.rows}".{hint}'
    for name, what in service.settings.items():
        if name not in connect.settings and name not in service.optional:
            yield f"{service.label} needs `{name}` beside `connect:`: {what}"
    for name in connect.settings:
        if name not in service.settings and name not in _EVERYWHERE:
            hint = did_you_mean(name, service.settings) or _known(service.settings)
            yield f'{service.label} has no setting "{name}".{hint}'
    for name, what in service.secrets.items():
        if not has_secret(connect, name):
            yield f"{service.label} needs the secret {secret_name(connect, name)}, an environment variable: {what}"


def _known(names: Iterable[str]) -> str:
    return f" Known: {', '.join(names)}." if names else ""
