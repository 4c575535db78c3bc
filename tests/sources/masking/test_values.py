"""Values beside the text: masked where they are free text, left alone where they are codes."""

from __future__ import annotations

import json

import pandas as pd

from cxcurve.model.sources import Source, Time
from cxcurve.sources.events import Plan
from cxcurve.sources.mapping import map_rows
from cxcurve.sources.masking import mask_value
from cxcurve.sources.rows import Rows


def test_texts_at_any_depth_and_nothing_else() -> None:
    told = {
        "comment": "mail anna@example.org",
        "list": ["call +44 20 7946 0958", 5, None],
        "n": 1.5,
        "anna@x.org": True,
    }
    assert mask_value(told) == {
        "comment": "mail [email]",
        "list": ["call [phone]", 5, None],
        "n": 1.5,
        "anna@x.org": True,
    }


def test_codes_stay() -> None:
    codes = ["pro", "/reports/weekly", "EUR", "2026-11-01", "v1.2.3", "Chrome", "node-next", ""]
    assert mask_value(codes) == codes


def test_neither_text_nor_properties_of_a_file_hold_an_address() -> None:
    frame = pd.DataFrame(
        {"id": ["1"], "who": ["u"], "at": ["2026-11-01"], "note": ["ask anna@example.org"]}, dtype=object
    )
    source = Source(key="s", person="who", id=("id",), event="used", time=Time(column="at"), text="note")
    batch = map_rows(Plan(source, 1_800_000_000_000_000), Rows(frame, ["f"], frame.index.to_numpy()), None)
    assert "anna@" not in json.dumps(batch.events.to_pylist())
