"""What can happen at the simulated company: one line for each event name of the B2B starter.

Columns: name, source, channel, who does it | expert friction, expert momentum (doublings per log2(1 + n)), half-life
in days | events per week in each stage, for an average customer | mood (natural log of the rate per unit of
satisfaction), pace (`use`: with the customer's activity and seats; `seats`: with the seats; `-`: neither) | flags.
Flags: `seats` the count is divided by the seats, `complaint`, `company` not customer-made, `latest` a newer answer of a
person replaces the older, `reactive` and `proactive` the mindset it comes from.
For the valence kinds (scores) the two weights are those of the negative and of the positive part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STAGES = ("obstacle", "research", "benchmark", "invest", "transform", "share")
EXPECTED_DAYS = (30.0, 30.0, 45.0, 21.0, 180.0, 365.0)
STATES = {"stall": 0.8, "decline": 2.2, "silence": 1.0, "open_issues": 0.25}
OPEN_ISSUE_DAYS = 3


@dataclass(frozen=True, slots=True)
class Kind:
    """One event name: its weights, how often it comes in each stage, and what drives that."""

    name: str
    source: str
    channel: str
    who: str
    friction: float
    momentum: float
    half_life_days: float
    per_week: tuple[float, ...]
    mood: float
    pace: str
    flags: frozenset[str]


def _kind(line: str) -> Kind:
    identity, weights, rates, drive, flags = (part.split() for part in line.split("|"))
    name, source, channel, who = identity
    friction, momentum, half_life = map(float, weights)
    mood, pace = drive
    drives = (tuple(map(float, rates)), float(mood), pace, frozenset(flags))
    return Kind(name, source, channel, who, friction, momentum, half_life, *drives)


_TABLE = """
problem_content_viewed web web any          |  0   .15 14 | .35 .15 .03 .02 .005 .003 | -.2 - | reactive
growth_content_viewed web web any           |  0   .15 14 | .25 .20 .06 .02 .015 .02  |  .2 - | proactive
content_downloaded web web any              |  0   .25 21 | 0   .30 .10 .02 .01  .01  |  0  - |
webinar_attended web web any                |  0   .40 21 | 0   .12 .06 .02 .012 .02  |  .1 - |
pricing_viewed web web any                  |  0   .25 14 | 0   .30 .25 .03 .01  .005 |  0  - |
implementation_pages_viewed web web it      | .15  0   14 | 0   .15 .15 .15 .01  0    | -.3 - | reactive
api_docs_viewed web web it                  |  0   .20 21 | 0   .10 .15 .25 .05  .05  |  .2 - | proactive
demo_held crm video champion                |  0   .70 21 | 0   0   .20 0   .004 .004 |  0  - |
roi_calculator_used web web buyer           |  0   .40 21 | 0   0   .12 0   0    0    |  0  - |
security_review_started crm mail it         |  0   .50 28 | 0   0   .08 0   0    0    |  0  - |
proposal_sent crm mail nobody               |  0   .50 21 | 0   0   .14 0   0    0    |  0  - | company
contract_redlined crm mail legal            | .40  0   14 | 0   0   .09 .02 .002 0    | -.2 - |
meeting_missed crm video nobody             | .40  0   21 | 0   .01 .05 .07 .010 .004 | -.3 - | company
champion_left crm mail nobody               | 1.20 0   60 | 0   0   .002 .002 .0025 .002 | 0 - | company
business_review_held crm video champion     |  0   .50 45 | 0   0   0   0   .045 .05  |  .2 - |
trial_started product app champion          |  0   .60 14 | 0   0   .12 0   0    0    |  0  - |
subscription_started billing system buyer   |  0   .70 21 | 0   0   0   0   0    0    |  0  - |
kickoff_held crm video champion             |  0   .50 14 | 0   0   0   .25 0    0    |  0  - |
onboarding_step_completed product app user  |  0   .35 14 | 0   0   0   .90 .01  0    |  .2 - |
onboarding_step_overdue product app nobody  | .50  0   10 | 0   0   0   .20 0    0    | -.3 - | company
integration_connected product app it        |  0   .50 21 | 0   0   0   .28 .012 .01  |  .1 - |
integration_failed product app nobody       | .45  0   10 | 0   0   0   .10 .012 .01  | -.4 - | company
outreach_before_login crm mail nobody       | .15  0   7  | 0   0   0   .25 0    0    |  0  - | company
first_value_reached product app user        |  0   1.0 28 | 0   0   0   0   0    0    |  0  - |
core_feature_used product app user          |  0   .30 14 | 0   0   .25 1.2 3.2  3.7  |  .1 use | seats
feature_adopted product app user            |  0   .45 45 | 0   0   0   .03 .06  .07  |  .3 - |
training_completed product app user         |  0   .35 28 | 0   0   0   .10 .02  .02  |  .1 - |
team_activated product app champion         |  0   .60 60 | 0   0   0   0   0    0    |  0  - |
task_failed product app user                | .12  0   7  | 0   0   .03 .18 .12  .10  | -.5 seats | seats
outage_hit product system nobody            | .45  0   14 | 0   0   0   .003 .003 .003 | 0  - | company
ticket_opened support mail user             | .30  0   14 | 0   0   .02 .12 .055 .045 | -.5 seats | seats complaint
urgent_ticket_opened support phone user     | .60  0   14 | 0   0   0   .02 .010 .007 | -.7 - | complaint
ticket_reopened support mail user           | .60  0   21 | 0   0   0   0   0    0    |  0  - | complaint
conversation_handed_over support chat nobody | .20 0   10 | 0   0   0   0   0    0    |  0  - | company
self_service_failed support help user       | .20  0   7  | 0   0   .01 .03 .010 .008 | -.3 - |
conversation_scored support mail nobody     | .45  .25 21 | 0   0   0   0   0    0    |  0  - | company
nps_answered survey mail any                | .90  .60 60 | 0   0   0   .01 .022 .03  |  0  - | latest
ces_answered survey mail any                | .60  .25 28 | 0   0   0   .02 .002 .002 |  0  - | latest
review_posted community web champion        | 1.00 .50 60 | 0   0   0   0   .001 0    | -1. - | complaint
invoice_disputed billing mail buyer         | .90  0   28 | 0   0   0   .004 .003 .002 | -.6 - | complaint
payment_failed billing system nobody        | .50  0   21 | 0   0   0   .004 .007 .005 | -.1 - | company
seats_added billing system buyer            |  0   .70 60 | 0   0   0   0   0    0    |  0  - |
ticket_closed support mail nobody           |  0   0   14 | 0   0   0   0   0    0    |  0  - | company
deal_lost crm mail buyer                    |  0   0   14 | 0   0   0   0   0    0    |  0  - |
subscription_cancelled billing mail buyer   |  0   0   14 | 0   0   0   0   0    0    |  0  - |
seats_removed billing system buyer          | 1.00 0   60 | 0   0   0   0   .004 .003 | -.8 - |
subscription_renewed billing system buyer   |  0   .80 60 | 0   0   0   0   0    0    |  0  - |
cancellation_asked billing mail buyer       | 2.50 0   60 | 0   0   0   .002 .0015 .001 | -1. - | complaint
community_answer_posted community web user  |  0   .25 45 | 0   0   0   0   0    0    |  0  - |
referral_made crm mail champion             |  0   .60 90 | 0   0   0   0   0    0    |  0  - |
story_told community video champion         |  0   .60 120 | 0  0   0   0   0    0    |  0  - |
"""

KINDS = tuple(_kind(line) for line in _TABLE.strip().splitlines())
INDEX = {kind.name: position for position, kind in enumerate(KINDS)}
UNTIL = {
    "onboarding_step_overdue": "onboarding_step_completed",
    "integration_failed": "integration_connected",
    "ticket_opened": "ticket_closed",
    "urgent_ticket_opened": "ticket_closed",
}
"""The event that ends what another began."""
VALENCES: dict[str, tuple[float, ...]] = {
    "nps_answered": (-1.0,) * 7 + (0.0, 0.0, 1.0, 1.0),
    "ces_answered": (0.0, -1.0, -1.0, -1.0, -0.3, 0.0, 1.0, 1.0),
    "review_posted": (0.0, -1.0, -1.0, -0.3, 0.5, 1.0),
    "conversation_scored": (0.0, -1.0, -0.5, 0.0, 0.5, 1.0),
}
"""The valence of each score, by its value."""


def flagged(flag: str) -> NDArray[np.bool_]:
    """Which kinds carry `flag`; shape (kinds,)."""
    return np.array([flag in kind.flags for kind in KINDS])


def of_kinds(field: str) -> NDArray[Any]:
    """One field of every kind; shape (kinds,), or (kinds, stages) for `per_week`."""
    return np.array([getattr(kind, field) for kind in KINDS])
