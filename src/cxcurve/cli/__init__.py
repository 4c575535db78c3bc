"""The command line: parse, call, print. Heavy modules are imported inside the commands that need them."""

from cxcurve.cli.app import main

__all__ = ["main"]
