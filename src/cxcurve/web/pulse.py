"""The pulse: what was sent goes into the store and its customers are scored, as long as the pages are served."""

from __future__ import annotations

import logging
import threading
import time

from cxcurve.web.faults import write_down
from cxcurve.web.reader import Reader

BEAT_S, MANY = 0.3, 1_000
"""Rest between two beats, so that pages are read meanwhile; none where more than so many items were moved."""
LONGEST_REST_S = 10.0
"""Between two tries where the store cannot take anything, such as on a full disk."""
log = logging.getLogger("cxcurve.pulse")


class Pulse(threading.Thread):
    """Moves and scores until it is stopped."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(name="pulse", daemon=True)
        self._reader = reader
        self._stopped = threading.Event()

    def run(self) -> None:
        """Beat until stopped; what fails is tried again."""
        rest = BEAT_S
        while not self._stopped.wait(rest):
            try:
                rest = 0.0 if self.beat() > MANY else BEAT_S
            except Exception as error:  # a fault of ours must not end what takes the events in
                rest = min(max(rest, BEAT_S) * 2, LONGEST_REST_S)
                write_down(log, error)
                self._revive()

    def _revive(self) -> None:
        try:
            with self._reader.held() as workspace:
                workspace.revive()
        except Exception as error:
            write_down(log, error)

    def stop(self) -> None:
        """End after the beat that is under way."""
        self._stopped.set()
        if self.is_alive():
            self.join()

    def beat(self) -> int:
        """Move what waits and score the customers it is of; returns how many items were moved."""
        with self._reader.held() as workspace:
            started = time.perf_counter()
            try:
                n = workspace.beat()
            except Exception:
                workspace.move()  # scores may wait; what is sent must not pile up because of them
                raise
            log.debug("%d items moved and scored in %.2f s", n, time.perf_counter() - started)
        return n
