"""A report in a few lines: the one number that really changed, one action, one owner; or that nothing did."""

from __future__ import annotations

from dataclasses import dataclass

from cxcurve.reports.headline import Headline


@dataclass(frozen=True, slots=True)
class Message:
    """A subject, and the lines of a mail and of a chat."""

    subject: str
    text: str
    chat: str


def message(headline: Headline, company: str, period: str, link: str | None = None, attached: str = "") -> Message:
    """What is sent.

    Args:
        headline: of the report.
        company: whose it is.
        period: as in "week to 22 Nov 2026".
        link: where the reports are to be read.
        attached: the names of files that go along.
    """
    what = f"{company}, {period}"
    steps = [("Action", headline.action), ("Owner", headline.owner)] if headline.action else []
    plain = [headline.title, headline.text, *(f"{name}: {said}" for name, said in steps)]
    tail = [f"Attached: {attached}"] if attached else []
    tail += [f"All reports: {link}"] if link else []
    text = "\n\n".join([plain[0], plain[1], "\n".join(plain[2:]), "\n".join(tail), what])
    lines = [f"*{_escaped(headline.title)}* ({_escaped(what)})", _escaped(headline.text)]
    lines += [f"*{name}:* {_escaped(said)}" for name, said in steps]
    lines += [f"<{link}|All reports>"] if link else []
    return Message(f"{headline.title} ({what})", text.replace("\n\n\n\n", "\n\n") + "\n", "\n".join(lines))


def view_message(name: str, address: str, company: str, period: str) -> Message:
    """The link to a saved view, and nothing that stands there.

    Args:
        name: what the view is called.
        address: where it is.
        company: whose it is.
        period: the one that is over.
    """
    what = f"{company}, after the {period}"
    said = "Whoever opens it signs in, and sees what they may see, as of then."
    text = f"{name}\n{address}\n\n{said}\n\n{what}\n"
    return Message(
        f"{name} ({what})", text, f"<{_escaped(address)}|{_escaped(name).replace('|', '/')}> ({_escaped(what)})\n{said}"
    )


def _escaped(text: str) -> str:
    """As chats want it: no name in it calls anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
