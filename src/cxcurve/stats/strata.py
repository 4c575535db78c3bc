"""Strata: two groups compared only where they are alike, and the comparisons put together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Estimate, Floats, Ints, nothing, z_of

Bools = NDArray[np.bool_]

FEWEST_EXPECTED = 5.0
"""An odds ratio is told where, if the groups were alike, so many of the first would do it, and so many not."""


@dataclass(frozen=True, slots=True)
class Stratified:
    """Two groups within strata.

    Attributes:
        n: of the first group.
        n_matched: those of them in a stratum with somebody of the second.
        n_others: of the second group, in those strata.
        share: of the matched of the first group that did it.
        expected_share: of the others, weighed so that they stand where the first group does.
        odds_ratio: first against second, its n that of the matched.
    """

    n: int
    n_matched: int
    n_others: int
    share: float | None
    expected_share: float | None
    odds_ratio: Estimate


def stratified_odds_ratio(
    first: ArrayLike,
    did: ArrayLike,
    strata: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    n: ArrayLike | None = None,
    level: float = 0.95,
) -> Stratified:
    """Mantel and Haenszel's odds ratio of the first group against the second within strata; 1 means alike.

    Strata may be as thin as one of each. The variance is that of Robins, Breslow and Greenland, times the design effect
    of the clusters: what it comes to when the rows of one cluster are added before they are squared, against row by
    row. All rows count: one row a cluster and stratum would give customers who stay for long too little weight.

    Args:
        first: (rows,) whether it is of the first group.
        did: (rows,) whether it did it; with `n`, how many.
        strata: (rows,) numbers from 0 on.
        clusters: (rows,) whose row it is, numbers from 0 on; each its own when None.
        n: (rows,) how many a row stands for, all of one cluster; 1 when None.
        level: confidence.

    Returns:
        No odds ratio where fewer than 5 of the first group would do it, or would not, if the groups were alike. Half
        a case, spread over the strata, is added to each cell where a group as a whole did it all or not at all.

    Source: Mantel & Haenszel 1959, J. Natl Cancer Inst. 22:719-748; Robins, Breslow & Greenland 1986, Biometrics
        42:311-323; design effect: Rao & Scott 1992, Biometrics 48:577-585; halves: Haldane 1956
    """
    rows = _Rows.of(first, did, strata, clusters, n)
    n_all = int(rows.size[rows.is_first].sum())
    rows = rows.where(_has_both(rows)[rows.stratum])
    tables = _tables(rows)
    n_matched, n_others = int(tables.n.sum()), int(tables.n_others.sum())
    expected = float(tables.expected.sum())
    if min(expected, n_matched - expected) < FEWEST_EXPECTED:
        return Stratified(n_all, n_matched, n_others, None, None, nothing(n_matched))
    usual = np.divide(tables.others_did, tables.n_others, out=np.zeros(len(tables.n)), where=tables.n_others > 0)
    shares = float(tables.did.sum() / n_matched), float((tables.n * usual).sum() / n_matched)
    return Stratified(n_all, n_matched, n_others, *shares, _odds_ratio(rows, _without_zeros(tables), n_matched, level))


@dataclass(frozen=True, eq=False, slots=True)
class _Rows:
    """The rows as arrays: `size` is how many each stands for."""

    is_first: Bools
    did: Floats
    stratum: Ints
    size: Floats
    whose: Ints

    @classmethod
    def of(
        cls, first: ArrayLike, did: ArrayLike, strata: ArrayLike, clusters: ArrayLike | None, n: ArrayLike | None
    ) -> _Rows:
        is_first = np.asarray(first, bool)
        size = np.ones(len(is_first)) if n is None else np.asarray(n, float)
        whose = np.arange(len(is_first)) if clusters is None else np.asarray(clusters, np.int64)
        found = cls(is_first, np.asarray(did, float), np.asarray(strata, np.int64), size, whose)
        shapes = {getattr(found, name).shape for name in cls.__slots__}
        if len(shapes) > 1:
            raise BadValueError(f"stratified_odds_ratio: shapes {sorted(shapes)}; expected (rows,) of each")
        return found

    def where(self, chosen: Bools) -> _Rows:
        return _Rows(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, eq=False, slots=True)
class _Tables:
    """A 2 x 2 table for each stratum: how many of each group there are, and how many of them did it."""

    n: Floats
    did: Floats
    n_others: Floats
    others_did: Floats

    @property
    def whole(self) -> Floats:
        return np.maximum(self.n + self.n_others, 1e-300)

    @property
    def expected(self) -> Floats:
        """Of the first group, if it were like the second."""
        return np.asarray(self.n * (self.did + self.others_did) / self.whole)

    @property
    def pairs(self) -> tuple[Floats, Floats]:
        """Pairs of both groups of which only the first did it, and only the second, by the size of the stratum."""
        first = self.did * (self.n_others - self.others_did) / self.whole
        return first, self.others_did * (self.n - self.did) / self.whole


def _has_both(rows: _Rows) -> Bools:
    """By stratum."""
    n_strata = int(rows.stratum.max(initial=-1)) + 1
    found = np.bincount(2 * rows.stratum + rows.is_first, minlength=2 * n_strata) > 0
    return np.asarray(found[::2] & found[1::2])


def _tables(rows: _Rows) -> _Tables:
    n_strata = int(rows.stratum.max(initial=-1)) + 1
    cell = 2 * rows.stratum + ~rows.is_first
    n, did = (np.bincount(cell, values, 2 * n_strata).astype(float) for values in (rows.size, rows.did))
    return _Tables(n[::2], did[::2], n[1::2], did[1::2])


def _without_zeros(tables: _Tables) -> _Tables:
    """Half a case in each cell, spread as the cases are expected, where one of the two sums would be 0."""
    if all(pairs.sum() > 0 for pairs in tables.pairs):
        return tables
    spread = tables.expected / tables.expected.sum()
    return _Tables(tables.n + spread, tables.did + spread / 2, tables.n_others + spread, tables.others_did + spread / 2)


def _odds_ratio(rows: _Rows, tables: _Tables, n: int, level: float) -> Estimate:
    first, second = (float(pairs.sum()) for pairs in tables.pairs)
    ratio = first / second
    error = math.sqrt(_log_variance(tables) * _design_effect(rows, tables, ratio))
    if not error:
        return nothing(n)
    factor = math.exp(z_of(level) * error)
    p_value = 2 * float(special.ndtr(-abs(math.log(ratio)) / error))
    return Estimate(ratio, ratio / factor, ratio * factor, n, error, p_value)


def _log_variance(tables: _Tables) -> float:
    """Of the natural log of the odds ratio, rows independent."""
    first, second = tables.pairs
    alike = (tables.did + tables.n_others - tables.others_did) / tables.whole
    unlike = 1 - alike
    up, down = first.sum(), second.sum()
    parts = (
        (alike * first).sum() / up**2,
        (alike * second + unlike * first).sum() / (up * down),
        (unlike * second).sum() / down**2,
    )
    return float(sum(parts) / 2)


def _design_effect(rows: _Rows, tables: _Tables, ratio: float) -> float:
    """How much more the sum varies because the rows of a cluster are alike.

    Each row adds its pairs with the other group: those in favour of the first, less `ratio` times the others.
    """
    not_did = tables.n - tables.did, tables.n_others - tables.others_did
    if_did = np.stack([not_did[1], -ratio * not_did[0]]) / tables.whole
    if_not = np.stack([-ratio * tables.others_did, tables.did]) / tables.whole
    at = (~rows.is_first).astype(np.int64), rows.stratum
    yes, no = if_did[at], if_not[at]
    together = np.bincount(rows.whose, rows.did * yes + (rows.size - rows.did) * no)
    alone = rows.did * yes**2 + (rows.size - rows.did) * no**2
    return float((together**2).sum() / alone.sum())
