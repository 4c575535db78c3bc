"""The port: told where it is, and clearly why it cannot be had."""

from __future__ import annotations

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from cxcurve.errors import BadValueError
from cxcurve.web.port import address, listening


def test_a_taken_port_is_said_with_a_way_out() -> None:
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(
            BadValueError, match=re.escape(f"port {port} on 127.0.0.1 is taken by another program")
        ) as said:
            listening("127.0.0.1", port)
        assert "`cxcurve serve --port" in str(said.value)


def test_an_address_of_elsewhere_is_refused() -> None:
    with pytest.raises(BadValueError, match=re.escape("192.0.2.1:8765 cannot be used: ")):
        listening("192.0.2.1", 8765)
    with pytest.raises(BadValueError, match=r"expected this computer, such as 127\.0\.0\.1"):
        listening("no-such-host.invalid", 8765)


def test_small_answers_do_not_wait_for_one_another() -> None:
    """Of the connections that a server accepts, as asyncio makes them: it looks at the protocol of the listener."""

    async def is_without_delay() -> int:
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            sock = writer.get_extra_info("socket")
            told.set_result(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listening("127.0.0.1", 0) as listener:
            async with await asyncio.start_server(accepted, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                found = await told
                writer.close()
                await writer.wait_closed()
        return found

    with ThreadPoolExecutor(1) as pool:  # browsers leave a loop running in this thread
        assert pool.submit(asyncio.run, is_without_delay()).result() != 0


def test_addresses_can_be_opened() -> None:
    assert address("127.0.0.1", 8765) == "http://127.0.0.1:8765"
    assert address("0.0.0.0", 80) == "http://127.0.0.1:80"
    assert address("::1", 8765) == "http://[::1]:8765"
