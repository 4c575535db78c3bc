"""A provider of OpenID Connect that others wrote and run: Django OAuth Toolkit, with its own sign-in page.

Run as a program with a folder for its database: it prints its port, reads where to send people back to, and serves.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from joserfc.jwk import RSAKey

CLIENT, SECRET = "cxcurve", "a secret of the client"
NAME, EMAIL, PASSWORD = "ada", "ada@example.com", "four words of hers"
LOGIN = "<form method=post>{% csrf_token %}{{ form }}</form>"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing."""


def main(folder: Path) -> None:
    """Serve until killed."""
    templates = [("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN})]
    settings.configure(
        SECRET_KEY="of a test", ROOT_URLCONF="django_provider", ALLOWED_HOSTS=["127.0.0.1"], USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.db"}},
        INSTALLED_APPS=[
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": templates}}],
        LOGIN_URL="/login",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True, "PKCE_REQUIRED": True, "SCOPES": dict.fromkeys(("openid", "email", "profile"), ""),
            "OIDC_RSA_PRIVATE_KEY": RSAKey.generate_key(2048).as_pem(private=True).decode(),
            "OAUTH2_VALIDATOR_CLASS": "django_provider.Claims",
        },
    )  # fmt: skip
    django.setup()
    with make_server("127.0.0.1", 0, _application, handler_class=_Quiet) as server:
        print(server.server_port, flush=True)
        _fill(back=input())
        print("ready", flush=True)
        server.serve_forever()


def _fill(back: str) -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    User.objects.create_user(NAME, EMAIL, PASSWORD)
    Application.objects.create(
        client_id=CLIENT, client_secret=SECRET, client_type="confidential", redirect_uris=back,
        authorization_grant_type="authorization-code", algorithm="RS256", skip_authorization=True,
    )  # fmt: skip


def _application(environ: Any, start: Any) -> Any:
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()(environ, start)


def __getattr__(name: str) -> Any:
    """What Django asks this module for once it is set up: its addresses, and the claims of a user."""
    if name == "urlpatterns":
        from django.contrib.auth.views import LoginView
        from django.urls import include, path

        return [path("o/", include("oauth2_provider.urls")), path("login", LoginView.as_view())]
    if name == "Claims":
        from oauth2_provider.oauth2_validators import OAuth2Validator

        class Claims(OAuth2Validator):  # type: ignore[misc]
            oidc_claim_scope = None

            def get_additional_claims(self, request: Any) -> dict[str, Any]:
                return {"email": request.user.email, "email_verified": True, "name": request.user.username}

        return Claims
    raise AttributeError(name)


if __name__ == "__main__":
    sys.modules["django_provider"] = sys.modules["__main__"]
    main(Path(sys.argv[1]))
