"""A file for each owner: whole, with names any file system takes, and nothing in it that a spreadsheet runs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.sources.writing.owners import NOBODY, file_name, harmless, write_owners

NAMES = ["customer_id", "level"]


def written(folder: Path, *rows: tuple[str | None, str, int], earlier: tuple[str, ...] = ()):
    return write_owners(folder, [(who, {"customer_id": one, "level": n}) for who, one, n in rows], NAMES, earlier)


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_each_owner_has_a_file_and_nobody_has_one(tmp_path):
    files, n = written(tmp_path / "out", ("ada@acme.example", "a", 1), (None, "b", -2), ("ada@acme.example", "c", 3))
    assert (files, n) == (["ada@acme.example.csv", NOBODY], 2)
    assert read(tmp_path / "out" / "ada@acme.example.csv") == [NAMES, ["a", "1"], ["c", "3"]]
    assert read(tmp_path / "out" / NOBODY) == [NAMES, ["b", "-2"]]


def test_what_would_not_change_is_left_alone(tmp_path):
    written(tmp_path, ("ada", "a", 1), ("bob", "b", 1))
    before = (tmp_path / "ada.csv").stat()
    assert written(tmp_path, ("ada", "a", 1), ("bob", "b", 2))[1] == 1
    after = (tmp_path / "ada.csv").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_owner_without_customers_any_more_keeps_the_first_line_only(tmp_path):
    files, _ = written(tmp_path, ("ada", "a", 1), ("bob", "b", 1))
    assert written(tmp_path, ("bob", "a", 1), ("bob", "b", 1), earlier=tuple(files)) == (files, 2)
    assert read(tmp_path / "ada.csv") == [NAMES]


def test_a_file_is_there_whole_or_as_it_was(tmp_path, monkeypatch):
    written(tmp_path, ("ada", "a", 1))

    def full(self, data):
        with self.open("wb") as file:
            file.write(data[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        written(tmp_path, ("ada", "a", 2))
    assert read(tmp_path / "ada.csv") == [NAMES, ["a", "1"]]


@pytest.mark.parametrize(
    "owner",
    ["../../etc/passwd", "a/b", "a\\b", "Ada", "ADA", "con", "con.x", "no-owner", "ø", "日本", ".", "a\0b", "x" * 500],
)
def test_odd_names_stay_in_the_folder(tmp_path, owner):
    files, _ = written(tmp_path, (owner, "a", 1))
    assert [path.name for path in tmp_path.iterdir()] == files
    assert files != [NOBODY]


texts = st.text(max_size=12) | st.text("aA.-@_é/ ", max_size=6)


@given(texts, texts)
def test_two_owners_never_share_a_file(one, other):
    if one.strip() and other.strip() and one != other:
        assert file_name(one).lower() != file_name(other).lower()


def test_nobody_is_named_as_anothers_hash():
    assert file_name(file_name("Ada").removesuffix(".csv")) != file_name("Ada")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", " =1", '=HYPERLINK("http://x")'])
def test_formulas_are_made_harmless(tmp_path, text):
    write_owners(tmp_path, [("ada", {"customer_id": text, "level": -7})], NAMES, ())
    shown = text.replace("\t", " ").replace("\r\n", " ")
    assert read(tmp_path / "ada.csv") == [NAMES, [f"'{shown}", "-7"]]


def test_other_texts_are_as_they_are():
    assert [harmless(one) for one in ("a=b", "A\nB", "", None, -3)] == ["a=b", "A B", "", None, -3]
