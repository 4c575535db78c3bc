"""Secrets: from the environment, else from the keyring."""

from __future__ import annotations

import sys

import pytest

from cxcurve.errors import ConnectError
from cxcurve.model.connect import Connect
from cxcurve.sources.connectors.secrets import has_secret, keep_secret, scrubbed, secrets_of

ZENDESK = Connect(service="zendesk", rows="tickets")
EUROPE = Connect(service="zendesk", rows="tickets", name="zendesk-eu")
KEYRING = """
kept = {}
def get_password(service, name): return kept.get((service, name))
def set_password(service, name, secret): kept[service, name] = secret
"""
BROKEN = """
def get_password(service, name): raise RuntimeError("no backend")
def set_password(service, name, secret): raise RuntimeError("no backend")
"""


@pytest.fixture
def keyring(monkeypatch, tmp_path):
    def make(code):
        (tmp_path / "keyring.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "keyring", raising=False)
        monkeypatch.delenv("CXCURVE_ZENDESK_TOKEN")

    yield make
    sys.modules.pop("keyring", None)


def test_each_account_has_its_own(monkeypatch):
    monkeypatch.setenv("CXCURVE_ZENDESK_TOKEN", " one \n")
    monkeypatch.setenv("CXCURVE_ZENDESK_EU_TOKEN", "two")
    assert (secrets_of(ZENDESK)("token"), secrets_of(EUROPE)("token")) == ("one", "two")


def test_the_keyring_is_asked_after_the_environment(keyring, monkeypatch):
    keyring(KEYRING)
    assert not has_secret(ZENDESK, "token")
    assert keep_secret(ZENDESK, "token", "kept")
    assert secrets_of(ZENDESK)("token") == "kept"
    monkeypatch.setenv("CXCURVE_ZENDESK_TOKEN", "nearer")
    assert secrets_of(ZENDESK)("token") == "nearer"


def test_a_keyring_that_does_not_work_is_as_none(keyring):
    keyring(BROKEN)
    assert not keep_secret(ZENDESK, "token", "x")
    with pytest.raises(ConnectError, match=r"the secret CXCURVE_ZENDESK_TOKEN is missing\. Give it as an environment"):
        secrets_of(ZENDESK)("token")


def test_longer_secrets_are_cut_out_first():
    assert scrubbed("key abc, token abcdef, nothing", ["abc", "abcdef", ""]) == "key (secret), token (secret), nothing"
