"""Every number to its events: what it means, what it rests on, and how it is made again."""

from cxcurve.workspace.explain.explaining import MOST_EVENTS, explanation_of, numbers
from cxcurve.workspace.explain.explanation import Explanation, Grounds
from cxcurve.workspace.explain.keys import Key
from cxcurve.workspace.explain.results import Found, Results

__all__ = ["MOST_EVENTS", "Explanation", "Found", "Grounds", "Key", "Results", "explanation_of", "numbers"]
