"""The pages of the made-up company: what each template receives, with every state it can show."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace as Page
from typing import Any

from invented import (
    AS_OF,
    BRIDGES,
    DROPS,
    NOTES,
    PASSAGES,
    POSITION_STAGES,
    POSITION_ZONES,
    SIGNALS,
    STAGES,
    WEEK_STAGES,
    WEEK_ZONES,
    curve_points,
    date_points,
    position_points,
    scatter_points,
    wave,
)

from cxcurve import charts
from cxcurve.charts import CurvePoint, Drop, EventMark, Note, StageBand
from cxcurve.charts.format import amount, day, reason
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.grid import grid
from cxcurve.web.pages.customers import COLUMNS, DRAWN, DRAWN_NARROW
from cxcurve.web.pages.frame import Field


def common(title: str, nav: str, path: str, **more: Any) -> Page:
    segments = [("", "All customers"), ("enterprise", "Enterprise"), ("mid", "Mid-market"), ("smb", "Small business")]
    cohorts = [("", "Everyone"), ("new", "New: first 90 days")]
    picker = [
        {"key": "segment", "label": "Segment", "options": segments, "value": ""},
        {"key": "cohort", "label": "Cohort", "options": cohorts, "value": ""},
    ]
    return Page(
        title=title,
        nav=nav,
        json_url=f"{path}.json",
        workspace="Northwind",
        as_of=AS_OF,
        picker=picker,
        query={},
        kept={},
        currency="EUR",
        provisional=more.pop("provisional", None),
        silent=more.pop("silent", None),
        **more,
    )


def stat(label: str, value: str | None, interval: str | None, note: str, tone: str = "") -> dict[str, Any]:
    return {"label": label, "value": value, "interval": interval, "note": note, "tone": tone}


def links(*labels: str, chosen: int = 0) -> list[dict[str, Any]]:
    return [{"label": label, "href": f"/curve?x={i}", "is_chosen": i == chosen} for i, label in enumerate(labels)]


MOVED_KEY = "moved/2026-10-05/2026-11-02"
MOVED = {
    "since": date(2026, 10, 5),
    "until": date(2026, 11, 2),
    "before": 21.4,
    "after": 18.1,
    "n_stayed": 1204,
    "rows": [
        {"label": label, "points": points, "low": points - 0.6, "high": points + 0.6, "key": f"{MOVED_KEY}/rate"}
        for label, points in (
            ("Customers who left (31)", 0.4),
            ("New customers (58)", -0.3),
            ("Moves between stages", 0.2),
            ("Integration failed", -2.2),
            ("Silence", -1.6),
        )
    ]
    + [{"label": "Other signals", "points": 0.2, "low": None, "high": None, "key": None}],
    "total": {"label": "All together", "points": -3.3, "low": -4.6, "high": -2.0, "key": f"{MOVED_KEY}/change"},
    "reason": None,
}


def curve_page(x: str = "week") -> Page:
    made = {
        "week": (curve_points(), WEEK_STAGES, WEEK_ZONES, DROPS, NOTES),
        "position": (
            position_points(),
            POSITION_STAGES,
            POSITION_ZONES,
            (Drop(3.4, -27.4, DROPS[0].signals, "in Invest"),),
            (),
        ),
        "date": (
            date_points(),
            (),
            (),
            (),
            (Note(date(2026, 3, 2), "New onboarding"), Note(date(2026, 7, 6), "Weights learned", True)),
        ),
    }[x]
    wide, narrow = (charts.curve(*made, x=x, width=width, currency="EUR") for width in (charts.WIDE, charts.NARROW))  # type: ignore[arg-type]
    drops = [
        {"label": d.where.removeprefix("in "), "where": f"week {d.x:g}", "change": d.change, "signals": d.signals}
        for d in made[3]
    ]
    zones = [
        {
            "label": z.label,
            "href": "/drift#z",
            "stall_share": z.stall_share,
            "low": 0.2,
            "high": 0.4,
            "n_drifting": 41,
            "impact_revenue": z.impact_revenue,
            "is_real_change": z.is_real_change,
            "reason": None,
        }
        for z in POSITION_ZONES[1:]
    ]
    zones.insert(
        0,
        {**zones[0], "label": "Obstacle → Research", "stall_share": None, "impact_revenue": None, "reason": "too_few"},
    )
    waiting = [
        {"name": n, "href": "/customers/1", "days": d, "owner": o}
        for n, d, o in (
            ("Wonka Foods", 41, "Maya Lind"),
            ("Gringotts", 27.4, None),
            ("Virtucon International Holdings", 12, "Sam Ortiz"),
            ("Duff", 4.2, "Maya Lind"),
        )
    ]
    return common(
        "Real CX Curve",
        "curve",
        "/curve",
        x=x,
        may_write=True,
        axes=links("By week", "By stage", "By date", chosen=("week", "position", "date").index(x)),
        versions=links("Survivors only", "Weighted for those who left") if x == "week" else (),
        meaning="Survivors only: the mean of the customers still there at each week." if x == "week" else None,
        moved=MOVED if x == "date" else None,
        picture=wide,
        picture_narrow=narrow,
        drops=drops,
        zones=zones,
        reason=None,
        provisional="Expert weights: 18 exits so far, and 25 are needed to learn them from your own customers.",
        focus=[
            stat("Time to Value, median", "12 days", "10 to 14", "target 7 days", "bad"),
            stat("Journey Friction Index", "24", "22 to 26", "smooth; 2 less than four weeks ago, not sure"),
        ],
        stats=[
            stat("Momentum Score", "54", "52 to 57", "+4 on four weeks ago, a real change", "good"),
            stat("Drift Zone Impact", "€342k", "€210k to €486k", "187 customers drifting", "warn"),
            stat("Advocacy rate", None, None, "Too few customers are ready yet"),
        ],
        notes=[
            {"at": date(2026, 5, 3), "text": "New onboarding, guided set-up"},
            {"at": date(2026, 9, 14), "text": "Release 4.2"},
        ],
        waiting={"n": 63, "median_days": 9.5, "target_days": 7, "customers": waiting},
    )


def scorecard_page() -> Page:
    lines: list[tuple[Any, ...]] = [
        (
            "Net Promoter Score",
            "relationship",
            "number",
            34,
            21,
            47,
            40,
            False,
            31,
            False,
            None,
            212,
            None,
            "Ask detractors within 48 h",
        ),
        (
            "Net revenue retention",
            "relationship",
            "share",
            1.124,
            1.06,
            1.18,
            1.10,
            True,
            1.09,
            True,
            True,
            640,
            None,
            "Seats review at day 60",
        ),
        (
            "Time to Value, median",
            "journey",
            "days",
            12.4,
            10.1,
            14.2,
            7,
            False,
            13.1,
            False,
            None,
            188,
            None,
            "Success call after day 5",
        ),
        (
            "Onboarding completed",
            "journey",
            "share",
            0.714,
            0.66,
            0.76,
            0.8,
            False,
            0.76,
            True,
            False,
            402,
            None,
            "Scheduled set-up session",
        ),
        (
            "First contact resolution",
            "touchpoint",
            "share",
            0.78,
            0.74,
            0.82,
            0.75,
            True,
            0.77,
            False,
            None,
            940,
            None,
            "",
        ),
        (
            "Customer Effort Score",
            "touchpoint",
            "score",
            5.3,
            4.6,
            6.0,
            5,
            True,
            5.2,
            False,
            None,
            17,
            None,
            "Shorten the import",
        ),
        (
            "Self-service success",
            "touchpoint",
            "share",
            None,
            None,
            None,
            0.6,
            None,
            None,
            None,
            None,
            0,
            "no_events",
            "",
        ),
        (
            "Journey Friction Index",
            "leading",
            "index",
            24,
            22,
            26,
            20,
            False,
            26,
            False,
            None,
            1840,
            None,
            "Work the friction inventory",
        ),
        ("Momentum Score", "leading", "index", 54, 52, 57, 60, False, 50, True, True, 1840, None, ""),
    ]
    keys = (
        "label",
        "layer",
        "unit",
        "current",
        "low",
        "high",
        "target",
        "met",
        "previous",
        "is_real_change",
        "is_better",
        "n",
        "reason",
        "action",
    )
    rows = [dict(zip(keys, line, strict=True)) for line in lines]
    chance = random.Random(3)
    for row in rows:
        row |= {
            "metric": row["label"],
            "lead": "Maya Lind" if row["action"] else None,
            "supporting": ["Product", "Support"],
            "against": "4 weeks before",
            "definition": "What it is.",
            "is_thin": row["current"] is not None and row["n"] < 30,
            "note": "3 answers empty or outside 0 to 10 left out" if row["label"] == "Net Promoter Score" else "",
            "current_text": amount(row["current"], row["unit"], "EUR"),
            "target_text": "–" if row["target"] is None else amount(row["target"], row["unit"], "EUR"),
        }
        values = [50 + chance.gauss(0, 4) + index for index in range(12)]
        row["sparkline"] = (
            charts.sparkline(values, tone="bad" if row["is_better"] is False else "") if row["current"] else None
        )
    left = [{"name": name, "href": "/customers/1", "told": "12 days ago", "owner": None} for name in ("Acme", "Duff")]
    named = [{"title": "Left in the last 28 days", "n": 3, "customers": left}]
    return common("Scorecard", "scorecard", "/scorecard", rows=rows, week_end=date(2026, 10, 26), named=named)


def drift_page() -> Page:
    zones = []
    for index, (a, b) in enumerate(PASSAGES):
        stall, leak = 0.18 + 0.05 * index, 0.06 + 0.03 * index
        real = {"p": 0.004, "effect": 0.07, "low": 0.02, "high": 0.12, "is_real": True}
        unsure = {"p": 0.41, "effect": -0.01, "low": -0.05, "high": 0.03, "is_real": False}
        drifting = [
            {
                "name": name,
                "href": "/customers/1",
                "owner": "Maya Lind",
                "days": 30 + 9 * place,
                "revenue": 48_000 / (place + 1),
                "progress_share": None if place == 3 else 0.31 - 0.06 * place,
                "exit_share": 0.04,
                "lost_share": 0.2,
                "worth_saving_revenue": 14_000.0 / (place + 1),
                "impact_revenue": 9_600.0,
                "reason": "not_followed" if place == 3 else None,
            }
            for place, name in enumerate(("Wonka Foods", "Virtucon International Holdings", "Duff", "Slate Rock"))
        ]
        signals = [
            {"signal": s, "odds_ratio": 3.4 - 0.6 * i, "low": 1.9 - 0.3 * i, "high": 6.1 - i}
            for i, s in enumerate(SIGNALS[:3])
        ]
        moves = [
            {
                "label": "Friction",
                "week_end": datetime(2026, 8, 30, 23, 59, tzinfo=UTC),
                "from_level": 24.0,
                "to_level": 38.0,
                "is_worse": True,
            }
        ]
        zones.append(
            {
                "anchor": f"{a}-{b}".lower(),
                "key": f"drift/{a}".lower(),
                "from_label": a,
                "to_label": b,
                "n_entered": 1840 - 300 * index,
                "window_days": 180,
                "n_progressed": 1200 - 220 * index,
                "n_exited": 120,
                "n_open": 260,
                "progressed_share": 1 - stall - leak,
                "stall_share": stall,
                "low": stall - 0.04,
                "high": stall + 0.04,
                "leak_share": leak,
                "tau_days": 21 + 8 * index,
                "is_tau_expected": False,
                "n_present": 12 if index == 0 else 0,
                "present": drifting[:2] if index == 0 else [],
                "change": real if index == 3 else unsure if index else None,
                "n_drifting": 41,
                "drifting": drifting if index else [],
                "impact_revenue": 184_000.0 / (index + 1),
                "impact_low": 121_000.0 / (index + 1),
                "impact_high": 246_000.0,
                "impact_reason": None,
                "moves": moves if index == 2 else [],
                "moves_reason": "too_few" if index == 3 else None,
                "signals": signals if index else [],
                "bridge": BRIDGES if index else (),
                "flow": charts.flow(1 - stall - leak, stall, leak),
                "reason": None,
            }
        )
    zones[0] |= {"reason": "too_few", "flow": None}
    return common("Drift zones", "drift", "/drift", zones=zones)


def ttv_page() -> Page:
    def row(label: str, n: int, share: float | None) -> dict[str, Any]:
        reason = None if share is not None else "not_followed"
        return {
            "label": label,
            "key": "ttv/month/2026-03",
            "n": n,
            "n_waiting": n // 5,
            "median_days": share and 6.2 / share,
            "median_low": share and 5.1 / share,
            "median_high": share and 8.3 / share,
            "median_reason": reason,
            "reached": [share, share and share + 0.1, share and share + 0.2],
            "target_share": share,
            "target_low": share and share - 0.07,
            "target_high": share and share + 0.07,
            "reason": reason,
        }

    test = {"effect": 0.08, "low": 0.01, "high": 0.15, "p": 0.012, "is_real": True, "is_crossing": False}
    crossing = {"is_crossing": True, "longer_days": 6.1, "longer_low": 1.2, "longer_high": 11.0, "horizon_days": 90}
    compared = [test, {**test, "effect": -0.08, "p": 0.4, "is_real": False, **crossing}, None]
    values = ("Enterprise", "Small business with a long name", "Mid-market")
    rows = [
        {**row(value, 210, 0.48 - 0.1 * i), "compared": compared[i], "compared_reason": None if i < 2 else "too_few"}
        for i, value in enumerate(values)
    ]
    steps = [
        charts.SurvivalStep(day, 1 - 0.97**day, 0.96 - 0.97**day, 1.04 - 0.97**day, 900 - 9 * day)
        for day in range(2, 91)
    ]
    pictures = [charts.survival(steps, horizon_days=90, target_days=7, width=w) for w in (charts.WIDE, charts.NARROW)]
    names = ("Wonka Foods", "Virtucon International Holdings", "Duff")
    waiting = [
        {"name": n, "customer_id": n, "href": "/customers/1", "days": 41 / (i + 1) ** 2, "owner": None, "revenue": 48e3}
        for i, n in enumerate(names)
    ]
    months = [row(f"{name} 2026", 40 + 3 * i, 0.5) for i, name in enumerate(("Nov", "Oct", "Sep"))]
    return common(
        "Time to value",
        "ttv",
        "/ttv",
        stats=[
            stat("Median", "12 days", "10 to 14 days", "of 912 customers who started; target 7 days"),
            stat("Reached by day 7", "34 %", "31 % to 37 %", "the target"),
            stat("Waiting now", "63", None, "41 of them for more than 7 days"),
        ],
        picture=pictures[0],
        picture_narrow=pictures[1],
        pace={"recent_days": 180, "recent": 11.0, "earlier": 13.0, "p": 0.03, "is_real": True},
        days=(7.0, 10.0, 14.0),
        compared_days=7.0,
        months=[row("Dec 2026", 12, None), *months],
        cohorts=[("Segment", rows)],
        waiting=waiting,
        n_waiting=63,
        target_days=7.0,
        reason=None,
    )


def customers_page() -> Page:
    chance = random.Random(5)
    names = (
        "Wonka Foods",
        "Duff",
        "Sirius",
        "Gringotts",
        "Slate Rock",
        "Virtucon International Holdings",
        "Northwind",
        "Zorg",
        "Acme & Sons",
        "Ünïcode GmbH 🚀",
    )
    rows = []
    for index, name in enumerate(names):
        friction, momentum = chance.uniform(2, 90), chance.uniform(15, 85)
        values = [momentum - friction + chance.gauss(0, 6) - week for week in range(12)]
        rows.append(
            {
                "customer_id": f"c-{index}",
                "href": f"/customers/c-{index}",
                "name": name,
                "segment": ("Enterprise", "Mid-market", None)[index % 3],
                "stage": STAGES[index % 6],
                "since": f"since {day(date(2026, 8, 1 + index))}",
                "friction_index": friction,
                "momentum_index": momentum,
                "level": momentum - friction,
                "sparkline": charts.sparkline(values, tone="bad" if friction > 60 else ""),
                "revenue": 4200.0 * (index + 1) ** 2,
                "owner": ("Maya Lind", None)[index % 2],
                "pair": None if index == 6 else "stuck",
                "states": ["new"] if index == 6 else ["drifting"] if index % 4 == 1 else [],
                "tones": {"drifting": "warn"},
            }
        )
    rows += [{**row, "href": f"{row['href']}{copy}"} for copy in range(4) for row in rows]
    rows[7] |= {
        "stage": None,
        "since": reason("outside"),
        "friction_index": None,
        "momentum_index": None,
        "level": None,
        "sparkline": None,
    }
    wide, narrow = (
        charts.scatter(scatter_points(), width=w, limit=n, currency="EUR")
        for w, n in ((charts.WIDE, DRAWN), (charts.NARROW, DRAWN_NARROW))
    )
    pager = {"page": 2, "pages": 5, "n": 2000, "first": 51, "last": 100}
    return common(
        "Customers",
        "customers",
        "/customers",
        table=replace(
            grid(
                COLUMNS,
                (),
                Asked({}, Whom()),
                sort="-friction_index",
                noun="customer",
                searched=("name",),
                filters=(Field("state", "State", (("", "Any state"), ("stuck", "stuck")), ""),),
                csv_path="/customers.csv",
                currency="EUR",
            ),
            rows=tuple(rows),
            pager=pager,
        ),
        scatter=wide,
        scatter_narrow=narrow,
        state="",
    )


def customer_page() -> Page:
    start = date(2026, 3, 2)
    points = [
        CurvePoint(
            start + timedelta(weeks=w), wave(w + 8)[0] - wave(w + 8)[1], None, None, wave(w + 8)[1], wave(w + 8)[0]
        )
        for w in range(35)
    ]
    stays = [
        StageBand("Benchmark", start, date(2026, 4, 13)),
        StageBand("Invest", date(2026, 4, 13), date(2026, 6, 22)),
        StageBand("Transform", date(2026, 6, 22), date(2026, 11, 1)),
    ]
    marks = [
        EventMark(start + timedelta(days=9 * i), "ticket opened", ("drag", "pull", "note")[i % 3]) for i in range(24)
    ]  # type: ignore[arg-type]
    wide, narrow = (charts.customer_curve(points, stays, marks, width=w) for w in (charts.WIDE, charts.NARROW))
    events = [
        {
            "event_id": f"e{i}",
            "at": datetime(2026, 10, 20 + i, 9, 12, tzinfo=UTC),
            "label": "Ticket reopened",
            "channel": "mail",
            "text": "Third time I write about the same import" if i else None,
        }
        for i in range(2)
    ]
    timeline = [
        {
            "at": datetime(2026, 10, 30 - i, 14, 40, tzinfo=UTC),
            "label": label,
            "channel": channel,
            "text": text,
            "kind": kind,
            "event_id": f"e{i}",
            "person": "p-1",
        }
        for i, (label, channel, text, kind) in enumerate(
            (
                ("Viewed pricing", "web", "3 visits in 2 days", ""),
                ("Ticket reopened", "mail", "Third time I write about the same import", "friction"),
                ("Core feature used", "product", None, "momentum"),
                ("Entered Transform", None, "First value reached", "stage"),
                ("Call with the admin, 24 min", "phone", None, ""),
            )
        )
    ]
    friction = [
        {"signal": s, "points": p, "events": events if s != "silence" else [], "n_events": 3 if s != "silence" else 0}
        for s, p in zip(SIGNALS[:4], (11.4, 7.0, 4.2, 2.4), strict=True)
    ]
    momentum = [
        {"signal": s, "points": p, "events": events, "n_events": 2}
        for s, p in (("core_feature_used", 42.1), ("training_completed", 18.9))
    ]
    return common(
        "Wonka Foods",
        "customers",
        "/customers/c-1042",
        result=Page(autopsy=None),
        level=36,
        friction_index=25.0,
        momentum_index=61.0,
        percentile=0.87,
        picture=wide,
        picture_narrow=narrow,
        customer={
            "customer_id": "c-1042",
            "name": "Wonka Foods",
            "segment": "Enterprise",
            "owner": "Maya Lind",
            "revenue": 48_200.0,
            "revenue_note": None,
            "stage": "Transform",
            "stage_since": date(2026, 6, 22),
            "pair": "stuck",
            "pair_since": date(2026, 8, 3),
            "states": (("slipping back", date(2026, 9, 14)),),
            "mindset": "reactive",
            "mood": {
                "word": "angry",
                "tone": "bad",
                "quote": "Third time I write about the same import",
                "at": date(2026, 10, 29),
            },
        },
        typical={"level": 31, "friction_index": 20, "momentum_index": 50},
        friction=friction,
        momentum=momentum,
        timeline=Page(
            events=timeline,
            is_filtered=False,
            event="e1",
            fields=[Field("source", "Source", (("", "All"), ("crm", "crm (12)"), ("web", "web (41)")), "")],
            pager={"page": 1, "pages": 4, "n": 190, "first": 1, "last": 50},
        ),
        reason=None,
        stays=[
            {
                "stage": b.label,
                "entered_at": b.start,
                "left_at": None if b.label == "Transform" else b.end,
                "days": 42,
                "ended_by": "progressed",
                "cycle": 1,
            }
            for b in stays
        ],
        committee={
            "members": [
                {
                    "name": "Charlie B.",
                    "role": "economic buyer, CFO",
                    "seen_at": date(2026, 10, 2),
                    "contact_at": date(2026, 9, 1),
                    "mood": {"word": "bad mood", "tone": "bad"},
                },
                {"name": "Willy W.", "role": "role not known", "seen_at": None, "contact_at": None, "mood": None},
            ],
            "n_more": 0,
            "missing": ["legal", "procurement"],
            "coverage_share": 0.6,
        },
        remarks={
            "is_shown": True,
            "notes": [
                {"note_id": "n1", "text": "Wants the invoice by post", "written_by": "ada", "at": date(2026, 10, 1)}
            ],
            "wrong": [{"signal": "decline", "reason": "On holiday", "said_by": "ada", "at": date(2026, 10, 1)}],
        },
        alarms=(("decline", "Decline"), ("ticket_reopened", "Ticket reopened")),
        may_write=True,
        drifting={"days": 132, "tau_days": 96, "progress_share": 0.12, "zone": "Transform → Share"},
        brief=[
            {
                "key": key,
                "heading": heading,
                "sentences": [
                    {
                        "text": text,
                        "events": [{**one, "href": "?event=e1"} for one in events],
                        "n_events": 3,
                        "facts": "journey.yaml",
                    }
                ],
            }
            for key, heading, text in (
                ("mood", "Mood", "Mood bad on 29 Oct 2026: “Third time I write about the same import”"),
                ("self_service", "Self-service", "Tried self-service on imports twice today and found no answer."),
                ("next", "Next step", "Answer their question on imports, and stay until it works."),
            )
        ],
        left_out=[{"heading": "Stage", "reason": "no stage of the journey was reached yet"}],
    )


def error_page() -> Page:
    return common(
        "Not found", "", "/404", status=404, message="Customer “c-9999” is not known.", advice="Did you mean “c-999”?"
    )


def pages() -> dict[str, tuple[str, Page]]:
    """File name to (template, context)."""
    return {
        "curve": ("curve.html", curve_page()),
        "curve-position": ("curve.html", curve_page("position")),
        "curve-date": ("curve.html", curve_page("date")),
        "scorecard": ("scorecard.html", scorecard_page()),
        "drift": ("drift.html", drift_page()),
        "ttv": ("ttv.html", ttv_page()),
        "customers": ("customers.html", customers_page()),
        "customer": ("customer.html", customer_page()),
        "error": ("error.html", error_page()),
    }
