"""Taking turns: of those who wait, whoever came first comes next.

A plain lock goes to whoever asks in the right moment: a thread that takes it again at once keeps all others out.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """Some things, each for one thread at a time; who has one has the same when it asks again."""

    def __init__(self, things: Iterable[T]) -> None:
        self._lock = threading.Lock()
        self._free = list(things)[::-1]
        self._waiting: deque[SimpleQueue[T]] = deque()
        self._had: dict[int, T] = {}

    @property
    def n_waiting(self) -> int:
        """How many threads wait."""
        return len(self._waiting)

    @contextmanager
    def taken(self) -> Iterator[T]:
        """One of them, as soon as it is one's turn; the one used last where several are free."""
        me = threading.get_ident()
        if me in self._had:
            yield self._had[me]
            return
        self._had[me] = self._take()
        try:
            yield self._had[me]
        finally:
            self._give(self._had.pop(me))

    def _take(self) -> T:
        mine: SimpleQueue[T] = SimpleQueue()
        with self._lock:
            if self._free:
                return self._free.pop()
            self._waiting.append(mine)
        return mine.get()

    def _give(self, thing: T) -> None:
        """Hand it to whoever has waited longest; nobody else can take it in between."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().put(thing)
            else:
                self._free.append(thing)
