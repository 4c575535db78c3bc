"""What is planted in the simulated company: knobs, and the weights drawn from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from cxcurve.errors import BadValueError
from cxcurve.sources.simulated_kinds import EXPECTED_DAYS, INDEX, KINDS, STAGES, STATES, VALENCES

SEGMENTS = ("SMB", "Mid-market", "Enterprise")


@dataclass(frozen=True, slots=True)
class Shock:
    """A week that hurts a part of the paying customers.

    `times` multiplies the weekly rate of `signal` for `weeks` weeks; `mood` is added to the satisfaction once.
    """

    what: str
    weeks_before_end: int
    signal: str
    share: float
    times: float
    mood: float
    weeks: int = 1


@dataclass(frozen=True, slots=True)
class Zone:
    """A drift zone: from a date on, one segment (everybody where it is "") leaves one stage more slowly.

    `slower` is in doublings of the weekly odds of moving on; `times` multiplies the rate of `signal`.
    """

    stage: str = "invest"
    segment: str = "Mid-market"
    weeks_before_end: int = 39
    slower: float = 2.0
    signal: str = "integration_failed"
    times: float = 4.0


SHOCKS = (
    Shock("regional outage", 84, "outage_hit", 0.35, 500.0, -0.6),
    Shock("painful release", 52, "task_failed", 0.50, 6.0, -0.7, weeks=3),
    Shock("day-long outage", 17, "outage_hit", 0.30, 500.0, -0.6),
)


@dataclass(frozen=True, slots=True)
class Truth:
    """The knobs. Hazards are weekly odds by stage, ORBITS order, without friction or momentum."""

    exit_odds: tuple[float, ...] = (0.018, 0.022, 0.020, 0.0035, 0.0015, 0.0010)
    move_odds: tuple[float, ...] = (0.13, 0.10, 0.055, 0.145, 0.0040, 0.0050)
    most_move_odds: float = 3.0
    share_of_moves: float = 0.22
    wobble: float = 0.2
    friction_scale: float = 1.0
    momentum_scale: float = 1.0
    unseen: float = 0.0
    renewal_pull: float = 1.5
    quiet_share: float = 0.7
    return_per_week: float = 0.002
    before_share: float = 0.3
    warm_up_weeks: int = 26
    christmas: float = 0.4
    august: float = 0.75
    zone: Zone | None = field(default_factory=Zone)
    shocks: tuple[Shock, ...] = SHOCKS

    def __post_init__(self) -> None:
        for name in ("before_share", "quiet_share", "share_of_moves", "return_per_week"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadValueError(f"{name} is {getattr(self, name)}; expected a share from 0 to 1")
        signals = [shock.signal for shock in self.shocks] + ([self.zone.signal] if self.zone else [])
        for signal in signals:
            if signal not in INDEX:
                raise BadValueError(f'"{signal}" is no event of the simulated company')


@dataclass(frozen=True, slots=True)
class Weights:
    """True weights in doublings of weekly odds per log2(1 + n): by event name, and by state signal."""

    friction: dict[str, float]
    momentum: dict[str, float]
    states: dict[str, float]


def plant(truth: Truth, rng: np.random.Generator) -> Weights:
    """Draw the true weights: the expert ones times a log-normal factor with sd `truth.wobble`."""

    def draw(expert: dict[str, float], scale: float) -> dict[str, float]:
        factors = np.exp(truth.wobble * rng.standard_normal(len(expert)))
        true = zip(expert, factors * scale * np.array(list(expert.values())), strict=True)
        return {name: round(float(weight), 4) for name, weight in true}

    friction = draw({kind.name: kind.friction for kind in KINDS}, truth.friction_scale)
    momentum = draw({kind.name: kind.momentum for kind in KINDS}, truth.momentum_scale)
    return Weights(friction, momentum, draw(STATES, truth.friction_scale))


def describe(truth: Truth, weights: Weights) -> dict[str, Any]:
    """What was planted, ready for JSON: signals with expert and true weights, states, stages, all knobs."""
    knobs = asdict(truth)
    exits, moves = knobs.pop("exit_odds"), knobs.pop("move_odds")
    knobs["shocks"] = list(knobs["shocks"])
    stages = zip(STAGES, exits, moves, EXPECTED_DAYS, strict=True)
    return knobs | {
        "unit": "doublings of weekly odds per log2(1 + n)",
        "signals": {kind.name: _signal(kind.name, weights) for kind in KINDS},
        "states": {name: {"friction": weights.states[name], "expert_friction": w} for name, w in STATES.items()},
        "stages": {name: {"exit_odds": e, "move_odds": m, "expected_days": d} for name, e, m, d in stages},
    }


def _signal(name: str, weights: Weights) -> dict[str, Any]:
    kind = KINDS[INDEX[name]]
    prefix = "valence_" if name in VALENCES else ""
    return {
        f"{prefix}friction": weights.friction[name],
        f"{prefix}momentum": weights.momentum[name],
        f"expert_{prefix}friction": kind.friction,
        f"expert_{prefix}momentum": kind.momentum,
        "half_life_days": kind.half_life_days,
    }
