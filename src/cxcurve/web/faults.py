"""What fails beside the pages is written down, without what an error may hold of somebody's data."""

from __future__ import annotations

from logging import Logger
from traceback import format_tb

from cxcurve.errors import CxcurveError
from cxcurve.sources.masking import mask


def write_down(log: Logger, error: Exception) -> None:
    """What went wrong, masked, where the words are ours; of a fault its kind and where it was."""
    if isinstance(error, CxcurveError):
        log.warning("%s", mask(str(error)))
    else:
        write_where(log, error)


def write_where(log: Logger, error: Exception) -> None:
    """Where it happened, never what with: an address and an error's own words may hold somebody's data."""
    log.error("%s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
