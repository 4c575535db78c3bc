"""Texts of queries, written once: that costs more than most queries."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock


class Texts:
    """The last texts written, each by its key; threads may share them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, str] = OrderedDict()

    def get(self, key: Hashable, write: Callable[[], str]) -> str:
        """The text of this key, written now where it is not kept."""
        with self._lock:
            text = self._kept.get(key)
        if text is None:
            text = write()
        with self._lock:
            self._kept[key] = text
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return text

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._kept.clear()
