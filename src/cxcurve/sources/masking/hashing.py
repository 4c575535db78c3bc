"""A hash with a key for an e-mail address or a telephone number: the same however the address is written.

Without the key nobody can find out who it was by trying all addresses, which for a plain hash takes minutes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

from cxcurve.errors import BadValueError

_ENCLOSED = re.compile(r"<([^<>]*@[^<>]*)>")
_TRUNK_IN_BRACKETS = re.compile(r"\(\s*0\s*\)")
_PHONE = re.compile(r"(?:tel:)?\+?[\d\s().\-/]{5,30}")
_KEPT_ZERO = frozenset({"39", "378", "379"})
"""Italy, San Marino and the Vatican: the zero belongs to the number abroad too (ITU-T E.164)."""


def keyed_hash(value: str, key: str | bytes, *, calling_code: str = "") -> str:
    """HMAC-SHA256 of an e-mail address or a telephone number in one spelling (`normal_contact`).

    Args:
        value: the address or number as somebody wrote it.
        key: the secret; whoever has it can test guesses.
        calling_code: of the country whose national numbers are meant, e.g. "49"; without it "030 1234567" and
            "+49 30 1234567" have different hashes.

    Returns:
        64 hexadecimal digits.

    Raises:
        BadValueError: the key is empty, or `value` is neither an address nor a number.

    Source: RFC 2104
    """
    secret = key.encode() if isinstance(key, str) else key
    if not secret:
        raise BadValueError("the key of the hash is empty; expected a secret of at least 16 random bytes")
    return hmac.new(secret, normal_contact(value, calling_code=calling_code).encode(), hashlib.sha256).hexdigest()


def normal_contact(value: str, *, calling_code: str = "") -> str:
    """One spelling: "anna+news@firma.de" (tags stay: they may lead to another person), or "+49301234567".

    Raises:
        BadValueError: `value` is neither an address nor a number.
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", value) if unicodedata.category(letter) != "Cf")
    text = plain.strip().casefold()
    if enclosed := _ENCLOSED.search(text):
        text = enclosed[1]
    text = text.removeprefix("mailto:").partition("?")[0].strip()
    if "@" in text:
        return _email(text)
    if _PHONE.fullmatch(text) and 6 <= sum(map(str.isdigit, text)) <= 17:
        return _phone(text.removeprefix("tel:"), calling_code.lstrip("+"))
    raise BadValueError(
        "this is neither an e-mail address nor a telephone number; expected one like a@b.com or +49 30 1234567"
    )


def _email(text: str) -> str:
    local, _, domain = text.replace(" ", "").rpartition("@")
    if not local or "." not in domain.strip("."):
        raise BadValueError("this is no e-mail address; expected one like a@b.com")
    return f"{local}@{_ascii(domain.strip('.'))}"


def _ascii(domain: str) -> str:
    """A domain as it goes over the wire, so that "müller.de" and "xn--mller-kva.de" are one."""
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def _phone(text: str, calling_code: str) -> str:
    digits = "".join(map(str, map(int, filter(str.isdigit, _TRUNK_IN_BRACKETS.sub("", text)))))
    if text.lstrip().startswith(("+", "(+")):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if not calling_code:
        return digits
    if calling_code == "1" and len(digits) == 11:
        return f"+{digits}"
    return f"+{calling_code}{digits if calling_code in _KEPT_ZERO else digits.removeprefix('0')}"
