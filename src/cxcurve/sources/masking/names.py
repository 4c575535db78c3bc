"""Where a text has names of people, without a model: by what stands before them, by lists, and by who speaks.

A name is a run of words in capitals. It counts where something speaks for it: a greeting, a title, "my name is", a
sign-off, an address that follows, a first name that is nothing else. A first name that is also a word or a place
("Will", "Jordan") needs such a neighbour, or a surname that is nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from cxcurve.sources.masking.folds import BLANK, NAME_BLANK
from cxcurve.sources.masking.known import KnownNames
from cxcurve.sources.masking.words import words

_WORD = re.compile(r"[^\W\d_]+")
_CAPITAL = re.compile(r"[A-Z][^\W\d_]*")
LONGEST = 4
"""Words of a name, particles not counted."""
_MISTER = frozenset({"mr", "mrs", "mme", "mlle"})
_AFTER_WORD = re.compile(r"[ ,:]{1,3}|, ?| - ")
_AFTER_TITLE = re.compile(r"\.? ?")
_AFTER_LABEL = re.compile(r"[ *\"]{0,3}[:=][ *\"]{0,4}|[ *\"]{0,3}\n?[:=]\t?")
_AFTER_SIGN_OFF = re.compile(r"[ \t]{0,2}[,.!;]?[\s*_~>-]{0,8}")
_IN_NAME = re.compile(r"[ '\-]|\.[ -]?")
_CUT_OFF = re.compile(rf"(?:[ '\-]|\.[ -]?){NAME_BLANK}")
_END = re.compile(r"['\"*_)]{0,2}[ \t]{0,3}(?:$|[,.!?:;()\n\r<>|/\]-]|['\"])", re.MULTILINE)
_END_OF_LINE = re.compile(r"[ \t*_.!,]{0,4}(?:$|[\n\r|(<])", re.MULTILINE)
_ADDRESS_NEXT = re.compile(rf"[\"']? ?[<(\[]{{1,2}} ?(?:mailto:|tel:)?{BLANK}")
_LINE_BEFORE = re.compile(r"(?:^|[\n\r])[ \t*_~>–-]{0,4}\Z")


@dataclass(frozen=True, slots=True)
class _Text:
    """A folded text as words: where they stand, as written and in lower case."""

    text: str
    spots: list[tuple[int, int]]
    said: list[str]
    low: list[str]

    def gap(self, at: int) -> str:
        """What stands before the word at this place, back to the word before it."""
        return self.text[self.spots[at - 1][1] if at else 0 : self.spots[at][0]]

    def next_low(self, at: int) -> str:
        """The word at this place, if it follows after a blank or a hyphen; else nothing."""
        return self.low[at] if at < len(self.low) and self.gap(at) in {" ", "-"} else ""

    def is_capital(self, at: int) -> bool:
        return at < len(self.said) and self.said[at][0].isupper()

    def is_loud(self, at: int) -> bool:
        """Whether the word is all in capitals."""
        return len(self.said[at]) > 1 and self.said[at].isupper()

    def goes_on(self, pattern: re.Pattern[str], end: int) -> bool:
        """Whether `pattern` follows the word before place `end`, and no mark of a name that it belongs to."""
        after = self.spots[end - 1][1]
        return pattern.match(self.text, after) is not None and not _CUT_OFF.match(self.text, after)


def find_names(text: str, known: KnownNames | None = None) -> Iterator[tuple[int, int]]:
    """Start and end of each name in a folded text, in order; `known` are found whatever their case."""
    if not known and not _may_have_names(text):
        return
    said = _words_of(text)
    places = range(len(said.low)) if known else _where_names_may_begin(said)
    before = (0, 0)
    free = 0
    for at in places:
        if at < free:
            continue
        end = (_known_end(said, at, known) if known else 0) or _and_another(said, at, before) or _name_end(said, at)
        if end > at:
            yield said.spots[at][0], said.spots[end - 1][1]
            before = (at, end)
        free = abs(end)


def _may_have_names(text: str) -> bool:
    """The cheap first test: a word in capitals that may be part of a name, or a first name."""
    capitals = {word.lower() for word in _CAPITAL.findall(text)}
    if not capitals <= words().ordinary:
        return True
    return not _quiet_words().isdisjoint(_WORD.findall(text.lower()))


def _words_of(text: str) -> _Text:
    spots = [word.span() for word in _WORD.finditer(text)]
    said = [text[start:end] for start, end in spots]
    return _Text(text, spots, said, [word.lower() for word in said])


def _where_names_may_begin(said: _Text) -> list[int]:
    ordinary, quiet = words().ordinary, _quiet_words()
    return [
        at
        for at, (word, low) in enumerate(zip(said.said, said.low, strict=True))
        if low in quiet
        or (word[0].isupper() and (low not in ordinary or len(word) == 1))
        or (at and said.low[at - 1] in _MISTER)
    ]


def _known_end(said: _Text, at: int, known: KnownNames) -> int:
    end = known.end(said.low, said.said, said.gap, at)
    if end and said.is_capital(end - 1):
        return _run_end(said, end - 1)
    while end and end < len(said.low) and said.gap(end) == "-" and _is_listed(said, end):
        end += 1
    return end


def _name_end(said: _Text, at: int) -> int:
    """The place behind the name that begins here; 0 where none does, below 0 where none begins before that place."""
    if not said.is_capital(at):
        return _quiet_end(said, at)
    if said.low[at] in words().ordinary and not _is_initial(said, at):
        return 0
    end = _run_end(said, at)
    kinds, start = _lead(said, at)
    for kind in kinds:
        if _speaks_for[kind](said, at, end, start):
            return end
    return _alone(said, at, end)


def _lead(said: _Text, at: int) -> tuple[frozenset[str], int]:
    """What kinds of words stand before this place, the longest that are listed, and where they begin."""
    for start in range(max(0, at - 5), at):
        kinds = words().leads.get(" ".join(said.low[start:at]))
        if kinds and all(len(said.gap(place)) <= 3 for place in range(start + 1, at)):
            return kinds, start
    return frozenset(), at


def _run_end(said: _Text, at: int) -> int:
    """The place behind the words in capitals that may be one name."""
    end, left = at + 1, LONGEST - 1
    while left and end < len(said.low):
        step = _particles(said, end)
        if not _may_follow(said, end, end + step):
            break
        end, left = end + step + 1, left - 1
    return end


def _particles(said: _Text, at: int) -> int:
    """How many particles stand here, in front of a word in capitals."""
    n = 0
    while n < 3 and said.next_low(at + n) in words().beside["particle"]:
        n += 1
    return n if n and said.is_capital(at + n) and said.next_low(at + n) else 0


def _may_follow(said: _Text, first: int, at: int) -> bool:
    gap = said.gap(first)
    if at >= len(said.low) or not said.is_capital(at) or not _IN_NAME.fullmatch(gap):
        return False
    if gap.startswith(".") and len(said.said[first - 1]) > 1:
        return False
    if said.low[at] in words().beside["place before"] and said.is_capital(at + 1):
        return False
    if said.low[at] in words().ordinary:
        return _is_initial(said, at)
    return not said.is_loud(at) or _is_listed(said, at) or not said.is_loud(first - 1)


def _is_initial(said: _Text, at: int) -> bool:
    """Whether a single capital stands here for a name ("J."), or for the first piece of one ("O'Brien")."""
    return len(said.said[at]) == 1 and said.is_capital(at) and said.text.startswith((".", "'"), said.spots[at][1])


def _is_listed(said: _Text, at: int) -> bool:
    return said.low[at] in words().first or said.low[at] in words().surnames


def _greeted(said: _Text, at: int, end: int, start: int) -> bool:
    if not _AFTER_WORD.fullmatch(said.gap(at)) or said.next_low(end) in words().beside["group"]:
        return False
    return said.low[at] in words().sure or _agree(said, at, end) or said.goes_on(_END, end)


def _titled(said: _Text, at: int, end: int, start: int) -> bool:
    gap = said.gap(at)
    return bool(gap) and bool(_AFTER_TITLE.fullmatch(gap)) and said.is_capital(at - 1) | (said.low[at - 1] in _MISTER)


def _introduced(said: _Text, at: int, end: int, start: int) -> bool:
    return bool(_AFTER_WORD.fullmatch(said.gap(at)))


def _present(said: _Text, at: int, end: int, start: int) -> bool:
    if said.gap(at) != " ":
        return False
    is_name = said.next_low(end) in words().beside["from"] or (said.low[start] != "it" and said.goes_on(_END, end))
    return said.low[at] in words().sure or (said.low[at] in words().first and is_name) or said.next_low(end) == "from"


def _met(said: _Text, at: int, end: int, start: int) -> bool:
    return said.gap(at) in {" ", ": "} and (_is_listed(said, at) or end - at > 1) and not _is_company(said, at, end)


def _related(said: _Text, at: int, end: int, start: int) -> bool:
    is_own = start > 0 and said.low[start - 1] in words().beside["own"]
    return said.gap(at) in {" ", ", "} and is_own and not said.is_loud(at)


def _labelled(said: _Text, at: int, end: int, start: int) -> bool:
    return bool(_AFTER_LABEL.fullmatch(said.gap(at)))


def _headed(said: _Text, at: int, end: int, start: int) -> bool:
    is_name = said.low[at] in words().first or said.low[at] in words().rare
    return is_name and bool(_AFTER_LABEL.fullmatch(said.gap(at)))


def _signed(said: _Text, at: int, end: int, start: int) -> bool:
    return bool(_AFTER_SIGN_OFF.fullmatch(said.gap(at))) and said.goes_on(_END_OF_LINE, end)


def _signed_loosely(said: _Text, at: int, end: int, start: int) -> bool:
    gap = said.gap(at)
    is_parted = "\n" in gap or "," in gap or "-" in gap
    return is_parted and _signed(said, at, end, start) and (_is_listed(said, at) or "\n" in gap)


_speaks_for: dict[str, Callable[[_Text, int, int, int], bool]] = {
    "greeting": _greeted,
    "thanks": _greeted,
    "title": _titled,
    "introduction": _introduced,
    "presence": _present,
    "person": _met,
    "relation": _related,
    "label": _labelled,
    "header": _headed,
    "sign-off": _signed,
    "loose sign-off": _signed_loosely,
}


def _alone(said: _Text, at: int, end: int) -> int:
    """The end of a name that nothing stands before; below 0 where the words are a place or a company."""
    is_placed = at > 0 and said.gap(at) in {" ", "-", ". "} and said.low[at - 1] in words().beside["place before"]
    if is_placed or _is_company(said, at, end):
        return -end
    if _is_turned(said, at, end):
        return end + 1
    return end if _is_sure(said, at, end) or _agree(said, at, end) or _is_pointed_at(said, at, end) else 0


def _is_sure(said: _Text, at: int, end: int) -> bool:
    """Whether the first word is a first name and nothing else; short words in capitals are often something else."""
    return said.low[at] in words().sure and (not said.is_loud(at) or len(said.low[at]) > 3 or end - at > 1)


def _agree(said: _Text, at: int, end: int) -> bool:
    """Whether two words are a name together: "Will O'Neill", "J. Miller", "Miller Anna"."""
    if said.low[at] in words().first or _is_initial(said, at):
        return any(said.low[place] in words().rare for place in range(at + 1, end))
    return end - at == 2 and said.low[at] in words().surnames and said.low[at + 1] in words().sure


def _is_turned(said: _Text, at: int, end: int) -> bool:
    """Whether the first name follows behind a comma: "Miller, Anna"."""
    is_surname = end - at == 1 and said.low[at] in words().rare
    return is_surname and said.is_capital(end) and said.gap(end) == ", " and said.low[end] in words().sure


def _is_pointed_at(said: _Text, at: int, end: int) -> bool:
    """Whether an address follows the words, or they have a line to themselves."""
    if end - at == 1:
        return False
    if said.goes_on(_ADDRESS_NEXT, end):
        return True
    before = said.text[max(0, said.spots[at][0] - 6) : said.spots[at][0]]
    is_line = at > 0 and _LINE_BEFORE.search(before) and said.goes_on(_END_OF_LINE, end)
    return said.low[at] in words().first and bool(is_line)


def _is_company(said: _Text, at: int, end: int) -> bool:
    """Whether the run goes on as a street, a company or an institution, or holds one, or is one that is known."""
    after = words().beside["company after"]
    if said.next_low(end) in after or not after.isdisjoint(said.low[at + 1 : end]):
        return True
    return " ".join(said.low[at : at + 2]) in words().beside["company"]


def _and_another(said: _Text, at: int, before: tuple[int, int]) -> int:
    """The end of a name that is added to the one before: "Hi Anna and Priyanka,"."""
    start, end = before
    is_added = end and (
        (at == end + 1 and said.low[end] in words().beside["and"] and said.gap(at) == said.gap(end) == " ")
        or (at == end and said.gap(at) in {" & ", "/", " / ", " + "})
    )
    if not is_added or not said.is_capital(at) or said.low[at] in words().ordinary:
        return 0
    end = _run_end(said, at)
    is_person = _is_listed(said, at) or (_lead(said, start)[0] and said.goes_on(_END, end))
    return end if is_person and not _is_company(said, at, end) else 0


@lru_cache(1)
def _quiet_words() -> frozenset[str]:
    """What a text without capitals must have to have a name."""
    return words().first | _MISTER


def _quiet_end(said: _Text, at: int) -> int:
    """The end of a name in small letters: a listed one that is greeted, introduced or signed, or has its surname."""
    low = said.low[at]
    if low not in words().first:
        is_titled = at > 0 and said.low[at - 1] in _MISTER and _AFTER_TITLE.fullmatch(said.gap(at))
        return at + 1 if is_titled and len(low) > 2 and low not in words().ordinary else 0
    has_surname = said.next_low(at + 1) in words().rare and said.next_low(at + 1) not in words().first
    end = at + 1 + has_surname
    kinds, start = _lead(said, at)
    is_sure = low in words().sure
    if kinds & {"sign-off", "loose sign-off"} and _signed_loosely(said, at, end, start):
        return end
    if kinds & {"introduction", "greeting", "thanks"} and _AFTER_WORD.fullmatch(said.gap(at)):
        return end if is_sure or ("thanks" not in kinds and said.goes_on(_END, end)) else 0
    if kinds & {"presence", "person"} and said.gap(at) == " " and is_sure:
        return end
    return end if is_sure and has_surname else 0
