"""Pictures for a typesetter, which knows no CSS variables: the stylesheet of pictures in the light palette, plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from cxcurve.charts import css

FONT = "CX Report Sans"
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_VARIABLE = re.compile(r"(--cx-[a-z-]+):\s*([^;}]+)")
_USED = re.compile(r"var\((--cx-[a-z-]+)\)")
_CHOICE = re.compile(r":is\(([^()]*)\)")


def flat(svg: str) -> str:
    """An SVG file of its own, in colours and fonts that any renderer knows."""
    end = svg.index(">") + 1
    return f"{svg[:end]}<style>{_plain_css()}</style>{svg[end:]}"


@cache
def _plain_css() -> str:
    text = re.sub(r"/\*.*?\*/", "", css(), flags=re.S)
    light, rest = _palette(text), _without_supports(text)
    return " ".join(_rules(rest, light))


def _palette(text: str) -> dict[str, str]:
    """The colours of the first rule: those of the light palette."""
    first = _RULE.search(text)
    return dict(_VARIABLE.findall(first[2])) if first else {}


def _without_supports(text: str) -> str:
    """Without the block that knows dark, and the rule of the palette itself."""
    text = re.sub(r"@supports[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text)
    return _RULE.sub("", text, count=1)


def _rules(text: str, light: dict[str, str]) -> Iterator[str]:
    for selectors, body in _RULE.findall(text):
        told = "; ".join(_declarations(_USED.sub(lambda one: light[one[1]].strip(), body)))
        for selector in _each(selectors):
            if not re.search(r":(hover|focus|focus-visible)|@|cx-|figure", selector):
                yield f"{selector.strip()} {{{told}}}"


def _each(selectors: str) -> list[str]:
    """Every selector by itself, with each choice of `:is()` written out."""
    found = _CHOICE.search(selectors)
    if found is None:
        return selectors.split(",")
    every: list[str] = []
    for one in _split(selectors):
        inside = _CHOICE.search(one)
        if inside is None:
            every.append(one)
        else:
            every += [
                w for c in inside[1].split(",") for w in _each(one[: inside.start()] + c.strip() + one[inside.end() :])
            ]
    return every


def _split(selectors: str) -> list[str]:
    """By the commas that stand in no brackets."""
    return re.split(r",(?![^()]*\))", selectors)


def _declarations(body: str) -> Iterator[str]:
    for one in filter(None, map(str.strip, body.split(";"))):
        name, _, value = (part.strip() for part in one.partition(":"))
        if name == "font":
            yield f"font-size: {value.split()[0]}"
            yield f'font-family: "{FONT}", "DejaVu Sans", sans-serif'
        elif name == "fill" and value == "transparent":
            yield "fill: none"
        else:
            yield f"{name}: {value}"
