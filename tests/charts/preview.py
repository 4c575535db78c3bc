"""Every page with invented numbers, as files: `python tests/charts/preview.py FOLDER [--shots]`.

With `--shots` headless Chromium photographs them: light, dark and on a phone.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

sys.path.insert(0, str(Path(__file__).parent))

import invented_pages

from cxcurve.charts.format import FILTERS
from cxcurve.web.places import GROUPS
from cxcurve.web.rendering import GLOBALS

SOURCE = Path(__file__).parents[2] / "src" / "cxcurve"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def environment() -> Environment:
    """Templates as strict as can be: an unknown field is an error."""
    made = Environment(
        loader=FileSystemLoader(SOURCE / "web" / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    made.globals.update(GLOBALS, version="0.1.0", asset="/static/{}".format, form_token="token")
    return made


def render(template: str, page: object) -> str:
    return environment().get_template(template).render(page=page, menu=GROUPS)


def write(folder: Path) -> list[Path]:
    """All pages, with the static files beside them; links to those made relative."""
    shutil.copytree(SOURCE / "web" / "static", folder / "static", dirs_exist_ok=True)
    shutil.copytree(SOURCE / "charts" / "static", folder / "static", dirs_exist_ok=True)
    written = []
    for name, (template, page) in invented_pages.pages().items():
        html = render(template, page).replace('"/static/', '"static/')
        for theme in ("light", "dark"):
            path = folder / f"{name}-{theme}.html"
            path.write_text(
                html.replace('<html lang="en">', f'<html lang="en" data-theme="{theme}">'), encoding="utf-8"
            )
            written.append(path)
    return written


def photograph(path: Path, width: int, height: int, target: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        command = [
            "chromium",
            *FLAGS,
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            f"--screenshot={target}",
            path.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path in write(folder):
        print(path, path.stat().st_size)
        if "--shots" in sys.argv:
            photograph(path, 1320, 1700, path.with_suffix(".png"))


if __name__ == "__main__":
    main()
