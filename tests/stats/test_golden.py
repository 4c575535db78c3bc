"""Published reference values, each against what this package computes.

The values live in `../shared/data/golden.json`; small published data sets lie in `published/`, with their source.
A vector that is not computed here fails the suite.
"""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from cxcurve.stats import (
    changepoints,
    cox,
    cusum,
    means,
    multiplicity,
    proportions,
    purchase,
    regression,
    sequential,
    survival,
)
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.logrank import logrank
from cxcurve.stats.means import Moments

DATA = Path(__file__).parents[3] / "shared" / "data"
PUBLISHED = Path(__file__).parent / "published"
GOLDEN = DATA / "golden.json"
VECTORS = {v["id"]: v for v in json.loads(GOLDEN.read_text())["vectors"]} if GOLDEN.exists() else {}

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not VECTORS, reason="../shared/data/golden.json is missing"),
]


def read(path: Path) -> dict[str, np.ndarray]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def published(name: str) -> dict[str, np.ndarray]:
    return {key: column.astype(float) for key, column in read(PUBLISHED / f"{name}.csv").items()}


def table(days: np.ndarray, ended: np.ndarray, chosen: np.ndarray | bool = True) -> EventTable:
    keep = np.broadcast_to(chosen, days.shape)
    return EventTable.from_rows(days[keep].astype(float), ended[keep].astype(float).astype(int))


def waltons(group: str | None = None) -> EventTable:
    rows = read(DATA / "lifelines_survival" / "waltons_dataset.csv")
    return table(rows["T"], rows["E"], True if group is None else rows["group"] == group)


def leukemia(placebo: int) -> EventTable:
    rows = published("leukemia")
    return table(rows["weeks"], rows["ended"], rows["placebo"] == placebo)


def aml(maintained: int) -> EventTable:
    rows = published("aml")
    return table(rows["days"], rows["ended"], rows["maintained"] == maintained)


def lung(sex: int | None = None) -> EventTable:
    rows = read(DATA / "lifelines_survival" / "lung.csv")
    return table(rows["time"], rows["status"], True if sex is None else rows["sex"] == str(sex))


def median(events: EventTable, interval: survival.Interval = "log-log") -> list[float | None]:
    found = survival.kaplan_meier(events, interval=interval).median()
    return [found.value, found.low, found.high]


def remission_at_10() -> list[float]:
    found = survival.kaplan_meier(leukemia(0)).at(10)
    return [found.value, found.standard_error**2]


def transplants() -> list[float]:
    rows = published("bmt")
    shares = []
    for disease, cause in ((0, 1), (0, 2), (1, 1), (1, 2)):
        chosen = rows["disease"] == disease
        events = EventTable.from_rows(rows["months"][chosen], rows["cause"][chosen].astype(int), 2)
        curve = survival.aalen_johansen(events, cause)
        shares += [curve.at(day, extend=True).value for day in (500, 1000, 1500, 2000)]
    return shares


def mgus(*causes: str) -> EventTable:
    """Patients counted by month; the columns named are the causes, whoever has none of them is censored."""
    rows = {name: column.astype(int) for name, column in published("mgus2").items()}
    events = np.column_stack([rows[name] for name in causes])
    censored = sum(rows[name] for name in ("malignant", "died", "last_seen") if name not in causes)
    return EventTable(rows["months"].astype(float), events, censored)


def mgus_20_years() -> list[float]:
    """What competes kept apart, and the trap: death taken for the end of the follow-up."""
    both = mgus("malignant", "died")
    incidence = [survival.aalen_johansen(both, cause).at(240).value for cause in (1, 2)]
    return [*incidence, 1 - survival.kaplan_meier(mgus("malignant")).at(240).value]


def liver_10_years() -> list[float]:
    """Years lived of ten, treated and not, with their errors, and the difference with its interval."""
    rows = published("pbc")
    tables = [table(rows["days"] / 365.25, rows["ended"], rows["treated"] == treated) for treated in (1, 0)]
    each = [survival.restricted_mean(one, 10) for one in tables]
    return [
        *(part for one in each for part in (one.value, one.standard_error)),
        *whole(survival.restricted_mean_difference(*tables, 10)),
    ]


