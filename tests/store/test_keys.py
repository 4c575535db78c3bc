"""Keys: told once, found by what was told, refused once withdrawn."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.store.keys import USED_EVERY_US, Keys


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    with Keys(tmp_path / "app.db") as found:
        yield found


def test_a_key_names_its_kind_and_source(keys: Keys) -> None:
    key = keys.create("write", "web", 5)
    found = keys.find(key)
    assert found is not None
    assert (found.number, found.kind, found.source, found.made_us, found.withdrawn_us) == (1, "write", "web", 5, None)
    assert keys.find(key + "x") is None
    assert keys.find("") is None


def test_no_file_holds_the_key(keys: Keys, tmp_path: Path) -> None:
    key = keys.create("read", "board", 5)
    assert not any(key.encode() in file.read_bytes() for file in tmp_path.iterdir())
    assert len({keys.create("read", "board", 5) for _ in range(50)}) == 50


def test_a_withdrawn_key_is_refused_at_once_here_and_soon_elsewhere(keys: Keys, tmp_path: Path) -> None:
    key = keys.create("write", "web", 5)
    with Keys(tmp_path / "app.db") as elsewhere:
        assert elsewhere.find(key) is not None
        keys.withdraw(1, 9)
        assert keys.find(key) is None
        elsewhere._found.clear()  # what was looked up is believed for a second
        assert elsewhere.find(key) is None
    assert [(one.number, one.withdrawn_us) for one in keys.all()] == [(1, 9)]
    keys.withdraw(1, 11)
    assert keys.all()[0].withdrawn_us == 9, "when it was withdrawn first stays"


def test_when_a_key_was_used_last_is_kept_now_and_then(
    keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, unused = keys.create("write", "web", 5), keys.create("write", "app", 5)
    for at_us in (10**15, 10**15 + USED_EVERY_US, 10**15 + USED_EVERY_US + 1):
        monkeypatch.setattr(time, "time_ns", lambda at_us=at_us: at_us * 1000)
        keys._found.clear()
        keys.find(key)
        keys.find(unused + "x")
    with Keys(tmp_path / "app.db") as elsewhere:
        assert [one.used_us for one in elsewhere.all()] == [10**15 + USED_EVERY_US + 1, None]


def test_a_file_of_before_gets_the_column(tmp_path: Path) -> None:
    Keys(tmp_path / "old.db").close()
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.execute("ALTER TABLE keys DROP COLUMN used_us")
    old.close()
    with Keys(tmp_path / "old.db") as keys:
        assert keys.find(keys.create("write", "web", 5)) is not None
        assert keys.all()[0].used_us is not None


def test_what_cannot_be(keys: Keys) -> None:
    with pytest.raises(BadValueError, match='"admin" is no kind of key; expected write or read'):
        keys.create("admin", "web", 1)  # type: ignore[arg-type]
    with pytest.raises(BadValueError, match="the source has no name"):
        keys.create("write", " ", 1)
    with pytest.raises(UnknownNameError, match='key "7" is not known'):
        keys.withdraw(7, 1)
