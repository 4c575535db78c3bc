"""Journey maps: what customers of a persona do, feel and meet at each stage, beside what we believe and want."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cxcurve.metrics.personas import MINDSETS, PERSONA_DAYS
from cxcurve.web.asked import Asked
from cxcurve.web.pages.frame import Field, Frame, framed, with_query
from cxcurve.web.reader import View
from cxcurve.web.visitor import may
from cxcurve.workspace import Workspace
from cxcurve.workspace.maps import CURRENT, FUTURE, MapResult, Persona
from cxcurve.workspace.remedies import LONGEST_TEXT

PARAMETERS = ("role", "mindset")
SEGMENT = "segment"
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class MapsPage(Frame):
    """What maps.html shows."""

    result: MapResult
    persona: Persona
    choices: tuple[Field, ...]
    stages: tuple[Row, ...]
    gaps: tuple[Row, ...]
    may_write: bool
    days: ClassVar[int] = PERSONA_DAYS
    longest: ClassVar[int] = LONGEST_TEXT

    def to_json(self) -> dict[str, Any]:
        """Stages with what is measured, believed and wanted; the gaps, the largest first."""
        return self.result.to_json()


def build(view: View, asked: Asked) -> MapsPage:
    """The page for a query.

    Raises:
        UnknownNameError: nobody has such a role, or there is no such mindset.
    """
    frame = framed(view, asked, "Journey maps", "maps", "/maps")
    segment = dict(view.whom.segment).get(SEGMENT, "")
    persona = Persona(segment, asked.given.get("role", ""), asked.given.get("mindset", ""))
    result = view.map(persona)
    told = result.to_json()
    roles = tuple((one, one.replace("_", " ").capitalize()) for one in result.roles)
    choices = (
        Field("role", "Role", (("", "Any role"), *roles), persona.role),
        Field(
            "mindset", "Mindset", (("", "Any mindset"), *((one, one.capitalize()) for one in MINDSETS)), persona.mindset
        ),
    )
    return MapsPage(
        **frame,
        result=result,
        persona=persona,
        choices=() if result.is_few else choices,
        stages=tuple(told["stages"]),
        gaps=tuple(told["gaps"]),
        may_write=may("POST", "/maps"),
    )


def change(workspace: Workspace, form: Mapping[str, str], by: str) -> str:
    """Take the form of a stage: what is believed and wanted of a persona; says where to go then."""
    said = {**form, **{f"level_{of}": form.get(f"level_{of}", "") for of in (CURRENT, FUTURE)}}
    persona = workspace.believe(said, by)
    kept = {name[5:]: value for name, value in form.items() if name.startswith("kept_") and value}
    chosen = {"role": persona.role, "mindset": persona.mindset}
    return with_query("/maps", {**kept, **{k: v for k, v in chosen.items() if v}}) + f"#stage-{form.get('stage', '')}"
