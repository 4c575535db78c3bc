"""Numbers as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.charts import format as fmt

S, M = fmt.THIN_SPACE, fmt.MINUS


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (fmt.number(12480), "12,480"),
        (fmt.number(-3.25, 1), f"{M}3.2"),
        (fmt.number(-0.2), "0"),
        (fmt.number(None), "–"),
        (fmt.number(float("nan")), "–"),
        (fmt.number(0.4), "0"),
        (fmt.signed(3), "+3"),
        (fmt.signed(-14), f"{M}14"),
        (fmt.signed(0.2), "0"),
        (fmt.signed(None), "–"),
        (fmt.share(0.314), f"31{S}%"),
        (fmt.share(0.001), f"<1{S}%"),
        (fmt.share(0.999), f">99{S}%"),
        (fmt.share(1), f"100{S}%"),
        (fmt.share(0), f"0{S}%"),
        (fmt.share(0.0312, 1), f"3.1{S}%"),
        (fmt.money(184_250, "EUR"), "€184k"),
        (fmt.money(1_240_000, "USD"), "$1.2m"),
        (fmt.money(999_600), "1m"),
        (fmt.money(950), "950"),
        (fmt.money(-12_000, "GBP"), f"{M}£12k"),
        (fmt.money(5, "PLN"), f"PLN{S}5"),
        (fmt.money_exact(184_250.4, "EUR"), "€184,250"),
        (fmt.money_exact(-0.3), "0"),
        (fmt.days(0.25), f"6{S}h"),
        (fmt.days(1), "1 day"),
        (fmt.days(6.43), "6.4 days"),
        (fmt.days(41.2), "41 days"),
        (fmt.days(0), "0 days"),
        (fmt.odds(2.43), "2.4×"),
        (fmt.odds(12.4), "12×"),
        (fmt.p_value(0.0000001), "p < 0.001"),
        (fmt.p_value(0.004), "p = 0.004"),
        (fmt.p_value(0.41), "p = 0.41"),
        (fmt.interval(0.24, 0.36, "share"), f"24{S}% to 36{S}%"),
        (fmt.interval(10, None, "days"), "10 days to –"),
        (fmt.interval(None, None), ""),
        (fmt.difference(-0.046, "share"), f"{M}4.6 points"),
        (fmt.difference(3.0), "+3"),
        (fmt.difference(0.0), "0"),
        (fmt.difference(-1200, "money", "EUR"), f"{M}€1.2k"),
        (fmt.day(date(2026, 5, 4)), "4 May 2026"),
        (fmt.day("2026-05-04"), "4 May 2026"),
        (fmt.moment(datetime(2026, 5, 4, 9, 12, tzinfo=UTC)), "4 May 2026, 09:12"),
        (fmt.moment(date(2026, 5, 4)), "4 May 2026"),
        (fmt.day(None), "–"),
        (fmt.plural(1, "customer"), "1 customer"),
        (fmt.plural(1204, "customer"), "1,204 customers"),
        (fmt.words("ticket_opened"), "ticket opened"),
        (fmt.reason("too_few"), "Too few customers yet to say."),
        (fmt.reason("odd_code"), "Odd code."),
        (fmt.reason(None), ""),
    ],
)
def test_said(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("value", "word"),
    [(0, "smooth"), (24.9, "smooth"), (25, "drag"), (50, "heavy"), (75, "heavy"), (75.1, "severe"), (None, "–")],
)
def test_friction_words(value: float | None, word: str) -> None:
    assert fmt.friction_word(value) == word


def test_meanings_are_those_of_the_definitions() -> None:
    """JFI 50 doubles the odds of leaving, 75 makes them four times; Momentum 67 and 80 are twice and four times."""
    assert "2.0×" in fmt.friction_meaning(50)
    assert "4.0×" in fmt.friction_meaning(75)
    assert "eight times" in fmt.friction_meaning(87.5)
    assert fmt.friction_meaning(99) == fmt.friction_meaning(88)
    assert "2.0×" in fmt.momentum_meaning(200 / 3)
    assert "4.0×" in fmt.momentum_meaning(80)
    assert "0.5×" in fmt.momentum_meaning(100 / 3)
    fmt.momentum_meaning(100)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_number_breaks_a_format(value: float) -> None:
    for function in (fmt.number, fmt.signed, fmt.share, fmt.money, fmt.money_exact, fmt.days):
        assert "nan" not in function(value)
        assert "-" not in function(value)
