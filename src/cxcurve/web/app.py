"""The pages over HTTP: each with its .json twin, made from the same object."""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import ModuleType
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from cxcurve.errors import CxcurveError
from cxcurve.web import assets, lost_form, notes
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.guard import FormGuard, SafeHeaders
from cxcurve.web.ingest import Ingest
from cxcurve.web.pages import (
    advocacy,
    curve,
    customer,
    customers,
    drift,
    error,
    explain,
    plan,
    scorecard,
    scores,
    sources,
    ttv,
)
from cxcurve.web.pages.error import Failure
from cxcurve.web.pages.frame import Frame
from cxcurve.web.port import address, listening
from cxcurve.web.pulse import Pulse
from cxcurve.web.reader import Reader, View
from cxcurve.web.rendering import render
from cxcurve.workspace import Workspace

Build = Callable[[View, Asked], Any]
READ = ["GET", "HEAD"]


def create_app(workspace: Workspace) -> ASGIApp:
    """A workspace as an ASGI application: its pages, and in front of them what is sent to it."""
    return _app(workspace, _Site(workspace))


def _app(workspace: Workspace, site: _Site) -> ASGIApp:
    return Ingest(_pages(site), workspace.live)


def _pages(site: _Site) -> FastAPI:
    app = FastAPI(title="cxcurve", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_middleware(SafeHeaders)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    pages = {
        "/curve": curve, "/scorecard": scorecard, "/drift": drift, "/ttv": ttv, "/customers": customers,
        "/advocacy": advocacy, "/scores": scores, "/plan": plan, "/sources": sources,
    }  # fmt: skip
    for path, module in pages.items():
        app.add_api_route(path, site.html(module), methods=READ)
        app.add_api_route(f"{path}.json", site.json(module), methods=READ)
    app.add_api_route("/scores", site.look_back, methods=["POST"])
    app.add_api_route("/sources", site.say_who, methods=["POST"])
    app.add_api_route("/", site.html(curve), methods=READ)
    app.add_api_route("/customers.csv", site.csv, methods=READ)
    app.add_api_route("/customers/{customer_id:path}", site.customer, methods=READ)
    app.add_api_route("/explain", site.explain, methods=READ)
    app.add_api_route("/explain.json", site.explain, methods=READ)
    app.add_api_route("/notes", site.write_note, methods=["POST"])
    app.add_api_route("/static/{name}", site.static, methods=READ)
    app.add_api_route("/favicon.ico", lambda: Response(status_code=204), methods=READ)  # pages bring their own
    app.add_api_route("/api/ingest/ledger", site.ledger, methods=READ)
    app.add_api_route("/healthz", lambda: PlainTextResponse("ok"), methods=READ)
    app.add_api_route("/readyz", site.ready, methods=READ)
    app.add_exception_handler(CxcurveError, site.refused)
    app.add_exception_handler(HTTPException, site.missed)
    app.add_exception_handler(Exception, site.broken)
    return app


def serve(workspace: Workspace, host: str = "127.0.0.1", port: int = 8765) -> None:
    """Serve the pages until Ctrl+C; prints the address.

    Raises:
        BadValueError: the port is taken or may not be used, or the host is not this computer's.
        WorkspaceBusyError: another process has the workspace open.
    """
    with listening(host, port) as listener:
        workspace.store  # noqa: B018 - opened now, so that another process is named before the address is told
        site = _Site(workspace)
        config = uvicorn.Config(_app(workspace, site), log_level="warning", server_header=False)
        pulse = Pulse(site.reader)
        spare_the_collector()
        pulse.start()
        print(f"{workspace.name} is at {address(host, listener.getsockname()[1])} (Ctrl+C stops it)", flush=True)
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            pulse.stop()


def spare_the_collector() -> None:
    """Let the garbage collector leave alone what stays for good, and look after many new objects, not a few hundred.

    Reading what is sent makes thousands of objects a request, and walking again and again through all that numpy, ibis
    and the rest have made took much of the time (decision 0027).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Site:
    """The answers, over one reader."""

    def __init__(self, workspace: Workspace) -> None:
        self.reader = Reader(workspace)
        self.guard = FormGuard()

    def html(self, module: ModuleType) -> Callable[[Request], Response]:
        """The answer of a page."""
        template = f"{module.__name__.rpartition('.')[2]}.html"

        def answer(request: Request) -> Response:
            return self._html(template, self._built(request, module.build, module.PARAMETERS))

        return answer

    def json(self, module: ModuleType) -> Callable[[Request], Response]:
        """Its .json twin."""

        def answer(request: Request) -> Response:
            return JSONResponse(self._built(request, module.build, module.PARAMETERS).to_json())

        return answer

    def csv(self, request: Request) -> Response:
        """All customers of a search as CSV."""
        page = self._built(request, customers.build, customers.PARAMETERS)
        headers = {"content-disposition": 'attachment; filename="customers.csv"'}
        return Response(page.to_csv(), media_type="text/csv; charset=utf-8", headers=headers)

    def customer(self, request: Request, customer_id: str) -> Response:
        """A customer, or its JSON: an id that ends in ".json" itself comes before the twin of another."""
        if not customer_id:
            return RedirectResponse("/customers", 308)
        is_json = customer_id.endswith(".json") and not self._knows(customer_id)
        wanted = customer_id.removesuffix(".json") if is_json else customer_id
        path = str(request.url.path).removesuffix(".json") if is_json else str(request.url.path)
        page = self._built(request, lambda view, asked: customer.build(view, asked, wanted, path), customer.PARAMETERS)
        return JSONResponse(page.to_json()) if is_json else self._html("customer.html", page)

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
        form = notes.read_form(await request.body())
        self.guard.check(form, request.cookies, request.headers)
        with self.reader.held() as workspace:
            return RedirectResponse(notes.write(workspace, form), 303)

    async def say_who(self, request: Request) -> Response:
        """Take a form of the page on sources: whose an id is, or that a statement is undone."""
        form = notes.read_form(await request.body())
        self.guard.check(form, request.cookies, request.headers)
        with self.reader.held() as workspace:
            return RedirectResponse(sources.change(workspace, form), 303)

    async def look_back(self, request: Request) -> Response:
        """Take the list of lost customers of the page on scores; a test takes a while and must not hold up others."""
        form = notes.read_form(await lost_form.body_of(request.stream()), lost_form.LONGEST_BODY)
        self.guard.check(form, request.cookies, request.headers)
        return await run_in_threadpool(self._looked_back, form.get(lost_form.FIELD_NAME, ""))

    def _looked_back(self, text: str) -> Response:
        with self.reader.view(Whom()) as view:
            said = lost_form.answer(self.reader.workspace, text)
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

    def ledger(self) -> Response:
        """Where everything is that was acknowledged."""
        with self.reader.held() as workspace:
            return JSONResponse(workspace.live.ledger(workspace.store))

    def ready(self) -> Response:
        """Whether there is anything to show."""
        with self.reader.held() as workspace:
            return PlainTextResponse("ready") if workspace.is_scored else PlainTextResponse("nothing scored yet", 503)

    def refused(self, request: Request, problem: Exception) -> Response:
        """An error of ours."""
        return self._failed(request, error.failure_of(problem))  # type: ignore[arg-type]

    def missed(self, request: Request, problem: Exception) -> Response:
        """No such page, or not that way."""
        is_method = getattr(problem, "status_code", 404) == 405
        return self._failed(request, error.NOT_ALLOWED if is_method else error.NOT_FOUND)

    def broken(self, request: Request, _: Exception) -> Response:
        """A bug: said without its details, which the terminal shows."""
        return self._failed(request, error.BROKEN)

    def _built(self, request: Request, build: Build, parameters: tuple[str, ...]) -> Any:
        asked = Asked.read(request.query_params.multi_items(), self.reader.workspace.journey, parameters)
        with self.reader.view(asked.whom) as view:
            return build(view, asked)

    def _html(self, template: str, page: Frame) -> Response:
        response = Response(render(template, page, form_token=self.guard.token), media_type="text/html; charset=utf-8")
        response.headers["set-cookie"] = self.guard.cookie
        return response

    def _failed(self, request: Request, failure: Failure) -> Response:
        page = error.build(self.reader.workspace, failure)
        if request.url.path.endswith(".json"):
            return JSONResponse(page.to_json(), failure.status)
        return Response(render("error.html", page), failure.status, media_type="text/html; charset=utf-8")

    def _knows(self, customer_id: str) -> bool:
        with self.reader.held() as workspace:
            return workspace.store.customer_key(customer_id) is not None
