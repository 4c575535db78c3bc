"""A mail server and a chat on this computer: what they were given, with faults and pauses where a test wants them."""

from __future__ import annotations

import email
import http.server
import io
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast


@dataclass
class Box:
    """What arrived, and what is to go wrong.

    Attributes:
        mails: messages that were taken, by recipient.
        refused: recipients whose mails are refused, with the answer.
        after_data: instead of taking a message: "drop" hangs up, "refuse" says no; one for each message to come.
        logins: what was given to sign in.
        n_encrypted: how many connections went over to TLS.
        hold: where to wait: "data" before the message is asked for, "end" before it is taken.
    """

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    after_data: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    n_encrypted: int = 0
    hold: str = ""
    is_held: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def wait(self, where: str) -> None:
        """Where a test wants it."""
        if self.hold == where:
            self.hold = ""
            self.is_held.set()
            self.goes_on.wait(60)


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[Box]:
    """A mail server that speaks as much SMTP as is needed; with `tls` it encrypts once asked, or from the start."""
    box = Box()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                self.talk()
            except OSError:
                return

        def talk(self) -> None:
            recipient = ""
            if at_once:
                self.encrypt()
            self.say("220 ready")
            while line := self.rfile.readline().decode().strip():
                word = line.partition(" ")[0].upper()
                if word == "EHLO":
                    self.say("250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN" if tls else "250-here\r\n250 AUTH PLAIN")
                elif word == "STARTTLS":
                    self.say("220 go on")
                    self.encrypt()
                elif word == "AUTH":
                    box.logins.append(line)
                    self.say("235 welcome")
                elif word == "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                    self.say(box.refused.get(recipient, "250 fine"))
                elif word == "DATA":
                    box.wait("data")
                    self.say("354 go on")
                    if not self.take(recipient):
                        return
                else:
                    self.say("250 fine")

        def encrypt(self) -> None:
            assert tls is not None
            self.connection = tls.wrap_socket(self.connection, server_side=True)
            self.rfile = cast(io.BufferedReader, self.connection.makefile("rb"))
            self.wfile = cast(io.BufferedIOBase, self.connection.makefile("wb", 0))
            box.n_encrypted += 1

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def take(self, recipient: str) -> bool:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line[1:] if line.startswith(b"..") else line)
            if line == b"":  # hung up in the middle: nothing was handed over
                return False
            fault = box.after_data.pop(0) if box.after_data else ""
            if fault == "refuse":
                self.say("554 no room")
                return True
            message = cast(EmailMessage, email.message_from_bytes(b"".join(lines), policy=default))
            box.mails.append((recipient, message))
            box.wait("end")
            if fault == "drop":
                return False
            self.say("250 taken")
            return True

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with _running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)) as port:
        box.port = port
        yield box


@dataclass
class Room:
    """What was said in a channel, and the statuses of the answers to come; 0 hangs up after it was taken."""

    said: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    url: str = ""


@contextmanager
def chat_room() -> Iterator[Room]:
    """A chat that takes what Slack's webhooks take."""
    room = Room()

    class Talk(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = room.statuses.pop(0) if room.statuses else 200
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if status in (0, 200):
                room.said.append(body)
            if status:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            return

    with _running(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Talk)) as port:
        room.url = f"http://127.0.0.1:{port}/services/T0/B0/very-secret"
        yield room


@contextmanager
def _running(server: socketserver.TCPServer) -> Iterator[int]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[misc]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