def hillstrom() -> dict[str, Moments]:
    rows = read(PUBLISHED / "hillstrom.csv")
    arms = zip(*(rows[name] for name in ("arm", "customers", "total_spend", "sd")), strict=True)
    return {arm: spend(int(n), float(total), float(sd)) for arm, n, total, sd in arms}


def spend(n: int, total: float, sd: float) -> Moments:
    return Moments(n, total, sd**2 * (n - 1) + total**2 / n)


def bounds(estimate) -> list[float]:
    return [estimate.low, estimate.high]


def whole(estimate) -> list[float]:
    return [estimate.value, estimate.low, estimate.high]


def growthbook(result) -> list[float]:
    return [*whole(result), result.standard_error, result.p_value]


def nps() -> list[float]:
    found = proportions.nps(50, 30, 20)
    return [found.value, (found.low + found.high) / 2, found.low, found.high]


def log10_p(*counts: int) -> list[float]:
    return [math.log10(proportions.two_share_test(*counts).p_value)]


def cuped_variance_ratio() -> list[float]:
    rng = np.random.default_rng(1)
    before = rng.standard_normal(200_000)
    value = 0.7 * before + math.sqrt(1 - 0.7**2) * rng.standard_normal(200_000)
    pairs = means.PairMoments.from_values(value, before)
    return [pairs.adjusted_variance(means.cuped_theta(pairs, pairs)) / pairs.value.variance]


def cdnow() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = read(DATA / "cdnow" / "cdnow_customers_summary.csv")
    return rows["frequency"].astype(float), rows["recency"].astype(float), rows["T"].astype(float)


def bg_nbd() -> list[float]:
    found = purchase.fit_bg_nbd(*cdnow())
    return [found.r, found.alpha, found.a, found.b, found.log_likelihood]


def pareto_nbd() -> list[float]:
    found = purchase.fit_pareto_nbd(*cdnow())
    return [found.r, found.alpha, found.s, found.beta]


def gamma_gamma() -> list[float]:
    rows = read(DATA / "cdnow" / "cdnow_customers_summary_with_transactions.csv")
    found = purchase.fit_gamma_gamma(rows["x"].astype(float), rows["zbar"].astype(float))
    return [found.p, found.q, found.gamma]


def drivers(name: str, method: Callable) -> regression.Drivers:
    columns = list(published(name).values())
    return method(np.column_stack(columns[1:]), columns[0])


def rossi() -> list[float]:
    rows = {name: column.astype(float) for name, column in read(DATA / "lifelines_survival" / "rossi.csv").items()}
    names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    found = cox.cox_regression(rows["week"], rows["arrest"], np.column_stack([rows[name] for name in names]))
    return [*found.coefficients, found.log_likelihood]


def nile() -> list[float]:
    rows = published("nile")
    return [rows["year"][changepoints.best_split(rows["flow"]) - 1]]


def dunnett() -> list[float]:
    control = [7.40, 8.50, 7.20, 8.24, 9.84, 8.32]
    arms = [[9.76, 8.80, 7.68, 9.36], [12.80, 9.68, 12.16, 9.20, 10.55]]
    return list(multiplicity.dunnett(arms, control))


GB_A, GB_B = Moments(3407, 1396.87, 52377.9767), Moments(3461, 2422.7, 134698.29)
GB_A_3000 = Moments(3000, 1396.87, 52377.9767)
P_VALUES = [0.01, 0.02, 0.03, 0.04, 0.05]

