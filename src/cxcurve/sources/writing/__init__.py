"""Scores as fields elsewhere: what changed, and the services, tables, addresses and files it is written to."""

from cxcurve.sources.writing.changes import Change, changes
from cxcurve.sources.writing.contract import Record, Refusal, Writer
from cxcurve.sources.writing.opening import check_destination, open_writer

__all__ = ["Change", "Record", "Refusal", "Writer", "changes", "check_destination", "open_writer"]
