"""How good or bad a value is: "value: 0..6=-1, 7..8=0, 9..10=1"."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_BAND = re.compile(rf"^\s*(?P<low>{_NUMBER})\s*(?:\.\.\s*(?P<high>{_NUMBER})\s*)?=\s*(?P<valence>{_NUMBER})\s*$")
_COLUMN = re.compile(r"^\s*(?P<column>[^\W\d][\w.]*)\s*:(?P<bands>.*)$", re.DOTALL)
_EXAMPLE = '"value: 0..6=-1, 7..8=0, 9..10=1"'


@dataclass(frozen=True, slots=True, order=True)
class Band:
    """Values from `low` to `high`, both included, and their valence (-1 to 1)."""

    low: float
    high: float
    valence: float


@dataclass(frozen=True, slots=True)
class Valence:
    """Bands of one column, in rising order. A value in no band (6.5 between 0..6 and 7..8) has no valence."""

    text: str
    column: str
    bands: tuple[Band, ...]

    @classmethod
    def parse(cls, text: str) -> Valence:
        """Read the bands.

        Raises:
            ValueError: no column, a band that cannot be read, runs backwards, overlaps another, or a valence
                outside -1 to 1.
        """
        match = _COLUMN.match(text)
        if match is None:
            raise ValueError(f'valence "{text}" names no column; expected {_EXAMPLE}')
        bands = tuple(sorted(_band(part) for part in match["bands"].split(",")))
        for left, right in itertools.pairwise(bands):
            if right.low <= left.high:
                raise ValueError(
                    f"valence bands {_shown(left)} and {_shown(right)} overlap; a value is in one band only"
                )
        return cls(text, match["column"], bands)

    def valence_of(self, value: float) -> float | None:
        """The valence of `value`, None where no band holds it."""
        return next((band.valence for band in self.bands if band.low <= value <= band.high), None)

    def __str__(self) -> str:
        return self.text


def _band(text: str) -> Band:
    match = _BAND.match(text)
    if match is None:
        raise ValueError(f'valence band "{text.strip()}" cannot be read; expected such as 0..6=-1 or 4=0.5')
    low, valence = float(match["low"]), float(match["valence"])
    band = Band(low, float(match["high"] or low), valence)
    if band.low > band.high:
        raise ValueError(f"valence band {_shown(band)} runs backwards; write {band.high:g}..{band.low:g}")
    if not -1 <= valence <= 1:
        raise ValueError(f"valence {valence:g} of band {_shown(band)} is outside -1 to 1")
    return band


def _shown(band: Band) -> str:
    return f"{band.low:g}" if band.low == band.high else f"{band.low:g}..{band.high:g}"
