"""The one number that really changed: by its own test, and among all that were looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import special

from cxcurve.charts import format as fmt
from cxcurve.stats.estimates import z_of
from cxcurve.stats.multiplicity import holm

ALPHA = 0.05
NO_ACTION = "None is named for it yet: journey.yaml, `actions`."
NO_OWNER = "Nobody is named for it yet: journey.yaml, `owners`."
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Headline:
    """What a week comes to, for people who read one line.

    Attributes:
        title: as in "Customers lost in 28 days: 3.5 %"; that nothing really changed where nothing did.
        text: the sentence below it.
        action, owner: what is to be done and by whom; empty where nothing really changed.
        tone: good, bad or nothing.
        metric: which metric it is about.
    """

    title: str
    text: str
    action: str = ""
    owner: str = ""
    tone: str = ""
    metric: str = ""


def headline(rows: Sequence[Row], currency: str = "") -> Headline:
    """The headline of a scorecard.

    Of many metrics some pass their own test by chance: of 15 where nothing changed, one or more in half of the weeks.
    So the one number must hold among all that were tested (Holm). What got worse comes first, then the card's order.

    Args:
        rows: as `show scorecard` has them, with `change`.
        currency: ISO 4217.
    """
    tested = [(row, p) for row in rows if (p := p_of_change(row)) is not None]
    if not tested:
        return Headline("Not enough data yet", "No number can be tested for a change yet.")
    adjusted = holm([p for _, p in tested]).tolist()
    sure = [row for (row, _), p in zip(tested, adjusted, strict=True) if p < ALPHA and row["is_better"] is not None]
    if not sure:
        return Headline("Nothing really changed", _nothing(tested))
    row = min(sure, key=lambda one: bool(one["is_better"]))
    return Headline(
        f"{row['label']}: {fmt.amount(row['current'], row['unit'], currency)}",
        _sentence(row, currency, len(tested), len(sure)),
        row["action"] or NO_ACTION,
        row["lead"] or NO_OWNER,
        "good" if row["is_better"] else "bad",
        row["metric"],
    )


def p_of_change(row: Row) -> float | None:
    """The p value of a row's change: of its test, of its interval, or the larger of both; None where there is neither.

    An interval's is the normal one of the side that faces zero.
    """
    change = row["change"]
    value, low, high = change["value"], change["low"], change["high"]
    found = [] if change["p_value"] is None else [float(change["p_value"])]
    if value is not None and low is not None and high is not None:
        reach = value - low if value > 0 else high - value
        found.append(1.0 if value == 0 else _two_sided(abs(value) / reach * z_of(0.95)) if reach > 0 else 0.0)
    return max(found) if value is not None and found else None


def _two_sided(z: float) -> float:
    return float(2 * special.ndtr(-z))


def _sentence(row: Row, currency: str, n_tested: int, n_sure: int) -> str:
    change, unit = row["change"], row["unit"]
    moved = fmt.difference(change["value"], unit, currency)
    known = change["low"] is not None and change["high"] is not None
    ends = (fmt.difference(change[end], unit, currency) for end in ("low", "high"))
    band = f" (95 %: {' to '.join(ends)})" if known else ""
    others = f" So did {fmt.plural(n_sure - 1, 'other')}, below." if n_sure > 1 else ""
    way = "better" if row["is_better"] else "worse"
    of = f"It holds among the {fmt.number(n_tested)} numbers looked at." if n_tested > 1 else ""
    return f"{moved} against {row['against']}{band}: {way}, and a real change. {of}{others}".strip()


def _nothing(tested: Sequence[tuple[Row, float]]) -> str:
    n, alone = len(tested), [row for row, _ in tested if row["is_real_change"]]
    looked = "The one number that can be tested stays within what chance does."
    if n > 1:
        looked = f"None of the {n} numbers looked at moved by more than chance does among so many."
    if not alone:
        return looked
    which = " and ".join(row["label"] for row in alone[:2]) if len(alone) < 3 else fmt.plural(len(alone), "number")
    return f"{looked} By {'its' if len(alone) == 1 else 'their'} own test alone, {which} changed."
