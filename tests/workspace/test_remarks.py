"""What is written on a customer goes where the customer goes, and with them: by erasure, and by retention."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sent import NOW, WHO, built, bytes_with, company, message, send

from cxcurve.errors import UnknownNameError
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace import Workspace, remarks

DAY = US_PER_DAY


def texts(workspace: Workspace) -> tuple[list[str], list[str]]:
    notes = workspace.store.rows("SELECT text FROM customer_notes ORDER BY text")
    wrong = workspace.store.rows("SELECT reason FROM wrong_alarms ORDER BY reason")
    return [text for (text,) in notes], [text for (text,) in wrong]


def remark(workspace: Workspace, customer: str, text: str) -> None:
    remarks.note(workspace.store, customer, text, "ada")
    remarks.call_wrong(workspace.store, workspace.journey, customer, "decline", text, "ada")


def alone(person: str) -> list[dict[str, Any]]:
    """A person without an account: a customer of his own."""
    return [message(n, person, "core_feature_used", messageId=f"{person}-{n}") for n in range(5)]


def test_an_erased_account_takes_its_remarks_along_and_no_other(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()) as workspace:
        remark(workspace, "acct1", "of the first")
        remark(workspace, "acct2", "of the second")
        receipt = workspace.erase("acct1")
        assert (receipt.deleted["customer_notes"], receipt.deleted["wrong_alarms"]) == (1, 1)
        assert texts(workspace) == (["of the second"], ["of the second"])
    assert bytes_with(tmp_path / "w" / ".cxcurve", "of the first") == []


def test_an_erased_person_takes_along_what_names_him_on_his_account(tmp_path: Path) -> None:
    with built(tmp_path / "w", company()) as workspace:
        account = f"acct{0}"
        for text in (f"ask {WHO}", f"{WHO}: never at noon", f"the other one, x{WHO}x", "about nobody"):
            remark(workspace, account, text)
        workspace.erase(WHO)
        left = ["about nobody", f"the other one, x{WHO}x"]
        assert texts(workspace) == (left, left), "within another word it is no name"


def test_nothing_is_left_of_an_erased_person_who_is_a_customer(tmp_path: Path) -> None:
    """No byte, whatever was written on them."""
    said = "wants the blue one"
    with built(tmp_path / "w", [*company(without=WHO), *alone("lone-4f2a")]) as workspace:
        remark(workspace, "lone-4f2a", said)
        assert json.dumps(workspace.export("lone-4f2a")).count(said) == 2
        workspace.erase("lone-4f2a")
        assert texts(workspace) == ([], [])
    for text in (said, "lone-4f2a"):
        assert bytes_with(tmp_path / "w" / ".cxcurve", text) == []


def test_an_export_does_not_say_who_of_the_company_wrote(tmp_path: Path) -> None:
    with built(tmp_path / "w", alone("lone")) as workspace:
        remark(workspace, "lone", "a word")
        found = workspace.export("lone")
    assert [one["text"] for one in found["customer_notes"]] == ["a word"]
    assert [one["reason"] for one in found["wrong_alarms"]] == ["a word"]
    assert "ada" not in json.dumps(found["customer_notes"] + found["wrong_alarms"])


def test_a_note_on_a_visitor_goes_with_them_to_who_they_turn_out_to_be(tmp_path: Path) -> None:
    visit = message(1, None, "core_feature_used", anonymousId="v-1", messageId="v1")
    with built(tmp_path / "w", [visit, *alone("lone")]) as workspace:
        remark(workspace, "v-1", "looked around")
        send(workspace, [{"type": "identify", "messageId": "i", "userId": "lone", "anonymousId": "v-1", "traits": {}}])
        workspace.score()
        assert [one["text"] for one in remarks.on_customer(workspace.store, "lone")["notes"]] == ["looked around"]
        send(workspace, [{"type": "group", "messageId": "g", "userId": "lone", "groupId": "acme"}])
        workspace.score()
        assert [one["reason"] for one in remarks.on_customer(workspace.store, "acme")["wrong_alarms"]] == [
            "looked around"
        ]
        assert remarks.wrong_by_signal(workspace.store)[0]["n_customers"] == 1
        workspace.erase("lone")
        assert texts(workspace) == ([], []), "what was the visitor's is the person's"


def test_retention_takes_what_is_old_and_what_is_of_somebody_forgotten(tmp_path: Path) -> None:
    with built(tmp_path / "w", [*alone("old"), *alone("kept")]) as workspace:
        store = workspace.store
        for name in ("old", "kept"):
            remark(workspace, name, f"of {name}")
        remark(workspace, "kept", "long ago")
        for table, when in (("customer_notes", "written_us"), ("wrong_alarms", "said_us")):
            text = "text" if table == "customer_notes" else "reason"
            store.execute(f"UPDATE {table} SET {when} = {NOW - 400 * DAY} WHERE {text} = 'long ago'")
            store.execute(f"UPDATE {table} SET {when} = {NOW} WHERE {text} <> 'long ago'")
        store.execute(f"UPDATE event_log SET occurred_us = {NOW} WHERE person_id = 'kept'")
        deleted = store.retire({"core_feature_used": NOW - DAY}, NOW - 300 * DAY)
        assert (deleted["customer_notes"], deleted["wrong_alarms"], deleted["identities"]) == (1, 1, 1)
        assert texts(workspace) == (["of kept"], ["of kept"])
        assert store.retire({"core_feature_used": NOW - DAY}, None) == {}, "without a rule nothing is too old"


def test_of_nobody_nothing_is_kept(tmp_path: Path) -> None:
    with built(tmp_path / "w", alone("lone")) as workspace:
        with pytest.raises(UnknownNameError):
            remark(workspace, "somebody else", "x")
        assert texts(workspace) == ([], [])
        assert remarks.on_customer(workspace.store, "somebody else") == {"notes": [], "wrong_alarms": []}
