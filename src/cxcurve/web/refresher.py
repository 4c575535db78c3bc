"""The refresher: pages that are read are made anew beside those who read them, so that nobody waits for it.

Of a hundred thousand customers a page takes seconds to work out and milliseconds to show.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cxcurve.errors import CxcurveError
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.faults import write_down
from cxcurve.web.reader import Reader, View
from cxcurve.web.visitor import PROGRAM, Visitor, visiting, visitor

Build = Callable[[View, Asked], Any]
READ_S, MOST = 900.0, 24
"""A page is read for so long after it was last asked for; so many of them at most."""
LEAST_S, TIMES = 30.0, 20.0
"""Between two rounds: so long, and so many times as long as the last one took."""
log = logging.getLogger("cxcurve.refresher")


@dataclass(frozen=True, slots=True)
class Read:
    """A page that somebody reads."""

    build: Build
    asked: Asked
    who: Visitor
    at_s: float


class Refresher(threading.Thread):
    """Works until it is stopped."""

    def __init__(self, reader: Reader, pages: Sequence[Build] = ()) -> None:
        super().__init__(name="refresher", daemon=True)
        self._reader = reader
        self._stopped, self._lock = threading.Event(), threading.Lock()
        self._read: OrderedDict[object, Read] = OrderedDict()
        for build in reversed(pages):  # the first page is made first
            self._note(Read(build, Asked({}, Whom()), PROGRAM, time.monotonic()))

    def note(self, build: Build, asked: Asked) -> None:
        """Somebody read a page. Another moment than now does not change."""
        if asked.whom.as_of is None:
            self._note(Read(build, asked, visitor(), time.monotonic()))

    def _note(self, read: Read) -> None:
        key = read.build, frozenset(read.asked.given.items()), read.who.scope
        with self._lock:
            self._read[key] = read
            self._read.move_to_end(key)
            while len(self._read) > MOST:
                self._read.popitem(last=False)

    def run(self) -> None:
        """The pages once, so that the first who reads them does not wait either; then round by round."""
        self._reader.is_refreshed(value=True)
        self._try(self.warm)
        rest = LEAST_S
        while not self._stopped.wait(rest):
            started = time.monotonic()
            self._try(self.refresh)
            rest = max(LEAST_S, TIMES * (time.monotonic() - started))

    def stop(self) -> None:
        """End after the page that is being made."""
        self._stopped.set()
        if self.is_alive():
            self.join()

    def warm(self) -> None:
        """Make the pages where they are read from: who asks for one meanwhile waits for it, and not for all of them."""
        for read in self._pages():
            with visiting(read.who), self._reader.view(read.asked.whom) as view, suppress(CxcurveError):
                read.build(view, read.asked)

    def refresh(self) -> None:
        """Make the pages anew where something happened, and hand over what they were made of."""
        if not self._reader.has_news():
            return
        with self._reader.refreshing() as views:
            for read in self._pages():
                started = time.monotonic()
                with visiting(read.who), views(read.asked.whom) as view, suppress(CxcurveError):
                    read.build(view, read.asked)
                self._stopped.wait(time.monotonic() - started)  # half of a processor is for those who wait

    def _pages(self) -> Iterator[Read]:
        with self._lock:
            found = list(self._read.values())
        for read in found[::-1]:  # what was read last comes first
            if self._stopped.is_set():
                return
            if time.monotonic() - read.at_s < READ_S:
                yield read

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # a fault of ours must not end it for good
            write_down(log, error)
