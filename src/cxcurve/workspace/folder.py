"""The folder of a workspace: what its files say, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from cxcurve.errors import Problem, ProblemsError, Severity, WorkspaceError
from cxcurve.model import (
    Destination,
    Journey,
    Source,
    Subscription,
    cross_check,
    read_destinations,
    read_journey,
    read_sources,
    read_subscriptions,
)
from cxcurve.model.settings import Settings, read_settings
from cxcurve.model.starters import JOURNEY_FILE, SETTINGS_FILE, SOURCES_FILE
from cxcurve.workspace.inputs import file_problems

T = TypeVar("T")

DESTINATIONS_FILE, REPORTS_FILE = "destinations.yaml", "reports.yaml"
DATA_FOLDER, STORE_FILE = ".cxcurve", "events.duckdb"


def find(start: Path) -> Path:
    """The workspace that `start` is in: the nearest folder with a cxcurve.toml, upwards.

    Raises:
        WorkspaceError: there is none.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    raise WorkspaceError(
        f"{start}: no {SETTINGS_FILE} here or in a folder above. Make a workspace with `cxcurve init DIR`, "
        "or name one with `-w DIR`."
    )


class Folder:
    """A folder with cxcurve.toml, journey.yaml and sources.yaml; each is read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _settings_and_problems(self) -> tuple[Settings, list[Problem]]:
        return read_settings(self.folder / SETTINGS_FILE)

    @property
    def settings(self) -> Settings:
        """What cxcurve.toml says.

        Raises:
            ProblemsError: it has errors; all of them.
        """
        settings, found = self._settings_and_problems
        if errors := errors_of(found):
            raise ProblemsError(errors)
        return settings

    @property
    def name(self) -> str:
        """What pages call the workspace."""
        return self.settings.name or self.folder.name

    def problems(self) -> list[Problem]:
        """Everything wrong with the YAML and TOML files, errors and warnings."""
        journey, found = read_journey(self.folder / JOURNEY_FILE)
        sources, more = read_sources(self.folder / SOURCES_FILE)
        _, unwritten = read_destinations(self.folder / DESTINATIONS_FILE)
        _, unsent = read_subscriptions(self.folder / REPORTS_FILE)
        found = [*self._settings_and_problems[1], *found, *more, *unwritten, *unsent]
        if journey is not None and sources is not None:
            found += cross_check(journey, sources, self.folder / SOURCES_FILE)
        return sorted(found)

    @cached_property
    def journey(self) -> Journey:
        """The journey.

        Raises:
            ProblemsError: a file has errors; all of them.
        """
        return _sound(*read_journey(self.folder / JOURNEY_FILE))

    def reread(self) -> None:
        """Read the journey and the sources anew when they are next needed."""
        self.__dict__.pop("journey", None)
        self.__dict__.pop("sources", None)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The sources by name.

        Raises:
            ProblemsError: a file has errors; all of them.
        """
        # What is wrong with where scores and reports go is no reason not to load.
        if errors := [one for one in errors_of(self.problems()) if one.file not in (DESTINATIONS_FILE, REPORTS_FILE)]:
            raise ProblemsError(errors)
        sources, _ = read_sources(self.folder / SOURCES_FILE)
        return sources or {}

    @cached_property
    def destinations(self) -> dict[str, Destination]:
        """Where scores are written to, by name; none where there is no destinations.yaml.

        Raises:
            ProblemsError: the file has errors; all of them.
        """
        return _sound(*read_destinations(self.folder / DESTINATIONS_FILE))

    @cached_property
    def subscriptions(self) -> dict[str, Subscription]:
        """Who is sent reports, by name; nobody where there is no reports.yaml.

        Raises:
            ProblemsError: the file has errors; all of them.
        """
        return _sound(*read_subscriptions(self.folder / REPORTS_FILE))

    @cached_property
    def expected_gaps(self) -> dict[str, int]:
        """How long each source may be silent (microseconds), where sources.yaml can be read and says."""
        sources, _ = read_sources(self.folder / SOURCES_FILE)
        gaps = {name: source.expected_gap for name, source in (sources or {}).items()}
        return {name: round(gap.seconds * 1e6) for name, gap in gaps.items() if gap is not None}

    def file_problems(self, *names: str) -> list[Problem]:
        """What is wrong with the files of sources (all, or those named) that can be told from their headers."""
        sources, _ = read_sources(self.folder / SOURCES_FILE)
        return file_problems(self.folder, [s for key, s in (sources or {}).items() if not names or key in names])

    @property
    def has_data(self) -> bool:
        """Whether anything was ever put into the store; asking does not open it."""
        return (self.folder / DATA_FOLDER / STORE_FILE).is_file()


def _sound(made: T | None, found: Sequence[Problem]) -> T:
    """What a file says, where it says it without an error."""
    if made is None or errors_of(found):
        raise ProblemsError(errors_of(found))
    return made


def errors_of(problems: Sequence[Problem]) -> list[Problem]:
    """Those that are no mere warnings."""
    return [problem for problem in problems if problem.severity is Severity.ERROR]
