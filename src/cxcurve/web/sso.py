"""Signing in by OpenID Connect, over HTTP."""

from __future__ import annotations

import os
import secrets
from math import ceil

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from cxcurve.errors import BadValueError, ConnectError
from cxcurve.model.settings import Oidc
from cxcurve.people.oidc import Claims, Provider
from cxcurve.people.roles import role_of
from cxcurve.people.users import User
from cxcurve.web.entrance import Entrance, inside
from cxcurve.workspace.instants import now_us

COOKIE, CALLBACK = "cxcurve_oidc", "/sign-in/oidc/callback"
SECRET = "CXCURVE_OIDC_SECRET"
LATE = "That took too long, or began in another browser; sign in again."
UNKNOWN = "Nobody has added you to this workspace; an admin can."


class Sso:
    """Lets in whom a provider vouches for and the workspace knows."""

    def __init__(self, entrance: Entrance, settings: Oidc) -> None:
        self._entrance, self._settings, self._people = entrance, settings, entrance.people
        self._provider = Provider(settings.issuer, settings.client_id, os.environ.get(SECRET, ""))

    def start(self, request: Request) -> Response:
        """Send the browser to the provider."""
        if not self._settings.issuer:
            return self._refused("No provider is set; cxcurve.toml names one below [oidc].", 404)
        if wait_s := self._entrance.wait_s(request):
            return self._refused(f"Too many tries. Try again in {ceil(wait_s)} s.", 429)
        try:
            url, state, kept = self._provider.start(f"{str(request.base_url).rstrip('/')}{CALLBACK}")
        except ConnectError as error:
            return self._refused(str(error), 503)
        payload = {**kept, "next": inside(request.query_params.get("next", "/")), "state": state}
        secret = self._people.links.make("oidc", now_us(), payload=payload)
        answer = RedirectResponse(url, 303)
        is_secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, secret, max_age=600, httponly=True, samesite="lax", secure=is_secure, path="/sign-in")
        return answer

    def back(self, request: Request) -> Response:
        """Take what the provider sends."""
        link = self._people.links.use("oidc", request.cookies.get(COOKIE, ""), now_us())
        state, code = (request.query_params.get(name, "") for name in ("state", "code"))
        if link is None or not secrets.compare_digest(state.encode(), str(link.payload["state"]).encode()):
            return self._refused(LATE, 400)
        if not code:
            return self._refused("The provider did not let you in.", 401)
        try:
            claims = self._provider.finish(code, link.payload)
            user = self._user(claims)
        except (ConnectError, BadValueError) as error:
            self._entrance.log("", "sign-in failed", str(error), request.client.host if request.client else "")
            return self._refused(str(error), 401)
        return self._entrance.welcome(request, user, str(link.payload["next"]), "by OpenID Connect")

    def _user(self, claims: Claims) -> User:
        """Whom the workspace knows them as: by subject, then by an address that was verified; else added, if so set.

        Raises:
            BadValueError: as nobody, or as one who may not sign in any more.
        """
        user = self._people.users.by_subject(claims.subject)
        if user is None and claims.is_verified and self._people.users.is_any:
            user = self._by_email(claims)
        if user is None or not user.is_active:
            raise BadValueError(UNKNOWN)
        return user

    def _by_email(self, claims: Claims) -> User | None:
        user = self._people.users.by_email(claims.email)
        if user is not None:
            is_free = user.subject is None  # another one's is not taken over by a new subject with the same address
            return self._people.users.change(user.user_id, subject=claims.subject) if is_free else None
        if not self._settings.new_users:
            return None
        role = role_of(self._settings.new_users)
        added = self._people.users.add(claims.email, role, now_us(), name=claims.name, subject=claims.subject)
        self._entrance.log(added.email, "user added", f"by OpenID Connect: {role}", "")
        return added

    def _refused(self, said: str, status: int) -> Response:
        return self._entrance.refusal("Not signed in", said, status, other=("/sign-in", "Back to the sign-in"))
