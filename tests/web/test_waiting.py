"""Whoever writes may be long at it: other forms wait for that, and everybody else is answered meanwhile."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest
import serving
from entering import token_in

import cxcurve
from cxcurve.web import app as web
from cxcurve.web.reader import Reader
from cxcurve.workspace import drafts
from cxcurve.workspace.changes import MOST_CHANGES, Change, written

FORMS = ("/notes", "/friction", "/maps", "/walks", "/actions", "/sources", "/journey", "/customer-notes")
LONGEST_S = 30.0


def test_a_form_that_waits_keeps_nobody_else_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Reader] = []

    class Seen(Reader):
        def __init__(self, workspace: cxcurve.Workspace) -> None:
            super().__init__(workspace)
            made.append(self)

    monkeypatch.setattr(web, "Reader", Seen)
    with cxcurve.open(serving.copied(tmp_path)) as workspace, serving.served(workspace) as url:
        with httpx.Client(base_url=url, timeout=LONGEST_S) as client:
            page = client.get("/actions")
            form = {
                "form_token": token_in(page),
                "customer_id": client.get("/customers.json").json()["customers"][0]["customer_id"],
            }
            cookies = dict(client.cookies)

        def send(path: str) -> None:
            with httpx.Client(base_url=url, timeout=LONGEST_S, cookies=cookies) as other:
                other.post(path, data=form)

        threads = [threading.Thread(target=send, args=(path,), daemon=True) for path in FORMS]
        with made[0].held():
            for thread in threads:
                thread.start()
            end = time.monotonic() + LONGEST_S
            while made[0]._writing.n_waiting < len(FORMS) and time.monotonic() < end:
                time.sleep(0.01)
            assert made[0]._writing.n_waiting == len(FORMS)
            assert httpx.get(f"{url}/healthz", timeout=LONGEST_S).text == "ok"
            assert httpx.get(f"{url}/today", timeout=LONGEST_S).status_code == 200
        for thread in threads:
            thread.join(LONGEST_S)


def test_a_long_draft_is_read_before_its_turn_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Reader] = []

    class Seen(Reader):
        def __init__(self, workspace: cxcurve.Workspace) -> None:
            super().__init__(workspace)
            made.append(self)

    monkeypatch.setattr(web, "Reader", Seen)
    text = written([Change("add", "signal", f"new_{n}") for n in range(MOST_CHANGES)])
    with cxcurve.open(serving.copied(tmp_path)) as workspace, serving.served(workspace) as url:
        answers: list[httpx.Response] = []

        def ask() -> None:
            answers.append(httpx.get(f"{url}/journey", params={"draft": text}, timeout=LONGEST_S))

        thread = threading.Thread(target=ask, daemon=True)
        before = drafts._made.cache_info().misses
        reading = made[0]._reading
        free, reading._free = reading._free, []  # all have theirs
        thread.start()
        end = time.monotonic() + LONGEST_S
        while not reading.n_waiting and time.monotonic() < end:
            time.sleep(0.01)
        assert drafts._made.cache_info().misses == before + 1
        for side in free:
            reading._give(side)
        thread.join(LONGEST_S)
        assert drafts._made.cache_info().misses == before + 1, "it is read once"
    assert [one.status_code for one in answers] == [200]
