"""Writers by what `to:` says, and what is missing before one can be opened."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from cxcurve.errors import Problem
from cxcurve.model.connect import Connect, secret_name
from cxcurve.model.destinations import Destination
from cxcurve.sources.connectors.secrets import has_secret, secrets_of
from cxcurve.sources.connectors.services import Service, service_named
from cxcurve.sources.writing.contract import Writer
from cxcurve.sources.writing.http import INSTALL, client_of

SQL = 'writing to tables needs SQLAlchemy: pip install "cxcurve[sql]", and the driver of your database'
_WEBHOOK = Service(label="webhook", base_url="", docs="", rows={}, sources={})
_SECRETS = {
    "webhook": {"secret": "the secret it shares with the receiver, whsec_..."},
    "table": {"password": "the password of the user in `url`"},
}


def check_destination(destination: Destination) -> list[Problem]:
    """What is missing before it can be opened, all at once, without asking the service."""
    said = f'destination "{destination.key}"'
    return [Problem("destinations.yaml", 0, f"{said}: {flaw}") for flaw in _flaws(destination)]


def open_writer(destination: Destination) -> Writer:
    """The writer of a destination that is no folder.

    Raises:
        ConnectError: a package or a secret is missing, or an address is none.
    """
    connect = destination.connect
    if destination.to == "table":
        from cxcurve.sources.writing.table import Table

        return Table(destination, secrets_of(connect))
    if destination.to == "webhook":
        return _webhook(destination, connect)
    settings = {name: value for name in ("instance", "url") if (value := getattr(destination, name))}
    client = client_of(service_named(destination.to), settings, secrets_of(connect))
    if destination.to == "hubspot":
        from cxcurve.sources.writing.hubspot import HubSpot

        return HubSpot(destination, client)
    from cxcurve.sources.writing.salesforce import Salesforce

    return Salesforce(destination, client)


def _webhook(destination: Destination, connect: Connect) -> Writer:
    from urllib.parse import urlsplit

    from cxcurve.sources.writing.webhook import Webhook, signing_key

    secret = secrets_of(connect)
    url = destination.url or secret("url")
    client = client_of(_WEBHOOK, {"url": url}, secret)
    if not destination.url:  # then all of the address is the secret
        client.hide(url, urlsplit(url).path.strip("/"), urlsplit(url).query)
    shared = secret("secret")
    client.hide(shared, shared.removeprefix("whsec_"))
    return Webhook(destination.key, url, signing_key(shared), client)


def _flaws(destination: Destination) -> Iterator[str]:
    connect, to = destination.connect, destination.to
    if to == "csv":
        return
    if to == "table" and find_spec("sqlalchemy") is None:
        yield SQL
    if to != "table" and find_spec("dlt") is None:
        yield INSTALL
    wanted = dict(_SECRETS.get(to) or service_named(to).secrets)
    if to == "webhook" and destination.url is None:
        wanted["url"] = "the address, where it is a secret itself; or write `url:`"
    if to == "table" and "@" not in (destination.url or ""):
        wanted = {}
    for name, what in wanted.items():
        if not has_secret(connect, name):
            yield f"needs the secret {secret_name(connect, name)}, an environment variable: {what}"
