"""The Brier skill beside scikit-learn's score (`make oracle`)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cxcurve.learn.backtest import _brier_skill

ORACLE = Path(__file__).parents[1] / "stats" / "published" / "oracle.json"


def test_skill_is_one_minus_the_score_against_that_of_the_usual_share() -> None:
    told = json.loads(ORACLE.read_text(encoding="utf-8"))["cases"]["brier"]
    given = {name: np.array(values) for name, values in told["given"].items()}
    found = _brier_skill(given["chance"], given["usual"], given["happened"] == 1)
    assert found == pytest.approx(told["expected"]["skill"], rel=1e-9)
