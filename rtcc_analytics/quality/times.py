"""Checks of when: default hours and days, ranges, reversed ranges, dates that are the report's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from rtcc_analytics.quality.findings import Finding, Unchecked
from rtcc_analytics.quality.flow import STRAY_SHARE, covered_days
from rtcc_analytics.quality.heaping import HeapingRatio, heaping_ratio
from rtcc_analytics.quality.scope import Scope

# Neighbours on both sides, so that a rising or falling evening cancels out.
_HEAPS = {"midnight_heaping": (0, (22, 23, 1, 2)), "noon_heaping": (12, (10, 11, 13, 14))}
RATIO_THAT_MATTERS = 1.5
NEW_YEAR_RATIO = 2.0
EXCESS_THAT_MATTERS = 0.005
FEWEST_OTHER_DAYS = 7

_ON_THE_HOUR = """
SELECT source, agency, hour(happened_local) AS hour, count(*) FILTER (minute(happened_local) <= 1) AS on_the_hour,
       count(*) AS records
FROM recs WHERE time_quality IN ('exact', 'range', 'reversed') AND happened_local IS NOT NULL
GROUP BY source, agency, hour
"""
_DAYS_OF_MONTH = """
SELECT source, agency, kind, month(happened_local) AS month,
       count(*) FILTER (day(happened_local) = 1) AS on_first,
       count(*) FILTER (day(happened_local) BETWEEN 2 AND 28) AS on_others
