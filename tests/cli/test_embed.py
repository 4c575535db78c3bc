"""Links to briefs from the command line."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from calling import Run

from cxcurve.workspace import init, open
from cxcurve.workspace.instants import now_us

DAY_US = 86_400_000_000


def test_a_link_is_good_for_its_customer_and_days_and_ends_when_renewed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    init(folder, "b2b-saas").close()
    made = run("-w", folder, "embed", "acme & sons/1", "--days", "2", "--at", "https://cx.example.com/", "--json")
    assert made.code == 0
    link = urlsplit(made.json["link"])
    assert (link.netloc, unquote(link.path)) == ("cx.example.com", "/embed/customers/acme & sons/1")
    assert "%2F" in link.path
    token = parse_qs(link.query)["token"][0]
    assert "No site may show it within its pages yet" in made.err
    with open(folder) as workspace:
        signed = workspace.team.signed
        assert signed.holds(token, "acme & sons/1", now_us() + DAY_US)
        assert not signed.holds(token, "acme & sons/1", now_us() + 3 * DAY_US)
        entry = workspace.team.audit.latest(1)[0]
        assert entry.what == "frame link made"
        assert "acme" not in entry.about
    assert run("-w", folder, "embed", "--renew").code == 0
    with open(folder) as workspace:
        assert not workspace.team.signed.holds(token, "acme & sons/1", now_us())


def test_what_is_no_link(run: Run, tmp_path: Path) -> None:
    init(tmp_path / "w", "b2b-saas").close()
    nobody = run("-w", tmp_path / "w", "embed")
    assert nobody.code == 2
    assert "no customer is named" in nobody.err
    assert run("-w", tmp_path / "w", "embed", "acme", "--days", "0").code == 2
