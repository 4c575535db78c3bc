"""A report as PDF or PNG, set by typst: the template is ours, everything else is data and never read as markup."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from cxcurve.errors import WorkspaceError
from cxcurve.reports.flat import flat
from cxcurve.reports.letters import said, undrawn, without

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PPI = 192.0
NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Said to be made then: the same numbers give the same bytes."""
INSTALL = 'PDF and PNG need typst: pip install "cxcurve[reports]". HTML works without'
Format = Literal["pdf", "png"]


def typeset(document: DataclassInstance, template: str, format_: Format) -> list[bytes]:
    """The document's file, for PNG one for each page; the same data give the same bytes.

    Raises:
        WorkspaceError: typst is not installed.
    """
    if find_spec("typst") is None:
        raise WorkspaceError(INSTALL)
    import typst

    static, data = files("cxcurve.reports") / "static", _flat(asdict(document))
    with as_file(static / "fonts") as fonts:
        compiled: Callable[..., Any] = typst.compile  # it types what it takes so that mypy cannot tell

        def pages_of(source: bytes, form: str, **more: Any) -> list[bytes]:
            made = compiled(source, format=form, font_paths=[str(fonts)], **more)
            return made if isinstance(made, list) else [made]

        text = _readable(data, lambda source: pages_of(source.encode(), "svg"))
        source = _source(static, template)
        return pages_of(source, format_, ppi=PPI, sys_inputs={"data": text}, timestamp=NO_TIME)


def _readable(data: dict[str, Any], pages_of: Callable[[str], list[bytes]]) -> str:
    """As JSON, without letters that cannot be drawn, and a note of them."""
    text = json.dumps(data, ensure_ascii=False)
    letters = undrawn(text, pages_of)
    if not letters:
        return text
    return without(json.dumps({**data, "notes": [*data["notes"], said(letters)]}, ensure_ascii=False), letters)


def _source(static: Traversable, template: str) -> bytes:
    """The template after what all of them share."""
    return b"".join((static / f"{name}.typ").read_bytes() for name in ("shared", template))


def _flat(value: Any) -> Any:
    """With pictures that the typesetter can draw."""
    if isinstance(value, Mapping):
        return {key: _flat(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_flat(one) for one in value]
    return flat(value) if isinstance(value, str) and value.startswith("<svg") else value
