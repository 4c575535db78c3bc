"""Documents: HTML that asks for nothing, a PDF of one page, the same bytes each time, and names that are names."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

import serving

import cxcurve
from cxcurve import charts
from cxcurve.errors import WorkspaceError
from cxcurve.reports import typeset
from cxcurve.reports.documents import Document, document_of
from cxcurve.reports.flat import flat
from cxcurve.reports.sheet import slug

HOSTILE = '<script>alert(1)</script> #read("/etc/passwd") $x$ *b* ]#{ "\\ &amp; \u202e'


@cache
def numbers(kind: str) -> dict[str, Any]:
    """Of the company's last week or quarter."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder, cxcurve.open(serving.copied(Path(folder))) as workspace:
        return workspace.report(None, kind).numbers  # type: ignore[arg-type]


def document(kind: str) -> Document:
    return document_of(numbers(kind))


@pytest.mark.parametrize("kind", ["week", "quarter"])
def test_the_html_asks_for_nothing_and_runs_nothing(kind: str) -> None:
    text = document(kind).html()
    assert "<script" not in text
    assert not re.search(r"\son\w+=|@import|url\(|src=", text)
    assert {*re.findall(r"https?://[^\"'\s<]+", text)} <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<(link|iframe|img|object|form)\b", text)
    assert text.startswith("<!doctype html>")


@pytest.mark.parametrize("kind", ["week", "quarter"])
def test_every_number_of_the_card_and_its_interval_is_told(kind: str) -> None:
    text = document("week").html()
    for row in numbers("week")["scorecard"]:
        assert f">{row['label']}<" in text
    assert document(kind).headline.title in document(kind).html()


def test_a_hostile_name_is_told_and_never_read_as_markup() -> None:
    made = numbers("quarter")
    hostile = {
        **made, "workspace": HOSTILE,
        "stories": [{**story, "name": HOSTILE, "segment": HOSTILE} for story in made["stories"]],
    }  # fmt: skip
    found = document_of(hostile)
    assert "<script>alert" not in found.html()
    assert re.fullmatch(r"[a-z0-9-]+-2026-Q\d", found.name)
    pytest.importorskip("typst", reason='needs pip install "cxcurve[reports]"')
    assert found.pdf().startswith(b"%PDF-")


def test_a_pdf_is_one_page_and_the_same_bytes_each_time() -> None:
    pytest.importorskip("typst", reason='needs pip install "cxcurve[reports]"')
    week = document("week")
    first, second = week.pdf(), document("week").pdf()
    assert first == second
    assert first.startswith(b"%PDF-")
    (picture,) = week.png()
    assert picture.startswith(b"\x89PNG")
    assert len(document("quarter").png()) == 2


def test_without_typst_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeset, "find_spec", lambda _: None)
    with pytest.raises(WorkspaceError, match=r"pip install \"cxcurve\[reports\]\""):
        document("week").pdf()
    assert document("week").html()


def test_a_picture_for_the_typesetter_has_plain_colours() -> None:
    told = flat(charts.sparkline([1, 2, 3]).svg)
    style = told[told.index("<style>") : told.index("</style>")]
    assert not re.search(r"var\(|light-dark|:is\(|:hover|@supports", style)
    assert ".cx .pull-edge {stroke: #0b735e}" in style
    assert ".cx .drag-edge.is-claim {stroke-width: 2.5; stroke-opacity: 1}" in style


def test_a_later_edition_stands_beside_the_first() -> None:
    made = numbers("week")
    rows = [
        {**row, "current": row["current"] + 7} if row["metric"] == "friction_index" else row
        for row in made["scorecard"]
    ]
    first, both = document_of(made), document_of(made, later={**made, "scorecard": rows})
    assert [one.label for one in both.read.later] == ["Journey Friction Index"]
    assert "Known since" in both.html()
    assert replace(both.read, later=()) == first.read, "what it said first stays"


@pytest.mark.parametrize(
    ("name", "made"), [("Acme GmbH & Co", "acme-gmbh-co"), ("!", "report"), ("株式会社", "report")]
)
def test_a_name_for_files(name: str, made: str) -> None:
    assert slug(name) == made
