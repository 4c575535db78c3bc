"""Several shuffled copies of the same messages give the tables of one (`bench/replay.py` does it with 200,000)."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from worlds import tables_of

from cxcurve.store.inbox import Request
from cxcurve.workspace import init

EVENTS = ("subscription_started", "first_value_reached", "core_feature_used", "ticket_opened", "ticket_closed")
N = 300


def message(number: int) -> dict[str, Any]:
    """Events of visitors, persons and accounts, and who is who."""
    who = number % 13
    at = f"2026-{4 + number * 7 % 6:02d}-{1 + number * 11 % 28:02d}T07:{number % 60:02d}:00Z"
    said = {"messageId": f"m{number}", "timestamp": at}
    if number % 19 == 0:
        return {**said, "type": "identify", "userId": f"p{who}", "anonymousId": f"v{who}", "traits": {"n": number}}
    if number % 23 == 0:
        return {**said, "type": "group", "userId": f"p{who}", "groupId": f"a{who % 4}"}
    said |= {"type": "track", "event": EVENTS[number % 5]} | ({"anonymousId": f"v{who}"} if number % 3 else {})
    return {**said, "userId": f"p{who}"} if number % 3 == 0 else said


def test_shuffled_copies_give_the_same_tables(tmp_path: Path) -> None:
    rng, found = random.Random(3), []
    for times in (1, 3):
        with init(tmp_path / str(times), "b2b-saas") as workspace:
            chosen = [message(number) for number in range(N)] * times
            if times > 1:
                rng.shuffle(chosen)
            while chosen:
                n, at = rng.randint(1, 60), 1_793_520_000_000_000 - len(chosen)
                body = json.dumps({"batch": chosen[:n]}).encode()
                workspace.live.inbox.put([Request("web", "segment/batch", at, len(chosen[:n]), body)]).result()
                chosen = chosen[n:]
            while workspace.move():
                pass
            workspace.score()
            found.append(tables_of(workspace))
    for name, rows in found[0].items():
        assert [tuple(map(plain, row)) for row in found[1][name]] == [tuple(map(plain, row)) for row in rows], name


def plain(value: Any) -> Any:
    """As it is; a float with nine digits."""
    return f"{value:.9g}" if isinstance(value, float) else value
