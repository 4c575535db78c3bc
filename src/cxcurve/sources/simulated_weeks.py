"""The simulated company, walked week by week.

Each week: satisfaction drifts; the planted weights on what is remembered give the weekly odds of leaving and of
moving on (competing risks: leave, move, stay = e : m : 1); customers live their week; the new events are remembered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxcurve.sources.simulated_clock import DAY, HOUR, WEEK, Times, any_times, at_work, business_times, monday, season
from cxcurve.sources.simulated_kinds import INDEX, KINDS, STAGES, UNTIL, flagged, of_kinds
from cxcurve.sources.simulated_log import Floats, Ints, Log, join
from cxcurve.sources.simulated_market import Market, pick_people
from cxcurve.sources.simulated_memory import Memory
from cxcurve.sources.simulated_truth import SEGMENTS, Truth, Weights

OBSTACLE, RESEARCH, BENCHMARK, INVEST, TRANSFORM, SHARE, OUTSIDE = range(7)

ENTRIES: tuple[dict[str, float], ...] = (
    {"problem_content_viewed": 0.58, "growth_content_viewed": 0.42},
    {"content_downloaded": 0.45, "pricing_viewed": 0.35, "webinar_attended": 0.20},
    {
        "demo_held": 0.40,
        "trial_started": 0.30,
        "proposal_sent": 0.10,
        "roi_calculator_used": 0.15,
        "security_review_started": 0.05,
    },
    {"subscription_started": 1.0},
    {"first_value_reached": 1.0},
    {"review_posted": 0.40, "community_answer_posted": 0.26, "referral_made": 0.22, "story_told": 0.12},
)
"""What a customer does on entering a stage."""
_EXPANSIONS = {"seats_added": 0.55, "team_activated": 0.45}
_IN_SHARE = {"community_answer_posted": 0.36, "review_posted": 0.18, "referral_made": 0.16, "story_told": 0.08} | {
    name: 0.22 * share for name, share in _EXPANSIONS.items()
}
_SKIPS = np.array([0.15, 0.06, 0, 0, 0])
_WEEKS_PER_YEAR = 52
_USE_OF_SEATS = 0.75
_PERSISTENCE, _UNREST = 0.94, 0.18
_HOURS_OPEN = {
    "ticket_opened": 9.0,
    "urgent_ticket_opened": 4.0,
    "onboarding_step_overdue": 130.0,
    "integration_failed": 80.0,
}
"""Median hours until the ending event."""
_TICKETS = ("ticket_opened", "urgent_ticket_opened")
_MACHINES = ("outage_hit", "payment_failed", "integration_failed", "task_failed")


class Walk:
    """All customers from the first week on; `logs` grows with each `step`."""

    def __init__(
        self, market: Market, truth: Truth, weights: Weights, *, first: int, end: int, rng: np.random.Generator
    ) -> None:
        self.market, self.truth, self.weights, self.rng = market, truth, weights, rng
        self._n, self._first, self._end = len(market.segment), first, end
        self.memory = Memory(market)
        self.satisfaction = market.contentment.copy()
        self._fading = np.zeros(self._n)  # natural log of core use against the usual
        self._stage = np.full(self._n, -1)
        self._entered = np.zeros(self._n, dtype=np.int64)
        self._bought_week = np.full(self._n, -1)
        self._arrives = _arrivals(self._n, first, end, truth, rng)
        self._n_conversations = 0
        self._ahead: list[Log] = []
        self._hit: dict[str, NDArray[np.bool_]] = {shock.what: np.zeros(self._n, dtype=bool) for shock in truth.shocks}
        self.logs: list[Log] = []
        self._behaviour = _loadings()

    @property
    def n_hit(self) -> dict[str, int]:
        """Customers hit by each shock."""
        return {what: int(hit.sum()) for what, hit in self._hit.items()}

    @property
    def created(self) -> Times:
        """When each customer arrived; shape (customers,)."""
        return self._arrives

    def step(self, week: int) -> None:
        """One week: from Monday 00:00 to the next."""
        start = self._first + week * WEEK
        self._feel(start)
        leaving, moving = self._decide(week, start)
        left_at = np.full(self._n, start + WEEK)
        left_at[leaving] = business_times(len(leaving), start, self.rng)
        self._live(start, left_at)
        self._move(moving, week, start)
        self._renew(week, start, leaving)
        self._arrive(week, start)
        self._leave(leaving, left_at[leaving])
        self._remember(week, start)

    # --- how they feel

    def _feel(self, start: int) -> None:
        """Satisfaction returns to the customer's own level; some of the unhappy begin to use the product less."""
        home, draw = self.market.contentment, self.rng.random(self._n)
        swing = _UNREST * self.rng.standard_normal(self._n)
        self.satisfaction = home + _PERSISTENCE * (self.satisfaction - home) + swing
        self._strike(start)
        gives_up = (self._fading < 0) | (draw < 0.07 / (1 + np.exp(3 * (self.satisfaction + 1.0))))
        recovers = (self._fading < 0) & (draw < np.where(self.satisfaction > 0, 0.25, 0.05))
        self._fading = np.where(gives_up & ~recovers, np.maximum(self._fading - 0.25, -3.0), 0.0)

    def _strike(self, start: int) -> None:
        for shock in self.truth.shocks:
            if start == self._week_before_end(shock.weeks_before_end):
                hit = (self.rng.random(self._n) < shock.share) & self._has_bought
                self._hit[shock.what] = hit
                self.satisfaction[hit] += shock.mood

    @property
    def _has_bought(self) -> NDArray[np.bool_]:
        return (self._stage >= INVEST) & (self._stage < OUTSIDE)

    def _week_before_end(self, weeks: int) -> int:
        return monday(self._end - weeks * WEEK)

    # --- leaving and moving on

    def _decide(self, week: int, start: int) -> tuple[Ints, Ints]:
        """Who leaves and who moves on this week; positions of customers."""
        leave, move = self._odds(week, start)
        total, draw = 1 + leave + move, self.rng.random(self._n)
        leaving = draw < leave / total
        moving = ~leaving & (draw < (leave + move) / total)
        return np.flatnonzero(leaving), np.flatnonzero(moving)

    def _odds(self, week: int, start: int) -> tuple[Floats, Floats]:
        truth, weights, inside = self.truth, self.weights, (self._stage >= 0) & (self._stage < OUTSIDE)
        drag = self.memory.drag(weights) - truth.unseen * self.satisfaction
        drag += self.memory.standing(weights, self._stage, self._entered, self._has_bought, start)
        into_year = (week - self._bought_week) % _WEEKS_PER_YEAR
        drag += truth.renewal_pull * (self._has_bought & (into_year >= _WEEKS_PER_YEAR - 4))
        lift = self.memory.lift(weights) - self._slowed(start)
        leave = inside * np.array([*truth.exit_odds, 0.0])[self._stage] * 2.0**drag
        move = inside * np.array([*truth.move_odds, 0.0])[self._stage] * 2.0**lift
        return leave, np.minimum(move, truth.most_move_odds)

    def _in_zone(self, start: int) -> NDArray[np.bool_]:
        zone = self.truth.zone
        if zone is None or start < self._week_before_end(zone.weeks_before_end):
            return np.zeros(self._n, dtype=bool)
        is_there = self._stage == STAGES.index(zone.stage)
        if not zone.segment:
            return np.asarray(is_there)
        return np.asarray(is_there & (self.market.segment == SEGMENTS.index(zone.segment)))

    def _slowed(self, start: int) -> Floats:
        return self._in_zone(start).astype(np.float64) * (self.truth.zone.slower if self.truth.zone else 0.0)

    def _move(self, customers: Ints, week: int, start: int) -> None:
        """Enter a later stage; in Transform and Share mostly expansion or advocacy instead."""
        stage, draw = self._stage[customers], self.rng.random(len(customers))
        expands = (stage == TRANSFORM) & (draw > self.truth.share_of_moves)
        self._choose(_EXPANSIONS, customers[expands], start)
        self._choose(_IN_SHARE, customers[stage == SHARE], start)
        onward = customers[~expands & (stage < SHARE)]
        target = self._stage[onward] + 1
        target += self.rng.random(len(onward)) < _SKIPS[self._stage[onward]]
        self._enter(onward, target, week, start)

    def _enter(self, customers: Ints, target: Ints, week: int, start: int) -> None:
        for stage, entries in enumerate(ENTRIES):
            mine = customers[target == stage]
            self._stage[mine], self._entered[mine] = stage, self._choose(entries, mine, start, praises=True)
            if stage == INVEST:
                self._bought_week[mine] = week

    def _choose(self, options: dict[str, float], customers: Ints, start: int, *, praises: bool = False) -> Times:
        """Each customer does one of the options, by its share, within the week; when."""
        at = business_times(len(customers), start, self.rng)
        names, shares = list(options), np.cumsum(list(options.values()))
        chosen = np.searchsorted(shares / shares[-1], self.rng.random(len(customers)), side="right")
        for position, name in enumerate(names):
            mine = chosen == position
            self._say(name, customers[mine], at[mine], praises=praises)
        return at

    def _renew(self, week: int, start: int, leaving: Ints) -> None:
        age = week - self._bought_week
        due = self._has_bought & (self._bought_week >= 0) & (age > 0) & (age % _WEEKS_PER_YEAR == 0)
        due[leaving] = False
        customers = np.flatnonzero(due)
        self._say("subscription_renewed", customers, business_times(len(customers), start, self.rng))

    def _arrive(self, week: int, start: int) -> None:
        new = (self._arrives >= start) & (self._arrives < start + WEEK)
        back = (self._stage == OUTSIDE) & (self.rng.random(self._n) < self.truth.return_per_week)
        customers = np.flatnonzero(new | back)
        target = np.where(back, RESEARCH, 0)[customers] + self.rng.choice(3, len(customers), p=(0.62, 0.28, 0.10))
        self._enter(customers, np.minimum(target, BENCHMARK), week, start)
        self._arrives[customers] = np.where(new[customers], self._entered[customers], self._arrives[customers])

    def _leave(self, customers: Ints, at: Times) -> None:
        has_bought = self._has_bought[customers]
        self._say("subscription_cancelled", customers[has_bought], at[has_bought])
        self._say("deal_lost", customers[~has_bought], at[~has_bought])
        self._stage[customers], self._bought_week[customers], self._fading[customers] = OUTSIDE, -1, 0.0

    # --- an ordinary week

    def _live(self, start: int, left_at: Times) -> None:
        """Everything that comes at a rate; nothing after a customer has left."""
        rows = np.flatnonzero((self._stage >= 0) & (self._stage < OUTSIDE))
        counts = self.rng.poisson(self._rates(rows, start))
        for name, ending in UNTIL.items():  # steps come in order: nothing new is done while one is overdue or broken
            stuck = self.memory.has_open(INDEX[name])[rows] | (counts[:, INDEX[name]] > 0)
            if name not in _TICKETS:
                counts[stuck, INDEX[ending]] = 0
        for kind in np.flatnonzero(counts.sum(axis=0)):
            customers = np.repeat(rows, counts[:, kind])
            times = any_times if KINDS[kind].name in _MACHINES else business_times
            at = times(len(customers), start, self.rng)
            stays = at < left_at[customers]
            self._happen(KINDS[kind].name, customers[stays], at[stays])

    def _rates(self, rows: Ints, start: int) -> Floats:
        """Events expected this week; shape (rows, kinds)."""
        m, fading = self.market, self._fading[rows]
        drivers = np.stack(
            [
                self.satisfaction[rows],
                np.log(m.activity[rows]) + _USE_OF_SEATS * np.log(m.seats_ratio[rows]),
                np.log(m.seats_ratio[rows]),
                np.full(len(rows), np.log(season(start, self.truth))),
                fading,
                np.where(m.is_proactive[rows], 1.0, -1.0),
            ]
        )
        rates = of_kinds("per_week").T[self._stage[rows]] * np.exp(drivers.T @ self._behaviour)
        voice = np.where(m.is_quiet[rows], 0.0, 1.8)
        rates *= np.where((fading < 0)[:, None] & flagged("complaint"), voice[:, None], 1.0)
        return np.asarray(rates * self._disturbed(start)[rows])

    def _disturbed(self, start: int) -> Floats:
        """Factors on the rates from shocks and from the drift zone; shape (customers, kinds)."""
        factors = np.ones((self._n, len(KINDS)))
        for shock in self.truth.shocks:
            since = start - self._week_before_end(shock.weeks_before_end)
            if 0 <= since < shock.weeks * WEEK:
                factors[self._hit[shock.what], INDEX[shock.signal]] *= shock.times
        if self.truth.zone:
            factors[self._in_zone(start), INDEX[self.truth.zone.signal]] *= self.truth.zone.times
        return factors

    def _happen(self, name: str, customers: Ints, at: Times) -> None:
        if name not in UNTIL:
            self._say(name, customers, at)
            return
        slow = np.exp(1.0 * self.rng.standard_normal(len(at)) - 0.25 * self.satisfaction[customers])
        ends = at_work(at + (_HOURS_OPEN[name] * HOUR * slow).astype(np.int64) + 300)
        conversations = self._new_conversations(len(at)) if name in _TICKETS else np.full(len(at), -1)
        self._say(name, customers, at, conversations)
        self._say(UNTIL[name], customers, ends, conversations)
        self.memory.open(INDEX[name], customers, at, ends)
        if name in _TICKETS:
            self._follow(customers, at, ends, conversations)

    def _follow(self, customers: Ints, opened: Times, closed: Times, conversations: Ints) -> None:
        """What comes with a ticket: failed self-service, a hand-over, a score, an effort rating, a second try."""
        share, n = self.rng.random((5, len(customers))), len(customers)
        long = np.clip((closed - opened) / (4 * DAY), 0, 1)
        between = opened + (self.rng.random(n) * (closed - opened)).astype(np.int64)
        later = at_work(closed + self.rng.integers(1 * HOUR, 60 * HOUR, n))
        minutes = self.rng.integers(300, 2400, n)
        for name, mine, at in (
            ("self_service_failed", share[0] < 0.25, opened - minutes),
            ("conversation_handed_over", share[1] < 0.12 + 0.3 * long, between),
            ("conversation_scored", share[2] < 0.7, closed + minutes),
            ("ces_answered", share[3] < 0.25, later),
            ("ticket_reopened", share[4] < 0.05 + 0.05 * long, later + 2 * HOUR),
        ):
            self._say(name, customers[mine], at[mine], conversations[mine], effort=long[mine])

    def _new_conversations(self, n: int) -> Ints:
        self._n_conversations += n
        return np.arange(self._n_conversations - n, self._n_conversations)

    # --- the log

    def _say(
        self,
        name: str,
        customers: Ints,
        at: Times,
        conversations: Ints | None = None,
        *,
        effort: Floats | float = 0.0,
        praises: bool = False,
    ) -> None:
        """Events of one kind; those after the week's end wait in `_ahead`."""
        n = len(customers)
        value = self._value(name, customers, effort, praises=praises)
        person = pick_people(KINDS[INDEX[name]].who, customers, self.market, self.rng)
        conversation = np.full(n, -1) if conversations is None else conversations
        self._ahead.append(Log(customers, np.full(n, INDEX[name]), at, value, person, conversation))

    def _value(self, name: str, customers: Ints, effort: Floats | float, *, praises: bool) -> Floats:
        """Scores follow satisfaction; seats and minutes are counts; nan where the kind has no value."""
        mood, noise = self.satisfaction[customers], self.rng.standard_normal(len(customers))
        if name in ("seats_added", "seats_removed"):
            return np.asarray(np.ceil(self.market.seats[customers] * 0.06 * np.exp(0.5 * noise)))
        if name == "outage_hit":
            return np.asarray(np.ceil(45 * np.exp(0.6 * noise)))
        if name not in _SCORES:
            return np.full(len(customers), np.nan)
        middle, slope, spread, low, high = _SCORES[name]
        least = 4 if name == "review_posted" and praises else low
        most = 3 if name == "review_posted" and not praises else high
        return np.clip(np.round(middle + slope * mood + spread * noise - 1.5 * effort), least, most)

    def _remember(self, week: int, start: int) -> None:
        events = join(self._ahead)
        is_now = events.at < start + WEEK
        self._ahead = [events.where(~is_now)]
        now = events.where(is_now)
        now = now.where(np.argsort(now.at, kind="stable"))
        self.memory.learn(now, week, start + WEEK, season(start, self.truth))
        self.logs.append(now)


