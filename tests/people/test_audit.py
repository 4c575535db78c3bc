"""The audit log, tampered with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxcurve.people.audit import Entry
from cxcurve.people.passwords import CHEAP
from cxcurve.people.people import People


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


@pytest.fixture(name="people")
def _people(path: Path) -> Iterator[People]:
    with People(path, CHEAP) as people:
        for n in range(5):
            people.audit.add(1_000 + n, "ada@example.com", "note", f"about {n}", "127.0.0.1")
        yield people


def tampered(path: Path, *told: str) -> None:
    file = sqlite3.connect(path)
    for one in told:
        file.execute(one)
    file.commit()
    file.close()


def test_an_untouched_log_is_as_it_was_written(people: People) -> None:
    found = people.audit.verify()
    assert (found.n, found.wrong) == (5, None)
    assert people.audit.verify(people.audit.all()[2].mark).wrong is None


@pytest.mark.parametrize("column", ["at_us", "who", "what", "about", "address", "before", "mark"])
def test_a_change_of_any_column_is_seen(people: People, path: Path, column: str) -> None:
    tampered(path, f"UPDATE audit SET {column} = '7' WHERE number = 3")
    assert people.audit.verify().wrong == "entry 3 is not as it was written"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (("DELETE FROM audit WHERE number = 3",), "entry 3 is missing; the next is 4"),
        (("DELETE FROM audit WHERE number = 1",), "entry 1 is missing; the next is 2"),
        (("DELETE FROM audit WHERE number = 5",), "the log ends at entry 4, and 5 were written"),
        (("DELETE FROM audit",), "the log ends at entry 0, and 5 were written"),
        (
            ("DELETE FROM audit WHERE number = 3", "UPDATE audit SET number = number - 1 WHERE number > 3"),
            "entry 3 is not as it was written",
        ),
    ],
)
def test_what_was_taken_out_is_missed(people: People, path: Path, told: tuple[str, ...], said: str) -> None:
    tampered(path, *told)
    assert people.audit.verify().wrong == said


def test_a_log_written_anew_is_told_by_a_mark_noted_elsewhere(people: People, path: Path) -> None:
    head = people.audit.verify().head
    before, rows = "0" * 64, []
    for entry in people.audit.all():
        about = "nothing" if entry.number == 3 else entry.about
        bare = Entry(entry.number, entry.at_us, entry.who, entry.what, about, entry.address, before)
        before = bare.sealed()
        rows.append((about, bare.before, before, entry.number))
    file = sqlite3.connect(path)
    file.executemany("UPDATE audit SET about = ?, before = ?, mark = ? WHERE number = ?", rows)
    file.execute("UPDATE facts SET value = ? WHERE name = 'audit_head'", (f"5 {before}",))
    file.commit()
    file.close()
    assert people.audit.verify().wrong is None
    assert str(people.audit.verify(head).wrong).startswith("no entry has the mark")


def test_two_who_write_at_once_keep_one_chain(people: People, path: Path) -> None:
    with People(path, CHEAP) as other:
        for n in range(4):
            (people if n % 2 else other).audit.add(n, "x", "y")
        assert other.audit.verify().n == 9
        assert other.audit.verify().wrong is None
