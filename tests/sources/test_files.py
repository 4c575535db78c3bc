"""Files: found, packed, damaged, missing; Parquet; what a check tells."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxcurve.errors import ProblemsError
from cxcurve.model.sources import Source
from cxcurve.sources import check_files, read_source

HEAD = "at,who,what\n"
PLAIN = {"time": {"column": "at"}, "account": "who", "name": "what"}


def zipped(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def whos(result):
    return [event["account_id"] for event in result.events]


def test_gz_and_zip_are_read_as_they_are(read):
    content = HEAD + "2026-01-02,a,ping\n"
    assert whos(read(gzip.compress(content.encode()), "log.csv.gz")) == ["a"]
    assert whos(read(gzip.compress(content.encode()), "log")) == ["a"]
    assert whos(read(zipped(log__csv=content), "log.zip")) == ["a"]


def test_every_member_that_fits_is_read_by_name(read):
    packed = zipped(
        b__csv=HEAD + "2026-01-02,b,x\n2026-01-02,,x\n",
        readme__md="# hi",
        a__jsonl='{"at": "2026-01-02", "who": "a", "what": "x"}',
    )
    result = read(packed, "log.zip")
    assert whos(result) == ["a", "b"]
    assert [(refused.file, refused.line) for refused in result.refused] == [("log.zip/b.csv", 3)]


def test_a_pattern_takes_files_sorted_by_name_once(read_all):
    files = {f"log{i}.csv": HEAD + f"2026-01-02,{i},x\n" for i in (2, 1, 3)}
    assert whos(read_all(files, files=["log3.csv", "log*.csv"], **PLAIN)) == ["3", "1", "2"]


@pytest.mark.parametrize("name", ["log.parquet", "log.parquet.gz", "log.zip"])
def test_parquet(read, name):
    table = pa.table({
        "at": pa.array([datetime(2026, 1, 2, 3, tzinfo=UTC), None], pa.timestamp("us", "Europe/Berlin")),
        "who": pa.array([13085.0, None]),
        "what": pa.array(["x", "y"]).dictionary_encode(),
        "n": pa.array([float("nan"), 2.0]),
    })  # fmt: skip
    file = io.BytesIO()
    pq.write_table(table, file)
    data = file.getvalue()
    packed = {"log.parquet": data, "log.parquet.gz": gzip.compress(data), "log.zip": zipped(log__parquet=data)}[name]
    result = read(packed, name)
    (event,) = result.events
    assert (event["account_id"], event["name"], event["properties"]) == ("13085", "x", "{}")
    assert event["occurred_us"] == 1_767_322_800_000_000
    assert result.reasons == [(2, "names no customer: account (who) is empty")]
    assert result.counts == (2, 1, 0)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("log.parquet", b"PAR1 cut", "log.parquet:1: is no Parquet file, or cut off: "),
        (
            "log.zip",
            zipped(log__csv=HEAD * 50)[:100],
            "log.zip: cannot be read: the zip is damaged or cut off (File is not a zip file)",
        ),
        ("log.zip", zipped(readme__md="hi"), "log.zip: cannot be read: it holds no csv, jsonl or parquet file"),
        (
            "log.csv.gz",
            gzip.compress(HEAD.encode())[:12],
            "log.csv.gz:1: is empty or damaged (Compressed file ended before",
        ),
    ],
    # Packed bytes hold the time of packing: as ids, they would differ between the processes that run the tests.
    ids=["no parquet", "zip cut off", "zip without a table", "gzip cut off"],
)
def test_a_file_that_cannot_be_opened_is_a_problem(read, name, data, message):
    with pytest.raises(ProblemsError) as caught:
        read(data, name)
    assert str(caught.value).startswith(message)


def test_a_zip_member_with_a_wrong_checksum_is_told(read):
    body = HEAD + "".join(f"2026-01-02,{i},x\n" for i in range(50_000))
    packed = bytearray(zipped(log__csv=body))
    central = packed.rindex(b"PK\x01\x02")
    packed[central + 16] ^= 0xFF
    result = read(bytes(packed), "log.zip")
    assert "Bad CRC-32" in result.reasons[-1][1]
    n = len(result.events)
    assert whos(result) == [str(i) for i in range(n)]
    assert result.counts == (n + 1, n, 0)


def test_all_problems_are_told_at_once(tmp_path):
    (tmp_path / "a.csv").write_text("at,whoo,wat\n")
    (tmp_path / "b.csv").write_text("at,at\n")
    files = ["a.csv", "b.csv", "c.csv", "d*.csv"]
    source = Source(key="log", files=files, **PLAIN)
    problems = sorted(str(problem) for problem in check_files(source, tmp_path))
    assert problems == [
        'a.csv:1: has no column "what", which source "log" needs for name. Did you mean "wat"?',
        'a.csv:1: has no column "who", which source "log" needs for account. Did you mean "whoo"?',
        'b.csv:1: the header names column "at" 2 times',
        f'sources.yaml: source "log": no file matches "d*.csv" in {tmp_path.name}',
        f'sources.yaml: source "log": there is no file "c.csv" in {tmp_path.name}',
    ]
    with pytest.raises(ProblemsError) as caught:
        next(read_source(source, tmp_path, received_us=1_790_000_000_000_000))
    assert len(caught.value.problems) == 5


def test_a_rare_key_of_json_lines_is_only_a_warning(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"at": "2026-01-02", "who": "a", "what": "x"}\n')
    source = Source(key="log", files="log.jsonl", text="said", **PLAIN)
    (problem,) = check_files(source, tmp_path)
    assert (problem.severity, problem.message) == (
        "warning",
        'has no column "said", which source "log" needs for text.',
    )
    (batch,) = read_source(source, tmp_path, received_us=1_790_000_000_000_000)
    assert batch.events["text"].to_pylist() == [None]


def test_progress_ends_at_the_size_of_all_files(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(HEAD + "2026-01-02,a,x\n")
    heard = []
    source = Source(key="log", files="*.csv", **PLAIN)
    list(
        read_source(
            source,
            tmp_path,
            received_us=1_790_000_000_000_000,
            progress=lambda done, total: heard.append((done, total)),
        )
    )
    assert heard == sorted(heard)
    assert heard[-1] == (2 * len(HEAD + "2026-01-02,a,x\n"),) * 2
