"""Talking to one service: signed in, patient, never to another host, and without a secret in what is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
from dlt.sources.helpers.rest_client import auth as dlt_auth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.rest_api.config_setup import create_paginator

from cxcurve.errors import ConnectError, clip
from cxcurve.sources.connectors.contract import SecretOf
from cxcurve.sources.connectors.patience import Limits, Patience
from cxcurve.sources.connectors.secrets import scrubbed
from cxcurve.sources.connectors.services import Service

TIMEOUT_SECONDS = (15, 180)
_AUTHS = {
    "bearer": dlt_auth.BearerTokenAuth,
    "http_basic": dlt_auth.HttpBasicAuth,
    "api_key": dlt_auth.APIKeyAuth,
    "oauth2_client_credentials": dlt_auth.OAuth2ClientCredentials,
}
_PLACE = re.compile(r"\{(\w+)\}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class RefusedError(ConnectError):
    """The service answered that it will not do what was asked; `status` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """One answer: its JSON, and the request that asks for what comes next, None at the end."""

    body: Any
    following: dict[str, Any] | None


@dataclass
class Client:
    """One service of one account.

    `kept` says what a failure leaves; `sign` is called with each request as it is sent, also when it is sent again.
    `memory` holds what was asked for once and is needed for many rows.
    """

    service: Service
    settings: Mapping[str, str]
    secret_of: SecretOf = field(repr=False)
    kept: str = "What was fetched before stays"
    sign: Callable[[Any], None] | None = field(default=None, repr=False)
    memory: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _secrets: list[str] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        self.base_url = self.settings.get("url") or str(filled(self.service.base_url, self._plain_settings()))
        parts = urlsplit(self.base_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ConnectError(
                f"{self.service.label}: {self.base_url} is no https address; secrets are sent to no other"
            )
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._host = (parts.scheme, parts.netloc)
        self._session: Any = requests.Session()
        self._send = self._session.send
        self._patience: dict[Limits, Any] = {}
        self._auth = self._signed_in()

    def pages(
        self, path: str, method: str, params: Any, body: Any, paginator: Any, limits: Limits | None = None
    ) -> Iterator[Answer]:
        """One answer after the other, as the paginator says."""
        with self.said():
            yield from self._pages(path, method, params, body, paginator, limits)

    def _pages(
        self, path: str, method: str, params: Any, body: Any, paginator: Any, limits: Limits | None
    ) -> Iterator[Answer]:
        self._session.send = self._patient(limits or self.service.limits)
        # dlt's own hook raises for a bad status before it could be tried again.
        for page in self._client.paginate(
            path,
            method,
            params=params,
            json=body,
            paginator=create_paginator(paginator),
            data_selector="$",
            hooks={"response": []},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        ):
            request = page.request
            # The paginator writes into this very request again, for the page after.
            following = deepcopy({"path": request.url, "params": request.params, "body": request.json})
            yield Answer(page.response.json(), following if page.paginator.has_next_page else None)

    def ask(self, path: str, method: str = "GET", **kwargs: Any) -> Any:
        """The JSON of one answer; `params` and `json` as for requests."""
        with self.said():
            return self.send(path, method, **kwargs).json()

    def send(self, path: str, method: str = "GET", limits: Limits | None = None, **kwargs: Any) -> Any:
        """One answer as it is."""
        with self.said():
            self._session.send = self._patient(limits or self.service.limits)
            return self._client.request(path, method, timeout=TIMEOUT_SECONDS, allow_redirects=False, **kwargs)

    def hide(self, *texts: str) -> None:
        """Never show these either: an address can be a secret as a whole."""
        self._secrets += [text for text in texts if text]

    @contextmanager
    def said(self) -> Iterator[None]:
        """Errors of the libraries below us quote addresses and bodies; ours name the kind of error alone."""
        try:
            yield
        except requests.JSONDecodeError:
            raise ConnectError(f"{self.service.label}: an answer is no JSON; is the address that of its API?") from None
        except requests.RequestException as error:
            status = getattr(error.response, "status_code", None)
            told = f"was answered with {status}" if status else f"failed: {type(error).__name__}"
            raise ConnectError(f"{self.service.label}: a request {told}. {self.kept}") from None

    @property
    def _client(self) -> Any:
        headers = dict(self.service.headers)
        return RESTClient(self.base_url, headers, self._auth, session=self._session, config=RuntimeConfiguration())

    def _patient(self, limits: Limits) -> Any:
        if limits not in self._patience:
            passing = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
            patience = Patience(self.service.label, limits)
            self._patience[limits] = self._checked(patience.wrap(self._guarded, passing))
        return self._patience[limits]

    def _guarded(self, request: Any, **kwargs: Any) -> Any:
        """Send, but to no other host: the next page is where the answer says, and the secret goes along."""
        parts = urlsplit(request.url)
        if (parts.scheme, parts.netloc) != self._host:
            raise ConnectError(
                f"{self.service.label}: its answer points to another host, {clip(parts.netloc, 60)}; nothing was sent "
                "there, for the secret would go along"
            )
        if self.sign is not None:
            self.sign(request)
        return self._send(request, **kwargs)

    def _checked(self, send: Any) -> Any:
        def checked(request: Any, **kwargs: Any) -> Any:
            response = send(request, **kwargs)
            if response.status_code >= 300:
                raise RefusedError(self._refusal(request, response), response.status_code)
            return response

        return checked

    def _refusal(self, request: Any, response: Any) -> str:
        path, status = urlsplit(request.url).path, response.status_code
        said = clip(" ".join(response.text.split()), 200)
        hint = {
            401: "Is the secret right, and not out of date?",
            403: "The secret is right, but may not do this: give its owner the right to.",
            404: "Are the settings beside `connect:` right?",
        }.get(status, "")
        if 300 <= status < 400:
            hint = "It sends us elsewhere: are the settings beside `connect:` right?"
        message = f"{self.service.label}: {request.method} {path} was answered with {status} {response.reason}. {hint}"
        return scrubbed(f"{message.strip()} It says: {said}" if said else message.strip(), self._secrets)

    def _signed_in(self) -> Any:
        wanted = dict(self.service.auth)
        if not wanted:
            return None
        make = _AUTHS[wanted.pop("type")]
        names = {
            **self._plain_settings(),
            "origin": self.origin,
            **{name: self._secret(name) for name in self.service.secrets},
        }
        given: dict[str, Any] = {key: str(filled(value, names)) for key, value in wanted.items()}
        if "access_token_url" in given:
            given["session"] = self._session
            self._session.send = self._patient(self.service.limits)
        return make(**given)

    def _secret(self, name: str) -> str:
        found = self.secret_of(name)
        self._secrets.append(found)
        return found

    def _plain_settings(self) -> dict[str, str]:
        """The settings; those that become part of an address must be no more than a part of one."""
        for name, value in self.settings.items():
            if f"{{{name}}}" in self.service.base_url and not re.fullmatch(r"[\w.-]+", value):
                raise ConnectError(f'{self.service.label}: {name} is "{clip(value)}"; {self.service.settings[name]}')
        return dict(self.settings)


def filled(value: Any, names: Mapping[str, Any]) -> Any:
    """`value` with "{name}" replaced by what is called so, in all the texts inside; alone it keeps its type."""
    if isinstance(value, Mapping):
        return {key: filled(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if not isinstance(value, str):
        return value
    if (alone := _PLACE.fullmatch(value)) and alone[1] in names:
        return names[alone[1]]
    return _PLACE.sub(lambda found: str(names.get(found[1], found[0])), value)
