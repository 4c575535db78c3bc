"""Numbers as people read them: one way for pictures, pages and reports.

Every function takes None and gives an en dash. `FILTERS` holds them for templates. A narrow no-break space stands
before units, a real minus before negative numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

NOTHING = "–"
THIN_SPACE = "\u202f"
MINUS = "\u2212"
FRICTION_CUT, MOMENTUM_CUT = 50.0, 40.0
"""Where the friction and momentum pair is cut (definitions.md, 3)."""

_THEIRS = "them alone is told as of their"
_CURRENCIES = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CHF": f"CHF{THIN_SPACE}"}
_REASONS = {
    "too_few": "Too few customers yet to say.",
    "no_events": "No events of this kind yet.",
    "outside": "Outside the journey: before the first stage or after leaving.",
    "not_in_model": "journey.yaml does not define it.",
    "no_revenue": "No revenue is known for these customers.",
    "not_followed": "Nobody has been followed long enough yet to say.",
    "not_reached": "Not reached: more than half are still waiting.",
}


def number(value: float | None, digits: int = 0) -> str:
    """12480 as "12,480"; `digits` decimals."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if _is_zero(text) else text.replace("-", MINUS)


def signed(value: float | None, digits: int = 0) -> str:
    """With its sign, also a plus; 0 has none."""
    text = number(value, digits)
    return (
        text
        if value is None or text[0] in f"{MINUS}{NOTHING}" or not any(c in "123456789" for c in text)
        else f"+{text}"
    )


def share(value: float | None, digits: int = 0) -> str:
    """0.314 as "31 %". Small but not nothing is "<1 %", nearly all is ">99 %"."""
    if value is None or not math.isfinite(value):
        return NOTHING
    least = 10.0**-digits
    if 0 < value * 100 < least / 2:
        return f"<{number(least, digits)}{THIN_SPACE}%"
    if 100 - least / 2 < value * 100 < 100:
        return f">{number(100 - least, digits)}{THIN_SPACE}%"
    return f"{number(value * 100, digits)}{THIN_SPACE}%"


def money(value: float | None, currency: str = "") -> str:
    """Three figures at most: "€184k", "€1.2m"; without a currency the bare number."""
    if value is None or not math.isfinite(value):
        return NOTHING
    sign = MINUS if value < 0 and round(abs(value)) else ""
    return f"{sign}{_symbol(currency)}{_compact(abs(value))}"


def money_exact(value: float | None, currency: str = "") -> str:
    """To the whole unit: "€184,250"."""
    if value is None or not math.isfinite(value):
        return NOTHING
    sign = MINUS if round(value) < 0 else ""
    return f"{sign}{_symbol(currency)}{number(abs(value))}"


def cents(value: int | None, currency: str = "") -> str:
    """Whole hundredths, to the last one: "€184,250.07"."""
    if value is None:
        return NOTHING
    whole, rest = divmod(abs(value), 100)
    return f"{MINUS if value < 0 else ''}{_symbol(currency)}{whole:,}.{rest:02}"


def days(value: float | None) -> str:
    """A duration in days: "6 h", "1 day", "6.4 days", "41 days"."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if 0 < value < 1:
        return f"{number(max(value * 24, 1))}{THIN_SPACE}h"
    digits = 0 if value >= 10 or value == round(value) else 1
    text = number(value, digits)
    return f"{text} day" if text in {"1", "1.0"} else f"{text} days"


def odds(value: float | None) -> str:
    """An odds ratio: "2.4×"."""
    return NOTHING if value is None else f"{number(value, 1 if value < 10 else 0)}×"


def p_value(value: float | None) -> str:
    """As in "p = 0.03"; never p = 0."""
    if value is None:
        return NOTHING
    return "p < 0.001" if value < 0.001 else f"p = {value:.2f}" if value >= 0.01 else f"p = {value:.3f}"


def amount(value: float | None, unit: str = "number", currency: str = "") -> str:
    """A metric's value by its unit: share, days, money, index, score, number."""
    if unit == "money":
        return money(value, currency)
    return _BY_UNIT.get(unit, number)(value)


def difference(value: float | None, unit: str = "number", currency: str = "") -> str:
    """A change with its sign, in the metric's unit; shares change by points."""
    if value is None:
        return NOTHING
    if unit == "share":
        return f"{signed(value * 100, 1)} points"
    text = amount(abs(value), unit, currency)
    return text if _is_zero(text) else f"{'+' if value > 0 else MINUS}{text}"


