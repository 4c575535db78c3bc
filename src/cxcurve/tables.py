"""The contract between the parts: each table's grain, key and columns, with units and meaning.

Times are int64 microseconds since 1970 UTC (`_us`); text ids are as sent, never rewritten. Inside the store
customers and signals go by integer keys (`customer_key`, `signal_key`); text ids are for the outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal["string", "int64", "int32", "int16", "float64", "boolean"]

US_PER_DAY = 86_400_000_000
DAYS_PER_WEEK = 7
PARTIAL_ONE = 2**32
"""What 1.0 is in an integer `partial`."""
Purpose = Literal["analytics", "personalisation", "outreach"]
PURPOSES: tuple[Purpose, ...] = ("analytics", "personalisation", "outreach")
"""What events may be used for, each by consent of its own."""
Operation = Literal["operation"]
OPERATION: Operation = "operation"
"""What needs no consent: to take in, to keep, to check and to delete, and to show somebody what is kept of him."""
N_BUCKETS = 200
"""A customer belongs to bucket `int(md5(customer_id)[:8 hex digits], 16) % 200`: the same on every engine and after any
reload, so that levels come with equal intervals whatever the order of loading."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, whether it may be null, and what it means."""

    name: str
    type: Type
    meaning: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row is, what makes it unique, its columns."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names in order."""
        return tuple(column.name for column in self.columns)


def _columns(text: str) -> tuple[Column, ...]:
    """Read 'name type? meaning' lines; a '?' behind the type says the column may be null."""
    columns = []
    for line in text.strip().splitlines():
        name, kind, meaning = line.strip().split(maxsplit=2)
        columns.append(Column(name, kind.rstrip("?"), meaning, kind.endswith("?")))  # type: ignore[arg-type]
    return tuple(columns)


EVENTS = Table(
    "events",
    "one event: one fact about one customer at one time",
    ("event_id",),
    _columns("""
        event_id string unique for ever; the same id with another body is a conflict
        account_id string? the account as the source names it
        person_id string? the person as the source names it
        anonymous_id string? a visitor not yet known
        occurred_us int64 when it happened, microseconds UTC
        received_us int64 when it reached us, microseconds UTC
        name string event name, as in the tracking plan
        source string the source in sources.yaml
        channel string? phone, mail, web, ...
        value float64? score, seconds or count, by event
        amount float64? money
        currency string? ISO 4217
        text string? what the customer wrote
        conversation_id string? joins the events of one conversation or ticket
        partner_id string? the partner it came through
        data_class string declared, observed, inferred or third_party
        purpose string? consent purposes at the time, a JSON list
        properties string everything else, JSON
    """),
)

CUSTOMERS = Table(
    "customers",
    "one customer as known since `valid_from_us`",
    ("customer_id", "valid_from_us"),
    _columns("""
        customer_id string the account, or for B2C the person
        name string? what people call it
        segment string? main segment
        industry string? industry
        plan string? plan or product
        region string? region
        owner string? who looks after it
        partner_id string? the partner it belongs to
        revenue_per_year float64? money per year; a prospect's deal amount
        seats float64? seats paid for
        created_us int64? when it was created
        valid_from_us int64 since when this row holds
        attributes string everything else, JSON
    """),
)

PEOPLE = Table(
    "people",
    "one person at a customer",
    ("person_id",),
    _columns("""
        person_id string as sent
        customer_id string? their customer
        role string? economic_buyer, champion, it, legal, procurement, user, ...
        email_hash string? keyed hash of the address (docs/masking.md)
        consent string consent by purpose, JSON
        attributes string everything else, JSON
    """),
)

_SOURCE = Column("source", "string", "the source in sources.yaml that said so")
CUSTOMER_ROWS = Table(
    "customer_rows",
    "what one row of a source said of a customer; `customers` is what all rows and traits come to",
    ("source", "customer_id", "valid_from_us"),
    (_SOURCE, *CUSTOMERS.columns),
)

PERSON_ROWS = Table(
    "person_rows",
    "what one row of a source said of a person; `people` is what all rows and traits come to",
    ("source", "person_id"),
    (_SOURCE, *PEOPLE.columns),
)

QUARANTINE = Table(
    "quarantine",
    "one row or event that could not be used, kept as it came",
    ("source", "file", "line", "ordinal"),
    _columns("""
        source string the source in sources.yaml
        file string path below the workspace
        line int64 line in the file (1 = first line; row number for Parquet)
        ordinal int64 which event of that row (0 = the row itself)
        kind string row, event or conflict
        reason string where, what, what was expected
        row string the row or event as read, JSON
        seen_us int64 when it was refused
        replayed_us int64? when it was replayed with success
    """),
)

