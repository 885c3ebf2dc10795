"""What is assessed, and one shape of row for every table, so that a check is written once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from data_connectors.errors import RtccError

if TYPE_CHECKING:
    from data_connectors.store.reading import Reading

# Every check reads `recs`: the table's rows under common names. The clock of a row is
# `happened_*`; a table that has none (cameras) gives NULL there. Instants become plain UTC
# timestamps: arithmetic on zoned ones goes through a calendar and costs ten times as much.
_INCIDENTS = """
WITH recs AS NOT MATERIALIZED (
  SELECT source, agency, incident_id AS record_id, offense AS kind, offense_raw AS kind_raw,
         offense_description AS kind_words, offense_count, make_timestamp(epoch_us(occurred_from)) AS happened_at,
         make_timestamp(epoch_us(occurred_to)) AS ended_at, occurred_local AS happened_local,
         make_timestamp(epoch_us(reported_at)) AS reported_at, reported_precision, time_quality,
         lon, lat, location_quality, address
  FROM incidents
  WHERE ($source::VARCHAR IS NULL OR source = $source)
    AND ($since::TIMESTAMPTZ IS NULL OR coalesce(occurred_from, reported_at) >= $since)
)
"""
_CALLS = """
WITH recs AS NOT MATERIALIZED (
  SELECT source, agency, call_id AS record_id, call_type AS kind, call_type AS kind_raw,
         category AS kind_words, 1 AS offense_count, make_timestamp(epoch_us(received_at)) AS happened_at,
         NULL::TIMESTAMP AS ended_at, received_local AS happened_local, NULL::TIMESTAMP AS reported_at,
         'none' AS reported_precision, time_quality, lon, lat, location_quality, address
  FROM calls
  WHERE ($source::VARCHAR IS NULL OR source = $source) AND ($since::TIMESTAMPTZ IS NULL OR received_at >= $since)
)
"""
_CAMERAS = """
WITH recs AS NOT MATERIALIZED (
  SELECT source, agency, camera_id AS record_id, coalesce(owner_type, owner) AS kind, kind AS kind_raw,
         name AS kind_words, 1 AS offense_count, NULL::TIMESTAMP AS happened_at, NULL::TIMESTAMP AS ended_at,
         NULL::TIMESTAMP AS happened_local, NULL::TIMESTAMP AS reported_at, 'none' AS reported_precision,
         'none' AS time_quality, lon, lat, location_quality, address
  FROM cameras
  WHERE ($source::VARCHAR IS NULL OR source = $source) AND ($since::TIMESTAMPTZ IS NULL OR TRUE)
)
"""
_ROWS = {"incidents": _INCIDENTS, "calls": _CALLS, "cameras": _CAMERAS}

TABLES_ASSESSED = tuple(_ROWS)


@dataclass(frozen=True)
class Scope:
    """What is read, and of it the table, source and period under assessment.

    `rows` runs a check's SELECT over `recs`, the table's rows under common names; `read` runs
    any SELECT with ``$table``, ``$source`` available to it.
    """

    held: Reading
    table: str
    source: str | None
    since: datetime | None
    as_of: datetime

    @property
    def has_clock(self) -> bool:
        """Whether rows of this table happen at a time."""
        return self.table != "cameras"

    def rows(self, select: str, /, **parameters: Any) -> pd.DataFrame:
        """The answer to `select`, which reads the common rows as ``recs``."""
        return self.held.read(_ROWS[self.table] + select, source=self.source, since=self.since, **parameters)

    def read(self, sql: str, /, **parameters: Any) -> pd.DataFrame:
        """The answer to `sql` over the store's own tables."""
        return self.held.read(sql, **parameters)


def require_assessed(table: str) -> None:
    """Raise `RtccError`, naming the possible ones, where `table` is not one that is assessed."""
    if table not in _ROWS:
        raise RtccError(f"quality knows no table {table!r}; it assesses: {', '.join(_ROWS)}")
