"""Where a text has payment cards and bank accounts: numbers that prove themselves by their check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cxcurve.sources.masking.folds import WORD

_RUN = re.compile(rf"(?<![{WORD}])\d(?:[ .\-]{{0,2}}\d)*+(?![{WORD}])")
_GROUP = re.compile(r"\d+")
_IBAN = re.compile(rf"(?<![{WORD}])[A-Za-z]{{2}} ?\d ?\d(?:[ .\-\n]{{0,2}}[A-Za-z0-9]){{11,30}}")
_EDGE = re.compile(rf"[{WORD}]")
CARDS = {
    "4": (13, 16, 19), "34": (15,), "37": (15,), "36": (14,), "38": (14,), "39": (14,), "62": (16, 17, 18, 19),
    "65": (16, 17, 18, 19), "6011": (16, 17, 18, 19), "50": (13, 14, 15, 16, 17, 18, 19), "6304": (16, 17, 18, 19),
    "6759": (16, 17, 18, 19), "676": (16, 17, 18, 19),
    **{str(prefix): (16,) for prefix in (*range(51, 56), *range(2221, 2721))},
    **{str(prefix): (13, 14, 15, 16, 17, 18, 19) for prefix in (56, 57, 58)},
    **{str(prefix): (16, 17, 18, 19) for prefix in (*range(644, 650), *range(3528, 3590))},
    **{str(prefix): (14,) for prefix in range(300, 306)},
}  # fmt: skip
"""Lengths by the first digits, of the issuers in ISO/IEC 7812: Visa, Mastercard, American Express, Diners, Discover,
JCB, UnionPay, Maestro."""
_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 "
    "SI19 SK24 SM27 ST25 SV28 TN24 TR26 UA29 VA22 VG24 XK20"
)
IBANS = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}
"""Letters and digits of an account by country, as in the IBAN registry of SWIFT."""


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each card number: a known prefix, its length, and the Luhn sum."""
    for run in _RUN.finditer(text):
        if run.end() - run.start() >= 13:
            yield from _cards_in(run)


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each IBAN: its country's length, and 1 modulo 97."""
    at = 0
    while found := _IBAN.search(text, at):
        end = _iban_end(found)
        if end:
            yield found.start(), end
        at = end or found.start() + 1


def is_card(digits: str) -> bool:
    """Whether these digits are a card number's."""
    lengths = next((CARDS[digits[:n]] for n in (4, 3, 2, 1) if digits[:n] in CARDS), ())
    return len(digits) in lengths and _luhn(digits) == 0


def _cards_in(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """A card may stand beside its date and code: it begins and ends with a group of digits."""
    groups = list(_GROUP.finditer(run.string, *run.span()))
    at = 0
    while at < len(groups):
        n = _groups_of_card(groups[at : at + 19])
        if n:
            yield groups[at].start(), groups[at + n - 1].end()
        at += n or 1


def _groups_of_card(groups: list[re.Match[str]]) -> int:
    digits = ""
    for n, group in enumerate(groups, 1):
        digits += group[0]
        if len(digits) > 19:
            break
        if len(digits) > 12 and is_card(digits):
            return n
    return 0


def _luhn(digits: str) -> int:
    return sum(int(digit) if at % 2 else sum(divmod(2 * int(digit), 10)) for at, digit in _from_right(digits)) % 10


def _from_right(digits: str) -> Iterator[tuple[int, str]]:
    return enumerate(reversed(digits), 1)


def _iban_end(found: re.Match[str]) -> int:
    """Where the account ends, by its country's length; 0 where it is none."""
    places = [place for place in range(*found.span()) if found.string[place].isalnum()]
    length = IBANS.get(found[0][:2].upper(), 99)
    end = places[length - 1] + 1 if len(places) >= length else 0
    is_whole = end and not _EDGE.match(found.string, end)
    return end if is_whole and _is_iban(found.string[found.start() : end]) else 0


def _is_iban(written: str) -> bool:
    letters = [letter for letter in written.upper() if letter.isalnum()]
    return int("".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])) % 97 == 1
