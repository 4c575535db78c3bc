"""The pages over HTTP: each with its .json twin, made from the same object."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from cxcurve.errors import CxcurveError
from cxcurve.model.settings import Oidc
from cxcurve.people.people import People
from cxcurve.web import assets, journey_form, lost_form, notes, openapi, write_keys
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.briefs import Briefs
from cxcurve.web.connections import server
from cxcurve.web.door import Door, for_people
from cxcurve.web.entrance import Entrance
from cxcurve.web.flash import Flash
from cxcurve.web.guard import FormGuard, SafeHeaders, body_of
from cxcurve.web.ingest import Ingest, is_for_programs
from cxcurve.web.pages import (
    actions,
    advocacy,
    curve,
    customer,
    customers,
    deals,
    design,
    drift,
    error,
    explain,
    flows,
    friction,
    journey,
    maps,
    plan,
    reports,
    revenue,
    scorecard,
    scores,
    search,
    sources,
    today,
    ttv,
    walks,
)
from cxcurve.web.pages.error import Failure
from cxcurve.web.pages.frame import Frame
from cxcurve.web.port import address, listening
from cxcurve.web.pulse import Pulse
from cxcurve.web.reader import Reader, View
from cxcurve.web.refresher import Build, Refresher
from cxcurve.web.remarks import Remarks
from cxcurve.web.rendering import render
from cxcurve.web.saved import SavedViews, corner
from cxcurve.web.scim import Scim
from cxcurve.web.settings import Settings
from cxcurve.web.sso import Sso
from cxcurve.web.upload import read_upload
from cxcurve.web.visitor import visitor
from cxcurve.web.writer import Writer
from cxcurve.workspace import Workspace
from cxcurve.workspace.instants import now_us

READ = ["GET", "HEAD"]
SWITCH_S = 0.0005
"""How long one thread may keep the others from running Python: each of the pulse's hundred queries waits for that."""
PAGES = {
    "/today": today, "/curve": curve, "/scorecard": scorecard, "/drift": drift, "/ttv": ttv, "/customers": customers,
    "/advocacy": advocacy, "/revenue": revenue, "/deals": deals, "/flows": flows, "/scores": scores, "/plan": plan,
    "/sources": sources, "/reports": reports, "/friction": friction, "/maps": maps, "/walks": walks, "/search": search,
    "/journey": journey, "/actions": actions,
}  # fmt: skip


def create_app(workspace: Workspace, *, people: People | None = None, host: str | None = None) -> ASGIApp:
    """A workspace as an ASGI application: its pages, and in front of them what is sent to it.

    Args:
        workspace: what is shown.
        people: who may sign in; default: those of the workspace.
        host: where it is served. As long as nobody signs in, pages are shown on this computer's own names only; None
            leaves that to whoever serves it.
    """
    return _app(workspace, _Site(workspace, people), host)


def _app(workspace: Workspace, site: _Site, host: str | None) -> ASGIApp:
    return Ingest(_pages(site, host), workspace.live)


