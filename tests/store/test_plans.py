"""Versions of the plan: one for each change, in order, for good."""

from __future__ import annotations

from worlds import new_store

from cxcurve.model.plan_versions import PlanVersion
from cxcurve.store.plans import keep_plan, plans

FIRST, SECOND = {"a": {"half_life": "14d"}}, {"a": {"half_life": "21d"}, "b": {"half_life": "14d"}}


def test_a_version_is_kept_where_the_plan_changed() -> None:
    with new_store() as store:
        kept = [keep_plan(store, document, at) for at, document in enumerate((FIRST, FIRST, SECOND, SECOND, FIRST), 1)]
        assert kept == [True, False, True, False, True]
        assert plans(store) == [PlanVersion(1, 1, FIRST), PlanVersion(2, 3, SECOND), PlanVersion(3, 5, FIRST)]
