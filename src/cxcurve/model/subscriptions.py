"""Who is sent reports: `reports.yaml` as frozen objects; read it with `model.read_subscriptions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from cxcurve.model.connect import Connect
from cxcurve.model.journey import Frozen, Names, one_or_many
from cxcurve.model.schedules import Schedule

To = Literal["email", "chat"]
Attached = Literal["pdf", "png", "html"]
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Subscription(Frozen):
    """One report to one place: the week or the quarter, by e-mail to people or into a channel of a chat.

    With `view` it is the link to a saved view that is shared, once a week, and no report.

    `segment` such as {plan: Pro}: the report of these customers alone.

    `key` is what reports.yaml calls it; `name` tells two accounts apart, in the names of secrets. `to: chat` is any
    incoming webhook that takes what Slack's take; its address is a secret.
    """

    key: str = ""
    report: Literal["week", "quarter"] = "week"
    segment: Mapping[str, str] = {}
    view: str | None = None
    to: To
    every: Schedule | None = None
    recipients: Names = ()
    sender: str | None = Field(default=None, alias="from")
    server: str | None = None
    port: int | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    attach: Annotated[tuple[Attached, ...], BeforeValidator(one_or_many)] = ("pdf",)
    link: str | None = None
    name: str | None = None

    @property
    def connect(self) -> Connect:
        """Under which name its secrets are given."""
        return Connect(service="smtp" if self.to == "email" else "chat", rows="", name=self.name)

    @property
    def at_port(self) -> int:
        """The port, where none is said the usual one."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]
