"""YAML files: values as in YAML 1.2, a line for everything, clear words for what is no YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.model.documents import read_document


@pytest.fixture
def read(tmp_path):
    def reading(data: str | bytes):
        path = tmp_path / "journey.yaml"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_document(path)

    return reading


def test_only_true_and_false_are_booleans(read):
    document, problems = read(
        "on: yes\nno: NO\ncountry: [no, off, y]\nreal: [true, False]\nat: 12:30\nday: 2026-05-03\n"
    )
    assert not problems
    assert document.value == {
        "on": "yes", "no": "NO", "country": ["no", "off", "y"], "real": [True, False], "at": "12:30",
        "day": "2026-05-03",
    }  # fmt: skip


def test_numbers_and_nothing(read):
    document, _ = read("a: 1\nb: -2.5\nc: 1e3\nd: 1_000\ne: ~\nf:\ng: 0x1f\nh: .5\n404: x\ni: " + "9" * 5000)
    assert document.value | {"i": ""} == {
        "a": 1, "b": -2.5, "c": 1000.0, "d": "1_000", "e": None, "f": None, "g": "0x1f", "h": 0.5, "404": "x", "i": "",
    }  # fmt: skip


def test_every_key_and_entry_has_its_line(read):
    document, _ = read("# a comment\na:\n  b: 1\n  c:\n    - x\n    - y: 2\n")
    assert document.line(("a",)) == 2
    assert document.line(("a", "c", 1)) == 6
    assert document.line(("a", "c", 1, "y")) == 6
    assert document.line(("a", "missing")) == 2


def test_every_key_that_comes_twice_is_told(read):
    document, problems = read("a: 1\nb: {c: 1, c: 2}\na: 2\n")
    assert document.value == {"a": 1, "b": {"c": 1}}
    assert [str(problem) for problem in problems] == [
        'journey.yaml:2: key "c" comes twice; the first is in line 2',
        'journey.yaml:3: key "a" comes twice; the first is in line 1',
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a:\n\tb: 1\n", "journey.yaml:2: a tab indents this line; YAML wants spaces"),
        ("a: [1, 2\nb: 3\n", "journey.yaml:2: this is no YAML: "),
        ("a: &x 1\nb: *x\n", "journey.yaml:2: this is no YAML: aliases (*name) are not used here; write it out"),
        (b"a: 1\nb: \xff\xfe\n", "journey.yaml:2: this line is not UTF-8 text; save the file as UTF-8 in your editor"),
        ("a: \x00", "journey.yaml:1: this is no YAML: "),
        ("[" * 5000, "journey.yaml:1: lists or mappings are nested too deeply to read"),
        ("a: 1\n---\nb: 2\n", "journey.yaml:2: this is no YAML: "),
    ],
)
def test_what_is_no_yaml(read, data, message):
    document, problems = read(data)
    assert document is None
    assert [str(problem)[: len(message)] for problem in problems] == [message]


def test_a_key_that_is_a_list(read):
    _, problems = read("? [a, b]\n: 1\n")
    assert [str(problem) for problem in problems] == ["journey.yaml:1: a key must be plain text"]


def test_a_byte_order_mark_is_no_matter(read):
    assert read(b"\xef\xbb\xbfa: 1")[0].value == {"a": 1}


def test_a_folder_and_a_missing_file(tmp_path):
    assert str(read_document(tmp_path)[1][0]).endswith("this is a folder; a file was expected")
    missing = read_document(tmp_path / "journey.yaml")[1]
    assert [str(problem) for problem in missing] == [
        "journey.yaml: there is no such file; `cxcurve init` writes one to start from"
    ]


@given(data=st.binary(max_size=60) | st.text("ab:-[]{}#&*!|>'\"%@`,? \n\t0.~", max_size=40).map(str.encode))
def test_any_file_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "journey.yaml"
    path.write_bytes(data)
    document, problems = read_document(path)
    assert (document is not None) or problems
