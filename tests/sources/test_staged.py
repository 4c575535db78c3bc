"""Sources with `by`: rows are staged, events derived from all rows of a key."""

from __future__ import annotations

import json

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.model.sources import Source
from cxcurve.sources import arrow_schema, derive_staged
from cxcurve.sources.staged import REMOVED
from cxcurve.tables import STAGED

NOW_US = 1_790_000_000_000_000
SETTINGS = {
    "time": {"column": "changed", "format": "%d/%m/%Y %H:%M"},
    "nulls": ["?", ""],
    "account": "who",
    "id": ["nr", "mod", "changed"],
    "by": "nr",
    "order": ["mod", "changed"],
    "events": {
        "opened": {"first": True, "at": "opened"},
        "reopened": {"when": "reopens > previous(reopens)"},
        "handed_over": {"when": "team != previous(team)"},
        "closed": {"last": True, "at": "closed"},
    },
    "properties": ["team"],
}
HEAD = "nr,mod,changed,who,opened,closed,reopens,team,unused\n"
ROWS = [
    "T1,0,1/3/2026 10:00,a,1/3/2026 09:00,?,0,x,1\n",
    "T1,2,1/3/2026 11:00,a,1/3/2026 09:00,?,0,y,2\n",
    "T1,10,1/3/2026 12:00,b,1/3/2026 09:00,2/3/2026 12:00,1,y,3\n",
    "T1,10,9/3/2026 12:00,b,1/3/2026 09:00,5/3/2026 12:00,2,y,3\n",
    "T2,0,1/3/2026 10:00,c,1/3/2026 08:00,?,3,x,4\n",
    "T3,0,1/3/2026 10:00,?,1/3/2026 08:00,?,3,x,4\n",
]


def derive(staged):
    return derive_staged(Source(key="log", **SETTINGS), staged, received_us=NOW_US)


def staged(read_all, rows):
    return read_all({"log.csv": HEAD + "".join(rows)}, **SETTINGS)


def test_reading_stages_rows_and_makes_no_events(read_all):
    result = staged(read_all, ROWS)
    assert (result.events, result.counts) == ([], (6, 5, 0))
    assert result.reasons == [(7, "names no customer: account (who) is empty")]
    table = result.staged
    assert table.select(STAGED.column_names).schema == arrow_schema(STAGED)
    first = table.to_pylist()[0]
    to_erase_by = first["account_id"], first["person_id"], first["at_us"]
    assert to_erase_by == ("a", None, 1_772_359_200_000_000)
    assert (first["source"], first["row_key"], first["file"], first["line"]) == ("log", "T1", "log.csv", 2)
    assert json.loads(first["row"]) == {
        "nr": "T1", "mod": "0", "changed": "1/3/2026 10:00", "who": "a", "opened": "1/3/2026 09:00",
        "reopens": "0", "team": "x",
    }  # fmt: skip


def test_events_of_the_first_last_and_changed_rows(read_all):
    batch = derive(staged(read_all, ROWS).staged)
    events = [(e["name"], e["account_id"], e["event_id"], e["occurred_us"]) for e in batch.events.to_pylist()]
    day, first_of_march = 86_400_000_000, 1_772_323_200_000_000
    hour = day // 24
    assert events == [
        ("opened", "a", "log/opened/T1/0/1%2F3%2F2026 10:00", first_of_march + 9 * hour),
        ("handed_over", "a", "log/handed_over/T1/2/1%2F3%2F2026 11:00", first_of_march + 11 * hour),
        ("reopened", "b", "log/reopened/T1/10/1%2F3%2F2026 12:00", first_of_march + 12 * hour),
        ("reopened", "b", "log/reopened/T1/10/9%2F3%2F2026 12:00", first_of_march + 8 * day + 12 * hour),
        ("closed", "b", "log/closed/T1/10/9%2F3%2F2026 12:00", first_of_march + 4 * day + 12 * hour),
        ("opened", "c", "log/opened/T2/0/1%2F3%2F2026 10:00", first_of_march + 8 * hour),
    ]
    assert (batch.n_read, batch.n_used, batch.n_no_event, batch.n_made) == (5, 5, 0, 6)
    assert len(batch.used_row_ids) == 5
    assert batch.events["row_key"].to_pylist() == ["T1"] * 5 + ["T2"]


def test_rows_without_event_are_told(read_all):
    quiet = "T1,1,1/3/2026 10:30,a,1/3/2026 09:00,?,0,x,1\n"
    table = staged(read_all, [*ROWS, quiet]).staged
    batch = derive(table)
    assert (batch.n_read, batch.n_used, batch.n_no_event) == (6, 5, 1)
    (unused,) = set(table["row_id"].to_pylist()) - batch.used_row_ids
    assert json.loads(table.to_pylist()[-1]["row"])["mod"] == "1"
    assert table.to_pylist()[-1]["row_id"] == unused


