"""From a score to a destination: only what changed, remembered once it was taken, forgotten with the erased."""

from __future__ import annotations

import csv
import functools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sources" / "connectors"))
sys.path.append(str(Path(__file__).parents[1] / "sources" / "writing"))
sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

import serving
from calling import run_cli
from fake_destinations import HubSpot, Salesforce, salesforce, unique
from fake_services import SECRET, Answer, served

import cxcurve
from cxcurve import tables
from cxcurve.errors import ProblemsError, UnknownNameError
from cxcurve.model import Destination
from cxcurve.model.destinations import FIELDS
from cxcurve.sources import arrow_schema
from cxcurve.sources.connectors import patience
from cxcurve.store import Store
from cxcurve.store.written import remembered
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.customers import customer_result
from cxcurve.workspace.fields import field_rows, next_step
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.reasons import LEAST_INDEX, top_reasons
from cxcurve.workspace.writing import WriteResult, deliver, is_due, keeper, kept, outgoing, status

pytest.importorskip("dlt", reason='needs pip install "cxcurve[connect]"')

JOURNEY = """
journey: tiny
stages:
  - {name: start, label: Start, expected: 7d, bridge: {to: use, content: [A call with setup help]}}
  - {name: use, label: Use, expected: 30d}
exits: [left]
signals:
  signed_up: {stage: start, momentum: 0.5}
  used: {stage: use, momentum: 0.3, core: true}
  ticket_opened: {friction: 0.8, contact: true, label: Ticket opened}
  left: {}
"""
CRM = "crm: {{to: hubspot, match: customer_id, url: '{url}', fields: {{cx_stage: stage, cx_reason: top_reason}}}}\n"
READY = {"customer_id": unique("customer_id")}
SOURCES = "log: {files: events.csv, time: {column: at}, account: who, person: person, id: id, name: name}\n"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXCURVE_HUBSPOT_TOKEN", SECRET)
    monkeypatch.setattr(patience, "sleep", lambda _: None)


def log(n: int = 30) -> list[str]:
    """Customers a0 to a29 who signed up; every second uses it, every third has tickets, a29 is gone."""
    rows = [f"s{i},2026-05-{1 + i % 20:02}T10:00:00Z,a{i},p{i},signed_up" for i in range(n)]
    rows += [f"u{i}-{k},2026-05-{22 + k}T10:00:00Z,a{i},p{i},used" for i in range(0, n, 2) for k in range(3)]
    rows += [f"t{i}-{k},2026-05-{25 + k}T10:00:00Z,a{i},p{i},ticket_opened" for i in range(0, n, 3) for k in range(4)]
    return [*rows, f"x,2026-05-29T10:00:00Z,a{n - 1},p,left"]


