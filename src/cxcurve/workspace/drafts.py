"""A change of journey.yaml that is not saved yet: what it would say, what is wrong with it, and how it is saved."""

from __future__ import annotations

import difflib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cxcurve.errors import BadValueError, ConflictError, Problem, UnknownNameError, WorkspaceError
from cxcurve.model.documents import Loc, document_of
from cxcurve.model.editing import changed, written_in
from cxcurve.model.journey import Journey, Signal
from cxcurve.model.plan_versions import diff, plan_document
from cxcurve.model.reading import journey_of
from cxcurve.model.starters import JOURNEY_FILE
from cxcurve.workspace.folder import errors_of
from cxcurve.workspace.scored import Scored

Kind = Literal["signal", "stage"]
LONGEST_VALUE = 300
BOM = "\ufeff"
_AROUND = 2
"""Lines around a changed one that a difference shows."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of a signal or a stage that a form changes; `is_text` whether it is read as text whatever it looks like."""

    key: str
    label: str
    hint: str = ""
    is_text: bool = True


_LABEL, _DESCRIPTION = Setting("label", "Label"), Setting("description", "Description")
_STAGE = Setting("stage", "Leads to stage", "empty where it moves nobody")
_HALF_LIFE = Setting("half_life", "Half life", "such as 14d: how fast its effect fades")
_COUNTED = (
    Setting("friction", "Friction weight", "1 doubles the odds of leaving", is_text=False),
    Setting("momentum", "Momentum weight", "1 doubles the odds of moving on", is_text=False),
)
_JUDGED = (
    Setting("valence_friction", "Friction weight of a bad answer", "1 doubles the odds of leaving", is_text=False),
    Setting("valence_momentum", "Momentum weight of a good answer", "1 doubles the odds of moving on", is_text=False),
)
_ADVOCACY = Setting("advocacy", "Advocacy weight", is_text=False)
_STAGE_SETTINGS = (
    _LABEL, Setting("description", "Question", "what the customer asks or feels here"), Setting("lead", "Lead"),
    Setting("expected", "Expected stay", "such as 30d; a stall is told against it"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """journey.yaml as it is now; `mark` tells it from any other text."""

    text: str
    mark: str
    has_bom: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference: `kind` is "same", "old", "new", or "place" above a piece."""

    kind: Literal["same", "old", "new", "place"]
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A change of one signal or stage; `journey` is None where `problems` has errors."""

    kind: Kind
    name: str
    file: File
    text: str
    journey: Journey | None
    problems: tuple[Problem, ...]

    @property
    def is_change(self) -> bool:
        """Whether it says anything else than the file."""
        return self.text != self.file.text

    @property
    def lines(self) -> tuple[Line, ...]:
        """What the file would say instead."""
        return tuple(_lines(self.file.text, self.text))

    @property
    def said(self) -> tuple[str, ...]:
        """The same of the tracking plan, in words."""
        before, _ = journey_of(JOURNEY_FILE, self.file.text)
        if before is None or self.journey is None:
            return ()
        return tuple(diff(plan_document(before), plan_document(self.journey)).said())


def file_of(folder: Path) -> File:
    """The journey's file as it is now.

    Raises:
        WorkspaceError: it cannot be read.
    """
    try:
        data = (folder / JOURNEY_FILE).read_bytes()
        text = data.decode()
    except OSError as error:
        raise WorkspaceError(f"{JOURNEY_FILE} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WorkspaceError(f"{JOURNEY_FILE} is no UTF-8 text; save it as UTF-8 in your editor") from error
    return File(text.removeprefix(BOM), hashlib.sha256(data).hexdigest(), text.startswith(BOM))


def settings_of(kind: Kind, signal: Signal | None = None) -> tuple[Setting, ...]:
    """What can be changed of a signal (those with answers good and bad weigh these), or of a stage."""
    if kind == "stage":
        return _STAGE_SETTINGS
    weights = _JUDGED if signal is not None and signal.valence is not None else _COUNTED
    return _LABEL, _STAGE, *weights, _ADVOCACY, _HALF_LIFE, _DESCRIPTION


def written_of(file: File, kind: Kind, name: str, journey: Journey) -> dict[str, str]:
    """What the file says of a signal or stage, by setting; empty where it says nothing.

    Raises:
        UnknownNameError: there is no such signal or stage.
    """
    place = _place(file, kind, name)
    settings = settings_of(kind, journey.signals.get(name) if kind == "signal" else None)
    written = written_in(file.text, place)
    return {one.key: written.get(one.key, "") for one in settings}


def draft(file: File, kind: Kind, name: str, given: Mapping[str, str]) -> Draft:
    """The file with other settings of a signal or stage; an empty one is taken out. Nothing is written.

    Raises:
        UnknownNameError: there is no such signal or stage.
    """
    place, text, problems = _place(file, kind, name), file.text, list[Problem]()
    written = written_in(file.text, place)
    journey, _ = journey_of(JOURNEY_FILE, file.text)
    signal = journey.signals.get(name) if journey is not None and kind == "signal" else None
    for setting in settings_of(kind, signal):
        if setting.key not in given:
            continue
        loc, value = (*place, setting.key), _tidy(given[setting.key])
        if value == _tidy(written.get(setting.key, "")):  # a form shows a text of several lines as one
            continue
        if len(value) > LONGEST_VALUE:
            message = f"{setting.label} has {len(value)} characters; at most {LONGEST_VALUE} are kept"
            problems.append(Problem(JOURNEY_FILE, 0, message))
            continue
        try:
            text = changed(text, loc, value or None, is_text=setting.is_text)
        except BadValueError as error:
            problems.append(Problem(JOURNEY_FILE, 0, str(error)))
    read, found = journey_of(JOURNEY_FILE, text)
    problems = [*problems, *found]
    return Draft(kind, name, file, text, None if errors_of(problems) else read, tuple(problems))


def save(workspace: Scored, made: Draft, mark: str) -> None:
    """Write a draft to the file and score by it. Where anything fails the file stays as it was.

    Args:
        workspace: whose journey it is.
        made: a draft without errors.
        mark: of the file that whoever saves has seen.

    Raises:
        ConflictError: somebody else changed the file meanwhile.
        BadValueError: the draft has errors.
    """
    if made.journey is None:
        raise BadValueError(f"{JOURNEY_FILE} would have errors; nothing was saved")
    check_unchanged(workspace.folder, mark)

    def write() -> None:
        check_unchanged(workspace.folder, mark)  # a score takes a while
        _write(workspace.folder / JOURNEY_FILE, (BOM if made.file.has_bom else "") + made.text)

    workspace.adopt(made.journey, write)


def check_unchanged(folder: Path, mark: str) -> None:
    """Whether the file is still the one that was looked at.

    Raises:
        ConflictError: it is not.
    """
    if file_of(folder).mark != mark:
        raise ConflictError(
            f"{JOURNEY_FILE} was changed by somebody else since you opened this form; nothing was saved. "
            "Look at the difference below, which is against the file as it is now, and save again."
        )


def _write(path: Path, text: str) -> None:
    """All of it or nothing, with the rights the file had."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as fresh:
                fresh.write(text.encode())
                fresh.flush()
                os.fsync(fresh.fileno())
            Path(name).chmod(path.stat().st_mode & 0o777)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WorkspaceError(f"{JOURNEY_FILE} cannot be written: {error.strerror}; nothing was saved") from error


def _place(file: File, kind: Kind, name: str) -> Loc:
    """Where a signal or stage stands in the file."""
    document, _ = document_of(JOURNEY_FILE, file.text)
    said = document.value if document is not None and isinstance(document.value, dict) else {}
    if kind == "signal":
        signals = said.get("signals")
        names = list(signals) if isinstance(signals, dict) else []
        if name not in names:
            raise UnknownNameError("signal", name, names)
        return "signals", name
    stages = said.get("stages")
    names = [one.get("name", "") if isinstance(one, dict) else str(one) for one in stages or ()]
    if name not in names:
        raise UnknownNameError("stage", name, names)
    return "stages", names.index(name)


def _tidy(value: str) -> str:
    """One line, without what no editor shows."""
    return " ".join("".join(one if one.isprintable() else " " for one in value).split())


def _lines(before: str, after: str) -> Iterator[Line]:
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), n=_AROUND, lineterm="")
    for line in list(found)[2:]:
        match line[:1]:
            case "@":
                yield Line("place", f"Line {line.split()[1].lstrip('-').split(',')[0]}")
            case "-":
                yield Line("old", line[1:])
            case "+":
                yield Line("new", line[1:])
            case _:
                yield Line("same", line[1:])
