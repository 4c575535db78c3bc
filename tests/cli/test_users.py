"""Users, tokens that read and the audit log from the command line."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from calling import Made, Run

from cxcurve.workspace import init, open


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    init(tmp_path / "w", "b2b-saas").close()
    return tmp_path / "w"


def test_users_are_added_listed_changed_and_removed(run: Run, folder: Path) -> None:
    first = run("users", "add", "Ada@Example.com", "--role", "admin", "--name", "Ada", "--json", "-w", folder).json
    assert (first["email"], first["role"], first["scope"]) == ("ada@example.com", "admin", None)
    assert first["link"].startswith("http://127.0.0.1:8765/set-up/")
    scope = ("--only", "partner_id=p-3", "--only", "region=EMEA")
    added = run("users", "add", "pam@p3.example", "--role", "partner", *scope, "-w", folder)
    assert added.out.startswith("pam@p3.example is partner now.")
    listed = run("users", "list", "--json", "-w", folder).json
    assert [one["scope"] for one in listed] == [None, {"partner_id": ["p-3"], "region": ["EMEA"]}]
    assert "partner_id = p-3; region = EMEA" in run("users", "list", "-w", folder).out
    assert run("users", "role", "pam@p3.example", "agent", "-w", folder).out == (
        "pam@p3.example is agent now, of all customers.\n"
    )
    assert "set-up" in run("users", "reset", "pam@p3.example", "-w", folder).out
    assert run("users", "remove", "pam@p3.example", "-w", folder).code == 0
    assert len(run("users", "list", "--json", "-w", folder).json) == 1


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            ("users", "add", "eve@example.com", "--role", "agent"),
            "The first user must be an admin",
        ),
        (("users", "add", "eve", "--role", "admin"), '"eve" is no e-mail address; expected such as ada@example.com'),
        (("users", "add", "e@x.y", "--role", "boss"), 'role "boss" is not known.'),
        (("users", "add", "e@x.y", "--role", "partner"), "a partner sees the customers of a scope only; say it,"),
        (("users", "add", "e@x.y", "--only", "country=DE"), 'column of a scope "country" is not known.'),
        (("users", "add", "e@x.y", "--only", "region"), 'scope "region" cannot be read; expected such as'),
        (("users", "remove", "nobody@example.com"), 'user "nobody@example.com" is not known.'),
        (("users", "add", "e@x.y", "--role", "admin", "--only", "owner=Ada"), "an admin sees all customers; leave"),
        (("tokens", "create", "--kind", "read", "--role", "partner"), "a partner sees the customers of a scope only"),
    ],
)
def test_what_cannot_be_is_said(run: Run, folder: Path, told: tuple[str, ...], said: str) -> None:
    found = run(*told, "-w", folder)
    assert found.code == 2
    assert found.err.startswith(said)


def test_the_last_admin_stays(run: Run, folder: Path) -> None:
    run("users", "add", "ada@example.com", "--role", "admin", "-w", folder)
    for told in (("users", "remove", "ada@example.com"), ("users", "role", "ada@example.com", "agent")):
        found = run(*told, "-w", folder)
        assert (found.code, found.err[:27]) == (2, "This is the only admin; not")
    assert run("users", "list", "--json", "-w", folder).json[0]["role"] == "admin"


def test_a_token_that_reads_has_a_role_a_scope_and_an_end(run: Run, folder: Path) -> None:
    told = ("--kind", "read", "--source", "board", "--role", "agent", "--only", "region=EMEA", "--days", 7)
    made = run("tokens", "create", *told, "--allow", "read", "--allow", "export", "--json", "-w", folder).json
    assert made["key"].startswith("cxr_")
    with open(folder) as workspace:
        fact = workspace.live.keys.find(made["key"])
    assert fact is not None
    assert fact.grant == {"allows": ["read", "export"], "role": "agent", "scope": {"region": ["EMEA"]}}
    assert fact.until_us == fact.made_us + 7 * 86_400_000_000
    listed = run("tokens", "list", "-w", folder).out
    assert made["key"][:8] in listed
    assert made["key"] not in listed


def test_the_log_tells_what_was_done_and_names_nobody_who_was_erased(run: Run, made: Made) -> None:
    folder = made("at,who,id,what\n2026-06-01,acme-inc,1,signed_up\n2026-06-02,other,2,signed_up\n")
    assert run("load", "-w", folder).code == 0
    assert run("export", "acme-inc", "--json", "-w", folder).code == 0
    assert run("erase", "acme-inc", "--yes", "-w", folder).code == 0
    run("note", "x", "--at", "2026-06-01", "-w", folder)
    found = run("audit", "show", "--json", "-w", folder).json
    assert [one["what"] for one in found] == ["note", "erase", "export"]
    assert {one["who"] for one in found} == {"command line"}
    assert "acme-inc" not in str(found)
    with open(folder) as workspace:
        assert workspace.team.audit.stand_in("acme-inc") in found[1]["about"]


def test_a_log_that_was_changed_is_told(run: Run, folder: Path) -> None:
    for n in range(3):
        run("users", "add", f"u{n}@example.com", "--role", "admin", "-w", folder)
    fine = run("audit", "verify", "-w", folder)
    assert (fine.code, fine.out[:35]) == (0, "3 entries, all as they were written")
    head = fine.out.split()[-1]
    with sqlite3.connect(folder / ".cxcurve" / "app.db") as file:
        file.execute("UPDATE audit SET about = 'nothing' WHERE number = 2")
    file.close()
    wrong = run("audit", "verify", "-w", folder)
    assert (wrong.code, wrong.err) == (1, "The audit log was changed: entry 2 is not as it was written.\n")
    assert run("audit", "verify", "--head", head, "--json", "-w", folder).json["wrong"]