COMPUTED: dict[str, Callable[[], list[float | None]]] = {
    "km_waltons_miR-137": lambda: median(waltons("miR-137"))[:1],
    "km_waltons_control": lambda: median(waltons("control"))[:1],
    "km_waltons_all": lambda: median(waltons())[:1],
    "logrank_waltons": lambda: [logrank([waltons("miR-137"), waltons("control")]).statistic],
    "km_leukemia_rx0": lambda: median(leukemia(0))[:1],
    "km_leukemia_rx1": lambda: median(leukemia(1))[:1],
    "logrank_leukemia": lambda: [logrank([leukemia(0), leukemia(1)]).statistic],
    "km_leukemia_S10": remission_at_10,
    "km_aml_Maintained_logCI": lambda: median(aml(1), "log"),
    "km_aml_Nonmaintained_logCI": lambda: median(aml(0), "log"),
    "logrank_aml": lambda: [logrank([aml(0), aml(1)]).statistic, logrank([aml(0), aml(1)]).p_value],
    "km_lung_logCI": lambda: median(lung(), "log"),
    "km_lung_sex1_logCI": lambda: median(lung(1), "log"),
    "km_lung_sex2_logCI": lambda: median(lung(2), "log"),
    "km_lung_loglogCI": lambda: median(lung()),
    "logrank_lung_sex": lambda: [logrank([lung(1), lung(2)]).statistic],
    "aj_bmt": transplants,
    "aj_mgus2_20y": mgus_20_years,
    "rmst_pbc": liver_10_years,
    "wilson_81_263": lambda: bounds(proportions.wilson(81, 263)),
    "wilson_15_148": lambda: bounds(proportions.wilson(15, 148)),
    "wilson_0_20": lambda: bounds(proportions.wilson(0, 20)),
    "wilson_1_29": lambda: bounds(proportions.wilson(1, 29)),
    "newcombe_56_70_48_80": lambda: whole(proportions.share_difference(56, 70, 48, 80)),
    "newcombe_9_10_3_10": lambda: whole(proportions.share_difference(9, 10, 3, 10)),
    "evanmiller_20_5": lambda: [round(proportions.share_sample_size(0.2, 0.05, null="base"))],
    "power_prop_test": lambda: [proportions.share_sample_size(0.5, 0.25, power=0.9)],
    "power_t_test_power": lambda: [means.t_test_power(20, 1.0)],
    "power_t_test_n": lambda: [means.t_test_sample_size(1.0, power=0.9)],
    "srm_kohavi": lambda: [proportions.sample_ratio_test([821588, 815482], [1, 1]).p_value],
    "hillstrom_visit_mens": lambda: whole(proportions.wald_difference(3894, 21307, 2262, 21306)),
    "hillstrom_conv_mens": lambda: whole(proportions.wald_difference(267, 21307, 122, 21306)),
    "hillstrom_conv_mens_log10p": lambda: log10_p(267, 21307, 122, 21306),
    "hillstrom_visit_womens": lambda: whole(proportions.wald_difference(3238, 21387, 2262, 21306)),
    "hillstrom_conv_womens": lambda: whole(proportions.wald_difference(189, 21387, 122, 21306)),
    "hillstrom_conv_womens_log10p": lambda: log10_p(189, 21387, 122, 21306),
    "hillstrom_spend_means": lambda: [means.mean(arm).value for arm in hillstrom().values()],
    "hillstrom_srm": lambda: [proportions.sample_ratio_test([21306, 21307, 21387], [1, 1, 1]).p_value],
    "gbstats_ttest_rel": lambda: growthbook(means.relative_lift(GB_B, GB_A)),
    "gbstats_ttest_abs": lambda: growthbook(means.welch(GB_B, GB_A)),
    "gbstats_sequential_mean": lambda: whole(sequential.always_valid(means.relative_lift(GB_B, GB_A_3000), 1000)),
    "gbstats_sequential_prop": lambda: whole(
        sequential.always_valid(means.relative_lift(Moments(3461, 2422, 2422), Moments(3000, 1396, 1396)), 5000)
    ),
    "msprt_lambda": lambda: [sequential.mixture_likelihood_ratio(0.1, 2 * 0.25 / 1000, 0.01)],
    "msprt_quad": lambda: [sequential.mixture_likelihood_ratio(0.1, 2 * 0.25 / 1000, 0.01)],
    "peek_alpha": lambda: [sequential.looks_error([1.959964] * k) for k in (2, 3, 4, 5, 10, 20)],
    "pocock_K5": lambda: [sequential.pocock_bound(5)],
    "obf_K5": lambda: [sequential.obrien_fleming_bound(5)],
    "beta_binom_cs": lambda: list(sequential.beta_binomial_sequence(70, 100)),
    "cuped_var_ratio": cuped_variance_ratio,
    "rwa_mtcars": lambda: [
        *drivers("mtcars", regression.relative_weights).shares,
        drivers("mtcars", regression.relative_weights).r_squared,
    ],
    "rwa_swiss": lambda: list(drivers("swiss", regression.relative_weights).shares),
    "lmg_swiss": lambda: [drivers("swiss", regression.shapley_shares).r_squared],
    "lmg_swiss_shares": lambda: list(drivers("swiss", regression.shapley_shares).shares),
    "bgnbd_cdnow": bg_nbd,
    "bgnbd_cdnow_tight": lambda: bg_nbd()[:4],
    "bgnbd_cltools": lambda: bg_nbd()[:4],
    "bgnbd_expected_id1": lambda: list(
        purchase.BgNbd(0.243, 4.414, 0.793, 2.426, 0).expected_purchases(39, 2, 30.43, 38.86)
    ),
    "gg_cdnow": gamma_gamma,
    "paretonbd_cdnow": pareto_nbd,
    "cusum_arl_two_sided": lambda: [cusum.cusum_run_length(h, s) for h in (4, 5) for s in (0, 0.25, 0.5, 1, 2)],
    "cusum_arl_one_sided": lambda: [cusum.cusum_run_length(h, two_sided=False) for h in (4, 5)],
    "nps_adjwald": nps,
    "nile_changepoint": nile,
    "holm": lambda: list(multiplicity.holm(P_VALUES)),
    "bh": lambda: list(multiplicity.benjamini_hochberg(P_VALUES)),
    "dunnett_1955": dunnett,
    "cox_rossi": rossi,
}


