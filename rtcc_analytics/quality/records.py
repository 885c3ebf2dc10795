"""Measures by source in one pass, and checks of what the rows say: offenses, takings-back."""

from __future__ import annotations

import pandas as pd

from rtcc_analytics.quality.findings import Finding, Severity
from rtcc_analytics.quality.scope import Scope
from rtcc_analytics.take_backs import TakeBacks, match_take_backs

_MEASURES = """
SELECT source, count(*) AS rows, sum(offense_count)::BIGINT AS offenses,
       min(happened_at) AS first_at, max(happened_at) AS last_at,
       count(lon) AS located, 1 - count(lon) / count(*) AS share_without_coordinates,
       count(*) FILTER (location_quality = 'outside') AS outside,
       count(*) FILTER (location_quality = 'swapped') AS swapped,
       count(*) FILTER (location_quality = 'corrected') AS corrected,
       count(*) FILTER (location_quality = 'block') / count(*) AS share_block,
       coalesce(count(*) FILTER (lon = round(lon, 3) AND lat = round(lat, 3)) / nullif(count(lon), 0), 0)
         AS share_coarse,
       count(*) FILTER (time_quality = 'range') / count(*) AS share_range,
       median(date_diff('second', happened_at, ended_at) / 3600.0) FILTER (time_quality = 'range') AS median_range_h,
       count(*) FILTER (time_quality = 'reversed') AS reversed,
       count(*) FILTER (time_quality = 'report_date') / count(*) AS share_report_date,
       count(*) FILTER (time_quality = 'date_only') / count(*) AS share_date_only,
       count(*) FILTER (time_quality = 'missing') / count(*) AS share_no_time,
       count(*) FILTER (kind = 'unknown') AS unknown_offenses,
       count(*) FILTER (offense_count < 0) AS taken_back
FROM recs GROUP BY source ORDER BY source
"""

_UNKNOWN = """
SELECT source, kind_raw, kind_words, count(*) AS rows FROM recs WHERE kind = 'unknown'
GROUP BY source, kind_raw, kind_words
QUALIFY row_number() OVER (PARTITION BY source ORDER BY count(*) DESC, kind_raw, kind_words) <= 15
ORDER BY source, rows DESC
"""

# The rows that can have to do with a taking-back: the same offense, and the same number, time or place.
_TAKEN_BACK = """
, coded AS (SELECT *, coalesce(kind_raw, kind) AS code FROM recs),
backs AS (SELECT * FROM coded WHERE offense_count < 0)
SELECT source, record_id AS incident_id, kind AS offense, kind_raw AS offense_raw, offense_count,
       happened_at AS occurred_from, address, lon, lat
FROM coded
WHERE offense_count < 0
   OR (source, code, record_id) IN (SELECT (source, code, record_id) FROM backs)
   OR (source, code, happened_at) IN (SELECT (source, code, happened_at) FROM backs)
   OR (source, code, address) IN (SELECT (source, code, address) FROM backs)
   OR (source, code, lon, lat) IN (SELECT (source, code, lon, lat) FROM backs)
"""


def measures_by_source(scope: Scope) -> pd.DataFrame:
    """One row per source: rows, offenses, first and last instant, shares and counts of qualities."""
    return scope.rows(_MEASURES)


def check_records(scope: Scope, measures: pd.DataFrame) -> list[Finding]:
    """Findings about offenses no crosswalk knows, and about rows that take an offense back."""
    found: list[Finding] = []
    if scope.table == "incidents" and measures["unknown_offenses"].any():
        top = scope.rows(_UNKNOWN)
        for row in measures[measures["unknown_offenses"] > 0].to_dict("records"):
            found.append(_unknown(row, top[top["source"] == row["source"]].drop(columns="source")))
    if measures["taken_back"].any():
        for source, rows in scope.rows(_TAKEN_BACK).groupby("source"):
            found += _unmatched(str(source), match_take_backs(rows))
    return found


def _unknown(row: dict, top: pd.DataFrame) -> Finding:
    share = row["unknown_offenses"] / row["rows"]
    severity: Severity = "serious" if share > 0.1 else "warning" if share > 0.01 else "note"
    names = "; ".join(f"{r.kind_raw or r.kind_words} ({r.rows:,})" for r in top.head(4).itertuples())
    return Finding(
        "unknown_offenses", severity, row["source"],
        f"{row['unknown_offenses']:,} of {row['rows']:,} rows ({share:.1%}) have an offense that maps to no "
        f"NIBRS code: {names}",
        row["unknown_offenses"], 0, "rows",
        "add the codes to [crosswalk.offense] in the feed's profile and load again; they are kept and counted "
        "meanwhile",
        top.reset_index(drop=True),
    )


def _unmatched(source: str, backs: TakeBacks) -> list[Finding]:
    if not backs.unmatched:
        return []
    return [Finding(
        "takings_back_unmatched", "note", source,
        f"{backs.unmatched:,} of {backs.matched + backs.unmatched:,} rows that take an offense back find no row that "
        "added it (same offense, and the same number, time or place)",
        backs.unmatched, 0, "rows",
        "sums of offense_count stay right; a map shows that many points too many, so give the count beside it",
    )]
