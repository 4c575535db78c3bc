"""Services as sources: connectors that fetch their rows, page by page."""

from cxcurve.sources.connectors.contract import Connector, Page
from cxcurve.sources.connectors.opening import all_services, check_connect, open_connector

__all__ = ["Connector", "Page", "all_services", "check_connect", "open_connector"]
