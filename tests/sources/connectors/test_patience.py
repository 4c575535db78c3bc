"""Waiting: as long as the service asks, else longer and longer, and not for ever."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cxcurve.errors import ConnectError
from cxcurve.sources.connectors.patience import ATTEMPTS, Limits, Patience

NOW = 1_790_000_000.0


class Busy(Exception):
    """The network failed."""


def sent(*answers, limits=None, now=lambda: NOW):
    """Send one request that is answered so; how often it was sent, and the answer."""
    given = list(answers)
    n_sent = []

    def send(request):
        n_sent.append(request)
        found = given.pop(0)
        if isinstance(found, Exception):
            raise found
        status, headers = found
        return SimpleNamespace(status_code=status, headers=headers)

    patience = Patience("Zendesk", limits or Limits(), now=now, dice=lambda: 1.0)
    patient = patience.wrap(send, (Busy,))
    answer = patient("a request")
    return len(n_sent), answer.status_code, patient


@pytest.mark.parametrize(
    ("header", "expected"),
    [("17", 17.0), ("0.5", 0.5), ("Mon, 21 Sep 2026 14:14:00 GMT", 40.0)],
)
def test_the_service_says_how_long(pauses, header, expected):
    assert sent((429, {"Retry-After": header}), (200, {}))[:2] == (2, 200)
    assert pauses == [expected]


@pytest.mark.parametrize("header", ["soon", "", "-3", "Mon, 21 Sep 2020 14:14:00 GMT"])
def test_where_it_says_nothing_of_use_the_pauses_double(pauses, header):
    assert sent((503, {"Retry-After": header}), (500, {}), (502, {}), (200, {}))[:2] == (4, 200)
    assert pauses == [1.0, 2.0, 4.0]


def test_the_pauses_have_a_ceiling_and_an_end(pauses):
    assert sent(*[(500, {})] * ATTEMPTS)[:2] == (ATTEMPTS, 500)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]


def test_what_is_no_passing_fault_is_not_tried_again(pauses):
    assert sent((404, {}))[:2] == (1, 404)
    assert pauses == []


def test_the_network_may_fail_for_a_while_but_not_for_ever(pauses):
    assert sent(Busy(), Busy(), (200, {}))[:2] == (3, 200)
    with pytest.raises(ConnectError, match=r"Zendesk: cannot be reached \(Busy\)"):
        sent(*[Busy()] * ATTEMPTS)


def test_a_limit_used_up_for_hours_ends_the_load():
    with pytest.raises(ConnectError, match="Zendesk: its limit is used up; it asks to come back in 120 minutes"):
        sent((429, {"Retry-After": "7200"}))


@pytest.mark.parametrize(
    ("limits", "headers", "expected"),
    [
        ({"remaining": "left", "reset": "again"}, {"left": "0", "again": "33"}, 33.0),
        ({"remaining": "left", "reset": "again"}, {"left": "0", "again": str(int(NOW) + 12)}, 12.0),
        ({"remaining": "left", "interval": "window"}, {"left": "0", "window": "10000"}, 10.0),
        ({"per_minute": 10}, {}, 6.0),
    ],
)
def test_the_next_request_waits_until_more_are_allowed(pauses, limits, headers, expected):
    n, _, patient = sent((200, headers), (200, {}), limits=Limits(**limits))
    assert pauses == []
    patient("the next")
    assert (n, pauses) == (1, [expected])


def test_while_some_are_left_nothing_waits(pauses):
    _, _, patient = sent((200, {"left": "3", "again": "33"}), (200, {}), limits=Limits(remaining="left", reset="again"))
    patient("the next")
    assert pauses == []
