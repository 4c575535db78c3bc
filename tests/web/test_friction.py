"""The pages of friction, walks and maps: what they tell, what their forms keep, and any text stays text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import serving
from entering import token_in
from hypothesis import given, settings
from hypothesis import strategies as st

import cxcurve

HOSTILE = "<img src=x onerror=alert(1)> \"' --></script> {{123*321}} =cmd()"
WALK = {"journey": "onboarding", "walker": "ada", "walked_on": "2026-05-04"}


@pytest.fixture(scope="module", name="own")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A site of this file alone: its forms are filled in."""
    folder = serving.copied(Path(tmp_path_factory.mktemp("friction")))
    with cxcurve.open(folder) as workspace, serving.served(workspace) as url, httpx.Client(base_url=url) as client:
        client.timeout = httpx.Timeout(60)
        yield client


def sent(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    return client.post(path, data={"form_token": token_in(client.get(page_of(path, client))), **fields})


def page_of(path: str, client: httpx.Client) -> str:
    """A page with the form."""
    if path != "/friction":
        return path
    return f"/friction?row={quote(client.get('/friction.json').json()['rows'][0]['friction'])}"


def place_in(row: dict) -> dict[str, str]:
    return {name: row[name] for name in ("signal", "touchpoint", "stage")}


def test_the_page_its_json_and_its_csv_tell_the_same(site: httpx.Client) -> None:
    told, page = site.get("/friction.json").json(), site.get("/friction").text
    exported = list(csv.DictReader(io.StringIO(site.get("/friction.csv").text)))
    assert len(told["rows"]) == len(exported) > 10
    assert sorted(row["n_customers"] for row in told["rows"]) == sorted(int(row["n_customers"]) for row in exported)
    for row in told["rows"][:5]:
        assert row["signal"].replace("_", " ").capitalize() in page
    assert "association, not a cause" in page
    risks = [row["revenue_at_risk"] for row in told["rows"] if row["revenue_at_risk"] is not None]
    assert risks == sorted(risks, reverse=True)
    assert all(row["low"] <= row["revenue_at_risk"] <= row["high"] for row in told["rows"] if row["low"] is not None)
    assert told["reason"] or told["revenue_at_risk"] == pytest.approx(sum(risks))


def test_each_number_leads_to_its_events(site: httpx.Client) -> None:
    row = next(row for row in site.get("/friction.json").json()["rows"] if row["revenue_at_risk"] is not None)
    page = site.get(f"/friction?row={quote(row['friction'])}").text
    links = [unescape(link) for link in re.findall(r'href="(/explain[^"]+)"', page) if row["signal"] in link]
    facts = ["revenue_at_risk", "n_customers", "n_events", "loyalty_odds", "expansion_foregone"]
    for link, fact in zip(links, [one for one in facts if row[one] is not None], strict=True):
        found = site.get(link.replace("/explain?", "/explain.json?")).json()
        assert found["value"] == pytest.approx(row[fact])
        assert found["recomputed"] == pytest.approx(row[fact])
        assert found["n_events"] > 0


def test_a_segment_has_rows_of_its_own(site: httpx.Client) -> None:
    everybody, some = (site.get(f"/friction.json{query}").json() for query in ("", "?segment=SMB"))
    assert 0 < some["n_customers"] < everybody["n_customers"]
    assert some["revenue"] < everybody["revenue"]


def test_the_heatmap_leaves_thin_cells_without_a_value_and_says_so(site: httpx.Client) -> None:
    cells = site.get("/friction.json").json()["experience"]
    assert {cell["value"] is None for cell in cells if cell["n_customers"] < 10} == {True}
    assert all(-100 <= cell["value"] <= 100 for cell in cells if cell["value"] is not None)
    assert "Too few to say:" in site.get("/friction").text
    assert site.get("/friction?of=nobody").status_code == 400


def test_a_decision_is_kept_and_nothing_accepted_without_an_owner(own: httpx.Client) -> None:
    row = own.get("/friction.json").json()["rows"][1]
    refused = sent(own, "/friction", **place_in(row), status="accepted", owner=" ")
    assert refused.status_code == 400
    assert "needs an owner: name the one person who sees to it" in unescape(refused.text)
    assert "Go back, mend it and send it again" in refused.text
    assert own.get("/friction.json").json()["rows"][1]["status"] == "found"
    said = {
        "status": "in_work",
        "owner": "Dana",
        "why1": "slow",
        "why2": "nobody tests",
        "parent": "seam",
        "due": "2026-06-01",
    }
    kept = sent(own, "/friction", **place_in(row), **said, kept_segment="SMB")
    assert kept.status_code == 303
    assert kept.headers["location"] == f"/friction?segment=SMB&row={quote(row['friction'], safe='')}#decided"
    told = next(one for one in own.get("/friction.json").json()["rows"] if one["friction"] == row["friction"])
    assert (told["status"], told["owner"], told["root_cause"], told["parent"]) == (
        "in_work",
        "Dana",
        "nobody tests",
        "seam",
    )
    listed = own.get("/friction?status=in_work").text
    assert ("Dana" in listed, "in work" in listed, "1 to 1 of 1 friction" in listed) == (True, True, True)


def test_what_was_decided_stays_when_it_meets_nobody(own: httpx.Client) -> None:
    place = {"signal": "invoice_disputed", "touchpoint": "pigeon", "stage": "share"}
    assert sent(own, "/friction", **place, status="done", owner="Dana").status_code == 303
    row = own.get("/friction.json").json()["rows"][-1]
    assert (row["touchpoint"], row["n_customers"], row["revenue_at_risk"], row["owner"]) == ("pigeon", 0, None, "Dana")
    assert own.get(f"/friction?row={quote(row['friction'])}").status_code == 200


@pytest.mark.parametrize("path", ["/friction", "/walks", "/maps"])
def test_a_form_without_its_token_changes_nothing(own: httpx.Client, path: str) -> None:
    assert own.post(path, data={"status": "found"}).status_code == 400


def test_hostile_text_is_shown_as_text(own: httpx.Client) -> None:
    row = own.get("/friction.json").json()["rows"][0]
    said = dict.fromkeys(("owner", "why1", "why5", "plays", "note"), HOSTILE)
    assert sent(own, "/friction", **place_in(row), status="accepted", **said).status_code == 303
    steps = f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",act {HOSTILE.replace(chr(34), "")}'
    assert sent(own, "/walks", **{**WALK, "company": HOSTILE, "journey": HOSTILE}, steps=steps).status_code == 303
    assert (
        sent(own, "/maps", stage="invest", level_current="-5", text_current=HOSTILE, text_future=HOSTILE).status_code
        == 303
    )
    for path in (f"/friction?row={quote(row['friction'])}", "/friction", "/walks", "/maps"):
        page = own.get(path)
        assert page.status_code == 200
        assert "<img" not in page.text
        assert "39483" not in page.text
    assert "&lt;img src=x" in own.get("/walks").text
    assert own.get("/friction.csv").status_code == 200


@settings(max_examples=40)
@given(
    path=st.sampled_from(["/friction", "/walks", "/maps"]),
    name=st.sampled_from(
        ["status", "owner", "due", "stage", "signal", "steps", "walked_on", "level_current", "role", "delete"]
    ),
    value=st.text(max_size=40) | st.sampled_from(["9" * 400, "\x00", "nan", "-inf", 'a,b\n"c', "accepted", "²"]),
)
def test_no_form_breaks_a_page(own: httpx.Client, path: str, name: str, value: str) -> None:
    fields = {
        "signal": "ticket_opened",
        "touchpoint": "mail",
        "stage": "invest",
        "status": "found",
        "steps": "app,x",
        **WALK,
    }
    value = value.encode("utf-8", "replace").decode()
    assert sent(own, path, **{**fields, name: value}).status_code in {303, 400, 404}


def test_walks_are_compared_and_problems_leave_what_was_typed(own: httpx.Client) -> None:
    bad = sent(own, "/walks", **WALK, steps="app,sign up,,,6,9,-1")
    assert bad.status_code == 400
    assert 'effort "9" is no whole number' in unescape(bad.text) or 'effort "9" is no number' in unescape(bad.text)
    assert "app,sign up,,,6,9,-1" in bad.text
    assert sent(own, "/walks", **WALK, steps="app,sign up,two,eleven,6,5,-1").status_code == 303
    assert sent(own, "/walks", **WALK, company="Rival", steps="app,sign up,two,two,2,2,1").status_code == 303
    told = own.get("/walks.json?journey=onboarding").json()
    assert [(one["company"], one["minutes"]) for one in told["compared"]] == [(None, 6.0), ("Rival", 2.0)]
    assert {"touchpoint": "app", "minutes": 4.0, "effort": 3.0} in told["gaps"]
    gaps = {row["touchpoint"]: row["competitive_gap_minutes"] for row in own.get("/friction.json").json()["rows"]}
    assert gaps["app"] == 4.0
    assert set(gaps.values()) == {4.0, None}
    assert "sign up" in own.get("/walks.csv").text
    walk = told["steps"][0]["walk_id"]
    assert sent(own, "/walks", delete=walk).status_code == 303
    assert walk not in own.get("/walks.json").text


def test_a_map_ranks_what_is_believed_and_not_so(own: httpx.Client) -> None:
    for stage, level in (("transform", "100"), ("benchmark", "-100")):
        said = {"level_current": level, "text_current": "they said", "level_future": "50", "text_future": "we want"}
        answer = sent(own, "/maps", stage=stage, **said)
        assert answer.headers["location"] == f"/maps#stage-{stage}"
    told = own.get("/maps.json").json()
    sizes = [abs(gap["gap"]) for gap in told["gaps"]]
    assert sizes == sorted(sizes, reverse=True)
    assert {gap["stage"] for gap in told["gaps"]} >= {"transform", "benchmark"}
    stage = next(one for one in told["stages"] if one["stage"] == "transform")
    assert (stage["we_believe"]["level"], stage["we_want"]["text"]) == (100.0, "we want")
    other = own.get("/maps.json?segment=SMB&mindset=reactive").json()
    assert other["n_customers"] < told["n_customers"]
    assert all(one["we_believe"] is None for one in other["stages"])
    assert own.get("/maps?role=nobody").status_code == 400
    assert sent(own, "/maps", stage="transform", level_current="much").status_code == 400


@pytest.mark.parametrize("path", ["/friction", "/maps", "/walks"])
def test_the_navigation_leads_there(site: httpx.Client, path: str) -> None:
    assert f'<a href="{path}"' in site.get("/").text


def test_a_file_of_walks_is_kept_and_its_problems_have_lines(own: httpx.Client) -> None:
    head = "walked_on,walker,company,journey,touchpoint,action,expected,seen,minutes,effort,feeling\n"
    bad = upload(own, f"{head}2026-05-04,Dana,,trial,app,sign up,,,6,9,-1\n".encode())
    assert bad.status_code == 400
    assert "walk:2: effort" in unescape(bad.text)
    assert "2026-05-04,Dana,,trial" in bad.text, "it can be mended where it is"
    assert upload(own, "2026-05-04,M\xfcller".encode("latin-1")).status_code == 400
    both = upload(own, b"app,sign up", steps="app,sign in")
    assert "send one of the two" in both.text
    rows = "".join(f"2026-05-0{day},Dana,,trial,app,sign up,,,{day},3,0\n" for day in (4, 5))
    done = upload(own, f"\ufeff{head}{rows}".encode())
    assert done.status_code == 303
    kept = [one for one in own.get("/walks.json").json()["steps"] if one["journey"] == "trial"]
    assert sorted(one["minutes"] for one in kept) == [4.0, 5.0]


def upload(own: httpx.Client, content: bytes, **fields: str) -> httpx.Response:
    token = re.search(r'name="form_token" value="([^"]+)"', own.get("/walks").text)
    assert token
    files = {"file": ("walks.csv", content, "text/csv")}
    return own.post("/walks", data={"form_token": token[1], "steps": "", **fields}, files=files)
