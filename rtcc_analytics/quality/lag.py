"""How long after it happened a record is known: what makes the latest weeks low."""

from __future__ import annotations

import pandas as pd

from rtcc_analytics.quality.findings import Finding, Unchecked
from rtcc_analytics.quality.scope import Scope

# Lags are measured on incidents old enough to have been seen for this long, else the slow
# reports of recent weeks, not yet in, would make the lag look short.
FOLLOW_UP_DAYS = 56
LEAST_RECORDS = 100

_LAGS = """
, reports AS (
  SELECT source, min(reported_at) AS first_report, max(reported_at) AS last_report
  FROM recs WHERE reported_precision IN ('instant', 'day') GROUP BY source
), lags AS (
  SELECT source, (epoch(reported_at) - epoch(happened_at)) / 86400 AS lag_days,
         happened_at >= first_report AND happened_at < last_report - to_days($follow_up::INTEGER) AS followed
  FROM recs JOIN reports USING (source)
  WHERE reported_precision IN ('instant', 'day') AND happened_at IS NOT NULL AND reported_at IS NOT NULL
), measured AS (
  SELECT source, count(*) AS lag_records, quantile_cont(lag_days, [0.5, 0.9]) AS lag_quantiles,
         count(*) FILTER (lag_days <= 7) / count(*) AS known_7d,
         count(*) FILTER (lag_days <= 28) / count(*) AS known_28d
  FROM lags WHERE followed AND lag_days >= 0 GROUP BY source
), known AS (
  SELECT source, count(*) AS rows, count(*) FILTER (reported_precision IN ('instant', 'day')) AS dated,
         count(*) FILTER (reported_precision = 'month') AS month_only FROM recs GROUP BY source
), early AS (SELECT source, count(*) FILTER (lag_days < 0) AS reported_first FROM lags GROUP BY source)
SELECT source, rows, dated, month_only, coalesce(lag_records, 0) AS lag_records,
       coalesce(reported_first, 0) AS reported_first, known_7d, known_28d,
       lag_quantiles[1] AS lag_median_days, lag_quantiles[2] AS lag_90_days
FROM known LEFT JOIN measured USING (source) LEFT JOIN early USING (source) ORDER BY source
"""


def check_lag(scope: Scope) -> tuple[list[Finding], list[Unchecked], pd.DataFrame]:
    """Reporting lag by source: findings, what could not be measured, and the measures.

    Only rows whose report is known to the instant or the day count (a day stands for its last
    instant, so a lag can read up to a day long). Incidents that happened before the first
    report in the store, or in the last 56 days before the newest, are left out: the first
    would only show their slow reports, the second only their fast ones.
    """
    lags = scope.rows(_LAGS, follow_up=FOLLOW_UP_DAYS)
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    for row in lags.to_dict("records"):
        found += _reported_first(row)
        if row["lag_records"] >= LEAST_RECORDS:
            found += _slow(row)
        elif row["month_only"] > 0.5 * row["rows"]:
            unchecked.append(Unchecked(
                "reporting_lag", row["source"], 
                "only the month of the report is known, so no lag in days can be measured"))
        else:
            unchecked.append(Unchecked(
                "reporting_lag", row["source"],
                f"{row['dated']:,} of {row['rows']:,} rows tell the day of their report, and too few of them (under "
                f"{LEAST_RECORDS}) happened {FOLLOW_UP_DAYS} days or more before the newest report"))
    keep = ["source", "lag_records", "lag_median_days", "lag_90_days", "known_7d", "known_28d"]
    return found, unchecked, lags[keep]


def _slow(row: dict) -> list[Finding]:
    if row["known_7d"] >= 0.95:
        return []
    return [Finding(
        "reporting_lag", "warning" if row["known_7d"] < 0.9 else "note", row["source"],
        f"{row['known_7d']:.0%} of records are known within 7 days and {row['known_28d']:.0%} within 28 "
        f"(median {row['lag_median_days']:.1f} days, nine in ten within {row['lag_90_days']:.0f}; "
        f"{int(row['lag_records']):,} records followed for {FOLLOW_UP_DAYS} days)",
        row["known_7d"], 1.0, "share known within 7 days",
        "mark the last four weeks as incomplete, and compare them with what was known at the same age last year, "
        "not with the finished past",
    )]


def _reported_first(row: dict) -> list[Finding]:
    if not row["reported_first"] > 0.001 * row["rows"]:
        return []
    return [Finding(
        "reported_before_it_happened", "warning", row["source"],
        f"{int(row['reported_first']):,} of {int(row['dated']):,} rows were reported before they happened",
        int(row["reported_first"]), 0, "rows",
        "one of the two clocks is wrong: look for a time stamped as UTC, or AM and PM lost, in the profile's time "
        "rules",
    )]
