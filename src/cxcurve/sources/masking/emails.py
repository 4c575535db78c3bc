"""Where a text has e-mail addresses, as people write them: plain, in a link, or spelled out to fool a robot.

Every pattern looks at a bounded stretch, or takes a run of letters whole and never gives back, so that no text takes
longer than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cxcurve.sources.masking.folds import WORD

_ADDRESS = re.compile(rf"(?<![{WORD}.+'-])(?P<local>[\w.+'-]++)(?:@|%40|&#64;)(?P<domain>[\w-]++(?:\.[\w-]++)*+)")
_AT_WORD = r"(?:at|arroba|arobase|chiocciola|apenstaartje)"
_DOT_WORD = r"(?:dot|punkt|point|punto|punt)"
_TOP = (
    r"(?:com|org|net|edu|gov|info|io|co|eu|de|fr|es|nl|it|uk|at|ch|be|ie|us|ca|me|app|dev|ai|biz|mx|ar|lu|pt|pl|se)\b"
)
_DOT = rf"(?:\.| ?[(\[{{<] ?(?:{_DOT_WORD}|\.) ?[)\]}}>] ?| {_DOT_WORD} )"
_LOCAL = rf"(?<![{WORD}.+-])[\w+-]{{1,64}}(?:{_DOT}[\w+-]{{1,64}}){{0,3}}"
_BRACKETED = re.compile(
    rf"(?i){_LOCAL}(?: ?[(\[{{<] ?(?:{_AT_WORD}|a|@) ?[)\]}}>] ?)[\w-]{{1,63}}(?:{_DOT}[\w-]{{2,63}}){{1,4}}"
)
_SPOKEN = re.compile(
    rf"(?i){_LOCAL}(?: ?@ ?| {_AT_WORD} )(?!the |a |my )[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,2}}"
    rf"(?: ?[(\[{{<] ?{_DOT_WORD} ?[)\]}}>] ?| {_DOT_WORD} )(?:[\w-]{{2,63}}{_DOT}){{0,2}}{_TOP}"
)
_SPACED = re.compile(
    rf"(?i)(?P<local>{_LOCAL})(?: @ ?|@ )(?P<domain>[\w-]{{1,63}}(?: ?\. ?[\w-]{{2,63}}){{0,2}} ?\. ?{_TOP})"
)
_HINT = re.compile(rf"(?i)[(\[{{<] ?(?:{_AT_WORD}|a|@) ?[)\]}}>]|\b{_DOT_WORD}\b| @|@ ")
_MAIL_BEFORE = re.compile(r"(?i)\b(?:e-?mail|mail|correo|courriel|adress?e?|posta)\b[^\n@]{0,20}$")


def find_emails(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each address in a folded text, in no order; stretches may overlap."""
    if "@" in text or "%40" in text or "&#64;" in text:
        yield from _addresses(text)
    if _HINT.search(text):
        yield from (found.span() for pattern in (_BRACKETED, _SPOKEN) for found in pattern.finditer(text))
        yield from (found.span() for found in _SPACED.finditer(text) if _is_meant(found, text))


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while found := _ADDRESS.search(text, at):
        start = found.end("local") - len(found["local"].lstrip(".'+-"))
        length = _domain_length(found["domain"])
        at = found.start("domain") + length if length else found.end("local")
        if length and start < found.end("local"):
            yield start, at


def _domain_length(domain: str) -> int:
    """How far the run of labels is a domain: it ends on letters, and a sentence that follows at once is none of it."""
    labels = domain.rstrip("-").split(".")
    while len(labels) > 1 and not _is_top(labels[-1]):
        labels.pop()
    if len(labels) > 2 and labels[-1].istitle() and labels[-2].islower() and _is_top(labels[-2]):
        labels.pop()
    return len(".".join(labels)) if len(labels) > 1 and all(labels) else 0


def _is_top(label: str) -> bool:
    return len(label) > 1 and (label.isalpha() or label.startswith("xn--"))


def _is_meant(found: re.Match[str], text: str) -> bool:
    """Whether an address with blanks is one: people also write "bought @ shop.com"."""
    before = text[max(0, found.start() - 30) : found.start()]
    return bool(re.search(r"[\d.+_-]", found["local"]) or _MAIL_BEFORE.search(before))
