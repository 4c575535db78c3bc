"""One plain spelling for all the ways to write a letter, a digit or a dash, and the way back to the text as it stands.

Accents fall, full-width and foreign digits become ASCII, letters of other alphabets that look Latin become Latin, and
what nobody sees (zero-width characters, accents written apart) is left out. Found in the plain spelling, a stretch is
cut from the text as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

KINDS = ("email", "card", "iban", "phone", "name")
"""What is masked, in the order in which it is looked for."""
BLANK, NAME_BLANK = "\ue000", "\ue001"
"""What stands for a stretch that is masked already: nothing that a text can hold after `fold`."""
WORD = rf"\w{BLANK}{NAME_BLANK}"
"""For the edges of patterns: what touches a letter, a digit or a mark is a part of that."""
_MARK = re.compile(rf"\[(?:{'|'.join(KINDS)})\]")
_ALIKE = dict(
    zip(
        map(ord, "АВЕЅІЈКМНОРСТУХаеѕіјԁһкорсухԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχıøØđĐłŁßæœ‘’ʼ´`“”„«»⁄∕․。｡"),
        "ABESIJKMHOPCTYXaesijdhkopcyxqwABEZHIKMNOPTYXaikvoptuxioOdDlLsao'''''\"\"\"\"\"//...",
        strict=True,
    )
)
"""What looks like a Latin letter, and other ways to set quotes, slashes and full stops."""
_UNSEEN = frozenset({"Cf", "Mn", "Me"})
_BY_CATEGORY = {"Pd": "-", "Co": " ", "Zs": " ", "Cc": " ", "Cs": " ", "Cn": " "}


class _Folds(dict[int, str | None]):
    """Every character's plain spelling, worked out when first met; one for one, or nothing."""

    def __missing__(self, point: int) -> str | None:
        self[point] = plain = _plain(chr(point))
        return plain


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in plain spelling; `places` says where each of its characters stood, None where nothing moved."""

    plain: str
    places: Sequence[int] | None = None

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Where the stretch stands in the text as it was written."""
        return (start, end) if self.places is None else (self.places[start], self.places[end])


def fold(text: str) -> Folded:
    """`text` in plain spelling, marks blanked."""
    if text.isascii():
        return Folded(_without_marks(text))
    plain = text.translate(_FOLDS)
    if len(plain) == len(text):
        return Folded(_without_marks(plain))
    kept = [place for place, letter in enumerate(text) if _FOLDS[ord(letter)] is not None]
    return Folded(_without_marks(plain), [*kept, len(text)])


def folded_word(word: str) -> str:
    """One word as lists and texts are compared: plain and in lower case."""
    return word.translate(_FOLDS).lower()


def blanked(text: str, stretches: Iterable[tuple[int, int]], blank: str = BLANK) -> str:
    """`text` with blanks, as long, in the place of each stretch; these are in order and do not overlap."""
    return "".join(_pieces(text, stretches, blank))


def _pieces(text: str, stretches: Iterable[tuple[int, int]], blank: str) -> Iterator[str]:
    done = 0
    for start, end in stretches:
        yield text[done:start]
        yield blank * (end - start)
        done = end
    yield text[done:]


def _without_marks(text: str) -> str:
    if "[" not in text:
        return text
    return _MARK.sub(lambda mark: (NAME_BLANK if mark[0] == "[name]" else BLANK) * len(mark[0]), text)


def _plain(letter: str) -> str | None:
    category = unicodedata.category(letter)
    if letter.isascii():
        return letter
    if known := _ALIKE.get(ord(letter)) or _BY_CATEGORY.get(category):
        return known
    if category in _UNSEEN:
        return None
    if category == "Nd":
        return str(unicodedata.digit(letter))
    apart = [part for part in unicodedata.normalize("NFKD", letter) if unicodedata.category(part) != "Mn"]
    return apart[0] if len(apart) == 1 else letter


_FOLDS = _Folds()
