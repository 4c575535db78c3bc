"""What is kept of rows that were refused: as they were read, but for texts and personal fields."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from cxcurve.sources.columns import register_of, text_columns, used_columns
from cxcurve.sources.events import Plan
from cxcurve.sources.json_text import encoded
from cxcurve.sources.masking import mask_value
from cxcurve.sources.personal import Personal
from cxcurve.sources.registers import column_for
from cxcurve.sources.rows import Batch, Refused
from cxcurve.tables import CUSTOMERS


def kept_refused(plan: Plan, batch: Batch) -> Batch:
    """The batch with the rows it refuses as they may be stored: by their ids they can be found, and erased."""
    if not batch.refused:
        return batch
    source = plan.source
    if source.table == "events":
        personal, plainly = plan.personal["event"], used_columns(source).keys() - text_columns(source)
    else:
        register = register_of(source)
        personal = plan.personal["account" if register is CUSTOMERS else "person"]
        plainly = {column_for(source, name) for name in ("customer_id", "person_id", "valid_from_us", "created_us")}
    return replace(batch, refused=tuple(_kept(personal, plainly, one) for one in batch.refused))


def _kept(personal: Personal, plainly: set[str], one: Refused) -> Refused:
    row: Any = json.loads(one.row)
    if isinstance(row, dict):
        row = {name: value if name in plainly else personal.field(name, value) for name, value in row.items()}
    else:  # a line that could not be read
        row = personal.protected(row)
    reason = mask_value(one.reason) if one.kind == "row" else one.reason
    return replace(one, row=encoded(row), reason=reason)
