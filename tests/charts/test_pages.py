"""The pages: rendered with invented numbers, they must obey the content policy, escape, and stay light."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import invented_pages
import preview
import pytest

from cxcurve import charts

STATIC = (
    preview.SOURCE / "web" / "static" / "app.css",
    preview.SOURCE / "web" / "static" / "app.js",
    preview.SOURCE / "charts" / "static" / "chart.css",
)
BUDGET = 150_000
VOID = {"meta", "link", "input", "br"}
PAGES = invented_pages.pages()


class Reader(HTMLParser):
    """Tags must close in order; collects attributes, ids and headings."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, key, value) for key, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, key, value) for key, value in attrs]


@pytest.fixture(params=PAGES, name="markup")
def _markup(request: pytest.FixtureRequest) -> str:
    return preview.render(*PAGES[request.param])


def test_tags_close_and_ids_are_unique(markup: str) -> None:
    reader = Reader(markup)
    assert reader.open == []
    ids = [value for _, key, value in reader.attributes if key == "id"]
    assert len(ids) == len(set(ids))


def test_the_content_policy_holds(markup: str) -> None:
    """`default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'`."""
    for tag, key, value in Reader(markup).attributes:
        assert key != "style"
        assert not key.startswith("on")
        if key in {"src", "href"} and tag in {"script", "link", "img", "use"}:
            assert (value or "").startswith(("/", "#", "data:")), value
    assert re.findall(r"<script[^>]*>(.*?)</script>", markup, re.S) == [""]
    assert "<style" not in markup


def test_every_page_says_as_of_when_and_where_its_json_is(markup: str) -> None:
    assert "As of <time" in markup
    assert "1 Nov 2026, 23:59" in markup
    assert re.search(r'<link rel="alternate" type="application/json" href="/[\w/.-]+\.json">', markup)
    assert 'href="#main"' in markup
    assert len(re.findall(r"<h1", markup)) == 1


@pytest.mark.parametrize("name", ["curve", "curve-position", "customers", "customer", "scorecard", "drift", "ttv"])
def test_a_page_with_its_files_is_within_budget(name: str) -> None:
    static = sum(path.stat().st_size for path in STATIC)
    assert len(preview.render(*PAGES[name]).encode()) + static <= BUDGET


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "🚀 'x'", "y" * 10_000]
)
def test_hostile_names_stay_text_and_short(name: str) -> None:
    customer, customers = invented_pages.customer_page(), invented_pages.customers_page()
    customer.customer |= {"name": name, "owner": name, "mindset": name}
    customer.timeline.events[0] |= {"label": name, "text": name, "channel": name}
    rows = ({**customers.table.rows[0], "name": name, "owner": name, "segment": name}, *customers.table.rows[1:])
    customers.table = replace(customers.table, rows=rows, q=name, query={"q": name})
    for markup in (preview.render("customer.html", customer), preview.render("customers.html", customers)):
        assert Reader(markup).open == []
        assert "<img" not in markup
        assert markup.count("<script") == 1


def test_the_parts_of_the_index_are_shown_with_their_sum() -> None:
    markup = preview.render("customer.html", invented_pages.customer_page())
    shown = [float(text) for text in re.findall(r'class="points">([\d.]+)<', markup)]
    assert sum(shown[:4]) == pytest.approx(25.0)
    assert "adds up to</span> <b>25.0</b>" in markup


def test_words_for_real_and_unsure_changes_and_missing_values() -> None:
    markup = preview.render("scorecard.html", invented_pages.scorecard_page())
    assert "a real change</span>" in markup
    assert "not sure" in markup
    assert "No events of this kind yet." in markup
    assert "thin, n = 17" in markup
    assert "thin, n = 0" not in markup
    assert markup.count("3 answers empty or outside 0 to 10 left out") == 1


def test_empty_states_say_what_to_do() -> None:
    customers = invented_pages.customers_page()
    customers.table, customers.scatter = replace(customers.table, rows=(), q="zzz", is_asked=True), None
    assert "Nothing matches “zzz”" in preview.render("customers.html", customers)
    customers.table = replace(customers.table, q="", is_asked=False)
    assert "cxcurve load" in preview.render("customers.html", customers)
    curve = invented_pages.curve_page()
    curve.reason, curve.zones, curve.drops, curve.waiting = "too_few", [], [], None
    markup = preview.render("curve.html", curve)
    assert "No curve yet" in markup
    assert "Too few customers yet to say." in markup
    assert "No drift zones yet" in markup


def test_links_keep_the_other_choices() -> None:
    customers = invented_pages.customers_page()
    customers.table = replace(customers.table, query={"segment": "smb", "q": "a&b"})
    markup = preview.render("customers.html", customers)
    assert 'href="?segment=smb&amp;q=a%26b&amp;sort=name&amp;page=1"' in markup
    assert '<input type="hidden" name="segment" value="smb">' in markup


def test_a_context_may_be_an_object_too() -> None:
    page = invented_pages.error_page()
    page.picker = [SimpleNamespace(key="segment", label="Segment", options=[("a", "A")], value="a")]
    assert '<option value="a" selected>A</option>' in preview.render("error.html", page)


def _tokens(css: str, theme: int) -> dict[str, str]:
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", css)
    return {name: (light, dark)[theme] for name, light, dark in pairs}


def _channels(colour: str) -> tuple[float, ...]:
    digits = colour.lstrip("#")
    return tuple(int(digits[i : i + 2], 16) / 255 for i in range(0, len(digits), 2))


def _over(colour: str, ground: str) -> tuple[float, ...]:
    *top, alpha = (*_channels(colour), 1.0)[:4]
    return tuple(a * alpha + b * (1 - alpha) for a, b in zip(top, _channels(ground), strict=True))


def _luminance(channels: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("text", ["ink", "muted", "level", "pull", "drag", "drift"])
def test_text_colours_reach_aa_on_every_ground(theme: int, text: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    tokens = _tokens(charts.css(), theme)
    page = _tokens(Path(STATIC[0]).read_text(encoding="utf-8"), theme)["page"]
    grounds = [_channels(tokens["cx-surface"]), _channels(page)]
    grounds += [_channels(tokens["cx-sunk"])] if text in {"ink", "muted"} else []
    soft = f"cx-{text}-soft"
    grounds += [_over(tokens[soft], tokens["cx-surface"])] if soft in tokens else []
    for ground in grounds:
        pair = sorted((_luminance(_channels(tokens[f"cx-{text}"])), _luminance(ground)))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5
