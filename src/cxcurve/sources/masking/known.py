"""The names of the people in a conversation: found in any case, without their surname, and with umlauts spelled out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cxcurve.sources.masking.folds import folded_word
from cxcurve.sources.masking.words import spellings, words

_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = re.compile(r"[ .'_\-]{1,2}")


@dataclass(frozen=True)
class KnownNames:
    """Words of names: those that are nothing else, and those that are words too or short, which need a capital."""

    sure: frozenset[str]
    unsure: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.sure or self.unsure)

    def end(self, low: Sequence[str], said: Sequence[str], gap: Callable[[int], str], at: int) -> int:
        """The place behind the known name that begins with this word; 0 where none does."""
        if not self._has(low, said, gap, at):
            return 0
        end = at + 1
        while end < len(low):
            joints = 0
            while (
                end + joints < len(low)
                and low[end + joints] in _particles()
                and gap(end + joints) == " "
                and joints < 3
            ):
                joints += 1
            step = joints if end + joints < len(low) and low[end + joints] in self.sure | self.unsure else 0
            is_next = low[end + step] in self.sure or low[end + step] in self.unsure
            if not is_next or not _BETWEEN.fullmatch(gap(end + step)):
                break
            end += step + 1
        return end

    def _has(self, low: Sequence[str], said: Sequence[str], gap: Callable[[int], str], at: int) -> bool:
        if low[at] in self.sure:
            return True
        if low[at] not in self.unsure:
            return False
        if at + 1 < len(low) and low[at + 1] in self.sure and _BETWEEN.fullmatch(gap(at + 1)):
            return True
        starts_sentence = not at or bool(re.search(r"[.!?\n]", gap(at)))
        return said[at][0].isupper() and not starts_sentence


def _particles() -> frozenset[str]:
    return words().beside["particle"]


@lru_cache(4096)
def _known_word(word: str) -> tuple[frozenset[str], bool]:
    lists = words()
    low = folded_word(word)
    is_word = low in lists.ordinary or (low in lists.first | lists.surnames and low not in lists.sure | lists.rare)
    return spellings(word), len(low) > 2 and not is_word


def read_names(names: Iterable[str]) -> KnownNames:
    """The words of these names ("Anna Müller", "O'Brien"); single letters and particles are none."""
    sure: set[str] = set()
    unsure: set[str] = set()
    for name in names:
        for word in _WORD.findall(name):
            if len(word) > 1 and folded_word(word) not in _particles():
                said, is_sure = _known_word(word)
                (sure if is_sure else unsure).update(said)
    return KnownNames(frozenset(sure), frozenset(unsure))
