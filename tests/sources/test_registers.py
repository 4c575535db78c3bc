"""Customers and people."""

from __future__ import annotations

import json

import pytest

from cxcurve.errors import ProblemsError


def test_customers(read_all):
    content = (
        "id,name,plan,mrr_year,seats,valid_from,created_at,csm,tier\n"
        "c-1,Acme,pro,1200.5,10,,2024-01-01,Ann,gold\n"
        "c-2,Bolt,,,,2026-01-01,,,\n"
        ",Nobody,pro,1,1,,,,\n"
        'c-3,Comma,pro,"1,200",1,,,,\n'
        "c-1,Acme Inc,pro,1300,11,,2024-01-01,Ann,gold\n"
    )
    columns = {"customer_id": "id", "revenue_per_year": "mrr_year", "owner": "csm"}
    result = read_all({"customers.csv": content}, table="customers", columns=columns)
    (batch,) = result.batches
    bolt, acme = batch.customers.to_pylist()
    assert acme == {
        "customer_id": "c-1", "name": "Acme Inc", "segment": None, "industry": None, "plan": "pro", "region": None,
        "owner": "Ann", "partner_id": None, "revenue_per_year": 1300.0, "seats": 11.0,
        "created_us": 1_704_067_200_000_000,
        "valid_from_us": 0, "attributes": '{"tier":"gold"}',
    }  # fmt: skip
    assert (bolt["valid_from_us"], bolt["created_us"], bolt["seats"]) == (1_767_225_600_000_000, None, None)
    assert result.reasons[0] == (4, "names no customer: id is empty")
    assert result.reasons[1][1].startswith('could not read "1,200" as a number in column mrr_year')
    assert result.counts == (5, 3, 0)
    assert batch.people is None


def test_the_same_customer_holds_from_several_dates(read_all):
    content = "customer_id,plan,valid_from\nc,free,\nc,pro,2026-01-01\n"
    (batch,) = read_all({"customers.csv": content}, table="customers").batches
    assert batch.customers["plan"].to_pylist() == ["free", "pro"]


@pytest.mark.parametrize("ours", ["valid_from", "valid_from_us"])
def test_a_time_column_of_another_name(read_all, ours):
    columns = {ours: "since"}
    time = {"format": "%d.%m.%Y", "zone": "Europe/Berlin"}
    content = "customer_id,since\nc,02.01.2026\n"
    (batch,) = read_all({"customers.csv": content}, table="customers", columns=columns, time=time).batches
    assert batch.customers["valid_from_us"].to_pylist() == [1_767_308_400_000_000]


def test_people(read_all):
    content = (
        "person_id,customer_id,role,consent,title\n"
        'p-1,c-1,champion,"{""analytics"": true}",CTO\n'
        "p-2,c-1,,,\n"
        "p-3,c-1,,yes,\n"
    )
    result = read_all({"people.csv": content}, table="people")
    people = result.batches[0].people.to_pylist()
    assert [(p["person_id"], p["role"], json.loads(p["consent"]), p["attributes"]) for p in people] == [
        ("p-1", "champion", {"analytics": True}, '{"title":"CTO"}'),
        ("p-2", None, {}, "{}"),
    ]
    assert result.reasons == [(4, 'could not read "yes" as JSON in column consent')]


def test_a_register_without_its_key_is_a_problem(read_all):
    with pytest.raises(
        ProblemsError,
        match=r'has no column "customer_id", which source "log" needs for customer_id\. Did you mean "customerid"',
    ):
        read_all({"customers.csv": "customerid,name\n1,a\n"}, table="customers")
