"""One change of a journey, as a form says it: what it does to the text of its files, and how an address carries it."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any, Literal

from cxcurve.errors import BadValueError, Problem, ProblemsError, UnknownNameError
from cxcurve.model.documents import Document, Loc
from cxcurve.model.editing import changed, said_in
from cxcurve.model.entries import Reference, added_signal, added_stage, made_by, moved, references, removed, renamed
from cxcurve.model.starters import JOURNEY_FILE, SOURCES_FILE
from cxcurve.workspace.journey_settings import Kind, Setting

Do = Literal["set", "add", "remove", "rename", "move"]
DOES: tuple[Do, ...] = ("set", "add", "remove", "rename", "move")
KINDS: tuple[Kind, ...] = ("signal", "stage", "part")
LONGEST_VALUE, LONGEST_NAME, MOST_CHANGES = 2_000, 100, 60
LONGEST_DRAFT = 6_000
"""Characters of an address that a draft may take: servers in between read some eight thousand."""
_MOST_BYTES = 200_000
_PLACE, _HALF = re.compile("[0-9]{1,4}"), re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Change:
    """One change: of a setting, or of a whole signal or stage.

    Attributes:
        do: what is done.
        kind, name: to what; of a part the name is "".
        key, value: of `set` the setting and what it is then (a list by lines, "" takes it out); of `rename` the value
            is the new name; of `move` the position, from 0 on.
    """

    do: Do
    kind: Kind
    name: str
    key: str = ""
    value: str = ""

    @property
    def said(self) -> str:
        """In words."""
        what = f"{self.kind} {self.name}" if self.name else self.key.replace(".", ", ").replace("_", " ")
        match self.do:
            case "add" | "remove":
                return f"{what} {self.do}{'d' if self.do == 'remove' else 'ed'}"
            case "rename":
                return f"{what} is called {self.value}"
            case "move":
                return f"{what} comes as number {int(self.value) + 1}"
        shown = ", ".join(self.value.splitlines()) if self.value else "nothing"
        return f"{what}: {self.key.replace('.', ', ').replace('_', ' ')} {shown}" if self.name else f"{what}: {shown}"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of journey.yaml and sources.yaml."""

    journey: str
    sources: str = ""


def applied(texts: Texts, change: Change, shapes: Mapping[str, Setting]) -> Texts:
    """The texts with a change.

    Raises:
        UnknownNameError: there is no such signal or stage.
        BadValueError: it cannot be done.
        ProblemsError: other places name what is to be removed; all of them.
    """
    match change.do:
        case "set":
            return replace(texts, journey=_set(texts.journey, change, shapes))
        case "add":
            _check_new(texts.journey, change, change.name)
            add = added_signal if change.kind == "signal" else added_stage
            return replace(texts, journey=add(texts.journey, change.name))
        case "remove":
            place = place_of(texts.journey, change.kind, change.name)
            _check_unnamed(texts, change)
            return replace(texts, journey=removed(texts.journey, place))
        case "rename":
            return _renamed(texts, change)
        case "move":
            place = place_of(texts.journey, change.kind, change.name)
            n = len(_said(texts.journey).value["stages"])
            if not _PLACE.fullmatch(change.value) or not 0 <= int(change.value) < n:
                raise BadValueError(f"there are {n} stages; a stage cannot come as number {change.value!r:.10}")
            return replace(texts, journey=moved(texts.journey, place, int(change.value)))


def place_of(text: str, kind: Kind, name: str) -> Loc:
    """Where a signal or stage stands in the file; the top, of a part.

    Raises:
        UnknownNameError: there is no such signal or stage.
    """
    if kind == "part":
        return ()
    names = names_of(text, kind)
    if name not in names:
        raise UnknownNameError(kind, name, names)
    return ("signals", name) if kind == "signal" else ("stages", names.index(name))


def names_of(text: str, kind: Kind) -> list[str]:
    """The signals or stages of a file, in order."""
    found = _said(text).value.get(f"{kind}s")
    if kind == "signal":
        return list(found) if isinstance(found, dict) else []
    return [one.get("name", "") if isinstance(one, dict) else str(one) for one in found or ()]


