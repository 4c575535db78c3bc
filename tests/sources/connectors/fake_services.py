"""Services on loopback that page as the real ones do, with limits, faults and a secret to guard."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "sesame-7f3a"


@dataclass
class Asked:
    """One request as the service sees it."""

    method: str
    path: str
    params: dict[str, str]
    body: Any
    headers: dict[str, str]
    base_url: str


@dataclass
class Answer:
    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fake:
    """A service: `routes` by path, `faults` to give instead of the answer with that number (from 1)."""

    routes: dict[str, Callable[[Asked], Any]]
    faults: dict[int, Answer] = field(default_factory=dict)
    open_routes: dict[str, Callable[[Asked], Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    hold_at: int = 0
    is_held: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if len(self.asked) == self.hold_at:
            self.is_held.set()
            self.goes_on.wait(30)
        if fault := self.faults.get(len(self.asked)):
            return fault
        if door := self.open_routes.get(asked.path.strip("/")):
            found = door(asked)
            return found if isinstance(found, Answer) else Answer(found)
        if not any(SECRET in text for text in (*asked.headers.values(), _basic(asked.headers))):
            return Answer({"error": "who are you?"}, 401)
        route = next((r for path, r in self.routes.items() if _fits(path, asked.path)), None)
        found = route(asked) if route else Answer({"error": f"no {asked.path}"}, 404)
        return found if isinstance(found, Answer) else Answer(found)

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.asked]


@contextmanager
def served(fake: Fake) -> Iterator[Fake]:
    """The service, listening on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            parts = urlsplit(self.path)
            params = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            is_json = "json" in (self.headers.get("Content-Type") or "")
            body = json.loads(text) if text and is_json else text.decode()
            answer = fake.answer(Asked(self.command, parts.path, params, body, dict(self.headers), fake.url))
            data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # whoever asked was killed

        do_GET = do_POST = do_PATCH = _serve

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.goes_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _basic(headers: dict[str, str]) -> str:
    kind, _, text = headers.get("Authorization", "").partition(" ")
    return b64decode(text).decode() if kind == "Basic" else ""


def _fits(pattern: str, path: str) -> bool:
    """`conversations/*` fits `/conversations/7`."""
    steps, theirs = pattern.strip("/").split("/"), path.strip("/").split("/")
    return len(steps) == len(theirs) and all(ours in ("*", other) for ours, other in zip(steps, theirs, strict=True))


def zendesk_export(name: str, records: list[dict[str, Any]], size: int, by: str) -> Callable[[Asked], Any]:
    """Cursor-based incremental export: what changed since `start_time`, then by `cursor`; ends with end_of_stream."""

    def route(asked: Asked) -> Any:
        start, cursor = asked.params.get("start_time"), asked.params.get("cursor")
        chosen = sorted(records, key=lambda one: one[by])
        if cursor is None:
            chosen, at = [one for one in chosen if one[by] >= int(start or 0)], 0
        else:
            since, _, at_text = cursor.partition("-")
            chosen, at = [one for one in chosen if one[by] >= int(since)], int(at_text)
            start = since
        page = chosen[at : at + size]
        after = f"{start}-{at + len(page)}"
        url = f"{asked.base_url}{asked.path.strip('/')}?cursor={after}"
        is_end = at + len(page) >= len(chosen)
        return {name: page, "after_cursor": after, "after_url": url, "end_of_stream": is_end}

    return route


def zendesk_times(name: str, records: list[dict[str, Any]], size: int, by: str) -> Callable[[Asked], Any]:
    """Time-based incremental export: the next page begins at the time the last one ended."""

    def route(asked: Asked) -> Any:
        start = int(asked.params["start_time"])
        chosen = sorted((one for one in records if one[by] >= start), key=lambda one: one[by])
        page = chosen[:size]
        while len(page) < len(chosen) and chosen[len(page)][by] == page[-1][by]:
            page.append(chosen[len(page)])  # rows of one second are never torn apart
        end = page[-1][by] + 1 if page else start
        is_end = len(page) == len(chosen)
        url = f"{asked.base_url}{asked.path.strip('/')}?start_time={end}"
        return {name: page, "next_page": url, "end_time": end, "count": len(page), "end_of_stream": is_end}

    return route


