"""The same SELECTs on Apache Spark, for a state's plate reads: the lake's Parquet files as they are at one snapshot.

Nothing is written twice: `dialect` translates the SQL that DuckDB runs. The purpose is asked and the ledger is written
as for any other read (`sightings`); only the work is done elsewhere. Install with ``pip install 'rtcc-workbench[spark]'``
and a Java runtime of at least 17.

Whoever may look at a cluster's pages and event logs sees the values asked for, plates among them: they belong under the
same lock as the store. A session made here has no such page.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..schemas import Column
from .dialect import spark_sql
from .engine import Connection
from .errors import StoreError
from .migrations import tables_of

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame, SparkSession

_TYPES = {
    "VARCHAR": "STRING",
    "VARCHAR[]": "ARRAY<STRING>",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "INTEGER": "INT",
    "UBIGINT": "DECIMAL(20, 0)",
    "BLOB": "BINARY",
    "JSON": "STRING",
}


class SparkReading:
    """What runs a SELECT over the plate-bearing tables on Spark.

    Parameters
    ----------
    connection : Connection
        With `sightings` attached: its catalog says which files a snapshot has.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session = _session()
        self._snapshot: int | None = None

    def arrow(self, sql: str, parameters: Mapping[str, Any]) -> pyarrow.Table:
        """The rows of one SELECT in DuckDB's dialect, values written as ``$name``."""
        import pyarrow as pa

        self._show_tables()
        try:
            found = self._session.sql(spark_sql(sql, parameters)).toArrow()
        except StoreError:
            raise
        except Exception as error:
            raise _translated(error) from None
        kinds = [pa.field(f.name, _plain(f.type)) for f in found.schema]
        return found.cast(pa.schema(kinds))

    def _show_tables(self) -> None:
        """Views of the tables at the newest snapshot; made again only where there is a newer one."""
        newest = int(self._connection.value("SELECT id FROM ducklake_current_snapshot('sightings')"))
        if newest == self._snapshot:
            return
        for name, columns in tables_of("sightings").items():
            self._view(name, columns, newest)
        self._snapshot = newest

    def _view(self, name: str, columns: tuple[Column, ...], snapshot: int) -> None:
        files = self._connection.rows(
            "SELECT data_file, delete_file FROM ducklake_list_files('sightings', $table, snapshot_version => $snapshot)",
            {"table": name, "snapshot": snapshot},
        )
        schema = ", ".join(f"`{c.name}` {_TYPES.get(c.type, c.type)}" for c in columns)
        whole = [data for data, deleted in files if deleted is None]
        parts = [_left_of(self._session, schema, data, deleted) for data, deleted in files if deleted is not None]
        if whole or not parts:
            read = self._session.read.schema(schema)
            parts.append(read.parquet(*whole) if whole else self._session.createDataFrame([], schema))
        shown = parts[0]
        for part in parts[1:]:
            shown = shown.unionByName(part)
        shown.createOrReplaceTempView(name)


def _left_of(session: SparkSession, schema: str, data: str, deleted: str) -> DataFrame:
    """The rows of a file but those that its delete file names."""
    rows = session.read.schema(schema).parquet(data).select("*", "_metadata.row_index")
    gone = session.read.parquet(deleted).selectExpr("pos AS row_index")
    return rows.join(gone, "row_index", "left_anti").drop("row_index")


def _session() -> SparkSession:
    """A session of its own in the running Spark application, or in one of this process."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise StoreError(
            "Spark is not installed here: pip install 'rtcc-workbench[spark]', and a Java runtime of at least 17"
        ) from None
    try:
        running = SparkSession.getActiveSession() or (
            SparkSession.builder.appName("rtcc")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .getOrCreate()
        )
    except Exception as error:
        raise StoreError(
            f"Spark does not start ({type(error).__name__}): is there a Java runtime of at least 17 (java -version)?"
        ) from None
    running.sparkContext.setLogLevel("ERROR")
    logging.getLogger("SQLQueryContextLogger").disabled = True  # prints the SQL of a failed statement, plates and all
    session = running.newSession()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


def _plain(kind: pyarrow.DataType) -> pyarrow.DataType:
    """Spark's short whole numbers as DuckDB's counts."""
    import pyarrow as pa

    return pa.int64() if pa.types.is_integer(kind) else kind


def _translated(error: Exception) -> StoreError:
    """The error without its words, which may hold a plate; a file that a purge took away meanwhile is asked for again."""
    text = str(error)
    kind = next(iter(re.findall(r"^\[([A-Z_.]+)\]", text)), type(error).__name__)
    return StoreError(
        f"Spark could not run the SQL: {kind}. Its words are left out because they may hold a plate; "
        "the engine duckdb runs the same SQL",
        vanished="FILE_NOT_EXIST" in text or "FileNotFoundException" in text,
    )
