"""Taking a sealed record out of every snapshot and every file.

Data files never change, so a record is gone only when every file that holds it is: the live
files are rewritten without it, and each snapshot since it first came in is expired with its
files. Reports made from those snapshots keep their pages but can no longer be run again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..schemas import TABLES
from .corrections import RECORD_ID
from .engine import Attach, Connection, connected, sweep_spill
from .errors import StoreError
from .ledger import Ledger
from .location import Location, literal, quoted
from .locking import Deadline, retried, writer
from .migrations import catalog_schema, check_version
from .session import LoadingSession
from .settling import forget_history, forget_statistics, remove_orphans, vacuum_catalog


@dataclass(frozen=True)
class _Sealed:
    """Which rows are sealed: the SQL that finds them, and its values."""

    table: str
    source: str
    match: dict[str, Any]

    @property
    def where(self) -> str:
        return self.qualified("")

    def qualified(self, alias: str) -> str:
        dot = f"{alias}." if alias else ""
        types = {c.name: c.type for c in TABLES[self.table].all_columns}
        parts = [f"{dot}{quoted(name)} = CAST($match_{n} AS {types[name]})" for n, name in enumerate(self.match)]
        return " AND ".join([f"{dot}source = $source", *parts])

    @property
    def values(self) -> dict[str, Any]:
        return {"source": self.source} | {f"match_{n}": value for n, value in enumerate(self.match.values())}


def expunge(
    location: Location, table: str, *, source: str, match: Mapping[str, Any], reason: str, explain: bool, wait_s: float
) -> int:
    """Take the matching rows out of every snapshot and file; see `Store.expunge`."""
    sealed = _checked(table, source, match, reason)
    lake = TABLES[table].lake
    deadline = Deadline.after(wait_s)
    attach = Attach(lake, read_only=False)
    sweep_spill(location)
    with connected(location, attach, explain=explain, masked=True) as connection, writer(connection, lake, deadline):
        check_version(connection, lake)
        connection.run("USE memory")
        session = LoadingSession(connection, lake, wait_s)
        _check_values(session, sealed)
        first, rows = _first_seen(session, sealed)
        oldest, newest = _snapshots(connection, lake)
        session.run_held(lambda s: _delete(s, sealed), note="expunge", deadline=deadline)
        expired = _forget(connection, session, sealed, first)
        retried(lambda: vacuum_catalog(connection, lake), deadline)
    Ledger(location, wait_s).append(
        action="purge",
        object=table,
        outcome="ok",
        rows_returned=rows,
        reason=reason,
        query_params=json.dumps(
            {
                "source": source,
                "matched_columns": sorted(match),
                "snapshots_before": [oldest, newest],
                "snapshots_removed": expired,
            }
        ),
    )
    return rows


def _checked(table: str, source: str, match: Mapping[str, Any], reason: str) -> _Sealed:
    if table not in TABLES:
        raise StoreError(f"there is no table {table!r}; there are: {', '.join(TABLES)}")
    if not match:
        raise StoreError("say which record: match={'incident_id': '…'}; an empty match would take everything")
    unknown = [name for name in match if name not in {c.name for c in TABLES[table].all_columns}]
    if unknown:
        names = ", ".join(c.name for c in TABLES[table].all_columns)
        raise StoreError(f"{table} has no column {unknown[0]!r}; it has: {names}")
    if not reason.strip():
        raise StoreError("an expunge needs a reason, such as the number of the order")
    return _Sealed(table, source, dict(match))


def _check_values(session: LoadingSession, sealed: _Sealed) -> None:
    types = {c.name: c.type for c in TABLES[sealed.table].all_columns}
    for name, value in sealed.match.items():
        [(readable,)] = session.rows(f"SELECT TRY_CAST($value AS {types[name]}) IS NOT NULL", value=value)
        if not readable:
            raise StoreError(
                f"{name}={value!r} cannot be read: {sealed.table}.{name} is {types[name]}. Nothing was taken out; give "
                f"such a value (rtcc schema {sealed.table} describes each column)"
            )


def _snapshots(connection: Connection, lake: str) -> tuple[int, int]:
    [(oldest, newest)] = connection.rows(
        f"SELECT min(snapshot_id), max(snapshot_id) FROM ducklake_snapshots({literal(lake)})"
    )
    return int(oldest), int(newest)


def _first_seen(session: LoadingSession, sealed: _Sealed) -> tuple[int, int]:
    """The first snapshot that holds the record, and how many source lines it came from."""
    oldest, newest = _snapshots(session.connection, session.lake)
    catalog = catalog_schema(session.connection, session.lake)
    [(made,)] = session.rows(
        f"SELECT min(begin_snapshot) FROM {catalog}.ducklake_table WHERE table_name = $table", table=sealed.table
    )
    oldest = max(oldest, int(made))
    inserted = (
        f"ducklake_table_insertions({literal(session.lake)}, 'main', {literal(sealed.table)}, {oldest}, {newest})"
    )
    [(first, rows)] = session.rows(
        "SELECT min(seen_at), count(DISTINCT (file_hash, line)) FROM ("
        f"SELECT {oldest} AS seen_at, file_hash, line FROM {session.table(sealed.table)} AT (VERSION => {oldest}) "
        f"WHERE {sealed.where} UNION ALL SELECT snapshot_id, file_hash, line FROM {inserted} WHERE {sealed.where})",
        **sealed.values,
    )
    if first is None:
        shown = ", ".join(f"{name} = {value!r}" for name, value in sealed.match.items())
        raise StoreError(
            f"{sealed.table} holds no row of source {sealed.source!r} with {shown}, in no snapshot; nothing was taken out"
        )
    return int(first), int(rows)


def _delete(session: LoadingSession, sealed: _Sealed) -> None:
    table = session.table(sealed.table)
    if session.lake == "records" and sealed.table in RECORD_ID:
        session.run(
            f"DELETE FROM {session.table('location_originals')} AS o USING {table} AS t WHERE o.table_name = $table "
            f"AND o.source = t.source AND o.file_hash = t.file_hash AND o.line = t.line AND {sealed.qualified('t')}",
            table=sealed.table,
            **sealed.values,
        )
        if RECORD_ID[sealed.table] in sealed.match:
            session.run(
                f"DELETE FROM {session.table('location_corrections')} WHERE source = $source AND match_id = $id",
                source=sealed.source,
                id=str(sealed.match[RECORD_ID[sealed.table]]),
            )
    session.run(f"DELETE FROM {table} WHERE {sealed.where}", **sealed.values)
    mentions = " AND ".join(f"contains(raw, CAST(${name} AS VARCHAR))" for name in sealed.values if name != "source")
    session.run(f"DELETE FROM {session.table('rejects')} WHERE source = $source AND {mentions}", **sealed.values)


def _forget(connection: Connection, session: LoadingSession, sealed: _Sealed, first: int) -> list[int]:
    """Expire what holds the record; returns the first and last snapshot that are gone."""
    lake = session.lake
    newest = forget_history(connection, lake, since=first)
    remove_orphans(connection, lake)
    forget_statistics(connection, lake)
    left = _files_with(connection, session, sealed)
    if left:
        raise StoreError(
            f"the record is out of every snapshot, but still in {left[0]}: close what reads it and expunge again"
        )
    return [first, newest - 1]


def _files_with(connection: Connection, session: LoadingSession, sealed: _Sealed) -> list[str]:
    """Files of the table that hold the record, whether or not a snapshot knows them."""
    folder = connection.location.data(session.lake) / "main" / sealed.table
    files = sorted(str(path) for path in folder.rglob("*.parquet"))
    if not files:
        return []
    listed = ", ".join(map(literal, files))
    found = connection.rows(
        f"SELECT DISTINCT filename FROM read_parquet([{listed}], union_by_name => true, filename => true) WHERE {sealed.where}",
        sealed.values,
    )
    return [row[0] for row in found]