STAGED = Table(
    "staged",
    "one raw row of a source with `by`; its events are derived from all rows of its key",
    ("source", "row_id"),
    _columns("""
        source string the source in sources.yaml
        row_id string hash of the row and its occurrence number
        row_key string the value of the `by` column
        file string path below the workspace
        line int64 line in the file
        row string the row as read, JSON
    """),
)

VERSIONS = Table(
    "versions",
    "one version of the weights: what a calibration learned, kept for good",
    ("number",),
    _columns("""
        number int32 1 for the first
        as_of_us int64 its date: weeks that end there or later are scored by it
        made_us int64 when it was made
        document string weights, references and what they rest on, JSON
    """),
)

LINKS = Table(
    "links",
    "one statement that two ids are the same, or that a person belongs to an account; undone, never deleted",
    ("link_id",),
    _columns("""
        link_id string the message that said so, or the decision
        how string identify, alias, group, verified or decided
        from_kind string person or anonymous
        from_id string the id that is somebody else's too
        to_kind string account, person or anonymous; of what is verified email or phone
        to_id string whose it is, or the keyed hash of what is verified; of a decision to keep apart the id itself
        source string who said so
        said_us int64 when it was said
        recorded_us int64 when it reached us
        undone_us int64? when it was taken back
    """),
)

TRAITS = Table(
    "traits",
    "what one call told of a person or an account; kept as told, in no order",
    ("trait_id",),
    _columns("""
        trait_id string the message that told it
        id_kind string person, anonymous or account
        id string of whom
        source string who told it
        said_us int64 when it was told
        recorded_us int64 when it reached us
        traits string what was told, JSON; texts are masked
    """),
)
ONCE = "$set_once"
"""In `traits`: what holds as long as nobody tells it otherwise, and of it what was told first."""

CONSENTS = Table(
    "consents",
    "one statement that somebody's data may be used for a purpose, or may not; never changed",
    ("consent_id", "purpose"),
    _columns("""
        consent_id string the message or event that said so
        id_kind string person, anonymous or account
        id string who said it
        purpose string analytics, personalisation or outreach
        is_given boolean whether it may be, from then on; if not, neither what was before
        said_us int64 when it was said; 0 where it has always been so
        recorded_us int64 when it reached us
        source string through whom
    """),
)

LEDGER = Table(
    "ledger",
    "what became of everything a live source sent and that is not waiting any more",
    ("source",),
    _columns("""
        source string the source that the write key names
        used int64 items that made an event
        no_event int64 items that make none: who somebody is, and what is told of them
        refused_items int64 items that could not be read, in quarantine
        repeated_items int64 the same items refused again
        made int64 events: loaded + duplicate + conflict + quarantined
        loaded int64 events in the log
        duplicate int64 events that were there already, or refused already
        conflict int64 events of an id that is there with another body, in quarantine
        quarantined int64 events that the tracking plan or a rule refuses, in quarantine
    """),
)

PLANS = Table(
    "plans",
    "one version of the tracking plan: what it said of each event, kept for good",
    ("number",),
    _columns("""
        number int32 1 for the first
        made_us int64 when a load or a score first used it
        document string by event name, JSON
        mark string tells it from others
    """),
)

WRITTEN = Table(
    "written",
    "one customer as a destination took or refused it last",
    ("destination", "customer_id"),
    _columns("""
        destination string its name in destinations.yaml
        customer_id string the customer
        mark string? tells what was acknowledged last
        written_us int64? when that was
        refused_mark string? tells what was refused after that
        refused_us int64? when that was
        refusal string? why, in the destination's words
    """),
)

WRITES = Table(
    "writes",
    "how the last writing to a destination went",
    ("destination",),
    _columns("""
        destination string its name in destinations.yaml
        document string when, how many were written and refused, and what failed, JSON
    """),
)

REPORTS = Table(
    "reports",
    "what a report said when it was made; never rewritten, but for what named somebody who was erased",
    ("period", "edition"),
    _columns("""
        period string a week such as 2026-W47, or a quarter such as 2026-Q3
        edition int32 1 for the first; what came later stands in those after it
        as_of_us int64 the end of the period
        made_us int64 when it was made
        document string its numbers, JSON
    """),
)

REPORT_SENDS = Table(
    "report_sends",
    "what became of a report for one recipient of a schedule",
    ("schedule", "period", "recipient"),
    _columns("""
        schedule string its name in reports.yaml
        period string which report
        recipient string an address, or the word chat
        state string sending (noted before it is handed over), sent or failed
        at_us int64 when that was
        note string? what went wrong
    """),
)

