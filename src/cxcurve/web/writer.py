"""The writer: destinations and reports with `every` go out when it is time, as long as the pages are served.

A thread of its own: a service may ask to wait for minutes, and neither the pulse nor a page waits with it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from cxcurve.errors import ConnectError, CxcurveError
from cxcurve.sources.masking import mask
from cxcurve.sources.writing import Change, Refusal
from cxcurve.web.faults import write_down
from cxcurve.web.reader import Reader
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.sending import Outbound, is_due_now, noter, send, to_send
from cxcurve.workspace.writing import TRY_AGAIN_US, Outgoing, deliver, is_due, keeper, kept

LOOK_S = 20.0
log = logging.getLogger("cxcurve.writer")


class Writer(threading.Thread):
    """Writes until it is stopped."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(name="writer", daemon=True)
        self._reader = reader
        self._stopped = threading.Event()
        self._not_before: dict[str, int] = {}

    def run(self) -> None:
        """Look until stopped; what fails is tried again later and never ends the looking."""
        while not self._stopped.wait(LOOK_S):
            try:
                self.look()
            except Exception as error:  # a fault of ours must not end it for good
                write_down(log, error)

    def stop(self) -> None:
        """End it, without waiting for a service: what is not remembered is sent again, without harm."""
        self._stopped.set()
        with self._reader.held():  # nothing of the store is in use any more, nor will be
            pass

    def look(self) -> int:
        """Write to those destinations, and send those reports, whose time it is; returns how many that were."""
        due = self._due()
        for out in due:
            if not self._stopped.is_set():
                self._write(out)
        reports = self._due_reports()
        for name in reports:
            if not self._stopped.is_set():
                self._send(name)
        return len(due) + len(reports)

    def _due_reports(self) -> Sequence[str]:
        with self._reader.held() as workspace:
            if self._is_over() or not workspace.subscriptions or not workspace.is_scored:
                return ()
            now, every = now_us(), workspace.subscriptions.values()
            return [
                one.key for one in every if now >= self._not_before.get(one.key, 0) and is_due_now(workspace, one, now)
            ]

    def _send(self, name: str) -> None:
        """Make the report and send it; what cannot be made is tried again later, for it takes seconds."""
        self._not_before[name] = now_us() + TRY_AGAIN_US
        try:
            with self._reader.held() as workspace:
                if self._is_over():
                    return
                out = to_send(workspace, name)
            result = send(out, lambda *said: self._note(out, *said), self._is_over)
        except CxcurveError as error:
            log.warning("report %s: %s", name, mask(str(error)))
            return
        if result.error:
            log.warning("report %s: %s", name, mask(result.error))

    def _note(self, out: Outbound, mark: str, state: str, what: str | None) -> None:
        with self._reader.held() as workspace:
            if self._is_over():  # not handed over: it was to be noted before
                raise ConnectError("stopped; the report is sent the next time")
            noter(workspace.store, out)(mark, state, what)

    def _due(self) -> Sequence[Outgoing]:
        with self._reader.held() as workspace:
            if self._is_over():
                return ()
            scheduled = [one for one in workspace.destinations.values() if one.every is not None]
            if not scheduled or not workspace.is_scored:
                return ()
            store, zone, now = workspace.store, workspace.settings.zone, now_us()
            names = [one.key for one in scheduled if is_due(store, one, now, zone)]
            return workspace.to_write(*names, is_retry=False) if names else ()

    def _write(self, out: Outgoing) -> None:
        """Send without holding the workspace; hold it only for as long as it takes to remember."""
        result = deliver(out, self._reader.workspace.folder, lambda *answers: self._keep(out, *answers), self._is_over)
        with self._reader.held() as workspace:
            if self._is_over():  # the store is closed then, and must not be opened again
                return
            kept(workspace.store, out, result)
        if result.error:
            log.warning("%s: %s", result.destination, mask(result.error))

    def _keep(self, out: Outgoing, batch: Sequence[Change], refused: Mapping[str, Refusal]) -> None:
        with self._reader.held() as workspace:
            if not self._is_over():
                keeper(workspace.store, out)(batch, refused)

    def _is_over(self) -> bool:
        return self._stopped.is_set()
