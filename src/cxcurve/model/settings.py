"""A workspace's own settings: `cxcurve.toml`."""

from __future__ import annotations

import re
import tomllib
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cxcurve.errors import Problem, did_you_mean


@dataclass(frozen=True, slots=True)
class Oidc:
    """A provider that people sign in with; `new_users` is the role of those it vouches for and nobody added."""

    issuer: str = ""
    client_id: str = ""
    name: str = "your company"
    new_users: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `cxcurve.toml` says; each part has a default."""

    name: str = ""
    zone: str = "UTC"
    currency: str = "USD"
    host: str = "127.0.0.1"
    port: int = 8765
    address: str = ""
    """Where others reach the pages, such as https://cx.acme.example: for links in what is sent."""
    oidc: Oidc | None = None
    ancestors: tuple[str, ...] = ()
    """The sites that may show a customer's brief within their own pages; nobody by default."""


_SERVER = ("host", "port", "address")
_OIDC = tuple(field.name for field in fields(Oidc))
_GENERAL = tuple(field.name for field in fields(Settings) if field.name not in (*_SERVER, "oidc", "ancestors"))
_SITE = re.compile(r"https?://(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")
_ROLES = ("admin", "analyst", "agent", "executive")


def read_settings(path: Path) -> tuple[Settings, list[Problem]]:
    """The settings of a file and everything wrong with it; what is wrong keeps its default."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        values = tomllib.loads(text)
    except UnicodeDecodeError:
        return Settings(), [Problem(path.name, 0, "the file is not UTF-8 text; save it as UTF-8 in your editor")]
    except tomllib.TOMLDecodeError as error:
        return Settings(), [_syntax_problem(path.name, error)]
    except OSError as error:
        return Settings(), [Problem(path.name, 0, f"the file cannot be read: {error.strerror}")]
    server = values.pop("server", {})
    if not isinstance(server, dict):
        return Settings(), [Problem(path.name, _line(text, "server"), "server: expected a table, written as [server]")]
    oidc, wrong = _oidc(values.pop("oidc", None))
    ancestors, refused = _embed(values.pop("embed", {}))
    complaints = dict(_complaints(values, _GENERAL)) | dict(_complaints(server, _SERVER))
    good = {key: value for key, value in (values | server).items() if key not in complaints}
    problems = [Problem(path.name, _line(text, key), said) for key, said in (complaints | wrong | refused).items()]
    return Settings(**good, oidc=oidc, ancestors=ancestors), sorted(problems)


def _oidc(told: Any) -> tuple[Oidc | None, dict[str, str]]:
    """The provider, and by key what is wrong with it."""
    if told is None:
        return None, {}
    if not isinstance(told, dict):
        return None, {"oidc": "oidc: expected a table, written as [oidc]"}
    wrong = dict(_complaints(told, _OIDC))
    for key in ("issuer", "client_id"):
        if not told.get(key):
            wrong["oidc"] = f"oidc: has no {key}; expected the {key} that the provider shows"
    if told.get("new_users") and told["new_users"] not in _ROLES:
        wrong["new_users"] = f'new_users: "{told["new_users"]}" is none of {", ".join(_ROLES)}'
    return (None, wrong) if wrong else (Oidc(**told), {})


def _embed(told: Any) -> tuple[tuple[str, ...], dict[str, str]]:
    """Who may show briefs within their pages, and by key what is wrong with it: then nobody."""
    if not isinstance(told, dict):
        return (), {"embed": "embed: expected a table, written as [embed]"}
    wrong = {key: f'key "{key}" is not known.{did_you_mean(key, ("ancestors",))}' for key in told if key != "ancestors"}
    sites = told.get("ancestors", [])
    if not isinstance(sites, list):
        wrong["ancestors"] = 'ancestors: expected a list of sites, such as ["https://acme.zendesk.com"]'
        return (), wrong
    for site in sites:
        if not (isinstance(site, str) and _SITE.fullmatch(site)):
            wrong["ancestors"] = (
                f'ancestors: "{str(site)[:80]}" is no site; expected such as "https://acme.zendesk.com"'
            )
    return (() if wrong else tuple(sites)), wrong


def _complaints(values: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if key not in known:
            hint = did_you_mean(key, known) or f" Known: {', '.join(known)}."
            yield key, f'key "{key}" is not known.{hint}'
        elif complaint := _complaint(key, value):
            yield key, complaint


def _complaint(key: str, value: Any) -> str | None:
    if key == "port":
        is_port = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535
        return None if is_port else f"port: expected a number from 1 to 65535, found {value}"
    if not isinstance(value, str):
        return f"{key}: expected text in quotes, found {value}"
    if key == "address" and not (_SITE.fullmatch(value) and "*" not in value):
        return f'address: "{value[:80]}" is no address of a site; expected such as "https://cx.acme.example"'
    if key == "zone" and value not in zoneinfo.available_timezones():
        hint = did_you_mean(value, zoneinfo.available_timezones()) or ' Expected such as "Europe/Berlin" or "UTC".'
        return f'zone: "{value}" is no time zone.{hint}'
    if key == "currency" and not re.fullmatch("[A-Z]{3}", value):
        return f'currency: "{value}" is no ISO 4217 code; expected three capital letters such as "EUR"'
    return None


def _syntax_problem(file: str, error: tomllib.TOMLDecodeError) -> Problem:
    message = str(error)
    place = re.search(r"line (\d+)", message)
    return Problem(file, int(place[1]) if place else 0, f"this is no TOML: {message}")


def _line(text: str, key: str) -> int:
    pattern = re.compile(rf"""\s*\[?["']?{re.escape(key)}["']?\s*[=\].]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 0)
