"""What must hold for every picture: well-formed, safe, told twice, the same bytes for the same input."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import invented
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve import charts
from cxcurve.charts import CurvePoint, Drop, EventMark, Note, Picture, ScatterPoint, StageBand, Zone
from cxcurve.charts import format as fmt

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    '" onload="x',
    "'; --",
    "🚀 Ünï & Söhne",
    "x" * 10_000,
    "\x00\x1b\ud800",
    "]]>",
    "",
)


def customer(width: float = charts.WIDE, name: str = "Invest") -> Picture:
    days = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(12)]
    points = [CurvePoint(day, 40.0 - 7 * i, None, None, 8.0 * i, 50.0) for i, day in enumerate(days)]
    marks = [EventMark(days[3], name, "drag"), EventMark(days[3], "b", "drag"), EventMark(date(2020, 1, 1), "early")]
    return charts.customer_curve(points, [StageBand(name, days[0], days[-1])], marks, width=width)


def hostile_curve(name: str, width: float = charts.WIDE) -> Picture:
    return charts.curve(
        invented.curve_points(),
        [StageBand(name, 0, 30)],
        [Zone(name, 4, 9, 0.3, 10.0, True)],
        [Drop(18, -20, ((name, -3.0),), name)],
        [Note(9, name), Note(9.5, name, True)],
        title=name or "t",
        width=width,
    )


PICTURES: dict[str, Callable[[], Picture]] = {
    "curve": invented.wide_curve,
    "curve on a phone": lambda: invented.wide_curve(width=charts.NARROW),
    "curve by stage": lambda: charts.curve(invented.position_points(), invented.POSITION_STAGES, x="position"),
    "curve by date": lambda: charts.curve(invented.date_points(), x="date"),
    "no points": lambda: charts.curve([]),
    "one point": lambda: charts.curve([CurvePoint(3, 12.0, None, None, 20.0, 32.0, 44)]),
    "customer": customer,
    "customer on a phone": lambda: customer(charts.NARROW),
    "sparkline": lambda: charts.sparkline([3, None, 5, 9]),
    "empty sparkline": lambda: charts.sparkline([]),
    "scatter": lambda: charts.scatter(invented.scatter_points(50)),
    "empty scatter": lambda: charts.scatter([]),
    "survival": lambda: charts.survival(invented.survival_steps(), horizon_days=60, target_days=7, median_days=14),
    "bars": lambda: charts.bars([("ticket_opened", 12.5), ("silence", 3.0)]),
    "no bars": lambda: charts.bars([]),
    "flow": lambda: charts.flow(0.6, 0.3, 0.1),
}


@pytest.fixture(params=PICTURES, name="picture")
def _picture(request: pytest.FixtureRequest) -> Picture:
    return PICTURES[request.param]()


def texts(picture: Picture) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(picture.svg).iter(f"{SVG}text")]


def test_a_picture_is_well_formed_and_says_what_it_is(picture: Picture) -> None:
    root = ET.fromstring(picture.svg)
    assert root.tag == f"{SVG}svg"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert all(child.text for child in list(root)[:2])
    assert root.get("viewBox")
    assert root.get("role") == "img" or root.find(f"{SVG}g[@role='img']").get("aria-label") == picture.title  # type: ignore[union-attr]


def test_no_inline_style_no_script_no_handler_no_fixed_colour(picture: Picture) -> None:
    markup = picture.html()
    assert "<script" not in markup
    assert not re.search(r"\s(style|on\w+|fill|stroke|color)=", markup)
    assert "url(" not in markup


def test_links_and_tab_stops_stay_outside_the_part_that_is_one_image(picture: Picture) -> None:
    for image in ET.fromstring(picture.svg).iter():
        if image.get("role") == "img":
            inner = [node for node in image.iter() if node is not image]
            assert not [node for node in inner if node.get("tabindex") or node.tag == f"{SVG}a"]


@pytest.mark.parametrize("name", PICTURES)
def test_the_same_input_gives_the_same_bytes(name: str) -> None:
    assert PICTURES[name]().html() == PICTURES[name]().html()


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("width", [charts.WIDE, charts.NARROW])
def test_hostile_names_stay_text(name: str, width: float) -> None:
    pictures = [
        hostile_curve(name, width),
        customer(width, name),
        charts.sparkline([1, 2], title=name or "t"),
        charts.bars([(name, 3.0)]),
        charts.scatter([ScatterPoint(name, 20, 30, 5.0, f"/customers/{name[:50]}")], width=width),
    ]
    for picture in pictures:
        ET.fromstring(picture.svg)
        ET.fromstring(picture.table.html(name).encode("utf-8"))
        assert "<script" not in picture.html()
        assert ' onload="' not in picture.html()
        assert len(picture.html()) < 110_000
        picture.html().encode("utf-8")


def test_a_name_is_shown_as_it_is_written() -> None:
    root = ET.fromstring(charts.scatter([ScatterPoint('Söhne & <Co> "A" 🚀', 20, 30)]).svg)
    assert 'Söhne & <Co> "A" 🚀' in [(node.text or "").split("\n")[0] for node in root.iter(f"{SVG}title")]


def test_the_table_twin_has_the_numbers_that_are_drawn() -> None:
    points = invented.curve_points()
    picture = invented.wide_curve()
    drawn = [node for node in ET.fromstring(picture.svg).iter() if "hit" in (node.get("class") or "").split()]
    assert len(drawn) == len(picture.table.rows) == len(points)
    for node, row, point in zip(drawn, picture.table.rows, points, strict=True):
        said = node.findtext(f"{SVG}title") or ""
        assert said.startswith(f"Week {row[0]}: level {fmt.signed(point.level)} ")
        assert row[1:6] == (
            fmt.signed(point.level, 1),
            fmt.signed(point.low, 1),
            fmt.signed(point.high, 1),
            fmt.number(point.friction_index, 1),
            fmt.number(point.momentum_index, 1),
        )
        assert row[6] == fmt.number(point.n)


def test_the_dots_lie_where_the_numbers_say() -> None:
    root = ET.fromstring(charts.curve([CurvePoint(week, level) for week, level in enumerate((-40.0, 0.0, 40.0))]).svg)
    heights = [float(node.get("cy", "")) for node in root.iter(f"{SVG}circle") if node.get("class") == "dot"]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    assert heights[0] > heights[2]


def test_thin_points_are_marked_in_picture_and_table() -> None:
    points = [CurvePoint(week, 10.0, 5, 15, 20, 30, 9 if week > 6 else 90, week > 6) for week in range(10)]
    picture = charts.curve(points)
    root = ET.fromstring(picture.svg)
    classes = [node.get("class") for node in root.iter()]
    assert {"line", "line is-thin", "band is-thin", "pull-area is-thin"} <= set(classes)
    assert classes.count("hit is-thin") == 3
    assert [row[-1] for row in picture.table.rows] == [""] * 7 + ["yes"] * 3
    assert "Under 10 customers" in texts(picture)
    assert "Under 10 customers" not in texts(charts.curve(points[:5]))


def test_a_gap_is_not_bridged() -> None:
    levels = (10.0, 12.0, None, 14.0, 15.0, None, 3.0)
    picture = charts.curve([CurvePoint(week, level) for week, level in enumerate(levels)])
    lines = [node for node in ET.fromstring(picture.svg).iter(f"{SVG}path") if node.get("class") == "line"]
    moves = [node.get("d", "").count("M") for node in lines if "C" in node.get("d", "")]
    assert moves == [1, 1]
    assert picture.table.rows[2][1] == fmt.NOTHING


def test_zones_drops_notes_and_customers_are_named() -> None:
    said = texts(invented.wide_curve())
    zone = {"Invest → Transform", f"31{fmt.THIN_SPACE}% stall · €184k a year"}
    assert zone | {"pull", "drag", "still there"} <= set(said)
    assert f"{fmt.MINUS}27 in Invest" in said
    assert any(text.startswith("onboarding step overdue") for text in said)
    assert "New onboarding, guided set-up" in said
    assert {"1,840", "1,279"} <= set(said)


def test_a_phone_keeps_numbered_drops_and_stage_initials() -> None:
    said = texts(invented.wide_curve(width=charts.NARROW))
    assert {"1", "2", "O", "R", "Transform"} <= set(said)


def test_scatter_draws_the_largest_and_says_so() -> None:
    picture = charts.scatter(invented.scatter_points(900), limit=300)
    circles = list(ET.fromstring(picture.svg).iter(f"{SVG}a"))
    assert len(circles) == len(picture.table.rows) == 300
    assert "300 of 900, the largest by revenue" in texts(picture)
    assert {"Flowing", "Pushing through", "Coasting", "Stuck"} <= set(texts(picture))


@pytest.mark.parametrize(
    ("pair", "kind"),
    [
        ("flowing", "flowing"),
        ("pushing through", "pushing"),
        ("coasting", "coasting"),
        ("stuck", "stuck"),
        (None, "new"),
    ],
)
def test_a_circle_has_the_colour_of_its_pair_wherever_it_lies(pair: str | None, kind: str) -> None:
    """Within 5 of a cut a word stays what it was, so the place does not tell it."""
    picture = charts.scatter([ScatterPoint("a", 48, 42, pair=pair)])
    circles = next(n for n in ET.fromstring(picture.svg).iter(f"{SVG}g") if n.get("class") == f"bubbles is-{kind}")
    assert len(circles) == 1


def test_survival_holds_each_share_until_the_next_step() -> None:
    steps = [charts.SurvivalStep(2, 0.25, 0.1, 0.4, 40), charts.SurvivalStep(8, 0.5, 0.3, 0.7, 20)]
    picture = charts.survival(steps, horizon_days=10, target_days=7)
    line = next(n for n in ET.fromstring(picture.svg).iter(f"{SVG}path") if n.get("class") == "line")
    assert line.get("d", "").count("V") == 3
    assert f"target 7 days: 25{fmt.THIN_SPACE}%" in texts(picture)
    assert [row[0] for row in picture.table.rows] == ["2", "8"]


def test_customer_marks_of_one_day_and_tone_are_one_and_none_lies_outside() -> None:
    marks = [n for n in ET.fromstring(customer().svg).iter(f"{SVG}circle") if n.get("class") == "mark drag"]
    assert [mark.findtext(f"{SVG}title") for mark in marks] == ["26 Jan 2026: Invest, b"]
    assert "mark note" not in customer().svg


def test_a_notebook_needs_nothing_else() -> None:
    shown = invented.wide_curve()._repr_html_()
    assert "--cx-level: light-dark(" in shown
    assert "http" not in shown.replace("http://www.w3.org/2000/svg", "")
    ET.fromstring(invented.wide_curve().standalone())


@given(
    st.lists(
        st.tuples(st.floats(-100, 100), st.floats(0, 100), st.floats(0, 100), st.integers(0, 10**7), st.booleans()),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=40, deadline=None)
def test_any_levels_stay_inside_the_picture(values: list[tuple[float, float, float, int, bool]]) -> None:
    points = [CurvePoint(i, v, v - 5, v + 5, f, m, n, thin) for i, (v, f, m, n, thin) in enumerate(values)]
    root = ET.fromstring(charts.curve(points).svg)
    width, height = map(float, root.get("viewBox", "").split()[2:])
    for node in root.iter(f"{SVG}circle"):
        assert 0 <= float(node.get("cx", "")) <= width
        assert 0 <= float(node.get("cy", "")) <= height
    assert "nan" not in charts.curve(points).svg


@given(st.floats(0, 1), st.floats(0, 1))
@settings(deadline=None)
def test_labels_of_a_flow_stay_inside_and_apart(one: float, other: float) -> None:
    progressed, stall = sorted((one, other))[0], abs(one - other)
    root = ET.fromstring(charts.flow(progressed, stall, 1 - progressed - stall).svg)
    lefts = [float(node.get("x", "")) for node in root.iter(f"{SVG}text")]
    assert lefts == sorted(lefts)
    assert min(lefts) >= 0
    assert all(b - a > 50 for a, b in pairwise(lefts))


def test_customers_are_counted_only_where_there_is_a_point() -> None:
    points = [CurvePoint(week, 5.0, n=70 + week) for week in (0, 1, 2, 8)]
    said = texts(charts.curve(points))
    assert {"70", "71", "72", "78"} <= set(said)
    assert said.count("72") == said.count("78") == 1
