"""What is in a store: its tables and its loads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..schemas import TABLES, Lake
from .engine import Connection
from .location import literal, quoted

if TYPE_CHECKING:
    import pandas

TIME_OF = {
    "incidents": "occurred_from",
    "calls": "received_at",
    "plate_reads": "captured_at",
    "hotlist_entries": "issued_at",
    "cameras": "listed_at",
}
_COUNTS = ("read", "new", "changed", "unchanged", "removed", "rejected")


def describe(connection: Connection) -> pandas.DataFrame:
    """One row a table; `connection` has both lakes attached."""
    parts = []
    for name, schema in TABLES.items():
        time = quoted(TIME_OF[name]) if name in TIME_OF else "NULL::TIMESTAMPTZ"
        lake = quoted(schema.lake)
        parts.append(
            f'SELECT {literal(name)} AS "table", {literal(schema.lake)} AS lake, count(*) AS rows, min({time}) AS first_at, '
            f"max({time}) AS last_at, (SELECT max(loaded_at) FROM {lake}.loads WHERE table_name = {literal(name)} "
            "AND undone_at IS NULL) AS last_load, coalesce(string_agg(DISTINCT source, ', ' ORDER BY source), '') AS sources "
            f"FROM {lake}.{quoted(name)}"
        )
    return connection.frame(" UNION ALL ".join(parts))


def loads(connection: Connection) -> pandas.DataFrame:
    """One row a load of either lake, newest first, with the counts of its receipt."""
    lakes: tuple[Lake, ...] = ("records", "sightings")
    union = " UNION ALL ".join(f"SELECT {literal(lake)} AS lake, * FROM {quoted(lake)}.loads" for lake in lakes)
    frame = connection.frame(f"FROM ({union}) ORDER BY loaded_at DESC, lake, load_id DESC")
    receipts = [_counts(text) for text in frame.pop("receipt")]
    undone = frame.pop("undone_at")
    for name in _COUNTS:
        frame[name] = [receipt.get(name) for receipt in receipts]
        frame[name] = frame[name].astype("Int64")
    frame["undone_at"] = undone
    return frame


def _counts(text: str) -> dict[str, Any]:
    """The counts of a receipt; refused rows, kept by reason, are added up."""
    try:
        receipt = json.loads(text)
        rejected = receipt.get("rejected", 0)
        return receipt | {"rejected": sum(rejected.values()) if isinstance(rejected, dict) else rejected}
    except (ValueError, TypeError, AttributeError):
        return {}
