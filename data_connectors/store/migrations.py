"""The store's schema version, and the steps from each version to the next.

A migration is a function decorated with `migration`; its place in the file is its number.
Never reorder, rename or remove one that was released: append. The first makes every table
from the current schemas, so a later one that adds a column must hold for a store that
already has it (``ADD COLUMN IF NOT EXISTS``); each runs in one transaction and is recorded
after it, so it must also bear being run twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

from ..schemas import BOOKKEEPING, BOOKKEEPING_LAYOUT, TABLES, Column, Lake
from . import plate_index
from .engine import Connection
from .errors import StoreError
from .location import quoted


@dataclass(frozen=True)
class Migration:
    """One step of the schema: its number, what it does in a word, and the function that does it."""

    number: int
    name: str
    apply: Callable[[Connection, Lake], None]


MIGRATIONS: list[Migration] = []
UPDATE = "pip install --upgrade rtcc-workbench"


def migration(step: Callable[[Connection, Lake], None]) -> Callable[[Connection, Lake], None]:
    """Register `step` as the next migration; it is called once for each lake."""
    MIGRATIONS.append(Migration(len(MIGRATIONS) + 1, step.__name__, step))
    return step


@migration
def make_tables(connection: Connection, lake: Lake) -> None:
    """Every table of the lake, with its layout set while it is empty.

    Layout first: a bucket partition set on a table that already holds files hides its old
    rows from equality filters.
    """
    for name in tables_of(lake):
        _make_table(connection, lake, name)


@migration
def make_tables_that_came_later(connection: Connection, lake: Lake) -> None:
    """``alerts`` in sightings, for stores made before it; a table that is there keeps its rows and its layout."""
    _make_missing_tables(connection, lake)


@migration
def make_weather_daily(connection: Connection, lake: Lake) -> None:
    """``weather_daily`` in records, for stores made before it."""
    _make_missing_tables(connection, lake)


@migration
def make_plate_index(connection: Connection, lake: Lake) -> None:
    """``reads_by_reader`` and ``plates_seen`` in sightings, for stores made before them."""
    _make_missing_tables(connection, lake)


@migration
def fill_plate_index(connection: Connection, lake: Lake) -> None:
    """Their layout, which a table takes only after the transaction that made it, and the reads that are there."""
    if lake == "sightings":
        plate_index.lay_out(connection)
        plate_index.follow(connection)


@migration
def number_the_slots(connection: Connection, lake: Lake) -> None:
    """``reads_by_reader`` made anew where its slots are text, by which few rows are skipped; and ``readers_seen``."""
    slots = "duckdb_columns() WHERE database_name = $lake AND table_name = 'reads_by_reader' AND column_name = 'slot'"
    if connection.value(f"SELECT data_type FROM {slots}", {"lake": lake}) == "VARCHAR":
        connection.run(f"DROP TABLE {quoted(lake)}.main.reads_by_reader")
    _make_missing_tables(connection, lake)


@migration
def fill_numbered_slots(connection: Connection, lake: Lake) -> None:
    """The layout and the reads of tables made a step before."""
    fill_plate_index(connection, lake)


def _make_missing_tables(connection: Connection, lake: Lake) -> None:
    there = {
        name
        for (name,) in connection.rows(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = $lake", {"lake": lake}
        )
    }
    for name in tables_of(lake):
        if name not in there:
            _make_table(connection, lake, name)


def _make_table(connection: Connection, lake: Lake, name: str) -> None:
    table = f"{quoted(lake)}.{quoted(name)}"
    columns = tables_of(lake)[name]
    listed = ", ".join(f"{quoted(c.name)} {c.type}{' NOT NULL' if c.required else ''}" for c in columns)
    connection.run(f"CREATE TABLE IF NOT EXISTS {table} ({listed})")
    partition, sort = BOOKKEEPING_LAYOUT.get(name, ((), ()))
    if name in TABLES:
        partition, sort = TABLES[name].partition, TABLES[name].sort
    if partition:
        connection.run(f"ALTER TABLE {table} SET PARTITIONED BY ({', '.join(map(quoted, partition))})")
    if sort:
        connection.run(f"ALTER TABLE {table} SET SORTED BY ({', '.join(map(quoted, sort))})")


def newest() -> int:
    """The schema version that this software writes."""
    return len(MIGRATIONS)


def tables_of(lake: Lake) -> dict[str, tuple[Column, ...]]:
    """Each table of a lake with its columns as stored, bookkeeping included."""
    return {name: s.all_columns for name, s in TABLES.items() if s.lake == lake} | BOOKKEEPING[lake]


def software_version() -> str:
    """The installed version of this software, or ``unknown`` where it runs from a bare folder."""
    try:
        return metadata.version("rtcc-workbench")
    except metadata.PackageNotFoundError:
        return "unknown"


def catalog_schema(connection: Connection, lake: Lake) -> str:
    """The schema of a lake's own catalog tables, quoted."""
    schema = "main" if connection.location.server is None else lake
    return f"{quoted('__ducklake_metadata_' + lake)}.{quoted(schema)}"


def migrate(connection: Connection, lake: Lake) -> int:
    """Bring a lake to the newest version; returns how many steps that took."""
    record = f"{catalog_schema(connection, lake)}.rtcc_migrations"
    connection.run(
        f"CREATE TABLE IF NOT EXISTS {record} (number BIGINT, name VARCHAR, applied_at VARCHAR, software VARCHAR)"
    )
    done = version(connection, lake)
    refuse_newer(connection, done)
    for step in MIGRATIONS[done:]:
        connection.run("BEGIN")
        step.apply(connection, lake)
        connection.run("COMMIT")
        connection.run(
            f"INSERT INTO {record} VALUES ($number, $name, $applied_at, $software)",
            {
                "number": step.number,
                "name": step.name,
                "applied_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "software": software_version(),
            },
        )
    return len(MIGRATIONS) - done


def version(connection: Connection, lake: Lake) -> int:
    """The schema version that a lake records."""
    record = f"{catalog_schema(connection, lake)}.rtcc_migrations"
    try:
        return int(connection.value(f"SELECT coalesce(max(number), 0) FROM {record}"))
    except StoreError as error:
        if "does not exist" not in str(error):
            raise
        raise StoreError(
            f"what is at {connection.location.text} is a DuckLake, but not a store of this software"
        ) from error


def refuse_newer(connection: Connection, found: int) -> None:
    """Raise where the store was written by newer software."""
    if found > len(MIGRATIONS):
        raise StoreError(
            f"the store at {connection.location.text} has schema version {found}; this software ({software_version()}) knows "
            f"versions up to {len(MIGRATIONS)}. Update the software: {UPDATE}"
        )


def check_version(connection: Connection, lake: Lake) -> None:
    """Raise unless the lake is at exactly the version that this software writes."""
    found = version(connection, lake)
    refuse_newer(connection, found)
    if found < len(MIGRATIONS):
        raise StoreError(
            f"the store at {connection.location.text} has schema version {found}; this software needs {len(MIGRATIONS)}. "
            f"Bring it up to date, nothing is lost: rtcc init --store {connection.location.text}"
        )
