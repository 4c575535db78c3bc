"""Mixpanel by the line, Pendo by the day, Qualtrics as a file made to order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from connecting import adds_up, events_of, source_yaml
from fake_services import Answer, Fake, mixpanel_export, pendo_aggregation, qualtrics_export, served

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
SINCE = (TODAY - timedelta(days=25)).date().isoformat()


def seconds(days_ago: int) -> int:
    return int((TODAY - timedelta(days=days_ago)).timestamp())


def used(number: int, days_ago: int, event="Feature Used"):
    properties = {
        "time": seconds(days_ago),
        "distinct_id": f"u{number % 3}",
        "$insert_id": f"i{number}",
        "mp_lib": "web",
    }
    return {"event": event, "properties": properties}


def test_mixpanel_gives_spans_of_days_by_the_line(connected, pauses):
    events = [used(n, 24 - n) for n in range(20)]
    with served(Fake({"export": mixpanel_export(events)})) as service:
        workspace = connected(source_yaml("mixpanel", "events", service.url, since=SINCE))
        assert workspace.load()["mixpanel_events"].events.loaded == 20
        assert service.asked[0].params["from_date"] == SINCE
        assert len(service.asked) == 3
        assert max(pauses) > 59  # 60 exports an hour
        events.append(used(99, 3))  # sent late
        again = workspace.load()["mixpanel_events"]
        assert len(service.asked) == 4
        assert (again.events.loaded, again.events.conflict) == (1, 0)
        assert {e[1] for e in events_of(workspace)} == {"core_feature_used"}


def test_a_line_that_is_no_json_is_quarantined(connected):
    def broken(asked):
        good = json.dumps(used(1, 20)).encode()
        return (
            Answer(good + b'\n{"event": "Feature Used", "prop\n') if asked.params["from_date"] == SINCE else Answer(b"")
        )

    with served(Fake({"export": broken})) as service:
        workspace = connected(source_yaml("mixpanel", "events", service.url, since=SINCE))
        report = workspace.load()["mixpanel_events"]
        assert (report.rows.read, report.rows.quarantined) == (2, 1)
        assert adds_up(report)


def test_pendo_counts_a_day_anew_until_it_is_over(connected):
    day = {"accountId": "acme", "visitorId": "v1", "featureId": "f1", "appId": 1, "numEvents": 3, "numMinutes": 1}
    rows = [{**day, "day": seconds(n) * 1000} for n in (20, 9, 0)]
    with served(Fake({"aggregation": pendo_aggregation(rows)})) as service:
        workspace = connected(source_yaml("pendo", "feature_events", service.url, since=SINCE))
        assert workspace.load()["pendo_feature_events"].events.loaded == 3
        rows[2]["numEvents"] = 8
        again = workspace.load()["pendo_feature_events"]
        assert (again.rows.read, again.events.conflict) == (1, 0)
        assert adds_up(again)
        assert [e[6] for e in sorted(events_of(workspace), key=lambda e: e[4])] == [3.0, 3.0, 8.0]
        assert all(one.headers["X-Pendo-Integration-Key"] for one in service.asked)


def test_pendo_accounts_and_visitors(connected):
    account = {"accountId": "acme", "metadata": {"agent": {"name": "Acme", "planlevel": "Pro"},
               "auto": {"firstvisit": seconds(20) * 1000}}}  # fmt: skip
    visitor = {"visitorId": "v1", "metadata": {"agent": {"role": "Owner"}, "auto": {"accountid": "acme"}}}

    def route(asked):
        wanted = visitor if "visitors" in asked.body["request"]["pipeline"][0]["source"] else account
        return pendo_aggregation([wanted])(asked)

    with served(Fake({"aggregation": route})) as service:
        workspace = connected(*(source_yaml("pendo", rows, service.url) for rows in ("accounts", "visitors")))
        assert all(map(adds_up, workspace.load().values()))
        found = workspace.store.rows("SELECT customer_id, name, plan, created_us FROM customers")
        assert found == [("acme", "Acme", "Pro", seconds(20) * 1_000_000)]
        assert workspace.store.rows("SELECT person_id, customer_id, role FROM people") == [("v1", "acme", "Owner")]


def test_qualtrics_files_are_ordered_waited_for_and_fetched(connected, pauses):
    def answered(number: int, recorded: str, **values):
        said = {"recordedDate": recorded, "externalDataReference": f"a{number}", "finished": 1, **values}
        return {"responseId": f"R_{number}", "values": said, "labels": {"QID1": "9"}, "displayedFields": ["QID1"]}

    responses = [
        answered(1, "2026-05-01T00:00:00Z", QID1=9, QID2_TEXT="Nice"),
        answered(2, "2026-05-02T00:00:00Z", QID1=1, finished=0),
        answered(3, "2026-05-03T00:00:00Z", QID1=3),
    ]
    with served(Fake(qualtrics_export(responses))) as service:
        workspace = connected(source_yaml("qualtrics", "responses", service.url))
        report = workspace.load()["qualtrics_responses"]
        assert adds_up(report)
        assert (report.rows.read, report.rows.no_event) == (3, 1)
        assert [(e[1], e[2], e[5], e[6]) for e in events_of(workspace)] == [
            ("nps_answered", "a1", "Nice", 9.0), ("nps_answered", "a3", None, 3.0),
        ]  # fmt: skip
        assert pauses.count(5.0) == 2
        responses.append(answered(4, "2026-05-09T00:00:00Z", QID1=10))
        again = workspace.load()["qualtrics_responses"]
        orders = [one.body["startDate"] for one in service.asked if one.method == "POST"]
        assert orders == ["2000-01-01T00:00:00Z", "2026-05-02T23:00:00Z"]
        assert (again.rows.read, again.events.loaded) == (2, 1)
