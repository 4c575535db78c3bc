"""Drafts of the journey: changes of all kinds are collected in an address, told together, and saved at once."""

from __future__ import annotations

import base64
import json
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import serving
from test_journey import asked, fields, saved_of, sent_form

import cxcurve
from cxcurve.errors import BadValueError, StoreError, WorkspaceError
from cxcurve.web.places import GROUPS
from cxcurve.workspace import Workspace
from cxcurve.workspace.changes import Change, read, written
from cxcurve.workspace.drafts import draft, files_of, save

MORE = "desk:\n  files: d.csv\n  time: {column: at}\n  account: who\n  event: ticket_opened\n"
"""A source that makes a signal."""


@pytest.fixture(scope="module", name="own")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace of this file alone: its journey is changed."""
    with cxcurve.open(serving.copied(Path(tmp_path_factory.mktemp("draft")))) as workspace:
        yield workspace


@pytest.fixture(scope="module", name="client")
def _client(own: Workspace) -> Iterator[httpx.Client]:
    with serving.served(own) as url, httpx.Client(base_url=url, timeout=120) as client:
        yield client


@pytest.fixture(name="before")
def _before(own: Workspace) -> Iterator[dict[str, str]]:
    """What the files say, which they say again afterwards."""
    names = ("journey.yaml", "sources.yaml")
    before = {name: (own.folder / name).read_text() for name in names}
    yield before
    for name, text in before.items():
        (own.folder / name).write_text(text)
    own.reread()


def draft_of(page: httpx.Response) -> str:
    return parse_qs(urlsplit(str(page.url)).query)["draft"][0]


def made_of(own: Workspace, *changes: Change) -> list[str]:
    return [str(one) for one in draft(files_of(own.folder), changes).problems]


def test_changes_of_several_forms_are_one_difference_and_one_save(
    client: httpx.Client, own: Workspace, before: dict[str, str]
) -> None:
    page = asked(client, "signal=ticket_opened", friction="0.45")
    page = asked(
        client, "stage=invest", draft=draft_of(page), supporting="Product\nField", bridge__content="A call, or two"
    )
    page = asked(client, "part=goals", draft=draft_of(page), targets__nps="40", owners__nps="Dana", actions__ces="")
    page = asked(client, "part=states", draft=draft_of(page), states__decline__friction="2")
    page = asked(client, "part=value", draft=draft_of(page), time_to_value__target="9d")
    text = unescape(page.text)
    old, new = (re.findall(f"<{tag}>. +(.*?)</{tag}>", text) for tag in ("del", "ins"))
    assert "supporting: [Product, Field]" in new
    assert 'content: ["A call, or two"]' in new
    assert {"nps: 40", "nps: Dana"} <= set(new)
    assert any(one.startswith("decline:     {friction: 2}") for one in new)
    assert any("target: 9d}      # services: 30d" in one for one in new)
    assert any(one.startswith("ces: Remove one step") for one in old)
    assert len(read(draft_of(page))) == 8
    assert (own.folder / "journey.yaml").read_text() == before["journey.yaml"]
    assert client.get("/journey.json", params={"draft": draft_of(page)}).json()["draft"]["problems"] == []
    saved = saved_of(client, page)
    assert saved.status_code == 303
    said = own.journey
    assert (said.targets["nps"], said.owners["nps"], said.states["decline"].friction) == (40, "Dana", 2)
    assert "ces" not in said.actions
    assert said.stage("invest").supporting == ("Product", "Field")
    assert re.findall("#.*", (own.folder / "journey.yaml").read_text()) == re.findall("#.*", before["journey.yaml"])
    files = files_of(own.folder)
    back = before["journey.yaml"]
    assert files.journey.text != back


def test_each_change_can_be_taken_back(client: httpx.Client) -> None:
    page = asked(client, "signal=ticket_opened", friction="0.55")
    page = asked(client, "signal=ticket_opened", draft=draft_of(page), friction="0.66", label="A ticket")
    changes = read(draft_of(page))
    assert [(one.key, one.value) for one in changes] == [("label", "A ticket"), ("friction", "0.66")]
    links = [unescape(one) for one in re.findall(r'<a class="link" href="([^"]+)">Take back', page.text)]
    assert [one.key for one in read(draft_of(client.get(links[0])))] == ["friction"]
    assert (
        "nothing"
        not in asked(client, "signal=ticket_opened", draft=draft_of(page), label="").text.partition("Draft")[0]
    )


def test_a_renamed_signal_is_renamed_wherever_it_is_named_and_its_events_are_told(
    client: httpx.Client, own: Workspace, before: dict[str, str]
) -> None:
    n = own.counts()["subscription_started"]
    page = sent_form(client, "signal=subscription_started", "rename", new_name="plan_bought")
    text = unescape(page.text)
    assert f'{n:,} events called "subscription_started" are in the log' in text
    assert 'What comes from now on is to be called "plan_bought"' in text
    assert saved_of(client, page).status_code == 303
    assert "subscription_started" not in (own.folder / "journey.yaml").read_text()
    assert own.journey.signals["kickoff_held"].after == "plan_bought"
    assert own.journey.time_to_value is not None
    assert own.journey.time_to_value.start == "plan_bought"
    unplanned = {one.event for one in own.plan().events if not one.is_planned}
    assert "subscription_started" in unplanned
    back = sent_form(client, "signal=plan_bought", "rename", new_name="subscription_started")
    assert saved_of(client, back).status_code == 303
    assert (own.folder / "journey.yaml").read_text() == before["journey.yaml"]


def test_a_renamed_stage_takes_bridges_states_and_signals_along(own: Workspace, before: dict[str, str]) -> None:
    made = draft(files_of(own.folder), [Change("rename", "stage", "invest", "", "sign up")])
    assert made.journey is not None
    assert not made.is_scored_anew or "sign up" in made.journey.stage_names
    assert made.journey.stage("benchmark").bridge is not None
    assert made.journey.signals["kickoff_held"].stage == "sign up"
    assert made.journey.states["stall"].stages == ("obstacle", "research", "benchmark", "sign up")
    assert not re.search(r"\b(to|stage): invest\b", made.texts.journey)


def test_what_is_named_elsewhere_is_not_removed_and_every_place_is_told(client: httpx.Client, own: Workspace) -> None:
    page = unescape(sent_form(client, "signal=first_value_reached", "remove").text)
    lines = (own.folder / "journey.yaml").read_text().splitlines()
    for where in ("community_answer_posted:", "time_to_value:"):
        line = next(i for i, text in enumerate(lines, 1) if text.strip().startswith(where) and "first_value" in text)
        assert f"journey.yaml:{line}:" in page
    assert page.count('names signal "first_value_reached", which is to be removed') == 2
    problems = made_of(own, Change("remove", "stage", "invest"))
    assert len(problems) == 6
    assert made_of(own, Change("remove", "signal", "task_failed")) == []


def test_pages_open_whose_signal_was_removed(client: httpx.Client, before: dict[str, str]) -> None:
    assert saved_of(client, sent_form(client, "signal=outage_hit", "remove")).status_code == 303
    for place in (place for group in GROUPS for place in group.places):
        assert (place.href, client.get(place.href).status_code) == (place.href, 200)


def test_sources_that_make_a_signal_are_told_and_renamed(own: Workspace, before: dict[str, str]) -> None:
    more = "desk:  # tickets\n  files: d.csv\n  time: {column: at}\n  account: who\n  events:\n    ticket_opened: {}\n"
    (own.folder / "sources.yaml").write_text(before["sources.yaml"] + more)
    line = len(before["sources.yaml"].splitlines()) + 6
    assert f"sources.yaml:{line}:" in "".join(made_of(own, Change("remove", "signal", "ticket_opened")))
    made = draft(files_of(own.folder), [Change("rename", "signal", "ticket_opened", "", "case_opened")])
    assert made.texts.sources == before["sources.yaml"] + more.replace("ticket_opened", "case_opened")
    assert [name for name, _ in made.differences] == ["journey.yaml", "sources.yaml"]


def test_both_files_are_written_or_none(
    own: Workspace, before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (own.folder / "sources.yaml").write_text(before["sources.yaml"] + MORE)
    made = draft(files_of(own.folder), [Change("rename", "signal", "ticket_opened", "", "case_opened")])
    real, names = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        names.append(Path(target).name)
        if target.name == "journey.yaml":
            raise OSError(28, "No space left on device")
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", failing)
        with pytest.raises(ValueError, match="nothing was saved"):
            save(own, made, made.files.mark)
    assert names == ["sources.yaml", "journey.yaml", "sources.yaml"]
    assert (own.folder / "sources.yaml").read_text() == before["sources.yaml"] + MORE
    assert (own.folder / "journey.yaml").read_text() == before["journey.yaml"]
    assert "ticket_opened" in own.journey.signals


def test_a_stage_and_its_signal_are_added_put_in_order_and_saved(
    client: httpx.Client, own: Workspace, before: dict[str, str]
) -> None:
    page = sent_form(client, "stage=invest", "add", kind="stage", new_name="pilot")
    assert "stage pilot" in unescape(page.text).replace('<span class="muted">', "")
    draft_text = draft_of(page)
    for _ in range(3):
        page = sent_form(client, "stage=pilot", "earlier", draft_text)
        draft_text = draft_of(page)
    page = asked(client, "stage=pilot", draft=draft_text, label="Pilot", expected="14d")
    page = sent_form(client, "stage=pilot", "add", draft_of(page), kind="signal", new_name="pilot_started")
    page = asked(client, "signal=pilot_started", draft=draft_of(page), stage="pilot", momentum="0.5")
    assert "no event leads to stage" not in page.text
    assert saved_of(client, page).status_code == 303
    assert own.journey.stage_names == ("obstacle", "research", "benchmark", "pilot", "invest", "transform", "share")
    assert own.journey.signals["pilot_started"].stage == "pilot"
    for path in ("/customers", "/maps"):
        assert client.get(path).status_code == 200, path


def test_a_draft_that_no_longer_fits_is_told_and_keeps_what_does(
    client: httpx.Client, own: Workspace, before: dict[str, str]
) -> None:
    text = written([Change("set", "signal", "gone", "friction", "1"), Change("set", "stage", "share", "lead", "Dana")])
    page = unescape(client.get("/journey", params={"draft": text}).text)
    assert 'no signal "gone"' in page or "gone" in page
    assert "formaction" not in page
    assert page.count("Take back") == 2


@pytest.mark.parametrize("text", ["x", "!!!", "eJw", "A" * 5999, "eJyLjgUAARUAuQ", "eJyrBgAApQB_"], ids=range(6))
def test_no_address_breaks_the_page(client: httpx.Client, text: str) -> None:
    assert client.get("/journey", params={"draft": text}).status_code in {200, 400}
    with pytest.raises(BadValueError):
        written([Change("set", "stage", "share", "lead", f"{number} " * 400) for number in range(120)] * 2)


def test_words_are_saved_without_a_score(client: httpx.Client, own: Workspace, before: dict[str, str]) -> None:
    own.score()  # by the file as it is
    scored_us = own.store.meta("scored_us")
    page = asked(client, "stage=share", label="Speaks", feelings__reactive="is heard")
    assert "Preview the scores" not in page.text
    assert "No score rests on what is changed" in page.text
    assert saved_of(client, page).status_code == 303
    assert own.store.meta("scored_us") == scored_us
    assert "No score rests on what was changed" in client.get("/journey").text
    assert "Speaks" in client.get("/customers").text + client.get("/drift").text
    assert fields(client.get("/journey?stage=share"))["set_feelings.reactive"] == "is heard"


@pytest.mark.parametrize(
    "row",
    [
        ["move", "stage", "research", "", "x"],
        ["move", "stage", "research", "", "²"],
        ["move", "stage", "research", "", "0" * 5_000],
        ["set", "signal", "ticket_opened", "label", "\ud800"],
        ["set", "signal", "ticket_opened", "\udfff", "x"],
        ["add", "signal", "a\ud83d", "", ""],
        ["rename", "stage", "\ud800", "", "x"],
    ],
    ids=["no number", "no digit", "long", "half a sign", "half a key", "half a name", "half an old name"],
)
def test_a_change_that_no_form_makes_is_no_draft(client: httpx.Client, row: list[str]) -> None:
    packed = zlib.compress(json.dumps([row]).encode())
    draft_text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    with pytest.raises(BadValueError, match="no draft"):
        read(draft_text)
    for path in ("/journey", "/journey.json"):
        assert client.get(path, params={"draft": draft_text}).status_code == 400


def test_a_full_disk_is_met_before_the_first_file_is_another(
    own: Workspace, before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (own.folder / "sources.yaml").write_text(before["sources.yaml"] + MORE)
    made = draft(files_of(own.folder), [Change("rename", "signal", "ticket_opened", "", "case_opened")])
    assert made.texts.sources != made.files.texts.sources
    n, put = [0], []

    def full(_: int) -> None:
        n[0] += 1
        if n[0] == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(Path, "replace", lambda self, target: put.append(target))
    with pytest.raises(WorkspaceError, match="No space left on device; nothing was saved"):
        save(own, made, made.files.mark)
    assert put == []
    assert [one.name for one in own.folder.glob(".*.yaml.*")] == []


def test_files_go_back_where_the_scores_cannot_be_kept(
    own: Workspace, before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = draft(files_of(own.folder), [Change("set", "signal", "ticket_opened", "label", "A ticket")])

    def failing(_: object, *, keep: bool = True) -> AbstractContextManager[None]:
        @contextmanager
        def never_kept() -> Iterator[None]:
            yield
            raise StoreError("The disk is full")

        return never_kept()

    monkeypatch.setattr(type(own.store), "transaction", failing)
    with pytest.raises(StoreError, match="disk is full"):
        save(own, made, made.files.mark)
    monkeypatch.undo()
    assert (own.folder / "journey.yaml").read_text() == before["journey.yaml"]
    assert own.journey.signals["ticket_opened"].label != "A ticket"
