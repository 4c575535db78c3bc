"""Users and their scopes, as they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cxcurve.errors import BadValueError, UnknownNameError, WorkspaceError
from cxcurve.people.passwords import CHEAP, Hashing, Passwords
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.scope import NOBODY, Scope
from cxcurve.people.users import sees


@pytest.fixture(name="people")
def _people(tmp_path: Path) -> Iterator[People]:
    with People(tmp_path / "app.db", CHEAP) as people:
        people.users.add("ada@example.com", Role.ADMIN, 1)
        yield people


ROW = {"partner_id": "p-3", "region": "EMEA", "owner": None}


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        (["partner_id=p-3"], True),
        (["partner_id=p-4"], False),
        (["partner_id=p-4", "partner_id=p-3"], True),
        (["partner_id=p-3", "region=APAC"], False),
        (["owner=Ada"], False),
        (["region = EMEA "], True),
    ],
)
def test_a_scope_holds_customers(told: list[str], holds: bool) -> None:
    scope = Scope.read(told)
    assert scope is not None
    assert scope.holds(ROW) == holds
    assert Scope.from_json(scope.to_json()) == scope


def test_nothing_said_is_all_and_a_scope_without_rules_is_nobody() -> None:
    assert Scope.read([]) is None
    assert not NOBODY.holds(ROW)
    assert sees(Role.AGENT, None) is None
    assert sees(Role.PARTNER, None) == NOBODY
    assert sees(Role.ADMIN, NOBODY) is None


def test_what_is_kept_is_read_again(people: People, tmp_path: Path) -> None:
    scope = Scope.read(["region=EMEA"])
    made = people.users.add(" Eve@Example.com ", Role.AGENT, 7, name=" Eve  of\nEden ", scope=scope)
    with People(tmp_path / "app.db", CHEAP) as other:
        assert other.users.by_email("EVE@example.com") == made
    assert (made.email, made.name, made.scope) == ("eve@example.com", "Eve of Eden", scope)
    assert people.users.change(made.user_id, scope=None).scope is None
    with pytest.raises(BadValueError, match=r"eve@example.com is a user already"):
        people.users.add("EVE@example.com", Role.AGENT, 7)
    people.users.remove(made.user_id)
    with pytest.raises(UnknownNameError, match="is not known"):
        people.users.find(made.user_id)


def test_a_file_of_a_newer_version_is_left_alone(people: People, tmp_path: Path) -> None:
    with people._database.writing() as connection:
        connection.exec_driver_sql("UPDATE facts SET value = '99' WHERE name = 'version'")
    with pytest.raises(WorkspaceError, match="was made by a newer cxcurve; expected version 2, found 99"):
        People(tmp_path / "app.db", CHEAP)


def test_the_file_is_for_its_owner_alone(people: People, tmp_path: Path) -> None:
    assert (tmp_path / "app.db").stat().st_mode & 0o077 == 0


def test_passwords_are_argon2id_as_the_rfc_says_and_made_anew_when_they_cost_more() -> None:
    """RFC 9106, 4: the second recommended option is t=3, m=64 MiB, p=4."""
    kept = Passwords(Hashing()).hash("four words of hers")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    cheap = Passwords(CHEAP)
    old = cheap.hash("four words of hers")
    assert Passwords(Hashing()).is_outdated(old)
    assert not cheap.is_outdated(old)
    assert cheap.fits(old, "four words of hers")
    assert not cheap.fits(old, "four words of his")
    assert not cheap.fits("no hash", "x")


def test_letters_composed_otherwise_are_the_same_password() -> None:
    cheap = Passwords(CHEAP)
    assert cheap.fits(cheap.hash("Sørensen und Müller"), "Sørensen und Mu\u0308ller")
