"""Intercom: conversations, all their parts, contacts and companies."""

from __future__ import annotations

from connecting import adds_up, events_of, source_yaml
from fake_services import Answer, Fake, intercom_search, served

T0 = 1_780_000_000


def part(number: int, kind: str, who: str = "admin", body: str | None = None):
    author = {"type": who, "id": f"{who}-1"}
    return {"id": str(number), "part_type": kind, "created_at": T0 + number, "updated_at": T0 + number,
            "body": body, "author": author}  # fmt: skip


def conversation(number: int, *parts):
    return {
        "id": str(number), "created_at": T0, "updated_at": T0 + number, "state": "open",
        "source": {"type": "email", "delivered_as": "customer_initiated", "author": {"id": "u1", "type": "user"}},
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": f"k{number}"}]},
        "conversation_parts": {"type": "conversation_part.list", "conversation_parts": list(parts)},
    }  # fmt: skip


def intercom(conversations, size=2) -> Fake:
    short = [{k: v for k, v in one.items() if k != "conversation_parts"} for one in conversations]

    def whole(asked):
        found = [one for one in conversations if asked.path.endswith(f"/{one['id']}")]
        return found[0] if found else Answer({"errors": []}, 404)

    return Fake({"conversations/search": intercom_search("conversations", short, size), "conversations/*": whole})


def test_every_part_of_every_conversation_comes(connected):
    conversations = [
        conversation(
            n, part(10 * n, "comment", "user", "Help!"), part(10 * n + 1, "assignment"), part(10 * n + 2, "close")
        )
        for n in range(1, 6)
    ]
    conversations[0]["conversation_parts"]["conversation_parts"].append(part(19, "open", "user"))
    with served(intercom(conversations)) as service:
        workspace = connected(source_yaml("intercom", "conversation_parts", service.url))
        report = workspace.load()["intercom_conversation_parts"]
        assert (report.rows.read, report.rows.used, report.rows.no_event) == (16, 11, 5)
        names = [name for _, name, *_ in events_of(workspace)]
        assert {name: names.count(name) for name in names} == {
            "conversation_handed_over": 5, "ticket_closed": 5, "ticket_reopened": 1,
        }  # fmt: skip
        # Who the conversation is with, not the colleague who closed it.
        assert {(who, conversation) for *_, who, _, _, _, _, _, conversation, _ in events_of(workspace)} == {
            (f"k{n}", str(n)) for n in range(1, 6)
        }
        again = workspace.load()["intercom_conversation_parts"]
        assert (again.events.loaded, again.events.duplicate) == (0, 11)
        assert adds_up(again)


def test_conversations_open_once_however_often_they_change(connected):
    conversations = [conversation(n) for n in range(1, 6)]
    with served(intercom(conversations)) as service:
        workspace = connected(source_yaml("intercom", "conversations", service.url))
        workspace.load()
        conversations[0]["updated_at"] = T0 + 900
        service.routes["conversations/search"] = intercom_search("conversations", conversations, 2)
        report = workspace.load()["intercom_conversations"]
        assert [name for _, name, *_ in events_of(workspace)] == ["ticket_opened"] * 5
        assert report.events.conflict == 0


def test_contacts_and_companies(connected):
    contact = {"id": "k1", "role": "user", "updated_at": T0, "email": "a@b.example",
               "companies": {"type": "list", "data": [{"id": "co1"}]}}  # fmt: skip
    company = {"id": "co1", "name": "Acme", "industry": "Shoes", "user_count": 12, "created_at": T0,
               "plan": {"id": "1", "name": "Pro"}}  # fmt: skip

    def scroll(asked):
        return {"type": "list", "data": [] if asked.params.get("scroll_param") else [company], "scroll_param": "s-1"}

    routes = {"contacts/search": intercom_search("data", [contact], 2), "companies/scroll": scroll}
    with served(Fake(routes)) as service:
        workspace = connected(
            source_yaml("intercom", "contacts", service.url), source_yaml("intercom", "companies", service.url)
        )
        assert all(map(adds_up, workspace.load().values()))
        assert workspace.store.rows("SELECT person_id, customer_id, role FROM people") == [("k1", "co1", "user")]
        found = workspace.store.rows("SELECT customer_id, name, plan, seats, created_us FROM customers")
        assert found == [("co1", "Acme", "Pro", 12.0, T0 * 1_000_000)]
        assert service.paths.count("/companies/scroll") == 2
