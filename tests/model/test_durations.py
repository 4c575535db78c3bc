"""Durations carry their unit."""

import pytest

from cxcurve.model.durations import Duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("14d", 1_209_600), ("6h", 21_600), ("30m", 1800), ("2w", 1_209_600), (" 1.5 d ", 129_600)]
)
def test_read(text, seconds):
    assert Duration.parse(text).seconds == seconds


@pytest.mark.parametrize("text", ["14d", "6h", "30m"])
def test_shown_as_written(text):
    assert str(Duration.parse(text)) == text


def test_a_bare_number_is_refused():
    with pytest.raises(
        ValueError, match=r'^14 is a bare number; a duration needs a unit: write "14d" \(days\) or "14h"'
    ):
        Duration.parse(14)


@pytest.mark.parametrize("text", ["14", "d", "14 days", "-3d", "2y", None, True])
def test_no_duration(text):
    with pytest.raises(ValueError, match=r'is no duration; expected a number and a unit: "14d", "6h", "30m" or "2w"'):
        Duration.parse(text)
