"""The names a journey may use under `focus`, `targets`, `owners`, `actions` and a stage's `metrics`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

METRIC_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "friction_index": "Journey Friction Index",
        "momentum_index": "Momentum Score",
        "advocacy_index": "Advocacy Index",
        "advocacy_rate": "Advocacy Rate",
        "time_to_value": "Time to Value",
        "drift_impact": "Drift Zone Impact",
        "stall_share": "Stall",
        "leak_share": "Leak",
        "progress_share": "Progress to the next stage",
        "onboarding_completion": "Onboarding completion",
        "time_on_task": "Time on task",
        "repeat_contact": "Repeat contact within 7 days",
        "first_contact_resolution": "First contact resolution",
        "self_service": "Self-service success",
        "first_response": "First response",
        "quiet_exits": "Quiet exits",
        "contact_rate": "Contact rate",
        "core_use": "Core use",
        "nps": "Net Promoter Score",
        "csat": "Customer satisfaction",
        "ces": "Customer Effort Score",
        "cx_score": "CX Score of conversations",
        "churn": "Churn",
        "grr": "Gross revenue retention",
        "nrr": "Net revenue retention",
        "lifetime_value": "Customer lifetime value",
        "reactivation_rate": "Win-back rate",
        "open_issue": "Open issues",
    }
)

DURATION_TARGETS = frozenset({"time_to_value", "open_issue", "first_response", "time_on_task"})
"""Metrics whose target is a length of time."""

WORD_TARGETS = frozenset({"best_quarter"})
"""Targets that are no number: the best quarter so far."""
