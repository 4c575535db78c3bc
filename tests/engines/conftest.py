"""Two engines for one suite: DuckDB, which the store uses, and Sail, which speaks Spark Connect.

Sail needs the dependency group `engines`. Where it is not installed the suite is skipped, except with
CXCURVE_ENGINES=1 (`make engines`), where that is a failure.
"""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Iterator
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from worlds import Engine

MISSING = "Sail is not installed: run `make engines`, which installs the dependency group `engines`"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs Sail where it is missing, unless this run is about it."""
    if importlib.util.find_spec("pysail") or os.environ.get("CXCURVE_ENGINES") == "1":
        return
    for item in items:
        if "engines" in item.path.parts:
            item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="session")
def duck() -> Engine:
    con = ibis.duckdb.connect()

    def put(name: str, rows: pa.Table) -> ir.Table:
        return con.create_table(name, rows, overwrite=True)

    return Engine("duckdb", put, con.to_pyarrow)


@pytest.fixture(scope="session")
def sail() -> Iterator[Engine]:
    if not importlib.util.find_spec("pysail"):
        pytest.fail(MISSING)
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    spark = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    con = ibis.pyspark.connect(spark)

    def put(name: str, rows: pa.Table) -> ir.Table:
        spark.createDataFrame(rows).createOrReplaceTempView(name)
        return con.table(name)

    def get(expression: ir.Table) -> pa.Table:
        found: Any = spark.sql(str(con.compile(expression))).toArrow()
        return found

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield Engine("sail", put, get)
        spark.stop()
        server.stop()
