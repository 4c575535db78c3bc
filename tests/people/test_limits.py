"""Waiting: what failures cost, and whom."""

from __future__ import annotations

import pytest

from cxcurve.people import limits
from cxcurve.people.limits import Buckets, Delays, origin


def test_waits_double_from_a_second_to_a_quarter_of_an_hour() -> None:
    delays, waits = Delays(), []
    for n in range(18):
        delays.failed("k", 1_000.0 * n)
        waits.append(delays.wait_s("k", 1_000.0 * n))
    assert waits[:4] == [0.0] * 4
    assert waits[4:8] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == 900.0


def test_a_wait_is_over_when_it_is_and_a_day_forgives() -> None:
    delays = Delays()
    for _ in range(6):
        delays.failed("k", 0.0)
    assert delays.wait_s("k", 1.5) == 0.5
    assert delays.wait_s("k", 2.0) == 0.0
    delays.failed("k", 5_000.0)
    assert delays.wait_s("k", 5_000.0) == 0.0
    assert delays.wait_s("other", 0.0) == 0.0


def test_success_forgives_at_once() -> None:
    delays = Delays(free=1)
    delays.failed("k", 0.0)
    assert delays.wait_s("k", 0.0) == 1.0
    delays.passed("k")
    assert delays.wait_s("k", 0.0) == 0.0


def test_a_bucket_gives_so_many_at_once_and_so_many_a_second() -> None:
    bucket = Buckets(3, 0.5)
    assert [bucket.wait_s("k", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]
    assert bucket.wait_s("k", 2.0) == 0.0
    assert bucket.wait_s("other", 2.0) == 0.0


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 10)
    bucket = Buckets(1, 1.0)
    for n in range(100):
        bucket.wait_s(n, 0.0)
    assert len(bucket._counts._counts) == 10


@pytest.mark.parametrize(
    ("address", "of"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9%eth0", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
    ],
)
def test_an_origin_is_an_address_or_a_household(address: str, of: str) -> None:
    assert origin(address) == of
