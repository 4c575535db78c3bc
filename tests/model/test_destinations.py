"""destinations.yaml: read with what it means, and everything wrong with it at once."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from cxcurve.errors import Problem
from cxcurve.model import Destination, read_destinations
from cxcurve.model.destinations import FIELDS
from cxcurve.model.documents import read_document
from cxcurve.model.schema import destinations_schema

GOOD = """\
crm:
  to: hubspot
  match: customer_id
  fields: {cx_stage: stage, cx_friction: friction_index}
  every: 1h
sales: {to: salesforce, instance: acme, match: CX_Customer_Id__c, every: "07:00"}
ours: {to: webhook, url: "https://acme.example/hook"}
dwh: {to: table, url: "postgresql+psycopg://writer@db/dwh", table: analytics.scores}
lists: {to: csv, folder: owners, every: monday 07:00, purpose: outreach}
"""


def read(folder: Path, text: str) -> tuple[dict[str, Destination] | None, list[Problem]]:
    (folder / "destinations.yaml").write_text(text, encoding="utf-8")
    return read_destinations(folder / "destinations.yaml")


def said(folder: Path, text: str) -> list[str]:
    found, problems = read(folder, text)
    assert found is None
    return [str(problem) for problem in problems]


def test_what_it_says_is_read(tmp_path):
    found, problems = read(tmp_path, GOOD)
    assert problems == []
    assert found is not None
    assert found["crm"].theirs == {"stage": "cx_stage", "friction_index": "cx_friction"}
    assert (found["crm"].things, found["crm"].matching) == ("companies", "customer_id")
    assert found["sales"].theirs["top_reason"] == "CX_Top_Reason__c"
    assert "customer_id" not in found["dwh"].theirs
    assert list(found["lists"].theirs) == list(FIELDS)
    assert str(found["lists"].every) == "monday 07:00"


def test_the_example_of_the_docs_is_read_without_a_problem(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "write-back.md").read_text(encoding="utf-8")
    found, problems = read(tmp_path, text.partition("```yaml\n")[2].partition("```")[0])
    assert problems == []
    assert [one.to for one in (found or {}).values()] == ["hubspot", "salesforce", "table", "webhook", "csv"]
    for name in FIELDS:
        assert f"`{name}`" in text


def test_no_file_is_no_destination(tmp_path):
    assert read_destinations(tmp_path / "destinations.yaml") == ({}, [])
    assert read(tmp_path, "# none yet\n") == ({}, [])


def test_everything_wrong_is_told_at_once_with_its_line(tmp_path):
    assert said(
        tmp_path,
        "crm:\n  to: hubspt\nsales:\n  to: salesforce\n  fields: {Stage__c: stge, Same__c: level, Too__c: level}\n"
        "dwh: {to: table, url: 'postgresql://w:hunter2@db/x', table: scores, folder: out}\n"
        "lists: {to: csv, folder: out, every: 3}\n",
    ) == [
        'destinations.yaml:2: destination "crm", to: "hubspt" is none of '
        "'hubspot', 'salesforce', 'webhook', 'table' or 'csv'",
        'destinations.yaml:3: destination "sales" needs `instance`: the part before .my.salesforce.com, such as "acme"',
        'destinations.yaml:5: destination "sales" fills "Stage__c" with "stge", which is no field of ours. '
        'Did you mean "stage"?',
        'destinations.yaml:5: destination "sales" writes "level" into 2 fields; keep one',
        'destinations.yaml:6: destination "dwh" has `folder`, which table does not use; remove it',
        'destinations.yaml:6: destination "dwh" has a secret in `url`, for all to read who see this file. Take it out, '
        "give it as the environment variable CXCURVE_TABLE_PASSWORD or in the keyring, and have a new one made: this "
        "one was written down",
        'destinations.yaml:6: destination "dwh" writes into the folder of another, "out"; give each its own',
        'destinations.yaml:7: destination "lists" writes into the folder of another, "out"; give each its own',
        'destinations.yaml:7: destination "lists", every: 3 is a bare number; a duration needs a unit: write "3d" '
        '(days) or "3h" (hours)',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: {to: csv}", 'destination "x" needs `folder`'),
        ("x: {to: table}", 'destination "x" needs `table`'),
        ("x: {to: hubspot, object: 'companies/../x'}", 'has the object "companies/../x"; expected a name'),
        ("x: {to: salesforce, instance: 'acme.example/x#'}", 'has the instance "acme.example/x#"'),
        ("x: {to: hubspot, match: id, fields: {id: stage}}", "by which customers are known there"),
        ("x: {to: hubspot, fold: y}", 'key "fold" of destination "x" is not known'),
        ("x: {folder: y}", 'destination "x" needs "to"'),
        ("- x", "expected a name for each destination as keys, found a list"),
        ('x: {to: webhook, url: "https://acme.example/h?token=abc"}', "CXCURVE_WEBHOOK_URL"),
    ],
)
def test_each_problem(tmp_path, text, message):
    assert any(message in one for one in said(tmp_path, text)), said(tmp_path, text)


def test_the_schema_takes_what_the_reader_takes(tmp_path):
    read(tmp_path, GOOD)
    schema, value = destinations_schema(), read_document(tmp_path / "destinations.yaml")[0].value  # type: ignore[union-attr]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(value)) == []
    assert list(validator.iter_errors({"x": {"to": "hubspt"}}))
    assert list(validator.iter_errors({"x": {"to": "csv", "fold": "y"}}))