FROM recs WHERE happened_local IS NOT NULL AND time_quality <> 'report_date'
GROUP BY source, agency, kind, month
"""
_DAILY = """
SELECT source, happened_local::DATE AS day, count(*) AS n
FROM recs WHERE happened_local IS NOT NULL AND time_quality <> 'report_date'
GROUP BY source, day
"""


def check_times(scope: Scope, measures: pd.DataFrame) -> tuple[list[Finding], list[Unchecked]]:
    """Findings about clocks and calendars, from the measures by source and three aggregate reads."""
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    for row in measures.to_dict("records"):
        found += _qualities(row)
    for source, hours in scope.rows(_ON_THE_HOUR).groupby("source"):
        found += _hours(str(source), hours)
    covered = {source: _covered(rows) for source, rows in scope.rows(_DAILY).groupby("source")}
    for source, days in scope.rows(_DAYS_OF_MONTH).groupby("source"):
        days_found, days_unchecked = _days(str(source), days, covered[source])
        found, unchecked = found + days_found, unchecked + days_unchecked
    return found, unchecked


def _covered(rows: pd.DataFrame) -> pd.DatetimeIndex:
    daily = rows.set_index(pd.DatetimeIndex(rows["day"]))["n"].sort_index()
    return covered_days(daily[daily.cumsum() > STRAY_SHARE * daily.sum()].asfreq("D", fill_value=0))


def _hours(source: str, hours: pd.DataFrame) -> list[Finding]:
    found = []
    for check, (hour, around) in _HEAPS.items():
        name = check.split("_")[0]
        heap = _heap(hours, RATIO_THAT_MATTERS, lambda rows, at=hour, near=around: _on_hour(rows, at, near))
        if heap:
            found.append(_heap_finding(
                check, source, heap, f"at {hour:02d}:00-{hour:02d}:01 ({name})",
                f"the hours {', '.join(map(str, around))}",
                f"{name} stands for an unknown hour here: leave these rows out of hour-of-day charts, or spread them "
                "over the day; day and week counts are not touched",
                heap.rows.groupby("hour", as_index=False)[["on_the_hour", "records"]].sum(),
            ))
    return found


def _on_hour(rows: pd.DataFrame, hour: int, around: tuple[int, ...]) -> tuple[HeapingRatio, int]:
    by_hour = rows.groupby("hour")["on_the_hour"].sum().reindex([hour, *around], fill_value=0)
    ratio = heaping_ratio(int(by_hour[hour]), int(by_hour[list(around)].sum()), around_slots=len(around))
    return ratio, int(rows["records"].sum())


def _days(
    source: str, days: pd.DataFrame, covered: pd.DatetimeIndex
) -> tuple[list[Finding], list[Unchecked]]:
    """Firsts of the month and 1 January, each beside as many other days of the same months as the feed covers."""
    january, covered_january = days["month"] == 1, covered.month == 1
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    for check, rows, held, threshold, when in (
        ("first_of_month_heaping", days[~january], covered[~covered_january], RATIO_THAT_MATTERS,
         "on the first of a month (January apart)"),
        ("new_year_heaping", days[january], covered[covered_january], NEW_YEAR_RATIO, "on 1 January"),
    ):  # fmt: skip
        firsts, others = int((held.day == 1).sum()), int(((held.day > 1) & (held.day <= 28)).sum())
        if not firsts or others < FEWEST_OTHER_DAYS:
            if len(rows):
                unchecked.append(Unchecked(
                    check, source, f"the feed covers {firsts} such day(s) and {others} of days 2 to 28 beside "
                    f"them; it takes 1 and {FEWEST_OTHER_DAYS}"))
            continue
        heap = _heap(rows, threshold, lambda part, a=firsts, b=others: _on_first(part, a, b), excess=0.001)
        if heap:
            found.append(_heap_finding(
                check, source, heap, when, "days 2 to 28 of the same months",
                "the day stands for an unknown date here: leave these rows out of daily and weekly series, or count "
                "them by month or year; ask the sender for an estimated-date mark",
                _kinds_behind(heap.rows, others / firsts),
            ))
    return found, unchecked


def _on_first(rows: pd.DataFrame, firsts: int, others: int) -> tuple[HeapingRatio, int]:
    on_first, on_others = int(rows["on_first"].sum()), int(rows["on_others"].sum())
    return heaping_ratio(on_first, on_others, around_slots=others, seen_slots=firsts), on_first + on_others


@dataclass(frozen=True)
class _Heap:
    """A heap in the records of the agency that heaps most, or of the whole feed where no agency stands out."""

    ratio: HeapingRatio
    rows: pd.DataFrame
    agency: str = ""
    others: tuple[str, ...] = ()


def _heap(
    rows: pd.DataFrame,
    threshold: float,
    measured: Callable[[pd.DataFrame], tuple[HeapingRatio, int]],
    *,
    excess: float = EXCESS_THAT_MATTERS,
) -> _Heap | None:
    """The heap in a feed's rows; each agency is judged alone, for a habit drowns in a shared feed."""

    def heap(part: pd.DataFrame, agency: str = "") -> _Heap | None:
        ratio, total = measured(part)
        large = ratio.seen - ratio.expected > max(excess * total, 5)
        return _Heap(ratio, part, agency) if ratio.low > threshold and large else None

    agencies = rows.groupby("agency") if rows["agency"].nunique() > 1 else ()
    heaps = [one for agency, part in agencies if (one := heap(part, str(agency)))]
    if not heaps:
        return heap(rows)
    worst = max(heaps, key=lambda one: one.ratio.seen - one.ratio.expected)
    return replace(worst, others=tuple(one.agency for one in heaps if one is not worst))


def _kinds_behind(rows: pd.DataFrame, others_a_first: float) -> pd.DataFrame:
    """The ten offenses (or call types) that add most on the first beyond their own other days."""
    kinds = rows.groupby("kind")[["on_first", "on_others"]].sum()
    kinds["expected_on_first"] = kinds.pop("on_others") / others_a_first
    kinds["excess"] = kinds["on_first"] - kinds["expected_on_first"]
    return kinds.sort_values("excess", ascending=False).head(10).reset_index()


def _heap_finding(
    check: str, source: str, heap: _Heap, when: str, neighbours: str, remedy: str, details: pd.DataFrame
) -> Finding:
    ratio = heap.ratio
    high = f"{ratio.high:.1f}" if ratio.high != float("inf") else "without limit"
    who = f"{heap.agency}: " if heap.agency else ""
    too = f"; likewise {', '.join(heap.others)}" if heap.others else ""
    return Finding(
        check, "warning", source,
        f"{who}{ratio.seen:,} records {when} where {neighbours} lead one to expect {ratio.expected:,.0f}: "
        f"{ratio.ratio:.1f} times (95 % {ratio.low:.1f} to {high}){too}",
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
