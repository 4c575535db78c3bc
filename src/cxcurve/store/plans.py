"""Versions of the tracking plan, kept for good: which plan an event was taken under stays known."""

from __future__ import annotations

import json

from cxcurve.model.plan_versions import Document, PlanVersion, mark_of, written
from cxcurve.store.store import Store


def keep_plan(store: Store, document: Document, now_us: int) -> bool:
    """Keep the plan as a new version unless it is that of the latest; returns whether it is new."""
    text = written(document)
    latest = store.rows("SELECT number, mark FROM plans ORDER BY number DESC LIMIT 1")
    number, mark = latest[0] if latest else (0, "")
    if mark == mark_of(text):
        return False
    store.execute("INSERT INTO plans VALUES ($1, $2, $3, $4)", number + 1, now_us, text, mark_of(text))
    return True


def plans(store: Store) -> list[PlanVersion]:
    """All versions, the first one first."""
    rows = store.rows("SELECT number, made_us, document FROM plans ORDER BY number")
    return [PlanVersion(number, made_us, json.loads(text)) for number, made_us, text in rows]
