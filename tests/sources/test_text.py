"""CSV and JSON lines as the world sends them: each flaw costs its own row, told by line and reason."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.errors import ProblemsError
from cxcurve.sources import reading, text

HEAD = "at,who,what\n"
ROW = "2026-01-02,a,ping\n"


def test_good_rows_become_events(read):
    result = read(HEAD + ROW + "2026-01-03,b,pong\n")
    assert [(e["account_id"], e["name"], e["occurred_us"]) for e in result.events] == [
        ("a", "ping", 1_767_312_000_000_000),
        ("b", "pong", 1_767_398_400_000_000),
    ]
    assert result.counts == (2, 2, 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-01-02,a,ping,5,6\n", "has 5 fields, the header has 3"),
        ("2026-01-02\n", "has 1 field, the header has 3"),
        ('2026-01-02,"a"b,ping\n', "is no CSV: ',' expected after '\"'"),
        (
            '2026-01-02,"a,ping\n',
            "has a quote that is never closed; double the quotes inside a field and close the field",
        ),
        ("2026-01-02,a\0,ping\n", "has a NUL byte; the file is damaged, or UTF-16: give its `encoding`"),
    ],
)
def test_a_flaw_costs_one_row(read, row, reason):
    result = read(HEAD + ROW + row + ROW + ROW)
    assert result.reasons == [(3, reason)]
    assert result.counts == (4, 3, 0)


def test_unreadable_bytes_cost_one_row_and_stay_visible(read):
    result = read(HEAD.encode() + ROW.encode() + b"2026-01-02,caf\xe9,ping\n" + ROW.encode())
    assert result.reasons == [(3, "has bytes that the encoding cannot read; give the file's `encoding`")]
    assert json.loads(result.refused[0].row) == ["2026-01-02", "caf\\xe9", "ping"]
    assert result.counts == (3, 2, 0)


def test_the_encoding_given_is_used(read):
    (event,) = read(HEAD.encode() + b"2026-01-02,caf\xe9,ping\n", encoding="cp1252").events
    assert event["account_id"] == "café"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding(read, encoding):
    (event,) = read((HEAD + "2026-01-02,café 🙂,ping\n").encode(encoding)).events
    assert event["account_id"] == "café 🙂"


def test_lines_count_quoted_newlines(read):
    result = read(HEAD + '2026-01-02,"a\nb\r\nc",ping\n' + "2026-01-02,,ping\n")
    assert result.events[0]["account_id"] == "a\nb\r\nc"
    assert result.reasons == [(5, "names no customer: account (who) is empty")]


def test_a_field_of_100_kb_is_kept(read):
    (event,) = read(HEAD + f"2026-01-02,{'x' * 100_000},ping\n").events
    assert event["account_id"] == "x" * 100_000


def test_a_field_beyond_the_limit_is_a_quote_never_closed(read, monkeypatch):
    monkeypatch.setattr(text, "MAX_FIELD", 50)
    result = read(HEAD + '2026-01-02,"a,ping\n' + ROW * 10)
    assert [line for line, _ in result.reasons] == [2]
    assert result.counts == (11, 10, 0)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(read, separator):
    (event,) = read(("\n" + HEAD + ROW).replace(",", separator)).events
    assert event["account_id"] == "a"


def test_a_header_alone_is_no_problem(read):
    assert read(HEAD).counts == (0, 0, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "log.csv:1: is empty; expected a header line with the names of the columns"),
        ("at,who,who\n", 'log.csv:1: the header names column "who" 2 times'),
        ("at,who, ,what\n", "log.csv:1: column 3 has no name in the header"),
        ("at,who\0,what\n", "log.csv:1: the header has a NUL byte"),
    ],
)
def test_a_bad_header_is_a_problem(read, content, message):
    with pytest.raises(ProblemsError) as caught:
        read(content)
    assert message in str(caught.value)


def test_an_unknown_encoding_is_a_problem(read):
    with pytest.raises(ProblemsError, match=r'log\.csv:1: "klingon" is no encoding; expected utf-8, cp1252'):
        read(HEAD, encoding="klingon")


def test_json_lines(read):
    lines = [
        '{"at": "2026-01-02", "who": 7, "what": "ping", "deep": {"a": [1]}}',
        '{"at": "2026-01-02", "who": ',
        "[1]",
        "",
        '{"at": "2026-01-02", "who": "\\ud800", "what": "ping"}',
        '{"at": "2026-01-02", "who": NaN, "what": "ping"}',
        '{"at": "2026-01-02", "what": "ping"}',
    ]
    result = read("\n".join(lines), "log.jsonl")
    (event,) = result.events
    assert (event["account_id"], json.loads(event["properties"])) == ("7", {"deep": {"a": [1]}})
    assert sorted(result.reasons) == [
        (2, "is no JSON: Expecting value at character 28"),
        (3, "is no JSON object: [1]"),
        (5, "is no JSON: it has half a character (a lone surrogate)"),
        (6, "is no JSON: NaN is no JSON number"),
        (7, "names no customer: account (who) is empty"),
    ]
    assert result.counts == (6, 1, 0)


@pytest.mark.parametrize("name", ["log.csv.gz", "log.jsonl.gz"])
def test_a_cut_off_gz_keeps_what_came_before_and_says_so(read, name):
    line = (
        (lambda i: f"2026-01-02,{i},ping\n")
        if "csv" in name
        else (lambda i: f'{{"at": "2026-01-02", "who": {i}, "what": "ping"}}\n')
    )
    whole = (HEAD if "csv" in name else "") + "".join(line(i * 7919 % 100_003) for i in range(20_000))
    packed = gzip.compress(whole.encode())
    result = read(packed[: len(packed) // 2], name)
    n = len(result.events)
    assert 1000 < n < 19_000
    assert [event["account_id"] for event in result.events] == [str(i * 7919 % 100_003) for i in range(n)]
    last = n + ("csv" in name)
    ((line_number, reason),) = result.reasons
    assert line_number == last + 1
    assert reason.startswith(f"the file is cut off after line {last} (Compressed file ended before")
    assert reason.endswith("the rows before it were read, send the whole file again")
    assert result.counts == (n + 1, n, 0)


def test_a_half_quoted_record_at_the_cut_is_not_taken_for_rows(read):
    body = HEAD + ROW * 5 + '2026-01-02,"' + "2026-01-02,b,ping\n" * 50_000
    packed = gzip.compress(body.encode())
    result = read(packed[:-40], "log.csv.gz")
    assert {event["account_id"] for event in result.events} == {"a"}
    assert [line for line, _ in result.reasons] == [7]


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS.filter(bool), CELLS.filter(bool)), max_size=8))
def test_what_is_written_as_csv_is_read_back(read_all, rows):
    from_csv = io.StringIO(newline="")
    writer = csv.writer(from_csv)
    writer.writerow(["at", "who", "note"])
    writer.writerows(["2026-01-02", who, note] for who, note in rows)
    settings = {"time": {"column": "at"}, "account": "who", "event": "note_made", "text": "note"}
    result = read_all({"log.csv": from_csv.getvalue()}, **settings)
    assert [(event["account_id"], event["text"]) for event in result.events] == rows


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.lists(st.sampled_from([ROW, "2026-01-02,,x\n", "2026-01-02,a\n"]), max_size=12))
def test_chunks_change_nothing(read_all, size, rows):
    content = {"log.csv": HEAD + "".join(rows)}
    plain = {"time": {"column": "at"}, "account": "who", "name": "what"}
    whole = read_all(content, **plain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "CHUNK_ROWS", size)
        parts = read_all(content, **plain)
    assert (parts.events, sorted(parts.reasons), parts.counts) == (whole.events, sorted(whole.reasons), whole.counts)


@pytest.mark.parametrize("depth", [10, 900, 930, 960, 990, 100_000])
def test_json_nested_too_deeply_is_refused_not_fatal(read, depth):
    line = '{"at": "2026-01-02", "who": "a", "what": "ping", "deep": ' + "[" * depth + "]" * depth + "}"
    result = read(line, "log.jsonl")
    assert result.reasons in ([], [(1, "is no JSON: it is nested too deeply")])
    assert bool(result.events) == (not result.reasons)
    assert result.events or depth > 100
