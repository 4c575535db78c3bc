"""Numbers to SVG text, each picture with its table twin: one picture for page, notebook and report."""

from cxcurve.charts.bars import bars, flow
from cxcurve.charts.curve import Drop, Note, Zone, curve
from cxcurve.charts.customer import EventMark, customer_curve
from cxcurve.charts.frame import NARROW, WIDE, Axis, StageBand
from cxcurve.charts.layers import CurvePoint
from cxcurve.charts.picture import Picture, Table, css
from cxcurve.charts.promise import Promise, promise
from cxcurve.charts.scatter import ScatterPoint, scatter
from cxcurve.charts.sparkline import sparkline
from cxcurve.charts.survival import SurvivalStep, survival

__all__ = [
    "NARROW",
    "WIDE",
    "Axis",
    "CurvePoint",
    "Drop",
    "EventMark",
    "Note",
    "Picture",
    "Promise",
    "ScatterPoint",
    "StageBand",
    "SurvivalStep",
    "Table",
    "Zone",
    "bars",
    "css",
    "curve",
    "customer_curve",
    "flow",
    "promise",
    "scatter",
    "sparkline",
    "survival",
]
