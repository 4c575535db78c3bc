"""Who may open what: every route, with the roles that may. A route that is not here opens to nobody who signed in.

The route's own path, as the application has it; HEAD goes with GET. `tests/web/test_matrix.py` walks all routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cxcurve.people.roles import Role

EVERYBODY = frozenset(Role)
STAFF = EVERYBODY - {Role.PARTNER}
WRITERS = frozenset({Role.ADMIN, Role.ANALYST, Role.AGENT})
ANALYSTS = frozenset({Role.ADMIN, Role.ANALYST})
ADMINS = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may.

    Attributes:
        roles: whose roles may; none of them where `is_public`.
        is_public: whether nobody needs to sign in.
        is_scoped: whether the answer holds to a visitor's row scope. What does not is closed to those who have one.
        token: what a read token must allow for this; "" where no token opens it.
        logged: what the audit log calls it; "" where looking is not written down.
        is_by_token: whether a token alone opens it.
        done: what the page after a form says was done, where the form does not say it itself.
    """

    roles: frozenset[Role] = frozenset()
    is_public: bool = False
    is_scoped: bool = False
    token: str = ""
    logged: str = ""
    is_by_token: bool = False
    done: str = ""

    def opens_to(self, role: Role, *, has_scope: bool) -> bool:
        """Whether somebody who signed in may."""
        return self.is_public or (role in self.roles and (self.is_scoped or not has_scope))


PUBLIC = Rule(is_public=True)
BOARD = Rule(EVERYBODY, is_scoped=True, token="read")
WHOLE = Rule(STAFF, token="read")
"""About all data together, whatever customers are asked for."""
EXPORT = Rule(ANALYSTS, is_scoped=True, token="export", logged="export")
OWN = Rule(EVERYBODY, is_scoped=True)
ADMIN = Rule(ADMINS)
DIRECTORY = Rule(ADMINS, token="scim", is_by_token=True)
"""For the programs that keep users and groups, never for a browser: no form's token guards it."""

