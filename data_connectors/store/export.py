"""Records out of the store: one plain DuckDB file, or CSV that a spreadsheet can open safely."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..schemas import PLATE_BEARING, TABLES, Column
from .engine import Attach, Connection, connected
from .errors import PlateDataError, StoreError
from .ledger import Ledger
from .location import Location, literal, quoted
from .migrations import check_version, tables_of
from .placing import placed

_STARTS_A_FORMULA = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"  # the wide forms of Asian keyboards too
_IS_A_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def export(
    location: Location, path: Path, *, tables: Sequence[str] | None, snapshot: int | None, explain: bool, wait_s: float
) -> None:
    """Write records to `path`; see `Store.export`."""
    names = _checked(tables)
    if path.suffix != ".duckdb" and path.suffix[1:2].isalpha():
        raise StoreError(
            f"{path.name} would be a folder, because each table is a CSV file of its own: name a folder without an ending "
            f"({path.stem}/ with {names[0]}.csv in it), or one database file ({path.stem}.duckdb)"
        )
    with placed(path, "export") as partial:
        with connected(location, Attach("records", snapshot=snapshot), explain=explain) as connection:
            if snapshot is None:
                check_version(connection, "records")
            write = _to_database if path.suffix == ".duckdb" else _to_csv
            rows = write(connection, partial, names)
    Ledger(location, wait_s).append(action="export", object=", ".join(names), outcome="ok", rows_returned=rows)


def _checked(tables: Sequence[str] | None) -> tuple[str, ...]:
    if tables is None:
        return (*(name for name, schema in TABLES.items() if schema.lake == "records"), "loads")
    for name in tables:
        if name in PLATE_BEARING:
            raise PlateDataError(
                f"{name} holds plates and is never exported; the tables that are: {', '.join(_checked(None))}"
            )
        if name not in tables_of("records"):
            raise StoreError(f"there is no table {name!r} to export; there are: {', '.join(_checked(None))}")
    return tuple(tables)


def _to_database(connection: Connection, path: Path, names: tuple[str, ...]) -> int:
    rows = 0
    connection.run(f"ATTACH {literal(path)} AS exported")
    try:
        for name in names:
            connection.run(f"CREATE TABLE exported.{quoted(name)} AS FROM records.{quoted(name)}")
            rows += int(connection.value(f"SELECT count(*) FROM exported.{quoted(name)}"))
    finally:
        connection.run("DETACH exported")
    return rows


def _to_csv(connection: Connection, folder: Path, names: tuple[str, ...]) -> int:
    rows = 0
    folder.mkdir()
    for name in names:
        listed = ", ".join(_cell(column) for column in tables_of("records")[name])
        [(written,)] = connection.rows(
            f"COPY (SELECT {listed} FROM records.{quoted(name)}) TO {literal(folder / (name + '.csv'))} (HEADER, DELIMITER ',')"
        )
        rows += int(written)
    return rows


def _cell(column: Column) -> str:
    """A column as CSV: text that a spreadsheet would run as a formula gets a leading apostrophe, numbers stay numbers."""
    name = quoted(column.name)
    if column.type == "VARCHAR":
        formula = f"regexp_matches({name}, {literal(_STARTS_A_FORMULA)}) AND NOT regexp_full_match({name}, {literal(_IS_A_NUMBER)})"
        return f"CASE WHEN {formula} THEN '''' || {name} ELSE {name} END AS {name}"
    if column.type == "BLOB":
        return f"hex({name}) AS {name}"
    return name
