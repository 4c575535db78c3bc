"""Numbers to SVG text, each picture with its table twin: one picture for page, notebook and report."""

from cxcurve.charts.areas import areas
from cxcurve.charts.bars import bars, flow
from cxcurve.charts.curve import Drop, Note, Zone, curve
from cxcurve.charts.customer import EventMark, customer_curve
from cxcurve.charts.donut import Part, donut
from cxcurve.charts.effect import Effect, effect
from cxcurve.charts.frame import NARROW, WIDE, Axis, StageBand
from cxcurve.charts.heatmap import heatmap
from cxcurve.charts.layers import CurvePoint
from cxcurve.charts.marks import Tone
from cxcurve.charts.picture import Picture, Table, css
from cxcurve.charts.promise import Promise, promise
from cxcurve.charts.quadrant import Measure, Said, Spot, quadrant
from cxcurve.charts.scatter import ScatterPoint, scatter
from cxcurve.charts.series import Series, TrendPoint
from cxcurve.charts.sparkline import sparkline
from cxcurve.charts.survival import SurvivalStep, survival
from cxcurve.charts.timeline import Lane, Mark, Span, timeline
from cxcurve.charts.transitions import Link, Node, transitions
from cxcurve.charts.trend import trend
from cxcurve.charts.waterfall import Step, waterfall

__all__ = [
    "NARROW",
    "WIDE",
    "Axis",
    "CurvePoint",
    "Drop",
    "Effect",
    "EventMark",
    "Lane",
    "Link",
    "Mark",
    "Measure",
    "Node",
    "Note",
    "Part",
    "Picture",
    "Promise",
    "Said",
    "ScatterPoint",
    "Series",
    "Span",
    "Spot",
    "StageBand",
    "Step",
    "SurvivalStep",
    "Table",
    "Tone",
    "TrendPoint",
    "Zone",
    "areas",
    "bars",
    "css",
    "curve",
    "customer_curve",
    "donut",
    "effect",
    "flow",
    "heatmap",
    "promise",
    "quadrant",
    "scatter",
    "sparkline",
    "survival",
    "timeline",
    "transitions",
    "trend",
    "waterfall",
]