def hubspot_search(records: list[dict[str, Any]], size: int, cursor: str = "hs_lastmodifieddate") -> Any:
    """A search: records from a moment on, in its order; `after` counts from the first; no more than 10,000."""

    def route(asked: Asked) -> Any:
        (condition,) = asked.body["filterGroups"][0]["filters"]
        assert (condition["propertyName"], condition["operator"]) == (cursor, "GTE")
        assert isinstance(condition["value"], str)
        since = datetime.fromtimestamp(int(condition["value"]) / 1000, UTC).isoformat(timespec="milliseconds")[:23]
        chosen = sorted(
            (one for one in records if one["properties"][cursor] >= since), key=lambda one: one["properties"][cursor]
        )
        at = int(asked.body.get("after", 0))
        if at >= 10_000:
            return Answer({"status": "error", "message": "no more than 10,000"}, 400)
        page = chosen[at : at + size]
        more = {"paging": {"next": {"after": str(at + size)}}} if at + size < len(chosen) else {}
        return {"total": len(chosen), "results": page, **more}

    return route


def hubspot_associations(company_of: dict[str, str]) -> Callable[[Asked], Any]:
    def route(asked: Asked) -> Any:
        ids = [one["id"] for one in asked.body["inputs"]]
        found = [{"from": {"id": i}, "to": [{"id": company_of[i], "type": "x"}]} for i in ids if i in company_of]
        return {"status": "COMPLETE", "results": found}

    return route


def intercom_search(name: str, records: list[dict[str, Any]], size: int) -> Callable[[Asked], Any]:
    """A search by updated_at; goes on by `pagination.starting_after`."""

    def route(asked: Asked) -> Any:
        query = asked.body["query"]
        assert (query["field"], query["operator"], type(query["value"])) == ("updated_at", ">", int)
        chosen = sorted((r for r in records if r["updated_at"] > query["value"]), key=lambda r: r["updated_at"])
        at = int(asked.body["pagination"].get("starting_after") or 0)
        more = {"next": {"page": 2, "starting_after": str(at + size)}} if at + size < len(chosen) else {}
        return {"type": "list", name: chosen[at : at + size], "total_count": len(chosen), "pages": more}

    return route


def stripe_list(records: list[dict[str, Any]], size: int) -> Callable[[Asked], Any]:
    """The newest first; goes on by the id of the last, as long as `has_more`."""

    def route(asked: Asked) -> Any:
        since = int(asked.params.get("created[gte]", 0))
        chosen = sorted((r for r in records if r["created"] >= since), key=lambda r: -r["created"])
        after = asked.params.get("starting_after")
        at = 1 + [r["id"] for r in chosen].index(after) if after else 0
        return {"object": "list", "data": chosen[at : at + size], "has_more": at + size < len(chosen)}

    return route


def salesforce(objects: dict[str, list[dict[str, Any]]], size: int) -> dict[str, Callable[[Asked], Any]]:
    """queryAll: what changed since, in that order; goes on at `nextRecordsUrl` until `done`. Signs in for a token."""
    results: dict[str, list[dict[str, Any]]] = {}

    def page(name: str, at: int) -> Any:
        found = results[name]
        is_done = at + size >= len(found)
        more = {} if is_done else {"nextRecordsUrl": f"/queryAll/{name}-{at + size}"}
        return {"totalSize": len(found), "done": is_done, "records": found[at : at + size], **more}

    def query(asked: Asked) -> Any:
        match = re.fullmatch(
            r"SELECT ([\w, ]+) FROM (\w+) WHERE SystemModstamp >= (\S+) ORDER BY SystemModstamp, Id", asked.params["q"]
        )
        assert match
        wanted, name = match[1].split(", "), match[2]
        chosen = [one for one in objects[name] if one["SystemModstamp"] >= match[3].rstrip("Z")]
        kept = [{key: one.get(key) for key in wanted} for one in sorted(chosen, key=lambda one: one["SystemModstamp"])]
        results[name] = [{"attributes": {"type": name}, **one} for one in kept]
        return page(name, 0)

    def more(asked: Asked) -> Any:
        name, _, at = asked.path.rpartition("/")[2].partition("-")
        return page(name, int(at))

    return {"queryAll": query, "queryAll/*": more}


