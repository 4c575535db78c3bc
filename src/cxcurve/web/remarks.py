"""What people of the company write on a customer's page: a note, or that an alarm is wrong, because ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from cxcurve.errors import UnknownNameError
from cxcurve.web.asked import Whom
from cxcurve.web.flash import say
from cxcurve.web.guard import FormGuard, body_of
from cxcurve.web.notes import LONGEST_BODY, read_form
from cxcurve.web.reader import Reader, View
from cxcurve.web.visitor import visitor
from cxcurve.workspace import Workspace, remarks

Form = Mapping[str, str]
Write = Callable[[Workspace], object]


class Remarks:
    """Takes the forms. Whoever may know of some customers only writes on those only."""

    def __init__(self, reader: Reader, guard: FormGuard) -> None:
        self._reader, self._guard = reader, guard

    async def note(self, request: Request) -> Response:
        """A note, or one that is to go."""
        return await self._taken(request, self._note, "notes")

    async def wrong_alarm(self, request: Request) -> Response:
        """That an alarm is wrong."""
        return await self._taken(request, self._wrong_alarm, "wrong-alarms")

    async def _taken(self, request: Request, write: Callable[[View, Form], Write], place: str) -> Response:
        form = read_form(await body_of(request.stream(), LONGEST_BODY))
        self._guard.check(form, request.cookies, request.headers)
        return await run_in_threadpool(self._written, form, write, place)

    def _written(self, form: Form, of: Callable[[View, Form], Write], place: str) -> Response:
        customer_id = form.get("customer_id", "")
        with self._reader.view(Whom()) as view:
            if not view.has(customer_id):  # whether there is one outside is not to be told
                raise UnknownNameError("customer", customer_id)
            write = of(view, form)
        with self._reader.held() as workspace:
            write(workspace)
        return RedirectResponse(f"/customers/{quote(customer_id, safe='')}#{place}", 303)

    def _note(self, _: View, form: Form) -> Write:
        customer_id, by = form["customer_id"], visitor().name
        if note_id := form.get("remove"):
            say("The note is taken away.")
            return lambda workspace: remarks.remove(workspace.store, customer_id, note_id)
        return lambda workspace: remarks.note(workspace.store, customer_id, form.get("text", ""), by)

    def _wrong_alarm(self, view: View, form: Form) -> Write:
        """With the points the alarm had: of the score that is shown, not of what a form says."""
        customer_id, signal, by = form["customer_id"], form.get("signal", ""), visitor().name
        points = {row.signal: row.points for row in view.customer(customer_id).friction}.get(signal)
        reason = form.get("reason", "")
        return lambda workspace: remarks.call_wrong(
            workspace.store, workspace.journey, customer_id, signal, reason, by, points
        )
