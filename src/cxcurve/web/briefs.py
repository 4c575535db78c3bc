"""Briefs of customers outside the pages: as JSON for side panels, and as a frame within another site's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from cxcurve.errors import UnknownNameError
from cxcurve.people.people import People
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.pages.brief import SHOWN_EVENTS, FramedBrief, framed_brief, told_events
from cxcurve.web.reader import Reader, View
from cxcurve.web.rendering import render
from cxcurve.workspace.brief import Brief
from cxcurve.workspace.instants import now_us

NOT_GOOD = "This link is not good, or its time is over. Ask for a new one."


class Briefs:
    """The answers, over the reader of the pages."""

    def __init__(self, reader: Reader, people: People) -> None:
        self._reader, self._people = reader, people

    def answer(self, request: Request, customer_id: str) -> Response:
        """The brief as JSON, its events told beside it."""
        asked = Asked.read(request.query_params.multi_items(), self._reader.workspace.journey)
        with self._reader.view(Whom(as_of=asked.whom.as_of)) as view:
            brief = view.brief(customer_id)
            return JSONResponse({**brief.to_json(), "events": events_json(view, brief)})

    def frame(self, request: Request, customer_id: str) -> Response:
        """The brief for whoever has a token for this customer; whatever is wrong is told alike."""
        token = request.query_params.get("token", "")
        if not self._people.signed.holds(token, customer_id, now_us()):
            return self._framed(FramedBrief(wrong=NOT_GOOD), 404)
        try:
            with self._reader.view(Whom()) as view:
                return self._framed(framed_brief(view, customer_id, f"/customers/{quote(customer_id, safe='')}"))
        except UnknownNameError:  # erased since
            return self._framed(FramedBrief(wrong=NOT_GOOD), 404)

    def _framed(self, page: FramedBrief, status: int = 200) -> Response:
        return Response(render("embed.html", page), status, media_type="text/html; charset=utf-8")


def events_json(view: View, brief: Brief) -> list[Mapping[str, Any]]:
    """The events that sentences name first, as they are told."""
    told = told_events(view, brief)
    shown = dict.fromkeys(event_id for one in brief.sentences for event_id in one.events[:SHOWN_EVENTS])
    return [{**told[event_id], "at": told[event_id]["at"].isoformat()} for event_id in shown if event_id in told]
