"""The words by which names are known: first names, surnames, what is both name and word, and what stands before a name.

They lie in `lists/`: one file each, `#` begins a comment. They are read when first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import chain

from cxcurve.sources.masking.folds import folded_word

_LETTERS = re.compile(r"[^\W\d_]+")
_SPELLED_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "oe", "å": "aa"}
)


@dataclass(frozen=True)
class Words:
    """Every word plain and in lower case (`folded_word`).

    Attributes:
        first: first names.
        sure: first names that are nothing else.
        surnames: surnames and their parts.
        rare: surnames that are nothing else.
        ordinary: what is no part of a name even in capitals.
        leads: kinds of what stands before a name ("greeting", ...), by its words with one blank between.
        beside: what stands inside or beside a name, by its kind ("particle", ...).
    """

    first: frozenset[str]
    sure: frozenset[str]
    surnames: frozenset[str]
    rare: frozenset[str]
    ordinary: frozenset[str]
    leads: dict[str, frozenset[str]]
    beside: dict[str, frozenset[str]]


@lru_cache(1)
def words() -> Words:
    """The lists, read once."""
    first, surnames, also, ordinary = map(_list, ("first_names", "surnames", "also_words", "ordinary"))
    ordinary -= first & also
    return Words(
        first=first,
        sure=first - also - ordinary,
        surnames=surnames - ordinary,
        rare=surnames - also - ordinary,
        ordinary=ordinary,
        leads=_turned(_sections("leads")),
        beside=_sections("neighbours"),
    )


def spellings(word: str) -> frozenset[str]:
    """A word as it is compared; with umlauts both without dots and written out ("Müller", "Mueller")."""
    return frozenset({folded_word(word), folded_word(word.translate(_SPELLED_OUT))})


def _lines(name: str) -> Iterator[str]:
    text = (files("cxcurve.sources.masking") / "lists" / f"{name}.txt").read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def _list(name: str) -> frozenset[str]:
    return frozenset(chain.from_iterable(map(spellings, chain.from_iterable(map(str.split, _lines(name))))))


def _sections(name: str) -> dict[str, frozenset[str]]:
    """The phrases below each heading, one blank between their words."""
    sections: dict[str, frozenset[str]] = {}
    kind = ""
    for line in _lines(name):
        if line.startswith("["):
            kind = line.strip("[]")
        else:
            phrases = (" ".join(_LETTERS.findall(phrase)) for phrase in line.split(", "))
            sections[kind] = sections.get(kind, frozenset()).union(*map(spellings, phrases))
    return sections


def _turned(sections: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The headings of each phrase."""
    phrases = frozenset().union(*sections.values())
    return {phrase: frozenset(kind for kind in sections if phrase in sections[kind]) for phrase in phrases}
