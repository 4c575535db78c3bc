"""The simulated company: its files are sound, and what is planted can be found in them."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
import subprocess
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import cxcurve.model
from cxcurve.errors import BadValueError
from cxcurve.model import cross_check, read_journey, read_sources
from cxcurve.sources.company_names import CAPACITY, company_name, company_names
from cxcurve.sources.loading import read_source
from cxcurve.sources.simulated import SOURCES, Company, Shock, Truth, Zone, simulate, write
from cxcurve.sources.simulated_clock import DAY, HOUR, WEEK, at_work, instant, monday
from cxcurve.sources.simulated_kinds import INDEX, KINDS, STAGES, STATES, UNTIL, VALENCES
from cxcurve.sources.simulated_log import join
from cxcurve.sources.simulated_market import draw_market
from cxcurve.sources.simulated_truth import plant
from cxcurve.sources.simulated_weeks import ENTRIES, Walk

STARTER = Path(cxcurve.model.__file__).parent / "starters" / "b2b-saas" / "journey.yaml"
END = date(2026, 6, 25)  # a Thursday: the last week is cut
ENTRY_OF = {name: stage for stage, names in enumerate(ENTRIES) for name in names}
EXITS = ("deal_lost", "subscription_cancelled")
COMPLAINTS = {kind.name for kind in KINDS if "complaint" in kind.flags}
needs_starter = pytest.mark.skipif(not STARTER.exists(), reason="the b2b-saas starter is not there")


def moments(texts: pd.Series) -> pd.Series:
    """UTC instants without a zone of their own."""
    return pd.to_datetime(texts.str.removesuffix("Z"))


@pytest.fixture(scope="module")
def company() -> Company:
    return simulate(customers=1000, end=END)


@pytest.fixture(scope="module")
def events(company: Company) -> pd.DataFrame:
    frame = pd.concat([table.to_pandas() for table in company.events.values()], ignore_index=True)
    frame["at"] = moments(frame["occurred_at"])
    customers = company.customers.to_pandas()[["customer_id", "segment", "seats"]]
    return frame.merge(customers, left_on="account_id", right_on="customer_id").sort_values("at", kind="stable")


def fingerprint(company: Company) -> str:
    digest = hashlib.sha256(json.dumps(company.truth, sort_keys=True).encode())
    for table in (company.customers, company.people, *company.events.values()):
        digest.update(table.to_pandas().to_csv().encode())
    return digest.hexdigest()


# --- deterministic


def test_the_same_seed_gives_the_same_company_and_another_seed_another():
    first, second, other = (simulate(customers=50, weeks=20, seed=seed, end=END) for seed in (3, 3, 4))
    assert fingerprint(first) == fingerprint(second)
    assert fingerprint(first) != fingerprint(other)


def test_another_process_gives_the_same_company():
    code = "import test_simulated as t; print(t.fingerprint(t.simulate(customers=50, weeks=20, seed=3, end=t.END)))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
        env={"PYTHONHASHSEED": "99", "PYTHONPATH": str(Path(cxcurve.model.__file__).parents[2])},
    )
    assert run.stdout.strip() == fingerprint(simulate(customers=50, weeks=20, seed=3, end=END))


# --- sound


def test_event_ids_are_unique_over_all_files(events: pd.DataFrame):
    assert events["event_id"].is_unique


def test_each_file_is_in_order_of_time_and_ends_before_the_end(company: Company):
    for table in company.events.values():
        times = table["occurred_at"].to_pylist()
        assert times == sorted(times)
        assert times[-1] < "2026-06-25T00:00:00Z"
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time) for time in times)


def test_every_event_names_a_known_customer_and_one_of_its_people(company: Company, events: pd.DataFrame):
    people = company.people.to_pandas()
    assert set(events["account_id"]) == set(company.customers["customer_id"].to_pylist())
    assert set(people["customer_id"]) == set(company.customers["customer_id"].to_pylist())
    owner = people.set_index("person_id")["customer_id"]
    known = events.dropna(subset=["person_id"])
    assert len(known) > 0.8 * len(events)
    assert (owner[known["person_id"]].to_numpy() == known["account_id"].to_numpy()).all()


def test_partners_and_creation_agree_with_the_customers(company: Company, events: pd.DataFrame):
    customers = company.customers.to_pandas().set_index("customer_id")
    assert customers["name"].is_unique
    partner = customers["partner_id"].reindex(events["account_id"]).to_numpy()
    assert (pd.Series(partner).fillna("") == events["partner_id"].reset_index(drop=True).fillna("")).all()
    first = events.groupby("account_id")["occurred_at"].min()
    assert (first == customers["created_at"].reindex(first.index)).all()


def test_stages_follow_the_journey(events: pd.DataFrame):
    """No event of a later stage before its entry, value only after purchase, cancelling only what was bought."""
    stage: dict[str, int | None] = defaultdict(lambda: None)
    returned = set()
    for row in events[events["name"].isin([*ENTRY_OF, *EXITS])].itertuples():
        now, name = stage[row.account_id], row.name
        if name in EXITS:
            assert now is not None
            assert (name == "subscription_cancelled") == (now >= STAGES.index("invest"))
            stage[row.account_id] = -1
            continue
        to = ENTRY_OF[name]
        if name == "review_posted" and row.value < 4:
            continue
        if to == STAGES.index("transform"):
            assert now == STAGES.index("invest")
        if now == -1:
            returned.add(row.account_id)
        stage[row.account_id] = to if now in (None, -1) else max(now, to)
        assert now in (None, -1) or to >= STAGES.index("transform") or stage[row.account_id] - now <= 2
    assert len(returned) > 5


def test_every_ending_has_its_beginning(events: pd.DataFrame):
    tickets = events[events["name"].isin(["ticket_opened", "urgent_ticket_opened", "ticket_closed"])]
    opened = tickets[tickets["name"] != "ticket_closed"].set_index("conversation_id")
    closed = tickets[tickets["name"] == "ticket_closed"].set_index("conversation_id")
    assert opened.index.is_unique
    assert closed.index.is_unique
    assert set(closed.index) <= set(opened.index)
    assert (closed["at"] > opened["at"].reindex(closed.index)).all()
    assert (closed["account_id"] == opened["account_id"].reindex(closed.index)).all()
    days = (closed["at"] - opened["at"].reindex(closed.index)).dt.total_seconds() / 86400
    assert days.median() < 3 < days.max()
    assert len(closed) > 0.97 * len(opened)


def test_scores_are_on_their_scales_and_follow_satisfaction(company: Company, events: pd.DataFrame):
    for name, low, high in (("nps_answered", 0, 10), ("ces_answered", 1, 7), ("review_posted", 1, 5)):
        values = events.loc[events["name"] == name, "value"]
        assert set(values) <= set(range(low, high + 1))
        assert values.nunique() >= 4
    late = events[(events["name"] == "nps_answered") & (events["occurred_at"] > "2026-04")]
    mood = late["account_id"].map(company.truth["satisfaction"])
    assert np.corrcoef(mood, late["value"])[0, 1] > 0.4


def test_texts_belong_to_their_events(events: pd.DataFrame):
    texts = events.dropna(subset=["text"])
    assert set(texts["name"]) >= {"ticket_opened", "nps_answered", "deal_lost", "cancellation_asked"}
    assert texts.loc[texts["name"] == "ticket_opened", "text"].nunique() > 50
    praise = texts[(texts["name"] == "nps_answered") & texts["text"].str.contains("recommend|excellent|loves")]
    assert len(praise) > 0
    assert (praise["value"] >= 9).all()
    assert not texts["text"].str.contains(r"[{}]").any()


# --- the starter


@needs_starter
def test_every_event_of_the_starter_occurs_and_no_other(events: pd.DataFrame):
    journey, problems = read_journey(STARTER)
    assert journey is not None, problems
    assert set(events["name"]) == set(journey.signals)


@needs_starter
def test_expert_weights_and_half_lives_are_those_of_the_starter():
    journey, _ = read_journey(STARTER)
    assert journey is not None
    for kind in KINDS:
        signal = journey.signals[kind.name]
        scored = kind.name in VALENCES
        friction, momentum = (
            (signal.valence_friction, signal.valence_momentum) if scored else (signal.friction, signal.momentum)
        )
        assert (kind.friction, kind.momentum, kind.half_life_days) == (friction, momentum, signal.half_life.days), (
            kind.name
        )
        assert (signal.until, signal.per == "seats") == (UNTIL.get(kind.name), "seats" in kind.flags), kind.name
        assert (signal.by == "company", signal.keep == "latest") == ("company" in kind.flags, "latest" in kind.flags), (
            kind.name
        )
        assert kind.name in VALENCES or signal.valence is None
    assert {name: state.friction for name, state in journey.states.items()} == STATES


# --- the planted truth


def brute_force(walk: Walk, weights: dict[str, float], part: int, now: int, customer: int) -> float:
    """Sum of weight x log2(1 + n) of one customer, straight from definitions.md, 1."""
    log = join(walk.logs)
    log = log.where((log.customer == customer) & (log.at < now))
    rows = [
        (KINDS[k].name, at, v, p, c)
        for k, at, v, p, c in zip(log.kind, log.at, log.value, log.person, log.conversation, strict=True)
    ]
    total = 0.0
    for kind in KINDS:
        fade = lambda at, kind=kind: 2.0 ** (-(now - at) / (kind.half_life_days * DAY))  # noqa: E731
        mine = [row for row in rows if row[0] == kind.name]
        if "latest" in kind.flags:
            mine = list({row[3]: row for row in mine}.values())
        if kind.name in UNTIL:
            n, waiting = 0.0, list(mine)
            for _, at, _, _, key in [row for row in rows if row[0] == UNTIL[kind.name]]:
                mate = next((row for row in waiting if row[4] == key and row[1] <= at), None)
                if mate:
                    waiting.remove(mate)
                    n += fade(at)
            n += len(waiting)
        elif kind.name in VALENCES:
            n = sum(max(part * VALENCES[kind.name][int(row[2])], 0) * fade(row[1]) for row in mine)
        else:
            n = sum(fade(row[1]) for row in mine)
        n /= walk.market.seats_ratio[customer] if "seats" in kind.flags else 1
        total += weights[kind.name] * math.log2(1 + (n if n >= 1 / 32 else 0))
    return total


def test_hazards_rest_on_the_features_of_the_definitions():
    """What drives the planted hazards equals a plain recomputation from the event log."""
    rng, truth = np.random.default_rng(5), Truth(warm_up_weeks=1, before_share=0.9)
    first, end = monday(instant(date(2024, 3, 4))), instant(date(2025, 6, 2))
    weights = plant(truth, rng)
    walk = Walk(draw_market(40, truth, rng), truth, weights, first=first, end=end, rng=rng)
    for week in range(45):
        walk.step(week)
    now = first + 45 * WEEK
    drag, lift = walk.memory.drag(weights), walk.memory.lift(weights)
    assert (drag > 0.5).sum() > 5
    for customer in range(40):
        assert drag[customer] == pytest.approx(brute_force(walk, weights.friction, -1, now, customer), abs=1e-6)
        assert lift[customer] == pytest.approx(brute_force(walk, weights.momentum, 1, now, customer), abs=1e-6)


def cancelled_share_by_satisfaction(company: Company) -> tuple[float, float]:
    """Share of buyers who cancelled: the least and the most satisfied third."""
    billing = company.events["billing"].to_pandas()
    bought = billing.loc[billing["name"] == "subscription_started", "account_id"].unique()
    left = set(billing.loc[billing["name"] == "subscription_cancelled", "account_id"])
    order = sorted(bought, key=company.truth["satisfaction"].__getitem__)
    third = len(order) // 3
    return np.mean([c in left for c in order[:third]]), np.mean([c in left for c in order[-third:]])


def test_customers_with_more_friction_leave_more_and_only_through_the_planted_weights(company: Company):
    low, high = cancelled_share_by_satisfaction(company)
    assert low > 1.5 * high
    same_hazard = Truth(friction_scale=0.0, renewal_pull=0.0, exit_odds=(0.02, 0.02, 0.02, 0.005, 0.005, 0.005))
    low, high = cancelled_share_by_satisfaction(simulate(customers=1000, end=END, truth=same_hazard))
    assert abs(low - high) < 0.08


def test_leaving_without_any_friction_comes_at_the_planted_rate():
    truth = Truth(
        friction_scale=0.0,
        momentum_scale=0.0,
        renewal_pull=0.0,
        return_per_week=0.0,
        move_odds=(0.0,) * 6,
        exit_odds=(0.05,) * 6,
    )
    company = simulate(customers=1000, weeks=60, end=END, truth=truth)
    web = pd.concat([table.to_pandas() for table in company.events.values()])
    weeks = (pd.Timestamp(END) - moments(company.customers["created_at"].to_pandas())).dt.days / 7
    exits = web[web["name"].isin(EXITS)]
    expected = 1 - (1 / 1.05) ** (weeks - 0.5)
    assert len(exits) == pytest.approx(expected.sum(), abs=4 * math.sqrt((expected * (1 - expected)).sum()))


def reached_value_within(events: pd.DataFrame, days: int, chosen: pd.Series) -> float:
    start = events[events["name"] == "subscription_started"].groupby("account_id")["at"].min()
    goal = events[events["name"] == "first_value_reached"].groupby("account_id")["at"].min()
    start = start[chosen.reindex(start.index)]
    start = start[start < events["at"].max() - pd.Timedelta(days=days)]
    return float(((goal.reindex(start.index) - start).dt.days < days).mean())


def test_the_drift_zone_is_visible_in_the_raw_data(company: Company, events: pd.DataFrame):
    zone = company.truth["zone"]
    begins = pd.Timestamp(zone["from"])
    start = events[events["name"] == "subscription_started"].groupby("account_id")["at"].min()
    segment = company.customers.to_pandas().set_index("customer_id")["segment"].reindex(start.index)
    hit, late = segment == zone["segment"], start >= begins
    shares = {
        (h, at): reached_value_within(events, 21, (hit == h) & (late == at))
        for h in (True, False)
        for at in (True, False)
    }
    assert shares[True, True] < shares[True, False] - 0.2
    assert abs(shares[False, True] - shares[False, False]) < 0.12
    failed = events[(events["name"] == zone["signal"]) & (events["segment"] == zone["segment"])]
    in_invest = failed[(failed["at"] - start.reindex(failed["account_id"]).to_numpy()).dt.days < 21]
    per_start = [
        (in_invest["at"] >= begins).sum() / late[hit].sum(),
        (in_invest["at"] < begins).sum() / (~late[hit]).sum(),
    ]
    assert per_start[0] > 2 * per_start[1]


def test_without_a_zone_nothing_drifts():
    company = simulate(customers=700, end=END, truth=Truth(zone=None, shocks=()))
    assert company.truth["zone"] is None
    frame = pd.concat([table.to_pandas() for table in company.events.values()])
    frame["at"] = moments(frame["occurred_at"])
    start = frame[frame["name"] == "subscription_started"].groupby("account_id")["at"].min()
    middle = company.customers.to_pandas().set_index("customer_id")["segment"].reindex(start.index) == "Mid-market"
    late = start >= pd.Timestamp("2025-09-22")
    assert abs(reached_value_within(frame, 21, middle & late) - reached_value_within(frame, 21, middle & ~late)) < 0.2


def test_shocks_hit_the_told_number_of_customers_on_the_told_day(company: Company, events: pd.DataFrame):
    outage = company.truth["shocks"][0]
    begins = pd.Timestamp(outage["at"])
    hits = events[events["name"] == outage["signal"]]
    per_week = hits.groupby((hits["at"] - begins).dt.days // 7)["account_id"].nunique()
    assert 0.6 * outage["n_hit"] < per_week[0] <= outage["n_hit"] + 5
    assert per_week[0] > 10 * per_week.drop(0).median()


def test_seasons_weekdays_and_hours_are_visible(events: pd.DataFrame):
    core = events[events["name"] == "core_feature_used"]
    days = core.groupby(core["at"].dt.date).size()
    days.index = pd.to_datetime(days.index)
    workdays = days[days.index.day_of_week < 5]
    assert workdays["2025-12-22":"2026-01-02"].mean() < 0.6 * workdays["2025-11-24":"2025-12-12"].mean()
    assert workdays["2025-08-04":"2025-08-29"].mean() < 0.9 * workdays["2025-09-08":"2025-10-03"].mean()
    by_day = days.groupby(days.index.day_of_week).sum()
    assert by_day.idxmax() == 0
    assert by_day[[5, 6]].max() < 0.15 * by_day[0]
    assert core["at"].dt.hour.between(8, 17).mean() > 0.85
    assert core["at"].dt.second.nunique() == 60


def test_some_leave_loudly_and_some_fade_away_without_a_word(events: pd.DataFrame):
    left = events[events["name"] == "subscription_cancelled"].groupby("account_id")["at"].min()
    mine = events[events["account_id"].isin(left.index)]
    days = (left.reindex(mine["account_id"]).to_numpy() - mine["at"]).dt.total_seconds() / 86400
    is_bad = mine["name"].isin(COMPLAINTS) | ((mine["name"] == "nps_answered") & (mine["value"] <= 6))
    loud = set(mine.loc[is_bad & days.between(0, 90), "account_id"])
    assert 0.15 < 1 - len(loud) / len(left) < 0.6
    settled = set(mine.loc[(mine["name"] == "first_value_reached") & (days > 120), "account_id"])
    core = mine[(mine["name"] == "core_feature_used") & mine["account_id"].isin(settled - loud)]
    ago, customer = days[core.index], core["account_id"]
    last, before = ago.between(0, 28).groupby(customer).sum(), ago.between(84, 112).groupby(customer).sum()
    used = last + before > 0
    assert used.sum() > 20
    assert (last / (last + before))[used].mean() < 0.42


def test_marginal_totals_read_like_a_company(company: Company, events: pd.DataFrame):
    counts = company.truth["counts"]
    assert 100 < counts["events"] / counts["customers"] < 300
    assert 0.5 < counts["bought"] / counts["customers"] < 0.8
    start = events[events["name"] == "subscription_started"].groupby("account_id")["at"].min()
    left = events[events["name"] == "subscription_cancelled"].groupby("account_id")["at"].min()
    until = left.reindex(start.index).fillna(pd.Timestamp(END))
    years = (until - start).dt.total_seconds().clip(lower=0).sum() / (365.25 * 86400)
    assert 0.15 < len(left) / years < 0.3
    everyone = pd.Series(True, index=start.index)
    assert reached_value_within(events, 7, everyone) < 0.5 < reached_value_within(events, 18, everyone)
    advocates = events[
        events["name"].isin(ENTRIES[-1]) & ~((events["name"] == "review_posted") & (events["value"] < 4))
    ]
    assert 0.08 < advocates["account_id"].nunique() / counts["reached_value"] < 0.3


# --- truth.json and the files


def test_truth_is_complete_and_near_the_expert_weights(company: Company):
    truth = json.loads(json.dumps(company.truth))
    assert truth == company.truth
    assert set(truth["signals"]) == set(INDEX)
    for name, planted in truth["signals"].items():
        prefix = "valence_" if name in VALENCES else ""
        for side in ("friction", "momentum"):
            expert, true = planted[f"expert_{prefix}{side}"], planted[f"{prefix}{side}"]
            assert (true == 0) == (expert == 0)
            assert expert == 0 or abs(math.log(true / expert)) < 1
    assert any(p.get("friction") != p.get("expert_friction") for p in truth["signals"].values())
    assert set(truth["stages"]) == set(STAGES)
    assert set(truth["states"]) == set(STATES)
    assert len(truth["satisfaction"]) == 1000
    assert (truth["start"], truth["end"], truth["seed"], truth["weeks"]) == ("2024-06-27", "2026-06-25", 7, 104)
    assert truth["start"] < truth["zone"]["from"] < truth["end"]
    assert all(truth["start"] < shock["at"] < truth["end"] and shock["n_hit"] > 0 for shock in truth["shocks"])
    assert truth["counts"]["events"] == sum(table.num_rows for table in company.events.values())
    assert truth["counts"]["n_subscription_cancelled"] >= truth["counts"]["cancelled"] > 0


def test_written_files_are_read_whole_by_the_file_source(tmp_path: Path):
    company = simulate(customers=60, weeks=30, end=END)
    write(company, tmp_path)
    sources, problems = read_sources(tmp_path / "sources.yaml")
    assert sources is not None
    assert problems == []
    assert set(sources) == {*SOURCES, "customers", "people"}
    for name, table in [*company.events.items(), ("customers", company.customers), ("people", company.people)]:
        batches = list(read_source(sources[name], tmp_path, received_us=instant(END) * 1_000_000, known_events=INDEX))
        assert sum(batch.n_used for batch in batches) == table.num_rows
        assert [batch.refused for batch in batches] == [()] * len(batches)
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8")) == company.truth


@needs_starter
def test_written_sources_fit_the_starter(tmp_path: Path):
    write(simulate(customers=5, weeks=10, end=END), tmp_path)
    sources, _ = read_sources(tmp_path / "sources.yaml")
    journey, _ = read_journey(STARTER)
    assert journey is not None
    assert sources is not None
    assert cross_check(journey, sources, tmp_path / "sources.yaml") == []


def test_customers_csv_is_what_a_user_would_have(tmp_path: Path):
    write(simulate(customers=200, weeks=20, end=END), tmp_path)
    with (tmp_path / "data" / "customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 200
    assert {row["segment"] for row in rows} == {"SMB", "Mid-market", "Enterprise"}
    assert all(float(row["revenue_per_year"]) > 0 and int(row["seats"]) >= 1 for row in rows)
    assert all(re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", row["name"]) for row in rows)
    assert 0 < sum(row["partner_id"] != "" for row in rows) < 100


# --- misuse


def test_arguments_out_of_range_are_refused_with_what_was_expected():
    with pytest.raises(BadValueError, match="customers is 0; expected 1 to 1"):
        simulate(customers=0, end=END)
    with pytest.raises(BadValueError, match="weeks is 3; expected 8 or more"):
        simulate(customers=5, weeks=3, end=END)
    with pytest.raises(BadValueError, match=r"quiet_share is 1\.5; expected a share from 0 to 1"):
        Truth(quiet_share=1.5)
    with pytest.raises(BadValueError, match='"integration_broke" is no event of the simulated company'):
        Truth(zone=Zone(signal="integration_broke"))
    with pytest.raises(BadValueError, match='"storm" is no event of the simulated company'):
        Truth(shocks=(Shock("storm", 10, "storm", 0.5, 2.0, -1.0),))


# --- its parts


def test_company_names_are_unique_for_a_hundred_thousand():
    names = company_names(100_000)
    assert len(set(names)) == 100_000
    assert names == [company_name(i) for i in range(100_000)]
    with pytest.raises(
        BadValueError, match=rf"company number {CAPACITY} has no name; numbers go from 0 to {CAPACITY - 1}"
    ):
        company_name(CAPACITY)


def test_work_moves_to_the_next_working_morning():
    friday_evening, sunday_noon, tuesday_night = (
        instant(date(2026, 1, d)) + h * HOUR for d, h in ((2, 20), (4, 12), (6, 3))
    )
    moved = at_work(np.array([friday_evening, sunday_noon, tuesday_night, tuesday_night + 8 * HOUR]))
    days = [pd.Timestamp(t, unit="s") for t in moved]
    assert [(t.day, 8 <= t.hour < 18) for t in days] == [(5, True), (5, True), (6, True), (6, True)]
    assert moved[3] == tuesday_night + 8 * HOUR
    assert (moved >= [friday_evening, sunday_noon, tuesday_night, 0]).all()


@pytest.mark.parametrize(("customers", "is_rare"), [(60, True), (500, False)])
def test_a_source_of_a_small_company_may_be_silent_for_longer(tmp_path: Path, customers: int, is_rare: bool):
    made = simulate(customers=customers, seed=7)
    write(made, tmp_path)
    told = yaml.safe_load((tmp_path / "sources.yaml").read_text("utf-8"))
    gaps = {name: int(told[name]["expected_gap"].removesuffix("d")) for name in SOURCES}
    at = {name: sorted({str(when)[:10] for when in made.events[name]["occurred_at"].to_pylist()}) for name in SOURCES}
    for name, days in at.items():
        mean = (date.fromisoformat(days[-1]) - date.fromisoformat(days[0])).days / (len(days) - 1)
        assert gaps[name] >= 6 * mean, name
    assert gaps["product"] == 7
    assert (gaps["community"] > 120) is is_rare
