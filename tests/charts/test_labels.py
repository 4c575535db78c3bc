"""Labels never lie on one another."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from cxcurve.charts.labels import Box, abreast, around, place, rows, spread
from cxcurve.charts.svg import fit, text_width

spans = st.lists(st.tuples(st.floats(0, 900), st.floats(1, 200)).map(lambda t: (t[0], t[0] + t[1])), max_size=12)


@given(spans, st.integers(1, 4))
def test_spans_of_one_row_stand_apart(items: list[tuple[float, float]], most: int) -> None:
    found = list(zip(items, rows(items, most, gap=8), strict=True))
    for (one, row), (other, other_row) in combinations(found, 2):
        if row is not None and row == other_row:
            assert one[1] + 8 <= other[0] or other[1] + 8 <= one[0]


def test_what_comes_first_gets_its_row_and_the_rest_is_left_out() -> None:
    assert rows([(0, 10), (5, 15), (8, 20), (30, 40)], 2) == (0, 1, None, 0)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=6))
def test_spread_keeps_the_order_and_the_gap(centres: list[float]) -> None:
    moved = spread(centres, 15, -100, 300)
    placed = sorted(zip(centres, moved, strict=True), key=lambda pair: pair[1])
    assert all(b[1] - a[1] >= 15 - 1e-9 for a, b in pairwise(placed))
    assert all(a[0] <= b[0] for a, b in pairwise(placed))


def test_centres_with_room_are_not_moved() -> None:
    assert spread([10, 50, 90], 15, 0, 100) == (10, 50, 90)


@given(st.floats(40, 300), st.floats(40, 200), st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200)), max_size=8))
def test_a_placed_label_is_free_and_inside(x: float, y: float, others: list[tuple[float, float]]) -> None:
    taken, within = [Box(a, b, 40, 20) for a, b in others], Box(0, 0, 340, 240)
    found = place(around(x, y, 80, 28, 150), taken, within)
    if found is not None:
        assert found.inside(within)
        assert not any(found.overlaps(other) for other in taken)


def test_no_room_is_no_label() -> None:
    assert place(around(50, 50, 80, 28, 150), [Box(0, 0, 100, 100)], Box(0, 0, 100, 100)) is None


@given(st.text(max_size=80), st.floats(5, 300))
def test_fitted_text_is_no_wider_than_asked(content: str, width: float) -> None:
    assert text_width(fit(content, width, 11), 11) <= width


@given(st.lists(st.tuples(st.floats(0, 900), st.floats(20, 150)), min_size=1, max_size=5))
def test_what_stands_abreast_is_apart_in_order_and_inside(items: list[tuple[float, float]]) -> None:
    lefts = abreast(items, 10, 0, 956)
    placed = sorted(zip(lefts, (width for _, width in items), strict=True))
    assert all(left + width + 10 <= other + 1e-9 for (left, width), (other, _) in pairwise(placed))
    assert all(-1e-9 <= left <= 956 - width + 1e-9 for left, width in placed)
    assert [i for _, i in sorted((left, i) for i, left in enumerate(lefts))] == sorted(
        range(len(items)), key=lambda i: items[i][0]
    )


def test_what_has_room_abreast_stays_where_it_is() -> None:
    assert abreast([(300, 50), (100, 50)], 10, 0, 956) == (300, 100)
