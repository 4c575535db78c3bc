"""The form of a signal or stage of the journey, step by step: checked, compared, tried on the scores, saved."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from cxcurve.errors import BadValueError, ConflictError, Problem, Severity, WorkspaceError
from cxcurve.web.pages.frame import with_query
from cxcurve.workspace import Workspace
from cxcurve.workspace.drafts import Draft, Kind, check_unchanged, draft, file_of, save
from cxcurve.workspace.previews import Preview, preview

MARK, CHECKED, STEP, PREVIEW = "mark", "checked", "step", "preview"
KINDS = ("signal", "stage")
SETTING = "set_"
"""Begins the names of the fields that are settings."""
MOST_PROBLEMS = 50
UNSEEN = "The form was changed since the difference was shown. Look at it once more, then save."


@dataclass(frozen=True)
class Answer:
    """What became of a form: the draft, what is wrong or in the way, and what the scores would be."""

    made: Draft
    given: Mapping[str, str] = field(default_factory=dict)
    complaint: str = ""
    found: Preview | None = None
    status: int = 200

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps it from being saved."""
        return tuple(one for one in self.made.problems if one.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What may be meant."""
        return tuple(one for one in self.made.problems if one.severity is not Severity.ERROR)

    @property
    def can_save(self) -> bool:
        """Whether there is anything to save, and nothing wrong with it."""
        return self.made.journey is not None and self.made.is_change

    @property
    def checked(self) -> str:
        """What tells the difference that was shown from any other."""
        return hashlib.sha256(self.made.text.encode()).hexdigest()


def answer(workspace: Workspace, query: Mapping[str, str], form: Mapping[str, str]) -> Answer:
    """Check a form, and try it on the scores where that is asked for; nothing is written.

    Raises:
        UnknownNameError: there is no such signal or stage.
        BadValueError: the address names none.
    """
    said = _read(workspace, query, form)
    if said.errors:
        return replace(said, status=400)
    try:
        check_unchanged(workspace.folder, form.get(MARK, ""))
    except ConflictError as error:
        return replace(said, complaint=str(error), status=409)
    if form.get(STEP) != PREVIEW or not said.can_save or said.made.journey is None:
        return said
    try:
        return replace(said, found=preview(workspace, said.made.journey))
    except WorkspaceError as error:
        return replace(said, complaint=str(error), status=409)


def keep(workspace: Workspace, query: Mapping[str, str], form: Mapping[str, str]) -> str | Answer:
    """Save what was checked: where to go then, or why it was not saved.

    Raises:
        UnknownNameError: there is no such signal or stage.
        BadValueError: the address names none.
    """
    said = _read(workspace, query, form)
    if said.errors:
        return replace(said, status=400)
    try:
        check_unchanged(workspace.folder, form.get(MARK, ""))
        if not said.can_save:
            return replace(said, status=400)
        if form.get(CHECKED) != said.checked:
            return replace(said, complaint=UNSEEN, status=409)
        save(workspace, said.made, form.get(MARK, ""))
    except (ConflictError, WorkspaceError) as error:
        return replace(_read(workspace, query, form), complaint=str(error), status=409)
    return with_query("/journey", {said.made.kind: said.made.name, "saved": "1"})


def _read(workspace: Workspace, query: Mapping[str, str], form: Mapping[str, str]) -> Answer:
    """The draft; which signal or stage it is of its address says, for that is what the audit log keeps."""
    named = [(kind, query[kind]) for kind in KINDS if query.get(kind)]
    if len(named) != 1 or len(query) != 1:
        raise BadValueError("The address names no signal and no stage, or more than one; nothing was changed")
    kind, name = named[0]
    given = {key.removeprefix(SETTING): value for key, value in form.items() if key.startswith(SETTING)}
    return Answer(draft(file_of(workspace.folder), cast(Kind, kind), name, given), given)
