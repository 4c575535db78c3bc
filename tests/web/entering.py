"""A company with sign-in set up, and browsers of its users."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from cxcurve.people.passwords import CHEAP
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.scope import Scope
from cxcurve.web.app import create_app
from cxcurve.web.connections import server
from cxcurve.web.port import address, listening
from cxcurve.workspace import Workspace
from cxcurve.workspace.folder import DATA_FOLDER
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.live import KEYS_FILE

PASSWORD = "four words of hers"


def people_of(workspace: Workspace) -> People:
    """The people of a workspace, with hashes that cost nothing."""
    return People(workspace.folder / DATA_FOLDER / KEYS_FILE, CHEAP)


def joined(people: People, role: Role, *scope: str, email: str = "") -> str:
    """A user with the password; their address."""
    email = email or f"{role}{len(people.users.all())}@example.com"
    kept = people.passwords.hash(PASSWORD)
    people.users.add(email, role, now_us(), scope=Scope.read(scope), password=kept)
    return email


@contextmanager
def guarded(workspace: Workspace, people: People, host: str | None = None) -> Iterator[str]:
    """The address of a workspace's pages, on a free port."""
    with listening("127.0.0.1", 0) as listener:
        serving = server(create_app(workspace, people=people, host=host), log_level="error")
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield address("127.0.0.1", listener.getsockname()[1])
        finally:
            serving.should_exit = True
            thread.join(10)


def token_in(page: httpx.Response) -> str:
    """What a form of the page must bring."""
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found, page.text[:500]
    return found[1]


def sent(browser: httpx.Client, page: str, action: str, **fields: str) -> httpx.Response:
    """A form of a page, sent as a browser does."""
    return browser.post(action, data={**fields, "form_token": token_in(browser.get(page))})


@contextmanager
def browser_of(url: str, email: str, password: str = PASSWORD) -> Iterator[httpx.Client]:
    """A browser that somebody signed in with."""
    with httpx.Client(base_url=url, timeout=60) as browser:
        answer = sent(browser, "/sign-in", "/sign-in", email=email, password=password)
        assert answer.status_code == 303, answer.text
        yield browser
