"""Zendesk from its API to events: pages, limits, faults, changed answers, deleted tickets, a kill in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from connecting import adds_up, events_of, source_yaml
from fake_services import SECRET, Answer, Fake, served, zendesk_export, zendesk_times

from cxcurve.errors import ConnectError, ProblemsError, StoreError
from cxcurve.sources import fetching
from cxcurve.store import Store

T0 = 1_780_000_000  # 2026-05-28


def ticket(number: int, status: str = "open", at: int | None = None, **more):
    updated = T0 + number * 60 if at is None else at
    return {
        "id": number, "created_at": "2026-05-20T10:00:00Z", "updated_at": f"2026-05-28T00:{number:02}:00Z",
        "generated_timestamp": updated, "status": status, "priority": "high", "requester_id": 900 + number,
        "organization_id": 50 + number % 3, "subject": f"Printer {number}", "tags": ["a", "b"],
        "via": {"channel": "web", "source": {"rel": None}}, **more,
    }  # fmt: skip


def tickets_at(tickets, size=10, **more) -> Fake:
    route = zendesk_export("tickets", tickets, size, "generated_timestamp")
    return Fake({"incremental/tickets/cursor.json": route}, **more)


def test_all_pages_come_once_and_the_next_load_asks_for_what_is_new(connected):
    tickets = [ticket(n) for n in range(25)]
    with served(tickets_at(tickets)) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        first = workspace.load()["zendesk_tickets"]
        assert (first.rows.read, first.events.loaded, len(zendesk.asked)) == (25, 25, 3)
        tickets.append(ticket(26, "solved"))
        second = workspace.load()["zendesk_tickets"]
        assert adds_up(first)
        assert adds_up(second)
        # Ten minutes of overlap: tickets 14 to 24 come again and are known.
        assert int(zendesk.asked[3].params["start_time"]) == T0 + 24 * 60 - 600
        assert (second.rows.read, second.events.loaded, second.events.duplicate) == (12, 2, 11)
        names = [name for _, name, *_ in events_of(workspace)]
        assert (names.count("ticket_opened"), names.count("ticket_closed")) == (26, 1)


def test_what_an_event_says_comes_from_the_answer(connected):
    with served(tickets_at([ticket(7)])) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        workspace.load()
        (event,) = events_of(workspace)
        assert event[1:4] == ("ticket_opened", "51", "907")
        assert event[-3:] == ("web", "7", '{"priority":"high","status":"open","subject":"Printer 7"}')


def test_a_limit_and_faults_are_waited_out(connected, pauses):
    busy = Answer({"error": "slow down"}, 429, {"Retry-After": "17"})
    faults = {2: busy, 3: Answer("down", 503), 4: Answer("down", 500)}
    with served(tickets_at([ticket(n) for n in range(25)], faults=faults)) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        assert workspace.load()["zendesk_tickets"].events.loaded == 25
        assert len(zendesk.asked) == 6
    assert 17.0 in pauses
    # 10 requests a minute may be made; after a fault 2 and 4 seconds, half of them by chance.
    assert {p for p in pauses if 5.5 < p <= 6}
    assert [p for p in pauses if 1 <= p <= 4]


def test_a_service_that_stays_down_is_said_and_what_came_before_stays(connected):
    faults = {n: Answer("down", 503) for n in range(3, 30)}
    with served(tickets_at([ticket(n) for n in range(25)], faults=faults)) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        with pytest.raises(ConnectError, match=r"Zendesk: GET /incremental/tickets/cursor.json was answered with 503"):
            workspace.load()
        zendesk.faults.clear()
        assert workspace.load()["zendesk_tickets"].rows.read == 25
        assert len(events_of(workspace)) == 25


def test_a_service_that_is_down_does_not_keep_the_others_waiting(connected):
    organization = {"id": 5, "name": "Acme", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    fake = Fake({"incremental/organizations.json": lambda _: {"organizations": [organization], "end_of_stream": True}})
    with served(fake) as zendesk:
        workspace = connected(
            source_yaml("zendesk", "users", zendesk.url), source_yaml("zendesk", "organizations", zendesk.url)
        )
        with pytest.raises(ConnectError, match=r"GET /incremental/users/cursor.json was answered with 404"):
            workspace.load()
        assert workspace.store.rows("SELECT customer_id, name FROM customers") == [("5", "Acme")]


def test_each_reopening_and_hand_over_is_told_whoever_acts(connected):
    def change(number, at, **said):
        told = {"id": number, "event_type": "Change", "via": "Web", **said}
        return {"id": 100 + number, "ticket_id": 7, "timestamp": T0 + at, "updater_id": 1, "child_events": [told]}

    events = [
        change(1, 10, status="solved", previous_value="open"),
        change(2, 20, status="open", previous_value="solved"),
        change(3, 30, assignee_id=12, previous_value=11),
        change(4, 40, status="open", previous_value="closed"),
    ]
    asked_for = Fake({
        "incremental/ticket_events.json": zendesk_times("ticket_events", events, 2, "timestamp"),
        "tickets/show_many.json": lambda asked: {"tickets": [
            {"id": int(i), "organization_id": 50, "requester_id": 900} for i in asked.params["ids"].split(",")]},
    })  # fmt: skip
    with served(asked_for) as zendesk:
        workspace = connected(source_yaml("zendesk", "ticket_events", zendesk.url))
        report = workspace.load()["zendesk_ticket_events"]
        assert (report.rows.read, report.rows.used, report.rows.no_event) == (4, 3, 1)
        assert {event[2:4] for event in events_of(workspace)} == {("50", "900")}  # whose ticket it is, not who acted
        names = sorted(event[1] for event in events_of(workspace))
        assert names == ["conversation_handed_over", "ticket_reopened", "ticket_reopened"]
        events.append(change(5, 50, status="deleted", previous_value="open"))
        assert adds_up(workspace.load()["zendesk_ticket_events"])
        assert events_of(workspace) == []


def test_a_wrong_secret_is_said_without_showing_it(connected, monkeypatch):
    monkeypatch.setenv("CXCURVE_ZENDESK_TOKEN", "wrong-8d1e")
    fake = tickets_at([ticket(1)])
    fake.faults[1] = Answer({"error": "token wrong-8d1e is not known"}, 401)
    with served(fake) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        with pytest.raises(ConnectError, match=r"401.*Is the secret right") as caught:
            workspace.load()
    assert "wrong-8d1e" not in str(caught.value)
    assert "token (secret) is not known" in str(caught.value)


def test_a_deleted_ticket_takes_its_events_and_its_text_along_and_may_come_back(connected):
    tickets = [ticket(1), ticket(2)]
    with served(tickets_at(tickets)) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        workspace.load()
        tickets.append({**ticket(1, "deleted", T0 + 300), "updated_at": "2026-05-29T00:00:00Z"})
        report = workspace.load()["zendesk_tickets"]
        assert adds_up(report)
        assert [event[-2] for event in events_of(workspace)] == ["2"]
        assert "Printer 1" not in str(workspace.store.rows("SELECT row FROM staged"))
        tickets.append({**ticket(1, "open", T0 + 400), "updated_at": "2026-05-30T00:00:00Z"})
        workspace.load()
        assert [event[-2] for event in events_of(workspace)] == ["1", "2"]


def test_a_new_column_changes_nothing_and_one_that_became_an_object_is_quarantined(connected):
    changed = ticket(2, priority={"name": "high"})
    tickets = [ticket(1), changed]
    with served(tickets_at(tickets)) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        report = workspace.load()["zendesk_tickets"]
        assert (report.rows.read, report.rows.quarantined, report.events.loaded) == (2, 1, 1)
        assert adds_up(report)
        (refused,) = workspace.quarantine()
        assert refused["file"] == "zendesk tickets 2/2026-05-28T00:02:00Z"
        assert refused["reason"].startswith("column priority holds an object; expected one value")
        tickets[0]["brand_new"] = "x"
        changed["priority"] = "high"  # mended: the row comes again, and is no longer refused
        mended = workspace.load()["zendesk_tickets"]
        assert (mended.events.loaded, mended.events.duplicate, workspace.quarantine()) == (1, 1, [])


def test_a_column_that_is_gone_is_named_and_nothing_of_those_rows_is_kept(connected):
    tickets = [ticket(1)]
    with served(tickets_at(tickets)) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        workspace.load()
        renamed = ticket(30)
        renamed["ticket_id"] = renamed.pop("id")
        tickets[:] = [renamed]
        with pytest.raises(
            ProblemsError, match='zendesk tickets: the rows no longer have the column "id", which source'
        ):
            workspace.load()
        tickets[:] = [ticket(1), ticket(30)]
        assert workspace.load()["zendesk_tickets"].events.loaded == 1


def test_a_column_that_is_missed_but_not_needed_is_warned_of(connected):
    tickets = [ticket(n) for n in range(12)]
    with served(tickets_at(tickets)) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        workspace.load()
        tickets[:] = [ticket(n) for n in range(20, 40)]
        for one in tickets:
            del one["subject"]
        report = workspace.load()["zendesk_tickets"]
        assert report.events.loaded == 20
        assert ['the rows no longer have the column "subject"' in str(p) for p in report.problems] == [True]


def test_a_clock_that_is_ahead_does_not_make_later_tickets_be_missed(connected):
    tickets = [ticket(1, at=4_000_000_000)]  # the year 2096
    with served(tickets_at(tickets)) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        workspace.load()
        workspace.load()
        assert int(zendesk.asked[-1].params["start_time"]) < 3_000_000_000


def test_a_next_page_on_another_host_is_not_asked_for(connected):
    elsewhere = Fake({"steal": lambda _: {"users": [], "end_of_stream": True}})
    with served(elsewhere) as thief:
        page = {"organizations": [], "next_page": f"{thief.url}steal", "end_of_stream": False}
        with served(Fake({"incremental/organizations.json": lambda _: page})) as zendesk:
            workspace = connected(source_yaml("zendesk", "organizations", zendesk.url))
            with pytest.raises(ConnectError, match="points to another host"):
                workspace.load()
        assert thief.asked == []


def test_the_secret_stands_in_no_file_of_the_workspace(connected, tmp_path):
    with served(tickets_at([ticket(n) for n in range(25)])) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        workspace.load()
        workspace.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(SECRET.encode() not in path.read_bytes() for path in files)
    assert not [path for path in files if "dlt" in path.name]


@pytest.mark.parametrize("hold_at", [2, 4])
def test_a_kill_in_the_middle_of_the_pages_loses_and_doubles_nothing(connected, tmp_path, hold_at):
    tickets = [ticket(n) for n in range(60)]
    with served(tickets_at(tickets)) as zendesk:
        whole = connected(source_yaml("zendesk", "tickets", zendesk.url), name="whole")
        whole.load()
        expected = events_of(whole)
    with served(tickets_at(tickets, hold_at=hold_at)) as zendesk:
        source = source_yaml("zendesk", "tickets", zendesk.url)
        connected(source).close()
        program = textwrap.dedent("""
            import sys, cxcurve
            from cxcurve.sources import fetching
            from cxcurve.sources.connectors import patience
            patience.sleep = lambda _: None
            fetching.ROWS_AT_ONCE = 10
            cxcurve.open(sys.argv[1]).load()
        """)
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "w")])
        assert zendesk.is_held.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        zendesk.goes_on.set()
        zendesk.hold_at = 0
        n_before = len(zendesk.asked)
        workspace = connected(source)
        n_kept = workspace.store.rows("SELECT count(*) FROM staged")[0][0]
        assert n_kept == (hold_at - 1) * 10
        report = workspace.load()["zendesk_tickets"]
        assert adds_up(report)
        assert report.rows.read == 60 - n_kept  # it goes on at the page it was at
        assert zendesk.asked[n_before].params["cursor"].endswith(f"-{n_kept}")
        assert events_of(workspace) == expected


def test_rows_and_the_place_to_go_on_from_are_kept_together_or_not_at_all(connected, monkeypatch):
    monkeypatch.setattr(fetching, "ROWS_AT_ONCE", 10)
    remember = Store.remember
    places = []

    def fails_the_second_time(store, key, value):
        places.append(key)
        if len(places) == 2:
            raise StoreError("the disk is full")
        remember(store, key, value)

    with served(tickets_at([ticket(n) for n in range(25)])) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        assert workspace.store.rows("SELECT 1 FROM staged") == []
        monkeypatch.setattr(Store, "remember", fails_the_second_time)
        with pytest.raises(StoreError):
            workspace.load()
        assert workspace.store.rows("SELECT count(*) FROM staged") == [(10,)]
        monkeypatch.setattr(Store, "remember", remember)
        assert workspace.load()["zendesk_tickets"].rows.read == 15
        assert len(events_of(workspace)) == 25


def test_a_page_the_service_has_forgotten_begins_the_run_anew(connected, monkeypatch):
    monkeypatch.setattr(fetching, "ROWS_AT_ONCE", 10)
    fake = tickets_at([ticket(n) for n in range(25)], faults={n: Answer("down", 503) for n in range(2, 40)})
    with served(fake) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        with pytest.raises(ConnectError, match="answered with 503"):
            workspace.load()
        zendesk.faults = {len(zendesk.asked) + 1: Answer({"error": "cursor expired"}, 410)}
        report = workspace.load()["zendesk_tickets"]
        assert (report.rows.read, len(events_of(workspace))) == (25, 25)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(b"<html>Please sign in</html>"), "Zendesk: an answer is no JSON; is the address that of its API"),
        (Answer("", 302, {"Location": "https://elsewhere.example/"}), "It sends us elsewhere: are the settings beside"),
        (Answer({"tickets_v2": []}), "has no list `tickets`; its API may have changed"),
        (Answer({"tickets": "none"}), "has no list `tickets`; its API may have changed"),
    ],
)
def test_an_answer_that_is_no_page_of_rows_is_said(connected, answer, told):
    with served(Fake({"incremental/tickets/cursor.json": lambda _: answer})) as zendesk:
        workspace = connected(source_yaml("zendesk", "tickets", zendesk.url))
        with pytest.raises(ConnectError) as caught:
            workspace.load()
    assert told in str(caught.value)


def test_secrets_are_sent_to_no_plain_http_address(connected):
    with served(tickets_at([])):
        workspace = connected(source_yaml("zendesk", "tickets", "http://zendesk.example/"))
        with pytest.raises(ConnectError, match="is no https address; secrets are sent to no other"):
            workspace.load()


@pytest.mark.parametrize("subdomain", ["evil.example/", "a@evil.example", "acme.zendesk.com#"])
def test_a_setting_is_no_more_than_a_part_of_the_address(connected, subdomain):
    source = source_yaml("zendesk", "tickets", "", subdomain=subdomain).replace(', url: ""', "")
    workspace = connected(source)
    with pytest.raises(ConnectError, match="Zendesk: subdomain is "):
        workspace.load()


def test_nobody_but_the_service_is_spoken_to(connected, tmp_path):
    with served(tickets_at([ticket(n) for n in range(12)])) as zendesk:
        connected(source_yaml("zendesk", "tickets", zendesk.url)).close()
        home = tmp_path / "home"
        home.mkdir()
        program = textwrap.dedent("""
            import socket, sys, threading, time
            spoken_to = set()
            def hook(name, arguments):
                if name == "socket.connect":
                    spoken_to.add(str(arguments[1]))
                if name in ("socket.getaddrinfo", "socket.gethostbyname"):
                    spoken_to.add(f"name {arguments[0]}")
            sys.addaudithook(hook)
            import cxcurve
            from cxcurve.sources.connectors import patience
            patience.sleep = lambda _: None
            print(cxcurve.open(sys.argv[1]).load()["zendesk_tickets"].events.loaded)
            for thread in threading.enumerate():
                if thread is not threading.main_thread() and not thread.daemon:
                    thread.join(5)
            print(sorted(spoken_to))
        """)
        environment = {**__import__("os").environ, "HOME": str(home)}
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "w")],
            capture_output=True, text=True, check=True, env=environment, cwd=home,
        )  # fmt: skip
        port = zendesk.url.rstrip("/").rpartition(":")[2]
    assert done.stdout.splitlines() == ["12", f"[\"('127.0.0.1', {port})\", 'name 127.0.0.1']"]
    assert SECRET not in done.stdout + done.stderr
    assert list(Path(home).rglob("*")) == []
