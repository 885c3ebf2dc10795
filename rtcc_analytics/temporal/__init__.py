"""When events happen: comparisons of periods, the weekly line, the clock, and how late reports come."""

from rtcc_analytics.temporal.daily import DailyCounts, covered_days
from rtcc_analytics.temporal.day_hour import DayHourTable, day_hour_table
from rtcc_analytics.temporal.lag import ReportingLag, reporting_lag
from rtcc_analytics.temporal.periods import PeriodComparison, compare_periods, window_days
from rtcc_analytics.temporal.poisson import PeriodError, PoissonComparison, false_discovery_q, poisson_compare
from rtcc_analytics.temporal.series import WeeklySeries, weekly_series

__all__ = [
    "DailyCounts",
    "DayHourTable",
    "PeriodComparison",
    "PeriodError",
    "PoissonComparison",
    "ReportingLag",
    "WeeklySeries",
    "compare_periods",
    "covered_days",
    "day_hour_table",
    "false_discovery_q",
    "poisson_compare",
    "reporting_lag",
    "weekly_series",
    "window_days",
]
