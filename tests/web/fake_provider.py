"""A provider of OpenID Connect on loopback: discovery, keys, the code flow with PKCE, real RS256 signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "cxcurve", "a secret of the client"


class FakeProvider:
    """What it says can be set, to see what is believed."""

    def __init__(self) -> None:
        self.url = ""
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.signing: Any = self.key
        self.header: dict[str, str] = {"alg": "RS256", "kid": "one"}
        self.claims: dict[str, Any] = {}
        self.leaves_out: tuple[str, ...] = ()
        self.issuer = ""
        self.forged: tuple[str, bytes] | None = None
        self.codes: dict[str, dict[str, str]] = {}

    def about(self) -> dict[str, str]:
        ends = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        told = {f"{name}_endpoint": f"{self.url}/{path}" for name, path in ends.items()}
        return {"issuer": self.issuer or self.url, "jwks_uri": f"{self.url}/keys", **told}

    def authorized(self, asked: dict[str, str]) -> str:
        """Where the browser goes then: somebody signed in there, at once."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The answer; None where the client, the code or the proof is wrong."""
        user, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        asked = self.codes.pop(form["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if (unquote(user), unquote(secret)) != (CLIENT, SECRET) or asked is None or proof != asked["code_challenge"]:
            return None
        if form["redirect_uri"] != asked["redirect_uri"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": "u-7", "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            "email": "ada@example.com", "email_verified": True, "name": "Ada", **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if name not in self.leaves_out}
        signed = self._forged(claims) if self.forged else jwt.encode(self.header, claims, self.signing)
        return {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": signed}

    def _forged(self, claims: dict[str, Any]) -> str:
        """Signed by hand, as no library does it: not at all, or with what everybody knows."""
        assert self.forged
        alg, secret = self.forged
        parts = [_base64(json.dumps(one).encode()) for one in ({"alg": alg, "kid": "one"}, claims)]
        text = ".".join(parts)
        mark = _base64(hmac.digest(secret, text.encode(), "sha256")) if secret else ""
        return f"{text}.{mark}"


def _base64(told: bytes) -> str:
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


@contextmanager
def provided() -> Iterator[FakeProvider]:
    """A provider on a free port."""
    fake = FakeProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, asked = self._asked()
            if path == "/.well-known/openid-configuration":
                self._say(fake.about())
            elif path == "/keys":
                self._say({"keys": [fake.key.as_dict(private=False)]})
            elif path == "/authorize":
                self.send_response(302)
                self.send_header("location", fake.authorized(asked))
                self.end_headers()
            else:
                self._say({"error": "not_found"}, 404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            told = fake.token(form, self.headers.get("authorization", ""))
            self._say(told or {"error": "invalid_grant"}, 200 if told else 400)

        def _asked(self) -> tuple[str, dict[str, str]]:
            read = urlsplit(self.path)
            return read.path, {key: values[0] for key, values in parse_qs(read.query).items()}

        def _say(self, told: dict[str, Any], status: int = 200) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
