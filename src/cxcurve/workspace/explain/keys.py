"""Keys: the name of a number, whom it is about and as of when, as in `scorecard/nps?as_of=2026-06-28&plan=pro`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from cxcurve.errors import BadValueError, UnknownNameError, clip, did_you_mean
from cxcurve.model import Journey
from cxcurve.workspace.populations import COLUMNS

KINDS: Mapping[str, tuple[str, ...]] = {
    "scorecard": ("scorecard/METRIC",),
    "customer": ("customer/ID/INDEX", "customer/ID/friction/SIGNAL", "customer/ID/momentum/SIGNAL"),
    "curve": ("curve/AXIS/X/MEASURE",),
    "moved": ("moved/SINCE/UNTIL/PART", "moved/SINCE/UNTIL/signal/SIGNAL"),
    "drift": ("drift/STAGE/FACT",),
    "ttv": ("ttv/median_days", "ttv/reached/DAY", "ttv/month/MONTH/...", "ttv/SEGMENT/VALUE/..."),
    "advocacy": ("advocacy/ready", "advocacy/rate", "advocacy/critics", "advocacy/action/SIGNAL"),
    "revenue": ("revenue/FACT", "revenue/month/MONTH/FACT"),
    "friction": ("friction/revenue_at_risk", "friction/SIGNAL/TOUCHPOINT/STAGE/FACT"),
    "deals": ("deals/ID/FACT", "deals/amount", "deals/expected", "deals/stage/STAGE/..."),
    "flows": ("flows/stages/WINDOW/WITHIN/STEP/FACT", "flows/EVENT,EVENT,.../WINDOW/WITHIN/STEP/FACT"),
    "action": ("action/ID",),
    "backtest": ("backtest/INDEX/FACT", "backtest/INDEX/baselines/RIVAL"),
}
"""The forms of a key, by kind."""
_LENGTHS = {
    "scorecard": (1,),
    "customer": (2, 3),
    "curve": (3,),
    "moved": (3, 4),
    "drift": (2,),
    "ttv": (1, 2, 3, 4),
    "advocacy": (1, 2),
    "revenue": (1, 3),
    "friction": (1, 4),
    "deals": (1, 2, 3),
    "flows": (5,),
    "action": (1,),
    "backtest": (2, 3),
}
_PREFIX = "segment."
LONGEST = 1000
"""Characters of a key; longer ones are refused."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was read: its kind, the parts after it, and whom and when it is about."""

    kind: str
    parts: tuple[str, ...]
    segment: tuple[tuple[str, str], ...] = ()
    cohort: str | None = None
    as_of: str | None = None

    @classmethod
    def read(cls, text: str, journey: Journey) -> Key:
        """Read a key.

        Raises:
            BadValueError: it has no form of a key.
            UnknownNameError: a parameter is no segment's.
        """
        if len(text) > LONGEST:
            raise BadValueError(f"the key has {len(text):,} characters; at most {LONGEST:,} are read")
        path, _, query = text.strip().partition("?")
        kind, *parts = [unquote(part) for part in path.strip("/").split("/")]
        if kind not in KINDS or len(parts) not in _LENGTHS[kind] or not all(parts):
            raise BadValueError(_unknown(path, kind))
        given = dict(parse_qsl(query))
        cohort, as_of = given.pop("cohort", None), given.pop("as_of", None)
        named = {name.removeprefix(_PREFIX): value for name, value in given.items()}
        known = ("as_of", "cohort", *journey.segments, *COLUMNS)
        for name in named:
            if name not in known[2:]:
                raise UnknownNameError("parameter of a key", name, known)
        if kind == "customer" and (named or cohort):
            raise BadValueError("a customer's own number takes as_of alone, no segment and no cohort")
        if kind == "action" and (named or cohort):
            raise BadValueError("an action is read of everybody it is for; its number takes as_of alone")
        if kind == "backtest" and (named or cohort):
            raise BadValueError("the backtest is of all customers; its numbers take as_of alone")
        return cls(kind, tuple(parts), tuple(sorted(named.items())), cohort, as_of)

    @property
    def path(self) -> str:
        """The key without whom and when."""
        return "/".join([self.kind, *(quote(part, safe="") for part in self.parts)])

    @property
    def whom(self) -> dict[str, Any]:
        """As `Workspace.snapshot` takes it."""
        return {"as_of": self.as_of, "segment": dict(self.segment), "cohort": self.cohort}

    @property
    def everybody(self) -> Key:
        """The same number of all customers."""
        return replace(self, segment=(), cohort=None)

    def at(self, as_of: str) -> Key:
        """The same number as of a moment."""
        return replace(self, as_of=as_of)

    def __str__(self) -> str:
        taken = ("as_of", "cohort")
        query = [(f"{_PREFIX}{name}" if name in taken else name, value) for name, value in self.segment]
        query += [(name, value) for name, value in (("cohort", self.cohort), ("as_of", self.as_of)) if value]
        return f"{self.path}?{urlencode(query, safe=':')}" if query else self.path


def path_of(*parts: object) -> str:
    """The key of a number of everybody at the last score."""
    return "/".join(quote(str(part), safe="") for part in parts)


def _unknown(path: str, kind: str) -> str:
    forms = [form for known in KINDS.values() for form in known]
    near = KINDS.get(kind) or ()
    hint = f" Did you mean {' or '.join(near)}?" if near else did_you_mean(kind, KINDS)
    return f'number "{clip(path)}" is not known; there are {_listed(forms)}.{hint}'


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
