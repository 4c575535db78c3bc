"""What each kind of picture draws: values to places, and what is empty, alone, unknown or extreme."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve import charts
from cxcurve.charts import Lane, Link, Mark, Measure, Node, Part, Picture, Series, Span, Spot, TrendPoint
from cxcurve.web.gallery import pictures, small_pictures

SVG = "{http://www.w3.org/2000/svg}"
DAYS = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(60)]
DRAWN: dict[str, Callable[[float], Picture]] = {**small_pictures()}
for kinds in pictures().values():
    DRAWN.update(kinds)
FEW: dict[str, Picture] = {
    "no trend": charts.trend([]),
    "a trend of gaps": charts.trend([Series("a", [TrendPoint(DAYS[0], None)])]),
    "one point": charts.trend([Series("a", [TrendPoint(DAYS[0], 0.4, 0.2, 0.6, 9, True)])], unit="share", target=0.0),
    "a trend of zero": charts.trend([Series("a", [TrendPoint(day, 0.0) for day in DAYS])]),
    "no areas": charts.areas([]),
    "areas of one day": charts.areas(
        [Series("a", [TrendPoint(DAYS[0], 3.0)]), Series("b", [TrendPoint(DAYS[0], None)])]
    ),
    "no heatmap": charts.heatmap([], [], []),
    "a heatmap of the unknown": charts.heatmap(["a"], ["b"], [[None]]),
    "one cell": charts.heatmap(["a"], ["b"], [[0.0]]),
    "no donut": charts.donut([]),
    "a donut of zero": charts.donut([Part("a", 0.0)]),
    "one part": charts.donut([Part("a", 3.0)]),
    "no transitions": charts.transitions([], []),
    "one link": charts.transitions([Node("a", "A", 0), Node("b", "B", 1)], [Link("a", "b", 1)]),
    "no spots": charts.quadrant([], Measure("x"), Measure("y")),
    "one spot": charts.quadrant([Spot("a", 0.0, 0.0)], Measure("x"), Measure("y")),
    "no timeline": charts.timeline([]),
    "one day": charts.timeline([Lane("a", [Mark(DAYS[0], "b")], [Span(DAYS[0], DAYS[0], "c")])]),
    "no bars": charts.bars([]),
    "a bar of zero": charts.bars([("a", 0.0)], unit="share"),
    "no effect": charts.effect([]),
    "an effect of nothing": charts.effect([charts.Effect("a", 0.5, None)]),
    "an effect on the promise": charts.effect([charts.Effect("a", 1.0, 1.0, 1.0, 1.0)], unit="score"),
    "no waterfall": charts.waterfall([]),
    "a waterfall of nothing": charts.waterfall([charts.Step("a", 0.0, is_total=True), charts.Step("b", 0.0)]),
}


@pytest.fixture(params=[(name, width) for name in DRAWN for width in (charts.WIDE, charts.NARROW)], name="picture")
def _picture(request: pytest.FixtureRequest) -> Picture:
    name, width = request.param
    return DRAWN[name](width)


def nodes(picture: Picture, tag: str, class_: str) -> list[ET.Element]:
    return [n for n in ET.fromstring(picture.svg).iter(f"{SVG}{tag}") if class_ in (n.get("class") or "").split()]


def box(node: ET.Element) -> tuple[float, float, float, float]:
    return tuple(float(node.get(key, "")) for key in ("x", "y", "width", "height"))  # type: ignore[return-value]


def said(picture: Picture) -> list[str]:
    return [n.findtext(f"{SVG}title") or "" for n in ET.fromstring(picture.svg).iter() if n.get("class") == "over"]


def is_sound(picture: Picture) -> None:
    root = ET.fromstring(picture.svg)
    assert "nan" not in picture.svg.casefold()
    assert not re.search(r"\binf\b", picture.svg)
    assert not re.search(r"\s(style|on\w+|fill|stroke|color)=", picture.html())
    width, height = map(float, root.get("viewBox", "").split()[2:])
    for node in root.iter():
        for key, most in (("cx", width), ("cy", height)):
            if node.get(key):
                assert 0 <= float(node.get(key, "")) <= most
        if node.tag == f"{SVG}rect":
            x, y, wide, high = box(node)
            assert x >= -8
            assert x + wide <= width + 8
            assert -1 <= y <= y + high <= height + 1


def test_pictures_are_sound_and_every_mark_is_told(picture: Picture) -> None:
    is_sound(picture)
    root = ET.fromstring(picture.svg)
    stops = [node for node in root.iter() if node.get("tabindex")]
    assert all(node.findtext(f"{SVG}title") for node in stops)
    for image in root.iter():
        if image.get("role") == "img":
            assert not [n for n in image.iter() if n is not image and (n.get("tabindex") or n.tag == f"{SVG}a")]


@pytest.mark.parametrize("name", FEW)
def test_nothing_one_and_zero_are_pictures_too(name: str) -> None:
    is_sound(FEW[name])
    assert FEW[name].html().startswith("<figure")


def test_a_trend_starts_at_zero_and_its_target_lies_at_its_height() -> None:
    points = [TrendPoint(day, value) for day, value in zip(DAYS, (0.1, 0.2, 0.3), strict=False)]
    picture = charts.trend([Series("a", points)], unit="share", target=0.2)
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", nodes(picture, "path", "line")[-1].get("d", ""))]
    ends = numbers[1], numbers[-1]
    target = float(re.findall(r"[\d.]+", nodes(picture, "path", "target")[-1].get("d", ""))[1])
    assert target == pytest.approx(sum(ends) / 2, abs=0.2)
    zero = float(re.findall(r"[\d.]+", nodes(picture, "path", "zero")[0].get("d", ""))[1])
    assert zero - ends[0] == pytest.approx((zero - ends[1]) / 3, abs=0.2)
    assert [row[1] for row in picture.table.rows] == ["10\u202f%", "20\u202f%", "30\u202f%"]


def test_a_trend_breaks_at_gaps_and_greys_what_is_thin() -> None:
    values = (1.0, 2.0, None, 3.0, 4.0, 5.0)
    points = [TrendPoint(day, v, is_thin=i > 4) for i, (day, v) in enumerate(zip(DAYS, values, strict=False))]
    lines = [n.get("class") for n in nodes(charts.trend([Series("a", points)]), "path", "line")][-3:]
    assert lines == ["line is-level", "line is-level", "line is-level is-thin"]


def test_a_slice_tells_all_series_of_its_day() -> None:
    ours, theirs = ([TrendPoint(DAYS[0], value)] for value in (3.0, 8.0))
    picture = charts.trend([Series("ours", ours), Series("theirs", theirs, "quiet")])
    assert said(picture) == ["5 Jan 2026\nours: 3\ntheirs: 8"]
    assert picture.table.rows == (("5 Jan 2026", "3", "8"),)


def test_areas_lie_on_each_other() -> None:
    parts = [Series(name, [TrendPoint(DAYS[0], value)]) for name, value in (("a", 10.0), ("b", 30.0))]
    picture = charts.areas(parts)
    (_, y_a, _, high_a), (_, y_b, _, high_b) = (box(node) for node in nodes(picture, "rect", "level")[:2])
    assert high_b == pytest.approx(3 * high_a, abs=0.3)
    assert y_b + high_b == pytest.approx(y_a, abs=0.2)


def test_a_cell_is_as_strong_as_its_value_and_the_unknown_has_none() -> None:
    picture = charts.heatmap(["a", "b"], ["x", "y"], [[100.0, -50.0], [0.0, None]], tone="pull", below="drag")
    cells = nodes(picture, "rect", "heat")
    assert [(cell.get("class"), cell.get("fill-opacity")) for cell in cells] == [
        ("heat is-pull", "0.70"),
        ("heat is-drag", "0.38"),
        ("heat is-pull", "0.06"),
    ]
    assert len(nodes(picture, "rect", "unknown")) == 1
    assert said(picture)[1] == "a, y: \u221250"
    assert picture.table.rows[1] == ("b", "0", "–")


def test_a_heatmap_needs_as_many_values_as_columns() -> None:
    with pytest.raises(ValueError, match="a heatmap of 2 columns needs as many values in each row"):
        charts.heatmap(["a"], ["x", "y"], [[1.0]])


def test_the_smallest_parts_of_a_donut_become_one() -> None:
    picture = charts.donut([Part(name, float(value)) for name, value in zip("abcdefgh", range(1, 9), strict=True)])
    assert [text.split(":")[0] for text in said(picture)] == ["d", "e", "f", "g", "h", "Other"]
    assert "Other: 6, 17\u202f%" in said(picture)
    assert len(picture.table.rows) == 8


def test_half_a_donut_goes_half_round() -> None:
    first = nodes(charts.donut([Part("a", 1.0), Part("b", 1.0)]), "path", "slice")[0].get("d", "")
    assert first.startswith("M76.00 2.00A74 74 0 0 1 76.00 150.00")


def test_ribbons_are_as_wide_as_many_went_and_nodes_as_large_as_both_sides() -> None:
    places = [Node("a", "A", 0), Node("b", "B", 1), Node("c", "C", 1, "drag")]
    picture = charts.transitions(places, [Link("a", "b", 30), Link("a", "c", 10), Link("b", "a", 5)])
    high = {node.findtext(f"{SVG}title"): box(node)[3] for node in nodes(picture, "rect", "over")}
    assert high["B: 30 customers"] == pytest.approx(3 * high["C: 10 customers"], abs=0.2)
    assert high["A: 40 customers"] == pytest.approx(4 * high["C: 10 customers"], abs=0.2)
    assert len(nodes(picture, "path", "ribbon")) == 2
    assert [row[:3] for row in picture.table.rows][-1] == ("B", "A", "5")
    assert "A to B: 30 customers\n75\u202f% of those who left A" in said(picture)


def test_a_link_to_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="links name nodes that are not there: x, y"):
        charts.transitions([Node("a", "A", 0)], [Link("a", "x", 1), Link("y", "a", 1)])


def test_a_spot_lies_on_the_side_of_the_cut_it_belongs_to() -> None:
    x, y = Measure("x", "share", cut=0.5, low=0, high=1), Measure("y", "score", cut=3.0, low=1, high=5)
    picture = charts.quadrant([Spot("a", 0.4, 3.1), Spot("b", 0.6, 2.9)], x, y, corners=("1", "2", "3", "4"))
    a, b = nodes(picture, "circle", "spot")
    cut = float(re.findall(r"[\d.]+", nodes(picture, "path", "zero")[0].get("d", ""))[0])
    assert float(a.get("cx", "")) < cut < float(b.get("cx", ""))
    assert float(a.get("cy", "")) < float(b.get("cy", ""))
    assert picture.table.rows[0] == ("a", "40.0\u202f%", "3.1")


def test_marks_too_near_become_one_and_those_outside_are_in_the_table_alone() -> None:
    marks = [Mark(DAYS[0], "a"), Mark(DAYS[0] + timedelta(1), "b"), Mark(DAYS[40], "c", href="/c"), Mark(DAYS[59], "d")]
    picture = charts.timeline([Lane("x", marks, [Span(DAYS[50], None, "later")])], until=DAYS[45])
    assert said(picture) == ["5 Jan 2026: a\n6 Jan 2026: b", "12 Oct 2026: c"]
    assert [row[3] for row in picture.table.rows] == ["a", "b", "c", "later", "d"]
    assert [node.get("href") for node in ET.fromstring(picture.svg).iter(f"{SVG}a")] == ["/c"]


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=12), st.sampled_from([charts.WIDE, charts.NARROW]))
@settings(max_examples=25, deadline=None)
def test_any_values_are_drawn_within_the_picture(values: list[float], width: float) -> None:
    points = [TrendPoint(day, value) for day, value in zip(DAYS, values, strict=False)]
    for picture in (
        charts.trend([Series("a", points)], unit="money", width=width),
        charts.areas([Series("a", points), Series("b", points)], width=width),
        charts.heatmap(["r"], [str(i) for i in range(len(values))], [values], width=width),
        charts.donut([Part(str(i), value) for i, value in enumerate(values)], width=width),
        charts.bars([(str(i), value) for i, value in enumerate(values)], unit="money", width=width),
        charts.waterfall([charts.Step(str(i), value, i == 0) for i, value in enumerate(values)], width=width),
        charts.quadrant([Spot("a", v, -v, v) for v in values], Measure("x", cut=3.0), Measure("y"), width=width),
    ):
        is_sound(picture)


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("tone", ["level", "pull", "drag", "drift"])
def test_a_value_can_be_read_on_the_strongest_cell(theme: int, tone: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    tokens = {
        name: pair[theme]
        for name, *pair in re.findall(r"--cx-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", charts.css())
    }
    ground = [0.7 * a + 0.3 * b for a, b in zip(rgb(tokens[f"{tone}-heat"]), rgb(tokens["surface"]), strict=True)]
    low, high = sorted((luminance(ground), luminance(rgb(tokens["ink"]))))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_a_waterfall_goes_from_bar_to_bar() -> None:
    steps = [("Then", 100.0, True), ("New", 50.0, False), ("Churn", -30.0, False), ("Now", 120.0, True)]
    picture = charts.waterfall([charts.Step(*step) for step in steps], currency="EUR")
    bars = [box(node) for node in nodes(picture, "rect", "bar")]
    (x0, _, w0, _), (x1, _, w1, _), (x2, _, w2, _), (x3, _, w3, _) = bars
    assert x1 == pytest.approx(x0 + w0, abs=0.2)
    assert x2 + w2 == pytest.approx(x1 + w1, abs=0.2)
    assert (x3, x3 + w3) == pytest.approx((x0, x2), abs=0.2)
    assert picture.table.rows[1] == ("New", "+€50")


def rgb(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def luminance(channels: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
