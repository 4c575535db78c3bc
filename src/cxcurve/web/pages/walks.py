"""Walks: how a journey goes at our company and at rivals', as somebody who walked it saw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cxcurve.errors import Problem, ProblemsError
from cxcurve.web import grid as grids
from cxcurve.web.asked import Asked
from cxcurve.web.flash import say
from cxcurve.web.grid import Column, Grid
from cxcurve.web.pages.frame import Field, Frame, bare, kept_of, local
from cxcurve.web.reader import View
from cxcurve.web.upload import text_of
from cxcurve.web.visitor import may
from cxcurve.workspace import Workspace
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.walks import FEELINGS, STEP, WALK, Side, Step, compared, delete_walk, gaps

PARAMETERS = (*grids.PARAMETERS, "journey")
CSV = "walks.csv"
TEXT, FILE, DELETE = "steps", "file", "delete"
LONGEST_BODY = 1_000_000
MOST_PROBLEMS = 20
COLUMNS = (
    Column("action", "Step", note="where"),
    Column("whose", "Company", kind="badge"),
    Column("walked_on", "Walked", kind="day", note="walker"),
    Column("expected", "Expected", is_less=True),
    Column("seen", "Seen", is_less=True),
    Column("minutes", "Minutes", kind="score"),
    Column("effort", "Effort, 1 to 7", kind="number"),
    Column("felt", "Feeling", kind="badge", tone="tone"),
    Column("step", "Number", kind="number", is_shown=False),
    Column("journey", "Journey", is_shown=False),
    Column("touchpoint", "Touchpoint", is_shown=False),
)
_TONES = {-2: "severe", -1: "heavy", 1: "smooth", 2: "smooth"}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """What was sent, and what is to be mended in it."""

    form: Mapping[str, str]
    problems: tuple[str, ...]
    n_problems: int


@dataclass(frozen=True, kw_only=True)
class WalksPage(Frame):
    """What walks.html shows."""

    steps: Sequence[Step]
    sides: Sequence[Side]
    gaps: Sequence[Row]
    latest: Sequence[Step]
    table: Grid
    may_write: bool
    refused: Refused | None = None
    step_columns: ClassVar[str] = ", ".join(STEP)
    all_columns: ClassVar[str] = ", ".join((*WALK, *STEP))
    feelings: ClassVar[Mapping[int, str]] = FEELINGS

    @property
    def form(self) -> Mapping[str, str]:
        """What the form shows: what was sent, where it could not be read."""
        empty = dict.fromkeys((*WALK, TEXT), "")
        return {
            **empty,
            "walked_on": self.as_of.date().isoformat() if self.as_of else "",
            **(self.refused.form if self.refused else {}),
        }

    def to_json(self) -> dict[str, Any]:
        """Every step, each journey at each company, and the gaps."""
        steps = [one.to_json() for one in self.steps]
        return {"steps": steps, "compared": [one.to_json() for one in self.sides], "gaps": list(self.gaps)}

    def to_csv(self) -> str:
        """Every step found."""
        return self.table.to_csv()


def build(view: View, asked: Asked, refused: Refused | None = None) -> WalksPage:
    """The page; it is there before anything is scored, and as of now."""
    workspace = view.workspace
    steps = workspace.walks()
    names = sorted({one.journey for one in steps})
    journey = asked.given.get("journey", "")
    if journey:
        asked.one_of("journey", journey, names)
    chosen = [one for one in steps if not journey or one.journey == journey]
    rows = [_told(one) for one in chosen]
    options = (("", "Any journey"), *((name, name) for name in names))
    frame = bare(workspace, "Walks") | {
        "nav": "walks", "json_url": "/walks.json", "kept": kept_of(asked, workspace.journey), "query": asked.given,
        "as_of": local(now_us(), workspace.settings.zone),
    }  # fmt: skip
    return WalksPage(
        **frame,
        steps=chosen,
        sides=compared(chosen),
        gaps=tuple(
            {"touchpoint": name, "minutes": gap.get("minutes"), "effort": gap.get("effort")}
            for name, gap in gaps(steps).items()
        ),
        latest=[one for one in steps if one.step == 1][:8],
        table=grids.grid(
            COLUMNS, rows, asked, sort="-walked_on", noun="step", csv_path="/walks.csv",
            searched=("action", "expected", "seen", "walker", "whose"),
            filters=(Field("journey", "Journey", options, journey),) if len(names) > 1 else (),
        ),
        may_write=may("POST", "/walks"),
        refused=refused,
    )  # fmt: skip


def change(workspace: Workspace, form: Mapping[str, str], by: str, file: bytes | None = None) -> str | Refused:
    """Take a form of the page: steps of walks, or a walk to take out; where to go then, or what is to be mended.

    Steps are pasted or come as a file; a file that cannot be read is shown where they are pasted, to be mended.
    """
    if walk_id := form.get(DELETE):
        delete_walk(workspace.store, walk_id)
        say("The walk is taken out.")
        return "/walks#walked"
    try:
        if file is not None:
            form = {**form, TEXT: _either(form.get(TEXT, ""), file)}
        workspace.write_walks(form.get(TEXT, ""), form, by)
    except ProblemsError as error:
        said = tuple(str(problem) for problem in error.problems)
        return Refused(form, said[:MOST_PROBLEMS], len(said))
    return "/walks#compared"


def _either(pasted: str, file: bytes) -> str:
    if pasted.strip():
        raise ProblemsError([Problem("walk", 0, "is pasted and chosen as a file; send one of the two")])
    return text_of(file, "walk")


def _told(one: Step) -> dict[str, Any]:
    where = f"{one.journey}, {one.touchpoint}" if one.touchpoint else one.journey
    felt = None if one.feeling is None else FEELINGS[one.feeling]
    tone = _TONES.get(one.feeling, "") if one.feeling is not None else ""
    return {**one.to_json(), "where": where, "whose": one.whose, "felt": felt, "tone": tone, "href": ""}
