"""Waiting for a service: its limits are kept, and what fails is tried again, not too soon and not for ever."""

from __future__ import annotations

import email.utils
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import sleep, time
from typing import Any

from cxcurve.errors import ConnectError
from cxcurve.model.journey import Frozen

ATTEMPTS = 8
LONGEST_SECONDS = 60.0
"""The longest pause between two tries."""
LONGEST_ASKED_SECONDS = 900.0
"""The longest pause a service may ask for; where it asks for more, the load ends and says when to come back."""
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


class Limits(Frozen):
    """How a service tells its limits: headers with the requests left and with when there are more.

    `reset` is the seconds until then, or the moment as epoch seconds; `interval` is for milliseconds of a window.
    """

    remaining: str | None = None
    reset: str | None = None
    interval: str | None = None
    per_minute: float | None = None


def pause(seconds: float) -> None:
    """Wait."""
    sleep(seconds)


@dataclass
class Patience:
    """Sends requests of one service, one after the other."""

    label: str
    limits: Limits
    now: Callable[[], float] = time
    dice: Callable[[], float] = random.random
    _free_at: float = field(default=0.0, init=False)

    def wrap(self, send: Callable[..., Any], passing: tuple[type[Exception], ...]) -> Callable[..., Any]:
        """`send` that waits and tries again.

        Args:
            send: sends a prepared request and gives the response.
            passing: errors of the network that may pass.
        """

        def patient(request: Any, **kwargs: Any) -> Any:
            for attempt in range(1, ATTEMPTS + 1):
                self._pause(self._free_at - self.now())
                try:
                    response = send(request, **kwargs)
                except passing as error:
                    if attempt == ATTEMPTS:
                        raise ConnectError(f"{self.label}: cannot be reached ({type(error).__name__})") from None
                    self._pause(self._backoff(attempt))
                    continue
                self._free_at = max(self._next_free(), self.now() + self._until_more(response.headers))
                if response.status_code not in _PASSING or attempt == ATTEMPTS:
                    return response
                self._pause(self._asked(response.headers) or self._backoff(attempt))
            raise AssertionError

        return patient

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            pause(seconds)

    def _backoff(self, attempt: int) -> float:
        """1, 2, 4 ... seconds, up to a minute; half of it by chance, so that many clients do not come back at once."""
        whole: float = min(LONGEST_SECONDS, 2.0 ** (attempt - 1))
        return whole * (0.5 + self.dice() / 2)

    def _asked(self, headers: Mapping[str, str]) -> float:
        """Seconds the service asks to wait, 0 where it does not say."""
        text = headers.get("Retry-After", "")
        date = email.utils.parsedate_tz(text)
        seconds = email.utils.mktime_tz(date) - self.now() if date else _number(text)
        if seconds > LONGEST_ASKED_SECONDS:
            minutes = round(seconds / 60)
            raise ConnectError(f"{self.label}: its limit is used up; it asks to come back in {minutes} minutes")
        return max(0.0, seconds)

    def _until_more(self, headers: Mapping[str, str]) -> float:
        """Seconds until more requests are allowed, 0 where some are left."""
        limits = self.limits
        if not limits.remaining or headers.get(limits.remaining) is None or _number(headers[limits.remaining]) >= 1:
            return 0.0
        if limits.interval:
            return min(LONGEST_SECONDS, _number(headers.get(limits.interval, "")) / 1000)
        reset = _number(headers.get(limits.reset or "", ""))
        return min(LONGEST_ASKED_SECONDS, max(0.0, reset - self.now() if reset > 1e9 else reset))

    def _next_free(self) -> float:
        return self.now() + 60 / self.limits.per_minute if self.limits.per_minute else 0.0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
