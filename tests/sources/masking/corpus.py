"""Texts with personal data whose places are known, drawn with a seed, and texts that hold none.

Names and templates are held out: the names are Mimesis's (the product's lists are not), the templates were written
after the lists. What was found is counted by `counts`.
"""

from __future__ import annotations

import random
import re
import string
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
KINDS = ("name", "email", "phone", "card", "iban")
_PIECE = re.compile(r"\{(name|first|last|email|phone|card|iban)\}")
_MARKED = re.compile(r"<<(\w+):(.*?)>>", re.DOTALL)
_PHONES = {
    "en": ["(4##) 2##-####", "4##-2##-####", "+1 4## 2## ####", "07### ######", "+44 20 7### ####", "020 8### ####"],
    "de": ["+49 1## #######", "0### #######", "030/#######", "(0221) 4## ##", "0049 89 ######", "0176########"],
    "fr": ["06 ## ## ## ##", "+33 6 ## ## ## ##", "01.##.##.##.##", "07########", "0033 1 ## ## ## ##"],
    "es": ["6## ### ###", "6## ## ## ##", "+34 9## ### ###", "9# ### ## ##", "+346########"],
    "nl": ["06-########", "06 ########", "+31 6 ########", "020-#######", "0031 20 #######"],
    "it": ["33# #######", "34# ### ####", "+39 06 #### ####", "02 #######", "+3934########"],
}
_EMAILS = ("{f}.{l}@{d}", "{f}@{d}", "{f}{n}@{d}", "{f}.{l}+shop@mail.{d}", "{f}_{l} (at) {d}", "{f} at {h} dot com")
_DOMAINS = ("nordwerk.de", "brightfield.co.uk", "example.com", "posteo.net", "studio-lumen.fr", "unibo.it")
_BANKS = {"DE": "#" * 18, "FR": "#" * 23, "ES": "#" * 20, "NL": "ABNA" + "#" * 10, "GB": "WEST" + "#" * 14}


@dataclass(frozen=True)
class Case:
    """A text and what it holds: kind, start and end of each piece of personal data."""

    text: str
    truth: tuple[tuple[str, int, int], ...]
    language: str


def marked(text: str, language: str = "") -> Case:
    """A case of a text with marks like "<<name:Anna Miller>>"."""
    plain, truth, done = "", [], 0
    for mark in _MARKED.finditer(text):
        plain += text[done : mark.start()]
        truth.append((mark[1], len(plain), len(plain) + len(mark[2])))
        plain += mark[2]
        done = mark.end()
    return Case(plain + text[done:], tuple(truth), language)


def corpus(seed: int, per_template: int = 20) -> list[Case]:
    """Every template that often, filled anew each time; the traps once."""
    rng = random.Random(seed)
    names, templates = _read("names.txt"), _read("templates.txt")
    traps = [Case(text, (), "traps") for text in templates.pop("traps")]
    return traps + [
        marked(_PIECE.sub(_filler(rng, language, names[language]), text).replace("\\n", "\n"), language)
        for language, texts in templates.items()
        for text in texts
        for _ in range(per_template)
    ]


def sceptical() -> list[Case]:
    """Texts written by hand, of kinds the product was not made for."""
    return [marked(text.replace("\\n", "\n")) for texts in _read("sceptic.txt").values() for text in texts]


def counts(cases: Iterable[Case], find: Callable[[str], Iterable[tuple[str, int, int]]]) -> dict[str, Counter[str]]:
    """For each kind: n_true, n_covered (all of it by its kind), n_found, n_right (touches a true one of its kind)."""
    told = {kind: Counter(n_true=0, n_covered=0, n_found=0, n_right=0) for kind in KINDS}
    for case in cases:
        found = list(find(case.text))
        for kind, start, end in case.truth:
            told[kind]["n_true"] += 1
            told[kind]["n_covered"] += any(k == kind and s <= start and end <= e for k, s, e in found)
        for kind, start, end in found:
            told[kind]["n_found"] += 1
            told[kind]["n_right"] += any(k == kind and s < end and start < e for k, s, e in case.truth)
    return told


def _read(name: str) -> dict[str, list[str]]:
    """The lines below each heading."""
    sections: dict[str, list[str]] = {}
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if re.fullmatch(r"\[\w+\]", line):
            sections[line[1:-1]] = []
        elif line and not line.startswith("#"):
            sections[next(reversed(sections))].append(line)
    return sections


def _filler(rng: random.Random, language: str, names: list[str]) -> Callable[[re.Match[str]], str]:
    firsts, lasts = (line.split(", ") for line in names)

    def fill(piece: re.Match[str]) -> str:
        first, last = rng.choice(firsts), rng.choice(lasts)
        if piece[1] in {"name", "first", "last"}:
            said = {"name": f"{first} {last}", "first": first, "last": last}[piece[1]]
            return f"<<name:{said}>>"
        made = {"email": _email, "phone": _phone, "card": _card, "iban": _iban}[piece[1]](rng, language)
        return f"<<{piece[1]}:{made}>>"

    return fill


def _digits(rng: random.Random, shape: str) -> str:
    return re.sub("#", lambda _: rng.choice("23456789"), shape)


def _email(rng: random.Random, language: str) -> str:
    word = "".join(rng.choice(string.ascii_lowercase) for _ in range(5))
    domain = rng.choice(_DOMAINS)
    made = rng.choice(_EMAILS).format(f=word, l=word[::-1], n=rng.randint(1, 99), d=domain, h=domain.split(".")[0])
    return made.upper() if rng.random() < 0.05 else made


def _phone(rng: random.Random, language: str) -> str:
    return _digits(rng, rng.choice(_PHONES[language]))


def _card(rng: random.Random, language: str) -> str:
    digits = rng.choice(["4", "51", "2221", "37", "6011", "3530"])
    length = 15 if digits == "37" else 16
    digits += "".join(rng.choice(string.digits) for _ in range(length - 1 - len(digits)))
    check = next(n for n in string.digits if _luhn(digits + n) == 0)
    digits += check
    groups = (digits[:4], digits[4:10], digits[10:]) if length == 15 else (digits[i : i + 4] for i in range(0, 16, 4))
    return rng.choice(["", " ", "-"]).join(groups)


def _luhn(digits: str) -> int:
    doubled = [2 * int(n) if at % 2 else int(n) for at, n in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10


def _iban(rng: random.Random, language: str) -> str:
    country = {"en": "GB"}.get(language, language.upper())
    country = country if country in _BANKS else "DE"
    account = _digits(rng, _BANKS[country])
    number = int("".join(str(int(letter, 36)) for letter in account + country + "00"))
    whole = f"{country}{98 - number % 97:02}{account}"
    return whole if rng.random() < 0.4 else " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))
