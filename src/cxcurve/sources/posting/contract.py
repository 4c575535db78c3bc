"""What is posted, and what posts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cxcurve.errors import ConnectError


class UnsureError(ConnectError):
    """It was handed over, and nobody said whether it was taken."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes along: its name, its kind such as "application/pdf", and what is in it."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said: a subject, lines of text for a mail, the same for a chat, and files.

    Attributes:
        mark: tells it from every other; the same whenever it is sent again.
    """

    subject: str
    text: str
    chat: str
    mark: str
    files: tuple[File, ...] = ()


class Post(Protocol):
    """Hands letters over."""

    def send(self, recipient: str, letter: Letter, handing: Callable[[], None]) -> None:
        """Send to one recipient; `handing` is called in the moment before it can have been taken.

        Raises:
            UnsureError: nobody said whether it was taken.
            ConnectError: it was not, for certain.
        """