REMEDIES = Table(
    "remedies",
    "one decision about a friction: who mends it and why it is there; never changed, the last one holds",
    ("signal", "touchpoint", "stage", "number"),
    _columns("""
        signal string the friction signal
        touchpoint string where it is met
        stage string name of the stage
        number int32 1 for the first decision
        status string found, accepted, in_work, done or declined
        owner string? who sees to it; never empty once it is accepted
        parent string? seam, assumption or speed: which of the three parents of friction
        whys string the chain of causes, from the symptom to the root, a JSON list of texts
        effort string? S, M or L
        due string? the day it is to be done, ISO 8601
        plays string? plays linked to it, in the words of whoever decided
        note string? anything else
        decided_us int64 when
        decided_by string who
    """),
)

WALKS = Table(
    "walks",
    "one step of a walk: somebody went through a journey as a customer would",
    ("walk_id", "step"),
    _columns("""
        walk_id string the walk
        step int32 1 for the first
        walked_on string the day, ISO 8601
        walker string who walked
        company string whose journey; empty for our own
        journey string what was walked, such as onboarding
        touchpoint string? where the step was made
        action string what was done
        expected string? what the walker expected
        seen string? what was seen
        minutes float64? how long it took
        effort int32? from 1, none at all, to 7
        feeling int32? from -2, angry, to 2, delighted
        written_us int64 when it was written down
        written_by string by whom
    """),
)

BELIEFS = Table(
    "beliefs",
    "what somebody believes, or wants, of a persona at a stage; never changed, the last one holds",
    ("map", "segment", "role", "mindset", "stage", "number"),
    _columns("""
        map string current for what is believed, future for what is wanted
        segment string segment of the persona; empty for any
        role string role of the persona; empty for any
        mindset string reactive, proactive, or empty for any
        stage string name of the stage
        number int32 1 for the first
        level float64? the level believed or wanted, -100 to 100
        text string? in words
        said_us int64 when
        said_by string who
    """),
)

CUSTOMER_NOTES = Table(
    "customer_notes",
    "one note that somebody of the company wrote on a customer",
    ("note_id",),
    _columns("""
        note_id string made when it was written
        id_kind string account, person or anonymous
        id string of whom, as the source names them
        text string what was written; names, addresses and numbers are masked
        written_by string who wrote it
        written_us int64 when
    """),
)

WRONG_ALARMS = Table(
    "wrong_alarms",
    "one time that somebody of the company said an alarm about a customer was wrong, and why",
    ("alarm_id",),
    _columns("""
        alarm_id string made when it was said
        id_kind string account, person or anonymous
        id string of whom, as the source names them
        signal string the signal or state that was called wrong
        reason string why; masked as notes are
        points float64? what it added to the Journey Friction Index then
        said_by string who said so
        said_us int64 when
    """),
)

ACTIONS = Table(
    "actions",
    "one action: what a team does for some customers, and what it promised of it; closed once, never rewritten",
    ("action_id",),
    _columns("""
        action_id string made when it was written; the draw goes by it
        what string in one line; names, addresses and numbers are masked
        owner string? who sees to it
        started_us int64 when it begins: the first moment of that day
        stage string? name of the stage it is for
        friction string? the friction it mends, as the inventory names it
        metric string what it is expected to move (metrics.promised)
        promised float64 by how much, in the metric's unit, less than 0 for down
        days int32 after how many days that is read
        whom string how the customers were chosen, JSON
        held_out_share float64 how many of them were to be left alone by chance, 0 to 1
        n_treated int64 customers to be reached, when it was written
        n_held_out int64 customers left alone, when it was written
        written_us int64 when it was written down
        written_by string by whom
        closed_as string? ended or withdrawn
        closed_reason string? why; masked as well
        closed_us int64? when
        closed_by string? who said so
    """),
)

ACTION_CUSTOMERS = Table(
    "action_customers",
    "one customer of an action, as chosen when it was written",
    ("action_id", "id_kind", "id"),
    _columns("""
        action_id string the action
        id_kind string account, person or anonymous
        id string of whom, as the source names them
        is_held_out boolean whether they were left alone by chance
    """),
)

STAYS = Table(
    "stays",
    "one unbroken time of a customer in a stage",
    ("customer_key", "cycle", "stage"),
    _columns("""
        customer_key int32 the customer
        cycle int32 1 for the first run through the journey
        stage int32 position of the stage in the journey, from 0
        entered_us int64 when it was reached
        left_us int64? when it was left; null while open
        ended_by string progressed, exited or open
        next_stage int32? the stage entered next, where it progressed
    """),
)

TRANSITIONS = Table(
    "transitions",
    "one stay that ended, and where it led",
    ("customer_key", "cycle", "from_stage"),
    _columns("""
        customer_key int32 the customer
        cycle int32 which run through the journey
        from_stage int32 position of the stage that was left
        to_stage int32 position of the stage entered next; -1 for the exit
        at_us int64 when
        dwell_days float64 days in the stage that was left
    """),
)

