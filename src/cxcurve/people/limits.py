"""How often: wrong passwords make the next try wait, and nobody asks more than a server can bear.

Kept in memory and bounded. A wait is of an address and a user together, so that nobody locks somebody else out.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

MOST_KEYS = 20_000


@dataclass(slots=True)
class _Count:
    n: float
    at_s: float


class _Counts:
    """By key a number that is forgotten when too many others came since."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._counts: OrderedDict[Hashable, _Count] = OrderedDict()

    def of(self, key: Hashable, n: float, now_s: float) -> _Count:
        found = self._counts.setdefault(key, _Count(n, now_s))
        self._counts.move_to_end(key)
        while len(self._counts) > MOST_KEYS:
            self._counts.popitem(last=False)
        return found

    def forget(self, key: Hashable) -> None:
        self._counts.pop(key, None)


class Delays:
    """After `free` failures each further one doubles the wait, from a second to a quarter of an hour."""

    def __init__(self, free: int = 5, longest_s: float = 900.0) -> None:
        self._free, self._longest_s, self._counts = free, longest_s, _Counts()

    def wait_s(self, key: Hashable, now_s: float) -> float:
        """How long until the next try; 0 now."""
        with self._counts.lock:
            one = self._counts.of(key, 0, now_s)
            return max(0.0, one.at_s + self._delay_s(one.n) - now_s)

    def failed(self, key: Hashable, now_s: float) -> None:
        """One more."""
        with self._counts.lock:
            one = self._counts.of(key, 0, now_s)
            if now_s - one.at_s > 2 * self._longest_s:
                one.n = 0
            one.n, one.at_s = one.n + 1, now_s

    def passed(self, key: Hashable) -> None:
        """It went well."""
        with self._counts.lock:
            self._counts.forget(key)

    def _delay_s(self, n: float) -> float:
        return 0.0 if n < self._free else min(2.0 ** min(n - self._free, 20), self._longest_s)


class Buckets:
    """So many at once, and so many a second."""

    def __init__(self, at_once: float, per_s: float) -> None:
        self._at_once, self._per_s, self._counts = at_once, per_s, _Counts()

    def wait_s(self, key: Hashable, now_s: float) -> float:
        """Take one: 0, or how long until there is one."""
        with self._counts.lock:
            one = self._counts.of(key, self._at_once, now_s)
            one.n = min(self._at_once, one.n + (now_s - one.at_s) * self._per_s)
            one.at_s = now_s
            if one.n < 1:
                return (1 - one.n) / self._per_s
            one.n -= 1
            return 0.0


def origin(address: str) -> str:
    """Whose an address is: of IPv6 the network of a household, which has more addresses than can be counted."""
    try:
        read = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(read, ipaddress.IPv4Address):
        return str(read)
    return str(read.ipv4_mapped or ipaddress.ip_network((read, 64), strict=False))
