"""Values out of cells: texts, numbers and times, by the column, with a reason for each that cannot be read.

Readers return the values and the reasons, both aligned with the column: where a reason is set the value means
nothing. A null is no reason: what must not be null is for the caller to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxcurve.errors import clip
from cxcurve.model.sources import Time
from cxcurve.sources.json_text import encoded
from cxcurve.sources.rows import Reasons

Texts: TypeAlias = "pd.Series[Any]"
"""Objects: str or None."""
Mask: TypeAlias = npt.NDArray[np.bool_]
"""Which rows."""

_UNIT_US = {"s": 1e6, "ms": 1e3, "us": 1.0}
_ISO = r"^\d{4}-?\d\d-?\d\d(?:[T ]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?$"
_OFFSET = r"[T ]\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$"

_PLAIN = re.compile(r"(?:19|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?:\d{3}|\d{6}))?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH, _US = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
MOST_PLAIN = 10_000


def no_reasons(n: int) -> Reasons:
    """No row has a reason."""
    return np.full(n, None, dtype=object)


def reason_where(rows: Mask, reason: str) -> Reasons:
    """The same reason for all of these rows."""
    reasons = no_reasons(len(rows))
    reasons[rows] = reason
    return reasons


def all_null(frame: pd.DataFrame, names: Sequence[str]) -> Mask:
    """Which rows have nothing in any of these columns."""
    return frame[list(names)].isna().all(axis=1).to_numpy()


def first_reason(*reasons: Reasons) -> Reasons:
    """For each row the first reason there is."""
    found = reasons[0]
    for others in reasons[1:]:
        found = np.where(pd.isna(found), others, found)
    return found


def read_texts(values: pd.Series[Any]) -> Texts:
    """Texts as they are; whole numbers without ".0", true and false in lower case, objects as JSON."""
    return pd.Series([v if v is None or type(v) is str else _text(v) for v in values], values.index, dtype=object)


def read_numbers(values: pd.Series[Any], column: str) -> tuple[npt.NDArray[np.float64], Reasons]:
    """Finite numbers, NaN where null."""
    numbers = pd.to_numeric(read_texts(values), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~np.isfinite(numbers) & values.notna().to_numpy()
    expected = "digits with a point before decimals, no thousands separators"
    return np.where(bad, np.nan, numbers), _unreadable(values, bad, "a number", column, expected)


def read_times(values: pd.Series[Any], time: Time, column: str) -> tuple[npt.NDArray[np.int64], Reasons]:
    """Microseconds UTC, 0 where null or unreadable.

    A time without an offset is one of `time.zone`. Where the clock is set back and a time happens twice it is
    the first of the two; where it is set forward and a time never happens it is the moment after the gap.
    """
    codes, distinct = pd.factorize(read_texts(values).to_numpy(), use_na_sentinel=True)
    texts = pd.Series(distinct, dtype=object).str.strip()
    us = _epoch(texts, time.unit) if time.unit else _written(texts, time)
    at = np.append(us, np.nan)[codes]
    bad = np.isnan(at) & (codes >= 0)
    return np.nan_to_num(at).astype(np.int64), _unreadable(values, bad, "a time", column, _expected(time))


def _unreadable(values: pd.Series[Any], bad: Mask, kind: str, column: str, expected: str) -> Reasons:
    reasons = no_reasons(len(values))
    for i in np.flatnonzero(bad):
        cell = clip(str(values.iloc[i]))
        reasons[i] = f'could not read "{cell}" as {kind} in column {column}; expected {expected}'
    return reasons


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else encoded(value)


def _expected(time: Time) -> str:
    if time.unit:
        return f"a number, the {time.unit} since 1970"
    iso = "ISO 8601, such as 2026-05-31T14:00:00Z"
    return time.format or f"{iso}; else give the time's `format`, or `unit` for epoch numbers"


def _epoch(texts: Texts, unit: str) -> npt.NDArray[np.float64]:
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    us = np.round(numbers * _UNIT_US[unit])
    return np.where(np.abs(us) < 2**62, us, np.nan)


def _written(texts: Texts, time: Time) -> npt.NDArray[np.float64]:
    if time.format:
        has_zone = "%z" in time.format or "%Z" in time.format
        parsed = pd.to_datetime(texts, format=time.format, errors="coerce", utc=has_zone)
        return _microseconds(parsed if has_zone else _in_zone(parsed, time.zone))
    return _iso(texts, time.zone)


def _iso(texts: Texts, zone: str) -> npt.NDArray[np.float64]:
    """ISO 8601; exports that end in " UTC" instead of Z are read too. Digits below the microsecond are cut."""
    few = _few_plain(texts)
    return _any_iso(texts, zone) if few is None else few


def _few_plain(texts: Texts) -> npt.NDArray[np.float64] | None:
    """A few of the form that programs send, without the time it takes to look at them as a column; None of others."""
    if len(texts) > MOST_PLAIN or not all(map(_PLAIN.fullmatch, texts)):
        return None
    try:
        return np.array([(datetime.fromisoformat(text) - _EPOCH) / _US for text in texts], dtype=np.float64)
    except ValueError:  # such as a thirteenth month
        return None


def _any_iso(texts: Texts, zone: str) -> npt.NDArray[np.float64]:
    iso = texts.astype("str").str.upper().str.replace(r"\s*UTC$", "Z", regex=True)
    iso = iso.str.replace(r"([.,]\d{6})\d+", r"\1", regex=True).where(iso.str.match(_ISO))
    has_offset = iso.str.contains(_OFFSET, regex=True, na=False)
    with_offset = pd.to_datetime(iso.where(has_offset), format="ISO8601", errors="coerce", utc=True)
    local = pd.to_datetime(iso.where(~has_offset), format="ISO8601", errors="coerce")
    return np.where(has_offset, _microseconds(with_offset), _microseconds(_in_zone(local, zone)))


def _in_zone(local: pd.Series[Any], zone: str) -> pd.Series[Any]:
    is_first = np.ones(len(local), dtype=bool)
    moments: pd.Series[Any] = local.dt.tz_localize(zone, ambiguous=is_first, nonexistent="shift_forward")
    return moments


def _microseconds(moments: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """As floats, exact up to 2^53 us: the years to 2255 and from 1684."""
    us = moments.dt.as_unit("us").to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(us), np.nan, us.astype(np.int64).astype(np.float64))
