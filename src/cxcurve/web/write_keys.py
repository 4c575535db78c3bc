"""Write keys made and withdrawn from the page on sources; a key is shown in the answer to its form, and never again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cxcurve.errors import BadValueError
from cxcurve.web.flash import say
from cxcurve.workspace import Workspace
from cxcurve.workspace.instants import now_us

SOURCE, WITHDRAW = "source", "withdraw"
LONGEST_NAME = 60
_NAME = re.compile(rf"[\w.-]{{1,{LONGEST_NAME}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was made just now."""

    key: str
    source: str


def make(workspace: Workspace, form: Mapping[str, str]) -> Made:
    """Make the write key that the form asks for.

    Raises:
        BadValueError: the source's name is none, or is that of a source that nothing is sent to.
    """
    source = form[SOURCE].strip()
    if not _NAME.fullmatch(source):
        raise BadValueError(
            f'"{source[:LONGEST_NAME]}" is no name for a source; expected up to {LONGEST_NAME} letters, digits, '
            "dots, - and _, such as web. No key was made"
        )
    known = workspace.sources.get(source)
    if known is not None and not known.live:
        raise BadValueError(
            f'"{source}" is loaded, by sources.yaml; nothing is sent to it. Give another name, or write `live: true` '
            "there. No key was made"
        )
    return Made(workspace.live.keys.create("write", source, now_us()), source)


def withdraw(workspace: Workspace, form: Mapping[str, str]) -> str:
    """Withdraw the key that the form names; says where to go then.

    Raises:
        BadValueError: it names none.
        UnknownNameError: there is no such key.
    """
    number = form[WITHDRAW]
    if not number.isdecimal() or len(number) > 9:
        raise BadValueError("The form names no key; nothing was changed")
    workspace.live.keys.withdraw(int(number), now_us())
    say(f"Key {number} is withdrawn: what is sent with it is refused from now on.")
    return "/sources#write-keys"
