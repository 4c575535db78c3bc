"""sources.yaml: what cannot work is told with the line; its events are held against the tracking plan."""

import textwrap

import pytest

from cxcurve.errors import Severity
from cxcurve.model import Journey, cross_check, read_sources

INCIDENTS = """\
incidents:
  files: incidents.csv
  nulls: ["?", ""]
  time: {column: sys_updated_at, format: "%d/%m/%Y %H:%M", zone: UTC}
  account: caller_id
  id: [number, sys_mod_count]
  by: number
  order: sys_mod_count
  events:
    ticket_opened: {first: true, at: opened_at}
    ticket_reopened: {when: "reopen_count > previous(reopen_count)"}
    ticket_closed: {last: true, at: closed_at}
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sources.yaml"


def read(path, text):
    path.write_text(textwrap.dedent(text))
    return read_sources(path)


def messages(problems):
    return [str(problem) for problem in problems]


def test_a_source_knows_its_key(path):
    sources, problems = read(path, INCIDENTS)
    assert problems == []
    source = sources["incidents"]
    assert (source.key, source.files, source.order) == ("incidents", ("incidents.csv",), ("sys_mod_count",))
    assert source.events["ticket_reopened"].when.previous == {"reopen_count"}


def test_comments_alone_are_no_sources(path):
    assert read(path, "# log:\n#   files: x.csv\n") == ({}, [])


PLAIN = {"files": "x.csv", "time": "{column: at}", "account": "who", "name": "event"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"files": None}, "has no files; write `files: NAME.csv` (csv, jsonl or parquet, * for any)"),
        (
            {"connect": "{service: zendesk, rows: tickets}"},
            "has both `files` and `connect`; rows come from one of them",
        ),
        ({"account": None}, "names no customer; give the column with their ids: `account:`, `person:` or `anonymous:`"),
        ({"time": None}, "says not when things happened; write `time: {column: NAME}`"),
        ({"name": None}, "names no event; give their column (`name:`), one name for all rows (`event:`) or rules"),
        ({"event": "used"}, "names its events twice, by `name` and by `event`; keep one"),
        (
            {"name": None, "event": "used", "rename": "{a: b}"},
            "has `rename` but no `name:`, the column whose values are",
        ),
        ({"time": '{column: at, format: "%Y %Q"}'}, 'has the unknown time directive "%Q"; known: %% %A %B %H'),
        ({"time": '{column: at, format: "%H:%M"}'}, 'has a time format without a year: "%H:%M"; %Y is 2026, %y is 26'),
        ({"time": '{column: at, format: "%Y", unit: s}'}, "has a time with both `format` and `unit`; `unit` is for"),
        (
            {"time": "{column: at, zone: Europe/Berln}"},
            'has the unknown time zone "Europe/Berln". Did you mean "Europe/Ber',
        ),
        ({"time": "{column: at, zone: Moon}"}, 'has the unknown time zone "Moon". '),
        ({"separator": '";;"'}, 'has the separator ";;"; expected one character'),
        ({"encoding": "utf-99"}, 'has the unknown encoding "utf-99"; most files are utf-8 or cp1252'),
        ({"by": "number"}, "has `by` with `name:`; rows that are events need no `by`, rules under"),
        (
            {"name": None, "events": "{a: {at: at}}", "by": "number"},
            "has `by` but no `order`; name the columns that put the rows of one key in order",
        ),
        ({"amount": "change(mrr)"}, "has `amount: change(...)` but no `by`"),
        ({"order": "number"}, "has `order` but no `by`, the column whose rows belong together"),
        (
            {"name": None, "events": '{a: {when: "n > previous(n)"}}'},
            'makes event "a" with previous(), which needs `by` and `order`',
        ),
        ({"name": None, "events": "{a: {first: true}}"}, 'makes event "a" with first, which needs `by` and `order`'),
        ({"table": "customers"}, "is a table of customers and makes no events; remove `name`"),
        (
            {"table": "customers", "name": None, "columns": "{nme: x}"},
            'fills "nme", which is no column of customers. Did you mean "name"?',
        ),
    ],
)
def test_one_wrong_source(path, change, message):
    source = {key: value for key, value in (PLAIN | change).items() if value is not None}
    sources, problems = read(path, "log:\n" + "".join(f"  {key}: {value}\n" for key, value in source.items()))
    assert sources is None
    assert len(problems) == 1
    assert f'source "log" {message}' in str(problems[0])


def test_all_sources_are_told_of_at_once(path):
    _, problems = read(
        path,
        """\
        a: {files: x.csv, time: {colum: at}, account: who, name: event}
        b: 3
        c: {files: x.csv, time: {column: at}, account: who, events: {x: {frist: true}}}
        """,
    )
    assert messages(problems) == [
        'sources.yaml:1: key "colum" of source "a", time is not known. Did you mean "column"?',
        'sources.yaml:1: source "a" says not when things happened; write `time: {column: NAME}`',
        'sources.yaml:2: source "b": expected keys with values, found 3',
        'sources.yaml:3: key "frist" of source "c", event "x" is not known. Did you mean "first"?',
    ]


def test_every_event_may_have_a_time_of_its_own(path):
    _, problems = read(
        path, "a: {files: x.csv, account: who, events: {opened: {at: opened_at}, closed: {at: closed_at}}}"
    )
    assert problems == []


def test_columns_of_events_are_a_warning(path):
    sources, problems = read(path, "a: {files: x, time: {column: t}, account: b, name: c, columns: {d: e}}")
    assert sources is not None
    assert [problem.severity for problem in problems] == [Severity.WARNING]


def test_events_the_tracking_plan_does_not_name(path):
    journey = Journey.model_validate(
        {"journey": "x", "stages": ["a"], "signals": {"ticket_opened": {}, "ticket_closed": {}, "nps_answered": {}}}
    )
    sources, _ = read(
        path,
        INCIDENTS.replace("ticket_opened", "ticket_opend")
        + """\
nps: {files: nps.csv, time: {column: at}, account: who, event: nps_answerd}
log: {files: log.csv, time: {column: at}, account: who, name: event, rename: {open: ticket_opened, shut: zzz}}
""",
    )
    assert messages(cross_check(journey, sources, path)) == [
        'sources.yaml:10: source "incidents" makes event "ticket_opend", which the tracking plan does not name.'
        ' Did you mean "ticket_opened"?',
        'sources.yaml:11: source "incidents" makes event "ticket_reopened", which the tracking plan does not name.'
        ' Did you mean "ticket_opened"?',
        'sources.yaml:13: source "nps" makes event "nps_answerd", which the tracking plan does not name.'
        ' Did you mean "nps_answered"?',
        'sources.yaml:14: source "log" makes event "zzz", which the tracking plan does not name.',
    ]
