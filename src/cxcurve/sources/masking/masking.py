"""Free text without personal data: e-mail addresses, cards, IBANs, telephone numbers and names become marks.

What is found and what is not is measured in docs/masking.md. Postal addresses stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from cxcurve.sources.masking.emails import find_emails
from cxcurve.sources.masking.folds import blanked, fold
from cxcurve.sources.masking.known import KnownNames, read_names
from cxcurve.sources.masking.names import find_names
from cxcurve.sources.masking.numbers import find_cards, find_ibans
from cxcurve.sources.masking.phones import find_phones
from cxcurve.sources.values import Texts

_FINDERS: tuple[tuple[str, Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    ("email", find_emails),
    ("iban", find_ibans),
    ("card", find_cards),
    ("phone", find_phones),
)
_DIGIT = re.compile(r"\d")
SHORTEST = 6
"""Digits of the shortest telephone number; a text with fewer has no card and no IBAN either."""


class Found(NamedTuple):
    """Personal data in a text: its kind ("email", ...), and where it starts and ends, in characters."""

    kind: str
    start: int
    end: int


def find_personal(text: str, known_names: Collection[str] = ()) -> tuple[Found, ...]:
    """What `mask` replaces, in order and without overlap; arguments as there."""
    return _found(text, read_names(known_names))


def mask(text: str, known_names: Collection[str] = ()) -> str:
    """`text` with marks ("[name]", "[email]", "[phone]", "[card]", "[iban]") for personal data, the rest to the letter.

    A text that is masked already stays as it is.

    Args:
        text: what somebody wrote; names are looked for in English, German, French, Spanish, Dutch and Italian.
        known_names: full or single names of the people in the conversation; found whatever their case.
    """
    return _masked(text, read_names(known_names))


def mask_texts(texts: Texts, known_names: Sequence[Collection[str]] | None = None) -> Texts:
    """A column of texts, each masked like `mask` does; what is no text stays as it is. Equal texts are read once.

    Args:
        texts: n cells.
        known_names: for each of the n cells the names of its people; None where nobody is known.
    """
    names = known_names if known_names is not None else [()] * len(texts)
    done: dict[tuple[object, frozenset[str]], object] = {}
    masked = []
    for cell, known in zip(texts, names, strict=True):
        asked = (cell, frozenset(known))
        if asked not in done:
            done[asked] = mask(cell, asked[1]) if isinstance(cell, str) else cell
        masked.append(done[asked])
    return pd.Series(masked, index=texts.index, dtype=texts.dtype, name=texts.name)


def _masked(text: str, known: KnownNames) -> str:
    return "".join(_pieces(text, _found(text, known)))


def _pieces(text: str, found: Iterable[Found]) -> Iterator[str]:
    done = 0
    for kind, start, end in found:
        yield text[done:start]
        yield f"[{kind}]"
        done = end
    yield text[done:]


def _found(text: str, known: KnownNames) -> tuple[Found, ...]:
    """What each kind finds in what the kinds before it have left."""
    folded = fold(text)
    plain = folded.plain
    found = []
    for kind, find in _FINDERS if len(_DIGIT.findall(plain)) >= SHORTEST else _FINDERS[:1]:
        if stretches := _apart(find(plain)):
            found += [Found(kind, *folded.back(*stretch)) for stretch in stretches]
            plain = blanked(plain, stretches)
    found += [Found("name", *folded.back(*stretch)) for stretch in find_names(plain, known)]
    return tuple(sorted(found, key=lambda one: one.start))


def _apart(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches in order, those that overlap made one."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
