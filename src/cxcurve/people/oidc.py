"""Sign-in by OpenID Connect: the code flow with PKCE, and an ID token of which everything is checked.

Needs `pip install "cxcurve[sso]"`; nothing of it is loaded before somebody signs in so.
"""

from __future__ import annotations

import ipaddress
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cxcurve.errors import ConnectError

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
SCOPES = "openid email profile"
WAIT_S = 10.0
LEEWAY_S = 60
REST_S = 15.0
"""After a provider could not be read."""
NEEDS = 'sign-in by OpenID Connect needs Authlib: pip install "cxcurve[sso]"'


@dataclass(frozen=True, slots=True)
class Claims:
    """Who signed in, as the provider says; `subject` is its issuer and its name for them."""

    subject: str
    email: str
    is_verified: bool
    name: str


@dataclass
class Provider:
    """A provider of OpenID Connect, asked for its addresses and keys when first needed."""

    issuer: str
    client_id: str
    client_secret: str
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _about: Mapping[str, Any] | None = None
    _rests_until_s: float = 0.0
    _keys: Mapping[str, Any] | None = None

    def start(self, back: str) -> tuple[str, str, dict[str, str]]:
        """Where to send the browser, the state it brings back, and what is to be kept until then.

        Args:
            back: our address that the provider sends the browser to.

        Raises:
            ConnectError: the provider cannot be reached, or is none.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._client(back) as client:
            url, _ = client.create_authorization_url(
                self.about["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return url, state, {"nonce": nonce, "verifier": verifier, "back": back}

    def finish(self, code: str, kept: Mapping[str, str]) -> Claims:
        """Who it is.

        Raises:
            ConnectError: the provider refuses, or what it says does not hold.
        """
        from authlib.common.errors import AuthlibBaseError

        try:
            with self._client(kept["back"]) as client:
                told = client.fetch_token(
                    self.about["token_endpoint"], code=code, code_verifier=kept["verifier"], timeout=WAIT_S
                )
        except (AuthlibBaseError, OSError, ValueError) as error:
            raise ConnectError(f"{self.issuer}: gave no token ({type(error).__name__}); sign in again") from None
        return self._checked(str(told.get("id_token", "")), kept["nonce"])

    @property
    def about(self) -> Mapping[str, Any]:
        """The provider's own description, asked for once.

        Raises:
            ConnectError: it cannot be had, or is another issuer's.
        """
        with self._lock:
            if self._about is None:
                if time.monotonic() < self._rests_until_s:
                    raise ConnectError(f"{self.issuer}: did not answer a moment ago; try again in {REST_S:.0f} s")
                self._rests_until_s = time.monotonic() + REST_S  # threads of others must not wait for it, too
                found = _fetched(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self.issuer:
                    raise ConnectError(
                        f"{self.issuer}: calls itself {str(found.get('issuer'))[:200]!r}; expected itself"
                    )
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _check_address(str(found.get(name, "")))
                self._about = found
            return self._about

    def _checked(self, token: str, nonce: str) -> Claims:
        from joserfc.errors import JoseError

        try:
            said = self._verified(token)
            _check_claims(said, self.issuer, self.client_id, nonce)
        except (JoseError, ValueError) as error:
            raise ConnectError(f"{self.issuer}: its ID token does not hold ({error}); sign in again") from None
        name, email = str(said.get("name") or ""), str(said.get("email") or "")
        return Claims(f"{self.issuer}|{said['sub']}", email, said.get("email_verified") is True, name[:120])

    def _verified(self, token: str) -> dict[str, Any]:
        """What a token says, signed by a key of the provider; keys that are not known are asked for once more."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        known = self._keys
        for keys in (known, None):
            try:
                found = keys or self._fetched_keys()
                return dict(jwt.decode(token, KeySet.import_key_set(found), algorithms=ALGORITHMS).claims)  # type: ignore[arg-type]
            except (JoseError, ValueError):
                if keys is None:
                    raise
        raise ValueError("no key")

    def _fetched_keys(self) -> Mapping[str, Any]:
        self._keys = _fetched(self.about["jwks_uri"])
        return self._keys

    def _client(self, back: str) -> Any:
        try:
            from authlib.integrations.requests_client import OAuth2Session
        except ImportError:
            raise ConnectError(NEEDS) from None
        return OAuth2Session(
            self.client_id, self.client_secret or None, scope=SCOPES, redirect_uri=back, code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self.client_secret else "none",
        )  # fmt: skip


def _check_claims(said: Mapping[str, Any], issuer: str, client_id: str, nonce: str) -> None:
    """Of whom it is, for whom, until when, and that it answers what we asked.

    Raises:
        ValueError: one of them is not so.
        joserfc.errors.JoseError: likewise.
    """
    from joserfc import jwt

    jwt.JWTClaimsRegistry(
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(dict(said))
    audience = said["aud"]
    if isinstance(audience, list) and len(audience) > 1 and said.get("azp") != client_id:
        raise ValueError("it is for several, and not made for us")


def _fetched(address: str) -> dict[str, Any]:
    try:
        import requests
    except ImportError:
        raise ConnectError(NEEDS) from None
    _check_address(address)
    try:
        answer = requests.get(address, timeout=WAIT_S, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (OSError, ValueError) as error:
        raise ConnectError(f"{address}: cannot be read ({type(error).__name__}); expected JSON") from None
    if not isinstance(found, dict):
        raise ConnectError(f"{address}: is no JSON object")
    return found


def _check_address(address: str) -> None:
    """Refuse what travels in the clear, but on this computer.

    Raises:
        ConnectError: so it is.
    """
    read = urlsplit(address)
    if read.scheme != "https" and not (read.scheme == "http" and _is_here(read.hostname or "")):
        raise ConnectError(f"{address[:200] or 'the provider'}: expected an address that begins with https://")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
