"""The settings' forms: what somebody changes of their own, and what admins change of others."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from cxcurve.errors import BadValueError
from cxcurve.people.limits import Delays
from cxcurve.people.passwords import check_new
from cxcurve.people.roles import role_of
from cxcurve.people.scope import Scope
from cxcurve.people.second import address_of, is_right, new_recovery, new_totp, recovery_hash, step_of
from cxcurve.people.users import User, check_scope
from cxcurve.web.entrance import Entrance
from cxcurve.web.guard import FormGuard
from cxcurve.web.pages import settings as pages
from cxcurve.web.pages.settings import Said
from cxcurve.web.rendering import render
from cxcurve.web.saved import corner
from cxcurve.web.visitor import visitor
from cxcurve.workspace import Workspace
from cxcurve.workspace.instants import now_us

DAY_US = 86_400_000_000
NO_USER = "Nobody signs in here yet. Open the one-time link that `cxcurve serve` printed."
Form = Mapping[str, str]


class Settings:
    """The pages below /settings."""

    def __init__(self, workspace: Workspace, entrance: Entrance, guard: FormGuard) -> None:
        self._workspace, self._entrance, self._guard = workspace, entrance, guard
        self._people = entrance.people
        self._delays = Delays()
        self._own: Mapping[str, Callable[[User, Form], Said]] = {
            "password": self._password, "totp": self._totp, "totp_confirm": self._totp_confirm,
            "totp_off": self._totp_off, "end": self._end, "end_others": self._end_others, "token": self._token,
            "withdraw": self._withdraw_own,
        }  # fmt: skip
        self._others: Mapping[str, Callable[[Form, str], Said]] = {
            "add": self._add, "role": self._role, "link": self._link, "off": self._off, "on": self._on,
            "remove": self._remove, "no_totp": self._no_totp, "withdraw": self._withdraw,
        }  # fmt: skip

    # --- one's own

    def show(self) -> Response:
        """One's own settings."""
        return self._settings(Said())

    async def change(self, request: Request) -> Response:
        """Take one of their forms; `do` says which."""
        form = await self._entrance.form(request)
        return await run_in_threadpool(self._changed, request, form)

    def _changed(self, request: Request, form: Form) -> Response:
        who, do = visitor(), self._own.get(form.get("do", ""))
        if who.user is None or who.session is None:
            return self._settings(Said(wrong=NO_USER), 400)
        if do is None:
            return self._settings(Said(wrong="The form asks for nothing; nothing was changed"), 400)
        try:
            said = do(self._people.users.find(who.user.user_id), form)
        except BadValueError as error:
            return self._settings(Said(wrong=str(error)), 400)
        if form["do"] == "password":  # every session ended with it
            return self._entrance.welcome(request, who.user, "/settings", "after a new password")
        return self._settings(said)

    def _password(self, user: User, form: Form) -> Said:
        self._check_password(user, form)
        check_new(form.get("new", ""), user.email.partition("@")[0], user.name)
        self._people.users.change(user.user_id, password=self._people.passwords.hash(form["new"]))
        self._log("password", "own")
        return Said(done="The password was changed, and every other browser signed out.")

    def _totp(self, user: User, form: Form) -> Said:
        self._check_password(user, form)
        if user.has_totp:
            raise BadValueError("There is a second factor already; take it off first")
        secret = new_totp()
        return Said(totp=(secret, address_of(secret, user.email, self._workspace.name)))

    def _totp_confirm(self, user: User, form: Form) -> Said:
        secret, codes = form.get("secret", ""), new_recovery()
        if user.has_totp or not (len(secret) == 32 and secret.isalnum()):
            raise BadValueError("Begin again; nothing was changed")
        step = step_of(secret, form.get("code", ""), now_us())
        if step is None:
            wrong = "The code is not the app's. Is the clock of the phone right? Nothing was changed."
            return Said(wrong=wrong, totp=(secret, address_of(secret, user.email, self._workspace.name)))
        kept = [recovery_hash(code) for code in codes]
        self._people.users.change(user.user_id, totp_secret=secret, totp_step=step, recovery=kept)
        self._log("second factor", "on")
        done = "From now on a code is asked for. Keep these recovery codes: each is good once, if the phone is lost."
        return Said(done=done, secrets=codes)

    def _totp_off(self, user: User, form: Form) -> Said:
        self._check_password(user, form)
        if not self._tried(user, is_right(self._people.users, user, form.get("code", ""), now_us())):
            raise BadValueError("The code is wrong, or was used before; nothing was changed")
        self._people.users.change(user.user_id, totp_secret=None, recovery=[])
        self._log("second factor", "off")
        return Said(done="No code is asked for any more.")

    def _end(self, user: User, form: Form) -> Said:
        for one in self._people.sessions.of(user.user_id, now_us()):
            if one.hash == form.get("session"):
                self._people.sessions.end(one.hash)
        return Said(done="That browser is signed out.")

    def _end_others(self, user: User, form: Form) -> Said:
        mine = visitor().session
        for one in self._people.sessions.of(user.user_id, now_us()):
            if mine is None or one.hash != mine.hash:
                self._people.sessions.end(one.hash)
        self._log("sign-out", "all other browsers")
        return Said(done="Every other browser is signed out.")

    def _token(self, user: User, form: Form) -> Said:
        days = form.get("days", "90")
        if not (days.isascii() and days.isdigit() and 1 <= int(days[:4]) <= 366 and len(days) < 4):
            raise BadValueError("A token lives for 1 to 366 days; nothing was made")
        allows = ["read", "export"] if form.get("export") else ["read"]
        grant = {"user_id": user.user_id, "allows": allows}
        name = " ".join(form.get("name", "").split())[:80] or "token"
        key = self._workspace.live.keys.create(
            "read", name, now_us(), until_us=now_us() + int(days) * DAY_US, grant=grant
        )
        self._log("token made", f"{name}: {', '.join(allows)}, {days} days")
        return Said(done="The token, shown this once:", secrets=(key,))

    def _withdraw_own(self, user: User, form: Form) -> Said:
        mine = {str(one["number"]) for one in pages.tokens(self._workspace.live.keys, user.user_id)}
        if form.get("number") not in mine:
            raise BadValueError("That is no token of yours; nothing was changed")
        return self._withdraw(form, "")

    def _check_password(self, user: User, form: Form) -> None:
        """Whoever found an open browser must not take it over.

        Raises:
            BadValueError: the password is wrong.
        """
        if user.password is None:
            return
        if not self._tried(user, self._people.passwords.fits(user.password, form.get("password", ""))):
            raise BadValueError("Your password is wrong; nothing was changed")

    def _tried(self, user: User, is_fit: bool) -> bool:
        wait_s = self._delays.wait_s(user.user_id, time.monotonic())
        if wait_s:
            raise BadValueError(f"Too many tries; try again in {wait_s:.0f} s")
        if is_fit:
            self._delays.passed(user.user_id)
        else:
            self._delays.failed(user.user_id, time.monotonic())
        return is_fit

    # --- others'

    def people(self) -> Response:
        """Users and tokens."""
        return self._people_page(Said())

    def people_json(self) -> Response:
        """The same for programs."""
        return JSONResponse(pages.people_page(self._workspace, self._people, Said()).to_json())

    async def change_people(self, request: Request) -> Response:
        """Take one of the forms; `do` says which."""
        form = await self._entrance.form(request)
        return await run_in_threadpool(self._changed_people, request, form)

    def _changed_people(self, request: Request, form: Form) -> Response:
        do = self._others.get(form.get("do", ""))
        if do is None or visitor().user is None:
            wrong = NO_USER if visitor().user is None else "The form asks for nothing; nothing was changed"
            return self._people_page(Said(wrong=wrong), 400)
        try:
            return self._people_page(do(form, str(request.base_url).rstrip("/")))
        except BadValueError as error:
            return self._people_page(Said(wrong=str(error)), 400)

    def _add(self, form: Form, base: str) -> Said:
        role, scope = role_of(form.get("role", "")), _scope(form)
        check_scope(role, scope)
        user = self._people.users.add(form.get("email", ""), role, now_us(), name=form.get("name", ""), scope=scope)
        self._log("user added", f"{user.email}: {role}, {scope or 'all customers'}")
        return self._new_link(user, base)

    def _role(self, form: Form, base: str) -> Said:
        user, role, scope = self._one(form), role_of(form.get("role", "")), _scope(form)
        check_scope(role, scope)
        self._people.users.change(user.user_id, role=role.value, scope=scope)
        self._log("role", f"{user.email}: {role}, {scope or 'all customers'}")
        return Said(done=f"{user.email} is {role} now, of {scope or 'all customers'}.")

    def _link(self, form: Form, base: str) -> Said:
        return self._new_link(self._one(form), base)

    def _new_link(self, user: User, base: str) -> Said:
        link = self._people.links.make("password", now_us(), user_id=user.user_id)
        self._log("link made", user.email)
        return Said(
            done=f"Give {user.email} this link to choose a password; good once, for three days:",
            secrets=(f"{base}/set-up/{link}",),
        )

    def _off(self, form: Form, base: str) -> Said:
        user = self._people.users.change(self._one(form).user_id, is_active=False)
        self._log("user off", user.email)
        return Said(done=f"{user.email} may not sign in any more.")

    def _on(self, form: Form, base: str) -> Said:
        user = self._people.users.change(self._one(form).user_id, is_active=True)
        self._log("user on", user.email)
        return Said(done=f"{user.email} may sign in again.")

    def _remove(self, form: Form, base: str) -> Said:
        user = self._one(form)
        self._people.users.remove(user.user_id)
        self._log("user removed", user.email)
        return Said(done=f"{user.email} is no user any more.")

    def _no_totp(self, form: Form, base: str) -> Said:
        user = self._people.users.change(self._one(form).user_id, totp_secret=None, recovery=[])
        self._log("second factor", f"off, for {user.email}")
        return Said(done=f"{user.email} signs in without a code until a new one is set up.")

    def _withdraw(self, form: Form, base: str) -> Said:
        number = form.get("number", "")
        if not (number.isascii() and number.isdigit() and len(number) < 9):
            raise BadValueError("No token is named; nothing was changed")
        self._workspace.live.keys.withdraw(int(number), now_us())
        self._log("token withdrawn", number)
        return Said(done=f"Token {number} is refused from now on.")

    def _one(self, form: Form) -> User:
        return self._people.users.find(form.get("user", ""))

    # --- audit

    def audit(self) -> Response:
        """What was done."""
        return self._html("audit.html", pages.audit_page(self._workspace, self._people))

    def audit_json(self) -> Response:
        """The same for programs."""
        return JSONResponse(pages.audit_page(self._workspace, self._people).to_json())

    def _log(self, what: str, about: str) -> None:
        who = visitor()
        self._entrance.log(who.name, what, about, who.address)

    def _settings(self, said: Said, status: int = 200) -> Response:
        page = pages.settings(self._workspace, self._people, visitor(), now_us(), said)
        return self._html("settings.html", page, status)

    def _people_page(self, said: Said, status: int = 200) -> Response:
        return self._html("people.html", pages.people_page(self._workspace, self._people, said), status)

    def _html(self, template: str, page: object, status: int = 200) -> Response:
        made = render(template, page, form_token=self._guard.token, views=corner(self._people, page))
        answer = Response(made, status, media_type="text/html; charset=utf-8")
        answer.headers["set-cookie"] = self._guard.cookie
        answer.headers["cache-control"] = "no-store"
        return answer


def _scope(form: Form) -> Scope | None:
    """As people write it: partner_id=p-3; region=EMEA."""
    return Scope.read(part for part in form.get("scope", "").split(";") if part.strip())