@pytest.mark.parametrize("name", sorted(COMPUTED))
def test_published_value(name: str) -> None:
    vector = VECTORS[name]
    expected = vector["expected"] if vector["expected"] is not None else vector["computed"]
    found = COMPUTED[name]()
    # eight digits were kept of the values that were computed rather than published
    tolerance = max(vector["tolerance"], 1e-8)
    assert len(found) == len(expected)
    for value, reference in zip(found, expected, strict=True):
        if reference is None:
            assert value is None
        else:
            assert value == pytest.approx(reference, abs=tolerance, rel=0)


def test_every_vector_is_computed() -> None:
    assert set(VECTORS) == set(COMPUTED)


def test_welch_on_the_spend_of_64_000() -> None:
    """p and interval as two public analyses have them (provenance of `hillstrom_spend_means`)."""
    arms = hillstrom()
    mens, womens = (means.welch(arms[arm], arms["none"]) for arm in ("mens", "womens"))
    assert (mens.p_value, womens.p_value) == pytest.approx((1.1638e-07, 0.0011294), rel=1e-4)
    assert bounds(mens) == pytest.approx([0.48514, 1.05451], abs=1e-5)
    assert bounds(womens) == pytest.approx([0.16896, 0.67987], abs=1e-5)


def test_restricted_mean_of_lung() -> None:
    """R's print(survfit(Surv(time, status) ~ 1, lung), rmean = 1022): 376.3 days, standard error 19.7."""
    found = survival.restricted_mean(lung(), 1022)
    assert (found.value, found.standard_error) == pytest.approx((376.3, 19.7), abs=0.05)


def test_mixture_likelihood_ratio_is_the_integral_it_stands_for() -> None:
    normal = stats.norm.pdf
    mixed, _ = integrate.quad(lambda t: normal(0.1, t, 0.0005**0.5) * normal(t, 0, 0.1), -1, 1, points=[0, 0.1])
    assert sequential.mixture_likelihood_ratio(0.1, 0.0005, 0.01) == pytest.approx(
        mixed / normal(0.1, 0, 0.0005**0.5), rel=1e-6
    )
