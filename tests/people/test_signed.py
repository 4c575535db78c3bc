"""Signed addresses: for one subject, until one moment, by one key."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cxcurve.people.people import People

NOW = 1_790_000_000_000_000
SECOND = 1_000_000


def test_it_holds_until_its_second_and_for_its_subject(tmp_path: Path) -> None:
    with People(tmp_path / "app.db") as people:
        token = people.signed.token("c-1", NOW + 10 * SECOND)
        assert people.signed.holds(token, "c-1", NOW)
        assert people.signed.holds(token, "c-1", NOW + 10 * SECOND - 1)
        assert not people.signed.holds(token, "c-1", NOW + 10 * SECOND)
        assert not people.signed.holds(token, "c-10", NOW)
        assert "c-1" not in token


def test_another_process_reads_it_and_another_workspace_does_not(tmp_path: Path) -> None:
    with People(tmp_path / "app.db") as first, People(tmp_path / "app.db") as second:
        token = first.signed.token("c-1", NOW + SECOND)
        assert second.signed.holds(token, "c-1", NOW)
        second.signed.renew()
        assert not first.signed.holds(token, "c-1", NOW)
    with People(tmp_path / "other.db") as other:
        assert not other.signed.holds(token, "c-1", NOW)


@given(st.text(max_size=30), st.text(max_size=30), st.integers(0, 10**12))
def test_no_two_subjects_share_one(tmp_path: Path, one: str, two: str, seconds: int) -> None:
    with People(tmp_path / "app.db") as people:
        token = people.signed.token(one, NOW + seconds)
        assert people.signed.holds(token, two, NOW - SECOND) == (one == two)
        changed = token[:-1] + ("0" if token[-1] != "0" else "1")
        assert not people.signed.holds(changed, one, NOW - SECOND)
