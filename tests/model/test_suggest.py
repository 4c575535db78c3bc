"""Drafts from exports: known shapes by their columns, others guessed, always a sources.yaml without errors."""

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.errors import BadValueError
from cxcurve.model import read_sources
from cxcurve.model.profiles import TimeGuess, guess_time, profile
from cxcurve.model.suggest import known_shapes, suggest

REAL = Path(__file__).parents[3] / "shared" / "data"
real = pytest.mark.real


def read(folder, text):
    path = folder / "drafted.yaml"
    path.write_text(text, encoding="utf-8")
    sources, problems = read_sources(path)
    assert problems == []
    return sources


def export(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_a_log_that_names_its_events(tmp_path):
    path = export(
        tmp_path,
        "App Log.csv",
        "event;user_id;timestamp;price\n"
        "Sign Up;u1;2026-01-02 10:00:00;\nused;u1;2026-01-03 10:00:00;3.5\nused;u2;2026-01-03 11:00:00;4\n",
    )
    text = suggest([path], ["signed_up", "used"])
    source = read(tmp_path, text)["app_log"]
    assert (source.separator, source.name, source.person, source.amount) == (";", "event", "user_id", "price")
    assert (source.time.column, source.time.format) == ("timestamp", None)
    assert source.rename == {"Sign Up": "sign_up"}
    assert text.count("# guessed: confirm") == 5
    assert '#   sign_up: {friction: 0, momentum: 0}   # guessed: confirm; Did you mean "signed_up"?' in text
    assert "#   used:" not in text


def test_a_short_log_that_names_each_event_once(tmp_path):
    path = export(tmp_path, "log.csv", "event,user_id,time\nsigned_up,u1,2026-01-02\nused,u1,2026-01-03\n")
    source = read(tmp_path, suggest([path]))["log"]
    assert (source.name, source.person, source.time.column) == ("event", "user_id", "time")


@pytest.mark.parametrize(("header", "values"), [("event", ("ev1", "ev2")), ("name", ("Ann", "Bob"))])
def test_ids_and_names_of_customers_are_no_event_names(tmp_path, header, values):
    rows = "".join(f"{value},u1,2026-01-0{n}\n" for n, value in enumerate(values, 1))
    path = export(tmp_path, "visits.csv", f"{header},user_id,time\n{rows}")
    assert read(tmp_path, suggest([path]))["visits"].name is None


def test_cases_told_in_several_rows(tmp_path):
    path = export(
        tmp_path,
        "incidents.csv",
        "number,caller_id,incident_state,reopen_count,sys_mod_count,sys_updated_at,opened_at\n"
        "INC1,C1,New,0,0,29/2/2016 01:23,29/2/2016 01:16\nINC1,C1,Closed,0,1,5/3/2016 12:00,29/2/2016 01:16\n"
        "INC2,?,Won't be solved,1,4,5/3/2016 12:00,?\n",
    )
    source = read(tmp_path, suggest([path]))["incidents"]
    assert (source.account, source.by, source.order) == ("caller_id", "number", ("sys_mod_count", "sys_updated_at"))
    assert source.nulls == ("", "?")
    assert source.time.format == "%d/%m/%Y %H:%M"
    assert (source.events["ticket_opened"].first, source.events["ticket_opened"].at) == (True, "opened_at")
    assert source.events["ticket_reopened"].when.text == "reopen_count > previous(reopen_count)"
    closed = source.events["ticket_closed"].when
    assert closed.holds({"incident_state": "Closed"}, {"incident_state": "New"})
    assert closed.holds({"incident_state": "Won't be solved"})
    assert not closed.holds({"incident_state": "Closed"}, {"incident_state": "Closed"})


def test_a_table_of_customers(tmp_path):
    path = export(tmp_path, "accounts.csv", "company_id,Name,Industry,arr\n1,A,x,5\n2,B,y,6\n")
    source = read(tmp_path, suggest([path]))["accounts"]
    assert (source.table, source.columns) == ("customers", {"customer_id": "company_id"})


def test_one_event_for_all_rows_takes_the_nearest_known_name(tmp_path):
    path = export(
        tmp_path, "nps_answers.csv", "company_id,score,comment,answered_at\n1,9,good,2026-01-01\n1,3,bad,2026-01-02\n"
    )
    source = read(tmp_path, suggest([path], ["nps_answered", "used"]))["nps_answers"]
    assert (source.event, source.value, source.text) == ("nps_answered", "score", "comment")


def test_nothing_to_go_by_is_said(tmp_path):
    text = suggest([export(tmp_path, "2.csv", "a b,c\nx,y\nx,y\n")])
    source = read(tmp_path, text)["source_2"]
    assert (source.account, source.time.column) == ("a b", "a b")
    assert "; no column looks like a time" in text
    assert "; no column looks like a customer" in text


def test_two_files_of_one_name_get_two_keys(tmp_path):
    paths = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        paths.append(export(tmp_path / folder, "log.csv", "event,user_id,time\nx,1,2026-01-01\nx,2,2026-01-01\n"))
    assert list(read(tmp_path, suggest(paths))) == ["log", "log_2"]


def test_zip_gzip_and_old_encodings(tmp_path):
    text = "event,user_id,time\nKündigung,1,2026-01-01\nKündigung,2,2026-01-01\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("inner.csv", text)
    old = export(tmp_path, "c.csv", text, "cp1252")
    sources = read(tmp_path, suggest([tmp_path / "a.csv.gz", tmp_path / "b.zip", old]))
    assert [source.encoding for source in sources.values()] == ["utf-8", "utf-8", "cp1252"]
    assert all(source.rename == {"Kündigung": "kündigung"} for source in sources.values())


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("x", ["2026-01-02", "2026-01-02T10:00:00Z", "2026-01-02 3:15:52.1"], TimeGuess()),
        ("x", ["29/2/2016 01:16", "5/3/2016 12:00"], TimeGuess("%d/%m/%Y %H:%M")),
        ("x", ["2/29/2016 01:16"], TimeGuess("%m/%d/%Y %H:%M")),
        ("x", ["1/2/2016 01:16"], TimeGuess("%d/%m/%Y %H:%M", other="%m/%d/%Y %H:%M")),
        ("x", ["31.12.2025 10:00"], TimeGuess("%d.%m.%Y %H:%M")),
        ("created_at", ["1767225600", "1767225601"], TimeGuess(unit="s")),
        ("event time", ["1767225600000"], TimeGuess(unit="ms")),
        ("date", ["19970101", "19970118"], TimeGuess("%Y%m%d")),
        ("amount", ["1767225600"], None),
        ("number", ["20260101"], None),
        ("x", ["2026-01-02", "soon"], None),
        ("x", [], None),
    ],
)
def test_times(name, values, expected):
    assert guess_time(name, values) == expected


