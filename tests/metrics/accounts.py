"""Three accounts by hand, sixty weeks each, among a simulated company: what the curve should say is known.

Run `python tests/metrics/accounts.py` to print their weeks, and with `--write` to write the snapshot
`accounts.json` anew after a change that is meant.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from worlds import DAY_US, WEEK_US, Event, seats_table, table, us

from cxcurve import tables
from cxcurve.sources.simulated import simulate, write
from cxcurve.workspace.workspace import Workspace, init

SNAPSHOT = Path(__file__).with_name("accounts.json")
WEEKS = 60
END = date(2026, 6, 29)
START_US = us(END.isoformat()) - WEEKS * WEEK_US
HEALTHY, DRIFTER, STORMY = "healthy", "silent-drifter", "stormy-start"
SEATS = 40.0

Move = tuple[float, str, float | None]
"""When (weeks since the start), what, and with which value."""


def healthy() -> Iterator[Move]:
    """Buys in week 4, has value in week 6, uses the product steadily, renews."""
    yield from buying()
    yield from onboarding(4.4)
    yield from steady_use(6, WEEKS, per_week=6)
    yield from quarterly(8, WEEKS, nps=9)
    for week in (15.3, 33.2, 48.4):
        yield from ticket(week, days=1.5)
    yield 20.2, "seats_added", None
    yield 41.1, "team_activated", None
    yield 56.1, "subscription_renewed", None


def silent_drifter() -> Iterator[Move]:
    """Starts like the healthy one; from week 24 on use fades, nobody complains, in week 58 it is gone."""
    yield from buying()
    yield from onboarding(4.4)
    yield from steady_use(6, 24, per_week=6)
    yield from quarterly(8, 24, nps=8)
    yield from ticket(12.3, days=1.5)
    for week, uses in zip(
        range(24, 46), (5, 5, 4, 4, 4, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0, 1, 0, 0, 1), strict=True
    ):
        yield from steady_use(week, week + 1, per_week=uses)
    yield 33.4, "meeting_missed", None
    yield 38.2, "champion_left", None
    yield 46.5, "meeting_missed", None
    yield 58.2, "subscription_cancelled", None


def stormy_start() -> Iterator[Move]:
    """Everything goes wrong after the purchase; from week 11 on it is mended, and the account becomes an advocate."""
    yield from buying()
    for number in range(4):
        yield 5.2 + number, "onboarding_step_overdue", None
        yield 5.4 + number, "integration_failed", None
        yield 5.6 + number, "outage_hit", None
        yield 6.1 + number, "ticket_reopened", None
        yield 6.3 + number, "conversation_scored", 1.0
        yield 6.5 + number, "task_failed", None
    for week in (6.2, 7.3, 8.4):
        yield from ticket(week, days=12, name="urgent_ticket_opened")
    yield 8.5, "nps_answered", 2.0
    yield 9.0, "invoice_disputed", None
    for week in (10.4, 10.9, 11.3):  # four integrations had failed; each of them has to be connected
        yield week, "integration_connected", None
    yield from onboarding(11.4)
    yield from steady_use(13, WEEKS, per_week=8)
    yield from quarterly(18, WEEKS, nps=10)
    for number, week in enumerate(range(16, WEEKS, 5)):
        yield week + 0.2, "feature_adopted", None
        yield week + 0.4, ("training_completed", "team_activated", "seats_added")[number % 3], None
    yield 30.2, "review_posted", 5.0
    for week in (36.2, 43.4, 50.3, 56.2):
        yield week, "referral_made", None
    for week in (40.2, 47.3, 54.4):
        yield week, "community_answer_posted", None
    yield 45.1, "story_told", None
    yield 56.1, "subscription_renewed", None


def buying() -> Iterator[Move]:
    """From the first visit to the purchase, four weeks."""
    yield 0.1, "problem_content_viewed", None
    yield 0.6, "content_downloaded", None
    yield 1.2, "pricing_viewed", None
    yield 1.6, "demo_held", None
    yield 2.2, "trial_started", None
    yield 3.1, "proposal_sent", None
    yield 4.1, "subscription_started", None


def onboarding(week: float) -> Iterator[Move]:
    """Kick-off, steps, integration, and first value a week and a half later."""
    yield week, "kickoff_held", None
    for number in range(4):
        yield week + 0.2 * (number + 1), "onboarding_step_completed", None
    yield week + 0.9, "integration_connected", None
    yield week + 1.5, "first_value_reached", None


def steady_use(start: int, end: int, *, per_week: int) -> Iterator[Move]:
    """Core use on working days."""
    for week in range(start, end):
        for number in range(per_week):
            yield week + (number % 5 + 0.4 + 0.02 * number) / 7, "core_feature_used", None


def quarterly(start: int, end: int, *, nps: float) -> Iterator[Move]:
    """A review of the business, an answer and a new feature every thirteen weeks."""
    for week in range(start, end, 13):
        yield week + 0.3, "business_review_held", None
        yield week + 1.3, "nps_answered", nps
        yield week + 2.2, "feature_adopted", None


def ticket(week: float, *, days: float, name: str = "ticket_opened") -> Iterator[Move]:
    """A ticket and its end."""
    yield week, name, None
    yield week + days / 7, "ticket_closed", None


ACCOUNTS = {HEALTHY: healthy, DRIFTER: silent_drifter, STORMY: stormy_start}


def events() -> list[Event]:
    """All events of the three accounts, by a feed that the company's other customers keep alive."""
    return [
        Event(
            f"{name}-{number}",
            name,
            what,
            START_US + round(week * WEEK_US) // 1_000_000 * 1_000_000,
            "p1",
            value=value,
            source="product",
        )
        for name, moves in ACCOUNTS.items()
        for number, (week, what, value) in enumerate(moves())
    ]


def company(folder: Path) -> Workspace:
    """The three among two hundred simulated customers, loaded and scored."""
    workspace = init(folder, "b2b-saas")
    write(simulate(customers=200, weeks=WEEKS, seed=11, end=END), folder)
    workspace.load()
    workspace.store.upsert(tables.CUSTOMERS, seats_table(dict.fromkeys(ACCOUNTS, SEATS)))
    workspace.store.append(table(events()))
    workspace.score()
    return workspace


def weeks(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """Weekly values of one account: week of its own (1 ends after seven days), JFI, Momentum, level."""
    names = ("friction_index", "momentum_index", "level")
    rows: Sequence[Any] = workspace.customer(name).to_json()["weeks"]
    first = START_US // DAY_US
    return [
        {
            "week": (date.fromisoformat(row["week_end"]) - date(1970, 1, 1)).days // 7 - first // 7,
            **{n: row[n] for n in names},
        }
        for row in rows
    ]


def main() -> None:
    """Print the weeks, or write the snapshot."""
    with TemporaryDirectory() as folder, company(Path(folder) / "company") as workspace:
        found = {name: weeks(workspace, name) for name in ACCOUNTS}
    if "--write" in sys.argv:
        SNAPSHOT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, rows in found.items():
        print(name)
        for row in rows:
            print(f"  {row['week']:3} {row['friction_index']:6.1f} {row['momentum_index']:6.1f} {row['level']:7.1f}")


if __name__ == "__main__":
    main()
