"""Times, numbers and texts out of cells."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.model.sources import Time
from cxcurve.sources.values import read_numbers, read_texts, read_times


def one_time(cell, **time):
    us, (reason,) = read_times(pd.Series([cell], dtype=object), Time(**time), "at")
    return reason or str(np.datetime64(int(us[0]), "us"))


@pytest.mark.parametrize(
    ("cell", "settings", "utc"),
    [
        ("2026-05-31", {}, "2026-05-31T00:00:00.000000"),
        ("2026-05-31T14:00:00Z", {}, "2026-05-31T14:00:00.000000"),
        ("2026-05-31 14:00:00+02:00", {}, "2026-05-31T12:00:00.000000"),
        ("2026-05-31T14:00:00-0330", {}, "2026-05-31T17:30:00.000000"),
        ("20260531T140000", {}, "2026-05-31T14:00:00.000000"),
        ("2026-05-31 14:00:00.123456789 UTC", {}, "2026-05-31T14:00:00.123456"),
        ("2026-05-31 14:00", {"zone": "Europe/Berlin"}, "2026-05-31T12:00:00.000000"),
        ("2026-05-31 14:00Z", {"zone": "Europe/Berlin"}, "2026-05-31T14:00:00.000000"),
        ("29/2/2016 01:16", {"format": "%d/%m/%Y %H:%M"}, "2016-02-29T01:16:00.000000"),
        ("31.05.2026 14:00", {"format": "%d.%m.%Y %H:%M", "zone": "America/New_York"}, "2026-05-31T18:00:00.000000"),
        ("31.05.2026 14:00 +0200", {"format": "%d.%m.%Y %H:%M %z"}, "2026-05-31T12:00:00.000000"),
        ("1710325274", {"unit": "s"}, "2024-03-13T10:21:14.000000"),
        (1710325274.5, {"unit": "s"}, "2024-03-13T10:21:14.500000"),
        (1710325274123, {"unit": "ms"}, "2024-03-13T10:21:14.123000"),
        ("1710325274123457", {"unit": "us"}, "2024-03-13T10:21:14.123457"),
    ],
)
def test_times(cell, settings, utc):
    assert one_time(cell, **settings) == utc


def test_a_time_that_happens_twice_is_the_first():
    assert one_time("2026-10-25 02:30", zone="Europe/Berlin") == "2026-10-25T00:30:00.000000"


def test_a_time_that_never_happens_is_the_end_of_the_gap():
    assert one_time("2026-03-29 02:30", zone="Europe/Berlin") == "2026-03-29T01:00:00.000000"


@pytest.mark.parametrize(
    ("cell", "settings", "expected"),
    [
        ("2026-13-40", {"format": "%d/%m/%Y %H:%M"}, "%d/%m/%Y %H:%M"),
        ("soon", {"unit": "ms"}, "a number, the ms since 1970"),
        (
            "2026",
            {},
            "ISO 8601, such as 2026-05-31T14:00:00Z; else give the time's `format`, or `unit` for epoch numbers",
        ),
        (
            "2026-02-30",
            {},
            "ISO 8601, such as 2026-05-31T14:00:00Z; else give the time's `format`, or `unit` for epoch numbers",
        ),
    ],
)
def test_a_time_that_cannot_be_read(cell, settings, expected):
    assert one_time(cell, **settings) == f'could not read "{cell}" as a time in column at; expected {expected}'


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)), max_size=20))
def test_iso_times_are_exact(moments):
    us, reasons = read_times(pd.Series([m.isoformat() for m in moments], dtype=object), Time(), "at")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    exact = [
        (m - epoch).days * 86_400_000_000 + (m - epoch).seconds * 10**6 + (m - epoch).microseconds for m in moments
    ]
    assert us.tolist() == exact
    assert not any(reasons)


ENDS = st.sampled_from(["Z", "+00:00", "+05:30", "-11:00", "+14:00", "+24:00"])


@given(st.lists(st.tuples(st.datetimes(datetime(1890, 1, 1), datetime(2110, 1, 1)), ENDS), max_size=8), st.booleans())
def test_a_few_plain_times_are_read_as_a_column_is(moments, is_whole):
    texts = [(m.replace(microsecond=0) if is_whole else m).isoformat() + end for m, end in moments]
    few, reasons = read_times(pd.Series(texts, dtype=object), Time(), "at")
    among, others = read_times(pd.Series([*texts, "2026-05-31"], dtype=object), Time(), "at")
    assert (few.tolist(), reasons.tolist()) == (among.tolist()[:-1], others.tolist()[:-1])


def test_numbers():
    cells = pd.Series(["5", 7, " 1.5 ", "-2e3", None, "1,234", "inf", "nan", True, "1_000"], dtype=object)
    numbers, reasons = read_numbers(cells, "revenue")
    assert numbers[:4].tolist() == [5, 7, 1.5, -2000]
    assert np.isnan(numbers[4:]).all()
    assert [bool(reason) for reason in reasons] == [False] * 5 + [True] * 5
    assert reasons[5] == (
        'could not read "1,234" as a number in column revenue; '
        "expected digits with a point before decimals, no thousands separators"
    )


def test_texts_are_kept_and_whole_numbers_lose_their_point():
    cells = pd.Series([" a ", 7, 7.0, 7.5, True, None, {"b": 1}, 2**70], dtype=object)
    assert read_texts(cells).tolist() == [" a ", "7", "7", "7.5", "true", None, '{"b":1}', str(2**70)]
