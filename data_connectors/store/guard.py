"""What may be asked of `read`: one SELECT over the store's tables.

DuckDB's own parser tells which tables and table functions a query names, so a plate-bearing
table is refused by name and a file, an address or another database cannot be read at all.
A guard rail for honest users, not a wall: whoever may read the store's folder can read its files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ..schemas import PLATE_BEARING
from .engine import Connection
from .errors import PlateDataError, StoreError

_HARMLESS_TABLE_FUNCTIONS = frozenset(
    (
        "range",
        "generate_series",
        "unnest",
        "repeat",
        "json_each",
        "json_tree",
        "duckdb_columns",
        "duckdb_tables",
        "duckdb_functions",
    )
)


def check(connection: Connection, sql: str, *, plates: bool) -> tuple[str, ...]:
    """The tables that `sql` reads; raises where it is not one SELECT over the store's tables.

    Parameters
    ----------
    plates : bool
        Whether plate-bearing tables may be named.
    """
    names = tuple(sorted(set(_tables(_parsed(connection, sql)))))
    named = [n for n in names if n.split(".")[-1].lower() in PLATE_BEARING or n.lower().startswith("sightings.")]
    if named and not plates:
        raise PlateDataError(
            f"{named[0]} holds plates and is read for a stated purpose only: "
            "with store.sightings(Purpose(reason_code=…, case_number=…)) as sightings: sightings.read(…)"
        )
    return names


def _parsed(connection: Connection, sql: str) -> dict[str, Any]:
    [(text,)] = connection.cursor.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchall()
    tree = json.loads(text)
    if tree.get("error"):
        message = tree["error_message"]
        if tree.get("error_type") == "not implemented":
            raise StoreError(
                "read() takes one SELECT and changes nothing; this SQL is something else (a PIVOT needs its IN list)"
            )
        raise StoreError(f"SQL error: {message}\n{sql.strip()}")
    if len(tree["statements"]) != 1:
        raise StoreError(f"read() takes one SELECT; this is {len(tree['statements'])} statements")
    return tree


def _tables(tree: Any) -> Iterator[str]:
    for node in _nodes(tree):
        if node.get("type") == "BASE_TABLE":
            name = node["table_name"]
            if not re.fullmatch(r"\w+", name):
                raise StoreError(
                    f"{name!r} is no table of the store; read() opens no files. Load them first: rtcc load PROFILE FILES…"
                )
            parts = (node.get("catalog_name"), node.get("schema_name"), name)
            yield ".".join(p for p in parts if p and p != "main")
        elif node.get("type") == "TABLE_FUNCTION":
            function = node["function"]["function_name"].lower()
            if function not in _HARMLESS_TABLE_FUNCTIONS:
                raise StoreError(f"read() reads the store's tables; {function}() is not allowed in it")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)
