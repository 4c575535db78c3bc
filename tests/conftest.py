"""Makes `worlds`, `oracle` and `accounts` of tests/metrics importable everywhere; lets properties take their time."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line has it

sys.path.insert(0, str(Path(__file__).parent / "metrics"))

# A busy machine must not decide what is true. An example opens a store and takes half a second: a failing log is
# shown as drawn, for shrinking it would take minutes.
settings.register_profile(
    "worlds",
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("worlds")


def pytest_configure(config: pytest.Config) -> None:
    """Ibis still calls what DuckDB renamed; nothing here can change that."""
    config.addinivalue_line("filterwarnings", r"ignore:fetch_arrow_table\(\) is deprecated:DeprecationWarning")
