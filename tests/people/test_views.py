"""Saved views, as they are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.people.passwords import CHEAP
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.views import LONGEST_NAME, LONGEST_QUERY, MOST


@pytest.fixture(name="people")
def _people(tmp_path: Path) -> Iterator[People]:
    with People(tmp_path / "app.db", CHEAP) as people:
        yield people


def test_what_is_saved_is_read_again_by_name(people: People, tmp_path: Path) -> None:
    later = people.views.save("u1", "stuck", "/customers", "state=stuck", 5)
    first = people.views.save("u1", " All \n of\u202e them ", "/curve", "", 7)
    assert (first.name, first.href, later.href) == ("All of them", "/curve", "/customers?state=stuck")
    with People(tmp_path / "app.db", CHEAP) as other:
        assert other.views.of("u1") == [first, later]
        assert other.views.of("u2") == other.views.of("") == other.views.shared() == []


def test_the_same_name_again_leads_elsewhere_and_is_no_second_one(people: People) -> None:
    before = people.views.save("u1", "Stuck", "/customers", "state=stuck", 5)
    after = people.views.save("u1", "STUCK", "/drift", "", 9)
    assert (after.view_id, after.made_us, after.path) == (before.view_id, 5, "/drift")
    assert people.views.of("u1") == [after]
    assert people.views.save("u2", "Stuck", "/customers", "", 5).view_id != before.view_id


def test_a_shared_name_is_one_views_alone(people: People) -> None:
    people.views.save("u1", "Stuck", "/customers", "", 5, is_shared=True)
    mine = people.views.save("u2", "stuck", "/drift", "", 5)
    with pytest.raises(BadValueError, match="is shared already"):
        people.views.share(mine.view_id, is_shared=True)
    with pytest.raises(BadValueError, match="is shared already"):
        people.views.save("u2", "Stuck", "/drift", "", 5, is_shared=True)
    people.views.rename(mine.view_id, "Drifting")
    assert people.views.share(mine.view_id, is_shared=True).is_shared
    with pytest.raises(BadValueError, match="is shared already"):
        people.views.rename(mine.view_id, "STUCK")
    assert [one.name for one in people.views.shared()] == ["Drifting", "Stuck"]


@pytest.mark.parametrize(
    "name", ["", " \n ", "\u202e\u200b", "x" * (LONGEST_NAME + 1)], ids=["", "blank", "bidi", "long"]
)
def test_a_view_needs_a_name_that_can_be_read(people: People, name: str) -> None:
    with pytest.raises(BadValueError, match="name"):
        people.views.save("u1", name, "/curve", "", 5)
    assert people.views.of("u1") == []


def test_names_of_ones_own_are_told_apart_when_renamed(people: People) -> None:
    people.views.save("u1", "Stuck", "/customers", "", 5)
    other = people.views.save("u1", "Drifting", "/drift", "", 5)
    with pytest.raises(BadValueError, match='is called "stuck" already'):
        people.views.rename(other.view_id, "stuck")
    assert people.views.rename(other.view_id, "DRIFTING").name == "DRIFTING"


def test_what_is_too_much_is_refused(people: People) -> None:
    people.views.save("u1", "long", "/customers", "q" * LONGEST_QUERY, 5)
    with pytest.raises(BadValueError, match="at most 2,000"):
        people.views.save("u1", "longer", "/customers", "q" * (LONGEST_QUERY + 1), 5)
    for number in range(MOST - 1):
        people.views.save("u1", f"view {number}", "/curve", "", 5)
    with pytest.raises(BadValueError, match="at most 200"):
        people.views.save("u1", "one more", "/curve", "", 5)
    people.views.save("u1", "view 3", "/drift", "", 5)  # there is room for what is there
    people.views.save("u2", "one more", "/curve", "", 5)


def test_a_removed_user_takes_private_views_along_and_leaves_shared_ones(people: People) -> None:
    people.users.add("ada@example.com", Role.ADMIN, 1)
    eve = people.users.add("eve@example.com", Role.AGENT, 1)
    private = people.views.save(eve.user_id, "private", "/curve", "", 5)
    shared = people.views.save(eve.user_id, "shared", "/curve", "", 5, is_shared=True)
    people.users.remove(eve.user_id)
    assert people.views.shared() == people.views.of(eve.user_id) == [shared]
    with pytest.raises(UnknownNameError):
        people.views.find(private.view_id)


def test_where_removing_is_refused_views_stay(people: People) -> None:
    ada = people.users.add("ada@example.com", Role.ADMIN, 1)
    people.views.save(ada.user_id, "private", "/curve", "", 5)
    with pytest.raises(BadValueError, match="only admin"):
        people.users.remove(ada.user_id)
    assert len(people.views.of(ada.user_id)) == 1


def test_the_first_user_takes_over_what_was_saved_before(people: People) -> None:
    people.views.save("", "mine", "/curve", "", 5)
    ada = people.users.add("ada@example.com", Role.ADMIN, 1)
    assert [one.name for one in people.views.of(ada.user_id)] == ["mine"]
    people.views.save("", "of nobody", "/curve", "", 5)
    eve = people.users.add("eve@example.com", Role.AGENT, 1)
    assert people.views.of(eve.user_id) == []


def test_a_file_of_people_alone_gains_the_views(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with People(path, CHEAP) as people:
        ada = people.users.add("ada@example.com", Role.ADMIN, 1)
    with sqlite3.connect(path) as old:  # as version 1 left it
        old.execute("DROP TABLE views")
        old.execute("UPDATE facts SET value = '1' WHERE name = 'version'")
    old.close()
    with People(path, CHEAP) as people:
        assert people.users.find(ada.user_id) == ada
        assert people.views.save(ada.user_id, "x", "/curve", "", 5) in people.views.of(ada.user_id)
    with sqlite3.connect(path) as new:
        assert new.execute("SELECT value FROM facts WHERE name = 'version'").fetchone() == ("2",)
    new.close()