_SCORES = {
    "nps_answered": (8.8, 1.8, 1.5, 0, 10),
    "ces_answered": (6.0, 0.8, 1.0, 1, 7),
    "conversation_scored": (4.4, 0.6, 0.9, 1, 5),
    "review_posted": (4.0, 0.8, 0.8, 1, 5),
}
"""Middle, slope on satisfaction, spread, lowest and highest score."""


def _arrivals(n: int, first: int, end: int, truth: Truth, rng: np.random.Generator) -> Times:
    """When each customer first shows up: some in the warm-up, the others over the time after it."""
    window = first + truth.warm_up_weeks * WEEK
    early = rng.integers(first, max(window, first + 1), n)
    late = rng.integers(window, end - 2 * WEEK, n)
    return np.sort(np.where(rng.random(n) < truth.before_share, early, late))


def _loadings() -> Floats:
    """What each driver adds to the natural log of each rate; shape (drivers, kinds)."""
    pace, by_us, per_week = of_kinds("pace"), flagged("company"), of_kinds("mood")
    core = of_kinds("name") == "core_feature_used"
    mindset = 0.6 * flagged("proactive") - 0.6 * flagged("reactive")
    return np.stack([per_week, pace == "use", pace == "seats", ~by_us, core * 1.0, mindset]).astype(float)