def test_an_ambiguous_day_and_month_is_said(tmp_path):
    text = suggest([export(tmp_path, "log.csv", "event,user_id,time\nx,1,1/2/2016 10:00\nx,2,3/4/2016 10:00\n")])
    assert 'format: "%d/%m/%Y %H:%M", zone: UTC}   # guessed: confirm; %m/%d/%Y %H:%M reads them too' in text


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "no columns found; expected a CSV file with a header"),
        ("a.csv", b"a\0b", "this is no text; expected a CSV export"),
        ("a.zip", b"no zip", "the file cannot be read: File is not a zip file"),
        ("a.csv.gz", b"no gzip", "the file cannot be read: Not a gzipped file"),
    ],
)
def test_what_is_no_export(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadValueError) as caught:
        suggest([tmp_path / name])
    assert message in str(caught.value)


def test_no_file_and_a_missing_one(tmp_path):
    with pytest.raises(BadValueError, match="no file given; name one or more CSV exports"):
        suggest([])
    with pytest.raises(BadValueError, match=r"the file cannot be read: .*No such file"):
        suggest([tmp_path / "gone.csv"])


def _columns_used(source):
    rules = source.events.values()
    named = [source.account, source.person, source.name, source.by, source.value, source.amount, source.currency]
    named += [source.text, source.channel, source.conversation, source.time and source.time.column]
    named += [*source.id, *source.order, *source.properties, *source.columns.values()]
    named += [column for rule in rules for column in (rule.at, rule.value, rule.text)]
    found = {column for rule in rules if rule.when for column in rule.when.columns | rule.when.previous}
    return {column for column in named if column} | found


