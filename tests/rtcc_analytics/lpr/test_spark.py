"""The same searches on a Spark cluster of this machine: the same rows, the same ledger, nothing deleted comes back."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pandas as pd
import pytest

from data_connectors import Store
from data_connectors.store import StoreError
from data_connectors.store.audit_report import searches_of
from data_connectors.store.engine import Attach, connected
from rtcc_analytics.lpr import Leads, at_places, history, hotlist_matches, places_of, travels_with

from .conftest import PURPOSE, SimulatedReads

if not importlib.util.find_spec("pyspark"):
    pytest.skip("pyspark is not installed: make setup EXTRAS=test,spark", allow_module_level=True)
if not (shutil.which("java") or "JAVA_HOME" in os.environ):
    pytest.skip("Spark needs a Java runtime of at least 17; none is on the PATH", allow_module_level=True)


@contextmanager
def spark(master: str) -> Iterator[None]:
    """A Spark application of this process, its executors where `master` says."""
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    # Small data: most of the time goes into compiling Java and generated code, so there is less of both.
    os.environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    settings = {"ui.enabled": "false", "ui.showConsoleProgress": "false", "sql.shuffle.partitions": "2",
                "executor.memory": "700m", "sql.codegen.wholeStage": "false"}  # fmt: skip
    builder = SparkSession.builder.master(master)
    for name, value in settings.items():
        builder = builder.config(f"spark.{name}", value)
    session = builder.getOrCreate()
    try:
        yield
    finally:
        session.stop()


def test_a_cluster_gives_the_same_rows_and_the_same_ledger(simulated: SimulatedReads) -> None:
    """Every search that is offered on Spark, on a master and two workers that are processes of their own."""
    period = {"start": simulated.start, "end": simulated.end}
    convoy = simulated.plates("convoys")[0][0]
    searches: dict[str, Callable[[Any], Leads]] = {
        "history": lambda reads: history(reads, plate=convoy, **period),
        "hotlist": lambda reads: hotlist_matches(reads, similar=True, **period),
        "at_places": lambda reads: at_places(reads, places_of(simulated.crimes), min_places=2, **period),
        "travels_with": lambda reads: travels_with(reads, plate=convoy, **period),
    }
    with simulated.store.sightings(PURPOSE) as reads:
        here = {name: search(reads) for name, search in searches.items()}
    asked = len(searches_of(simulated.store, PURPOSE.case_number))
    with spark("local-cluster[2,1,1024]"), simulated.store.sightings(PURPOSE, engine="spark") as reads:
        there = {name: search(reads) for name, search in searches.items()}
    for name in searches:
        assert len(here[name]) > 0, name
        for part in ("rows", "details", "chance"):
            pd.testing.assert_frame_equal(getattr(there[name], part), getattr(here[name], part), obj=f"{name} {part}")
    recorded = searches_of(simulated.store, PURPOSE.case_number)[asked:]
    assert len(recorded) >= len(searches) and all('"engine": "spark"' in row["query_params"] for row in recorded)


def test_the_ledger_has_the_same_result_under_either_engine(simulated: SimulatedReads) -> None:
    sql = "SELECT plate, camera_id, captured_at, lon FROM plate_reads WHERE day = $day ORDER BY ALL"
    hashes = []
    with spark("local[1]"):
        for engine in ("duckdb", "spark"):
            with simulated.store.sightings(PURPOSE, engine=engine) as reads:
                assert len(reads.read(sql, day=date(2025, 11, 2))) > 0
                hashes.append(reads.last_hash)
    assert hashes[0] == hashes[1]


def test_rows_deleted_in_the_lake_are_not_read(store_of: Callable[..., Store]) -> None:
    reads = pd.DataFrame({
        "plate": ["KEPT1", "GONE2", "KEPT3"], "camera_id": "C",
        "captured_at": pd.to_datetime(["2025-11-02 05:30"] * 3, utc=True),
    })  # fmt: skip
    store = store_of(reads)
    with connected(store._place, Attach("sightings", read_only=False)) as connection:  # a delete file, not yet tidied
        connection.run("DELETE FROM sightings.plate_reads WHERE plate = 'GONE2'")
        [(deleted,)] = connection.rows("SELECT count(delete_file) FROM ducklake_list_files('sightings', 'plate_reads')")
    assert deleted == 1
    with spark("local[1]"), store.sightings(PURPOSE, engine="spark") as session:
        assert session.read("SELECT plate FROM plate_reads ORDER BY plate")["plate"].tolist() == ["KEPT1", "KEPT3"]
        assert session.read("SELECT plate FROM hotlist_entries").empty


def test_what_spark_cannot_run_is_refused_without_a_plate(
    store_of: Callable[..., Store], capfd: pytest.CaptureFixture[str]
) -> None:
    plate = "SECRET1"
    when = pd.to_datetime(["2025-11-02 05:30"], utc=True)
    store = store_of(pd.DataFrame({"plate": [plate], "camera_id": "C", "captured_at": when}))
    with spark("local[1]"), store.sightings(PURPOSE, engine="spark") as reads:
        with pytest.raises(StoreError, match="hash.*no counterpart"):
            reads.read("SELECT hash(plate) AS h FROM plate_reads")
        for sql in ("SELECT CAST(plate AS INTEGER) AS n FROM plate_reads WHERE plate = $p",
                    "SELECT no_such_column FROM plate_reads WHERE plate = $p"):  # fmt: skip
            with pytest.raises(StoreError, match="Spark could not run the SQL: [A-Z_.]+") as error:
                reads.read(sql, p=plate)
            assert plate not in str(error.value)
    assert plate not in "".join(capfd.readouterr())


def test_an_unknown_engine_names_those_there_are(empty: Store) -> None:
    with pytest.raises(StoreError, match="duckdb, spark"), empty.sightings(PURPOSE, engine="flink"):  # type: ignore[arg-type]
        pass
