"""What is stored of rows that were refused, and of staged ones: nothing that names somebody but his id."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from cxcurve.model.sources import Source
from cxcurve.sources import derive_staged, read_source
from cxcurve.sources.masking import keyed_hash

NOW_US = 1_790_000_000_000_000
KEY = b"0123456789abcdef"
NOTE = "Hi Anna, call +49 30 1234567 or anna@acme.example. Best, Tom"
MASKED = "Hi [name], call [phone] or [email]. Best, [name]"


def test_a_refused_row_is_kept_without_texts(read_all):
    content = f'id,who,at,note,email\n1,u1,never,"{NOTE}",anna@acme.example\n'
    result = read_all(
        {"log.csv": content}, person="who", id="id", event="used", text="note",
        time={"column": "at"}, properties=["email"],
    )  # fmt: skip
    (refused,) = result.batches[0].refused
    assert json.loads(refused.row) == {"id": "1", "who": "u1", "at": "never", "note": MASKED, "email": "[email]"}


def test_a_line_that_cannot_be_read_is_kept_without_texts(read_all):
    result = read_all(
        {"log.csv": f'id,who,at\n1,u1,2026-01-01,"{NOTE}",more\n'}, person="who", id="id",
        event="used", time={"column": "at"},
    )  # fmt: skip
    (refused,) = result.batches[0].refused
    assert "anna@" not in refused.row
    assert "1234567" not in refused.row


def test_a_refused_person_is_kept_by_his_id(read_all):
    content = "person_id,email,name,consent\nu1,anna@acme.example,Anna Miller,anna@acme.example\n"
    (refused,) = read_all({"people.csv": content}, table="people").batches[0].refused
    assert json.loads(refused.row) == {
        "person_id": "u1", "email": "[email]", "name": "[name]", "consent": "[email]",
    }  # fmt: skip
    assert refused.reason == 'could not read "[email]" as JSON in column consent'


def test_staged_rows_are_kept_without_texts_and_events_are_derived_from_them(read_all):
    content = f'nr,who,at,note,subject\nT1,u1,2026-01-01,"{NOTE}",Anna Miller cannot log in\n'
    source = {
        "person": "who", "by": "nr", "order": ["at"], "time": {"column": "at"}, "properties": ["subject"],
        "events": {"opened": {"first": True, "text": "note", "when": "note != ''"}},
    }  # fmt: skip
    table = read_all({"log.csv": content}, **source).staged
    (row,) = table.to_pylist()
    subject = "[name] cannot log in"
    assert json.loads(row["row"]) == {
        "nr": "T1", "who": "u1", "at": "2026-01-01", "note": MASKED, "subject": subject,
    }  # fmt: skip
    (event,) = derive_staged(Source(key="log", **source), table, received_us=NOW_US).events.to_pylist()
    assert (event["text"], json.loads(event["properties"])) == (MASKED, {"subject": subject})


def test_ids_that_are_addresses_are_hashed_where_asked(read_all):
    content = "id,who,at\nanna@acme.example,anna@acme.example,2026-01-01\nx@acme.example,u-17,never\n"
    files, same = {"log.csv": content}, {"person": "who", "event": "used", "time": {"column": "at"}}
    kept = read_all(files, id="id", **same)
    assert [one["person_id"] for one in kept.events] == ["anna@acme.example"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "log.csv").write_text(content)
        source = Source(key="log", files=("log.csv",), id="id", ids="hash", **same)
        (batch,) = read_source(source, Path(folder), received_us=NOW_US, secret=KEY)
    (event,) = batch.events.to_pylist()
    assert event["person_id"] == keyed_hash("anna@acme.example", KEY)
    assert json.loads(batch.refused[0].row)["id"] == keyed_hash("x@acme.example", KEY)
    assert "@" not in str(batch)
