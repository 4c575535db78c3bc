"""Consent and retention of a workspace: however they are said, numbers and lists follow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cxcurve
from cxcurve.errors import BadValueError, ProblemsError, UnknownNameError
from cxcurve.store.inbox import Request
from cxcurve.workspace import Workspace, init
from cxcurve.workspace import data as data_module

NOW = 1_793_520_000_000_000
DAY = 86_400_000_000
SOURCE = Path(cxcurve.__file__).parent


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with init(tmp_path / "w", "b2b-saas") as found:
        yield found


def send(workspace: Workspace, *messages: dict[str, Any]) -> None:
    body = json.dumps({"batch": messages}).encode()
    workspace.live.inbox.put([Request("web", "segment/batch", NOW, len(messages), body)]).result()
    workspace.move()


def track(id_: str, person: str, day: str, consent: dict[str, bool] | None = None, **more: Any) -> dict[str, Any]:
    stamp = {"consent": {"categoryPreferences": consent}} if consent is not None else {}
    return {
        "type": "track", "messageId": id_, "userId": person, "event": "core_feature_used",
        "timestamp": f"{day}T07:00:00Z", "context": stamp, **more,
    }  # fmt: skip


def ids(workspace: Workspace, purpose: Any = "analytics") -> list[str]:
    found = workspace.store.arrow(workspace.events_for(purpose).select("event_id"))
    return sorted(found["event_id"].to_pylist())


def again(workspace: Workspace, journey: str) -> Workspace:
    """The workspace with more in its journey."""
    workspace.close()
    file = workspace.folder / "journey.yaml"
    file.write_text(file.read_text() + journey)
    return cxcurve.open(workspace.folder)


def test_reading_needs_a_purpose() -> None:
    """Outside the store nobody names the table of all events: what is read is read for something."""
    found = [
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path.parent.name != "store"
        for line in path.read_text().splitlines()
        if re.search(r"\bevent_log\b|\b(FROM|JOIN) events\b", line)
    ]
    assert found == []


def test_a_stamp_is_of_its_event_and_an_identify_of_the_person(workspace: Workspace) -> None:
    send(
        workspace,
        track("a", "ann", "2026-10-01"),
        track("b", "ann", "2026-10-02", {"analytics": False}),
        track("c", "ann", "2026-10-03", {"Analytics": True, "outreach": False, "unheard of": True}),
        track("d", "bob", "2026-10-02"),
    )
    assert (ids(workspace), ids(workspace, "outreach")) == (["a", "c", "d"], ["a", "b", "d"])
    stamp = {"consent": {"categoryPreferences": {"analytics": False}}}
    at = {"timestamp": "2026-10-02T08:00:00Z"}
    send(workspace, {"type": "identify", "messageId": "i", "userId": "bob", "context": stamp, **at})
    assert ids(workspace) == ["a", "c"]
    chosen = {"event": "Segment Consent Preference Updated", "type": "track", "messageId": "e", "userId": "ann"}
    send(workspace, {**chosen, "context": stamp, "timestamp": "2026-10-05T08:00:00Z"})
    assert ids(workspace) == []


def test_a_consent_tool_may_call_the_purposes_otherwise(workspace: Workspace) -> None:
    with again(workspace, "\nconsent: {categories: {C0002: analytics, C0003: analytics}}\n") as other:
        send(
            other,
            track("a", "ann", "2026-10-01", {"C0002": True, "C0003": False}),
            track("b", "ann", "2026-10-01", {"C0002": True, "C0003": True}),
            track("c", "ann", "2026-10-01", {"C0009": False}),
        )
        assert ids(other) == ["b", "c"]


def test_events_of_the_plan_give_and_withdraw(tmp_path: Path) -> None:
    with init(tmp_path / "w", "blank") as workspace:
        folder = workspace.folder
    (folder / "journey.yaml").write_text("""
journey: j
stages: [try, use]
consent: {default: [outreach]}
signals:
  tried: {stage: try}
  used: {stage: use}
  agreed: {consent: given}
  revoked: {consent: withdrawn}
""")
    (folder / "sources.yaml").write_text("""
app: {files: e.csv, time: {column: at}, person: who, id: id, name: what, purpose: use, properties: [purposes]}
""")
    (folder / "e.csv").write_text("""id,at,who,what,purposes,use
