"""A value changed in place: it says the new, everything else stays as it was, and changed back not a byte differs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.errors import BadValueError
from cxcurve.model.documents import Loc, document_of
from cxcurve.model.editing import changed, written_in
from cxcurve.model.starters import JOURNEY_FILE, starter_files, starter_names

TEXTS = {name: starter_files(name, "x")[JOURNEY_FILE] for name in starter_names()}
KEYS = ("friction", "momentum", "advocacy", "half_life", "label", "stage", "description")
words = st.text(max_size=30) | st.sampled_from(
    ["0.7", "1", "true", "null", "~", "", "a: b", "a # b", "- a", "'", '"', "}", "a,b", "#", "a\nb", "\x85", "🙂",
     "\x7f", 
     "yes", "=x", "[", "&a", "*a", "!t", "%", "@", "`", "14d", "\\", "é ", " x", "?", "? a", "a:", "----", "--- a"]
)  # fmt: skip


def value_of(text: str) -> Any:
    document, problems = document_of("journey.yaml", text)
    assert document is not None, problems
    assert not problems
    return document.value


def places(text: str) -> st.SearchStrategy[Loc]:
    said = value_of(text)
    signals = st.tuples(st.just("signals"), st.sampled_from(sorted(said["signals"])), st.sampled_from(KEYS))
    stages = st.tuples(
        st.just("stages"), st.integers(0, len(said["stages"]) - 1), st.sampled_from(["label", "lead", "expected", "x"])
    )
    return signals | stages


def at(value: Any, loc: Loc) -> Any:
    for step in loc:
        value = value.get(step) if isinstance(value, dict) else value[step]
    return value


starters_and_places = st.sampled_from(sorted(TEXTS)).flatmap(lambda name: st.tuples(st.just(name), places(TEXTS[name])))


@settings(max_examples=40, deadline=None)
@given(starters_and_places, words)
def test_a_text_is_read_again_as_it_was_given_and_all_else_stays(where: tuple[str, Loc], value: str) -> None:
    name, loc = where
    if any("\ud800" <= one <= "\udfff" for one in value):
        return
    before, made = value_of(TEXTS[name]), changed(TEXTS[name], loc, value, is_text=True)
    after = value_of(made)
    assert at(after, loc) == value
    at(before, loc[:-1])[loc[-1]] = value
    assert before == after
    assert comments(made) == comments(TEXTS[name]) or "#" in value


@settings(max_examples=40, deadline=None)
@given(starters_and_places, st.floats(0, 10).map(lambda x: f"{x:.2f}"))
def test_a_number_is_a_number_and_changed_back_not_a_byte_differs(where: tuple[str, Loc], value: str) -> None:
    name, loc = where
    text = TEXTS[name]
    made = changed(text, loc, value)
    assert at(value_of(made), loc) == float(value)
    assert len(set(made.splitlines()) - set(text.splitlines())) <= 1
    assert changed(made, loc, written_at(text, loc)) == text


@settings(max_examples=40, deadline=None)
@given(starters_and_places)
def test_a_key_is_taken_out_and_nothing_else(where: tuple[str, Loc]) -> None:
    name, loc = where
    before, made = value_of(TEXTS[name]), changed(TEXTS[name], loc, None)
    at(before, loc[:-1]).pop(loc[-1], None)
    assert value_of(made) == before
    assert comments(TEXTS[name]).count("#") - comments(made).count("#") <= 1  # one that stood behind it goes along


@settings(max_examples=40, deadline=None)
@given(starters_and_places, words)
def test_what_is_put_in_and_taken_out_again_leaves_no_trace(where: tuple[str, Loc], value: str) -> None:
    name, loc = where
    text = TEXTS[name]
    if written_at(text, loc) is None and not any("\ud800" <= one <= "\udfff" for one in value):
        assert changed(changed(text, loc, value, is_text=True), loc, None) == text


def written_at(text: str, loc: Loc) -> str | None:
    return written_in(text, loc[:-1]).get(str(loc[-1]))


def comments(text: str) -> str:
    return "\n".join(line[line.index("#") :] for line in text.splitlines() if "#" in line)


@pytest.mark.parametrize(
    ("text", "loc", "value", "made"),
    [
        ("a:\n  b:  1   # why\n", ("a", "b"), "2", "a:\n  b:  2   # why\n"),
        ("a: {b: 1, c: 2}\n", ("a", "b"), None, "a: {c: 2}\n"),
        ("a: {b: 1, c: 2}\n", ("a", "c"), None, "a: {b: 1}\n"),
        ("a: {b: 1}\n", ("a", "b"), None, "a: {}\n"),
        ("a: {}\n", ("a", "b"), "1", "a: {b: 1}\n"),
        ("a: {b: 1,}\n", ("a", "c"), "2", "a: {b: 1, c: 2,}\n"),
        ("a:\nb: 1\n", ("a", "c"), "2", "a: {c: 2}\nb: 1\n"),
        ("a: ~\n", ("a", "c"), "2", "a: {c: 2}\n"),
        ("s:\n  - one\n  - two\n", ("s", 1, "label"), "Two", "s:\n  - one\n  - {name: two, label: Two}\n"),
        ("s:\n- name: one # first\n  x: 1\n", ("s", 0, "y"), "2", "s:\n- name: one # first\n  y: 2\n  x: 1\n"),
        ("s:\r\n  - name: one\r\n", ("s", 0, "y"), "2", "s:\r\n  - name: one\r\n    y: 2\r\n"),
        ("a:\n  b: 1\n  c: 2", ("a", "c"), None, "a:\n  b: 1"),
        ("a:\n  b: {c: 1}\n  d: 2\n", ("a", "e"), "3", "a:\n  b: {c: 1}\n  d: 2\n  e: 3\n"),
        ("a:\n  b: |\n    long\n    text\n  c: 2\n", ("a", "b"), "x", "a:\n  b: x\n  c: 2\n"),
        ('a: {b: "calm"}\n', ("a", "b"), "wild", 'a: {b: "wild"}\n'),
        ("a:\n  b:\n", ("a", "b"), "1", "a:\n  b: 1\n"),
    ],
)  # fmt: skip
def test_every_way_of_writing(text: str, loc: Loc, value: str | None, made: str) -> None:
    assert changed(text, loc, value) == made


@pytest.mark.parametrize(
    "text", ["a: [1, 2]\n", "a: text\n", "a: {b: {c: 1}}\n", "a: {b: [1]}\n", "- 1\n", "", "a: *x\n", "a: {\n"]
)
def test_what_cannot_be_changed_in_place_is_refused(text: str) -> None:
    with pytest.raises(BadValueError):
        changed(text, ("a", "b"), "1")