MATRIX: Mapping[str, Rule] = {
    "GET /": BOARD,
    "GET /today": BOARD,
    "GET /today.json": BOARD,
    "GET /today.csv": BOARD,
    "GET /search": BOARD,
    "GET /search.json": BOARD,
    "GET /curve": BOARD,
    "GET /curve.json": BOARD,
    "GET /scorecard": BOARD,
    "GET /scorecard.json": BOARD,
    "GET /drift": BOARD,
    "GET /drift.json": BOARD,
    "GET /ttv": BOARD,
    "GET /ttv.json": BOARD,
    "GET /friction": BOARD,
    "GET /friction.json": BOARD,
    "GET /friction.csv": Rule(ANALYSTS, is_scoped=True, token="export", logged="export"),
    "POST /friction": Rule(WRITERS, logged="decision on friction", done="The decision is kept."),
    "GET /walks": WHOLE,
    "GET /walks.json": WHOLE,
    "GET /walks.csv": Rule(ANALYSTS, token="export", logged="export"),
    "POST /walks": Rule(WRITERS, logged="walk", done="The walk is kept."),
    "GET /actions": Rule(STAFF, is_scoped=True, token="read"),
    "GET /actions.json": Rule(STAFF, is_scoped=True, token="read"),
    "GET /actions.csv": Rule(ANALYSTS, is_scoped=True, token="export", logged="export"),
    "GET /actions/{action_id}/customers.csv": Rule(WRITERS, is_scoped=True, token="export", logged="export"),
    "POST /actions": Rule(WRITERS, logged="action", done="The action is kept."),
    "GET /maps": BOARD,
    "GET /maps.json": BOARD,
    "POST /maps": Rule(WRITERS, logged="belief", done="What you believe is kept."),
    "GET /advocacy": BOARD,
    "GET /advocacy.json": BOARD,
    "GET /revenue": BOARD,
    "GET /revenue.json": BOARD,
    "GET /revenue.csv": EXPORT,
    "GET /flows": BOARD,
    "GET /flows.json": BOARD,
    "GET /flows.csv": EXPORT,
    "GET /deals": BOARD,
    "GET /deals.json": BOARD,
    "GET /deals.csv": EXPORT,
    "GET /customers": BOARD,
    "GET /customers.json": BOARD,
    "GET /customers/{customer_id:anything}": BOARD,
    "GET /customers.csv": EXPORT,
    "GET /api/customers/{customer_id:anything}/brief": BOARD,
    "GET /embed/customers/{customer_id:anything}": PUBLIC,  # its token decides
    "POST /customer-notes": Rule(WRITERS, is_scoped=True, logged="customer note", done="The note is kept."),
    "POST /wrong-alarms": Rule(WRITERS, is_scoped=True, logged="wrong alarm", done="The wrong alarm is noted."),
    "GET /design": OWN,
    "GET /explain": BOARD,
    "GET /explain.json": BOARD,
    "POST /notes": Rule(WRITERS, logged="note", done="The note is written on the curve."),
    "GET /scores": WHOLE,
    "GET /scores.json": WHOLE,
    "POST /scores": Rule(ANALYSTS, logged="lost list"),
    "GET /reports": WHOLE,
    "GET /reports.json": WHOLE,
    "POST /reports": Rule(ANALYSTS, logged="report made", done="The report is kept."),
    "GET /reports/{name}": Rule(STAFF, token="read", logged="report"),
    "GET /plan": WHOLE,
    "GET /plan.json": WHOLE,
    "GET /journey": WHOLE,
    "GET /journey.json": WHOLE,
    "POST /journey/preview": Rule(ANALYSTS),
    "POST /journey": Rule(ANALYSTS, logged="journey changed"),
    "GET /sources": WHOLE,
    "GET /sources.json": WHOLE,
    "POST /sources": Rule(ANALYSTS, logged="decision", done="The decision is kept."),
    "GET /api/ingest/ledger": Rule(ANALYSTS, token="read"),
    "GET /openapi.json": Rule(EVERYBODY, is_scoped=True, token="read"),
    "GET /static/{name}": PUBLIC,
    "GET /favicon.ico": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /sign-in": PUBLIC,
    "POST /sign-in": PUBLIC,
    "POST /sign-in/code": PUBLIC,
    "GET /sign-in/oidc": PUBLIC,
    "GET /sign-in/oidc/callback": PUBLIC,
    "GET /set-up/{secret}": PUBLIC,
    "POST /set-up/{secret}": PUBLIC,
    "POST /sign-out": OWN,
    "GET /scim/v2/ServiceProviderConfig": DIRECTORY,
    "GET /scim/v2/ResourceTypes": DIRECTORY,
    "GET /scim/v2/Users": DIRECTORY,
    "POST /scim/v2/Users": DIRECTORY,
    "GET /scim/v2/Users/{id_}": DIRECTORY,
    "PUT /scim/v2/Users/{id_}": DIRECTORY,
    "PATCH /scim/v2/Users/{id_}": DIRECTORY,
    "DELETE /scim/v2/Users/{id_}": DIRECTORY,
    "GET /scim/v2/Groups": DIRECTORY,
    "POST /scim/v2/Groups": DIRECTORY,
    "GET /scim/v2/Groups/{id_}": DIRECTORY,
    "PUT /scim/v2/Groups/{id_}": DIRECTORY,
    "PATCH /scim/v2/Groups/{id_}": DIRECTORY,
    "DELETE /scim/v2/Groups/{id_}": DIRECTORY,
    "GET /views": OWN,
    "GET /views.json": OWN,
    "POST /views": OWN,  # which writes down what was done itself
    "GET /settings": OWN,
    "POST /settings": OWN,
    "GET /settings/people": ADMIN,
    "GET /settings/people.json": ADMIN,
    "POST /settings/people": ADMIN,
    "GET /settings/audit": ADMIN,
    "GET /settings/audit.json": ADMIN,
}


def rule_of(method: str, path: str | None) -> Rule | None:
    """The rule of a route; None where there is no such route, or nobody said who may."""
    return None if path is None else MATRIX.get(f"{'GET' if method == 'HEAD' else method} {path}")
