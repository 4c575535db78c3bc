"""Where a text has telephone numbers: international, national in the shapes people write, or beside a word for one.

Dates, times, amounts, addresses of machines, versions and labelled numbers (orders, tickets, ...) are set aside first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cxcurve.sources.masking.folds import WORD, blanked

_ASIDE = "\ue002"
"""What stands for a number that is none; unlike a mark, a telephone number may touch it."""
_DIGIT = re.compile(r"\d")
_NUMBER_WORD = r"(?:numbers?|num|no|nr|nummer|id|code|is|ist|was|numero|n)\b"
_OWN_LABEL = (
    r"(?:order|ticket|case|invoice|part|model|room|ref|reference|tracking|bestell\w*|auftrag\w*|commande|pedido|"
    r"ordine|facture)"
)
_LABEL = (
    r"(?:id|parcel|policy|contract|account|acct|customer|client|member|membership|article|item|sku|serial|booking|"
    r"reservation|transaction|po|rma|version|build|error|bug|issue|pin|otp|zip|plz|vat|tax|bic|isbn|ean|meter|licen[cs]e|"
    r"rechnung\w*|kunden\w*|vorgang\w*|vertrag\w*|sendung\w*|paket\w*|artikel\w*|konto\w*|dossier|suivi|contrat|colis|factura|"
    r"caso|referencia|cliente|seguimiento|factuur\w*|klant\w*|zaak\w*|fattura|pratica|codice|siret|siren|iva|ust|steuer\w*)"
)
_NO_PHONE = re.compile(
    rf"""
      \#\ ?[\w-]{{0,20}}\d[\w/-]*+
    | (?i:\b{_OWN_LABEL}(?:[\ .:\#-]{{0,3}}{_NUMBER_WORD}){{0,3}}|\b{_LABEL}(?:[\ .:-]{{0,3}}{_NUMBER_WORD}){{1,3}}
        |\b{_LABEL}\ ?[:\#=])[\ .:\#=°-]{{0,4}}(?:[A-Z]{{1,5}}[-/]?)?\d[\d/-]*+(?:\ [1-9]\d{{2,5}}(?!\d)){{0,3}}
    | \b[A-Z]{{2}}\d\d(?:\ [\dA-Z]{{4}}){{3,7}}(?:\ [\dA-Z]{{1,3}})?\b
    | (?i:\b(?!tel|fon|mob|fax|ph|cell|m-|t-|f-)[a-z]{{1,8}}[-_]?\d[\w/-]*+)
    | (?<![\d.])\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?!\d|[-/.]\d)(?:T\d[\d:.]*+Z?)?
    | (?<!\d)(?<!\d[-/.])\d{{1,2}}(?P<between>[-/.])\d{{1,2}}(?P=between)(?:\d{{4}}|\d\d)(?!\d|[-/.]\d)
    | (?<![\d.])\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?!\d|\.\d)(?::\d{{2,5}})?
    | \d{{1,2}}:\d\d(?::\d\d)?(?:\.\d{{1,6}})?
    | (?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b)\ ?\d[\d.,]*+(?:\ \d{{3}}(?!\d)){{0,3}}
    | (?<![\d.,+(])[1-9]\d{{0,2}}(?:[.,\ ]\d{{3}}){{0,4}}(?:[.,]\d{{1,2}})?\ ?
        (?:€|\$|£|%|(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds?|Euro)\b)
    | (?<![\d.])[1-9]\d{{0,2}}(?:\.\d{{3}}){{1,5}}(?:,\d\d?)?(?!\d|\.\d)
    | (?<![\d.])\d\.\d++(?!\.)
    | -?(?<!\d)\d{{1,3}}\.\d{{4,12}},\ ?-?\d{{1,3}}\.\d{{4,12}}(?!\d)
    """,
    re.VERBOSE,
)
_BEFORE = rf"(?<![{WORD}#])(?<!\d[.,])(?<![{WORD}]-)"
_EXTENSION = r"(?:[ ,]{0,2}(?:x|ext\.?|extension|durchwahl|dw|poste|interno|toestel)[ .:]{0,2}\d{1,5}\b)?"
_PHONE = re.compile(
    rf"""(?i){_BEFORE}(?:
      (?P<abroad>(?:\+|00)\ ?\(?[1-9]\d{{0,3}}\)?(?:[ .\-/()]{{0,3}}\d){{5,14}})
    | \(?0[1-9]\)?(?:[ .\-]?\d\d){{4}}(?!\d)
    | (?P<trunk>\(?0[1-9]\d{{0,4}}\)?(?:[ .\-/]{{0,3}}\d){{4,10}})
    | (?:1[ .\-])?(?:\([2-9]\d\d\)\ ?|[2-9]\d\d[ .\-/])[2-9]\d\d[ .\-]\d{{4}}
    | [6-9]\d\d(?:[ \-]\d{{3}}){{2}} | [6-9]\d\d(?:[ \-]\d\d){{3}} | 9\d[ \-]\d{{3}}(?:[ \-]\d\d){{2}}
    | 3[2-9]\d[ \-/]?(?:\d{{3}}[ \-]\d{{3,4}}|(?<=[ \-/])\d{{6,7}})
    )(?![{WORD}]|-\d){_EXTENSION}""",
    re.VERBOSE,
)
_CALL = re.compile(
    r"""(?i)\b(?:tel|telefon\w*|telephone|telefoon\w*|telefono|phone|mobile|mobil\w*|cell|cellphone|cellulare|handy\w*|
    whatsapp|signal|sms|fax|fon|call|calling|ring|dial|text|reach|ruf|rufen|anrufen|anruf|ruckruf|appeler|appelez|portable|
    movil|llamar\w*|llame|bellen|bel|mobiel\w*|chiamar\w*|chiamate|chiami|
    (?:my|contact|mon|mi|mijn|meine|mio)\ n[uo]m\w{1,6})\b
    [^\d\n+\ue000-\ue002]{0,25}?(?P<number>\(?\d(?:[ .\-/()]{0,3}\d){5,14})"""
    + rf"(?![{WORD}]|-\d){_EXTENSION}",
    re.VERBOSE,
)
_LONGEST = {"1": 10, "30": 10, "31": 9, "32": 9, "33": 9, "34": 9, "39": 11, "41": 9, "43": 12, "44": 10, "45": 8,
            "46": 9, "47": 8, "48": 9, "49": 12, "351": 9, "352": 9, "353": 9, "91": 10, "55": 11, "61": 9}  # fmt: skip
"""Most digits behind the country's code, of the national plans in ITU-T E.164; else 12."""


def find_phones(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each number in a folded text, in no order; stretches may overlap."""
    if not _PHONE.search(text) and not _CALL.search(text):
        return
    text = blanked(text, (found.span() for found in _NO_PHONE.finditer(text)), _ASIDE)
    at = 0
    while found := _PHONE.search(text, at):
        end = _end(found)
        if end:
            yield found.start(), end
        at = end or found.start() + 1
    yield from ((found.start("number"), found.end()) for found in _CALL.finditer(text))


def _end(found: re.Match[str]) -> int:
    """Where the number ends: with the last group of digits that it has room for; 0 where it is none."""
    written = found["trunk"] or found["abroad"]
    if not written:
        return found.end()
    least, most = (9, 12) if found["trunk"] else _room(written)
    ends = [group.end() for group in re.finditer(r"\d+", written)]
    digits = [len(_DIGIT.findall(written[:end].replace("(0)", ""))) for end in ends]
    fitting = [end for end, n in zip(ends, digits, strict=True) if least <= n <= most]
    if not fitting:
        return 0
    return found.end() if fitting[-1] == ends[-1] else found.start() + fitting[-1]


def _room(written: str) -> tuple[int, int]:
    """Fewest and most digits of an international number, "00" among them."""
    digits = "".join(_DIGIT.findall(written.replace("(0)", "")))
    zeros = 2 if digits.startswith("00") else 0
    code = next((digits[zeros : zeros + n] for n in (1, 2, 3) if digits[zeros : zeros + n] in _LONGEST), "")
    return zeros + (10 if zeros else 8), zeros + (len(code) + _LONGEST[code] if code else 15)
