"""The page of the curve: its versions by a click, what they mean, and what moved the level."""

from __future__ import annotations

import html
import re

import httpx
import pytest
from test_app import close

from cxcurve.workspace import Workspace


def section(text: str, heading: str) -> str:
    found = next(part for part in re.findall(r"<section.*?</section>", text, re.S) if heading in part)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found)))


def test_survivors_are_shown_and_named_and_the_weighted_curve_is_a_click_away(site: httpx.Client) -> None:
    text = site.get("/curve?segment=SMB").text
    assert '<a href="/curve?segment=SMB" aria-current="true">Survivors only</a>' in text
    assert '<a href="/curve?segment=SMB&amp;leavers=weighted">Weighted for those who left</a>' in text
    assert "Survivors only: the mean of the customers still there at each week" in section(text, "Net pull")
    assert "Level, survivors only, 95 % band" in text
    assert "Still there (number at risk)" in text
    found = site.get("/curve?leavers=weighted").text
    assert '<a href="/curve?leavers=weighted" aria-current="true">Weighted for those who left</a>' in found
    assert re.search(
        r"stands for those who left .* for at most 10 of them \(\d+ exits so far\)", section(found, "Net pull")
    )
    assert "Level, weighted for those who left, 95 % band" in found


def test_the_json_twin_has_the_version(site: httpx.Client, workspace: Workspace) -> None:
    mended = site.get("/curve.json?leavers=weighted").json()
    assert mended == close(workspace.curve(leavers="weighted").to_json())
    assert (mended["leavers"], site.get("/curve.json").json()["leavers"]) == ("weighted", "survivors")
    assert '"/curve.json?leavers=weighted"' in site.get("/curve?leavers=weighted").text


def test_other_axes_have_one_version_and_links_to_them_drop_it(site: httpx.Client) -> None:
    assert '<a href="/curve?x=position">By stage</a>' in site.get("/curve?leavers=weighted").text
    assert "Survivors only" not in site.get("/curve?x=position").text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("x=date&leavers=weighted", 'leavers "weighted" goes with x "week"'),
        ("leavers=all", 'leavers "all" is not known. Expected: survivors, weighted.'),
    ],
)
def test_a_version_that_is_none_is_refused(site: httpx.Client, query: str, said: str) -> None:
    answer = site.get(f"/curve.json?{query}")
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_what_moved_the_level_is_on_the_curve_by_date(site: httpx.Client, workspace: Workspace) -> None:
    found = workspace.moved().found
    text = site.get("/curve?x=date").text
    told = section(text, "What moved the level since")
    for row in ("Customers who left", "New customers", "Moves between stages", "Other signals", "All together"):
        assert row in told
    strongest = max(found.of("signal"), key=lambda part: abs(part.points.value or 0)).name.replace("_", " ")
    assert strongest.capitalize() in told
    card = next(part for part in re.findall(r"<section.*?</section>", text, re.S) if "What moved" in part)
    *parts, total = (
        float(one.replace("−", "-")) for one in re.findall(r'<span class="strong">(?:<a [^>]*>)?([+−\d.]+)<', card)
    )
    assert len(parts) == 9
    assert sum(parts) == pytest.approx(total, abs=0.5)
    assert total == pytest.approx(found.change.value, abs=0.051)
    assert "What moved the level" not in site.get("/curve").text
