"""The page of the journey: what it tells, and each step of a change: checked, compared, tried and saved."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
import serving
from entering import browser_of, guarded, joined, people_of, sent, token_in
from hypothesis import given, settings
from hypothesis import strategies as st

import cxcurve
from cxcurve.people.roles import Role
from cxcurve.workspace import Workspace, init

HOSTILE = "<img src=x onerror=alert(1)> \"' --></script> {{123*321}}: [ #"
FIELD = re.compile(r'name="(form_token|mark|draft|checked|set_[\w.]+)" value="([^"]*)"')
AREA = re.compile(r'<textarea name="(set_[\w.]+)"[^>]*>([^<]*)</textarea>')
CHOICE = re.compile(r'<select name="(set_[\w.]+)"[^>]*>(.*?)</select>', re.S)
CHOSEN = re.compile(r'<option value="([^"]*)" selected')


@pytest.fixture(scope="module", name="own")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace of this file alone: its journey is changed."""
    with cxcurve.open(serving.copied(Path(tmp_path_factory.mktemp("journey")))) as workspace:
        yield workspace


@pytest.fixture(scope="module", name="client")
def _client(own: Workspace) -> Iterator[httpx.Client]:
    with serving.served(own) as url, httpx.Client(base_url=url, timeout=120) as client:
        yield client


@pytest.fixture(name="file")
def _file(own: Workspace) -> Iterator[Path]:
    """The journey's file, as it was before again afterwards."""
    path, before = own.folder / "journey.yaml", (own.folder / "journey.yaml").read_bytes()
    yield path
    path.write_bytes(before)


def fields(page: httpx.Response) -> dict[str, str]:
    """What the forms of a page send."""
    text = page.text
    chosen = {name: (CHOSEN.findall(inside) or [""])[0] for name, inside in CHOICE.findall(text)}
    found = {**dict(FIELD.findall(text)), **dict(AREA.findall(text)), **chosen}
    return {name: unescape(value) for name, value in found.items()}


def at(client: httpx.Client, what: str, draft: str = "") -> httpx.Response:
    """The page with a form and a draft."""
    return client.get(f"/journey?{what}" + (f"&draft={draft}" if draft else ""))


def sent_form(client: httpx.Client, what: str, step: str, draft: str = "", **more: str) -> httpx.Response:
    """A form of the page, sent; where it led to."""
    answer = client.post(f"/journey/preview?{what}", data={**fields(at(client, what, draft)), "step": step, **more})
    return client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def asked(client: httpx.Client, what: str, step: str = "check", draft: str = "", **changes: str) -> httpx.Response:
    """A form with changes, checked, and the draft tried where that is asked for."""
    page = sent_form(client, what, "check", draft, **{f"set_{key.replace('__', '.')}": v for key, v in changes.items()})
    if step == "check" or page.status_code != 200:
        return page
    return client.post("/journey/preview", data={**fields(page), "step": step})


def saved_of(client: httpx.Client, page: httpx.Response, **changes: str) -> httpx.Response:
    """What a page with a difference offers to save, saved."""
    where = re.search(r'formaction="([^"]+)"', page.text)
    assert where, page.text[-3000:]
    return client.post(unescape(where[1]), data={**fields(page), **changes})


def everything(workspace: Workspace) -> dict[str, str]:
    """A mark of every row of every table, whatever their order."""
    store = workspace.store
    names = [name for (name,) in store.rows("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1")]
    return {
        name: hashlib.sha256("\n".join(sorted(map(repr, store.rows(f"SELECT * FROM {name}")))).encode()).hexdigest()
        for name in names
    }


def test_the_page_and_its_json_tell_the_journey(site: httpx.Client, workspace: Workspace) -> None:
    told, page = site.get("/journey.json").json(), unescape(site.get("/journey").text)
    journey = workspace.journey
    assert [one["stage"] for one in told["stages"]] == list(journey.stage_names)
    assert sorted(one["signal"] for one in told["signals"]) == sorted(journey.signals)
    by_name = {one["signal"]: one for one in told["signals"]}
    assert by_name["ticket_opened"]["friction"] == 0.3
    assert by_name["nps_answered"]["friction"] == 0.9  # of a bad answer
    assert by_name["ticket_opened"]["n_events"] == workspace.counts()["ticket_opened"]
    for stage in journey.stages:
        assert stage.description in page
        assert f'href="/journey?stage={stage.name}"' in page
    assert 'href="/journey?signal=ticket_opened"' in page
    assert '<a href="/journey"' in site.get("/").text


def test_nothing_there_is_told(site: httpx.Client) -> None:
    assert site.get("/journey?signal=nobody").status_code == 400
    assert site.get("/journey?stage=nowhere").status_code == 400


