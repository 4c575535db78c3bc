"""Advocacy: who is ready to speak for us, who does, who speaks against us, and whether ready means anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxcurve.charts import format as fmt
from cxcurve.metrics.advocacy import ACTION_DAYS
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.pages.explain import href_of
from cxcurve.web.pages.frame import Frame, customer_href, framed
from cxcurve.web.reader import View
from cxcurve.workspace.advocacy import AdvocacyResult
from cxcurve.workspace.explain import Key
from cxcurve.workspace.names import stage_label

PARAMETERS = ()
MOST_READY, MOST_CRITICS = 50, 20
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AdvocacyPage(Frame):
    """What advocacy.html shows."""

    result: AdvocacyResult
    stats: tuple[Row, ...]
    design: Row | None
    actions: tuple[Row, ...]
    ready: tuple[Row, ...]
    n_ready: int
    critics: tuple[Row, ...]
    n_critics: int
    reason: str | None

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show advocacy --json`."""
        return self.result.to_json()


def build(view: View, asked: Asked) -> AdvocacyPage:
    """The page for a query."""
    frame = framed(view, asked, "Advocacy", "advocacy", "/advocacy")
    result = view.advocacy
    told = result.to_json()
    return AdvocacyPage(
        **frame,
        result=result,
        stats=() if result.reason else _stats(told, view.whom),
        design=told["check"],
        actions=tuple(_action(row) for row in told["actions"]),
        ready=tuple(
            {**_linked(row, frame["kept"]), "stage_label": stage_label(view.workspace.journey, row["stage"])}
            for row in told["ready"][:MOST_READY]
        ),
        n_ready=told["n_ready"],
        critics=tuple(_linked(row, frame["kept"]) for row in told["critics"][:MOST_CRITICS]),
        n_critics=told["n_critics"],
        reason=result.reason,
    )


def _stats(told: Row, whom: Whom) -> tuple[Row, ...]:
    """How many are ready, the share of those ready then that has spoken since, and how many speak against us."""
    rate = told["rate"]
    spoke = f"of {fmt.plural(rate['n'], 'customer')} ready {ACTION_DAYS} days ago, have spoken for us since"
    return (
        _stat(
            "Ready",
            fmt.number(told["n_ready"]),
            "",
            f"of {fmt.number(told['n_reached_value'])} after first value",
            _explained(whom, "ready"),
        ),
        _stat(
            "Advocacy rate",
            None if rate["share"] is None else fmt.share(rate["share"]),
            fmt.interval(rate["low"], rate["high"], "share"),
            "Nobody was ready long enough ago to say." if rate["share"] is None else spoke,
            _explained(whom, "rate"),
        ),
        _stat(
            "Critics",
            fmt.number(told["n_critics"]),
            "",
            f"spoke against us in the last {ACTION_DAYS} days",
            _explained(whom, "critics"),
        ),
    )


def _explained(whom: Whom, what: str) -> str:
    return href_of(Key("advocacy", (what,), whom.segment, whom.cohort, whom.as_of))


def _stat(label: str, value: str | None, interval: str, note: str, href: str) -> Row:
    return {"label": label, "value": value, "interval": interval, "note": note, "tone": "", "href": href}


def _action(row: Row) -> Row:
    change = row["change"]
    is_real = change["low"] is not None and not change["low"] <= 1 <= change["high"]
    return {**row, "label": fmt.words(row["signal"]), "change": change, "is_real": is_real}


def _linked(row: Row, kept: Mapping[str, str]) -> Row:
    return {**row, "href": customer_href(row["customer_id"], kept)}
