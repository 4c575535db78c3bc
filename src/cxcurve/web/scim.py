"""SCIM 2.0 (RFC 7643, 7644): a directory keeps the users and groups of a workspace."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from cxcurve.errors import BadValueError, CxcurveError, UnknownNameError
from cxcurve.people.groups import WITHOUT, Group
from cxcurve.people.roles import role_of
from cxcurve.people.scope import Scope
from cxcurve.people.users import User, email_of, name_of
from cxcurve.web.entrance import Entrance
from cxcurve.web.guard import body_of
from cxcurve.web.visitor import visitor
from cxcurve.workspace.instants import now_us

URN = "urn:ietf:params:scim"
USER, GROUP = f"{URN}:schemas:core:2.0:User", f"{URN}:schemas:core:2.0:Group"
OWN = "urn:cxcurve:params:scim:schemas:2.0:User"
LIST, ERROR = f"{URN}:api:messages:2.0:ListResponse", f"{URN}:api:messages:2.0:Error"
LONGEST, MOST = 1_000_000, 200
_FILTER = re.compile(r'^\s*([\w.]+)\s+eq\s+"((?:[^"\\]|\\.)*)"\s*$', re.IGNORECASE)
_MEMBER = re.compile(r'^members\[value eq "([^"]+)"\]$', re.IGNORECASE)
Said = Mapping[str, Any]


class Scim:
    """Answers below /scim/v2."""

    def __init__(self, entrance: Entrance) -> None:
        self._entrance, self._users, self._groups = entrance, entrance.people.users, entrance.people.groups

    # --- what there is

    def about(self) -> Response:
        """What of SCIM is answered."""
        no: Said = {"supported": False}
        told = {
            "schemas": [f"{URN}:schemas:core:2.0:ServiceProviderConfig"], "patch": {"supported": True},
            "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0}, "filter": {"supported": True, "maxResults": MOST},
            "changePassword": no, "sort": no, "etag": no,
            "authenticationSchemes": [{"type": "oauthbearertoken", "name": "Token", "description": "Of cxcurve"}],
        }  # fmt: skip
        return _answer(told)

    def kinds(self) -> Response:
        """Users and groups."""
        told = [
            {"schemas": [f"{URN}:schemas:core:2.0:ResourceType"], "id": name, "name": name, "endpoint": f"/{name}s",
             "schema": schema}
            for name, schema in (("User", USER), ("Group", GROUP))
        ]  # fmt: skip
        return _answer(_listed(told, 1, MOST))

    def list_users(self, request: Request) -> Response:
        """Those that a filter names."""
        return self._list(request, [self._user(one) for one in self._users.all()])

    def list_groups(self, request: Request) -> Response:
        """Those that a filter names."""
        return self._list(request, [self._group(one) for one in self._groups.all()])

    def show_user(self, id_: str) -> Response:
        """One."""
        return _tried(lambda: _answer(self._user(self._users.find(id_))))

    def show_group(self, id_: str) -> Response:
        """One."""
        return _tried(lambda: _answer(self._group(self._groups.find(id_))))

    def _list(self, request: Request, found: Sequence[Said]) -> Response:
        asked = request.query_params
        return _tried(lambda: _answer(_page(_filtered(found, asked.get("filter", "")), asked)))

    # --- what changes

    async def add_user(self, request: Request) -> Response:
        """A new one."""
        return await self._sent(request, self._added_user)

    async def add_group(self, request: Request) -> Response:
        """A new one."""
        return await self._sent(request, self._added_group)

    async def replace_user(self, request: Request, id_: str) -> Response:
        """All of one."""
        return await self._sent(request, lambda said: self._changed_user(id_, said))

    async def patch_user(self, request: Request, id_: str) -> Response:
        """Some of one."""
        return await self._sent(request, lambda said: self._changed_user(id_, _merged(said)))

    async def replace_group(self, request: Request, id_: str) -> Response:
        """All of one."""
        return await self._sent(request, lambda said: self._changed_group(id_, {"members": [], **said}))

    async def patch_group(self, request: Request, id_: str) -> Response:
        """Some of one."""
        return await self._sent(request, lambda said: self._patched_group(id_, said))

    def delete_user(self, id_: str) -> Response:
        """No user any more."""
        return _tried(lambda: self._deleted_user(id_))

    def delete_group(self, id_: str) -> Response:
        """No group any more; its members lose what it gave."""
        return _tried(lambda: self._deleted_group(id_))

    async def _sent(self, request: Request, take: Callable[[Said], Response]) -> Response:
        try:
            said = orjson.loads(await body_of(request.stream(), LONGEST))
        except (orjson.JSONDecodeError, BadValueError) as error:
            return _error(400, f"the body cannot be read: {error}", "invalidSyntax")
        if not isinstance(said, dict):
            return _error(400, "the body is no JSON object", "invalidSyntax")
        return await run_in_threadpool(_tried, lambda: take(said))

    def _added_user(self, said: Said) -> Response:
        email = _email(said)
        if self._users.by_email(email) is not None:
            return _error(409, f"{email} is a user already", "uniqueness")
        role = role_of(_role(said) or WITHOUT)
        user = self._users.add(
            email, role, now_us(), name=_name(said), scope=_scope(said), external_id=_text(said.get("externalId"))
        )
        if _is_active(said) is False:
            user = self._users.change(user.user_id, is_active=False)
        self._log("user added", f"{user.email}: {user.role}")
        return _answer(self._user(user), 201)

    def _changed_user(self, id_: str, said: Said) -> Response:
        user, values = self._users.find(id_), dict[str, Any]()
        if "userName" in said or "emails" in said:
            values["email"] = _email(said)
            other = self._users.by_email(values["email"])
            if other is not None and other.user_id != id_:
                return _error(409, f"{values['email']} is another user's", "uniqueness")
        if name := _name(said):
            values["name"] = name
        if role := _role(said):
            values["role"] = role_of(role).value
        if OWN in said:
            values["scope"] = _scope(said)
        if "externalId" in said:
            values["external_id"] = _text(said["externalId"])
        if (is_active := _is_active(said)) is not None:
            values["is_active"] = is_active
        if values:
            user = self._users.change(id_, **values)
            self._log("user changed", f"{user.email}: {', '.join(sorted(values))}")
        return _answer(self._user(user))

    def _deleted_user(self, id_: str) -> Response:
        user = self._users.find(id_)
        self._users.remove(id_)
        self._log("user removed", user.email)
        return Response(status_code=204)

    def _added_group(self, said: Said) -> Response:
        group = self._groups.add(str(said.get("displayName", "")), _text(said.get("externalId")))
        return self._with_members(group, _members(said.get("members")), 201)

    def _changed_group(self, id_: str, said: Said) -> Response:
        group = self._groups.find(id_)
        if "displayName" in said:
            self._groups.rename(id_, str(said["displayName"]))
        return self._with_members(group, _members(said["members"]) if "members" in said else set(group.members))

    def _patched_group(self, id_: str, said: Said) -> Response:
        members, named = set(self._groups.find(id_).members), dict[str, Any]()
        for does, path, value in _operations(said):
            one = _MEMBER.match(path)
            if one:
                members -= {one[1]} if does == "remove" else set()
            elif path == "members" or (not path and isinstance(value, dict) and "members" in value):
                given = _members(value["members"] if isinstance(value, dict) else value)
                kept = members if does != "replace" else set()
                members = (members - given if value else set()) if does == "remove" else kept | given
            elif path == "displayName" or (not path and isinstance(value, dict)):
                named["displayName"] = value["displayName"] if isinstance(value, dict) else value
            else:
                raise BadValueError(f'path "{path[:80]}" cannot be changed; expected members or displayName')
        return self._changed_group(id_, {**named, "members": [{"value": one} for one in members]})

    def _deleted_group(self, id_: str) -> Response:
        group = self._groups.find(id_)
        self._with_members(group, set())
        self._groups.remove(id_)
        return Response(status_code=204)

    def _with_members(self, before: Group, members: set[str], status: int = 200) -> Response:
        """Set who is in a group; whoever comes or goes, or all where its name changed, has the role anew.

        Raises:
            BadValueError: no admin would be left; then nothing of its members is changed.
        """
        self._groups.set_members(before.group_id, members)
        group = self._groups.find(before.group_id)
        is_other = group.role is not before.role
        moved = set(group.members) | set(before.members) if is_other else set(group.members) ^ set(before.members)
        try:
            for user_id in sorted(moved, key=lambda one: self._groups.role_of(one) != "admin"):
                self._give(user_id)
        except BadValueError:
            self._groups.set_members(before.group_id, before.members)
            if is_other:
                self._groups.rename(before.group_id, before.name)
            raise
        self._log("group", f"{group.name}: {len(group.members)} members")
        return _answer(self._group(group), status)

    def _give(self, user_id: str) -> None:
        user, role = self._users.find(user_id), self._groups.role_of(user_id)
        if user.role is not role:
            self._users.change(user_id, role=role.value)
            self._log("role", f"{user.email}: {role}, by groups")

    def _log(self, what: str, about: str) -> None:
        self._entrance.log(visitor().name, what, about, visitor().address)

    # --- as SCIM tells it

    def _user(self, user: User) -> Said:
        groups = [{"value": one.group_id, "display": one.name} for one in self._groups.of(user.user_id)]
        return {
            "schemas": [USER, OWN], "id": user.user_id, "externalId": user.external_id, "userName": user.email,
            "displayName": user.name, "name": {"formatted": user.name}, "active": user.is_active,
            "emails": [{"value": user.email, "type": "work", "primary": True}], "roles": [{"value": str(user.role)}],
            "groups": groups, OWN: {"scope": _scope_told(user)},
            "meta": {"resourceType": "User", "location": f"/scim/v2/Users/{user.user_id}"},
        }  # fmt: skip

    def _group(self, group: Group) -> Said:
        return {
            "schemas": [GROUP], "id": group.group_id, "externalId": group.external_id, "displayName": group.name,
            "members": [{"value": one, "type": "User"} for one in group.members],
            "meta": {"resourceType": "Group", "location": f"/scim/v2/Groups/{group.group_id}"},
        }  # fmt: skip


def _tried(answer: Callable[[], Response]) -> Response:
    try:
        return answer()
    except UnknownNameError as error:
        return _error(404, str(error))
    except CxcurveError as error:
        return _error(409 if "only admin" in str(error) or "already" in str(error) else 400, str(error), "invalidValue")


def _answer(told: Said, status: int = 200) -> Response:
    return Response(orjson.dumps(told), status, media_type="application/scim+json")


def _error(status: int, detail: str, kind: str = "") -> Response:
    told = {"schemas": [ERROR], "status": str(status), "detail": detail, **({"scimType": kind} if kind else {})}
    return _answer(told, status)


def _listed(found: Sequence[Said], start: int, count: int) -> Said:
    shown = found[start - 1 :][:count]
    return {
        "schemas": [LIST], "totalResults": len(found), "startIndex": start, "itemsPerPage": len(shown),
        "Resources": list(shown),
    }  # fmt: skip


def _page(found: Sequence[Said], asked: Mapping[str, str]) -> Said:
    numbers = [asked.get(name, default) for name, default in (("startIndex", "1"), ("count", str(MOST)))]
    if not all(re.fullmatch(r"-?\d{1,9}", one) for one in numbers):
        raise BadValueError("startIndex and count must be whole numbers")
    return _listed(found, max(1, int(numbers[0])), min(MOST, max(0, int(numbers[1]))))


def _filtered(found: Sequence[Said], text: str) -> Sequence[Said]:
    """Those of which `attribute eq "value"` holds; case plays no part, as RFC 7643 has it for these."""
    if not text:
        return found
    match = _FILTER.match(text)
    if match is None:
        raise BadValueError(f'filter "{text[:80]}" cannot be read; expected such as userName eq "ada@example.com"')
    name, value = match[1].casefold(), re.sub(r"\\(.)", r"\1", match[2]).casefold()
    keys = {"username": "userName", "externalid": "externalId", "id": "id", "displayname": "displayName"}
    if name in {"emails.value", "emails"}:
        name = "username"
    if name not in keys:
        raise BadValueError(f'filter by "{match[1][:80]}" is not possible; expected {", ".join(keys.values())}')
    return [one for one in found if str(one.get(keys[name]) or "").casefold() == value]


def _operations(said: Said) -> list[tuple[str, str, Any]]:
    """What a PATCH does: add, replace or remove; where; with what."""
    found = said.get("Operations")
    if not isinstance(found, list) or not found:
        raise BadValueError("the PATCH has no Operations")
    told = []
    for one in found:
        does = str(one.get("op", "")).casefold() if isinstance(one, dict) else ""
        if does not in {"add", "replace", "remove"}:
            raise BadValueError("an operation is none of add, replace and remove")
        told.append((does, str(one.get("path") or ""), one.get("value")))
    return told


def _merged(said: Said) -> Said:
    """A PATCH of a user as the attributes it sets; what is not kept here is passed over."""
    found: dict[str, Any] = {}
    for does, path, value in _operations(said):
        if does == "remove":
            continue
        if not path and isinstance(value, dict):
            found |= value
        elif path.startswith("emails"):
            found["emails"] = value if isinstance(value, list) else [{"value": value, "primary": True}]
        elif path == "name.formatted":
            found["displayName"] = value
        elif path.startswith(OWN):
            found[OWN] = {"scope": value} if path.endswith(":scope") else value
        else:
            found[path] = value
    return found


def _email(said: Said) -> str:
    """The name to sign in with: userName where it is an address, else the primary e-mail.

    Raises:
        BadValueError: neither is one.
    """
    told = said.get("emails")
    emails = [one for one in (told if isinstance(told, list) else ()) if isinstance(one, dict)]
    emails.sort(key=lambda one: one.get("primary") is not True)
    name = str(said.get("userName") or "")
    return email_of(name if "@" in name or not emails else str(emails[0].get("value", "")))


def _name(said: Said) -> str:
    parts = said.get("name") if isinstance(said.get("name"), dict) else {}
    told = said.get("displayName") or (parts or {}).get("formatted")
    both = " ".join(str(parts[key]) for key in ("givenName", "familyName") if parts and parts.get(key))
    return name_of(str(told or both))


def _role(said: Said) -> str:
    found = said.get("roles")
    first = found[0] if isinstance(found, list) and found else None
    return str(first.get("value", "") if isinstance(first, dict) else first or "")


def _scope(said: Said) -> Scope | None:
    told = said.get(OWN)
    texts = told.get("scope") if isinstance(told, dict) else None
    return Scope.read(str(one) for one in texts) if isinstance(texts, list) else None


def _scope_told(user: User) -> list[str]:
    return [f"{column}={value}" for column, values in (user.scope.rules if user.scope else ()) for value in values]


def _is_active(said: Said) -> bool | None:
    """Some directories send it as text."""
    told = said.get("active")
    return None if told is None else told if isinstance(told, bool) else str(told).casefold() == "true"


def _members(told: Any) -> set[str]:
    rows = told if isinstance(told, list) else ()
    return {str(one["value"]) for one in rows if isinstance(one, dict) and one.get("value")}


def _text(told: Any) -> str | None:
    return None if told is None else str(told)[:300]
