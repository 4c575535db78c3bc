"""`connect:` of a source: which service its rows come from. What is secret never stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from cxcurve.model.wording import Finding

_SECRET_NAME = re.compile(
    r"token|secret|passw|\bpwd\b|credential|authori[sz]ation|bearer|cookie|^key$|(api|private|access)_?key$", re.I
)
_SECRET_VALUE = re.compile(
    r"^(sk|rk|whsec)_|^pat-[a-z]{2}\d|^xox[abposr]-|^gh[pousr]_|^bearer\s|^basic\s|^ATATT|^dG9r|^eyJ[\w-]{10,}\.|"
    r"-----BEGIN|://[^/@\s]*:[^/@\s]+@|[?&][\w-]*(key|token|secret|password|signature)=",
    re.I,
)


def _day(text: str | None) -> str | None:
    if text is not None:
        try:
            date.fromisoformat(text)
        except ValueError:
            raise ValueError(f'"{text}" is no day; expected such as "2026-05-31"') from None
    return text


class Connect(BaseModel):
    """A service and which of its rows; what else the service needs to know, such as the sub-domain, stands beside.

    `since` is the day of the first rows wanted; without it all there are. `name` tells two accounts of one service
    apart: it takes the service's place in the names of the secrets.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    service: str
    rows: str
    since: Annotated[str | None, AfterValidator(_day)] = None
    name: str | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What stands beside: plain values as texts."""
        given: dict[str, Any] = self.model_extra or {}
        return {key: str(value) for key, value in given.items() if value is not None}


def secret_name(connect: Connect, secret: str) -> str:
    """The environment variable a secret is read from, such as CXCURVE_ZENDESK_TOKEN."""
    return re.sub(r"\W", "_", f"CXCURVE_{connect.name or connect.service}_{secret}").upper()


def looks_secret(name: str, value: str) -> bool:
    """Whether a setting is a secret, by its name or by its value."""
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))


def find_secrets(connect: Connect) -> Iterator[Finding]:
    """What looks like a secret, by its name or by its value; the value is never shown."""
    for name, value in {**connect.settings, "name": connect.name or "", "since": connect.since or ""}.items():
        if looks_secret(name, value):
            wanted = name if _SECRET_NAME.search(name) else "token"
            yield Finding(
                ("connect", name),
                f"has a secret in `connect: {name}`, for all to read who see this file. Take it out, give it as the "
                f"environment variable {secret_name(connect, wanted)} or in the keyring, and have the service make a "
                "new one: this one was written down",
            )