def test_all_problems_are_told_and_nothing_is_written(client: httpx.Client, file: Path) -> None:
    before = file.read_bytes()
    answer = asked(client, "signal=demo_held", friction="much", momentum="99", half_life="soon")
    page = unescape(answer.text)
    assert answer.status_code == 400
    line = next(i for i, text in enumerate(before.decode().splitlines(), 1) if text.startswith("  demo_held:"))
    assert page.count(f"journey.yaml:{line}:") == 3
    assert 'value="much"' in page
    assert 'value="soon"' in page
    assert page.count('aria-invalid="true"') == 3
    assert "formaction" not in page
    assert file.read_bytes() == before


def test_the_difference_is_the_lines_that_change(client: httpx.Client, file: Path) -> None:
    before = file.read_bytes()
    page = unescape(asked(client, "signal=ticket_opened", friction="0.45", label="A ticket").text)
    old, new = (re.findall(f"<{tag}>(.*?)</{tag}>", page) for tag in ("del", "ins"))
    assert old == ["− " + next(one for one in before.decode().splitlines() if one.startswith("  ticket_opened:"))]
    assert new == ["+ " + old[0][2:].replace("0.30", "0.45").replace("}", ", label: A ticket}")]
    assert '"ticket_opened": friction 0.3 to 0.45, label nothing to A ticket' in page
    assert file.read_bytes() == before
    same = unescape(asked(client, "signal=ticket_opened").text)
    assert "there is nothing to save" in same
    assert "<ins>" not in same


def test_a_preview_says_what_a_score_says_and_keeps_nothing(client: httpx.Client, own: Workspace, file: Path) -> None:
    before, bytes_before = everything(own), file.read_bytes()
    numbers = client.get("/customers.json").json()["customers"]
    answer = asked(client, "signal=ticket_opened", "preview", friction="1.5")
    page = unescape(answer.text)
    assert answer.status_code == 200
    assert "What the scores would be" in page
    assert everything(own) == before
    assert file.read_bytes() == bytes_before
    assert client.get("/journey.json").json()["signals"]
    assert client.get("/customers.json").json()["customers"] == numbers
    told = re.search(r"Journey Friction Index, mean</span>\s*<span[^>]*>([0-9.]+)<", page)
    assert told
    saved = saved_of(client, answer)
    assert saved.status_code == 303, saved.text
    rows = [one for one in own.customers() if one["friction_index"] is not None]
    assert f"{sum(one['friction_index'] for one in rows) / len(rows):.2f}" == told[1]
    back = asked(client, "signal=ticket_opened", friction="0.30")
    assert saved_of(client, back).status_code == 303
    assert file.read_bytes() == bytes_before


def test_saved_is_scored_and_every_page_is_by_it(client: httpx.Client, own: Workspace, file: Path) -> None:
    text = file.read_text()
    checked = asked(client, "stage=invest", label="Sign: up", expected="10d", lead="Dana")
    saved = saved_of(client, checked)
    assert (saved.status_code, saved.headers["location"]) == (303, "/journey")
    assert "Saved. The scores are by the changed journey now." in client.get("/journey").text
    assert "Saved." not in client.get("/journey").text
    changed = [(a, b) for a, b in zip(text.splitlines(), file.read_text().splitlines(), strict=True) if a != b]
    assert changed == [
        ("    label: Invest", '    label: "Sign: up"'),
        ("    expected: 21d", "    expected: 10d"),
        ("    lead: Customer Success", "    lead: Dana"),
    ]
    for path in ("/", "/curve", "/scorecard", "/drift", "/customers", "/plan", "/ttv"):
        assert client.get(path).status_code == 200, path
    assert "Sign: up" in client.get("/customers").text + client.get("/drift").text
    assert not own.is_other_model
    assert oct(file.stat().st_mode) == oct((own.folder / "sources.yaml").stat().st_mode)
    assert not list(own.folder.glob(".journey.yaml.*"))
    again = asked(client, "stage=invest", label="Invest", expected="21d", lead="Customer Success")
    assert saved_of(client, again).status_code == 303
    assert file.read_text().replace('"Invest"', "Invest") == text


def test_a_conflict_is_told_and_nothing_overwritten(client: httpx.Client, file: Path) -> None:
    checked = asked(client, "signal=ticket_opened", friction="0.45")
    other = file.read_bytes().replace(b"momentum: 0.70", b"momentum: 0.71", 1)
    file.write_bytes(other)
    answer = saved_of(client, checked)
    assert answer.status_code == 409
    assert "was changed by somebody else" in unescape(answer.text)
    assert file.read_bytes() == other
    assert "friction: 0.45" in unescape(answer.text)


