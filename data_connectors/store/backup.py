"""A copy of the whole store as it stands at one moment, and a store made from such a copy.

A backup is itself an embedded store: its catalogs are copied table by table through DuckDB
(from SQLite or PostgreSQL alike), its data files as they are, while every writer waits.
Snapshots come along, so a report can be run again from a restored store.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ..schemas import Lake
from . import creation
from .engine import Attach, Connection, connected
from .errors import StoreError
from .ledger import Ledger
from .location import LAKES, Location, literal, quoted
from .locking import Deadline, server_session, writer
from .migrations import refuse_newer, software_version, version
from .placing import placed

MANIFEST = "backup.json"
BESIDE = ("policy.toml", "keep.toml")  # who may search, and how long plates are kept: where they lie in the store


def backup(location: Location, path: Path, *, explain: bool, wait_s: float) -> None:
    """Copy the store at `location` into the new folder `path`; see `Store.backup`."""
    with placed(path, "backup") as partial:
        _copy(location, Location.parse(partial), explain=explain, wait_s=wait_s)
        manifest = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "of": location.text,
            "software": software_version(),
        }
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    Ledger(location, wait_s).append(
        action="export", object="backup", outcome="ok", query_params=json.dumps({"to": str(path)})
    )


def restore(path: Path, location: Location, *, explain: bool, wait_s: float) -> None:
    """Make a store at `location` from the backup at `path`; see `Store.restore`."""
    if not (path / MANIFEST).is_file():
        raise StoreError(f"{path} is no backup: it has no {MANIFEST}. Make one: rtcc backup FOLDER --store LOCATION")
    if location.server is None and location.root.exists() and any(location.root.iterdir()):
        raise StoreError(
            f"{location.root} is not empty; a backup is restored to a new location, nothing is overwritten"
        )
    _copy(Location.parse(path), location, explain=explain, wait_s=wait_s)
    Ledger(location, wait_s).append(
        action="restore", object="backup", outcome="ok", query_params=json.dumps({"from": str(path)})
    )


def _copy(source: Location, target: Location, *, explain: bool, wait_s: float) -> None:
    """Copy everything; what an older software wrote arrives brought up to date, the source stays as it is."""
    for lake in LAKES:
        with connected(source, Attach(lake)) as connection:
            refuse_newer(connection, version(connection, lake))
    creation.create(target, explain=explain, wait_s=wait_s)
    deadline = Deadline.after(wait_s)
    with ExitStack() as held:
        reading = held.enter_context(connected(source, explain=explain))
        for name in (*LAKES, "audit"):
            held.enter_context(writer(reading, name, deadline))
        for lake in LAKES:
            _refuse_used(target, lake)
            for item in source.data(lake).iterdir():
                shutil.copytree(item, target.data(lake) / item.name, dirs_exist_ok=True)
            _copy_catalog(source, target, lake, explain=explain)
        Ledger(source, wait_s).copy_to(Ledger(target, wait_s))
    for name in BESIDE:
        if (source.root / name).is_file() and not (target.root / name).exists():
            shutil.copy2(source.root / name, target.root / name)
    creation.create(target, explain=explain, wait_s=wait_s)


def _refuse_used(target: Location, lake: Lake) -> None:
    with connected(target, Attach(lake)) as connection:
        if connection.value(f"SELECT count(*) FROM {quoted(lake)}.loads"):
            raise StoreError(
                f"{target.text} already holds loads; a backup is restored to a new location, nothing is overwritten"
            )


def _copy_catalog(source: Location, target: Location, lake: Lake, *, explain: bool) -> None:
    """Replace the catalog tables of an empty lake with those of another; file paths in them are relative."""
    server = target if target.server is not None else source
    with connected(server, explain=explain, with_sqlite=True) as connection:
        with (
            _catalog(connection, source, lake, "copied_from") as old,
            _catalog(connection, target, lake, "copied_to") as new,
        ):
            names = [
                row[0]
                for row in connection.rows(
                    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'copied_from' AND schema_name = $schema "
                    "AND (table_name LIKE 'ducklake_%' OR table_name = 'rtcc_migrations')",
                    {"schema": "main" if source.server is None else lake},
                )
            ]
            connection.run("BEGIN")
            for name in names:
                kept = " WHERE key <> 'data_path'" if name == "ducklake_metadata" else ""
                connection.run(f"DELETE FROM {new}.{quoted(name)}{kept}")
                connection.run(f"INSERT INTO {new}.{quoted(name)} BY NAME SELECT * FROM {old}.{quoted(name)}{kept}")
            connection.run("COMMIT")


@contextmanager
def _catalog(connection: Connection, location: Location, lake: Lake, name: str) -> Iterator[str]:
    """A lake's own catalog tables attached as `name`; yields their schema."""
    if location.server is not None:
        with server_session(connection, name):
            yield f"{name}.{quoted(lake)}"
        return
    connection.run(f"ATTACH {literal(location.catalog(lake))} AS {name} (TYPE sqlite)")
    try:
        yield f"{name}.main"
    finally:
        connection.run(f"DETACH {name}")
