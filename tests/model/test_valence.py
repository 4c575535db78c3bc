"""Valence bands: read exactly, refused with a reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.model.valence import Band, Valence


def test_nps_bands():
    nps = Valence.parse("value: 0..6=-1, 7..8=0, 9..10=1")
    assert nps.column == "value"
    assert nps.bands == (Band(0, 6, -1), Band(7, 8, 0), Band(9, 10, 1))
    assert [nps.valence_of(score) for score in range(-1, 12)] == [None] + [-1] * 7 + [0] * 2 + [1] * 2 + [None]


def test_a_value_between_bands_has_no_valence():
    assert Valence.parse("value: 0..6=-1, 7..8=0").valence_of(6.5) is None


def test_single_values_negative_ends_and_any_order():
    valence = Valence.parse("sentiment: 4=0.5, -1..-0.2=-1 , -0.1..0.5 = 0")
    assert valence.bands == (Band(-1, -0.2, -1), Band(-0.1, 0.5, 0), Band(4, 4, 0.5))
    assert valence.valence_of(4) == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0..6=-1", 'valence "0..6=-1" names no column; expected "value: 0..6=-1, 7..8=0, 9..10=1"'),
        ("value:", 'valence band "" cannot be read; expected such as 0..6=-1 or 4=0.5'),
        ("value: 1-6=1", 'valence band "1-6=1" cannot be read'),
        ("value: 6..0=1", "valence band 6..0 runs backwards; write 0..6"),
        ("value: 0..6=-2", "valence -2 of band 0..6 is outside -1 to 1"),
        ("value: 0..6=-1, 6..8=0", "valence bands 0..6 and 6..8 overlap; a value is in one band only"),
        ("value: 3=1, 3=0", "valence bands 3 and 3 overlap"),
    ],
)
def test_errors_say_what_was_expected(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Valence.parse(text)


@given(st.floats(-20, 20), st.lists(st.integers(-10, 10), min_size=2, max_size=8, unique=True))
def test_at_most_one_band_holds_a_value(value, ends):
    ends = sorted(ends)[: len(ends) // 2 * 2]
    pairs = list(zip(ends[::2], ends[1::2], strict=True))
    valence = Valence.parse("x: " + ", ".join(f"{low}..{high}=0.5" for low, high in pairs))
    assert (valence.valence_of(value) == 0.5) == any(low <= value <= high for low, high in pairs)
