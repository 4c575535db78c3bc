"""One number that really changed: it must hold among all that were looked at; else it is said that nothing did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cxcurve.reports.headline import NO_ACTION, NO_OWNER, headline, p_of_change
from cxcurve.reports.messages import message


def row(
    name: str, z: float | None, *, is_high_good: bool = True, p: float | None = None, **more: Any
) -> dict[str, Any]:
    """A row whose change lies z standard errors of 2 points from zero."""
    value = None if z is None else 2 * z
    reach = 1.959963984540054 * 2
    ends = {"low": None, "high": None} if value is None else {"low": value - reach, "high": value + reach}
    is_real = None if z is None else abs(z) > 1.96
    better = None if not is_real else (z > 0) == is_high_good  # type: ignore[operator]
    return {
        "metric": name, "label": name.title(), "unit": "index", "current": 40.0, "previous": 30.0,
        "against": "4 weeks before", "is_real_change": is_real, "is_better": better, "action": f"mend {name}",
        "lead": "Ann", "change": {"value": value, **ends, "n": 50, "p_value": p, "reason": None}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(("z", "p"), [(1.959964, 0.05), (-2.575829, 0.01), (0.0, 1.0), (1.0, 0.317311)])
def test_the_p_value_of_an_interval_is_the_normal_one(z: float, p: float) -> None:
    assert p_of_change(row("a", z)) == pytest.approx(p, abs=1e-6)


def test_where_there_is_a_test_too_the_weaker_of_both_counts() -> None:
    assert p_of_change(row("a", 3.0, p=0.2)) == 0.2
    assert p_of_change(row("a", 1.0, p=0.01)) == pytest.approx(0.317311, abs=1e-6)
    assert p_of_change(row("a", None)) is None


def test_one_that_passes_its_own_test_only_is_no_headline() -> None:
    found = headline([row("a", 2.2), *(row(f"b{n}", 0.3) for n in range(14))])
    assert found.title == "Nothing really changed"
    assert found.text.endswith("By its own test alone, A changed.")
    assert (found.action, found.owner, found.tone) == ("", "", "")


def test_what_holds_among_all_is_the_headline_with_its_action_and_owner() -> None:
    found = headline([row("a", 0.1), row("b", 4.5), row("c", 0.2)])
    assert (found.title, found.action, found.owner, found.tone) == ("B: 40", "mend b", "Ann", "good")
    assert "+9 against 4 weeks before (95 %: +5 to +13): better, and a real change." in found.text
    assert "among the 3 numbers" in found.text


def test_what_got_worse_comes_before_what_got_better() -> None:
    found = headline([row("a", 5.0), row("b", 5.0, is_high_good=False)])
    assert (found.metric, found.tone) == ("b", "bad")
    assert "So did 1 other, below." in found.text


def test_nobody_named_is_said() -> None:
    found = headline([row("a", 5.0, action="", lead="")])
    assert (found.action, found.owner) == (NO_ACTION, NO_OWNER)


def test_without_numbers_it_says_so() -> None:
    assert headline([row("a", None)]).title == "Not enough data yet"
    assert headline([]).title == "Not enough data yet"


def test_where_nothing_changes_at_most_one_week_in_twenty_has_a_headline() -> None:
    draws = np.random.default_rng(3).normal(size=(1000, 15))
    rate = np.mean([headline([row(f"m{i}", z) for i, z in enumerate(week)]).tone != "" for week in draws])
    assert 0.02 < rate < 0.08


def test_a_message_is_one_number_one_action_one_owner() -> None:
    said = message(headline([row("a", 5.0)]), "Acme <!channel>", "week to 22 Nov 2026", "https://x.example/r")
    assert said.subject == "A: 40 (Acme <!channel>, week to 22 Nov 2026)"
    assert [line for line in said.text.splitlines() if line.startswith(("Action", "Owner"))] == [
        "Action: mend a",
        "Owner: Ann",
    ]
    assert "&lt;!channel&gt;" in said.chat, "a name must call nobody"
    assert "<!channel>" not in said.chat
    nothing = message(headline([row("a", 0.1)]), "Acme", "week to 22 Nov 2026")
    assert "Nothing really changed" in nothing.text
    assert "Action" not in nothing.text + nothing.chat
