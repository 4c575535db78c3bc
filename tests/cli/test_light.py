"""Importing cxcurve and asking for help load nothing heavy: told by the modules that are loaded, not by a clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("ibis", "duckdb", "pandas", "fastapi", "numpy", "scipy", "pyarrow", "jinja2", "uvicorn")
TELL = f"import sys; print(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"


@pytest.mark.parametrize(
    "code",
    [
        "import cxcurve",
        "import atexit, sys; sys.argv = ['cxcurve', '--help']; from cxcurve.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code",
        "import sys; sys.argv = ['cxcurve', 'show', '--help']; from cxcurve.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code",
    ],
    ids=["import", "--help", "show --help"],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"{code}\n{TELL}"], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []


def test_the_probe_sees_what_is_loaded() -> None:
    """Else the test above could not fail."""
    done = subprocess.run([sys.executable, "-c", f"import numpy\n{TELL}"], capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["numpy"]
