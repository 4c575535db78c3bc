"""The sources of each service on rows that real connections brought (values scrubbed, keys that often do not join).

The rows are kept as tables by then: here they get the names and units back that the API gives them.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxcurve.model import read_journey
from cxcurve.model.sources import Source
from cxcurve.model.starters import copy_starter
from cxcurve.sources import derive_staged, fetch_source
from cxcurve.sources.connectors import Page
from cxcurve.sources.connectors.pendo import with_key
from cxcurve.sources.connectors.services import service_named
from cxcurve.sources.connectors.stripe import with_money

SEEDS = Path(__file__).parents[4] / "shared" / "data" / "fivetran_seeds"
NOW_US = 1_790_000_000_000_000
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SEEDS.is_dir(), reason="the shared data (../shared/data) is not here"),
]
Row = dict[str, Any]


def seconds(text: str | None) -> float | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() if text else None


def epochs(*names: str, factor: float = 1) -> Callable[[Row], Row]:
    return lambda row: row | {name: row[name] and round(seconds(row[name]) * factor) for name in names}


def renamed(**theirs: str) -> Callable[[Row], Row]:
    return lambda row: row | {ours: row.get(name) for ours, name in theirs.items()}


def hubspot(row: Row) -> Row:
    """`property_x` is `properties.x` in the API; the time of the last change was left out."""
    found = {re.sub("^property_", "properties_", name): value for name, value in row.items()}
    extra = {"id": row.get("id") or row.get("deal_id"), "company_id": "somebody"}
    return found | extra | {"properties_hs_lastmodifieddate": row.get("_fivetran_synced") or row["property_createdate"]}


def deal(row: Row) -> Row:
    stage = row["deal_pipeline_stage_id"]
    closed = {"properties_hs_is_closed": stage in ("closedwon", "closedlost")}
    return hubspot(row) | closed | {"properties_dealstage": stage, "properties_hs_is_closed_won": stage == "closedwon"}


def salesforce(row: Row) -> Row:
    """AccountId for account_id, as the API has it."""
    found = {"".join(part.capitalize() for part in name.split("_")): value for name, value in row.items()}
    return found | {"SystemModstamp": row.get("system_modstamp") or row["_fivetran_synced"]}


def restored(row: Row) -> Row:
    return salesforce(row) | {"IsDeleted": "false", "Type": None}  # types are scrubbed


def money(row: Row) -> Row:
    numbers = {name: float(row[name]) for name in ("amount", "amount_refunded") if row.get(name)}
    return dict(with_money([row | numbers], None)[0])


def pendo(row: Row) -> Row:
    names = {"accountId": "account_id", "visitorId": "visitor_id", "featureId": "feature_id", "numEvents": "num_events"}
    found = {ours: row[name] for ours, name in names.items()}
    return dict(with_key([found | {"day": seconds(row["timestamp"]) * 1000}], None)[0])


def charge(row: Row) -> Row:
    return money(epochs("created")(renamed(customer="customer_id")(row)))


def dispute(row: Row) -> Row:
    return money(epochs("created")(row)) | {"charge_customer": "cus_1"}


def conversation(row: Row) -> Row:
    return epochs("created_at", "updated_at")(renamed(contact_id="source_author_id")(row))


def part(row: Row) -> Row:
    return epochs("created_at")(renamed(contact_id="author_id")(row))


def issue(row: Row) -> Row:
    return renamed(
        fields_updated="updated", fields_created="created", fields_resolutiondate="resolved",
        fields_reporter_accountId="reporter", fields_priority_name="priority", fields_summary="summary",
    )(row)  # fmt: skip


def used(row: Row) -> Row:
    return {
        "event": "Feature Used", "properties_time": seconds(row["time"]), "properties_distinct_id": row["distinct_id"],
        "properties_$insert_id": row["insert_id"], "properties_mp_lib": row["mp_lib"],
    }  # fmt: skip


def answer(row: Row) -> Row:
    return {
        "responseId": row["id"], "values_recordedDate": row["recorded_date"], "values_finished": 1, "values_QID1": "9",
        "values_externalDataReference": row["recipient_email"], "values_QID2_TEXT": "x",
        "values_distributionChannel": row["distribution_channel"],
    }  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Rows of a file, and what they must come to: counted by hand in the file."""

    service: str
    rows: str
    file: str
    prepared: Callable[[Row], Row] = lambda row: row
    made: Mapping[str, int] = field(default_factory=dict)
    n_register: int = 0
    n_refused: int = 0
    n_removed: int = 0


