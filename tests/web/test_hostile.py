"""Whatever the address or the form: an answer that was meant, never a 500."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PATHS = (
    "/", "/curve.json", "/scorecard", "/drift", "/customers", "/customers.json", "/customers.csv", "/nowhere",
    "/friction", "/friction.csv", "/maps", "/walks.json", "/actions", "/actions.csv",
)  # fmt: skip
KEYS = (
    "as_of", "cohort", "segment", "plan", "x", "sort", "q", "page", "channel", "events", "", "é", "form_token",
    "row", "of", "role", "mindset", "status", "columns", "journey", "action", "friction",
)  # fmt: skip
WORDS = (
    "week", "position", "date", "SMB", "-level", "level", "2026-03-01", "2026-02-30", "0001-01-01", "9999-12-31T23:59",
    "2026-05-03T12:00+23:59", "entered invest in the last 90d", "entered invest in the last 99999999999999999999d",
    "entered invest in the last 0.0000001h", "entered share in the last 1e9w", "1", "0", "-1", "99999999", "9" * 30,
    "²", "NaN", "null", "' OR 1=1 --", "<script>", "../../etc/passwd", "%00", "\x00", "\ud83d", "🚀", "x" * 600, "\n",
    "{{7*7}}",
)  # fmt: skip
values = st.sampled_from(WORDS) | st.text(max_size=12)
queries = st.lists(st.tuples(st.sampled_from(KEYS) | st.text(max_size=5), values), max_size=3)
MEANT = {200, 303, 308, 400, 404, 405}


def written(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@settings(max_examples=120)
@given(path=st.sampled_from(PATHS), query=queries)
def test_no_query_breaks_a_page(site: httpx.Client, path: str, query: list[tuple[str, str]]) -> None:
    answer = site.get(f"{path}?{'&'.join(f'{written(key)}={written(value)}' for key, value in query)}")
    assert answer.status_code in MEANT, answer.url
    assert "<script>" not in answer.text.replace("<script src=", "")
    assert "content-security-policy" in answer.headers


@settings(max_examples=60)
@given(customer_id=values, query=queries)
def test_no_customer_id_breaks_the_page(site: httpx.Client, customer_id: str, query: list[tuple[str, str]]) -> None:
    asked = "&".join(f"{written(key)}={written(value)}" for key, value in query)
    assert site.get(f"/customers/{written(customer_id)}?{asked}").status_code in MEANT


@settings(max_examples=60)
@given(body=st.binary(max_size=64) | st.just(b"x" * 20_000))
def test_no_form_breaks_the_notes(site: httpx.Client, body: bytes) -> None:
    assert site.post("/notes", content=body).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"".join(b"--b%d\r\ncontent-type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(1_500)),
        b"--b0\r\ncontent-disposition: " + b"(" * 20_000 + b"\r\n\r\nx\r\n--b0--",
        b"--b0\r\ncontent-disposition: form-data; name=\"a\"; filename*=utf-8''%ff\r\n\r\nx\r\n--b0--",
        b"--b0\r\n\r\n\r\n" * 10_000,
    ],
    ids=["nested", "brackets", "no name", "many"],
)
def test_no_upload_breaks_the_walks(site: httpx.Client, body: bytes) -> None:
    kind = {"content-type": "multipart/form-data; boundary=b0"}
    assert site.post("/walks", content=body, headers=kind).status_code == 400