@settings(max_examples=30, deadline=None)
@given(st.permutations(ROWS), st.integers(0, 6))
def test_neither_the_order_of_rows_nor_of_files_matters(read_all, rows, cut):
    whole = derive(staged(read_all, ROWS).staged)
    files = {"log1.csv": HEAD + "".join(rows[:cut]), "log2.csv": HEAD + "".join(rows[cut:])}
    parts = derive(read_all(files, **SETTINGS).staged)
    assert parts.events.equals(whole.events)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(5)))
def test_one_key_alone_gives_its_events_of_the_whole(read_all, order):
    table = staged(read_all, ROWS).staged.take(order)
    alone = [derive(table.filter(pa.compute.equal(table["row_key"], key))).events for key in ("T1", "T2")]
    assert pa.concat_tables(alone).equals(derive(table).events)


def test_order_falls_back_to_text_key_by_key(read_all):
    rows = [
        "A,10,,x\n", "A,9,,y\n", "B,10,,x\n", "B,9b,,y\n",
    ]  # fmt: skip
    fields = {
        "by": "nr",
        "order": ["mod"],
        "account": "who",
        "time": {"column": "at"},
        "events": {"last_seen": {"last": True, "at": "seen"}},
    }
    content = "nr,mod,at,team,who,seen\n" + "".join(row.strip() + ",a,2026-01-02\n" for row in rows)
    table = read_all({"log.csv": content}, **fields, properties=["nr", "mod"]).staged
    batch = derive_staged(Source(key="log", **fields, properties=["nr", "mod"]), table, received_us=NOW_US)
    assert batch.events["properties"].to_pylist() == ['{"mod":"10","nr":"A"}', '{"mod":"9b","nr":"B"}']


def test_a_refused_event_is_told_with_the_place_of_its_row(read_all):
    row = "T9,0,1/3/2026 10:00,a,31/31/2026 09:00,?,0,x,1\n"
    batch = derive(staged(read_all, [ROWS[4], row]).staged)
    (refused,) = batch.refused
    assert (refused.file, refused.line, refused.ordinal, refused.kind) == ("log.csv", 3, 1, "event")
    assert refused.reason == 'could not read "31/31/2026 09:00" as a time in column opened; expected %d/%m/%Y %H:%M'
    assert (batch.n_used, batch.n_no_event, batch.n_made, len(batch.events)) == (2, 0, 2, 1)


def test_an_empty_key_is_refused(read_all):
    result = staged(read_all, [",0,1/3/2026 10:00,a,1/3/2026 09:00,?,0,x,1\n"])
    assert [reason for _, reason in result.reasons] == ["has no id: column nr is empty"]


def test_nothing_staged_gives_nothing():
    batch = derive(arrow_schema(STAGED).empty_table())
    assert (len(batch.events), batch.n_read, batch.refused) == (0, 0, ())


def test_twins_are_staged_twice(read_all):
    table = staged(read_all, [ROWS[0], ROWS[0]]).staged
    assert len(set(table["row_id"].to_pylist())) == 2


def test_the_key_is_the_conversation_unless_another_column_is_told(read_all):
    """So an ending closes what its own key opened, and not whatever of the customer has been open longest."""
    rows = staged(read_all, ROWS).staged
    found = derive(rows).events.to_pylist()
    keys = dict(zip(rows["row_id"].to_pylist(), rows["row_key"].to_pylist(), strict=True))
    assert {event["conversation_id"] for event in found} == set(keys.values())
    told = Source(key="log", **SETTINGS, conversation="who")
    batch = derive_staged(told, rows, received_us=NOW_US)
    assert {event["conversation_id"] for event in batch.events.to_pylist()}.isdisjoint(keys.values())


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(6)), st.booleans())
def test_a_key_that_is_gone_has_no_events_until_a_later_row_of_it(read_all, order, is_restored):
    table = staged(read_all, ROWS[:4]).staged
    at = "20/3/2026 12:00"
    grave = {"source": "log", "row_id": f"{REMOVED} T1", "row_key": "T1", "file": "log", "line": 0}
    gone = pa.Table.from_pylist(
        [grave | {"row": json.dumps({REMOVED: True, "mod": "11", "changed": at})}], table.schema
    )
    later = staged(read_all, ["T1,12,21/3/2026 12:00,b,1/3/2026 09:00,?,2,y,3\n"]).staged
    rows = pa.concat_tables([table, gone, *([later] if is_restored else [])])
    found = derive(rows.take([n for n in order if n < len(rows)]))
    if is_restored:
        assert set(found.events["name"].to_pylist()) >= {"opened", "reopened"}
        assert found.removed_keys == set()
    else:
        assert (found.events.num_rows, found.removed_keys) == (0, {"T1"})
