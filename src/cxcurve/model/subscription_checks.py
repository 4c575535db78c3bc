"""What a subscription to reports says that cannot work: nobody to send to, no server, secrets for all to read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from cxcurve.model.connect import looks_secret, secret_name
from cxcurve.model.subscriptions import LOOPBACK, Subscription
from cxcurve.model.wording import Finding

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+")
_NEEDED = {
    "recipients": 'who gets it, such as ["board@acme.example"]',
    "sender": 'whom it comes from, such as "cx@acme.example"',
    "server": 'the mail server, such as "smtp.acme.example"',
}
_OF_MAIL = ("recipients", "sender", "server", "port", "user", "attach", "security")
_KEYS = {"sender": "from"}


def check_subscription(key: str, subscription: Subscription) -> Iterator[Finding]:
    """Everything wrong between the parts of one subscription."""
    check = _mail if subscription.to == "email" else _chat
    for finding in (
        *check(subscription),
        *_view(subscription),
        *_segment(subscription),
        *_secrets(subscription),
        *_link(subscription),
    ):
        yield Finding((key, *finding.loc), f'report "{key}" {finding.message}', finding.severity)


def _mail(one: Subscription) -> Iterator[Finding]:
    for name, what in _NEEDED.items():
        if not getattr(one, name):
            yield Finding((), f"needs `{_KEYS.get(name, name)}`: {what}")
    for name in ("recipients", "sender"):
        for address in one.recipients if name == "recipients" else filter(None, (one.sender,)):
            if not _ADDRESS.fullmatch(address):
                loc = _KEYS.get(name, name)
                yield Finding(
                    (loc,), f'has "{address}" in `{loc}`, which is no address; expected such as "ann@acme.example"'
                )
    for address, n in Counter(address.lower() for address in one.recipients).items():
        if n > 1:
            yield Finding(("recipients",), f'names "{address}" {n} times; each gets it once')
    if one.security == "none" and one.server and one.server not in LOOPBACK:
        message = (
            f'sends to "{one.server}" with `security: none`, for all to read on the way; expected starttls or tls. '
            "Without encryption only this computer's own server is sent to"
        )
        yield Finding(("security",), message)
    if one.port is not None and not 1 <= one.port <= 65535:
        yield Finding(("port",), f"has the port {one.port}; expected a number from 1 to 65535")


def _chat(one: Subscription) -> Iterator[Finding]:
    for name in _OF_MAIL:
        if name in one.model_fields_set:
            loc = _KEYS.get(name, name)
            yield Finding((loc,), f"has `{loc}`, which a chat does not use; remove it")


def _view(one: Subscription) -> Iterator[Finding]:
    """A link to a view is all that is sent of it."""
    if one.view is None:
        return
    if not one.view.strip():
        yield Finding(("view",), "has an empty `view`; expected the name of a view that is shared")
    for name in ("report", "segment", "attach", "link"):
        if name in one.model_fields_set:
            yield Finding((name,), f"has `{name}`, which the link to a view does not use; remove it")


def _segment(one: Subscription) -> Iterator[Finding]:
    """One value of one key, of the report of a week."""
    if one.segment and one.report == "quarter":
        yield Finding(("segment",), "has a `segment`; the review of a quarter tells of single customers, and is of all")
    if len(one.segment) > 1:
        yield Finding(("segment",), f"has {len(one.segment)} keys in `segment`; expected one, such as {{plan: Pro}}")


def _secrets(one: Subscription) -> Iterator[Finding]:
    """What looks like a secret, by its value; the value is never shown."""
    wanted = secret_name(one.connect, "password" if one.to == "email" else "url")
    for name in ("server", "user", "name", "link", "sender"):
        value = getattr(one, name) or ""
        if looks_secret("", value) or "hooks.slack.com" in value:
            yield Finding(
                (_KEYS.get(name, name),),
                f"has a secret in `{_KEYS.get(name, name)}`, for all to read who see this file. Take it out, give it "
                f"as the environment variable {wanted} or in the keyring, and have a new one made: this one was "
                "written down",
            )


def _link(one: Subscription) -> Iterator[Finding]:
    if one.link is not None and not re.match(r"https?://\S+$", one.link):
        yield Finding(("link",), f'has the link "{one.link}"; expected such as "https://cx.acme.example/reports"')
