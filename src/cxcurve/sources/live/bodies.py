"""Bodies of requests: unpacked and read, within limits that hold whatever was sent."""

from __future__ import annotations

import codecs
import re
import zlib
from typing import Any

import orjson

from cxcurve.errors import CxcurveError, clip

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_GZIP, _ZLIB, _RAW = 31, 15, -15
"""What zlib calls the three ways of packing."""
_PART_BYTES = 2**14
_MOST_STREAMS = 10_000
"""In one body: those that hold nothing take time and no space."""


class BadRequestError(CxcurveError, ValueError):
    """A request that nothing can be taken from: its HTTP status, a code for programs, words for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code = status, code
        super().__init__(message)


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """The body without its packing; never more than `most` bytes are made.

    Raises:
        BadRequestError: it is larger, it is damaged, or packed in a way nobody here knows.
    """
    wanted = encoding.strip().lower()
    if wanted in {"", "identity"}:
        return _within(body, most)
    if wanted in {"gzip", "x-gzip"}:
        return _inflated(body, _GZIP, most)
    if wanted == "deflate":  # zlib's by the standard, bare with some senders
        return _inflated(body, _ZLIB if _is_zlib(body) else _RAW, most)
    raise BadRequestError(415, "unknown_encoding", f'content-encoding "{encoding[:40]}"; expected gzip or deflate')


def read_json(body: bytes) -> Any:
    """The value of a body.

    Raises:
        BadRequestError: it is no JSON in UTF-8, or nested too deeply.
    """
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        value = orjson.loads(_whole(text) if b"\\ud" in text or b"\\uD" in text else text)
        orjson.dumps(value)  # what can be read can be written again, or it is refused now
    except orjson.JSONEncodeError:
        raise BadRequestError(400, "too_deep", "the body is nested more than 250 levels deep") from None
    except orjson.JSONDecodeError as error:
        raise BadRequestError(400, "not_json", f"the body is no JSON: {clip(str(error))}") from None
    return value


def written(value: Any) -> str:
    """A value as JSON with sorted keys, so that equal things are equal texts."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def too_large(most: int) -> BadRequestError:
    """What is said of a body over its limit."""
    return BadRequestError(413, "too_large", f"the body is larger than {most:,} bytes; send it in smaller parts")


def _whole(text: bytes) -> bytes:
    """JSON without halves of characters: a script that cuts a text in the middle of an emoji sends one."""
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], text)


def _within(body: bytes, most: int) -> bytes:
    if len(body) > most:
        raise too_large(most)
    return body


def _inflated(body: bytes, way: int, most: int) -> bytes:
    """What one stream makes, or with gzip several in a row (RFC 1952, 2.2).

    In parts, because each stream that ends leaves a copy of what follows it in its part: of a large body made of
    many empty streams that would be copied as often as there are streams.
    """
    made, machine, at, n_streams = bytearray(), zlib.decompressobj(way), 0, 1
    while at < len(body):
        if machine.eof:
            if way != _GZIP or n_streams == _MOST_STREAMS:
                raise _damaged("something follows what was packed")
            machine, n_streams = zlib.decompressobj(way), n_streams + 1
        part = body[at : at + _PART_BYTES]
        try:
            made += machine.decompress(part, most + 1 - len(made))
        except zlib.error as error:
            raise _damaged(str(error)) from None
        if len(made) > most:
            raise too_large(most)
        at += len(part) - len(machine.unused_data)
    if not machine.eof:
        raise _damaged("it is cut off")
    return bytes(made)


def _damaged(why: str) -> BadRequestError:
    return BadRequestError(400, "damaged", f"the body cannot be unpacked: {why}")


def _is_zlib(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] * 256 + body[1]) % 31 == 0
