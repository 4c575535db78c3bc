"""The same address written differently has one hash; another address or key has another."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from cxcurve.errors import BadValueError
from cxcurve.sources.masking.hashing import keyed_hash, normal_contact


def test_it_is_hmac_sha256_of_the_one_spelling():
    assert keyed_hash("Anna@Firma.de", "k") == hmac.new(b"k", b"anna@firma.de", hashlib.sha256).hexdigest()
    assert keyed_hash("Anna@Firma.de", b"k") == keyed_hash("Anna@Firma.de", "k") != keyed_hash("Anna@Firma.de", "l")


@pytest.mark.parametrize(
    "value",
    ["ANNA@firma.de", " anna@firma.de ", "Anna Miller <anna@firma.de>", "mailto:anna@firma.de?subject=x",
     "ａｎｎａ＠firma.de", "an\u200bna@firma.de", "anna@firma.de."],
)  # fmt: skip
def test_one_address(value):
    assert normal_contact(value) == "anna@firma.de"


def test_domains_are_told_as_on_the_wire_and_tags_stay():
    assert normal_contact("a+b@MÜLLER.de") == "a+b@xn--mller-kva.de" == normal_contact("a+b@xn--mller-kva.de")


@pytest.mark.parametrize(
    "value",
    [
        "+49 30 1234567",
        "0049 30/1234567",
        "+49 (0)30 123-4567",
        "030 1234567",
        "tel:+49301234567",
        "（030） １２３４５６７",
    ],
)
def test_one_number(value):
    assert normal_contact(value, calling_code="49") == "+49301234567"


@pytest.mark.parametrize(
    ("value", "code", "normal"),
    [
        ("06 1234 5678", "39", "+390612345678"),
        ("(415) 555-2671", "1", "+14155552671"),
        ("1-415-555-2671", "+1", "+14155552671"),
        ("030 1234567", "", "0301234567"),
    ],
)
def test_national_numbers(value, code, normal):
    assert normal_contact(value, calling_code=code) == normal


@pytest.mark.parametrize("value", ["", "Anna", "a@b", "@x.de", "98765", "4711-x"])
def test_what_is_neither_is_refused_without_being_repeated(value):
    with pytest.raises(BadValueError, match=r"expected one like a@b\.com") as told:
        keyed_hash(value, "k")
    assert not value or value not in str(told.value).replace("a@b.com", "")


def test_an_empty_key_is_refused():
    with pytest.raises(BadValueError, match="the key of the hash is empty"):
        keyed_hash("anna@firma.de", "")
