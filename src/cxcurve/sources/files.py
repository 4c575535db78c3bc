"""Files on disk: found, looked into and opened, unpacked and tolerant of a cut-off end."""

from __future__ import annotations

import glob
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal, TypeAlias, cast

from cxcurve.errors import CxcurveError, Problem, did_you_mean
from cxcurve.model.sources import Source

Format = Literal["csv", "jsonl", "parquet"]
_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_Packed: TypeAlias = io.BufferedReader | gzip.GzipFile | zipfile.ZipExtFile
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of rows: a file on disk or a member of a zip. `name` is how messages call it."""

    path: Path
    name: str
    format: Format
    member: str | None = None


class _UnfitError(CxcurveError, ValueError):
    """A zip without a file of rows that can be opened."""


class Unpacked(io.RawIOBase):
    """The bytes of a part, unpacked. Where they break off, they end, and `damage` says why."""

    def __init__(self, inner: _Packed, disk: io.BufferedReader) -> None:
        self._inner = inner
        self._disk = disk
        self.damage = ""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what comes next; 0 at the end or where the file breaks off."""
        try:
            block = b"" if self.damage else self._inner.read1(len(buffer))
        except _BROKEN as error:
            self.damage = str(error).rstrip(".")
            return 0
        buffer[: len(block)] = block
        return len(block)

    def position(self) -> int:
        """Bytes of the file on disk read so far."""
        return 0 if self._disk.closed else self._disk.tell()


def find_parts(source: Source, folder: Path) -> tuple[list[Part], list[Problem]]:
    """Every file of rows of `source`, sorted by name, and what is wrong with the others.

    Args:
        source: its `files` are paths or globs below `folder`.
        folder: the workspace.
    """
    parts: list[Part] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for pattern in source.files:
        names = [name for name in _matches(pattern, folder) if name not in seen]
        if not names and not seen.intersection(_matches(pattern, folder)):
            problems.append(_missing(source, pattern, folder))
        seen.update(names)
        for name in names:
            try:
                parts += _parts_of(source, folder / name, name)
            except (OSError, *_BROKEN, _UnfitError) as error:
                problems.append(Problem(name, 0, f"cannot be read: {_explained(error)}"))
    return parts, problems


@contextmanager
def opened(part: Part) -> Iterator[Unpacked]:
    """The unpacked bytes of `part`."""
    with part.path.open("rb") as disk:
        if part.member is not None:
            with zipfile.ZipFile(disk) as archive, archive.open(part.member) as member:
                yield Unpacked(cast(zipfile.ZipExtFile, member), disk)
        elif _is_gzip(disk):
            with gzip.GzipFile(fileobj=disk) as unzipped:
                yield Unpacked(unzipped, disk)
        else:
            yield Unpacked(disk, disk)


def size_on_disk(parts: list[Part]) -> int:
    """Bytes of all the files the parts are in."""
    return sum(path.stat().st_size for path in {part.path for part in parts})


def is_parquet(path: Path) -> bool:
    """Whether the file on disk is Parquet as it is, not packed."""
    with path.open("rb") as disk:
        return disk.read(4) == _PARQUET


def _matches(pattern: str, folder: Path) -> list[str]:
    if (folder / pattern).is_file():
        return [pattern]
    found = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 (Path.glob refuses absolute patterns)
    return sorted(PurePosixPath(Path(name)).as_posix() for name in found if (folder / name).is_file())


def _missing(source: Source, pattern: str, folder: Path) -> Problem:
    if glob.has_magic(pattern):
        what, hint = f'no file matches "{pattern}"', ""
    else:
        what, hint = f'there is no file "{pattern}"', did_you_mean(pattern, _beside(pattern, folder))
    place = f"{folder.name or folder}{'.' if hint else ''}"
    return Problem("sources.yaml", 0, f'source "{source.key}": {what} in {place}{hint}')


def _beside(pattern: str, folder: Path) -> list[str]:
    """Files in the same folder whose names, endings apart, are much alike."""
    wanted = PurePosixPath(pattern)
    near = folder / wanted.parent
    files = [wanted.parent / one.name for one in near.iterdir() if one.is_file()] if near.is_dir() else []
    return [file.as_posix() for file in files if did_you_mean(wanted.stem, [file.stem])]


def _parts_of(source: Source, path: Path, name: str) -> list[Part]:
    with path.open("rb") as disk:
        if disk.read(4) in _ZIP:
            return _members(source, path, name)
    plain = Part(path, name, source.format or _format_by_name(name) or "csv")
    if source.format or _format_by_name(name):
        return [plain]
    with opened(plain) as stream:
        return [Part(path, name, _format_by_content(stream.read(512) or b""))]


def _members(source: Source, path: Path, name: str) -> list[Part]:
    with zipfile.ZipFile(path) as archive:
        infos = sorted((one for one in archive.infolist() if _is_data(one)), key=lambda one: one.filename)
    if any(info.flag_bits & 1 for info in infos):
        raise _UnfitError("it is encrypted; unpack it first")
    formats = {info.filename: _format_by_name(info.filename) for info in infos}
    fitting = {member: kind for member, kind in formats.items() if kind and source.format in (None, kind)}
    if not fitting and len(infos) == 1 and source.format:
        fitting = {infos[0].filename: source.format}
    if not fitting:
        raise _UnfitError("it holds no csv, jsonl or parquet file")
    return [Part(path, f"{name}/{member}", kind, member) for member, kind in fitting.items()]


def _is_data(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename)
    return not info.is_dir() and path.parts[0] != "__MACOSX" and not path.name.startswith(".")


def _format_by_name(name: str) -> Format | None:
    return _FORMATS.get(PurePosixPath(name.lower().removesuffix(".gz")).suffix)


def _format_by_content(head: bytes) -> Format:
    if head.startswith(_PARQUET):
        return "parquet"
    return "jsonl" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def _is_gzip(disk: IO[bytes]) -> bool:
    head = disk.read(2)
    disk.seek(0)
    return head == _GZIP


def _explained(error: Exception) -> str:
    if isinstance(error, zipfile.BadZipFile):
        return f"the zip is damaged or cut off ({error}), nothing of it was read; send the whole file again"
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error)
