"""Letters that no font draws: found, replaced and told; those of Europe are drawn by what the package brings."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pytest

from cxcurve.reports.letters import FONTS, said, undrawn, without
from cxcurve.reports.typeset import typeset

typst: Any = pytest.importorskip("typst", reason='needs pip install "cxcurve[reports]"')

NEVER = "\U0010fffd"
"""Of private use: no font has it. Han and Hangul are drawn where the computer has a font for them."""
EUROPE = "åßçłžőșığ Жизнь ЩЮ Ελλάδα – → − € “ ” · ½ ≤"


def pages_of(source: str, *, has_system_fonts: bool = False) -> list[bytes]:
    fonts = str(files("cxcurve.reports") / "static" / "fonts")
    made = typst.compile(
        source.encode(), format="svg", font_paths=[fonts], ignore_system_fonts=not has_system_fonts
    )  # fmt: skip
    return made if isinstance(made, list) else [made]


@dataclass(frozen=True)
class Page:
    """As little as the sheet's template takes."""

    title: str
    notes: tuple[str, ...] = ()


def test_europe_is_drawn_without_any_font_of_the_computer() -> None:
    assert undrawn(EUROPE, pages_of) == ""


def test_what_is_not_drawn_is_found_whatever_stands_beside() -> None:
    assert undrawn(f"Acme {NEVER} 株式会社 é{NEVER}", pages_of) == "会式株社" + NEVER
    assert undrawn("only ascii \u202e\u00a0\t", pages_of) == ""


def test_a_question_mark_stands_for_it_and_the_note_says_so() -> None:
    assert without("株 Acme 式", "株式") == "? Acme ?"
    assert "2 letters that no font" in said("株글")
    assert "(CJK, Hangul)" in said("株글")
    assert said(NEVER).startswith('Shown as "?": 1 letter that')


def test_a_document_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the letter the file is that of a title with a question mark, and of the note."""
    source = b"#let data = json(bytes(sys.inputs.data))\n#data.title\n#data.notes.join()"
    monkeypatch.setattr("cxcurve.reports.typeset._source", lambda *_: source)
    shown = typeset(Page("Acme ?", (said(NEVER),)), "week", "pdf")
    assert typeset(Page(f"Acme {NEVER}"), "week", "pdf") == shown
    assert typeset(Page("Acme ?"), "week", "pdf") != shown


def test_the_fonts_are_those_of_the_template() -> None:
    shared = (files("cxcurve.reports") / "static" / "shared.typ").read_text("utf-8")
    assert "font: (" + ", ".join(f'"{one}"' for one in FONTS) + ")" in shared
