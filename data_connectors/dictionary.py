"""The data dictionary: the schemas as text and as records."""

from __future__ import annotations

from data_connectors.errors import RtccError
from data_connectors.schemas import BOOKKEEPING, TABLES, Column, TableSchema


def as_records(table: str | None = None) -> list[dict[str, str]]:
    """One record per column: table, lake, column, type, unit, required, description.

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
    """
    rows = []
    for name, (lake, _, columns) in _chosen(table).items():
        for column in columns:
            rows.append(
                {
                    "table": name,
                    "lake": lake,
                    "column": column.name,
                    "type": column.type,
                    "unit": column.unit,
                    "required": "yes" if column.required else "",
                    "description": column.description,
                }
            )
    return rows


def as_text(table: str | None = None) -> str:
    """The dictionary as Markdown, a heading and a table for each kind of record.

    Examples
    --------
    >>> as_text("streets").splitlines()[0]
    '## streets'
    """
    parts = []
    for name, (lake, description, columns) in _chosen(table).items():
        lines = [
            f"## {name}",
            "",
            f"{description}. Lake: `{lake}`.{_identity(name)}",
            "",
            "| column | type | unit | must | meaning |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {c.name} | {c.type} | {c.unit} | {'yes' if c.required else ''} | {c.description} |" for c in columns
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _identity(name: str) -> str:
    schema = TABLES.get(name)
    if schema is None:
        return ""
    return f" Identity: source, {', '.join(schema.key)}. A load is written by `{schema.strategy}`."


def _chosen(table: str | None) -> dict[str, tuple[str, str, tuple[Column, ...]]]:
    known: dict[str, tuple[str, str, tuple[Column, ...]]] = {s.name: _entry(s) for s in TABLES.values()}
    for name, columns in BOOKKEEPING["records"].items():
        known[name] = ("records", "Bookkeeping", columns)
    if table is None:
        return known
    if table not in known:
        raise RtccError(f"no table {table!r}; there are: {', '.join(known)}")
    return {table: known[table]}


def _entry(schema: TableSchema) -> tuple[str, str, tuple[Column, ...]]:
    return schema.lake, schema.description, schema.all_columns
