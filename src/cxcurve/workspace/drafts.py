"""Changes of journey.yaml that are not saved yet: what it would say, what is wrong, and how they are saved."""

from __future__ import annotations

import difflib
import functools
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from cxcurve.errors import BadValueError, ConflictError, Problem, ProblemsError, UnknownNameError, WorkspaceError
from cxcurve.model.editing import written_in
from cxcurve.model.journey import Journey
from cxcurve.model.plan_versions import diff, plan_document
from cxcurve.model.reading import journey_of
from cxcurve.model.starters import JOURNEY_FILE, SOURCES_FILE
from cxcurve.workspace.changes import Change, Texts, applied, place_of
from cxcurve.workspace.folder import errors_of
from cxcurve.workspace.journey_settings import JUDGED, PARTS, Kind, Setting, settings_of
from cxcurve.workspace.scored import Scored

BOM = "\ufeff"
_AROUND = 2
"""Lines around a changed one that a difference shows."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is now; `mark` tells it from any other text."""

    text: str
    mark: str
    has_bom: bool = False


@dataclass(frozen=True, slots=True)
class Files:
    """journey.yaml and sources.yaml as they are now."""

    journey: File
    sources: File

    @property
    def mark(self) -> str:
        """What tells both from any others."""
        return hashlib.sha256(f"{self.journey.mark} {self.sources.mark}".encode()).hexdigest()

    @property
    def texts(self) -> Texts:
        """What they say."""
        return Texts(self.journey.text, self.sources.text)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference: `kind` is "same", "old", "new", or "place" above a piece."""

    kind: Literal["same", "old", "new", "place"]
    text: str


@dataclass(frozen=True)
class Draft:
    """Changes in order, and what the files say with them; `journey` is None where `problems` has errors."""

    changes: tuple[Change, ...]
    files: Files
    texts: Texts
    journey: Journey | None
    problems: tuple[Problem, ...]

    @property
    def is_change(self) -> bool:
        """Whether it says anything else than the files."""
        return self.texts != self.files.texts

    @property
    def mark(self) -> str:
        """What tells what the files would say from anything else."""
        return hashlib.sha256(f"{self.texts.journey}\0{self.texts.sources}".encode()).hexdigest()

    @property
    def differences(self) -> tuple[tuple[str, tuple[Line, ...]], ...]:
        """What the files would say instead, each that changes."""
        before, after = self.files.texts, self.texts
        pairs = (JOURNEY_FILE, before.journey, after.journey), (SOURCES_FILE, before.sources, after.sources)
        return tuple((name, tuple(_lines(old, new))) for name, old, new in pairs if old != new)

    @cached_property
    def said(self) -> tuple[str, ...]:
        """The same of the tracking plan, in words."""
        before = self.before
        if before is None or self.journey is None:
            return ()
        return tuple(diff(plan_document(before), plan_document(self.journey)).said())

    @cached_property
    def before(self) -> Journey | None:
        """The journey as its file is now; None where it has errors."""
        return journey_of(JOURNEY_FILE, self.files.journey.text)[0]

    @property
    def is_scored_anew(self) -> bool:
        """Whether it changes anything that scores rest on."""
        return self.before is None or self.journey is None or self.before.scored != self.journey.scored

    def lost(self, n_events: Mapping[str, int]) -> tuple[str, ...]:
        """What becomes of the events in the log that the plan would name no more, in words."""
        before, after = self.before, self.journey
        if before is None or after is None:
            return ()
        new = {one.name: one.value for one in self.changes if one.do == "rename" and one.kind == "signal"}
        gone = [name for name in before.signals if name not in after.signals and n_events.get(name)]
        return tuple(_lost(name, n_events[name], new.get(name)) for name in gone)


def files_of(folder: Path) -> Files:
    """The files as they are now; no sources.yaml is an empty one.

    Raises:
        WorkspaceError: one cannot be read.
    """
    has_sources = (folder / SOURCES_FILE).is_file()
    return Files(_file(folder / JOURNEY_FILE), _file(folder / SOURCES_FILE) if has_sources else File("", ""))


def _file(path: Path) -> File:
    try:
        data = path.read_bytes()
        text = data.decode()
    except OSError as error:
        raise WorkspaceError(f"{path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WorkspaceError(f"{path.name} is no UTF-8 text; save it as UTF-8 in your editor") from error
    return File(text.removeprefix(BOM), hashlib.sha256(data).hexdigest(), text.startswith(BOM))


def draft(files: Files, changes: Sequence[Change]) -> Draft:
    """The files with some changes, each made where the ones before it left them; nothing is written.

    What cannot be done is left out and told, so that one look tells everything.
    """
    return _made(files, tuple(changes))


@functools.lru_cache(maxsize=16)
def _made(files: Files, changes: tuple[Change, ...]) -> Draft:
    """The last ones are kept: each change reads the file anew, and of one page a draft is asked for several times."""
    texts, problems = files.texts, list[Problem]()
    for change in changes:
        try:
            texts = applied(texts, change, _shapes(change))
        except ProblemsError as error:
            problems += error.problems
        except (BadValueError, UnknownNameError) as error:
            problems.append(Problem(JOURNEY_FILE, 0, f"{change.said}: {error}"))
    read, found = journey_of(JOURNEY_FILE, texts.journey)
    problems = [*problems, *found]
    return Draft(changes, files, texts, None if errors_of(problems) else read, tuple(problems))


def _shapes(change: Change) -> Mapping[str, Setting]:
    """Every setting that a form of its kind may change, be it of another weighing."""
    if change.kind == "part":
        return {one.key: one for part in PARTS for one in settings_of("part", part)}
    return {one.key: one for one in all_settings(change.kind)}


def all_settings(kind: Kind) -> tuple[Setting, ...]:
    """Those of signals of both ways to weigh, or of stages."""
    return settings_of(kind, "", None) if kind == "stage" else (*settings_of(kind, ""), *JUDGED)


def written_of(made: Draft, kind: Kind, name: str) -> dict[str, str]:
    """What the draft says of a signal, stage or part, by setting; empty where it says nothing.

    Raises:
        UnknownNameError: there is no such signal, stage or part.
    """
    if kind == "part" and name not in PARTS:
        raise UnknownNameError("part", name, PARTS)
    said = written_in(made.texts.journey, place_of(made.texts.journey, kind, name))
    return {one.key: said.get(one.key, "") for one in settings_of(kind, name, made.journey or made.before)}


def changes_of(made: Draft, kind: Kind, name: str, given: Mapping[str, str]) -> list[Change]:
    """What a form says otherwise than the draft.

    Raises:
        UnknownNameError: there is no such signal, stage or part.
    """
    said, found = written_of(made, kind, name), []
    for setting in settings_of(kind, name, made.journey or made.before):
        value = _tidy(given.get(setting.key, said[setting.key]), setting)
        if value != _tidy(said[setting.key], setting):  # a form shows a text of several lines as one
            found.append(Change("set", kind, "" if kind == "part" else name, setting.key, value))
    return found


def collected(changes: Sequence[Change], more: Sequence[Change]) -> tuple[Change, ...]:
    """Changes with further ones; a setting that is set once more was not set before, as long as names stay."""
    names_stay = all(one.do in ("set", "add") for one in changes)
    again = {(one.kind, one.name, one.key) for one in more if one.do == "set" and names_stay}
    kept = [one for one in changes if one.do != "set" or (one.kind, one.name, one.key) not in again]
    return (*kept, *more)


def without(changes: Sequence[Change], files: Files) -> tuple[Change, ...]:
    """The changes that change anything."""
    found: list[Change] = []
    texts = files.texts
    for change in changes:
        try:
            made = applied(texts, change, _shapes(change))
        except (BadValueError, UnknownNameError, ProblemsError):
            found.append(change)
            continue
        if made != texts:
            found.append(change)
        texts = made
    return tuple(found)


def save(workspace: Scored, made: Draft, mark: str) -> None:
    """Write a draft to its files and score by it. Where anything fails the files stay as they were.

    Args:
        workspace: whose journey it is.
        made: a draft without errors.
        mark: of the files that whoever saves has seen.

    Raises:
        ConflictError: somebody else changed a file meanwhile.
        BadValueError: the draft has errors.
    """
    if made.journey is None:
        raise BadValueError(f"{JOURNEY_FILE} would have errors; nothing was saved")
    check_unchanged(workspace.folder, mark)

    before, folder, after = made.files, workspace.folder, made.texts
    files = [(folder / JOURNEY_FILE, _whole(before.journey, after.journey))]
    olds = [(folder / JOURNEY_FILE, _whole(before.journey, before.journey.text))]
    if after.sources != before.sources.text:
        files.insert(0, (folder / SOURCES_FILE, _whole(before.sources, after.sources)))
        olds.append((folder / SOURCES_FILE, _whole(before.sources, before.sources.text)))
    is_written = False

    def write() -> None:
        nonlocal is_written
        check_unchanged(folder, mark)  # a score takes a while
        _write(files)
        is_written = True

    try:
        workspace.adopt(made.journey, write)
    except BaseException:
        if is_written and workspace.journey is not made.journey:  # the scores could not be kept
            _write(olds)
        raise


def check_unchanged(folder: Path, mark: str) -> None:
    """Whether the files are still those that were looked at.

    Raises:
        ConflictError: they are not.
    """
    if files_of(folder).mark != mark:
        raise ConflictError(
            f"{JOURNEY_FILE} was changed by somebody else since you opened this form; nothing was saved. "
            "Look at the difference below, which is against the file as it is now, and save again."
        )


def _whole(file: File, text: str) -> bytes:
    return ((BOM if file.has_bom else "") + text).encode()


def _write(files: Sequence[tuple[Path, bytes]]) -> None:
    """All of them or none, with the rights they had: what takes time, and what may fail, comes before the first."""
    fresh: list[tuple[Path, Path]] = []
    try:
        for path, data in files:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            fresh.append((Path(name), path))
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(path.stat().st_mode & 0o777)
        _put(fresh)
    except OSError as error:
        raise WorkspaceError(f"{path.name} cannot be written: {error.strerror}; nothing was saved") from error
    finally:
        for name_now, _ in fresh:
            name_now.unlink(missing_ok=True)


def _put(fresh: Sequence[tuple[Path, Path]]) -> None:
    """Each in its place; those that are there already go back where another cannot."""
    before = [(path, path.read_bytes()) for _, path in fresh[:-1]]
    for n, (made, path) in enumerate(fresh):
        try:
            made.replace(path)
        except OSError:
            _write(before[:n])
            raise


def _lost(name: str, n: int, new: str | None) -> str:
    told = (
        f'{n:,} events called "{name}" are in the log. They keep their name, which the plan would not know any more: '
    )
    told += "they count in no score, and are told as unplanned on the page Tracking plan."
    if not new:
        return told
    mapped = f"Where a source goes on saying the old name, write `rename: {{{name}: {new}}}` at it in {SOURCES_FILE}."
    return f'{told} What comes from now on is to be called "{new}". {mapped}'


def _tidy(value: str, setting: Setting) -> str:
    """One line, or a list's lines, without what no editor shows."""
    if setting.shape == "list":
        return "\n".join(line for line in map(_line, value.splitlines()) if line)
    return _line(value)


def _line(value: str) -> str:
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