SIGNAL_WEEKS = Table(
    "signal_weeks",
    "what the events of one week add to one signal part of one customer; sparse, a sum of integers",
    ("customer_key", "signal_key", "part", "week"),
    _columns("""
        customer_key int32 the customer
        signal_key int32 the signal
        part int32 0 count, 1 friction (negative valence), 2 momentum (positive valence)
        week int32 index of the week in the calendar; its end is the calendar's
        n_events int64 events that happened in it
        steps int64 opened minus closed (`until` signals)
        partial int64 sum of round(2^32 a 2^-((week_end - t)/h)), faded to the week's end even where as_of is before
    """),
)

ACTIVITY_WEEKS = Table(
    "activity_weeks",
    "what a customer did in a week, by business days",
    ("customer_key", "week"),
    _columns("""
        customer_key int32 the customer
        week int32 index of the week in the calendar
        n_days int64 business days with an event the customer made
        first_day int64? first of them, business days since 1970-01-05
        last_day int64? last of them
        complaint_us int64? latest complaint
    """),
)

CUSTOMER_WEEKS = Table(
    "customer_weeks",
    "a customer inside the journey at the end of a week, by the weights in force; the weeks before a new version twice",
    ("customer_key", "week", "version"),
    _columns("""
        customer_key int32 the customer
        week int32 index of the week in the calendar
        version int32 of the weights; 0 for the expert's
        is_restated boolean whether another version was in force: shown so that a new version is no change
        is_stale boolean whether some of it is told as of an earlier moment, its sources having gone silent
        cycle int32 which run through the journey
        cycle_week int32 whole weeks since the cycle began
        stage int32 stage at the week's end
        dwell_days float64 days in that stage
        friction float64 F, doublings of the 28-day odds of leaving
        momentum float64 M, doublings of the 28-day odds of moving on
        advocacy float64 A, advocacy weight x feature
    """),
)

CUSTOMER_NOW = Table(
    "customer_now", "a customer inside the journey at as_of", ("customer_key",), CUSTOMER_WEEKS.columns
)

SIGNAL_STATE = Table(
    "signal_state",
    "what a signal part of a customer has come to at the end of the last whole week; sparse",
    ("customer_key", "signal_key", "part"),
    _columns("""
        customer_key int32 the customer
        signal_key int32 the signal; -1 for issues open beyond their target, of all signals
        part int32 as in signal_weeks
        faded float64 decayed count without what is open
        n_open int64 how many are open
    """),
)

CUSTOMER_STATE = Table(
    "customer_state",
    "a customer's use and activity up to the end of the last whole week, where there was any",
    ("customer_key",),
    _columns("""
        customer_key int32 the customer
        decline float64 fall of core use, 0 to 1
        decline_before float64 the same at the end of the last week before the latest core use of anybody
        core_since int32? week of the first core use
        n_days int64 business days with an event the customer made
        first_day int64? first of them, business days since 1970-01-05
        last_day int64? last of them
        complaint_us int64? latest complaint
    """),
)

REFERENCE_WEEKS = Table(
    "reference_weeks",
    "what is usual at a stage: in the 26 weeks up to a week, or up to the date of the version",
    ("week", "stage", "version"),
    _columns("""
        week int32 index of the week in the calendar
        stage int32 position of the stage
        version int32 of the weights; 0 for the expert's
        friction_ref float64 10th percentile of F
        momentum_ref float64 median of M
        n int64 customer-weeks of the stage in the window
    """),
)

SEASON_WEEKS = Table(
    "season_weeks",
    "a week in which a segment's core use departs from its usual; all others count as usual",
    ("segment", "week"),
    _columns("""
        segment string the segment, empty for customers without one
        week int32 index of the week in the calendar
        factor float64 core use against the trailing quarter's; 1 = usual
    """),
)

PROPERTY_DAYS = Table(
    "property_days",
    "in how many events of a name and day, of those looked into, a property had a type",
    ("signal_key", "day", "property", "type"),
    _columns("""
        signal_key int32 the event
        day int32 days since 1970-01-01, in the workspace's zone
        n_events int64 events of that name and day
        property string the property; empty for all events looked into
        type string string, number, boolean, array, object or null; empty as well
        n int64 how many
    """),
)

DERIVED = {
    table.name: table
    for table in (
        STAYS, TRANSITIONS, SIGNAL_WEEKS, ACTIVITY_WEEKS, SEASON_WEEKS, CUSTOMER_WEEKS, CUSTOMER_NOW, SIGNAL_STATE,
        CUSTOMER_STATE, REFERENCE_WEEKS,
    )
}  # fmt: skip
"""Tables that a score makes anew from the events."""
