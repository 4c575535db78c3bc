"""Whole entries: what is said changes as asked, all else stays, and taken back not a byte differs."""

from __future__ import annotations

import re

import pytest
import yaml

from cxcurve.errors import BadValueError
from cxcurve.model.documents import document_of
from cxcurve.model.editing import changed
from cxcurve.model.entries import added_signal, added_stage, made_by, moved, references, removed, renamed
from cxcurve.model.starters import JOURNEY_FILE, starter_files, starter_names

TEXTS = {name: starter_files(name, "x")[JOURNEY_FILE] for name in starter_names()}
starters = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
SMALL = "stages: [a, {name: b, label: B}, c]\nsignals: {x: {stage: a}, y: {after: x}}\nexits: y\n"
LINES = """\
# top
stages:
- name: a   # the first
  label: A

# of b
# and more
- b
- name: c
  label: |
    long
    text

signals:
  x:
    stage: a
  # of y
  "y z": {}   # empty
# the end
"""


def said(text: str) -> dict:  # type: ignore[type-arg]
    document, problems = document_of(JOURNEY_FILE, text)
    assert document is not None
    assert not problems
    return document.value  # type: ignore[no-any-return]


@starters
def test_a_stage_moved_and_back_is_where_it_was(text: str) -> None:
    n = len(said(text)["stages"])
    for start in range(n):
        to = (start + 2) % n
        there = moved(text, ("stages", start), to)
        assert said(there)["stages"][to] == said(text)["stages"][start]
        assert moved(there, ("stages", to), start) == text
        assert sorted(there.splitlines()) == sorted(text.splitlines())


@starters
def test_an_entry_taken_out_takes_its_own_lines_alone(text: str) -> None:
    names = list(said(text)["signals"])
    for name in (names[0], names[len(names) // 2], names[-1]):
        made = removed(text, ("signals", name))
        assert list(said(made)["signals"]) == [one for one in names if one != name]
        assert set(re.findall("^ *#.*", text, re.M)) == set(re.findall("^ *#.*", made, re.M))
        assert added_signal(made, name).replace(f"  {name}: {{}}\n", "", 1) == made
    if len(said(text)["stages"]) > 1:
        made = removed(text, ("stages", 0))
        assert said(made)["stages"] == said(text)["stages"][1:]


@starters
def test_a_name_changed_and_back_leaves_no_byte_changed(text: str) -> None:
    name = next(iter(said(text)["signals"]))
    made = renamed(text, ("signals", name), "Order: done", is_key=True)
    assert "Order: done" in said(made)["signals"]
    assert renamed(made, ("signals", "Order: done"), name, is_key=True) == text


@pytest.mark.parametrize("text", [SMALL, LINES, LINES.replace("\n", "\r\n"), LINES.rstrip()], ids=range(4))
def test_every_way_of_writing(text: str) -> None:
    there = moved(text, ("stages", 0), 2)
    assert [one if isinstance(one, str) else one["name"] for one in said(there)["stages"]] == ["b", "c", "a"]
    assert moved(there, ("stages", 2), 0) == text
    assert len(said(removed(text, ("stages", 1)))["stages"]) == 2
    assert said(added_stage(text, "d e"))["stages"][-1] in ("d e", {"name": "d e"})
    assert said(added_signal(text, "no: 1"))["signals"]["no: 1"] == {}
    assert said(renamed(text, ("stages", 1), "bb") if text != SMALL else text)["stages"][1]
    for made in (there, added_stage(text, "d"), added_signal(text, "n")):
        assert re.findall("#.*", made) == re.findall("#.*", text) or text == LINES or "# of b" in made


def test_comments_above_a_stage_go_along() -> None:
    made = moved(LINES, ("stages", 1), 2)
    assert "# of b\n# and more\n- b\n" in made
    assert made.index("- name: c") < made.index("# of b")


def test_a_list_in_lines_with_comments_is_for_a_person() -> None:
    text = "a:\n  - x  # one\n  - y\n"
    with pytest.raises(BadValueError, match="cannot be changed in place"):
        changed(text, ("a",), ["x"])
    lines = "a:\n  - x\n  - y  # two\nb: 1\n"
    assert changed(lines, ("a",), ["z: 1", "x"]) == 'a:\n  - "z: 1"\n  - x  # two\nb: 1\n'
    assert changed("a: 1\n", ("b", "c"), "2") == "a: 1\nb:\n  c: 2\n"


def test_all_that_names_a_signal_or_a_stage_is_found() -> None:
    journey = yaml.safe_load("""
    stages: [{name: a, bridge: {to: b}}, b]
    exits: [x, y]
    signals: {x: {stage: b}, y: {after: x, until: x}, z: {stage: a}}
    states: {stall: {stages: b}, silence: {stages: [a, b]}}
    time_to_value: {from: x, to: y}
    recurring: {starts: x, ends: [y, x]}
    owners: {b: Dana, nps: Ann}
    """)
    assert [str(one) for one in references(journey, "signal", "x")] == [
        "signals, y, after", "signals, y, until", "exits, 0", "time_to_value, from", "recurring, starts",
        "recurring, ends, 1",
    ]  # fmt: skip
    assert [str(one) for one in references(journey, "stage", "b")] == [
        "signals, x, stage", "stages, 0, bridge, to", "states, stall, stages", "states, silence, stages, 1",
        "owners, b",
    ]  # fmt: skip
    sources = {
        "a": {"events": {"x": {}}, "rename": {"raw": "x"}},
        "b": {"event": "x"},
        "c": None,
        "d": {"events": None},
    }
    assert [str(one) for one in made_by(sources, "x")] == ["a, events, x", "a, rename, raw", "b, event"]
