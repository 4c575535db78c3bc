"""The user's YAML as frozen objects, with every problem told by file and line."""

from cxcurve.model.destinations import Destination
from cxcurve.model.journey import Bridge, Journey, Signal, Stage, State, TimeToValue
from cxcurve.model.reading import cross_check, read_destinations, read_journey, read_sources
from cxcurve.model.sources import EventRule, Source, Time

__all__ = [
    "Bridge",
    "Destination",
    "EventRule",
    "Journey",
    "Signal",
    "Source",
    "Stage",
    "State",
    "Time",
    "TimeToValue",
    "cross_check",
    "read_destinations",
    "read_journey",
    "read_sources",
]
