"""Who the simulated company sells to: customers with traits, and the people of their buying committees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.sources.company_names import company_names
from cxcurve.sources.simulated_truth import SEGMENTS, Truth

_INDUSTRIES = "Manufacturing|Software|Health|Retail|Logistics|Finance|Education|Public services".split("|")  # noqa: SIM905
_REGIONS = ("North America", "UK and Ireland", "DACH", "Nordics", "Asia-Pacific")
_OWNERS = (  # noqa: SIM905
    "Amara Lindqvist|Bastian Okafor|Carla Nemec|Dmitri Aoki|Elif Sørensen|Fionn Gallagher|Greta Okonjo|Hugo Valdés|"
    "Ines Kowalska|Jonas Adeyemi|Keiko Brandt|Leila Moreau"
).split("|")
_PLANS = ("Starter", "Team", "Business", "Enterprise")
_PRICE_PER_SEAT = np.array([360.0, 480.0, 620.0, 780.0])
_N_PARTNERS = 6
ROLES = ("champion", "economic_buyer", "it", "legal", "procurement")
_COMMITTEE = (2, 4, 5)
"""How many of `ROLES` a customer of each segment has; its users come on top."""


@dataclass(frozen=True, slots=True)
class Market:
    """The customers and people; all arrays are (customers,) but `person_*` (people,)."""

    segment: NDArray[np.int64]
    industry: NDArray[np.int64]
    region: NDArray[np.int64]
    owner: NDArray[np.int64]
    partner: NDArray[np.int64]
    plan: NDArray[np.int64]
    seats: NDArray[np.float64]
    revenue: NDArray[np.float64]
    activity: NDArray[np.float64]
    contentment: NDArray[np.float64]
    is_quiet: NDArray[np.bool_]
    is_proactive: NDArray[np.bool_]
    first_person: NDArray[np.int64]
    n_roles: NDArray[np.int64]
    n_people: NDArray[np.int64]
    person_customer: NDArray[np.int64]

    @property
    def seats_ratio(self) -> NDArray[np.float64]:
        """Seats in units of the median customer's, to the power 0.8 by which counts per seat are divided."""
        return np.asarray((self.seats / np.median(self.seats)) ** 0.8)


def draw_market(n: int, truth: Truth, rng: np.random.Generator) -> Market:
    """Draw `n` customers with their people."""
    segment = rng.choice(3, n, p=(0.55, 0.30, 0.15))
    seats = np.ceil(np.array([10.0, 45.0, 190.0])[segment] * np.exp(0.6 * rng.standard_normal(n)))
    plan = segment + rng.integers(0, 2, n)
    n_roles = np.array(_COMMITTEE)[segment]
    n_people = n_roles + rng.integers(1, 3 + 2 * segment)
    return Market(
        segment=segment,
        industry=rng.integers(0, len(_INDUSTRIES), n),
        region=rng.choice(len(_REGIONS), n, p=(0.30, 0.22, 0.24, 0.14, 0.10)),
        owner=segment * 4 + rng.integers(0, 4, n),
        partner=np.where(rng.random(n) < 0.18, rng.integers(0, _N_PARTNERS, n), -1),
        plan=plan,
        seats=seats,
        revenue=np.round(seats * _PRICE_PER_SEAT[plan] * np.exp(0.12 * rng.standard_normal(n)), -1),
        activity=np.maximum(rng.gamma(2.0, 0.5, n), 0.25),
        contentment=0.85 * rng.standard_normal(n),
        is_quiet=rng.random(n) < truth.quiet_share,
        is_proactive=rng.random(n) < 0.45,
        first_person=np.cumsum(n_people) - n_people,
        n_roles=n_roles,
        n_people=n_people,
        person_customer=np.repeat(np.arange(n), n_people),
    )


def pick_people(who: str, customers: NDArray[np.int64], market: Market, rng: np.random.Generator) -> NDArray[np.int64]:
    """Someone of each customer for an action of `who` (a role, `user`, `any` or `nobody`); -1 is nobody."""
    n, first = len(customers), market.first_person[customers]
    draw = rng.random(n)
    if who == "nobody":
        return np.full(n, -1)
    if who == "any":
        return np.asarray(first + (draw * market.n_people[customers]).astype(int))
    roles = market.n_roles[customers]
    if who == "user":  # squared: a few users do most of the work
        return np.asarray(first + roles + (draw**2 * (market.n_people[customers] - roles)).astype(int))
    place = {"champion": 0, "buyer": 1, "it": 2, "legal": 3}[who]
    return first + np.where(place < roles, place, 0)


def customer_ids(n: int) -> NDArray[Any]:
    """c-00001 and so on."""
    return np.array([f"c-{i:05d}" for i in range(1, n + 1)], dtype=object)


def person_ids(n: int) -> NDArray[Any]:
    """p-000001 and so on."""
    return np.array([f"p-{i:06d}" for i in range(1, n + 1)], dtype=object)


def partner_ids(market: Market) -> NDArray[Any]:
    """The partner of each customer, or None."""
    names = np.array([*(f"partner-{i:02d}" for i in range(1, _N_PARTNERS + 1)), None], dtype=object)
    return np.asarray(names[market.partner])


def customers_table(market: Market, created: NDArray[Any]) -> Any:
    """customers.csv as an Arrow table; `created` are ISO 8601 texts."""
    n = len(market.segment)
    return pa.table(
        {
            "customer_id": customer_ids(n),
            "name": company_names(n),
            "segment": np.array(SEGMENTS, dtype=object)[market.segment],
            "industry": np.array(_INDUSTRIES, dtype=object)[market.industry],
            "plan": np.array(_PLANS, dtype=object)[market.plan],
            "region": np.array(_REGIONS, dtype=object)[market.region],
            "owner": np.array(_OWNERS, dtype=object)[market.owner],
            "partner_id": partner_ids(market),
            "revenue_per_year": market.revenue.astype(int),
            "seats": market.seats.astype(int),
            "created_at": created,
        }
    )


def people_table(market: Market) -> Any:
    """people.csv as an Arrow table: person, customer, role."""
    owner = market.person_customer
    place = np.arange(len(owner)) - market.first_person[owner]
    role = np.where(place < market.n_roles[owner], place, len(ROLES))
    return pa.table(
        {
            "person_id": person_ids(len(owner)),
            "customer_id": customer_ids(len(market.segment))[owner],
            "role": np.array([*ROLES, "user"], dtype=object)[role],
        }
    )
