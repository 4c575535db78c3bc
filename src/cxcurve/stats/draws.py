"""Draws: who is left alone by chance, told from a name and an id, so that it is the same for ever and everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cxcurve.errors import BadValueError

_WHOLE = 2**64


def held_out(draw: str, ids: Sequence[str], share: float) -> NDArray[np.bool_]:
    """(ids,) whether each is held out of a draw.

    Nothing is kept and nothing is asked for: the same draw and id give the same answer for life. A larger share holds
    out whom a smaller one did, and others too.

    Args:
        draw: its name, such as the id of an action or a play.
        ids: whom it is about.
        share: how many of them are held out, 0 to 1.
    """
    if not 0 <= share <= 1:
        raise BadValueError(f"share is {share}; expected a share from 0 to 1")
    return np.array([_place(draw, one) < share for one in ids], bool)


def _place(draw: str, id_: str) -> float:
    """Where an id falls from 0 to 1; names and ids never run into each other."""
    said = hashlib.sha256(f"{len(draw)}\x1f{draw}\x1f{id_}".encode()).digest()
    return int.from_bytes(said[:8], "big") / _WHOLE
