"""Secrets: from the environment, else from the keyring; never from a file of the workspace, never shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec

from cxcurve.errors import ConnectError
from cxcurve.model.connect import Connect, secret_name

KEYRING = "cxcurve"
"""What the keyring files our secrets under."""


def secrets_of(connect: Connect) -> Callable[[str], str]:
    """Gives the secrets of one connection by name.

    The function raises `ConnectError` where neither the environment nor the keyring has the secret.
    """

    def secret(name: str) -> str:
        variable = secret_name(connect, name)
        found = os.environ.get(variable) or _in_keyring(variable)
        if not found:
            raise ConnectError(
                f"{connect.service}: the secret {variable} is missing. Give it as an environment variable, or put it "
                f"into the keyring: `keyring set {KEYRING} {variable}`"
            )
        return found.strip()

    return secret


def has_secret(connect: Connect, name: str) -> bool:
    """Whether a secret was given."""
    try:
        return bool(secrets_of(connect)(name))
    except ConnectError:
        return False


def keep_secret(connect: Connect, name: str, secret: str) -> bool:
    """Put a secret into the keyring; false where there is none that works."""
    if find_spec("keyring") is None:
        return False
    try:
        import_module("keyring").set_password(KEYRING, secret_name(connect, name), secret)
    except Exception:  # each keyring has errors of its own
        return False
    return True


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """`text` without these secrets: services quote in their errors what they were sent."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "(secret)") if secret else text
    return text


def _in_keyring(variable: str) -> str | None:
    if find_spec("keyring") is None:
        return None
    try:
        found: str | None = import_module("keyring").get_password(KEYRING, variable)
    except Exception:  # each keyring has errors of its own, one on a server without a desktop first of all
        return None
    return found
