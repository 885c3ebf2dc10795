"""What is in a store: its tables and its loads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..schemas import TABLES, Lake
from .engine import Attach, Connection, connected
from .errors import StoreError
from .location import LAKES, Location, literal, quoted

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


def describe(location: Location, *, snapshot: int | None, explain: bool) -> pandas.DataFrame:
    """One row a table; see `Store.describe`."""
    parts = []
    with _opened(location, snapshot, explain=explain) as (connection, lakes):
        for name, schema in TABLES.items():
            parts.append(_about(name, schema.lake) if schema.lake in lakes else _closed(name, schema.lake))
        return connection.frame(" UNION ALL ".join(parts))


def _about(name: str, lake: Lake) -> str:
    time = quoted(TIME_OF[name]) if name in TIME_OF else "NULL::TIMESTAMPTZ"
    return (
        f'SELECT {literal(name)} AS "table", {literal(lake)} AS lake, count(*) AS rows, min({time}) AS first_at, '
        f"max({time}) AS last_at, (SELECT max(loaded_at) FROM {quoted(lake)}.loads WHERE table_name = {literal(name)} "
        "AND undone_at IS NULL) AS last_load, coalesce(string_agg(DISTINCT source, ', ' ORDER BY source), '') AS sources "
        f"FROM {quoted(lake)}.{quoted(name)}"
    )


def _closed(name: str, lake: Lake) -> str:
    return f"SELECT {literal(name)}, {literal(lake)}, NULL, NULL, NULL, NULL, '(closed to this user)'"


def loads(location: Location, *, snapshot: int | None, explain: bool) -> pandas.DataFrame:
    """One row a load, newest first, with the counts of its receipt; see `Store.loads`."""
    with _opened(location, snapshot, explain=explain) as (connection, lakes):
        union = " UNION ALL ".join(f"SELECT {literal(lake)} AS lake, * FROM {quoted(lake)}.loads" for lake in lakes)
        frame = connection.frame(f"FROM ({union}) ORDER BY loaded_at DESC, lake, load_id DESC")
    receipts = [_counts(text) for text in frame.pop("receipt")]
    undone = frame.pop("undone_at")
    for name in _COUNTS:
        frame[name] = [receipt.get(name) for receipt in receipts]
        frame[name] = frame[name].astype("Int64")
    frame["undone_at"] = undone
    return frame


@contextmanager
def _opened(
    location: Location, snapshot: int | None, *, explain: bool
) -> Iterator[tuple[Connection, tuple[Lake, ...]]]:
    """Both lakes; `records` alone where the server keeps this user, such as command staff, out of `sightings`."""
    with connected(location, Attach("records", snapshot=snapshot), explain=explain) as connection:
        lakes = LAKES
        try:
            connection.attach(Attach("sightings"))
        except StoreError as error:
            if "permission denied for schema sightings" not in str(error):
                raise
            lakes = ("records",)
        yield connection, lakes


def _counts(text: str) -> dict[str, Any]:
    """The counts of a receipt; refused rows, kept by reason, are added up."""
    try:
        receipt = json.loads(text)
        rejected = receipt.get("rejected", 0)
        return receipt | {"rejected": sum(rejected.values()) if isinstance(rejected, dict) else rejected}
    except (ValueError, TypeError, AttributeError):
        return {}
