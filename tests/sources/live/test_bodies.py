"""Bodies: unpacked within limits, read strictly, refused with a status and words."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.sources.live.bodies import BadRequestError, read_json, unpacked, written

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e300, 1e300) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),  # bare, as some senders do
    ],
)
def test_each_way_of_packing(encoding: str, pack: object) -> None:
    assert unpacked(pack(b'{"a": 1}'), encoding, 100) == b'{"a": 1}'  # type: ignore[operator]


@pytest.mark.parametrize("size", [7, 5000, 30_000])
def test_gzip_of_several_members(size: int) -> None:
    """RFC 1952, 2.2: members simply follow each other, an empty one, too."""
    body = random.Random(1).randbytes(40_000)
    members = [gzip.compress(body[at : at + size]) for at in range(0, len(body), size)]
    assert unpacked(b"".join([*members, gzip.compress(b"")]), "gzip", len(body)) == body


def test_members_together_are_held_to_the_limit() -> None:
    member = gzip.compress(b"0" * 400)
    assert unpacked(member * 2, "gzip", 800) == b"0" * 800
    with pytest.raises(BadRequestError, match="larger than 799 bytes"):
        unpacked(member * 2, "gzip", 799)
    with pytest.raises(BadRequestError, match="larger than 1,000 bytes"):
        unpacked(member + gzip.compress(b"0" * 50_000_000), "gzip", 1000)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_bomb_is_refused_before_it_is_unpacked(pack: object) -> None:
    bomb = pack(b"0" * 50_000_000)  # type: ignore[operator]
    encoding = "gzip" if pack is gzip.compress else "deflate"
    assert len(bomb) < 100_000
    with pytest.raises(BadRequestError, match="larger than 1,000 bytes") as refused:
        unpacked(bomb, encoding, 1000)
    assert (refused.value.status, refused.value.code) == (413, "too_large")


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"x" * 101, "", 413, "too_large"),
        (b"no gzip", "gzip", 400, "damaged"),
        (gzip.compress(b"{}", mtime=0)[:-3], "gzip", 400, "damaged"),
        (gzip.compress(b"{}", mtime=0) + b"more", "gzip", 400, "damaged"),
        (gzip.compress(b"{}", mtime=0) + b"\x1f\x8b", "gzip", 400, "damaged"),
        (gzip.compress(b"{}", mtime=0) + zlib.compress(b""), "gzip", 400, "damaged"),
        (gzip.compress(b"{", mtime=0) + gzip.compress(b"}", mtime=0)[:-1], "gzip", 400, "damaged"),
        (gzip.compress(b"", mtime=0) * 10_001, "gzip", 400, "damaged"),
        (zlib.compress(b"{") + zlib.compress(b"}"), "deflate", 400, "damaged"),
        (b"", "gzip", 400, "damaged"),
        (b"{}", "br", 415, "unknown_encoding"),
        (b"{}", "gzip, gzip", 415, "unknown_encoding"),
    ],
)
def test_what_cannot_be_unpacked(body: bytes, encoding: str, status: int, code: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        unpacked(body, encoding, 100)
    assert (refused.value.status, refused.value.code) == (status, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"NaN", "not_json"),
        (b"[1e999]", "not_json"),
        (b"\xff", "not_json"),
        (b'{"a": 1} {"b": 2}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[" * 300 + b"]" * 300, "too_deep"),
    ],
)
def test_what_is_no_json(body: bytes, code: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        read_json(body)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_half_a_character_is_replaced_and_the_rest_stays() -> None:
    r"""A script that cuts a text in the middle of an emoji sends a lone surrogate; the other messages are fine."""
    assert read_json(rb'["cut \ud83d", "\ud83d\ude00 whole", "C:\\ud83d", "\ude00\ud83d"]') == [
        "cut �",
        "😀 whole",
        "C:\\ud83d",
        "��",
    ]


@given(JSON)
def test_what_is_read_can_be_written_and_read_again(value: object) -> None:
    assert read_json(written(value).encode()) == value


def test_equal_things_are_equal_texts() -> None:
    assert written({"b": 1, "a": {"d": 2, "c": 3}}) == written({"a": {"c": 3, "d": 2}, "b": 1})
