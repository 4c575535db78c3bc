"""The outside world as rows of the tables: files of events, customers and people, and a simulated company."""

from cxcurve.sources.fetching import Fetched, fetch_source
from cxcurve.sources.loading import check_files, derive_staged, read_source
from cxcurve.sources.rows import Batch, Refused, arrow_schema

__all__ = ["Batch", "Fetched", "Refused", "arrow_schema", "check_files", "derive_staged", "fetch_source", "read_source"]