def test_what_was_not_shown_is_not_saved(client: httpx.Client, file: Path) -> None:
    before = file.read_bytes()
    checked = asked(client, "signal=ticket_opened", friction="0.45")
    other = fields(asked(client, "signal=ticket_opened", friction="4"))["draft"]
    answer = saved_of(client, checked, draft=other)
    assert answer.status_code == 409
    assert "The draft was changed since the difference was shown" in answer.text
    assert file.read_bytes() == before


def test_a_file_that_cannot_be_written_leaves_scores_and_journey(
    client: httpx.Client, own: Workspace, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, bytes_before = everything(own), file.read_bytes()
    checked = asked(client, "signal=ticket_opened", friction="0.45")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("cxcurve.workspace.drafts.os.fsync", full)
        answer = saved_of(client, checked)
    assert answer.status_code == 409
    assert "No space left on device; nothing was saved" in unescape(answer.text)
    assert file.read_bytes() == bytes_before
    assert everything(own) == before
    assert own.journey.signals["ticket_opened"].friction == 0.3
    assert client.get("/scorecard").status_code == 200
    assert not list(own.folder.glob(".journey.yaml.*"))


def test_a_form_without_its_token_changes_nothing(client: httpx.Client, file: Path) -> None:
    before = file.read_bytes()
    form = {**fields(asked(client, "signal=ticket_opened", friction="4")), "form_token": ""}
    for path in ("/journey?signal=ticket_opened", "/journey/preview?signal=ticket_opened"):
        assert client.post(path, data=form).status_code == 400
    assert file.read_bytes() == before


def test_hostile_text_is_shown_as_text(client: httpx.Client, file: Path) -> None:
    checked = asked(client, "stage=share", label=HOSTILE, lead=HOSTILE, description=HOSTILE)
    assert checked.status_code == 200
    assert saved_of(client, checked).status_code == 303
    pages = [
        checked,
        *(client.get(path) for path in ("/journey", "/journey?stage=share", "/journey?signal=story_told")),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "<img" not in page.text
        assert "39483" not in page.text
    assert client.get("/journey.json").json()["stages"][-1]["label"] == HOSTILE
    again = asked(client, "stage=share", label="Share", lead="Marketing", description="Is proud and wants to be heard.")
    assert saved_of(client, again).status_code == 303


@settings(max_examples=12, deadline=None)
@given(
    name=st.sampled_from(["set_friction", "set_half_life", "set_label", "set_stage", "signal", "mark", "step"]),
    value=st.text(max_size=40)
    | st.sampled_from(["9" * 400, "\x00", "nan", ".inf", "a\nb: c", "1e400", "~", "&a", "²"]),
)
def test_no_form_breaks_the_page(client: httpx.Client, own: Workspace, name: str, value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    before = (own.folder / "journey.yaml").read_bytes()
    form, query = {"set_friction": "0.3"}, {"signal": value if name == "signal" else "ticket_opened"}
    token = token_in(client.get("/journey?signal=ticket_opened"))
    for path in ("/journey/preview", "/journey"):
        answer = client.post(path, params=query, data={**form, name: value, "form_token": token})
        assert answer.status_code in {200, 400, 404, 409}
    assert (own.folder / "journey.yaml").read_bytes() == before


def test_who_may_not_change_it_may_not(tmp_path: Path) -> None:
    with init(tmp_path / "w", "b2b-saas") as workspace, people_of(workspace) as people:
        ada, eve = joined(people, Role.ADMIN), joined(people, Role.EXECUTIVE)
        scoped, agent = joined(people, Role.ANALYST, "region=EMEA"), joined(people, Role.AGENT)
        before = (workspace.folder / "journey.yaml").read_bytes()
        with guarded(workspace, people) as url:
            for email, may_read in ((eve, True), (agent, True), (scoped, False)):
                with browser_of(url, email) as browser:
                    page = browser.get("/journey?signal=demo_held")
                    assert page.status_code == (200 if may_read else 403)
                    assert "#edit" not in page.text
                    assert 'action="/journey' not in page.text
                    for path in ("/journey?signal=demo_held", "/journey/preview?signal=demo_held"):
                        assert sent(browser, "/settings", path, set_friction="4").status_code == 403
            assert (workspace.folder / "journey.yaml").read_bytes() == before
            with browser_of(url, ada) as browser:
                checked = asked(browser, "signal=demo_held", friction="0.2")
                tried = asked(browser, "signal=demo_held", "preview", friction="0.2")
                assert "nothing is scored yet" in tried.text
                assert saved_of(browser, checked).status_code == 303
                told = browser.get("/settings/audit.json").text
        assert told.count("journey changed") == 1
        assert "/journey?of=signal+demo_held" in told
        assert b"friction: 0.2" in (workspace.folder / "journey.yaml").read_bytes()
