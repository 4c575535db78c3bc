"""The README's tour works as it is written, and no page names a command that is not there."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from calling import Run

from cxcurve.cli.app import app

REPO = Path(__file__).parents[2]
README = (REPO / "README.md").read_text(encoding="utf-8")
STORY = ("signed_up", "purchased", "first_success", "used", "used", "ticket_opened", "ticket_closed", "used")


def blocks(language: str, text: str = README) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def export() -> str:
    """The README's file, with 40 more customers of 8 events each."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    rows = [
        f"m-{n}-{k},{(start + timedelta(days=n + 4 * k)).isoformat()},customer-{n},{name}\n"
        for n in range(40)
        for k, name in enumerate(STORY)
    ]
    return blocks("csv")[0] + "".join(rows)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module", name="toured")
def _toured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The tour's folder after all its commands but the last, which serves."""
    folder = tmp_path_factory.mktemp("tour")
    (folder / "events.csv").write_text(export(), encoding="utf-8")
    tour = blocks("sh")[1].rstrip().splitlines()
    assert tour[-1] == "cxcurve serve"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(tour[:-1])],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return folder, done


def environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_tour_runs_as_written(toured: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = toured
    assert (done.returncode, done.stderr) == (0, "")
    assert "No problems in the files." in done.stdout
    assert "41 customers scored." in done.stdout
    assert "CX Curve  as of" in done.stdout


def test_the_tour_ends_on_a_page(toured: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, port = toured[0] / "journey", free_port()
    settings = folder / "cxcurve.toml"
    settings.write_text(settings.read_text().replace("8765", str(port)))
    with subprocess.Popen(
        ["cxcurve", "serve"], cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            page = fetched(f"http://127.0.0.1:{port}/")
        finally:
            server.send_signal(signal.SIGINT)
            said, _ = server.communicate(timeout=30)
    assert "<svg" in page
    assert "To call, the most urgent first" in page
    assert f":{port}" in said
    assert "Traceback" not in said


def fetched(url: str) -> str:
    for _ in range(150):
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def test_python_of_the_readme(
    toured: tuple[Path, subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(toured[0])
    names: dict[str, object] = {}
    exec(blocks("python")[0], names)
    assert len(names["curve"].points) > 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("document", ["README.md", "docs/start.md", "CHANGES.md"])
def test_every_command_that_is_named_is_there(run: Run, document: str) -> None:
    text = (REPO / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^ *)cxcurve ([a-z]+)\b", text, re.MULTILINE))
    assert named
    for command in named:
        assert run(command, "--help").code == 0, command
    options = set(re.findall(r"(--[a-z][a-z-]+)", text)) - {"--starter"}
    commands = [one.name for one in (*app.registered_commands, *app.registered_groups) if one.name]
    known = "".join(run(command, "--help").out for command in commands)
    assert {option for option in options if option not in known} == set()


def test_the_yaml_of_the_tour_is_read_without_a_problem(tmp_path: Path) -> None:
    from cxcurve.model import read_sources

    sources = [text for text in blocks("yaml", (REPO / "docs/start.md").read_text()) if "files:" in text]
    (tmp_path / "sources.yaml").write_text("\n".join(sources))
    found, problems = read_sources(tmp_path / "sources.yaml")
    assert problems == []
    assert set(found or {}) == {"usage", "tickets"}


def test_the_picture_is_there_and_stands_alone() -> None:
    name = re.search(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert name is not None
    text = (REPO / name[1]).read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "color-scheme: light dark" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
