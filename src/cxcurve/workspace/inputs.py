"""What is wrong with the files that sources.yaml names, before anything is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cxcurve.errors import Problem
from cxcurve.model import Source
from cxcurve.model.documents import read_document
from cxcurve.model.starters import SOURCES_FILE
from cxcurve.sources import check_files


def file_problems(folder: Path, sources: Iterable[Source]) -> list[Problem]:
    """Missing or damaged files and missing columns of all these sources, each with its line."""
    document, _ = read_document(folder / SOURCES_FILE)
    found = []
    for source in sources:
        line = document.line((source.key, "files" if source.connect is None else "connect")) if document else 0
        for problem in check_files(source, folder):
            has_no_line = problem.file == SOURCES_FILE and not problem.line
            found.append(replace(problem, line=line) if has_no_line else problem)
    return sorted(found)
