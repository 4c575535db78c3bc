"""A report in the forms it leaves in: an HTML file, a PDF, a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cxcurve.reports.headline import Headline
from cxcurve.reports.page import page
from cxcurve.reports.periods import Kind, Period
from cxcurve.reports.review import Review, review
from cxcurve.reports.sheet import Part, Sheet, sheet
from cxcurve.reports.typeset import typeset


@dataclass(frozen=True)
class Document:
    """What is read, and the template that puts it in place."""

    read: Sheet | Review
    template: Kind

    @property
    def name(self) -> str:
        """For files, without an ending."""
        return self.read.name

    @property
    def headline(self) -> Headline:
        """What it comes to in a line."""
        return self.read.headline

    def only(self, part: Part) -> Document:
        """A part of the report of a week; a quarter is told as a whole."""
        return self if isinstance(self.read, Review) else replace(self, read=self.read.only(part))

    def html(self) -> str:
        """One file that asks for nothing."""
        return page(self.read, f"{self.template}.html")

    def pdf(self) -> bytes:
        """A PDF file.

        Raises:
            WorkspaceError: typst is not installed.
        """
        return typeset(self.read, self.template, "pdf")[0]

    def png(self) -> list[bytes]:
        """A picture of each page.

        Raises:
            WorkspaceError: typst is not installed.
        """
        return typeset(self.read, self.template, "png")


def document_of(
    numbers: Mapping[str, Any], *, told: float | None = None, later: Mapping[str, Any] | None = None
) -> Document:
    """The document of numbers that were kept.

    Args:
        numbers: what the report says.
        told: the level that the report of the week it is compared with said.
        later: what is known of the same time now, to stand beside.
    """
    if numbers["kind"] == "quarter":
        return Document(review(numbers, told, Period.read(numbers["period"], "quarter").said), "quarter")
    return Document(sheet(numbers, told, later), "week")
