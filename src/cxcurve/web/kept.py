"""What was worked out from a workspace, kept until the data or the scores change."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from cxcurve.people.scope import Scope
from cxcurve.pipeline.earlier import changed_between
from cxcurve.web.asked import Whom
from cxcurve.workspace import Workspace
from cxcurve.workspace.populations import keys_within
from cxcurve.workspace.scored import WORDS_MARK

T = TypeVar("T")
OF_ALL_S, OF_ALL_TIMES = 30.0, 60.0
"""What is said of all customers together changes little from beat to beat: it may be so old, and what takes long so
many times as old as it took. One's own never is."""
REFRESHED_S = 600.0
"""How old it may be where somebody makes it anew beside those who read: they need not wait for it then."""
KEPT = 192
"""Results kept; the least recently used goes first."""


class Kept(OrderedDict[Hashable, "Made"]):
    """Results by key. What one thread makes just now is made once: who wants the same meanwhile waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._makers: dict[Hashable, tuple[threading.RLock, int]] = {}

    def wanted(self, key: Hashable) -> int:
        """How many threads make it, or wait for it."""
        return self._makers.get(key, (None, 0))[1]

    @contextmanager
    def made_once(self, key: Hashable) -> Iterator[None]:
        """Alone with a key. Results need others, and none of these needs it: so nobody waits for ever."""
        with self._lock:
            turn, n = self._makers.get(key) or (threading.RLock(), 0)
            self._makers[key] = turn, n + 1
        try:
            with turn:
                yield
        finally:
            with self._lock:
                n = self._makers[key][1] - 1
                self._makers[key] = turn, n
                if not n:
                    del self._makers[key]


class Side:
    """A workspace whose one connection serves one at a time, and what was worked out from it.

    Sides that read the same may share what they keep: each result knows from which data it was made.
    """

    def __init__(self, opened: Callable[[], Workspace], kept: Kept | None = None) -> None:
        self._open = opened
        self._kept = Kept() if kept is None else kept
        self._mark: object = None
        self._beat = Beat()
        self.is_refreshed = False

    @cached_property
    def workspace(self) -> Workspace:
        """Opened when first needed."""
        return self._open()

    def kept(self, key: Hashable, make: Callable[[], T], *, is_of_all: bool = False) -> T:
        """What was made for `key` since the last load or score, made now where nothing was.

        What the pulse did since outdates it, too; what is said of all together only after a while.
        """
        made = self._current(key, is_of_all)
        if made is None:
            with self._kept.made_once(key):
                made = self._current(key, is_of_all) or self._made(make, is_of_all)
                self._kept[key] = made
        with suppress(KeyError):  # another side may take it out meanwhile
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made.value  # type: ignore[no-any-return]

    def _made(self, make: Callable[[], T], is_of_all: bool) -> Made:
        since_s = time.monotonic()
        value = make()
        return Made(value, self._mark, self._beat, since_s, time.monotonic() - since_s, is_of_all)

    def _current(self, key: Hashable, is_of_all: bool) -> Made | None:
        """What was made for a key, where it is not too old."""
        made = self._found(key)
        if made is None or made.beat == self._beat:
            return made
        return made if is_of_all and time.monotonic() - made.at_s < self._may_age_s(made) else None

    def _found(self, key: Hashable) -> Made | None:
        """What was made for a key from the data there are."""
        made = self._kept.get(key)
        return None if made is None or made.mark != self._mark else made

    def kept_of_one(self, key: Hashable, customer_id: str, make: Callable[[], T]) -> T:
        """The same of one customer, while nothing happens to him; what all of them make of him may be a little old."""
        made, store = self._found(key), self.workspace.store
        if made is not None and made.beat != self._beat and time.monotonic() - made.at_s < made.may_age_s:
            changed = changed_between(store, made.beat.score_id, self._beat.score_id)
            if changed is not None and not self._beat.is_behind and store.customer_key(customer_id) not in changed:
                made = self._kept[key] = replace(made, beat=self._beat)
        return self.kept(key, make)

    def _may_age_s(self, made: Made) -> float:
        return max(REFRESHED_S, made.may_age_s) if self.is_refreshed else made.may_age_s

    def hand_over(self, kept: Kept) -> None:
        """Give away what was worked out of all, and keep nothing."""
        kept.update({key: made for key, made in self._kept.items() if made.is_of_all})
        self._kept.clear()

    def held_to_scope(self, whom: Whom) -> Whom:
        """With the customers of its scope as known now, whatever moment is asked for. What is kept is kept by them."""
        scope = whom.scope
        if scope is None:
            return whom
        return replace(whom, within=self.kept((scope, "within"), lambda: self._keys_within(scope)))

    def _keys_within(self, scope: Scope) -> frozenset[int]:
        with self.workspace.snapshot() as now:
            return keys_within(now, self.workspace.store, scope)

    def forget_when_changed(self) -> bool:
        """What was worked out from other data or scores than there are now goes; returns whether anything is new."""
        store = self.workspace.store
        known = store.metas()
        mark = tuple(map(known.get, ("scored_us", "loaded_us", "model", WORDS_MARK)))
        beat = Beat(known.get("beat_us"), known.get("score_id", ""), store.has_touched)
        is_new = (mark, beat) != (self._mark, self._beat)
        if is_new:
            self.workspace.forget()
        if mark != self._mark:
            self._kept.clear()
            words = known.get(WORDS_MARK)
            if words and words != self.workspace.words_mark:  # somebody may have changed it on its page
                self.workspace.reread()
        self._mark, self._beat = mark, beat
        return is_new


@dataclass(frozen=True)
class Beat:
    """What the pulse has done: when, to which score, and whether that knows all there is."""

    us: str | None = None
    score_id: str = ""
    is_behind: bool = False


@dataclass(frozen=True)
class Made:
    """A result, the data and the beat of the pulse it was made from, when by a clock that nobody sets, in how long."""

    value: Any
    mark: object
    beat: Beat
    at_s: float
    took_s: float
    is_of_all: bool = False

    @property
    def may_age_s(self) -> float:
        """How old it may be where it is of all customers."""
        return max(OF_ALL_S, OF_ALL_TIMES * self.took_s)
