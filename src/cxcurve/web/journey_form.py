"""The forms of the journey, step by step: changes are collected, compared, tried on the scores, and saved at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cxcurve.errors import BadValueError, ConflictError, Problem, WorkspaceError
from cxcurve.web.flash import say
from cxcurve.web.pages.frame import with_query
from cxcurve.workspace import Workspace
from cxcurve.workspace.changes import KINDS, Change, names_of, place_of, read, written
from cxcurve.workspace.drafts import (
    Draft,
    changes_of,
    check_unchanged,
    collected,
    draft,
    files_of,
    save,
    without,
    written_of,
)
from cxcurve.workspace.folder import errors_of
from cxcurve.workspace.journey_settings import Kind
from cxcurve.workspace.previews import Preview, preview

DRAFT, MARK, CHECKED, STEP, NEW_NAME, OF = "draft", "mark", "checked", "step", "new_name", "of"
CHECK, PREVIEW, ADD, RENAME, REMOVE, EARLIER, LATER = "check", "preview", "add", "rename", "remove", "earlier", "later"
SETTING = "set_"
"""Begins the names of the fields that are settings."""
MOST_PROBLEMS = 50
LONGEST_BODY = 300_000
LONGEST_OF = 300
UNSEEN = "The draft was changed since the difference was shown. Look at it once more, then save."


@dataclass(frozen=True)
class Answer:
    """What became of a form: the draft, what is wrong or in the way, and what the scores would be.

    `kind` and `name` say which form is open, `given` what was typed into it; without a kind none is.
    """

    made: Draft
    kind: Kind | None = None
    name: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    complaint: str = ""
    found: Preview | None = None
    status: int = 200

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps it from being saved."""
        return tuple(errors_of(self.made.problems))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What may be meant."""
        return tuple(one for one in self.made.problems if one not in self.errors)

    @property
    def can_save(self) -> bool:
        """Whether there is anything to save, and nothing wrong with it."""
        return self.made.journey is not None and self.made.is_change


def opened(workspace: Workspace, query: Mapping[str, str]) -> Answer:
    """The draft of an address, and which form it opens.

    Raises:
        UnknownNameError: there is no such signal, stage or part.
        BadValueError: it names more than one, or its draft cannot be read.
    """
    made = draft(files_of(workspace.folder), read(query.get(DRAFT, "")))
    kind, name = _named(query)
    if kind is not None and made.before is not None:
        written_of(made, kind, name)
    return Answer(made, kind, name)


def answer(workspace: Workspace, query: Mapping[str, str], form: Mapping[str, str]) -> str | Answer:
    """Check a form and add it to the draft, or try the draft on the scores where that is asked for; nothing is written.

    Returns:
        Where to go then, or what stands in the way.

    Raises:
        UnknownNameError: there is no such signal, stage or part.
        BadValueError: the address names none or more than one, or the draft cannot be read.
    """
    said = opened(workspace, {**{key: query.get(key, "") for key in KINDS}, DRAFT: form.get(DRAFT, "")})
    if form.get(STEP) == PREVIEW:
        return _tried(workspace, replace(said, kind=None), form)
    if said.kind is None and form.get(STEP) != ADD:
        raise BadValueError("The address names no signal, no stage and no part; nothing was changed")
    given = {key.removeprefix(SETTING): value for key, value in form.items() if key.startswith(SETTING)}
    said = replace(said, given=given)
    try:
        check_unchanged(workspace.folder, form.get(MARK, ""))
        more = _asked(said, form)
    except ConflictError as error:
        return replace(said, complaint=str(error), status=409)
    except BadValueError as error:
        return replace(said, complaint=f"Nothing was changed: {error}", status=400)
    return _added(said, more, form)


def _added(said: Answer, more: Sequence[Change], form: Mapping[str, str]) -> str | Answer:
    """The draft with further changes, where nothing is wrong with it then."""
    changes = without(collected(said.made.changes, more), said.made.files)
    tried = draft(said.made.files, changes)
    if errors_of(tried.problems):
        return replace(said, made=replace(said.made, problems=tried.problems, journey=None), status=400)
    if changes == said.made.changes:
        return said
    try:
        return _where(said, form, written(changes))
    except BadValueError as error:
        return replace(said, complaint=f"Nothing was changed: {error}", status=400)


def keep(workspace: Workspace, query: Mapping[str, str], form: Mapping[str, str]) -> str | Answer:
    """Save what was checked: where to go then, or why it was not saved.

    Raises:
        BadValueError: the draft cannot be read, or the address names other changes than it holds.
    """
    said = Answer(draft(files_of(workspace.folder), read(form.get(DRAFT, ""))))
    if said.errors:
        return replace(said, status=400)
    try:
        check_unchanged(workspace.folder, form.get(MARK, ""))
        if not said.can_save:
            return replace(said, status=400)
        if form.get(CHECKED) != said.made.mark or query.get(OF) != of(said.made.changes):
            return replace(said, complaint=UNSEEN, status=409)
        save(workspace, said.made, form.get(MARK, ""))
    except (ConflictError, WorkspaceError) as error:
        again = draft(files_of(workspace.folder), said.made.changes)
        return replace(said, made=again, complaint=str(error), status=409)
    is_scored = workspace.is_scored and said.made.is_scored_anew
    say(
        "Saved. The scores are by the changed journey now."
        if is_scored
        else "Saved. No score rests on what was changed."
    )
    return "/journey"


def of(changes: Sequence[Change]) -> str:
    """What a draft changes, for the address it is saved at: that is what the audit log keeps."""
    named = dict.fromkeys(f"{one.kind} {one.name}" if one.name else one.key.partition(".")[0] for one in changes)
    told = ", ".join(named)
    return told if len(told) <= LONGEST_OF else f"{told[:LONGEST_OF]}…"


def _named(query: Mapping[str, str]) -> tuple[Kind | None, str]:
    named = [(kind, query[kind]) for kind in KINDS if query.get(kind)]
    if len(named) > 1:
        raise BadValueError("The address names more than one signal, stage or part; nothing was changed")
    return named[0] if named else (None, "")


def _tried(workspace: Workspace, said: Answer, form: Mapping[str, str]) -> Answer:
    if said.errors:
        return replace(said, status=400)
    try:
        check_unchanged(workspace.folder, form.get(MARK, ""))
        if not said.can_save or said.made.journey is None:
            return said
        return replace(said, found=preview(workspace, said.made.journey))
    except (ConflictError, WorkspaceError) as error:
        return replace(said, complaint=str(error), status=409)


def _asked(said: Answer, form: Mapping[str, str]) -> Sequence[Change]:
    """The changes that a form asks for."""
    step, new, kind, name = form.get(STEP, CHECK), " ".join(form.get(NEW_NAME, "").split()), said.kind, said.name
    if step == ADD:
        kind = "stage" if form.get("kind") == "stage" else "signal"
        return [Change("add", kind, new)]
    if kind is None:
        return []
    if step == CHECK or kind == "part":
        return changes_of(said.made, kind, name, said.given)
    if step == RENAME:
        return [Change("rename", kind, name, "", new)]
    if step == REMOVE:
        return [Change("remove", kind, name)]
    if step in (EARLIER, LATER) and kind == "stage":
        place = int(place_of(said.made.texts.journey, kind, name)[1]) + (1 if step == LATER else -1)
        n = len(names_of(said.made.texts.journey, kind))
        return [Change("move", kind, name, "", str(place))] if 0 <= place < n else []
    raise BadValueError("the form asks for nothing that is known")


def _where(said: Answer, form: Mapping[str, str], changes: str) -> str:
    """The page with the draft; what was added is opened to be filled in."""
    query = {DRAFT: changes} if changes else {}
    if form.get(STEP) == ADD:
        kind = "stage" if form.get("kind") == "stage" else "signal"
        return with_query("/journey", {kind: " ".join(form.get(NEW_NAME, "").split()), **query}) + "#edit"
    return with_query("/journey", query) + "#draft"
