"""The interface as it says it is: every path that is answered is named, and schemathesis finds no lie.

CXCURVE_CASES says how many requests are made up for each path.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from serving import served

from cxcurve.web.ingest import ROUTES
from cxcurve.workspace import init

CASES = int(os.environ.get("CXCURVE_CASES", "4"))


@pytest.fixture(scope="module", name="client")
def _client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with init(tmp_path_factory.mktemp("openapi") / "w", "b2b-saas") as workspace:
        key = workspace.live.keys.create("write", "web", 1)
        with (
            served(workspace) as url,
            httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=60) as found,
        ):
            yield found


def test_every_path_that_is_sent_to_is_named_and_every_json_page(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(ROUTES) <= set(paths)
    for path, told in paths.items():
        if "get" in told and "{" not in path and path != "/explain.json":
            answer = client.get(path)
            assert answer.status_code in {200, 503}, path  # nothing is scored
            assert answer.headers["content-type"] == "application/json"


def test_schemathesis_finds_no_lie(client: httpx.Client) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    from schemathesis.specs.openapi import checks

    told = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance]
    schema: Any = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    phases = (Phase.explicit, Phase.generate)
    limits = settings(max_examples=CASES, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))
    headers, n = {"authorization": client.headers["authorization"]}, 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @limits
        @given(case=operation.as_strategy())
        def answered_as_told(case: Any) -> None:
            answer = case.call_and_validate(base_url=str(client.base_url), headers=headers, checks=told)
            assert answer.status_code != 500

        answered_as_told()
        n += 1
    assert n > 30
    assert client.get("/healthz").status_code == 200
