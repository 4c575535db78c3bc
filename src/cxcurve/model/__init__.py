"""The user's YAML as frozen objects, with every problem told by file and line."""

from cxcurve.model.destinations import Destination
from cxcurve.model.journey import Bridge, Journey, Recurring, Signal, Stage, State, TimeToValue
from cxcurve.model.reading import cross_check, read_destinations, read_journey, read_sources, read_subscriptions
from cxcurve.model.sources import EventRule, Source, Time
from cxcurve.model.subscriptions import Subscription

__all__ = [
    "Bridge",
    "Destination",
    "EventRule",
    "Journey",
    "Recurring",
    "Signal",
    "Source",
    "Stage",
    "State",
    "Subscription",
    "Time",
    "TimeToValue",
    "cross_check",
    "read_destinations",
    "read_journey",
    "read_sources",
    "read_subscriptions",
]
