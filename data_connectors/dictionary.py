"""The data dictionary: the schemas as text and as records."""

from __future__ import annotations

from dataclasses import dataclass

from data_connectors.errors import RtccError
from data_connectors.schemas import BOOKKEEPING, TABLES, Column, Lake

_BOOKKEEPING_ROWS = {
    "loads": "Bookkeeping: one row per load of the lake",
    "rejects": "Bookkeeping: one row per row that a load refused",
    "alerts": "Bookkeeping: one row per plate read that matched a list",
    "reads_by_reader": "Bookkeeping: one row per plate read, by hour and reader",
    "plates_seen": "Bookkeeping: one row per plate of `plate_reads` and reading that was considered for it",
    "readers_seen": "Bookkeeping: one row per day, reader of `plate_reads` and place where it stood",
    "location_corrections": "Bookkeeping: one row per location that an analyst put right",
    "location_originals": "Bookkeeping: one row per corrected row, with the location that the source gave",
}


@dataclass(frozen=True)
class _Entry:
    """A table as the dictionary shows it; bookkeeping of the same name is in both lakes."""

    description: str
    lakes: tuple[Lake, ...]
    columns: tuple[Column, ...]


def as_records(table: str | None = None) -> list[dict[str, str]]:
    """One record per column: table, lake, column, type, unit, required, description.

    ``loads`` and ``rejects`` exist once in each lake, and so come twice.

    Parameters
    ----------
    table : str, optional
        One table; all of them, bookkeeping included, where left out.

    Raises
    ------
    RtccError
        The table does not exist; the message names those that do.

    Examples
    --------
    >>> as_records("streets")[0]["column"]
    'street_id'
    >>> sorted({record["lake"] for record in as_records("rejects")})
    ['records', 'sightings']
    """
    return [
        {
            "table": name,
            "lake": lake,
            "column": column.name,
            "type": column.type,
            "unit": column.unit,
            "required": "yes" if column.required else "",
            "description": column.description,
        }
        for name, entry in _chosen(table).items()
        for lake in entry.lakes
        for column in entry.columns
    ]


def as_text(table: str | None = None) -> str:
    """The dictionary as Markdown, a heading and a table for each kind of record.

    Examples
    --------
    >>> as_text("streets").splitlines()[0]
    '## streets'
    >>> as_text("alerts").splitlines()[2]
    'Bookkeeping: one row per plate read that matched a list. Lake: `sightings`.'
    """
    parts = []
    for name, entry in _chosen(table).items():
        where = (
            f"Lake: `{entry.lakes[0]}`" if len(entry.lakes) == 1 else "Lakes: `records` and `sightings`, one in each"
        )
        lines = [
            f"## {name}",
            "",
            f"{entry.description}. {where}.{_identity(name)}",
            "",
            "| column | type | unit | must | meaning |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {c.name} | {c.type} | {c.unit} | {'yes' if c.required else ''} | {c.description} |"
            for c in entry.columns
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _identity(name: str) -> str:
    schema = TABLES.get(name)
    if schema is None:
        return ""
    return f" Identity: source, {', '.join(schema.key)}. A load is written by `{schema.strategy}`."


def _chosen(table: str | None) -> dict[str, _Entry]:
    known = {s.name: _Entry(s.description, (s.lake,), s.all_columns) for s in TABLES.values()}
    for lake, tables in BOOKKEEPING.items():
        for name, columns in tables.items():
            lakes = (*known[name].lakes, lake) if name in known else (lake,)
            known[name] = _Entry(_BOOKKEEPING_ROWS[name], lakes, columns)
    if table is None:
        return known
    if table not in known:
        raise RtccError(f"no table {table!r}; there are: {', '.join(known)}")
    return {table: known[table]}
