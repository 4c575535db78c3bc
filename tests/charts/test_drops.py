"""Labels of drops stand beside their marks, or in a row under the plot with their numbers; never far off in between."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import combinations

import invented
import pytest

from cxcurve import charts
from cxcurve.charts import CurvePoint, Drop, Picture
from cxcurve.charts.svg import text_width

SVG = "{http://www.w3.org/2000/svg}"
PLOT_END = 340.0
"""No pixel of a plot lies below this where there is room for nothing above it but a legend."""


def calm(n: int = 60, level: float = 30.0) -> list[CurvePoint]:
    """A line with much room around it."""
    return [CurvePoint(week, level, level - 2, level + 2, 40.0, 70.0, 100) for week in range(n)]


def drop(week: float, name: str = "ticket_opened") -> Drop:
    return Drop(week, -12.0, ((name, -7.0), ("silence", -3.0), ("stall", -2.0)), f"by week {week:g}")


def texts(picture: Picture) -> dict[str, tuple[float, float]]:
    nodes = ET.fromstring(picture.svg).iter(f"{SVG}text")
    return {"".join(node.itertext()): (float(node.get("x", "")), float(node.get("y", ""))) for node in nodes}


def badges(picture: Picture) -> list[tuple[float, float]]:
    circles = (node for node in ET.fromstring(picture.svg).iter(f"{SVG}circle") if node.get("class") == "badge")
    return [(float(node.get("cx", "")), float(node.get("cy", ""))) for node in circles]


def test_a_label_stands_beside_its_mark_where_there_is_room() -> None:
    picture = charts.curve(calm(), annotations=[drop(20), drop(45, "login_failed")])
    for mark, names in zip(
        badges(picture), (("by week 20", "ticket opened"), ("by week 45", "login failed")), strict=True
    ):
        head = next(place for said, place in texts(picture).items() if said.endswith(names[0]))
        assert abs(head[0] - mark[0]) < 150
        assert abs(head[1] - mark[1]) < 60
        assert texts(picture)[names[1]][1] == head[1] + 14
    assert "silence" in texts(picture)
    assert "stall" not in texts(picture), "two signals are named, the others are in the tooltip"


def test_leaders_are_short() -> None:
    for picture in (charts.curve(calm(), annotations=[drop(20)]), invented.wide_curve()):
        for node in ET.fromstring(picture.svg).iter(f"{SVG}path"):
            if node.get("class") == "leader":
                x0, y0, x1, y1 = map(float, re.findall(r"-?[\d.]+", node.get("d", "")))
                assert abs(x1 - x0) + abs(y1 - y0) < 60


def test_labels_without_room_stand_under_the_plot_with_their_numbers() -> None:
    """Three marks close together, as at the ends of stages: none of the labels is left out."""
    crowded = [drop(50), drop(54, "login_failed"), drop(58, "payment_failed")]
    picture = charts.curve(calm(), annotations=crowded)
    found = texts(picture)
    heads = sorted(place for said, place in found.items() if "by week 5" in said)
    assert len(heads) == 3
    assert len({y for _, y in heads}) == 1, "in one row"
    assert heads[0][1] > PLOT_END - 40
    marks = badges(picture)
    assert len(marks) == 6, "on the line, and before each label"
    assert [text for text in found if text in {"1", "2", "3"}] == ["1", "2", "3"]
    widths = {head: text_width("ticket opened, silence", 10.5) for head in heads}
    for (x, _), (other, _) in combinations(heads, 2):
        assert other - x > 40
    assert max(x for x, _ in heads) + max(widths.values()) < charts.WIDE + 40


def test_under_the_plot_makes_the_picture_higher_and_the_axis_stays_below() -> None:
    def height(picture: Picture) -> float:
        return float(ET.fromstring(picture.svg).get("viewBox", "").split()[3])

    plain, crowded = charts.curve(calm()), charts.curve(calm(), annotations=[drop(50), drop(52), drop(54)])
    assert height(crowded) == pytest.approx(height(plain) + 40)
    heads = [y for said, (_, y) in texts(crowded).items() if "by week" in said]
    assert texts(crowded)["still there"][1] > max(heads) + 14


def test_a_phone_has_numbers_alone() -> None:
    picture = charts.curve(calm(), annotations=[drop(20)], width=charts.NARROW)
    assert len(badges(picture)) == 1
    assert "ticket opened" not in texts(picture)
    assert "Ticket opened" not in picture.svg
    assert "ticket opened (−7.0)" in picture.svg, "in the tooltip"