def named_in(texts: Texts, kind: Kind, name: str) -> list[tuple[str, int, Reference]]:
    """The places that name a signal or stage but for its own: file, line and place."""
    if kind == "part":
        return []
    journey = _said(texts.journey)
    found = [(JOURNEY_FILE, journey.line(one.loc), one) for one in references(journey.value, kind, name)]
    if kind == "signal" and texts.sources:
        sources = said_in(texts.sources)
        found += [(SOURCES_FILE, sources.line(one.loc), one) for one in made_by(sources.value, name)]
    return found


def _set(text: str, change: Change, shapes: Mapping[str, Setting]) -> str:
    setting = shapes.get(change.key)
    if setting is None:
        raise BadValueError(f"no form changes {change.key[:60]!r}; change it in the file itself")
    if len(change.value) > LONGEST_VALUE:
        raise BadValueError(f"{setting.label} has {len(change.value):,} characters; at most {LONGEST_VALUE:,} are kept")
    loc = (*place_of(text, change.kind, change.name), *setting.loc)
    value: str | Sequence[str] = change.value.splitlines() if setting.shape == "list" else change.value
    text = changed(text, loc, value or None, is_text=setting.shape == "text")
    above = loc[:-1]
    is_within = len(setting.loc) > 1
    if not value and is_within and _at(_said(text).value, above) == {}:  # nothing is left of it
        text = changed(text, above, None)
    return text


def _renamed(texts: Texts, change: Change) -> Texts:
    """A signal or stage, and all that names it."""
    place, new = place_of(texts.journey, change.kind, change.name), change.value
    _check_new(texts.journey, change, new)
    journey, sources = texts.journey, texts.sources
    for file, _, one in named_in(texts, change.kind, change.name):
        if file == SOURCES_FILE:
            sources = renamed(sources, one.loc, new, is_key=one.is_key)
        else:
            journey = renamed(journey, one.loc, new, is_key=one.is_key)
    if change.kind == "signal":
        return Texts(renamed(journey, place, new, is_key=True), sources)
    is_alone = isinstance(_at(_said(journey).value, place), str)
    return Texts(renamed(journey, place if is_alone else (*place, "name"), new), sources)


def _check_new(text: str, change: Change, name: str) -> None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise BadValueError(f"a {change.kind} needs a name of 1 to {LONGEST_NAME} characters in one line")
    if name in names_of(text, change.kind):
        raise BadValueError(f'there is a {change.kind} called "{name}" already; choose another name')


def _check_unnamed(texts: Texts, change: Change) -> None:
    found = named_in(texts, change.kind, change.name)
    if found:
        what = f'names {change.kind} "{change.name}", which is to be removed; take it out there first'
        raise ProblemsError([Problem(file, line, f"{one}: {what}") for file, line, one in found])


def _said(text: str) -> Document:
    document = said_in(text)
    if not isinstance(document.value, dict):
        raise BadValueError(f"{JOURNEY_FILE} cannot be read; mend it first")
    return document


def _at(value: Any, loc: Loc) -> Any:
    for step in loc:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


# --- in an address


def written(changes: Sequence[Change]) -> str:
    """The changes as a part of an address.

    Raises:
        BadValueError: they are too many for one.
    """
    if not changes:
        return ""
    packed = zlib.compress(json.dumps([astuple(one) for one in changes], ensure_ascii=False).encode(), 9)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    if len(text) > LONGEST_DRAFT or len(changes) > MOST_CHANGES:
        raise BadValueError("these are more changes than one draft holds; save those there are first")
    return text


def read(text: str) -> tuple[Change, ...]:
    """The changes of an address.

    Raises:
        BadValueError: it holds none.
    """
    if not text:
        return ()
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        said = unpacking.decompress(packed, _MOST_BYTES)
        rows = json.loads(said) if unpacking.eof else None
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or len(rows) > MOST_CHANGES or not all(map(_is_change, rows)):
        raise BadValueError("The address holds no draft that can be read; it may have been cut off where it was copied")
    return tuple(Change(*row) for row in rows)


def _is_change(row: Any) -> bool:
    is_row = isinstance(row, list) and len(row) == 5 and all(map(_is_text, row))
    is_known = is_row and row[0] in DOES and row[1] in KINDS and (row[0] == "set" or row[1] != "part")
    return bool(is_known and (row[0] != "move" or (row[1] == "stage" and _PLACE.fullmatch(row[4]))))


def _is_text(value: object) -> bool:
    """Whether it can be written anywhere: half a sign cannot."""
    return isinstance(value, str) and not _HALF.search(value)
