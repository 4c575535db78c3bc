"""Every page and its .json twin, what answers carry, and how errors are said."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import serving

import cxcurve
from cxcurve.web.assets import assets
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.customers import CustomerResult

PAGES = (
    "/",
    "/today",
    "/curve",
    "/curve?x=position",
    "/curve?x=date",
    "/scorecard",
    "/drift",
    "/ttv",
    "/customers",
    "/advocacy",
)
PAGE_BYTES, REQUESTS = 150_000, 12


class close:
    """JSON that is equal but for the last digits: sums of floats differ by the order of threads."""

    def __init__(self, value: Any) -> None:
        self.value = json.loads(json.dumps(value))

    def __eq__(self, other: object) -> bool:
        value = self.value
        if isinstance(value, dict) and isinstance(other, dict):
            return value.keys() == other.keys() and all(other[key] == close(value[key]) for key in value)
        if isinstance(value, list) and isinstance(other, list):
            return len(value) == len(other) and all(b == close(a) for a, b in zip(value, other, strict=True))
        return bool(other == (pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.value)


def someone(site: httpx.Client) -> str:
    return str(site.get("/customers.json?sort=-level").json()["customers"][0]["customer_id"])


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_with_their_headers(site: httpx.Client, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["content-encoding"] == "gzip"
    assert "As of <time" in answer.text
    assert "Early numbers: the weights are expert judgement" in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_fetched_from_elsewhere(site: httpx.Client, path: str) -> None:
    text = site.get(path).text
    addresses = re.findall(r' (?:src|href|action)="([^"]*)"', text)
    assert addresses
    assert [one for one in addresses if not one.startswith(("/", "#", "?", "data:"))] == []
    assert "://" not in re.sub(r"http://www\.w3\.org/2000/svg", "", text)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_weighs_at_most_150_kb_in_at_most_12_requests(site: httpx.Client, path: str) -> None:
    text = site.get(path).text
    files = set(re.findall(r'(?:<link rel="stylesheet" href|<script src)="([^"]*)"', text))
    assert 3 <= len(files) <= REQUESTS - 1
    assert len(text.encode()) + sum(len(site.get(file).content) for file in files) <= PAGE_BYTES


def test_json_twins_hold_what_the_library_says(site: httpx.Client, workspace: Workspace) -> None:
    customer_id = someone(site)
    assert site.get("/curve.json").json() == close(workspace.curve().to_json())
    assert site.get("/curve.json?x=position").json() == close(workspace.curve("position").to_json())
    assert site.get("/drift.json").json() == close(workspace.drift().to_json())
    card = workspace.scorecard().to_json()
    assert site.get("/scorecard.json").json() == close({"as_of": card["week_end"], **card})
    told, whole = site.get(f"/customers/{customer_id}.json").json(), workspace.customer(customer_id).to_json()
    assert {name: told[name] for name in whole} == close(whole)
    assert told.keys() - whole.keys() == {"happened", "notes", "wrong_alarms"}


def test_a_segment_and_an_earlier_day_show_what_the_library_says(site: httpx.Client, workspace: Workspace) -> None:
    day = "2026-03-01"
    curve = workspace.curve(segment={"segment": "SMB"}, as_of=day)
    assert site.get(f"/curve.json?segment=SMB&as_of={day}").json() == close(curve.to_json())
    assert "As of <time" in (page := site.get(f"/?segment=SMB&as_of={day}").text)
    assert "1 Mar 2026, 23:59" in page
    assert '<option value="SMB" selected>' in page
    assert f'href="/scorecard?segment=SMB&amp;as_of={day}"' in page
    assert site.get("/curve.json").json() == close(workspace.curve().to_json())


def test_a_cohort_is_picked_on_the_page(site: httpx.Client, workspace: Workspace) -> None:
    cohort = "entered invest in the last 90d"
    assert site.get("/curve.json", params={"cohort": cohort}).json() == close(workspace.curve(cohort=cohort).to_json())
    page = site.get("/curve", params={"cohort": cohort}).text
    assert f'<option value="{cohort}" selected>Entered Invest in the last 90 days</option>' in page


def test_focus_comes_first_and_changes_are_told_as_real_or_not(site: httpx.Client, workspace: Workspace) -> None:
    labels = re.findall(r'is-focus">\s*<span class="label">([^<]+)', site.get("/curve").text)
    assert labels == ["Time to Value, median", "Journey Friction Index"]
    row = next(row for row in workspace.scorecard().rows if row.metric.name == "friction_index")
    said = "a real change" if row.is_real_change else "not sure"
    assert re.search(rf"against 4 weeks before, {said}; target", site.get("/curve").text)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/customers/c-0000", 404, 'customer "c-0000" is not known. Did you mean "c-0'),
        ("/drift?segmnt=SMB", 400, 'parameter "segmnt" is not known. Did you mean "segment"?'),
        ("/?segment=SBM", 400, 'segment of customers "SBM" is not known. Did you mean "SMB"?'),
        ("/?cohort=entered+invst+in+the+last+90d", 400, 'stage "invst" is not known. Did you mean "invest"?'),
        (
            "/?cohort=everyone",
            400,
            'cohort "everyone" cannot be read; expected such as "entered invest in the last 90d"',
        ),
        ("/?as_of=yesterday", 400, '"yesterday" is no date; expected such as 2026-05-03'),
        ("/?as_of=1999-01-01", 400, "lies before the first event"),
        ("/?as_of=2199-12-31", 400, "lies in the future"),
        ("/?as_of=9999-12-31", 400, '"9999-12-31" cannot be meant; expected a year from 1990 on'),
        ("/curve?x=weeks", 400, 'x "weeks" is not known. Did you mean "week"?'),
        ("/customers?sort=-reveneu", 400, 'sort "-reveneu" is not known. Did you mean "-revenue"?'),
        ("/customers?page=zero", 400, 'page "zero" is no page; expected a number such as 1'),
        ("/customers?page=0", 400, 'page "0" is no page; expected a number such as 1'),
        ("/nowhere", 404, "There is no page at this address."),
        ("/static/nothing.css", 404, "There is no page at this address."),
    ],
)
def test_errors_say_what_why_and_what_to_do(site: httpx.Client, path: str, status: int, message: str) -> None:
    page = site.get(path)
    assert page.status_code == status
    assert message[1:] in page.text.replace("&#34;", '"')  # the page begins it with a capital
    assert "Back to the first page" in page.text
    assert "content-security-policy" in page.headers
    address, _, query = path.partition("?")
    if not address.startswith("/static"):
        twin = site.get(f"{'/curve' if address == '/' else address}.json?{query}")
        assert twin.status_code == status
        assert message in twin.json()["message"]
        assert twin.json()["code"]


def test_static_files_are_kept_by_their_content(site: httpx.Client) -> None:
    for asset in assets().values():
        assert f'"{asset.url}"' in site.get("/").text
        kept = site.get(asset.url)
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert kept.content == asset.body
        assert site.get(f"/static/{asset.name}").headers["cache-control"] == "no-cache"
        again = site.get(asset.url, headers={"if-none-match": kept.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_health_and_readiness(site: httpx.Client) -> None:
    assert (site.get("/healthz").status_code, site.get("/healthz").text) == (200, "ok")
    assert site.get("/readyz").status_code == 200
    assert site.head("/scorecard").status_code == 200
    assert site.post("/scorecard").status_code == 405


def test_answers_without_gzip_are_the_same(site: httpx.Client) -> None:
    plain = site.get("/scorecard", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == site.get("/scorecard").text
    assert len(gzip.compress(plain.content)) < len(plain.content)


def test_an_unscored_workspace_says_which_command_to_run(tmp_path: Path) -> None:
    with init(tmp_path / "new", "b2b-saas") as workspace, serving.served(workspace) as address:
        answer = httpx.get(f"{address}/")
        assert answer.status_code == 503
        assert "nothing is scored yet" in answer.text
        assert "Run `cxcurve load`, then `cxcurve score`." in answer.text
        assert httpx.get(f"{address}/readyz").status_code == 503
        assert httpx.get(f"{address}/healthz").status_code == 200
        assert httpx.get(f"{address}/drift.json").json()["code"] == "nothing_scored"


def add_ticket(log: Path, customer: CustomerResult) -> None:
    row = {"event_id": "new-1", "account_id": customer.facts["customer_id"], "name": "ticket_opened"}
    row["occurred_at"] = customer.timeline[0]["occurred_at"]
    head = log.read_text("utf-8").splitlines()[0].replace('"', "").split(",")
    with log.open("a", encoding="utf-8") as file:
        file.write(",".join(row.get(name, "") for name in head) + "\n")


def test_new_scores_are_seen_at_once(tmp_path: Path) -> None:
    folder = serving.copied(tmp_path)
    with cxcurve.open(folder) as workspace, serving.served(workspace) as address:
        before = httpx.get(f"{address}/customers.json?sort=friction_index", timeout=60).json()["customers"][0]
        add_ticket(folder / "data" / "support.csv", workspace.customer(before["customer_id"]))
        workspace.load("support")
        workspace.score()
        after = httpx.get(f"{address}/customers.json?q={before['customer_id']}").json()["customers"][0]
    assert after["friction_index"] > before["friction_index"]


@pytest.mark.parametrize("customer_id", ["a/b c", "ünï 🚀", "x.json", "50%?#&=", "'; DROP TABLE notes; --", "x" * 2000])
def test_any_id_has_its_page(customer_id: str, tmp_path: Path) -> None:
    events = tmp_path / "plain" / "events.csv"
    with init(events.parent, "b2b-saas") as workspace:
        quoted = customer_id.replace('"', '""')
        rows = [f'{n},2026-0{n}-01T00:00:00Z,"{quoted}",ticket_opened' for n in (1, 2)]
        events.write_text("\n".join(["event_id,occurred_at,account,name", *rows]), encoding="utf-8")
        source = "log: {files: events.csv, time: {column: occurred_at}, account: account, id: event_id, name: name}\n"
        (events.parent / "sources.yaml").write_text(source, encoding="utf-8")
        workspace.load()
        workspace.score()
        with serving.served(workspace) as address, httpx.Client(base_url=address, timeout=60) as client:
            href = re.findall(r'<th scope="row"><a href="([^"]+)"', client.get("/customers").text)
            assert href == [f"/customers/{quote(customer_id, safe='')}"]
            assert client.get(href[0]).status_code == 200
            assert client.get(f"{href[0]}.json").json()["customer"]["customer_id"] == customer_id
