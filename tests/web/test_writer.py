"""The writer beside the pages: what is due is written, what fails stops nothing, nobody waits for a slow service."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sources" / "connectors"))
sys.path.append(str(Path(__file__).parents[1] / "sources" / "writing"))

import serving
from fake_destinations import HubSpot, unique
from fake_services import SECRET, served

import cxcurve
from cxcurve.sources.connectors import patience
from cxcurve.web import writer as writing
from cxcurve.web.reader import Reader
from cxcurve.web.writer import Writer
from cxcurve.workspace import Workspace

pytest.importorskip("dlt", reason='needs pip install "cxcurve[connect]"')


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXCURVE_HUBSPOT_TOKEN", SECRET)
    monkeypatch.setattr(patience, "sleep", lambda _: None)


def test_what_is_due_is_written_and_nobody_waits_for_a_slow_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = serving.copied(tmp_path)
    ids = {f"c-{n:05}": dict[str, str]() for n in range(1, serving.CUSTOMERS + 1)}
    there = HubSpot(ids, {"customer_id": unique("customer_id")})
    fake = there.fake()
    fake.hold_at = 5  # the first hundred companies
    with served(fake) as service, cxcurve.open(folder) as workspace:
        (folder / "destinations.yaml").write_text(
            f"crm: {{to: hubspot, match: customer_id, url: '{service.url}', fields: {{cx_stage: stage}}, every: 1h}}\n"
            "gone: {to: hubspot, url: 'http://127.0.0.1:1/', fields: {cx_stage: stage}, every: 1h}\n"
            "lists: {to: csv, folder: out, every: monday 07:00}\n"
            "by_hand: {to: csv, folder: other}\n"
        )
        reader = Reader(workspace)
        writer = Writer(reader)
        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(writer.look()))
        thread.start()
        assert fake.is_held.wait(60)
        with reader.held():  # a page is read while HubSpot thinks
            assert workspace.is_scored
        fake.goes_on.set()
        thread.join(60)
        told = workspace.written()
        assert found == [3]
        assert told["crm"]["n_written"] == serving.CUSTOMERS
        assert "cannot be reached" in told["gone"]["error"]
        assert told["lists"]["files"]
        assert told["by_hand"]["at"] is None
        n = len(service.asked)
        assert (writer.look(), len(service.asked)) == (0, n)
        later = writing.now_us() + 20 * 60_000_000
        monkeypatch.setattr(writing, "now_us", lambda: later)
        assert writer.look() == 1, "what failed, after a quarter of an hour"


def test_a_fault_is_told_and_the_looking_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[int] = []
    again = threading.Event()

    def look(self: Writer) -> int:
        looks.append(1)
        if len(looks) == 1:
            raise RuntimeError(SECRET)
        again.set()
        return 0

    monkeypatch.setattr(writing, "LOOK_S", 0.01)
    monkeypatch.setattr(Writer, "look", look)
    writer = Writer(Reader(Workspace(tmp_path)))
    writer.start()
    assert again.wait(10)
    writer.stop()
    writer.join(10)
    assert not writer.is_alive()
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text


def test_nothing_is_remembered_once_it_is_stopped(tmp_path: Path) -> None:
    folder = serving.copied(tmp_path)
    there = HubSpot({"c-00001": {}}, {"customer_id": unique("customer_id")})
    fake = there.fake()
    fake.hold_at = 5
    with served(fake) as service:
        (folder / "destinations.yaml").write_text(
            f"crm: {{to: hubspot, match: customer_id, url: '{service.url}', fields: {{cx_stage: stage}}, every: 1h}}\n"
        )
        with cxcurve.open(folder) as workspace:
            writer = Writer(Reader(workspace))
            thread = threading.Thread(target=writer.look)
            thread.start()
            assert fake.is_held.wait(60)
            writer.stop()
        fake.goes_on.set()
        thread.join(60)
        assert "store" not in workspace.__dict__
    with cxcurve.open(folder) as workspace:
        assert workspace.store.rows("SELECT count(*) FROM written") == [(0,)]
