"""Passwords: argon2id, as RFC 9106 tells for little memory. A few at a time: each takes 64 MiB and a processor."""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cxcurve.errors import BadValueError

SHORTEST, LONGEST = 10, 256
AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Hashing:
    """What a hash costs: rounds, KiB of memory, threads."""

    rounds: int = 3
    memory_kib: int = 65_536
    threads: int = 4


CHEAP = Hashing(1, 8, 1)
"""For tests."""


class Passwords:
    """Makes and checks hashes."""

    def __init__(self, hashing: Hashing) -> None:
        self._hasher = PasswordHasher(hashing.rounds, hashing.memory_kib, hashing.threads)
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with self._turns:
            return self._hasher.hash(_written(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the one; takes as long where none is kept, so that time tells nothing."""
        with self._turns:
            nobodys = self._nobodys
            try:
                is_right = self._hasher.verify(kept or nobodys, _written(password[:LONGEST]))
            except (VerificationError, InvalidHashError):
                return False
        return is_right and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether it was made when hashes cost less."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody has this password")


def check_new(password: str, *taken: str) -> None:
    """Refuse a password that is guessed at once.

    Raises:
        BadValueError: it is too short, too long, or says who it is of.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadValueError(
            f"The password has {len(password)} characters; expected {SHORTEST} to {LONGEST}. "
            "A few words together do well."
        )
    told = password.casefold()
    if len(set(told)) < 5 or any(word and word.casefold() in told and len(told) < len(word) + 6 for word in taken):
        raise BadValueError(
            "The password is easily guessed: it says who you are, or repeats itself. Choose another one."
        )


def _written(password: str) -> str:
    """The same password however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password)
