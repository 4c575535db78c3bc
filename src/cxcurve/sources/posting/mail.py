"""By e-mail: one message for each recipient, over SMTP, encrypted unless the server is this computer's own."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from cxcurve.errors import ConnectError
from cxcurve.model.subscriptions import Subscription
from cxcurve.sources.connectors.secrets import scrubbed
from cxcurve.sources.posting.contract import Letter, UnsureError

TIMEOUT_S = 30.0
_POLICY = SMTP.clone(cte_type="7bit")
_OK, _FORWARDED, _GO_ON = 250, 251, 354


class Mail:
    """A post (`contract.Post`) by a mail server."""

    def __init__(self, subscription: Subscription, password: str | None) -> None:
        self._to, self._password = subscription, password

    def send(self, recipient: str, letter: Letter, handing: Callable[[], None]) -> None:
        """Send one mail."""
        message = mail(self._to.sender or "", recipient, letter)
        try:
            server = self._opened()
        except (OSError, smtplib.SMTPException) as error:
            raise ConnectError(self._said(error, recipient)) from None
        try:
            self._hand_over(server, recipient, message, handing)
        finally:
            server.close()

    def _opened(self) -> smtplib.SMTP:
        one = self._to
        host, port = one.server or "", one.at_port
        if one.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        try:
            if one.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
            if one.user is not None and self._password is not None:
                server.login(one.user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _hand_over(self, server: smtplib.SMTP, recipient: str, message: bytes, handing: Callable[[], None]) -> None:
        steps: tuple[tuple[Callable[[], tuple[int, bytes]], tuple[int, ...]], ...] = (
            (lambda: server.mail(self._to.sender or ""), (_OK,)),
            (lambda: server.rcpt(recipient), (_OK, _FORWARDED)),
            (lambda: server.docmd("DATA"), (_GO_ON,)),
        )
        try:
            for ask, fine in steps:
                code, said = ask()
                if code not in fine:
                    raise smtplib.SMTPResponseException(code, said)
        except (OSError, smtplib.SMTPException) as error:
            raise ConnectError(self._said(error, recipient)) from None
        handing()  # from here on it may have been taken
        try:
            server.send(_dotted(message))
            code, said = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise UnsureError(self._said(error, recipient)) from None
        if code != _OK:
            raise ConnectError(self._said(smtplib.SMTPResponseException(code, said), recipient))

    def _said(self, error: Exception, recipient: str) -> str:
        """What went wrong, without the password and the address."""
        if isinstance(error, smtplib.SMTPResponseException):
            answer = (
                error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
            )
            what = f"answered {error.smtp_code}: {answer}"
        else:
            what = str(error) or type(error).__name__
        text = f"the mail server {self._to.server}:{self._to.at_port} {'' if 'answered' in what else 'failed: '}{what}"
        return scrubbed(" ".join(text.split())[:300], [self._password or "", recipient])


def mail(sender: str, recipient: str, letter: Letter) -> bytes:
    """The message as it is sent; by its Message-ID a mail program knows one it has had already."""
    message = EmailMessage(policy=_POLICY)
    message["From"], message["To"] = sender, recipient
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{letter.mark}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    for file in letter.files:
        maintype, _, subtype = file.kind.partition("/")
        params = {"charset": "utf-8"} if maintype == "text" else None
        message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name, params=params)
    return message.as_bytes()


def _dotted(message: bytes) -> bytes:
    """With lines that begin with a dot told from the end, and the end."""
    text = re.sub(rb"(?m)^\.", b"..", message)
    return (text if text.endswith(b"\r\n") else text + b"\r\n") + b".\r\n"
