"""JSON schemas of the user's files, for completion and hints in editors."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from cxcurve.model.destinations import Destination
from cxcurve.model.journey import Journey
from cxcurve.model.sources import Source
from cxcurve.model.subscriptions import Subscription

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def journey_schema() -> dict[str, Any]:
    """The JSON schema of `journey.yaml`."""
    schema = TypeAdapter(Journey).json_schema()
    definitions, parts = schema["$defs"], schema["properties"]
    parts["stages"]["items"] = {"anyOf": [{"type": "string"}, parts["stages"]["items"]]}
    signals = parts["signals"]
    signals["additionalProperties"] = {"anyOf": [signals["additionalProperties"], {"type": "null"}]}
    definitions["Signal"]["properties"].pop("name")
    return _finished(schema, "journey.yaml")


def sources_schema() -> dict[str, Any]:
    """The JSON schema of `sources.yaml`: sources by key."""
    _, schema = models_json_schema([(Source, "validation")])
    schema["$defs"]["Source"]["properties"].pop("key")
    by_key = {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/Source"}}
    return _finished(by_key | schema, "sources.yaml")


def destinations_schema() -> dict[str, Any]:
    """The JSON schema of `destinations.yaml`: destinations by key."""
    _, schema = models_json_schema([(Destination, "validation")])
    schema["$defs"]["Destination"]["properties"].pop("key")
    by_key = {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/Destination"}}
    return _finished(by_key | schema, "destinations.yaml")


def subscriptions_schema() -> dict[str, Any]:
    """The JSON schema of `reports.yaml`: subscriptions by key."""
    _, schema = models_json_schema([(Subscription, "validation")])
    schema["$defs"]["Subscription"]["properties"].pop("key")
    by_key = {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/Subscription"}}
    return _finished(by_key | schema, "reports.yaml")


def _finished(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": title} | {k: _tidy(v) for k, v in schema.items() if k != "title"}


def _tidy(part: Any) -> Any:
    """Without the titles pydantic makes of names: they repeat what the key says."""
    if isinstance(part, list):
        return [_tidy(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    return {key: _tidy(value) for key, value in part.items() if not (key == "title" and isinstance(value, str))}
