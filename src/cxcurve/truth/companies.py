"""Simulated companies, taken through the whole product: files, load, score."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxcurve.metrics.weights import Feature
from cxcurve.sources.simulated import Truth, Weights, simulate, write
from cxcurve.workspace.workspace import Workspace, init

Floats = NDArray[np.float64]


@contextmanager
def company(
    *, customers: int, seed: int, truth: Truth | None = None, weights: Weights | None = None, weeks: int = 104
) -> Iterator[tuple[Workspace, dict[str, Any]]]:
    """A scored workspace of a simulated company, and what was planted in it; gone afterwards."""
    made = simulate(customers=customers, weeks=weeks, seed=seed, truth=truth, weights=weights)
    with (
        TemporaryDirectory(prefix="cxcurve-truth-") as folder,
        init(Path(folder) / "company", "b2b-saas") as workspace,
    ):
        write(made, workspace.folder)
        workspace.load()
        workspace.score()
        yield workspace, made.truth


def true_weights(weights: Weights, features: tuple[Feature, ...], index: str) -> Floats:
    """What was planted for some features of an index ("friction" or "momentum"), in doublings of the weekly odds."""
    planted: dict[str, float] = {**getattr(weights, index), **(weights.states if index == "friction" else {})}
    return np.array([planted[feature.signal] for feature in features])
