"""What hands reports over, by what `to:` says, and what is missing before it can."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from cxcurve.errors import Problem
from cxcurve.model.connect import secret_name
from cxcurve.model.subscriptions import Subscription
from cxcurve.sources.connectors.secrets import has_secret, secrets_of
from cxcurve.sources.posting.chat import Chat
from cxcurve.sources.posting.contract import Post
from cxcurve.sources.posting.mail import Mail

CHAT = "chat"
"""What the one recipient of a chat is called."""


def check_subscription_ready(subscription: Subscription) -> list[Problem]:
    """What is missing before it can be sent, all at once, without asking anybody."""
    said = f'report "{subscription.key}"'
    return [Problem("reports.yaml", 0, f"{said}: {flaw}") for flaw in _flaws(subscription)]


def open_post(subscription: Subscription) -> Post:
    """What hands it over; nothing is asked of anybody yet.

    Raises:
        ConnectError: a secret is missing, or an address is none.
    """
    secret_of = secrets_of(subscription.connect)
    if subscription.to == CHAT:
        return Chat(secret_of("url"))
    return Mail(subscription, secret_of("password") if subscription.user is not None else None)


def _flaws(one: Subscription) -> Iterator[str]:
    wanted, what = ("url", "the address of the channel's webhook") if one.to == CHAT else ("password", "of `user`")
    if (one.to == CHAT or one.user is not None) and not has_secret(one.connect, wanted):
        yield f"needs the secret {secret_name(one.connect, wanted)}, {what}, in the environment or the keyring"
    if one.to == "email" and {"pdf", "png"} & {*one.attach} and find_spec("typst") is None:
        yield 'attaches PDF or PNG, which need typst: pip install "cxcurve[reports]"; or write `attach: [html]`'
