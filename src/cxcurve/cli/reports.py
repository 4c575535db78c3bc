"""What load, check and demo print: what became of rows, what is missing, what to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.tables import Manner, Parts, clean, filled, heading, named, table

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace

MOST_REASONS = 5
_ROWS = ("read", "used", "no_event", "quarantined")
_EVENTS = ("made", "loaded", "duplicate", "conflict", "quarantined")


def load_report(reports: Mapping[str, Any], refused: Sequence[Mapping[str, Any]]) -> Parts:
    """What became of rows and events, and the first reasons of those that were refused."""
    heads = ("Source", ">Rows read", ">used", ">no event", ">quarantined")
    made = table(*heads, ">Events made", ">loaded", ">duplicate", ">conflict", ">quarantined")
    yield filled(made, (_counts(key, report) for key, report in reports.items()))
    mine = [row for row in refused if row["source"] in reports]
    if mine:
        yield from _refused(mine)


def _counts(key: str, report: Mapping[str, Any]) -> list[str]:
    rows = (said.number(report["rows"][name]) for name in _ROWS)
    return [clean(key), *rows, *(said.number(report["events"][name]) for name in _EVENTS)]


def _refused(refused: Sequence[Mapping[str, Any]]) -> Parts:
    by_reason: dict[str, list[Mapping[str, Any]]] = {}
    for row in refused:
        by_reason.setdefault(row["reason"], []).append(row)
    what = said.plural(len(refused), "row or event", "rows and events")
    yield Text(f"In quarantine: {what}. Mend the cause and load again.", style="bold")
    most = sorted(by_reason.items(), key=lambda item: -len(item[1]))
    rows = ([said.number(len(rows)), clean(reason, 100), where(rows[0])] for reason, rows in most[:MOST_REASONS])
    yield filled(table(">n", "Reason", "First"), rows)
    if len(most) > MOST_REASONS:
        yield Text(f"… and {said.plural(len(most) - MOST_REASONS, 'other reason')}: `cxcurve show quarantine`")
    if any(" is not in the tracking plan" in reason for reason in by_reason):
        yield Text("Events of your own names: `cxcurve suggest --from quarantine` drafts them for `signals:`.")


def where(row: Mapping[str, Any]) -> str:
    """File and line of what was refused."""
    return clean(f"{row['file']}:{row['line']}" if row["line"] else row["file"])


def check_report(n_errors: int, n_warnings: int, signals: Mapping[str, Any] | None, unseen: str | None) -> Parts:
    """The verdict, then the signals."""
    yield Text(_verdict(n_errors, n_warnings), style="bold")
    if unseen is not None:
        yield Text(unseen)
    if signals is None:
        return
    n_there, n_missing = len(signals["present"]), len(signals["missing"])
    yield Text(f"{n_there} of {said.plural(n_there + n_missing, 'signal')} of the tracking plan have data.")
    if n_missing:
        yield Text(f"Missing: {', '.join(clean(name) for name in signals['missing'])}")
    if signals["add_first"]:
        rows = ([clean(one["signal"]), clean(one["reason"], 120)] for one in signals["add_first"])
        yield filled(table("Would add most", "Why"), rows)


def _verdict(n_errors: int, n_warnings: int) -> str:
    if n_errors:
        return f"{said.plural(n_errors, 'error')} to mend."
    return f"No errors, {said.plural(n_warnings, 'warning')}." if n_warnings else "No problems in the files."


def demo_report(company: Workspace, folder: Path) -> Parts:
    """What to look at in a demo."""
    zones, rows = company.drift().to_json(), company.customers()
    n = said.plural(len(rows), "customer")
    yield heading(company.name, f"a simulated company of {n}", Manner.of(company).as_of(zones["as_of"]))
    known = [zone for zone in zones["zones"] if zone["stall_share"] is not None]
    if known:
        worst = max(known, key=lambda zone: zone["stall_share"])
        share, interval = said.share(worst["stall_share"]), said.interval(worst["low"], worst["high"], "share")
        between = f"{named(worst['from'])} to {named(worst['to'])}"
        yield Text(f"Worst drift zone: {between}; {share} of {worst['n_entered']:,} stall ({interval}).")
    low = next((row for row in rows if row["reason"] is None), None)
    if low is not None:
        yield Text(f"Lowest level: {low['name']} ({low['customer_id']}) at {said.signed(low['level'])}.")
        yield Text(f"Look at it: cxcurve -w {folder} show curve, or scorecard, drift, customer {low['customer_id']}")
