"""Webhooks: signed as the library of Standard Webhooks verifies, the same message under the same id."""

from __future__ import annotations

import base64
import json

import pytest
from fake_destinations import records
from fake_services import SECRET, Answer, Fake, served

from cxcurve.errors import ConnectError
from cxcurve.model.destinations import Destination
from cxcurve.sources.writing import open_writer

KEY = f"whsec_{base64.b64encode(b'a secret of four and twenty bytes').decode()}"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXCURVE_WEBHOOK_SECRET", KEY)


def hook(route, faults=None) -> Fake:
    return Fake({}, faults or {}, open_routes={"hook": route})


def to(service: Fake) -> Destination:
    return Destination(key="ours", to="webhook", url=f"{service.url}hook?team=cs")


def test_the_library_verifies_what_is_sent_also_when_it_is_sent_again(pauses, monkeypatch):
    library = pytest.importorskip("standardwebhooks", reason="verifies our signatures")
    from cxcurve.sources.writing import webhook

    clock = iter([1_000.0, 2_000.0])
    monkeypatch.setattr(webhook, "time", lambda: next(clock))
    with served(hook(lambda _: {}, {1: Answer({}, 503)})) as service:
        assert open_writer(to(service)).write(records("a", "b", customer_id="a", level=7)) == {}
    first, second = ({name.lower(): value for name, value in one.headers.items()} for one in service.asked)
    assert (first["webhook-timestamp"], second["webhook-timestamp"]) == ("1000", "2000")
    assert first["webhook-id"] == second["webhook-id"]
    from datetime import UTC, datetime

    body = json.dumps(service.asked[1].body, ensure_ascii=False)
    signed = library.Webhook(KEY).sign(second["webhook-id"], datetime.fromtimestamp(2000, UTC), body)
    assert signed == second["webhook-signature"]
    assert service.asked[1].params == {"team": "cs"}
    assert service.asked[1].body["data"]["customers"] == [{"customer_id": "a", "level": 7}] * 2


def test_the_library_verifies_it_now():
    library = pytest.importorskip("standardwebhooks", reason="verifies our signatures")
    found = []

    def route(asked):
        body = json.dumps(asked.body, ensure_ascii=False)
        found.append(library.Webhook(KEY).verify(body, asked.headers))
        return {}

    with served(hook(route)) as service:
        open_writer(to(service)).write(records("Zoë", name="Zoë"))
    assert found[0]["type"] == "customers.changed"
    assert found[0]["data"] == {"destination": "ours", "customers": [{"name": "Zoë"}]}


def test_a_message_has_an_id_of_what_it_says():
    ids = []
    with served(hook(lambda asked: ids.append(asked.headers["webhook-id"]) or {})) as service:
        writer = open_writer(to(service))
        for some in (records("a", level=1), records("a", level=1), records("a", level=2)):
            writer.write(some)
    assert ids[0] == ids[1] != ids[2]


def test_one_that_is_refused_for_what_it_says_does_not_stop_the_others():
    def route(asked):
        names = [one["name"] for one in asked.body["data"]["customers"]]
        return Answer({"error": "who?"}, 422) if "nobody" in names else {}

    with served(hook(route)) as service:
        sent = [*records("a", name="A"), *records("b", name="nobody"), *records("c", name="C")]
        assert list(open_writer(to(service)).write(sent)) == ["b"]


def test_an_address_that_is_a_secret_is_not_shown(monkeypatch):
    with served(Fake({}, open_routes={})) as service:
        monkeypatch.setenv("CXCURVE_WEBHOOK_URL", f"{service.url}services/T0/xyzzy-plugh")
        with pytest.raises(ConnectError) as caught:
            open_writer(Destination(key="ours", to="webhook")).write(records("a"))
    assert "plugh" not in str(caught.value)
    assert "answered with 401" in str(caught.value)


@pytest.mark.parametrize("secret", ["whsec_", "sesame", "whsec_c2hvcnQ=", SECRET])
def test_a_secret_of_another_form_is_refused_unseen(monkeypatch, secret):
    monkeypatch.setenv("CXCURVE_WEBHOOK_SECRET", secret)
    with pytest.raises(ConnectError, match="openssl rand -base64 32") as caught:
        open_writer(Destination(key="ours", to="webhook", url="https://acme.example/hook"))
    assert secret.removeprefix("whsec_") in ("", "sesame") or secret not in str(caught.value)


def test_an_address_without_https_is_refused():
    with pytest.raises(ConnectError, match="is no https address"):
        open_writer(Destination(key="ours", to="webhook", url="http://acme.example/hook"))
