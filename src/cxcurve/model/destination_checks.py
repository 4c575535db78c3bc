"""What a destination says that cannot work: fields of ours that are not there, no folder, secrets for all to read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from cxcurve.errors import did_you_mean
from cxcurve.model.connect import looks_secret, secret_name
from cxcurve.model.destinations import FIELDS, Destination
from cxcurve.model.wording import Finding

_USED: Mapping[str, tuple[str, ...]] = {
    "hubspot": ("object", "match", "url", "name"),
    "salesforce": ("object", "match", "instance", "url", "name"),
    "webhook": ("url", "name"),
    "table": ("url", "table", "match", "name"),
    "csv": ("folder",),
}
_NEEDED = {
    "salesforce": {"instance": 'the part before .my.salesforce.com, such as "acme"'},
    "table": {
        "url": 'an address as SQLAlchemy has it, such as "postgresql+psycopg://writer@host/database"',
        "table": 'the table to write to, such as "analytics.cx_customers"',
    },
    "csv": {"folder": 'where the files go, one for each owner, such as "owners"'},
}
_SETTINGS = ("object", "match", "instance", "url", "table", "folder", "name")
_SECRETS = {"hubspot": "token", "salesforce": "client_secret", "webhook": "url", "table": "password"}
_NAME = re.compile(r"[A-Za-z_]\w*")


def check_destination(key: str, destination: Destination) -> Iterator[Finding]:
    """Everything wrong between the parts of one destination."""
    for finding in (*_settings(destination), *_secrets(destination), *_fields(destination)):
        yield Finding((key, *finding.loc), f'destination "{key}" {finding.message}', finding.severity)


def check_together(destinations: Mapping[str, Destination]) -> Iterator[Finding]:
    """Two that write the same files: each would undo the other's."""
    folders = Counter(one.folder for one in destinations.values() if one.folder)
    for key, one in destinations.items():
        if one.folder and folders[one.folder] > 1:
            message = f'destination "{key}" writes into the folder of another, "{one.folder}"; give each its own'
            yield Finding((key, "folder"), message)


def _settings(one: Destination) -> Iterator[Finding]:
    for name, what in _NEEDED.get(one.to, {}).items():
        if getattr(one, name) is None and not (name == "instance" and one.url):
            yield Finding((), f"needs `{name}`: {what}")
    for name in _SETTINGS:
        if getattr(one, name) is not None and name not in _USED[one.to]:
            yield Finding((name,), f"has `{name}`, which {one.to} does not use; remove it")
    for name in ("object", "match"):
        given = getattr(one, name)
        if given is not None and one.to != "table" and not _NAME.fullmatch(given):
            yield Finding((name,), f'has the {name} "{given}"; expected a name as the service has it, without spaces')
    if one.instance is not None and not re.fullmatch(r"[\w.-]+", one.instance):
        yield Finding(("instance",), f'has the instance "{one.instance}"; {_NEEDED["salesforce"]["instance"]}')


def _secrets(one: Destination) -> Iterator[Finding]:
    """What looks like a secret, by its value; the value is never shown."""
    given = {name: getattr(one, name) or "" for name in _SETTINGS}
    for name, value in given.items():
        if looks_secret("", value):
            wanted = secret_name(one.connect, _SECRETS.get(one.to, "token"))
            yield Finding(
                (name,),
                f"has a secret in `{name}`, for all to read who see this file. Take it out, give it as the environment "
                f"variable {wanted} or in the keyring, and have a new one made: this one was written down",
            )


def _fields(one: Destination) -> Iterator[Finding]:
    for theirs, ours in one.fields.items():
        if ours not in FIELDS:
            hint = did_you_mean(ours, FIELDS) or f" Known: {', '.join(FIELDS)}."
            yield Finding(("fields", theirs), f'fills "{theirs}" with "{ours}", which is no field of ours.{hint}')
        if theirs == one.matching and one.to in ("hubspot", "salesforce", "table"):
            message = f'fills "{theirs}", by which customers are known there (`match`); leave it out of `fields`'
            yield Finding(("fields", theirs), message)
    for ours, n in Counter(one.fields.values()).items():
        if n > 1:
            yield Finding(("fields",), f'writes "{ours}" into {n} fields; keep one')
