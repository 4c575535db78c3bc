"""What the HTTP interface takes and gives, as OpenAPI: what is sent, and the JSON of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from cxcurve.model import Journey
from cxcurve.web.asked import parameter_of
from cxcurve.web.ingest import MOST_MESSAGES, ROUTES, Route

Object: TypeAlias = dict[str, Any]

_ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
}
_VERDICTS = {
    "type": "object",
    "required": ["success", "items"],
    "properties": {
        "success": {"const": True},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["messageId", "ok"],
                "properties": {
                    "messageId": {"type": ["string", "null"]},
                    "ok": {"type": "boolean"},
                    "message": {"type": "string", "description": "Why it is in quarantine."},
                },
            },
        },
    },
}
_REFUSED = {
    "400": "No JSON, no messages in it, damaged packing, or more than 250 levels deep.",
    "401": "No key, an unknown one, or a signature that does not fit.",
    "403": "A key for reading.",
    "408": "The body came too slowly.",
    "413": f"More bytes than are taken in, or more than {MOST_MESSAGES:,} messages.",
    "415": "Packed in a way that is not known; expected gzip or deflate.",
    "429": "The inbox or the disk is full or slow: send the same again after Retry-After seconds.",
    "500": "A fault of cxcurve; nothing of the request was kept.",
}
_MESSAGE = {
    "type": "object",
    "description": "A message of the Segment spec; what it lacks is told in its verdict.",
    "properties": {
        "messageId": {"type": "string", "maxLength": 512},
        "event": {"type": "string", "maxLength": 256},
        "userId": {"type": "string", "maxLength": 512},
        "anonymousId": {"type": "string", "maxLength": 512},
        "groupId": {"type": "string", "maxLength": 512},
        "timestamp": {"type": "string", "format": "date-time"},
        "properties": {"type": "object"},
        "traits": {"type": "object"},
        "context": {"type": "object"},
    },
}
_BATCH = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {"type": "array", "maxItems": MOST_MESSAGES, "items": _MESSAGE},
        "sentAt": {"type": "string", "format": "date-time"},
    },
}
_EVENTS = {"type": ["object", "array"], "description": "One event, or a list of them."}
_TITLES = {
    "segment": "Calls of the Segment spec",
    "posthog": "What PostHog's clients send",
    "cloudevents": "CloudEvents 1.0: structured, batched or binary",
    "webhook": "A webhook, signed by its service",
}


def document(journey: Journey, pages: Mapping[str, Iterable[str]]) -> Object:
    """The whole of it.

    Args:
        journey: names the segments that pages can be about.
        pages: path of each page, and its own parameters.
    """
    segments = [parameter_of(key) for key in journey.segments]
    read = {f"{path}.json": {"get": _page(path, (*segments, "cohort", "as_of", *own))} for path, own in pages.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "cxcurve", "version": "1", "description": "Events in; the pages' numbers out."},
        "paths": {**{path: {"post": _sent(path, route)} for path, route in ROUTES.items()}, **read, **_REST},
        "components": {
            "schemas": {"Error": _ERROR, "Verdicts": _VERDICTS},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "The write key is the user."},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _sent(path: str, route: Route) -> Object:
    body = (
        _BATCH if (route.form, route.kind) == ("segment", "batch") else _MESSAGE if route.form == "segment" else _EVENTS
    )
    said: Object = {
        "summary": f"{_TITLES[route.form]}: {route.kind}",
        "operationId": f"post{path.replace('/', '_')}",
        "tags": ["sent"],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": _answer("Kept on disk; a verdict for each message.", "Verdicts"),
            **{status: _answer(why, "Error") for status, why in _REFUSED.items()},
        },
    }
    return said if route.form == "webhook" else {**said, "security": [{"basic": []}, {"bearer": []}]}


def _page(path: str, parameters: Iterable[str]) -> Object:
    return {
        "summary": f"What the page {path} shows",
        "tags": ["read"],
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": {"type": "string", "maxLength": 500}}
            for name in parameters
        ],
        "responses": _READ,
    }


def _answer(description: str, schema: str) -> Object:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


_READ: Object = {
    "200": {"description": "The numbers.", "content": {"application/json": {"schema": {"type": "object"}}}},
    "400": _answer("A parameter that is not known, or a value that cannot be read.", "Error"),
    "401": _answer("No sign-in, and no read token that is known.", "Error"),
    "403": _answer("Not for this role or token, or of too few customers for whoever may know of some only.", "Error"),
    "404": _answer("Nobody and nothing of that name.", "Error"),
    "429": _answer("Too much at once: ask again after Retry-After seconds.", "Error"),
    "503": _answer("Nothing is scored yet, or the store cannot answer now.", "Error"),
}
_REST: Object = {
    "/customers/{customer_id}.json": {
        "get": {
            "summary": "One customer",
            "tags": ["read"],
            "parameters": [
                {"name": "customer_id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            ],
            "responses": _READ,
        }
    },
    "/api/customers/{customer_id}/brief": {
        "get": {
            "summary": "What to know before talking to a customer, each sentence with what it comes from",
            "tags": ["read"],
            "parameters": [
                {"name": "customer_id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},
                {"name": "as_of", "in": "query", "required": False, "schema": {"type": "string", "maxLength": 500}},
            ],
            "responses": _READ,
        }
    },
    "/api/ingest/ledger": {
        "get": {"summary": "Where everything is that was acknowledged", "tags": ["read"], "responses": _READ}
    },
}