@pytest.mark.parametrize("shape", known_shapes(), ids=lambda shape: shape.what)
def test_a_known_shape_is_recognised_and_uses_only_the_columns_it_needs(shape, tmp_path):
    path = export(tmp_path, "export.csv", ",".join(sorted(shape.columns)) + "\n" + ",".join("x" for _ in shape.columns))
    text = suggest([path])
    assert f"# {shape.what}, known by their columns" in text
    assert _columns_used(read(tmp_path, text)["export"]) <= shape.columns


@real
@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("zendesk/ticket_data", "Zendesk tickets"),
        ("zendesk/ticket_comment_data", "Zendesk ticket comments"),
        ("zendesk/ticket_field_history_data", "Zendesk ticket history"),
        ("zendesk/organization_data", "Zendesk organizations"),
        ("zendesk/user_data", "Zendesk users"),
        ("hubspot/ticket_data", "HubSpot tickets"),
        ("hubspot/deal_data", "HubSpot deals"),
        ("hubspot/email_event_data", "HubSpot e-mail events"),
        ("hubspot/contact_form_submission_data", "HubSpot form submissions"),
        ("hubspot/engagement_meeting_data", "HubSpot meetings"),
        ("hubspot/company_data", "HubSpot companies"),
        ("hubspot/contact_data", "HubSpot contacts"),
        ("stripe/charge_data", "Stripe charges"),
        ("stripe/subscription_history_data", "Stripe subscriptions"),
        ("stripe/invoice_data", "Stripe invoices"),
        ("stripe/dispute_data", "Stripe disputes"),
        ("stripe/customer_data", "Stripe customers"),
        ("intercom/conversation_history_data", "Intercom conversations"),
        ("intercom/conversation_part_history_data", "Intercom conversation parts"),
        ("intercom/company_history_data", "Intercom companies"),
        ("intercom/contact_history_data", "Intercom contacts"),
    ],
)
def test_real_exports_are_recognised(file, what, tmp_path):
    path = REAL / "fivetran_seeds" / f"{file}.csv"
    if not path.exists():
        pytest.skip("the shared data is missing")
    text = suggest([path])
    assert f"# {what}, known by their columns" in text
    [source] = read(tmp_path, text).values()
    assert _columns_used(source) <= set(profile(path).names)


@real
@pytest.mark.parametrize(
    "folder", ["zendesk", "hubspot", "stripe", "intercom", "salesforce", "qualtrics", "jira", "pendo"]
)
def test_every_real_export_gets_a_draft_without_errors(folder, tmp_path):
    files = sorted((REAL / "fivetran_seeds" / folder).glob("*.csv"))
    if not files:
        pytest.skip("the shared data is missing")
    assert len(read(tmp_path, suggest(files))) == len(files)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(header=st.lists(CELL | st.sampled_from(["event", "id", "user_id", "time", "status"]), min_size=1, max_size=5),
       rows=st.lists(st.lists(CELL, min_size=1, max_size=5), max_size=4))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_csv_gets_a_draft_without_errors_or_is_refused(tmp_path_factory, header, rows):
    folder = tmp_path_factory.mktemp("any")
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in (header, *rows)]
    path = export(folder, "any.csv", "\n".join(lines))
    try:
        text = suggest([path], ["used"])
    except BadValueError:
        return
    read(folder, text)


def test_one_bad_time_and_names_of_their_own_still_give_a_draft(tmp_path):
    rows = "".join(f"{1 + n % 28:02}.03.2026 09:{n:02};K{n % 7};{('Trial', 'Bought')[n % 2]}\n" for n in range(40))
    path = export(tmp_path, "export.csv", f"Zeitpunkt;Kunden-Nr;Aktion\n{rows}gestern;K3;Trial\n")
    text = suggest([path])
    source = read(tmp_path, text)["export"]
    assert (source.time.column, source.time.format, source.account) == ("Zeitpunkt", "%d.%m.%Y %H:%M", "Kunden-Nr")
    assert "Or does Aktion name the events? Then: name: Aktion" in text


def test_a_format_that_reads_all_times_goes_before_one_that_reads_nearly_all():
    values = [f"{1 + n % 12:02}/{1 + n % 12:02}/2026" for n in range(60)]
    assert guess_time("day", [*values, "03/31/2026"]) == TimeGuess("%m/%d/%Y")
    assert guess_time("day", [*values, "31/03/2026", "soon"]) == TimeGuess("%d/%m/%Y")
    assert guess_time("day", [*values[:10], "soon"]) is None
