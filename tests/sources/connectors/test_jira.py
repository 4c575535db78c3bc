"""Jira Service Management: issues, what changed in them, and what was said."""

from __future__ import annotations

from connecting import adds_up, events_of, source_yaml
from fake_services import Fake, jira, served

from cxcurve.sources.connectors.jira import plain


def changed(number: int, field: str, old: str | None, new: str | None):
    item = {"field": field, "from": old, "fromString": old, "to": new, "toString": new}
    return {"id": str(number), "created": f"2026-05-{number:02}T00:00:00.000+0000", "author": {"accountId": "agent"},
            "items": [item, {"field": "description", "from": None, "to": None}]}  # fmt: skip


def issue(number: int, updated: str, changes=(), comments=(), **fields):
    return {
        "id": str(number), "key": f"SUP-{number}", "changes": list(changes), "comments": list(comments),
        "fields": {"created": "2026-05-01T00:00:00.000+0000", "updated": updated, "priority": {"name": "High"},
                   "reporter": {"accountId": f"r{number}"}, "resolutiondate": None, "status": {"name": "Open"},
                   "issuetype": {"name": "Request"}, "summary": "Help", **fields},
    }  # fmt: skip


def test_issues_come_by_page_and_again_when_they_change(connected):
    issues = [issue(n, f"2026-05-1{n}T00:00:00.000+0000") for n in range(5)]
    issues[4]["fields"]["resolutiondate"] = "2026-05-14T00:00:00.000+0000"
    with served(Fake(jira(issues, 2))) as service:
        workspace = connected(source_yaml("jira", "issues", service.url))
        assert workspace.load()["jira_issues"].events.loaded == 6
        issues[0]["fields"] |= {
            "updated": "2026-05-20T00:00:00.000+0000",
            "resolutiondate": "2026-05-20T00:00:00.000+0000",
        }
        again = workspace.load()["jira_issues"]
        assert service.asked[3].params["jql"].split('"')[1] == "2026-05-12 22:00"  # 26 hours before the latest
        assert (again.events.loaded, again.events.conflict) == (1, 0)
        assert adds_up(again)
        assert {event[3] for event in events_of(workspace)} == {f"r{n}" for n in range(5)}


def test_each_reopening_and_hand_over_counts(connected):
    changes = [
        changed(2, "assignee", None, "ada"),
        changed(3, "assignee", "ada", "bo"),
        changed(4, "resolution", None, "Done"),
        changed(5, "resolution", "Done", None),
        changed(6, "assignee", "bo", "cy"),
    ]
    with served(Fake(jira([issue(1, "2026-05-11T00:00:00.000+0000", changes)], 2))) as service:
        workspace = connected(source_yaml("jira", "changes", service.url))
        report = workspace.load()["jira_changes"]
        assert (report.rows.read, report.rows.used) == (5, 3)
        assert [one.params["startAt"] for one in service.asked[1:]] == ["0", "2", "4"]
        names = sorted(event[1] for event in events_of(workspace))
        assert names == ["conversation_handed_over", "conversation_handed_over", "ticket_reopened"]


def test_comments_are_plain_text_with_who_wrote_them(connected):
    body = {"type": "doc", "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "Hello "}, {"type": "text", "text": "you"}]},
        {"type": "paragraph", "content": [{"type": "mention", "attrs": {"text": "@Ada"}}]},
    ]}  # fmt: skip
    assert plain(body) == "Hello you\n@Ada"
    comments = [{"id": "9", "created": "2026-05-03T00:00:00.000+0000", "author": {"accountId": "r1"}, "body": body}]
    with served(Fake(jira([issue(1, "2026-05-11T00:00:00.000+0000", comments=comments)], 2))) as service:
        draft = source_yaml("jira", "comments", service.url).replace("message_written ", "ticket_opened ")
        workspace = connected(draft)
        workspace.load()
        (event,) = events_of(workspace)
        assert (event[3], event[5], event[-2]) == ("r1", "Hello you\n@[name]", "SUP-1")
        assert event[-1] == '{"is_public":true,"is_reporter":true}'
