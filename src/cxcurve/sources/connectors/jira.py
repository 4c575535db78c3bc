"""Jira: what changed in an issue, and what was said about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cxcurve.sources.connectors.flattening import inside

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client

_TOLD = ("status", "resolution", "assignee", "priority")
_AT_ONCE = 100


def changes(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """Each change of status, resolution, assignee or priority of these issues, with the issue's reporter."""
    return [row for issue in records for row in _changes(issue, client)]


def comments(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """Each comment on these issues: its plain text, whether the reporter wrote it, whether customers see it."""
    paths = [(issue, f"issue/{issue['id']}/comment") for issue in records]
    return [_comment(issue, one) for issue, path in paths for one in _all(path, "comments", client)]


def plain(document: Any) -> str:
    """The text of a document in Atlassian's format, paragraphs as lines.

    Source: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
    """
    if not isinstance(document, Mapping):
        return "" if document is None else str(document)
    if "text" in document:
        return str(document["text"])
    if document.get("type") == "mention":
        return str(inside(document, "attrs.text") or "")
    between = "\n" if document.get("type") == "doc" else ""
    return between.join(plain(part) for part in document.get("content", ()))


def _changes(issue: Mapping[str, Any], client: Client) -> Iterator[Mapping[str, Any]]:
    for history in _all(f"issue/{issue['id']}/changelog", "values", client):
        for item in history.get("items", ()):
            if item.get("field") in _TOLD:
                yield {
                    "id": history.get("id"),
                    "created": history.get("created"),
                    "author": inside(history, "author.accountId"),
                    "field": item["field"],
                    "from_value": item.get("from"),
                    "to_value": item.get("to"),
                    "from_text": item.get("fromString"),
                    "to_text": item.get("toString"),
                    **_of(issue),
                }


def _comment(issue: Mapping[str, Any], comment: Mapping[str, Any]) -> Mapping[str, Any]:
    author = inside(comment, "author.accountId")
    about = _of(issue)
    return {
        "id": comment.get("id"),
        "created": comment.get("created"),
        "author": author,
        "is_reporter": author == about["reporter"],
        "is_public": comment.get("jsdPublic", True),
        "text": plain(comment.get("body")),
        **about,
    }


def _of(issue: Mapping[str, Any]) -> dict[str, Any]:
    return {"issue_id": issue["id"], "key": issue.get("key"), "reporter": inside(issue, "fields.reporter.accountId")}


def _all(path: str, name: str, client: Client) -> Iterator[Mapping[str, Any]]:
    """All entries of a list that is paged by `startAt`."""
    start = 0
    while True:
        answer = client.ask(path, params={"startAt": start, "maxResults": _AT_ONCE})
        found = answer.get(name, [])
        yield from found
        start += len(found)
        if not found or start >= answer.get("total", 0):
            return
