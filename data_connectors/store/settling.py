"""What is tidied after each write, while the lake is still held.

In `sightings` nothing deleted may linger: no snapshots, no old files, no plate among the
catalog's statistics. In `records` snapshots stay; only the many small files of the
bookkeeping tables are merged.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from ..schemas import BOOKKEEPING, Lake
from .engine import Connection
from .errors import StoreError
from .location import quoted
from .locking import server_session
from .migrations import catalog_schema

_SMALL_FILES = 64
_TYPES = {
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "int128": "HUGEINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
}
_TABLES_WITH_VALUES = (
    "ducklake_file_column_stats",
    "ducklake_table_column_stats",
    "ducklake_data_file",
    "ducklake_delete_file",
)


def settle(connection: Connection, lake: Lake, *, alone: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
    """Tidy `lake` after a write; the caller holds it.

    `alone()` holds what may be written by others beside that; it is held for short, not while large tables are merged.
    """
    emptied = lake == "sightings" and _has_removals(connection, lake)
    crowded = _crowded(connection, lake)
    _merge(connection, lake, [table for table in crowded if table != "alerts"])
    with alone():
        _merge(connection, lake, [table for table in crowded if table == "alerts"])
        if lake == "sightings":
            if _has_history(connection, lake):
                forget_history(connection, lake)
            if emptied:
                forget_statistics(connection, lake)
                vacuum_catalog(connection, lake)
            if connection.location.server is not None:  # here nothing tells whether an earlier writer was killed
                remove_orphans(connection, lake)


def _crowded(connection: Connection, lake: Lake) -> list[str]:
    """Tables that have gathered many small files beside the one that each of their partitions needs."""
    catalog = catalog_schema(connection, lake)
    found = connection.rows(
        f"WITH parts AS (SELECT data_file_id, string_agg(partition_value, ' ' ORDER BY partition_key_index) AS part "
        f"FROM {catalog}.ducklake_file_partition_value GROUP BY data_file_id) "
        f"SELECT t.table_name FROM {catalog}.ducklake_data_file f JOIN {catalog}.ducklake_table t USING (table_id) "
        "LEFT JOIN parts p USING (data_file_id) "
        "WHERE f.end_snapshot IS NULL AND t.end_snapshot IS NULL GROUP BY t.table_name, t.table_id "
        f"HAVING count(*) > {_SMALL_FILES} + count(DISTINCT p.part)"
    )
    return [table for (table,) in found if lake == "sightings" or table in BOOKKEEPING[lake]]


def _merge(connection: Connection, lake: Lake, tables: list[str]) -> None:
    """Merge the files of tables; time travel is unaffected."""
    for table in tables:
        connection.run("CALL ducklake_merge_adjacent_files($lake, $table)", {"lake": lake, "table": table})


def _has_removals(connection: Connection, lake: Lake) -> bool:
    """Whether rows were removed, or files not yet; merging alone leaves no value in the catalog that no row has."""
    catalog = catalog_schema(connection, lake)
    return bool(
        connection.value(
            f"SELECT EXISTS (FROM {catalog}.ducklake_data_file WHERE end_snapshot IS NOT NULL) "
            f"OR EXISTS (FROM {catalog}.ducklake_delete_file) OR EXISTS (FROM {catalog}.ducklake_files_scheduled_for_deletion)"
        )
    )


def _has_history(connection: Connection, lake: Lake) -> bool:
    return _has_removals(connection, lake) or bool(
        connection.value(f"SELECT count(*) > 1 FROM {catalog_schema(connection, lake)}.ducklake_snapshot")
    )


def forget_history(connection: Connection, lake: Lake, *, since: int = 0) -> int:
    """Make deleted rows unreachable and unreadable: rewrite files that hold them, expire snapshots, remove old files.

    Parameters
    ----------
    since : int
        The first snapshot to expire; every later one but the newest goes with it.

    Returns
    -------
    int
        The newest snapshot, the only one left from `since` on.
    """
    catalog = catalog_schema(connection, lake)
    if connection.value(f"SELECT EXISTS (FROM {catalog}.ducklake_delete_file WHERE end_snapshot IS NULL)"):
        connection.run("CALL ducklake_rewrite_data_files($lake, delete_threshold => 0)", {"lake": lake})
    snapshots = connection.rows(f"SELECT snapshot_id FROM {catalog}.ducklake_snapshot ORDER BY snapshot_id")
    newest = int(snapshots[-1][0])
    versions = [int(s) for (s,) in snapshots if since <= s < newest]
    if versions:
        connection.run(
            "CALL ducklake_expire_snapshots($lake, versions => $versions)", {"lake": lake, "versions": versions}
        )
    connection.run("CALL ducklake_cleanup_old_files($lake, cleanup_all => true)", {"lake": lake})
    return newest


def forget_statistics(connection: Connection, lake: Lake) -> None:
    """Recompute each column's smallest and largest value in the catalog from the files that are left.

    DuckLake widens these and never narrows them, so a deleted plate that came first or last in
    the alphabet would stay there. They are recomputed, never emptied: an emptied one is taken
    by the next insert for its own, and then hides older rows.
    """
    catalog = catalog_schema(connection, lake)
    stale = connection.rows(
        f"SELECT s.table_id, s.column_id, c.column_type FROM {catalog}.ducklake_table_column_stats s "
        f"JOIN {catalog}.ducklake_column c USING (table_id, column_id) WHERE c.end_snapshot IS NULL AND ("
        f"(s.min_value IS NOT NULL AND NOT EXISTS (FROM {catalog}.ducklake_file_column_stats f WHERE f.table_id = s.table_id "
        "AND f.column_id = s.column_id AND f.min_value = s.min_value)) OR "
        f"(s.max_value IS NOT NULL AND NOT EXISTS (FROM {catalog}.ducklake_file_column_stats f WHERE f.table_id = s.table_id "
        "AND f.column_id = s.column_id AND f.max_value = s.max_value)))"
    )
    for table_id, column_id, kind in stale:
        as_type = _TYPES.get(kind, "VARCHAR")
        key = {"table_id": table_id, "column_id": column_id}
        [(low, high)] = connection.rows(
            f"SELECT arg_min(min_value, TRY_CAST(min_value AS {as_type})), arg_max(max_value, TRY_CAST(max_value AS {as_type})) "
            f"FROM {catalog}.ducklake_file_column_stats WHERE table_id = $table_id AND column_id = $column_id",
            key,
        )
        connection.run(
            f"UPDATE {catalog}.ducklake_table_column_stats SET min_value = $low, max_value = $high "
            "WHERE table_id = $table_id AND column_id = $column_id",
            {**key, "low": low, "high": high},
        )


def vacuum_catalog(connection: Connection, lake: Lake) -> None:
    """Rewrite the catalog's pages, so that values of deleted rows are not left in free ones."""
    if connection.location.server is not None:
        with server_session(connection, "vacuum") as (server, _):
            for table in _TABLES_WITH_VALUES:
                server.run(
                    "CALL postgres_execute('vacuum', $sql, use_transaction => false)",
                    {"sql": f"VACUUM FULL {quoted(lake)}.{quoted(table)}"},
                )
        return
    # In a process of its own: SQLite's locks belong to the process, and a second SQLite closing
    # the file here would drop those that DuckDB's holds on it.
    command = [sys.executable, "-I", "-S", "-c", _COMPACT, str(connection.location.catalog(lake))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise StoreError(
            f"the catalog of {lake} could not be compacted, so values deleted from it may still be in its file: {words[0]}. "
            "Close what reads the store and run it again",
            transient="locked" in words[0],
        )


_COMPACT = """
import sqlite3, sys
catalog = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
catalog.execute("VACUUM")
if catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
    sys.exit("database is locked by a reader")
"""


def remove_orphans(connection: Connection, lake: Lake) -> int:
    """Remove data files that no snapshot knows, left by a killed writer; returns how many."""
    return len(connection.rows("CALL ducklake_delete_orphaned_files($lake, cleanup_all => true)", {"lake": lake}))