@functools.cache
def scored() -> Path:
    """The company, loaded and scored once a process."""
    folder = Path(_kept.name) / "w"
    init(folder, "blank").close()
    (folder / "journey.yaml").write_text(JOURNEY, encoding="utf-8")
    (folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    rows = ["id,at,who,person,name", *log(), "e,2026-05-20T10:00:00Z,zz-9-plural,p,signed_up", ""]
    (folder / "events.csv").write_text("\n".join(rows), encoding="utf-8")
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score()
    return folder


_kept = tempfile.TemporaryDirectory(prefix="cxcurve-tests-")


def company(folder: Path, destinations: str) -> Path:
    found = Path(shutil.copytree(scored(), folder / "w"))
    (found / "destinations.yaml").write_text(destinations, encoding="utf-8")
    return found


def happened(workspace: Workspace, *rows: str) -> None:
    with (workspace.folder / "events.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{row}\n" for row in rows)
    workspace.load()
    workspace.score()


def ids(n: int = 30) -> dict[str, dict[str, str]]:
    return {f"a{i}": {} for i in range(n)}


class Desk:
    """A store without a company: what is sent is said in the test."""

    def __init__(self, folder: Path, url: str, *customers: str, **more: Any) -> None:
        self.store, self.folder = Store(folder / "events.duckdb"), folder
        fields = {"cx_stage": "stage", "cx_reason": "top_reason"}
        self.crm = Destination(key="crm", to="hubspot", match="customer_id", url=url, fields=fields, **more)
        self.stages = dict.fromkeys(customers, "Use")
        for n, one in enumerate(customers):
            self.store.execute("INSERT INTO customer_keys VALUES ($1, $2, 0)", n, one)

    def write(self, **how: Any) -> WriteResult:
        rows = [{**dict.fromkeys(FIELDS), "customer_id": one, "stage": stage} for one, stage in self.stages.items()]
        out = outgoing(self.store, self.crm, 0, rows, **how)
        return kept(self.store, out, deliver(out, self.folder, keeper(self.store, out)))


@pytest.fixture(name="there")
def _there() -> HubSpot:
    return HubSpot({one: {} for one in "abcdefgh"}, dict(READY))


@pytest.fixture(name="desk")
def _desk(tmp_path: Path, there: HubSpot) -> Iterator[Desk]:
    with served(there.fake()) as service:
        desk = Desk(tmp_path, service.url, *there.companies)
        desk.service = service  # type: ignore[attr-defined]
        yield desk
        desk.store.close()


def test_everybody_once_then_those_who_changed_then_nobody(tmp_path: Path) -> None:
    there = HubSpot(ids(), dict(READY))
    with served(there.fake()) as service:
        with cxcurve.open(company(tmp_path, CRM.format(url=service.url))) as workspace:
            first = workspace.write()["crm"]
            assert (first.n_customers, first.n_changed, first.n_written, first.error) == (31, 31, 30, None)
            assert [who for who, _ in first.refused] == ["zz-9-plural"]
            assert there.companies["a0"] == {"cx_stage": "Use", "cx_reason": "Ticket opened"}
            assert there.companies["a29"] == {"cx_stage": "", "cx_reason": ""}, "outside the journey nothing is made up"
            there.companies["zz-9-plural"] = {}
            assert workspace.write()["crm"].n_written == 1
            n = len(service.asked)
            again = workspace.write()["crm"]
            assert (again.n_changed, again.n_written, len(service.asked)) == (0, 0, n)
            happened(workspace, "u1,2026-05-30T11:00:00Z,a1,p1,used")
            third = workspace.write()["crm"]
        sent = [one["id"] for asked in service.asked[n:] if "update" in asked.path for one in asked.body["inputs"]]
        assert "a1" in sent
        assert len(sent) == third.n_written < 30
        assert there.companies["a1"]["cx_stage"] == "Use"


def test_a_dry_run_shows_and_writes_nothing(tmp_path: Path) -> None:
    with served(HubSpot(ids(), dict(READY)).fake()) as service:
        folder = company(tmp_path, CRM.format(url=service.url) + "lists: {to: csv, folder: out}\n")
        dry = run_cli("-w", folder, "write", "--dry-run", "--json")
        assert (dry.code, service.asked) == (0, [])
    assert not (folder / "out").exists()
    assert dry.json["crm"]["n_changed"] == 31
    assert len(dry.json["crm"]["customers"]) == 10
    assert dry.json["crm"]["customers"][0] == {"customer_id": "a0", "cx_stage": "Use", "cx_reason": "Ticket opened"}
    with cxcurve.open(folder) as workspace:
        assert workspace.written()["crm"]["at"] is None


def test_what_was_refused_is_kept_told_and_tried_again(desk: Desk, there: HubSpot) -> None:
    del there.companies["g"]
    found = desk.write()
    assert (found.n_written, [who for who, _ in found.refused]) == (7, ["g"])
    told = status(desk.store, {"crm": desk.crm})["crm"]
    assert [one["customer_id"] for one in told["refused"]] == ["g"]
    assert desk.write(is_retry=False).n_changed == 0, "not by itself before a day is over"
    desk.stages["g"] = "Share"
    there.companies["g"] = {}
    assert desk.write(is_retry=False).n_written == 1
    assert status(desk.store, {"crm": desk.crm})["crm"]["n_refused"] == 0
    assert desk.write(is_all=True).n_written == 8


def test_a_failure_in_the_middle_keeps_what_was_acknowledged(
    desk: Desk, there: HubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cxcurve.sources.writing.hubspot import HubSpot as Writer

    monkeypatch.setattr(Writer, "at_once", 3)
    desk.service.faults = {n: Answer({}, 500) for n in range(6, 14)}  # type: ignore[attr-defined]
    found = desk.write()  # 4 requests of setup, one batch, then none
    assert found.n_written == 3
    assert "answered with 500" in (found.error or "")
    assert sorted(remembered(desk.store, "crm")) == ["a", "b", "c"]
    assert desk.write().n_written == 5
    assert all(there.companies.values())


def test_a_locked_record_is_sent_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ID", "SECRET"):
        monkeypatch.setenv(f"CXCURVE_SALESFORCE_CLIENT_{name}", SECRET)
    there = Salesforce({"a": {}, "b": {}}, ("Stage__c",), locked={"b"})
    with served(there.fake()) as service:
        desk = Desk(tmp_path, "", "a", "b")
        desk.crm = salesforce(service.url)
        assert desk.write(is_retry=False).n_written == 1
        assert desk.write(is_retry=False).n_written == 1
        desk.store.close()
    assert there.accounts == {"a": {"Stage__c": "Use"}, "b": {"Stage__c": "Use"}}


def test_a_kill_between_sending_and_remembering_sends_the_same_again(tmp_path: Path) -> None:
    there = HubSpot({**ids(), "zz-9-plural": {}}, dict(READY))
    fake = there.fake()
    fake.hold_at = 5
    with served(fake) as service:
        folder = company(tmp_path, CRM.format(url=service.url))
        command = [sys.executable, "-m", "cxcurve", "-w", str(folder), "write"]
        with subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            assert fake.is_held.wait(60)
            process.send_signal(signal.SIGKILL)
        fake.goes_on.set()
        before = json.dumps(service.asked[4].body)
        with cxcurve.open(folder) as workspace:
            assert workspace.write()["crm"].n_written == 31
        assert json.dumps(service.asked[-1].body) == before


def test_a_customer_that_is_none_any_more_is_emptied_and_forgotten(desk: Desk, there: HubSpot) -> None:
    desk.write()
    del desk.stages["c"]
    assert desk.write().n_written == 1
    assert there.companies["c"] == {"cx_stage": "", "cx_reason": ""}
    assert "c" not in remembered(desk.store, "crm")
    assert desk.write().n_changed == 0


def test_the_erased_are_forgotten_in_every_byte(tmp_path: Path) -> None:
    there = HubSpot({**ids(), "zz-9-plural": {}}, dict(READY))
    with served(there.fake()) as service:
        folder = company(tmp_path, CRM.format(url=service.url))
        with cxcurve.open(folder) as workspace:
            workspace.write()
            (out,) = workspace.to_write("crm", is_all=True)
            assert [row["destination"] for row in workspace.export("zz-9-plural")["written"]] == ["crm"]
            workspace.erase("zz-9-plural")
            keeper(workspace.store, out)(out.changes, {})  # what was under way is answered for after the erasure
            found = remembered(workspace.store, "crm")
            assert "zz-9-plural" not in found
            assert "a5" in found
    files = [path for path in (folder / ".cxcurve").rglob("*") if path.is_file()]
    assert [path for path in files if b"zz-9-plural" in path.read_bytes()] == []


def test_consent_for_the_purpose_is_asked(desk: Desk, there: HubSpot) -> None:
    desk.write()
    desk.store.execute(
        "INSERT INTO identities (id_kind, id, customer_key, valid_from_us, own_key) "
        "SELECT 'person', customer_id, customer_key, 0, customer_key FROM customer_keys"
    )
    said = (("a", '{"outreach": false}'), ("b", '{"outreach": true}'), ("c", "{}"))
    people = [{"person_id": who, "consent": consent, "attributes": "{}"} for who, consent in said]
    desk.store.record_consents_of(pa.Table.from_pylist(people, schema=arrow_schema(tables.PEOPLE)), "crm", 5)
    assert desk.write().n_written == 0
    desk.crm = desk.crm.model_copy(update={"purpose": "outreach"})
    assert desk.write().n_written == 1
    assert [one for one, company in there.companies.items() if not company["cx_stage"]] == ["a"]


def test_when_it_is_due(desk: Desk) -> None:
    def due(minutes: int) -> bool:
        return is_due(desk.store, desk.crm, now_us() + minutes * 60_000_000, "UTC")

    assert not due(0)
    desk.crm = Destination.model_validate({**desk.crm.model_dump(), "every": "1d"})
    assert due(0)
    desk.write()
    assert (due(1), due(24 * 60)) == (False, True)
    desk.service.faults = {n: Answer({}, 401) for n in range(1, 99)}  # type: ignore[attr-defined]
    desk.stages["a"] = "Share"
    assert desk.write().error
    assert (due(1), due(16)) == (False, False), "a day after it last went through"
    desk.store.execute("DELETE FROM writes")
    assert desk.write().error
    assert (due(1), due(16)) == (False, True), "what failed is tried again after a quarter of an hour"


def test_a_table_and_lists_have_every_field(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason='needs pip install "cxcurve[sql]"')
    path = tmp_path / "dwh.sqlite"
    text = f"dwh: {{to: table, url: 'sqlite:///{path}', table: scores}}\n"
    folder = company(tmp_path, text + "lists: {to: csv, folder: out, fields: {Stage: stage, Owner: owner}}\n")
    with cxcurve.open(folder) as workspace:
        assert workspace.write()["dwh"].n_written == 31
        assert {key: one.n_written for key, one in workspace.write().items()} == {"dwh": 0, "lists": 0}
        workspace.store.execute("UPDATE identities SET id_kind = 'anonymous' WHERE id = 'a1'")
        assert workspace.write("lists")["lists"].n_customers == 30, "visitors nobody has named are left out"
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    rows = {row["customer_id"]: dict(row) for row in connection.execute("SELECT * FROM scores")}
    connection.close()
    one = rows["a3"]
    assert (one["stage"], one["drift_state"], one["top_reason"]) == ("Start", "drifting", "Ticket opened")
    assert one["next_step"] == "Towards Use: A call with setup help"
    assert one["stage_since"] == "2026-05-04 10:00:00.000000"
    assert one["friction_index"] == int(one["friction_index"]) > 0
    assert one["level"] == pytest.approx(one["momentum_index"] - one["friction_index"], abs=1)
    assert {rows["a29"][name] for name in ("stage", "friction_index", "level", "drift_state", "top_reason")} == {None}
    assert rows["a2"]["next_step"] is None
    with (folder / "out" / "no-owner.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert len(listed) == 30
    assert list(listed[0]) == ["customer_id", "Stage", "Owner"]


def test_the_reason_is_the_first_row_of_a_customers_friction(tmp_path: Path) -> None:
    with cxcurve.open(serving.copied(tmp_path)) as workspace, workspace.snapshot() as known:
        run = workspace.run_of(known)
        names = dict(workspace.store.rows("SELECT * EXCLUDE bucket FROM customer_keys"))
        reasons = top_reasons(run, known)
        assert len(set(reasons.values())) > 8
        assert {"stall", "decline"} <= set(reasons.values())
        inside = [key for (key,) in workspace.store.rows("SELECT customer_key FROM customer_now ORDER BY 1")]
        for key in inside[::5]:
            one = customer_result(run, known, names[key])
            has_reason = one.friction and (one.friction_index or 0) >= LEAST_INDEX
            assert reasons.get(key) == (one.friction[0].signal if has_reason else None), names[key]
        rows = field_rows(run, known, workspace.drift_of(known))
        drifting = {row["customer_id"] for row in rows if row["drift_state"] == "drifting"}
        told = workspace.drift_of(known).to_json()["zones"]
        assert drifting == {one["customer_id"] for zone in told for one in zone["drifting_now"]}
        assert next_step(workspace.journey, "invest") == "Towards Transform: Executive welcome within 24 hours"
        assert next_step(workspace.journey, None) is None


def test_the_command_says_what_it_did_and_what_was_refused(tmp_path: Path) -> None:
    there = HubSpot({"zz-9-plural": {}, **{one: {} for one in ids() if one != "a7"}}, dict(READY))
    with served(there.fake()) as service:
        folder = company(tmp_path, CRM.format(url=service.url))
        dry = run_cli("-w", folder, "write", "--dry-run")
        assert (dry.code, service.asked) == (0, [])
        assert 'customer_id "a0", cx_stage "Use", cx_reason "Ticket opened"' in dry.out
        done = run_cli("-w", folder, "write", "crm")
        assert done.code == 0
        assert 'warning: crm: a7: HubSpot has none of its companies with customer_id "a7"' in done.err
        told = run_cli("-w", folder, "write", "--status", "--json").json["crm"]
        assert (told["n_written"], told["n_refused"], told["error"], told["to"]) == (30, 1, None, "hubspot")
        service.faults = {n: Answer({"message": SECRET}, 401) for n in range(1, 99)}
        failed = run_cli("-w", folder, "write", "--all", "--json")
        assert failed.code == 1
        assert "Is the secret right" in failed.json["crm"]["error"]
        assert SECRET not in failed.out + failed.err
        kept = run_cli("-w", folder, "write", "--status", "--json").json["crm"]
        assert (kept["error"], kept["done_at"]) == (failed.json["crm"]["error"], told["done_at"])


def test_what_is_wrong_is_said_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = company(tmp_path, "crm: {to: hubspot}\n")
    monkeypatch.delenv("CXCURVE_HUBSPOT_TOKEN")
    failed = run_cli("-w", folder, "write")
    assert failed.code == 1
    assert "needs the secret CXCURVE_HUBSPOT_TOKEN" in failed.err
    assert run_cli("-w", folder, "write", "crn").code == 2
    with cxcurve.open(folder) as workspace, pytest.raises(UnknownNameError, match='Did you mean "crm"'):
        workspace.write("crn")
    (folder / "destinations.yaml").write_text("crm: {to: hubspt}\n")
    broken = run_cli("-w", folder, "write")
    assert (broken.code, "destinations.yaml:1" in broken.err) == (1, True)
    assert "destinations.yaml:1" in run_cli("-w", folder, "check").err
    with cxcurve.open(folder) as workspace:
        workspace.load()  # where scores go is no reason not to load
        with pytest.raises(ProblemsError):
            workspace.write()
    (folder / "destinations.yaml").unlink()
    assert "docs/write-back.md" in run_cli("-w", folder, "write").err
