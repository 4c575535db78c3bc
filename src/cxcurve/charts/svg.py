"""SVG as text: elements, escaping, and how wide a text will be.

Nothing here knows a colour or a font: classes do (`static/chart.css`).
"""

from __future__ import annotations

import html
import re

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 does not allow, escaped or not (a lone surrogate, a null)."""

_NARROW, _WIDE, _CAPITAL, _ELSE, _FULL = 0.34, 0.86, 0.68, 0.57, 1.1
Value = str | float | int | None


def escape(text: str) -> str:
    """`text`, safe between tags and inside quoted attributes."""
    return html.escape(_ILLEGAL.sub("", text), quote=True)


def number(value: float) -> str:
    """A coordinate with at most one decimal: enough for a screen, short on the wire."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def element(name: str, *children: str, **attributes: Value) -> str:
    """One element. Children are markup; attribute values are escaped, None leaves the attribute out.

    A trailing underscore is dropped and other underscores become hyphens: `class_`, `text_anchor`.
    """
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{pairs}>{''.join(children)}</{name}>" if children else f"<{name}{pairs}/>"


def text(content: str, x: float, y: float, **attributes: Value) -> str:
    """A `<text>` with its baseline at (x, y)."""
    return element("text", escape(content), x=x, y=y, **attributes)


def group(*children: str, **attributes: Value) -> str:
    """A `<g>`, or nothing at all where there is nothing to group."""
    return element("g", *children, **attributes) if any(children) else ""


def rect(x: float, y: float, width: float, height: float, **attributes: Value) -> str:
    """A rectangle; a negative size counts as 0."""
    return element("rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """A straight line."""
    return element("path", d=f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", class_=class_)


def title(content: str) -> str:
    """The native tooltip of the element around it."""
    return element("title", escape(content))


def text_width(content: str, size: float) -> float:
    """About how wide `content` is at `size` pixels, on the generous side: fonts differ by system."""
    return size * sum(_character_width(character) for character in content)


def strong_width(content: str, size: float) -> float:
    """The same of bold text: in DejaVu, the widest that is common, its letters are a sixth wider."""
    return text_width(content, size) * 1.17


def fit(content: str, width: float, size: float) -> str:
    """`content`, cut with an ellipsis where it would be wider than `width` pixels."""
    content = content[:400]
    if text_width(content, size) <= width:
        return content
    while content and text_width(content + "…", size) > width:
        content = content[:-1]
    return content.rstrip() + "…" if content else ""


def _attribute(value: Value) -> str:
    return escape(value) if isinstance(value, str) else number(float(value or 0))


def _character_width(character: str) -> float:
    if character in "ijltfr.,:;'|!()[]/ ·\u202f":
        return _NARROW
    if character in "mwMW%@—":
        return _WIDE
    if ord(character) >= 0x2E80:
        return _FULL
    return _CAPITAL if character.isupper() else _ELSE
