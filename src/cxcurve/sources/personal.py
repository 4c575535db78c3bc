"""Personal fields: what is kept of them, as declared in sources.yaml (`personal:`), before anything is stored.

`hash` keeps a keyed hash, by which somebody is known again and nobody is found; `mask` keeps that there was something;
`keep` keeps the value as sent. Of what is not declared, contacts are hashed, names of people masked, and personal data
in texts replaced by marks.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Literal, TypeAlias

import pyarrow as pa

from cxcurve.errors import BadValueError
from cxcurve.model.sources import Source, Way
from cxcurve.sources.columns import id_columns
from cxcurve.sources.masking import keyed_hash, mask_value, normal_contact
from cxcurve.sources.rows import Rows, arrow_schema
from cxcurve.tables import LINKS, ONCE

Whose: TypeAlias = Literal["event", "person", "account"]
"""What a field tells something of."""
Contact: TypeAlias = tuple[str, str]
"""Kind (email or phone) and hash."""
MASKED = "[masked]"
_EMAILS = ("email", "emailaddress", "mail", "workemail")
_PHONES = ("phone", "phonenumber", "mobile", "mobilephone", "telephone", "workphone", "homephone", "fax")
_NAMES = ("name", "firstname", "lastname", "fullname", "givenname", "familyname", "middlename", "surname", "nickname",
          "username", "displayname")  # fmt: skip
_MARKS = {**dict.fromkeys(_EMAILS, "[email]"), **dict.fromkeys(_PHONES, "[phone]"), **dict.fromkeys(_NAMES, "[name]")}
_CONTACT_WAYS: Mapping[str, Way] = dict.fromkeys((*_EMAILS, *_PHONES), "hash")
_PRIVATE = (*_NAMES, "birthday", "birthdate", "dateofbirth", "street", "avatar")
_PERSON_WAYS: Mapping[str, Way] = dict.fromkeys(_PRIVATE, "mask")
DEFAULTS: Mapping[Whose, Mapping[str, Way]] = {
    "event": {},
    "person": {**_CONTACT_WAYS, **_PERSON_WAYS, "company": "keep"},
    "account": {**_CONTACT_WAYS, "name": "keep", "company": "keep", "owner": "keep"},
}
"""What becomes of fields that nobody declared, by their names in small letters."""
_SHARED = frozenset({
    "abuse", "accounting", "accounts", "admin", "billing", "contact", "customerservice", "enquiries", "finance",
    "hello", "help", "helpdesk", "hr", "info", "invoice", "invoices", "it", "jobs", "kontakt", "mail", "marketing",
    "noreply", "office", "orders", "postmaster", "press", "privacy", "purchasing", "reception", "root", "sales",
    "security", "service", "shop", "support", "team", "webmaster", "welcome",
})  # fmt: skip
"""What stands before the @ of addresses that are a department's, not a person's."""
_NOBODYS = frozenset({"yes", "no", "true", "false", "0", "1", "none", "n/a", "-"})
"""What stands in a field for contacts and says nothing of anybody, such as whether there is one."""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Personal:
    """What becomes of personal fields. Without a `secret` nothing can be hashed: it is masked."""

    ways: Mapping[str, Way]
    secret: bytes = b""
    calling_code: str = ""

    def protected(self, value: Any) -> Any:
        """A value, fields at any depth, as it may be stored; done twice it is the same."""
        if not self.ways:
            return mask_value(value)
        if isinstance(value, dict):
            return {key: self.field(key, inner) for key, inner in value.items()}
        return [self.protected(inner) for inner in value] if isinstance(value, list) else mask_value(value)

    def field(self, name: str, value: Any) -> Any:
        """The value of a field of this name."""
        way = self.ways.get(plain(name))
        if way is None or value is None or value == "":
            return self.protected(value)
        if way == "keep":
            return value
        if way == "mask":
            return _MARKS.get(plain(name), MASKED)
        return [self._hashed(name, one) for one in value] if isinstance(value, list) else self._hashed(name, value)

    def of_person(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """What is told of a person, his contacts as `email_hash` and `phone_hash`; beside them only where kept."""
        found: dict[str, Any] = self.protected(dict(told))
        for kind, names in (("email", _EMAILS), ("phone", _PHONES)):
            name, hashed = next(self._contacts(told, names), ("", ""))
            if name:
                found |= {f"{kind}_hash": hashed}
                if self.ways.get(plain(name)) == "hash":
                    del found[name]
        if isinstance(once := told.get(ONCE), dict):
            found[ONCE] = self.of_person(once)
        return found

    def verified(self, told: Mapping[str, Any], kinds: tuple[str, ...]) -> list[Contact]:
        """The contacts by which a person is known again; none that is a department's, or is said to be unverified."""
        names = {"email": _EMAILS, "phone": _PHONES}
        said = {plain(name): value for name, value in told.items()}
        return [
            (kind, hashed)
            for kind in kinds
            if said.get(f"{kind}verified") not in (False, "false", 0)
            for name, hashed in list(self._contacts(told, names[kind]))[:1]
            # Who sends a hash has checked nothing, and may have seen another's.
            if told[name] != hashed and not (kind == "email" and is_shared(str(told[name])))
        ]

    def _contacts(self, told: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Contact]:
        """Fields with a contact in order of `names`, each with its hash."""
        known = {plain(name): name for name in sorted(told, reverse=True)}
        for one in names:
            name = known.get(one)
            if name is not None and self.ways.get(one) != "mask" and (hashed := self._contact(told[name])):
                yield name, hashed

    def hashed_contact(self, value: Any) -> Any:
        """An address or number as its hash; what is none may be another's hash and stays."""
        return self._contact(value) or (MASKED if "@" in str(value) else value)

    def _hashed(self, name: str, value: Any) -> Any:
        if str(value).strip().casefold() in _NOBODYS:
            return value
        if hashed := self._contact(value):
            return hashed
        if not self.secret or plain(name) in _CONTACT_WAYS:
            return _MARKS.get(plain(name), MASKED)
        text = value if isinstance(value, str) else repr(value)
        return hmac.new(self.secret, text.strip().casefold().encode(), hashlib.sha256).hexdigest()

    def _contact(self, value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or _HASH.fullmatch(value):
            return value if isinstance(value, str) else None
        try:
            return keyed_hash(value, self.secret, calling_code=self.calling_code)
        except BadValueError:
            return None


def personal_of(source: Source, whose: Whose, secret: bytes) -> Personal:
    """What becomes of the personal fields of a source: what is declared, and for the rest the defaults."""
    declared = {plain(name): way for name, way in source.personal.items()}
    return Personal({**DEFAULTS[whose], **declared}, secret, source.calling_code)


@lru_cache(4096)
def plain(name: str) -> str:
    """A field's name in small letters and digits: `firstName` and `first_name` are one."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def is_shared(address: str) -> bool:
    """Whether an address is a department's by what stands before the @."""
    try:
        local = normal_contact(address).partition("@")[0]
    except BadValueError:
        return False
    return local.partition("+")[0] in _SHARED


def verified_links(source: str, keys: Iterable[tuple[str, str, str, int]], recorded_us: int) -> pa.Table:
    """Statements (`tables.LINKS`) that contacts are persons', from person, kind, hash and time; each once a source."""
    earliest: dict[tuple[str, str, str], int] = {}
    for *key, said_us in keys:
        person, kind, hashed = key
        earliest[person, kind, hashed] = min(said_us, earliest.get((person, kind, hashed), said_us))
    rows = [
        {
            "link_id": f"{source}/{person}/{kind} {hashed}", "how": "verified", "from_kind": "person",
            "from_id": person, "to_kind": kind, "to_id": hashed, "source": source, "said_us": said_us,
            "recorded_us": recorded_us,
        }
        for (person, kind, hashed), said_us in earliest.items()
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=arrow_schema(LINKS))


def with_hashed_ids(source: Source, rows: Rows, secret: bytes) -> Rows:
    """The rows with their ids hashed that are e-mail addresses, where the source says so."""
    if source.ids == "keep":
        return rows
    names = [name for name in id_columns(source) if name in rows.frame]
    return replace(
        rows, frame=rows.frame.assign(**{name: rows.frame[name].map(partial(hashed_id, secret)) for name in names})
    )


def hashed_id(secret: bytes, value: Any) -> Any:
    """An id that is an e-mail address as its keyed hash; any other as it is."""
    if not isinstance(value, str) or "@" not in value or not secret:
        return value
    try:
        return keyed_hash(value, secret)
    except BadValueError:
        return value
