"""The port that pages are served on."""

from __future__ import annotations

import errno
import socket

from cxcurve.errors import BadValueError


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        BadValueError: it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio leaves small answers to wait for one another (40 ms) unless the socket itself says that it speaks TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise BadValueError(_why(error, host, port)) from error
    return listener


def address(host: str, port: int) -> str:
    """What to open in a browser."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is taken by another program, perhaps another `cxcurve serve`. "
            f"Stop that one, or choose another port: `cxcurve serve --port {port + 1 if port < 65535 else 8765}`."
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this program has; choose one from 1024 up, such as --port 8765"
    return f"{host}:{port} cannot be used: {error.strerror or error}; expected this computer, such as 127.0.0.1"