1,2026-01-01T00:00:00Z,ann,tried,,
2,2026-01-02T00:00:00Z,ann,agreed,,
3,2026-01-03T00:00:00Z,ann,used,,
4,2026-01-01T00:00:00Z,bob,tried,,
5,2026-01-02T00:00:00Z,bob,agreed,"[""analytics""]",
6,2026-01-03T00:00:00Z,bob,used,,
7,2026-01-04T00:00:00Z,bob,revoked,outreach,
8,2026-01-05T00:00:00Z,cyd,used,,analytics
9,2026-01-05T00:00:00Z,cyd,used,,marketing
""")
    with cxcurve.open(folder) as workspace:
        report = workspace.load()["app"].to_json()
        assert report["events"] == {"made": 9, "loaded": 8, "duplicate": 0, "conflict": 0, "quarantined": 1}
        assert 'names the purpose "marketing" in use; expected' in workspace.quarantine()[0]["reason"]
        assert ids(workspace) == ["2", "3", "5", "6", "7", "8"]
        assert ids(workspace, "outreach") == ["1", "2", "3"]
        assert ids(workspace, "personalisation") == ["2", "3"]


def test_consent_is_said_shown_and_scored(workspace: Workspace) -> None:
    days = [f"2026-10-{day:02}" for day in range(1, 29)]
    first = {"event": "subscription_started"}
    for person in ("ann", "bob"):
        send(
            workspace,
            track(f"{person} 0", person, days[0], **first),
            *(track(f"{person} {day}", person, day) for day in days),
        )
    workspace.score()
    assert {row["customer_id"] for row in workspace.customers()} == {"ann", "bob"}
    said = workspace.consent("ann", withdraw=["analytics"])
    assert [(one.purpose, one.is_given) for one in said] == [
        ("analytics", False), ("personalisation", True), ("outreach", True)
    ]  # fmt: skip
    assert {row["customer_id"] for row in workspace.customers()} == {"bob"}
    assert len(workspace.export("ann")["events"]) == 29
    assert [row["is_given"] for row in workspace.export("ann")["consents"]] == [False]
    assert workspace.consent("ann", give=["analytics"])[0].is_given
    assert {row["customer_id"] for row in workspace.customers()} == {"bob"}  # not what was before


def test_what_cannot_be_said(workspace: Workspace) -> None:
    send(workspace, track("a", "ann", "2026-10-01"))
    with pytest.raises(UnknownNameError, match='purpose "analitics" is not known'):
        workspace.consent("ann", withdraw=["analitics"])
    with pytest.raises(BadValueError, match="outreach is both given and withdrawn"):
        workspace.consent("ann", withdraw=["outreach"], give=["outreach"])
    with pytest.raises(UnknownNameError):
        workspace.consent("nobody", withdraw=["outreach"])


def test_who_may_be_written_to(tmp_path: Path) -> None:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        folder = workspace.folder
    (folder / "sources.yaml").write_text("people: {files: p.csv, table: people}\n")
    (folder / "p.csv").write_text("""person_id,customer_id,role,consent
ann,acme,champion,
bob,acme,user,"{""outreach"": false}"
cyd,globex,user,"[""analytics""]"
dan,globex,user,"{""outreach"": true}"
eve,globex,user,
""")
    with cxcurve.open(folder) as workspace:
        workspace.load()
        assert [one["person_id"] for one in workspace.people("outreach")] == ["ann", "dan", "eve"]
        assert [one["person_id"] for one in workspace.people("analytics")] == ["ann", "bob", "cyd", "dan", "eve"]
        workspace.consent("globex", withdraw=["outreach"], kind="account")
        dan = workspace.consent("dan")[-1]
        assert (dan.purpose, dan.is_given, dan.is_of_account) == ("outreach", False, True)
        assert [one["person_id"] for one in workspace.people("outreach")] == ["ann"]
    with again(workspace, "\nconsent: {default: [analytics]}\n") as workspace:
        workspace.consent("globex", give=["outreach"], kind="account")
        assert [one["person_id"] for one in workspace.people("outreach")] == ["dan"]


def test_what_is_older_than_it_may_be_kept_goes(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = track("old", "ann", "2026-09-01"), track("new", "ann", "2026-10-20")
    other = track("other", "ann", "2026-09-01", event="ticket_opened", properties={"text": "kept word"})
    gone = track("gone", "zoe", "2026-09-01")
    send(workspace, old, new, other, gone, track("odd", "ann", "2026-09-01", event="unheard_of"))
    workspace.score()
    journey = workspace.folder / "journey.yaml"
    text = journey.read_text()
    first = "  core_feature_used:          {"
    assert first in text
    journey.write_text(text.replace(first, f"{first}retention: 30d, "))
    workspace.close()
    monkeypatch.setattr(data_module, "now_us", lambda: NOW)
    with cxcurve.open(workspace.folder) as other_workspace:
        assert other_workspace.retain() == {"events": 2, "identities": 1}
        assert other_workspace.store.customer_key("zoe") is None
        assert ids(other_workspace) == ["new", "other"]
        assert other_workspace.retain() == {}
        send(other_workspace, old)
        assert ids(other_workspace) == ["new", "old", "other"]
        other_workspace.score()
        assert ids(other_workspace) == ["new", "old", "other"]  # at most once a day
        monkeypatch.setattr(data_module, "now_us", lambda: NOW + DAY)
        other_workspace.score()
        assert ids(other_workspace) == ["new", "other"]
        receipts = other_workspace.store.rows("SELECT document FROM receipts")
        assert receipts == [('{"retention": {"events": 2, "identities": 1}}',), ('{"retention": {"events": 1}}',)]


def test_a_wrong_purpose_in_the_journey_is_told(workspace: Workspace) -> None:
    with pytest.raises(ProblemsError, match="consent"):
        again(workspace, "\nconsent: {default: [marketing]}\n").load()
