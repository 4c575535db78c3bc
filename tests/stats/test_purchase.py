import numpy as np
import pytest

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.purchase import BgNbd, GammaGamma, fit_bg_nbd, fit_gamma_gamma, fit_pareto_nbd

CDNOW = BgNbd(0.243, 4.414, 0.793, 2.426, 0.0)


def shop(n: int, ahead: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Customers of a planted BG/NBD world over 40 weeks, and what each bought in the `ahead` weeks after."""
    rng = np.random.default_rng(8)
    rate, quits = rng.gamma(0.8, 1 / 5, n), rng.beta(1.5, 3, n)
    rows = np.zeros((4, n))
    rows[2] = 40
    for i in range(n):
        week = 0.0
        while True:
            week += rng.exponential(1 / rate[i])
            if week > 40 + ahead:
                break
            if week <= 40:
                rows[0, i] += 1
                rows[1, i] = week
            else:
                rows[3, i] += 1
            if rng.random() < quits[i]:
                break
    return tuple(rows)


def test_planted_behaviour_is_recovered() -> None:
    frequency, recency, age, later = shop(4000, ahead=20)
    found = fit_bg_nbd(frequency, recency, age)
    assert (found.r, found.alpha) == pytest.approx((0.8, 5), rel=0.2)
    assert found.expected_purchases(20, frequency, recency, age).mean() == pytest.approx(later.mean(), rel=0.1)


def test_a_long_silence_lowers_the_chance_of_being_alive() -> None:
    alive = CDNOW.alive_share([2, 2, 2, 0], [38, 30, 5, 0], [38.86] * 4)
    assert (np.diff(alive[:3]) < 0).all()
    assert ((alive > 0) & (alive <= 1)).all()
    assert alive[3] == 1


def test_expected_purchases_grow_from_0() -> None:
    grown = [CDNOW.expected_purchases(weeks, 2, 30.43, 38.86)[0] for weeks in (0, 10, 20, 40)]
    assert grown[0] == pytest.approx(0, abs=1e-12)
    assert (np.diff(grown) > 0).all()


def test_money_is_drawn_to_the_mean_by_few_purchases() -> None:
    model = GammaGamma(6.25, 3.74, 15.44, 0.0)
    overall = 6.25 * 15.44 / 2.74
    values = model.expected_value([0, 1, 50], [0, 100, 100])
    assert values[0] == pytest.approx(overall)
    assert overall < values[1] < values[2] < 100


def test_too_few_repeat_buyers_give_the_reason() -> None:
    few = [1.0] * 29 + [0.0] * 200
    recency, age = [3.0] * 29 + [0.0] * 200, [10.0] * 229
    assert fit_bg_nbd(few, recency, age) is Reason.TOO_FEW
    assert fit_pareto_nbd(few, recency, age) is Reason.TOO_FEW
    assert fit_gamma_gamma(few, [20.0] * 229) is Reason.TOO_FEW


def test_misuse_is_named() -> None:
    with pytest.raises(BadValueError, match="expected frequency >= 0 and 0 <= recency <= age for every customer"):
        fit_bg_nbd([1], [11], [10])
    with pytest.raises(BadValueError, match=r"frequency \(1,\), recency \(2,\), age \(1,\): expected one of each"):
        fit_bg_nbd([1], [1, 2], [10])