def jira(issues: list[dict[str, Any]], size: int) -> dict[str, Callable[[Asked], Any]]:
    """search/jql goes on by nextPageToken; change logs and comments of an issue by startAt."""

    def search(asked: Asked) -> Any:
        match = re.fullmatch(r'project in \(SUP\) AND updated >= "(.{16})" ORDER BY updated ASC', asked.params["jql"])
        assert match
        since = match[1].replace(" ", "T")
        chosen = sorted((i for i in issues if i["fields"]["updated"] >= since), key=lambda i: i["fields"]["updated"])
        at = int(asked.params.get("nextPageToken", 0))
        is_last = at + size >= len(chosen)
        return {"issues": chosen[at : at + size], "isLast": is_last} | (
            {} if is_last else {"nextPageToken": str(at + size)}
        )

    def listed(name: str, key: str) -> Callable[[Asked], Any]:
        def route(asked: Asked) -> Any:
            (issue,) = [i for i in issues if f"/{i['id']}/" in asked.path]
            at = int(asked.params["startAt"])
            return {"startAt": at, "total": len(issue[key]), name: issue[key][at : at + size]}

        return route

    return {
        "search/jql": search,
        "issue/*/changelog": listed("values", "changes"),
        "issue/*/comment": listed("comments", "comments"),
    }


def recurly_list(name: str, records: list[dict[str, Any]], size: int) -> Callable[[Asked], Any]:
    """Sorted by updated_at from begin_time on; goes on at `next` while `has_more`."""

    def route(asked: Asked) -> Any:
        assert asked.headers["Accept"] == "application/vnd.recurly.v2021-02-25"
        if "cursor" in asked.params:
            since, _, at_text = asked.params["cursor"].partition("|")
        elif asked.params.get("state") == "live":
            since, at_text = "", "0"
        else:
            assert (asked.params["sort"], asked.params["order"]) == ("updated_at", "asc")
            since, at_text = asked.params.get("begin_time", ""), "0"
        chosen = sorted((r for r in records if r["updated_at"] >= since), key=lambda r: r["updated_at"])
        after = int(at_text) + size
        has_more = after < len(chosen)
        following = f"/{name}?cursor={since}%7C{after}" if has_more else None
        return {"object": "list", "has_more": has_more, "next": following, "data": chosen[after - size : after]}

    return route


def mixpanel_export(events: list[dict[str, Any]]) -> Callable[[Asked], Any]:
    """The events of some days, one a line."""

    def route(asked: Asked) -> Any:
        assert asked.params["project_id"] == "77"
        first, last = asked.params["from_date"], asked.params["to_date"]
        chosen = [one for one in events if first <= _day(one["properties"]["time"]) <= last]
        return Answer("".join(json.dumps(one) + "\n" for one in chosen).encode())

    return route


def pendo_aggregation(records: list[dict[str, Any]]) -> Callable[[Asked], Any]:
    """The rows of some days, at most 31 at once; without days all of them."""

    def route(asked: Asked) -> Any:
        (first,) = asked.body["request"]["pipeline"]
        days = first["source"].get("timeSeries")
        if days is None:
            return {"startTime": 0, "results": records}
        assert (days["period"], type(days["first"])) == ("dayRange", int)
        assert days["count"] <= 31
        end = days["first"] + days["count"] * 86_400_000
        return {"startTime": days["first"], "results": [r for r in records if days["first"] <= r["day"] < end]}

    return route


def qualtrics_export(responses: list[dict[str, Any]]) -> dict[str, Callable[[Asked], Any]]:
    """Order a file, ask until it is ready, fetch it."""
    orders: list[str] = []
    polls: list[str] = []

    def order(asked: Asked) -> Any:
        assert asked.body["format"] == "json"
        orders.append(asked.body["startDate"])
        return {"result": {"progressId": f"ES_{len(orders)}", "percentComplete": 0.0, "status": "inProgress"}}

    def progress(asked: Asked) -> Any:
        polls.append(asked.path)
        if len(polls) % 3:
            return {"result": {"percentComplete": 50.0, "status": "inProgress"}}
        return {"result": {"percentComplete": 100.0, "status": "complete", "fileId": f"file-{len(orders)}"}}

    def file(_: Asked) -> Any:
        chosen = [one for one in responses if one["values"]["recordedDate"] >= orders[-1]]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("Survey.json", json.dumps({"responses": chosen}))
        return Answer(packed.getvalue())

    path = "surveys/SV_1/export-responses"
    return {path: order, f"{path}/*": progress, f"{path}/*/file": file}


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