def interval(low: float | None, high: float | None, unit: str = "number", currency: str = "") -> str:
    """As in "24 % to 36 %"; an end that is not known is a dash, two unknown ends are nothing."""
    if low is None and high is None:
        return ""
    return f"{amount(low, unit, currency)} to {amount(high, unit, currency)}"


def day(value: date | datetime | str | None) -> str:
    """As in "4 May 2026"."""
    found = _moment(value)
    return NOTHING if found is None else f"{found.day} {found:%b %Y}"


def moment(value: date | datetime | str | None) -> str:
    """As in "4 May 2026, 09:12"; a plain date has no time."""
    found = _moment(value)
    return f"{day(found)}, {found:%H:%M}" if isinstance(found, datetime) else day(found)


def iso(value: date | datetime | str | None) -> str:
    """For machines: the `datetime` attribute of `<time>`."""
    found = _moment(value)
    return "" if found is None else found.isoformat()


def plural(count: float | None, one: str, many: str = "") -> str:
    """As in "1 customer", "1,204 customers"."""
    return f"{number(count)} {one if count == 1 else many or f'{one}s'}"


def silent_said(silent: Sequence[tuple[str, float, float]]) -> str | None:
    """That sources (name, days, most days that are usual) bring nothing, and what that means; None of none."""
    told = [f"{name} ({plural(round(gap), 'day')}; {_at_most(usual)} is usual)" for name, gap, usual in silent]
    if not told:
        return None
    which, whose = ("this source: ", "it alone is told as of its") if len(told) == 1 else ("these sources: ", _THEIRS)
    return f"Nothing comes from {which}{', '.join(told)}. What rests on {whose} last event."


def _at_most(usual_days: float) -> str:
    return "a day" if usual_days < 1.5 else f"up to {plural(round(usual_days), 'day')}"


def words(name: str) -> str:
    """An event or metric name as words: `ticket_opened` is "ticket opened"."""
    return name.replace("_", " ").strip()


def friction_word(value: float | None) -> str:
    """Smooth, drag, heavy or severe (definitions.md, 3)."""
    if value is None:
        return NOTHING
    return "smooth" if value < 25 else "drag" if value < 50 else "heavy" if value <= 75 else "severe"


def friction_meaning(value: float | None) -> str:
    """What an index says about the odds of leaving; above 87.5 not told finer."""
    if value is None:
        return ""
    if value >= 87.5:
        return "friction makes leaving eight times as likely or more"
    return f"odds of leaving {odds(1 / (1 - value / 100))} the smooth tenth's"


def momentum_meaning(value: float | None) -> str:
    """What a score says about the odds of moving on, against the stage's median."""
    if value is None:
        return ""
    if value >= 99 or value <= 1:
        return f"odds of moving on {'far above' if value >= 99 else 'far below'} the stage's median"
    return f"odds of moving on {odds(value / (100 - value))} the stage's median"


def reason(code: str | None) -> str:
    """Why a number is missing, in plain words."""
    return "" if not code else _REASONS.get(str(code), f"{words(str(code)).capitalize()}.")


def _is_zero(text: str) -> bool:
    """Whether nothing but zeros is left after rounding."""
    return not any(digit in text for digit in "123456789")


def _symbol(currency: str) -> str:
    return _CURRENCIES.get(currency, f"{currency}{THIN_SPACE}" if currency else "")


def _compact(value: float) -> str:
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if value >= size * 0.9995:
            scaled = value / size
            return f"{number(scaled, 1 if scaled < 9.95 else 0).removesuffix('.0')}{letter}"
    return number(value)


def _moment(value: date | datetime | str | None) -> date | datetime | None:
    if not isinstance(value, str):
        return value
    found = datetime.fromisoformat(value)
    return found if "T" in value or " " in value else found.date()


def _score(value: float | None) -> str:
    return number(value, 1)


_BY_UNIT: Mapping[str, Callable[[float | None], str]] = {
    "share": share,
    "days": days,
    "score": _score,
    "index": number,
    "odds": odds,
    "number": number,
}

FILTERS: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        number,
        signed,
        share,
        money,
        money_exact,
        cents,
        days,
        odds,
        p_value,
        amount,
        difference,
        interval,
        day,
        moment,
        iso,
        plural,
        words,
        friction_word,
        friction_meaning,
        momentum_meaning,
        reason,
    )
}
"""For a template environment: `environment.filters.update(FILTERS)`."""
