"""Checks of when: default hours and days, ranges, reversed ranges, dates that are the report's."""

from __future__ import annotations

import pandas as pd

from rtcc_analytics.quality.findings import Finding
from rtcc_analytics.quality.heaping import HeapingRatio, heaping_ratio
from rtcc_analytics.quality.scope import Scope

# Neighbours on both sides, so that a rising or falling evening cancels out.
_HEAPS = {"midnight_heaping": (0, (22, 23, 1, 2)), "noon_heaping": (12, (10, 11, 13, 14))}
RATIO_THAT_MATTERS = 1.5
NEW_YEAR_RATIO = 2.0
EXCESS_THAT_MATTERS = 0.005

_ON_THE_HOUR = """
SELECT source, hour(happened_local) AS hour, count(*) FILTER (minute(happened_local) <= 1) AS on_the_hour,
       count(*) AS records
FROM recs WHERE time_quality IN ('exact', 'range', 'reversed') AND happened_local IS NOT NULL
GROUP BY source, hour
"""
_DAYS_OF_MONTH = """
SELECT source, kind, month(happened_local) AS month,
       count(*) FILTER (day(happened_local) = 1) AS on_first,
       count(*) FILTER (day(happened_local) BETWEEN 2 AND 28) AS on_others
FROM recs WHERE happened_local IS NOT NULL AND time_quality <> 'report_date'
GROUP BY source, kind, month
"""


def check_times(scope: Scope, measures: pd.DataFrame) -> list[Finding]:
    """Findings about clocks and calendars, from the measures by source and two aggregate reads."""
    found: list[Finding] = []
    for row in measures.to_dict("records"):
        found += _qualities(row)
    for source, hours in scope.rows(_ON_THE_HOUR).groupby("source"):
        found += _hours(str(source), hours.set_index("hour"))
    for source, days in scope.rows(_DAYS_OF_MONTH).groupby("source"):
        found += _days(str(source), days)
    return found


def _hours(source: str, hours: pd.DataFrame) -> list[Finding]:
    total = int(hours["records"].sum())
    found = []
    for check, (hour, around) in _HEAPS.items():
        at = int(hours["on_the_hour"].get(hour, 0))
        near = int(hours["on_the_hour"].reindex(list(around), fill_value=0).sum())
        ratio = heaping_ratio(at, near, around_slots=len(around))
        if _heaped(ratio, total, RATIO_THAT_MATTERS):
            name = check.split("_")[0]
            found.append(_heap_finding(
                check, source, f"at {hour:02d}:00-{hour:02d}:01 ({name})",
                f"the hours {', '.join(map(str, around))}", ratio,
                f"{name} stands for an unknown hour here: leave these rows out of hour-of-day charts, or spread them "
                "over the day; day and week counts are not touched",
                hours.reset_index()[["hour", "on_the_hour", "records"]].sort_values("hour"),
            ))
    return found


def _days(source: str, days: pd.DataFrame) -> list[Finding]:
    total = int(days["on_first"].sum() + days["on_others"].sum())
    new_year = days["month"] == 1
    found = []
    for check, rows, threshold, when in (
        ("first_of_month_heaping", days[~new_year], RATIO_THAT_MATTERS, "on the first of a month (January apart)"),
        ("new_year_heaping", days[new_year], NEW_YEAR_RATIO, "on 1 January"),
    ):
        ratio = heaping_ratio(int(rows["on_first"].sum()), int(rows["on_others"].sum()), around_slots=27)
        if _heaped(ratio, total, threshold, excess=0.001):
            found.append(_heap_finding(
                check, source, when, "days 2 to 28 of the same months", ratio,
                "the day stands for an unknown date here: leave these rows out of daily and weekly series, or count "
                "them by month or year; ask the sender for an estimated-date mark",
                _kinds_behind(rows),
            ))
    return found


def _kinds_behind(rows: pd.DataFrame) -> pd.DataFrame:
    """The ten offenses (or call types) that add most on the first beyond their own other days."""
    kinds = rows.groupby("kind")[["on_first", "on_others"]].sum()
    kinds["expected_on_first"] = kinds.pop("on_others") / 27
    kinds["excess"] = kinds["on_first"] - kinds["expected_on_first"]
    return kinds.sort_values("excess", ascending=False).head(10).reset_index()


def _heaped(ratio: HeapingRatio, total: int, threshold: float, *, excess: float = EXCESS_THAT_MATTERS) -> bool:
    return ratio.low > threshold and ratio.seen - ratio.expected > max(excess * total, 5)


def _heap_finding(
    check: str, source: str, when: str, neighbours: str, ratio: HeapingRatio, remedy: str, details: pd.DataFrame
) -> Finding:
    high = f"{ratio.high:.1f}" if ratio.high != float("inf") else "without limit"
    return Finding(
        check, "warning", source,
        f"{ratio.seen:,} records {when} where {neighbours} lead one to expect {ratio.expected:,.0f}: "
        f"{ratio.ratio:.1f} times (95 % {ratio.low:.1f} to {high})",
        ratio.seen, ratio.expected, "records", remedy, details.reset_index(drop=True),
    )


def _qualities(row: dict) -> list[Finding]:
    """Findings from a source's shares of time qualities."""
    found, source, rows = [], row["source"], row["rows"]
    if row["share_range"] > 0.05:
        found.append(Finding(
            "time_ranges", "note", source,
            f"{row['share_range']:.0%} of rows are a range, from-to, half of them longer than "
            f"{row['median_range_h']:.1f} h; a single time would mean 0 h",
            row["share_range"], 0, "share of rows",
            "use aoristic weights for hour-of-day work: the start of a range is not when it happened",
        ))
    if row["reversed"]:
        found.append(Finding(
            "reversed_ranges", "warning", source,
            f"{row['reversed']:,} of {rows:,} rows end before they start; the end was dropped",
            row["reversed"], 0, "rows", "ask the sender which of the two is right; the start is used until then",
        ))
    if row["share_report_date"] > 0.005:
        found.append(Finding(
            "report_date_for_incident_date", "warning", source,
            f"{row['share_report_date']:.1%} of rows carry the report's date in place of the incident's",
            row["share_report_date"], 0, "share of rows",
            "leave them out of hour-of-day and day-of-week work; weekly counts place them late",
        ))
    if row["share_date_only"] > 0.01:
        found.append(Finding(
            "no_clock", "warning" if row["share_date_only"] > 0.2 else "note", source,
            f"{row['share_date_only']:.1%} of rows have a date but no clock time",
            row["share_date_only"], 0, "share of rows", "leave them out of hour-of-day charts; say how many",
        ))
    if row["share_no_time"] > 0.005:
        found.append(Finding(
            "no_time", "warning", source, f"{row['share_no_time']:.1%} of rows have no incident time at all",
            row["share_no_time"], 0, "share of rows", "they are in no period: state their number beside every total",
        ))
    return found
