"""Taking one load back."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass

from ..schemas import Lake
from .corrections import apply_corrections
from .errors import StoreError
from .ledger import Ledger
from .location import Location, quoted
from .session import LoadingSession, loading


@dataclass(frozen=True)
class _Load:
    """What the `loads` table says of a load."""

    load_id: int
    table: str
    source: str
    replaced: bool


def undo(location: Location, load_id: int, lake: Lake, *, explain: bool, wait_s: float) -> int:
    """Take back load `load_id` of `lake`; see `Store.undo`."""

    def job(session: LoadingSession) -> int:
        load = _find(session, load_id)
        touched = _restore(session, load) if lake == "records" else _remove(session, load)
        session.run(f"DELETE FROM {session.table('rejects')} WHERE load_id = $load_id", load_id=load_id)
        session.run(f"UPDATE {session.table('loads')} SET undone_at = now() WHERE load_id = $load_id", load_id=load_id)
        if lake == "sightings" and load.replaced:
            warnings.warn(
                f"the rows of load {load_id} are gone; sightings keeps no snapshots, so what it replaced cannot come back: "
                "load the file before it again",
                stacklevel=4,
            )
        return touched

    with loading(location, lake, explain=explain, wait_s=wait_s) as session:
        touched = session.commit(job, note=f"undo load {load_id}")
    Ledger(location, wait_s).append(action="undo", object=f"{lake} load {load_id}", outcome="ok", rows_returned=touched)
    return touched


def _find(session: LoadingSession, load_id: int) -> _Load:
    found = session.rows(
        f"SELECT table_name, source, receipt, undone_at FROM {session.table('loads')} WHERE load_id = $load_id",
        load_id=load_id,
    )
    if not found:
        [(last,)] = session.rows(f"SELECT max(load_id) FROM {session.table('loads')}")
        known = "no load yet" if last is None else f"loads 1 to {last}"
        raise StoreError(f"there is no load {load_id} in {session.lake}; it has {known}. List them: rtcc loads")
    table, source, receipt, undone_at = found[0]
    if undone_at is not None:
        raise StoreError(f"load {load_id} of {session.lake} was already undone at {undone_at:%Y-%m-%d %H:%M} UTC")
    try:
        counts = json.loads(receipt)
        replaced = bool(counts.get("changed", 1) or counts.get("removed", 1))
    except (ValueError, AttributeError):
        replaced = True
    return _Load(load_id, table, source, replaced)


def _remove(session: LoadingSession, load: _Load) -> int:
    [(rows,)] = session.rows(f"SELECT count(*) FROM {session.table(load.table)} WHERE load_id = $id", id=load.load_id)
    session.run(f"DELETE FROM {session.table(load.table)} WHERE load_id = $id", id=load.load_id)
    return int(rows)


def _restore(session: LoadingSession, load: _Load) -> int:
    """Remove the load's rows and bring back those that its snapshot took away."""
    table = session.table(load.table)
    after = _snapshot_of(session, load)
    before = after - 1
    if load.replaced and not _exists(session, before):
        raise StoreError(
            f"load {load.load_id} replaced rows, and the snapshot before it ({before}) is gone (an expunge removes snapshots), "
            "so they cannot come back: load the earlier file again instead"
        )
    _refuse_where_built_upon(session, load, after)
    removed = _remove(session, load)
    restored = 0
    if load.replaced:
        columns = _columns_at(session, table, before)
        listed = ", ".join(map(quoted, columns))
        session.run(
            f"CREATE OR REPLACE TEMP TABLE undone_rows AS SELECT {listed} FROM {table} AT (VERSION => {before}) "
            f"WHERE source = $source EXCEPT ALL SELECT {listed} FROM {table} AT (VERSION => {after}) WHERE source = $source",
            source=load.source,
        )
        if "location_quality" in columns:
            apply_corrections(session, load.table, "undone_rows")
        session.run(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM undone_rows")
        [(restored,)] = session.rows("SELECT count(*) FROM undone_rows")
        session.run("DROP TABLE undone_rows")
    return removed + int(restored)


def _snapshot_of(session: LoadingSession, load: _Load) -> int:
    found = session.rows(
        "SELECT snapshot_id FROM ducklake_snapshots('records') "
        "WHERE TRY_CAST(json_extract_string(commit_extra_info, '$.load_id') AS BIGINT) = $load_id",
        load_id=load.load_id,
    )
    if not found:
        if load.replaced:
            raise StoreError(
                f"the snapshot of load {load.load_id} is gone (an expunge removes snapshots), so what it replaced cannot come "
                "back: load the earlier file again instead"
            )
        return -1
    return int(found[0][0])


def _exists(session: LoadingSession, snapshot: int) -> bool:
    return bool(session.rows("FROM ducklake_snapshots('records') WHERE snapshot_id = $id", id=snapshot))


def _columns_at(session: LoadingSession, table: str, snapshot: int) -> list[str]:
    """The columns that the table has now and had then."""
    then = {row[0] for row in session.rows(f"DESCRIBE SELECT * FROM {table} AT (VERSION => {snapshot})")}
    return [row[0] for row in session.rows(f"DESCRIBE SELECT * FROM {table}") if row[0] in then]


def _refuse_where_built_upon(session: LoadingSession, load: _Load, after: int) -> None:
    """A later load that replaced some of this load's rows has to be undone first."""
    if after < 0:
        return
    table = session.table(load.table)
    [(then, now)] = session.rows(
        f"SELECT (SELECT count(*) FROM {table} AT (VERSION => {after}) WHERE load_id = $id), "
        f"(SELECT count(*) FROM {table} WHERE load_id = $id)",
        id=load.load_id,
    )
    if then == now:
        return
    later = session.rows(
        f"SELECT load_id FROM {session.table('loads')} WHERE load_id > $id AND table_name = $table AND source = $source "
        "AND undone_at IS NULL ORDER BY load_id DESC",
        id=load.load_id,
        table=load.table,
        source=load.source,
    )
    first = (
        f"undo load {later[0][0]} first: rtcc undo {later[0][0]}"
        if later
        else "rows of it were expunged or removed since"
    )
    raise StoreError(
        f"load {load.load_id} wrote {then} rows and {now} of them are still there, the others replaced since: {first}"
    )