def _pages(site: _Site, host: str | None) -> FastAPI:
    app = FastAPI(title="cxcurve", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_middleware(Flash)
    app.add_middleware(
        Door, people=site.people, live=site.reader.workspace.live, routes=lambda: app.routes, host=host,
        refuse=site.turned_away,
    )  # fmt: skip
    app.add_middleware(SafeHeaders, ancestors=site.reader.workspace.settings.ancestors)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_api_route("/openapi.json", site.openapi, methods=READ)
    for path, module in PAGES.items():
        app.add_api_route(path, site.html(module), methods=READ)
        app.add_api_route(f"{path}.json", site.json(module), methods=READ)
        if hasattr(module, "CSV"):
            app.add_api_route(f"{path}.csv", site.csv(module), methods=READ)
    app.add_api_route("/scores", site.look_back, methods=["POST"])
    app.add_api_route("/friction", site.decide, methods=["POST"])
    app.add_api_route("/maps", site.believe, methods=["POST"])
    app.add_api_route("/walks", site.walked, methods=["POST"])
    app.add_api_route("/actions", site.act, methods=["POST"])
    app.add_api_route("/actions/{action_id}/customers.csv", site.action_list, methods=READ)
    app.add_api_route("/journey", site.keep_journey, methods=["POST"])
    app.add_api_route("/journey/preview", site.try_journey, methods=["POST"])
    app.add_api_route("/sources", site.say_who, methods=["POST"])
    app.add_api_route("/reports/{name}", site.report, methods=READ)
    app.add_api_route("/reports", site.make_report, methods=["POST"])
    app.add_api_route("/", site.html(today), methods=READ)
    app.add_api_route("/design", site.html(design), methods=READ)
    app.add_api_route("/customers/{customer_id:anything}", site.customer, methods=READ)
    app.add_api_route("/api/customers/{customer_id:anything}/brief", site.briefs.answer, methods=READ)
    app.add_api_route("/embed/customers/{customer_id:anything}", site.briefs.frame, methods=READ)
    app.add_api_route("/customer-notes", site.remarks.note, methods=["POST"])
    app.add_api_route("/wrong-alarms", site.remarks.wrong_alarm, methods=["POST"])
    app.add_api_route("/explain", site.explain, methods=READ)
    app.add_api_route("/explain.json", site.explain, methods=READ)
    app.add_api_route("/notes", site.write_note, methods=["POST"])
    app.add_api_route("/static/{name}", site.static, methods=READ)
    app.add_api_route("/favicon.ico", lambda: Response(status_code=204), methods=READ)  # pages bring their own
    app.add_api_route("/api/ingest/ledger", site.ledger, methods=READ)
    _add_people(app, site)
    app.add_api_route("/healthz", site.alive, methods=READ)
    app.add_api_route("/readyz", site.ready, methods=READ)
    app.add_exception_handler(CxcurveError, site.refused)
    app.add_exception_handler(HTTPException, site.missed)
    app.add_exception_handler(Exception, site.broken)
    return app


def _add_people(app: FastAPI, site: _Site) -> None:
    entrance = site.entrance
    app.add_api_route("/sign-in", entrance.show_sign_in, methods=READ)
    app.add_api_route("/sign-in", entrance.sign_in, methods=["POST"])
    app.add_api_route("/sign-in/code", entrance.code, methods=["POST"])
    app.add_api_route("/sign-out", entrance.sign_out, methods=["POST"])
    app.add_api_route("/set-up/{secret}", entrance.show_set_up, methods=READ)
    app.add_api_route("/set-up/{secret}", entrance.set_up, methods=["POST"])
    app.add_api_route("/sign-in/oidc", site.sso.start, methods=READ)
    app.add_api_route("/sign-in/oidc/callback", site.sso.back, methods=READ)
    _add_scim(app, Scim(entrance))
    app.add_api_route("/views", site.saved.show, methods=READ)
    app.add_api_route("/views.json", site.saved.json, methods=READ)
    app.add_api_route("/views", site.saved.change, methods=["POST"])
    own = site.settings
    app.add_api_route("/settings", own.show, methods=READ)
    app.add_api_route("/settings", own.change, methods=["POST"])
    app.add_api_route("/settings/people", own.people, methods=READ)
    app.add_api_route("/settings/people.json", own.people_json, methods=READ)
    app.add_api_route("/settings/people", own.change_people, methods=["POST"])
    app.add_api_route("/settings/audit", own.audit, methods=READ)
    app.add_api_route("/settings/audit.json", own.audit_json, methods=READ)


def _add_scim(app: FastAPI, scim: Scim) -> None:
    app.add_api_route("/scim/v2/ServiceProviderConfig", scim.about, methods=READ)
    app.add_api_route("/scim/v2/ResourceTypes", scim.kinds, methods=READ)
    app.add_api_route("/scim/v2/Users", scim.list_users, methods=READ)
    app.add_api_route("/scim/v2/Users", scim.add_user, methods=["POST"])
    app.add_api_route("/scim/v2/Users/{id_}", scim.show_user, methods=READ)
    app.add_api_route("/scim/v2/Users/{id_}", scim.replace_user, methods=["PUT"])
    app.add_api_route("/scim/v2/Users/{id_}", scim.patch_user, methods=["PATCH"])
    app.add_api_route("/scim/v2/Users/{id_}", scim.delete_user, methods=["DELETE"])
    app.add_api_route("/scim/v2/Groups", scim.list_groups, methods=READ)
    app.add_api_route("/scim/v2/Groups", scim.add_group, methods=["POST"])
    app.add_api_route("/scim/v2/Groups/{id_}", scim.show_group, methods=READ)
    app.add_api_route("/scim/v2/Groups/{id_}", scim.replace_group, methods=["PUT"])
    app.add_api_route("/scim/v2/Groups/{id_}", scim.patch_group, methods=["PATCH"])
    app.add_api_route("/scim/v2/Groups/{id_}", scim.delete_group, methods=["DELETE"])


def serve(workspace: Workspace, host: str = "127.0.0.1", port: int = 8765) -> None:
    """Serve the pages until Ctrl+C; prints the address, and the link that sets up sign-in where nobody signs in yet.

    Raises:
        BadValueError: the port is taken or may not be used, or the host is not this computer's.
        WorkspaceBusyError: another process has the workspace open.
    """
    with listening(host, port) as listener:
        workspace.store.spare_a_processor()  # opened now, so that another process is named before the address is told
        site = _Site(workspace)
        pulse, writer = Pulse(site.reader), Writer(site.reader)
        site.refresher = Refresher(site.reader, [module.build for module in dict.fromkeys((today, *PAGES.values()))])
        spare_the_collector()
        sys.setswitchinterval(SWITCH_S)
        pulse.start()
        writer.start()
        site.refresher.start()
        at = address(host, listener.getsockname()[1])
        print(f"{workspace.name} is at {at} (Ctrl+C stops it)", flush=True)
        if not site.people.users.is_any:
            link = site.people.links.make("set_up", now_us())
            print(f"Nobody signs in yet. To set it up, open once within a day: {at}/set-up/{link}", flush=True)
        try:
            server(_app(workspace, site, host)).run(sockets=[listener])
        finally:
            site.refresher.stop()
            writer.stop()
            pulse.stop()


def spare_the_collector() -> None:
    """Let the garbage collector leave alone what stays for good, and look after many new objects, not a few hundred.

    Reading what is sent makes thousands of objects a request, and walking again and again through all that numpy, ibis
    and the rest have made took much of the time (decision 0027).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Anything(Convertor[str]):
    """The rest of a path, also one with line breaks in it: an id may have them."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())


class _Site:
    """The answers, over one reader."""

    def __init__(self, workspace: Workspace, people: People | None = None) -> None:
        self.reader = Reader(workspace)
        self.refresher: Refresher | None = None
        self.guard = FormGuard()
        self.people = people or workspace.team
        oidc = workspace.settings.oidc
        self.briefs, self.remarks = Briefs(self.reader, self.people), Remarks(self.reader, self.guard)
        self.entrance = Entrance(self.people, self.guard, workspace.name, oidc.name if oidc else None)
        self.sso = Sso(self.entrance, oidc or Oidc())
        self.settings = Settings(workspace, self.entrance, self.guard)
        parameters = {path: module.PARAMETERS for path, module in {**PAGES, "/": today}.items()}
        self.saved = SavedViews(workspace, self.entrance, self.guard, parameters)

    def html(self, module: ModuleType) -> Callable[[Request], Response]:
        """The answer of a page."""
        template = f"{module.__name__.rpartition('.')[2]}.html"

        def answer(request: Request) -> Response:
            return self._html(template, self._page(request, module))

        return answer

    def json(self, module: ModuleType) -> Callable[[Request], Response]:
        """Its .json twin."""

        def answer(request: Request) -> Response:
            return JSONResponse(self._page(request, module).to_json())

        return answer

    def csv(self, module: ModuleType) -> Callable[[Request], Response]:
        """Every row of its table that a search finds, as CSV."""
        headers = {"content-disposition": f'attachment; filename="{module.CSV}"'}

        def answer(request: Request) -> Response:
            page = self._page(request, module)
            return Response(page.to_csv(), media_type="text/csv; charset=utf-8", headers=headers)

        return answer

    def customer(self, request: Request, customer_id: str) -> Response:
        """A customer, or its JSON: an id that ends in ".json" itself comes before the twin of another."""
        if not customer_id:
            return RedirectResponse("/customers", 308)
        is_json = customer_id.endswith(".json") and not self._knows(customer_id)
        wanted = customer_id.removesuffix(".json") if is_json else customer_id
        path = str(request.url.path).removesuffix(".json") if is_json else str(request.url.path)
        page = self._built(request, lambda view, asked: customer.build(view, asked, wanted, path), customer.PARAMETERS)
        return JSONResponse(page.to_json()) if is_json else self._html("customer.html", page)

    def report(self, name: str) -> Response:
        """A report that is kept, as a file; a picture is of its first page."""
        with self.reader.beside() as workspace:
            made = reports.file_of(workspace, name)
        headers = {"content-disposition": f'attachment; filename="{made.name}"'}
        return Response(made.content(), media_type=made.kind, headers=headers)

    def explain(self, request: Request) -> Response:
        """A number explained, or its JSON; whom it is about its key says."""
        journey = self.reader.workspace.journey
        asked = Asked.read(request.query_params.multi_items(), journey, explain.PARAMETERS)
        key = explain.read_key(asked, journey)
        with self.reader.view(explain.whom_of(key)) as view:
            page = explain.build(view, asked, key)
        is_json = request.url.path.endswith(".json")
        return JSONResponse(page.to_json()) if is_json else self._html("explain.html", page)

    async def write_note(self, request: Request) -> Response:
        """Take the form of the curve page."""
        form = await self._form(request, notes.LONGEST_BODY)
        return await run_in_threadpool(self._written, lambda workspace: notes.write(workspace, form))

    async def decide(self, request: Request) -> Response:
        """Take the form of a row of the friction inventory."""
        form, by = await self._form(request, notes.LONGEST_BODY), visitor().name
        return await run_in_threadpool(self._written, lambda workspace: friction.change(workspace, form, by))

    async def make_report(self, request: Request) -> Response:
        """Make and keep the report of the last week or quarter."""
        form = await self._form(request, notes.LONGEST_BODY)
        return await run_in_threadpool(self._written, lambda workspace: reports.make(workspace, form))

    async def believe(self, request: Request) -> Response:
        """Take the form of a stage of a journey map."""
        form, by = await self._form(request, notes.LONGEST_BODY), visitor().name
        return await run_in_threadpool(self._written, lambda workspace: maps.change(workspace, form, by))

    async def walked(self, request: Request) -> Response:
        """Take the steps of walks; where they cannot be read the page says why, and keeps what was typed."""
        body, kind = await body_of(request.stream(), walks.LONGEST_BODY), request.headers.get("content-type", "")
        form, files = await run_in_threadpool(read_upload, kind, body, walks.LONGEST_BODY)
        self.guard.check(form, request.cookies, request.headers)
        return await run_in_threadpool(self._walked, form, visitor().name, files.get(walks.FILE))

    def _walked(self, form: Mapping[str, str], by: str, file: bytes | None) -> Response:
        with self.reader.held() as workspace:
            said = walks.change(workspace, form, by, file)
        if isinstance(said, str):
            return RedirectResponse(said, 303)
        with self.reader.view(Whom()) as view:
            response = self._html("walks.html", walks.build(view, Asked({}, Whom()), said))
        response.status_code = 400
        return response

    async def act(self, request: Request) -> Response:
        """Take an action, or that one is over; where it cannot be kept the page says why, and keeps what was typed."""
        form = await self._form(request, actions.LONGEST_BODY)
        return await run_in_threadpool(self._acted, form, visitor().name)

    def _acted(self, form: Mapping[str, str], by: str) -> Response:
        with self.reader.held() as workspace:
            said = actions.change(workspace, form, by)
        if isinstance(said, str):
            return RedirectResponse(said, 303)
        with self.reader.view(Whom()) as view:
            response = self._html("actions.html", actions.build(view, Asked({}, Whom()), said))
        response.status_code = 400
        return response

    def action_list(self, action_id: str) -> Response:
        """Whom to reach and whom to leave alone."""
        with self.reader.view(Whom()) as view:
            text = actions.list_csv(view, action_id)
        headers = {"content-disposition": f'attachment; filename="{actions.LIST_CSV}"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    async def try_journey(self, request: Request) -> Response:
        """Check a form of the journey, or try its draft on the scores; that takes a while, and keeps nothing."""
        form = await self._form(request, journey_form.LONGEST_BODY)
        return await run_in_threadpool(self._tried_journey, request.query_params, form)

    def _tried_journey(self, query: Mapping[str, str], form: Mapping[str, str]) -> Response:
        with self.reader.apart() as workspace:
            return self._journey(journey_form.answer(workspace, query, form))

    async def keep_journey(self, request: Request) -> Response:
        """Save what was checked, and score by it; where it cannot be saved the page says why."""
        form = await self._form(request, journey_form.LONGEST_BODY)
        return await run_in_threadpool(self._kept_journey, request.query_params, form)

    def _kept_journey(self, query: Mapping[str, str], form: Mapping[str, str]) -> Response:
        with self.reader.held() as workspace:
            said = journey_form.keep(workspace, query, form)
        return self._journey(said)

    async def _form(self, request: Request, longest: int) -> dict[str, str]:
        """What a form of ours brings."""
        form = notes.read_form(await body_of(request.stream(), longest), longest)
        self.guard.check(form, request.cookies, request.headers)
        return form

    def _written(self, write: Callable[[Workspace], str]) -> Response:
        """Where it leads that something was written: whoever writes may be long at it, and others are answered then."""
        with self.reader.held() as workspace:
            return RedirectResponse(write(workspace), 303)

    def _journey(self, said: str | journey_form.Answer) -> Response:
        if isinstance(said, str):
            return RedirectResponse(said, 303)
        with self.reader.view(Whom()) as view:
            response = self._html("journey.html", journey.build(view, Asked({}, Whom()), said))
        response.status_code = said.status
        return response

    async def say_who(self, request: Request) -> Response:
        """Take a form of the page on sources: whose an id is, that a statement is undone, or a write key."""
        form = await self._form(request, notes.LONGEST_BODY)
        if write_keys.SOURCE in form:
            return await run_in_threadpool(self._made_key, form)
        return await run_in_threadpool(self._written, lambda workspace: sources.change(workspace, form))

    def _made_key(self, form: Mapping[str, str]) -> Response:
        """The page with the key; no address leads to it again, and nothing in between keeps it."""
        made = write_keys.make(self.reader.workspace, form)
        with self.reader.view(Whom()) as view:
            response = self._html("sources.html", sources.build(view, Asked({}, Whom()), made))
        response.headers["cache-control"] = "no-store"
        return response

    async def look_back(self, request: Request) -> Response:
        """Take the list of lost customers of the page on scores; a test takes a while and must not hold up others."""
        form = await self._form(request, lost_form.LONGEST_BODY)
        return await run_in_threadpool(self._looked_back, form.get(lost_form.FIELD_NAME, ""))

    def _looked_back(self, text: str) -> Response:
        with self.reader.view(Whom(), tries=True) as view:
            said = lost_form.answer(view.workspace, text)
            page = scores.build(view, Asked({}, Whom()), said)
        response = self._html("scores.html", page)
        response.status_code = 400 if said.problems else 200
        return response

    def static(self, request: Request, name: str) -> Response:
        """A static file."""
        found = assets.answer(name, request.query_params.get("v"), request.headers.get("if-none-match"))
        if found is None:
            raise HTTPException(404)
        return found

    def openapi(self) -> Response:
        """What can be sent and read, for programs."""
        pages = {path: module.PARAMETERS for path, module in {**PAGES, "/explain": explain}.items()}
        return JSONResponse(openapi.document(self.reader.workspace.journey, pages))

    def ledger(self) -> Response:
        """Where everything is that was acknowledged."""
        with self.reader.beside() as workspace:
            return JSONResponse(workspace.live.ledger(workspace.store))

    async def alive(self) -> Response:
        """That the process answers, whatever its threads are busy with."""
        return PlainTextResponse("ok")

    def ready(self) -> Response:
        """Whether there is anything to show."""
        with self.reader.beside() as workspace:
            return PlainTextResponse("ready") if workspace.is_scored else PlainTextResponse("nothing scored yet", 503)

    def turned_away(self, request: Request, failure: Failure) -> Response:
        """Not let in at the door."""
        if visitor().role is None and for_people(request):
            return self.entrance.refusal(failure.title, failure.message, failure.status, failure.advice)
        return self._failed(request, failure)

    def refused(self, request: Request, problem: Exception) -> Response:
        """An error of ours."""
        return self._failed(request, error.failure_of(problem, is_form=request.method == "POST"))  # type: ignore[arg-type]

    def missed(self, request: Request, problem: Exception) -> Response:
        """No such page, or not that way."""
        is_method = getattr(problem, "status_code", 404) == 405
        return self._failed(request, error.NOT_ALLOWED if is_method else error.NOT_FOUND)

    def broken(self, request: Request, _: Exception) -> Response:
        """A bug: said without its details, which the terminal shows."""
        return self._failed(request, error.BROKEN)

    def _page(self, request: Request, module: ModuleType) -> Any:
        """A page about many; as long as it is read, it is kept fresh."""

        def build(view: View, asked: Asked) -> Any:
            page = module.build(view, asked)
            # Nobody looks for the same, or at the same draft, again and again.
            if self.refresher is not None and not {"q", journey_form.DRAFT} & asked.given.keys():
                self.refresher.note(module.build, asked)
            return page

        return self._built(request, build, module.PARAMETERS)

    def _built(self, request: Request, build: Build, parameters: tuple[str, ...]) -> Any:
        asked = Asked.read(request.query_params.multi_items(), self.reader.workspace.journey, parameters)
        if journey_form.DRAFT in asked.given:  # it takes a while to read, and those who read take turns: it is kept
            journey_form.opened(self.reader.workspace, asked.given)
        with self.reader.view(asked.whom) as view:
            return build(view, asked)

    def _html(self, template: str, page: Frame) -> Response:
        made = render(template, page, form_token=self.guard.token, views=corner(self.people, page))
        response = Response(made, media_type="text/html; charset=utf-8")
        response.headers["set-cookie"] = self.guard.cookie
        return response

    def _failed(self, request: Request, failure: Failure) -> Response:
        if is_for_programs(request.url.path):
            return JSONResponse({"code": failure.code, "message": failure.message}, failure.status)
        page = error.build(self.reader.workspace, failure)
        if request.url.path.endswith(".json"):
            return JSONResponse(page.to_json(), failure.status)
        return Response(render("error.html", page), failure.status, media_type="text/html; charset=utf-8")

    def _knows(self, customer_id: str) -> bool:
        with self.reader.view(Whom()) as view:
            return view.has(customer_id)
