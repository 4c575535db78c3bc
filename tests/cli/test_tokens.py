"""Keys for programs from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from calling import Run

from cxcurve.workspace import init, open


def test_a_key_is_made_listed_and_withdrawn(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    init(folder, "b2b-saas").close()
    made = json.loads(run("-w", str(folder), "tokens", "create", "--kind", "write", "--source", "web", "--json").out)
    assert (made["kind"], made["source"]) == ("write", "web")
    assert made["key"].startswith("cxw_")
    with open(folder) as workspace:
        found = workspace.live.keys.find(made["key"])
        assert found is not None
        assert found.source == "web"
    listed = run("tokens", "list", "-w", str(folder))
    assert "web" in listed.out
    assert made["key"] not in listed.out
    assert run("tokens", "withdraw", "1", "-w", str(folder)).out == "Key 1 is refused from now on.\n"
    assert json.loads(run("tokens", "list", "--json", "-w", str(folder)).out)[0]["withdrawn_us"] is not None
    with open(folder) as workspace:
        assert workspace.live.keys.find(made["key"]) is None


def test_what_is_no_key(run: Run, tmp_path: Path) -> None:
    init(tmp_path / "w", "b2b-saas").close()
    wrong = run("tokens", "withdraw", "7", "-w", str(tmp_path / "w"))
    assert (wrong.code, wrong.err) == (2, 'key "7" is not known.\n')
    assert run("tokens", "create", "--kind", "admin", "-w", str(tmp_path / "w")).code == 2
    nameless = run("tokens", "create", "--source", "", "-w", str(tmp_path / "w"))
    assert nameless.code == 2
    assert "the source has no name" in nameless.err