@dataclass(frozen=True)
class Recorded:
    """A connector that gives what it was given, two rows a page."""

    given: list[Row]
    removed: Any

    @property
    def gone(self) -> list[Row]:
        return [row for row in self.given if self.removed is not None and self.removed.holds(row)]

    def pages(self, rows: str, state: Any) -> Iterator[Page]:
        kept = [row for row in self.given if row not in self.gone]
        for at in range(0, len(kept), 2):
            yield Page(kept[at : at + 2], {"at": at})
        yield Page([], {}, self.gone)


TICKETS = {"ticket_opened": 7, "urgent_ticket_opened": 1, "ticket_closed": 8}
OPPORTUNITIES = {"subscription_started": 5, "deal_lost": 4}
SUBSCRIPTIONS = {"trial_started": 1, "subscription_started": 4, "cancellation_asked": 2, "subscription_cancelled": 2}
CASES = [
    Case("zendesk", "tickets", "ticket_data", made=TICKETS, n_removed=2),
    Case("zendesk", "organizations", "organization_data", n_register=10),
    Case("zendesk", "users", "user_data", n_register=10),
    # Three times stand without the zero of their hour.
    Case("hubspot", "companies", "company_data", hubspot, n_register=21, n_refused=3),
    Case("hubspot", "contacts", "contact_data", hubspot, n_register=22),
    Case("hubspot", "tickets", "ticket_data", hubspot, {"ticket_opened": 25, "ticket_closed": 23}),
    Case("hubspot", "deals", "deal_data", deal),  # none has a stage
    Case("stripe", "customers", "customer_data", epochs("created"), n_register=12),
    Case("stripe", "charges", "charge_data", charge, {"payment_failed": 16}),
    Case("stripe", "disputes", "dispute_data", dispute, {"invoice_disputed": 12}),
    Case("intercom", "conversations", "conversation_history_data", conversation, {"ticket_opened": 2}),
    Case("intercom", "conversation_parts", "conversation_part_history_data", part, {"ticket_closed": 8}),
    Case("intercom", "contacts", "contact_history_data", n_register=9),
    Case("intercom", "companies", "company_history_data", epochs("created_at"), n_register=9),
    Case("salesforce", "accounts", "sf_account_data", salesforce, n_register=1, n_removed=9),
    Case("salesforce", "contacts", "sf_contact_data", salesforce, n_register=4),
    Case("salesforce", "opportunities", "sf_opportunity_data", salesforce, n_removed=10),
    Case("salesforce", "opportunities", "sf_opportunity_data", restored, OPPORTUNITIES),
    Case("salesforce", "meetings", "sf_event_data", salesforce),  # calls and meetings, no demo
    Case("jira", "issues", "issue", issue, {"ticket_opened": 3, "ticket_closed": 3}, n_refused=1),
    Case("recurly", "accounts", "account_history_data", n_register=4),
    Case("recurly", "subscriptions", "subscription_history_data", made=SUBSCRIPTIONS),
    Case("recurly", "invoices", "invoice_history_data"),  # all of them of a purchase, none of a renewal
    Case("recurly", "transactions", "transaction_data"),  # the one that was declined was a mere check of the card
    Case("pendo", "feature_events", "feature_event", pendo, {"core_feature_used": 5}),
    Case("mixpanel", "events", "event", used, {"core_feature_used": 5}),
    Case("qualtrics", "responses", "survey_response", answer, {"nps_answered": 2}, n_refused=3),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service} {case.rows}")
def test_rows_of_real_connections_are_all_accounted_for(case, tmp_path):
    copy_starter("b2b-saas", tmp_path)
    journey, _ = read_journey(tmp_path / "journey.yaml")
    assert journey is not None
    known = journey.signals.keys()
    with (SEEDS / case.service / f"{case.file}.csv").open(encoding="utf-8", newline="") as file:
        raw = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    service = service_named(case.service)
    written = yaml.safe_load(service.sources[case.rows])
    source = Source(key="real", connect={"service": case.service, "rows": case.rows}, **written)
    connector = Recorded([case.prepared(row) for row in raw], service.rows[case.rows].removed)
    (batch,) = [one.batch for one in fetch_source(source, connector, None, received_us=NOW_US, known_events=known)]
    made = (
        batch if batch.staged is None else derive_staged(source, batch.staged, received_us=NOW_US, known_events=known)
    )
    refused = [one for one in (*batch.refused, *made.refused) if one.kind == "row"]
    assert batch.n_read == len(raw) == batch.n_used + batch.n_no_event + len(batch.refused)
    assert Counter(made.events["name"].to_pylist()) == case.made
    assert sum(len(table) for table in (batch.customers, batch.people) if table is not None) == case.n_register
    assert len({one.file for one in refused}) == case.n_refused
    assert len(connector.gone) == case.n_removed
    assert len(made.removed_keys) == (case.n_removed if source.by else 0)
