"""Every metric is documented, in the words of the registry."""

from __future__ import annotations

from pathlib import Path

from cxcurve.metrics.registry import BY_NAME, METRICS
from cxcurve.model.metric_names import METRIC_NAMES

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_each_metric_stands_in_the_docs_with_its_definition_unit_and_direction() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for metric in METRICS:
        direction = "more is better" if metric.is_high_good else "less is better"
        line = f"`{metric.name}` · unit: {metric.unit} · {direction} · page: `{metric.page}`"
        assert f"### {metric.label}\n\n{metric.definition}\n\n{line}\n" in text
    assert text.count("\n### ") == len(METRICS), "the page names a metric that the registry does not have"


def test_names_are_unique_and_a_journey_may_use_each_of_them() -> None:
    assert len(BY_NAME) == len(METRICS)
    assert set(BY_NAME) <= set(METRIC_NAMES)
