"""Reference numbers of other libraries; `make oracle` writes them to tests/stats/published/oracle.json.

It knows nothing of cxcurve. What each number was computed from is drawn from a seed and written beside it, rounded
before it is used; the public data sets that lifelines ships are named and not written.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tools.oracle import comparisons, logits, waits

OUT = Path(__file__).parents[2] / "tests" / "stats" / "published" / "oracle.json"
LIBRARIES = ("lifelines", "numpy", "pandas", "patsy", "scikit-learn", "scipy", "statsmodels")
CASES = (*waits.CASES, *logits.CASES, *comparisons.CASES)
DIGITS = 12


def main() -> None:
    """Compute all and write them."""
    told = {
        "about": "Made by `make oracle` (tools/oracle): do not edit. Each case names who computed it and from what.",
        "made_on": datetime.now(UTC).date().isoformat(),
        "versions": {name: version(name) for name in LIBRARIES},
        "cases": {case.__name__: _plain(asdict(case())) for case in CASES},
    }
    OUT.write_text(_lines(told) + "\n", encoding="utf-8")
    sys.stdout.write(f"{OUT.name}: {len(CASES)} cases\n")


def _plain(value: Any) -> Any:
    """Numbers as JSON has them: so many digits, none where it is not reached."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | pd.Series | pd.DataFrame | list | tuple):
        return [_plain(part) for part in (value if isinstance(value, list | tuple) else np.asarray(value).tolist())]
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.integer) else value


def _lines(value: Any, indent: str = "") -> str:
    """JSON with one line for each list."""
    if not isinstance(value, dict):
        return json.dumps(value)
    inner = ",\n".join(f"{indent} {json.dumps(key)}: {_lines(part, indent + ' ')}" for key, part in value.items())
    return f"{{\n{inner}\n{indent}}}" if inner else "{}"


if __name__ == "__main__":
    main()
