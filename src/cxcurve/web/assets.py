"""The static files: one address per content, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import Response

from cxcurve import charts

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, and the mark of its content."""

    name: str
    body: bytes
    mark: str

    @property
    def url(self) -> str:
        """Its address; another content has another one."""
        return f"/static/{self.name}?v={self.mark}"


@cache
def assets() -> Mapping[str, Asset]:
    """Every static file by name."""
    folder = files("cxcurve.web") / "static"
    bodies = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith((".css", ".js"))}
    bodies["chart.css"] = charts.css().encode()
    return {name: Asset(name, body, hashlib.sha256(body).hexdigest()[:12]) for name, body in bodies.items()}


def asset_url(name: str) -> str:
    """What templates link to."""
    return assets()[name].url


def answer(name: str, mark: str | None, known: str | None) -> Response | None:
    """The file; kept for ever by its full address, else asked for again and not sent twice. None where unknown."""
    asset = assets().get(name)
    if asset is None:
        return None
    headers = {"cache-control": FOR_EVER if mark == asset.mark else ASK_AGAIN, "etag": f'"{asset.mark}"'}
    if known == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(asset.body, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)
