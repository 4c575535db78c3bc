"""Where scores are written to: `destinations.yaml` as frozen objects; read it with `model.read_destinations`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from cxcurve.model.connect import Connect
from cxcurve.model.journey import Frozen
from cxcurve.model.schedules import Schedule
from cxcurve.tables import Purpose

Kind = Literal["text", "number", "time"]
To = Literal["hubspot", "salesforce", "webhook", "table", "csv"]
KEY = "customer_id"


@dataclass(frozen=True, slots=True)
class Ours:
    """One thing that can be written: its kind and what it means."""

    kind: Kind
    label: str
    meaning: str


FIELDS: Mapping[str, Ours] = {
    KEY: Ours("text", "Customer", "the id by which events name the customer"),
    "name": Ours("text", "Name", "what people call it"),
    "owner": Ours("text", "Owner", "who looks after it"),
    "stage": Ours("text", "Stage", "the stage of the journey, by its label; null outside the journey"),
    "stage_since": Ours("time", "In stage since", "when it was reached, UTC"),
    "friction_index": Ours("number", "Friction", "Journey Friction Index, 0 to 100, whole points"),
    "momentum_index": Ours("number", "Momentum", "Momentum Score, 0 to 100, whole points"),
    "advocacy_index": Ours("number", "Advocacy", "Advocacy, 0 to 100, whole points"),
    "level": Ours("number", "Level", "momentum less friction, -100 to 100, whole points"),
    "drift_state": Ours("text", "Drift", "`drifting` beyond the usual end of the passage, else `on its way`"),
    "pair": Ours("text", "Pair", "flowing, pushing through, coasting or stuck; null where the customer is new"),
    "states": Ours("text", "States", "new, slipping back, quiet advocate, critic; several by semicolons"),
    "top_reason": Ours("text", "Top reason", "the signal with most points in the friction; null without friction"),
    "next_step": Ours("text", "Next step", "what the journey names to bridge the zone, for who drifts or is stuck"),
    "as_of": Ours("time", "As of", "nothing at or after it is known, UTC"),
}
"""What can be written of a customer, in this order. What is not known is null, never a made-up figure."""


class Destination(Frozen):
    """One destination: which service, table, address or folder, what of it holds our id, and theirs by ours.

    `key` is what destinations.yaml calls it; `name` tells two accounts of one service apart, in the names of secrets.
    """

    key: str = ""
    to: To
    object: str | None = None
    match: str | None = None
    instance: str | None = None
    url: str | None = None
    table: str | None = None
    folder: str | None = None
    fields: Mapping[str, str] = Field(default_factory=dict)
    every: Schedule | None = None
    purpose: Purpose | None = None
    name: str | None = None

    @property
    def theirs(self) -> dict[str, str]:
        """Their fields by ours; where none are named all of ours, by names of that service's manner.

        In messages and files the id always stands; elsewhere it goes by `match`.
        """
        always = {KEY: KEY} if self.to in ("webhook", "csv") else {}
        if self.fields:
            return always | {ours: theirs for theirs, ours in self.fields.items()}
        left_out = {"webhook": (), "csv": (), "table": (KEY,)}.get(self.to, (KEY, "name", "owner"))
        return {name: _default_name(self.to, name) for name in FIELDS if name not in left_out}

    @property
    def matching(self) -> str:
        """Which of their fields holds our customer_id."""
        return self.match or {"hubspot": "hs_object_id", "salesforce": "Id"}.get(self.to, KEY)

    @property
    def things(self) -> str:
        """What they call a customer."""
        return self.object or {"hubspot": "companies", "salesforce": "Account"}.get(self.to, "")

    @property
    def place(self) -> str:
        """What tells it from another place: what was acknowledged elsewhere was not here."""
        return "|".join(str(one) for one in (self.to, self.things, self.matching, self.instance, self.url, self.table))

    @property
    def connect(self) -> Connect:
        """Under which name its secrets are given."""
        return Connect(service=self.to, rows="", name=self.name)


def _default_name(to: To, ours: str) -> str:
    if to == "hubspot":
        return f"cx_{ours}"
    if to == "salesforce":
        return f"CX_{'_'.join(word.capitalize() for word in ours.split('_'))}__c"
    return ours
