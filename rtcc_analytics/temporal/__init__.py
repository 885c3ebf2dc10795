"""When events happen: comparisons of periods, the weekly line, the clock, the level, and how late reports come."""

from importlib import import_module
from typing import Any

from rtcc_analytics.temporal.aoristic import Aoristic, aoristic
from rtcc_analytics.temporal.daily import DailyCounts, covered_days
from rtcc_analytics.temporal.day_hour import DayHourTable, day_hour_table
from rtcc_analytics.temporal.lag import ReportingLag, reporting_lag
from rtcc_analytics.temporal.periods import PeriodComparison, compare_periods, window_days
from rtcc_analytics.temporal.poisson import PeriodError, PoissonComparison, false_discovery_q, poisson_compare
from rtcc_analytics.temporal.series import WeeklySeries, weekly_series

# Modules that reports do not need at their start; each is imported when one of its names is first asked for.
_LATER = {
    "circular": ("CircularSummary", "ScanStatistic", "circular_summary", "scan_statistic"),
    "forecasting": ("CountForecast", "forecast_counts"),
    "holidays": ("holiday_names",),
    "level": ("ChangePoints", "Decomposition", "change_points", "decompose"),
    "nowcasting": ("Nowcast", "nowcast"),
    "weather": ("DailyWeather", "WeatherEffect"),
    "small_counts": ("ExactSpread", "ExactTest", "PoissonZ", "exact_spread_test", "exact_test", "poisson_z"),
}
_HOME = {name: module for module, names in _LATER.items() for name in names}

__all__ = [
    "Aoristic",
    "ChangePoints",
    "CircularSummary",
    "CountForecast",
    "DailyCounts",
    "DailyWeather",
    "DayHourTable",
    "Decomposition",
    "ExactSpread",
    "ExactTest",
    "Nowcast",
    "PeriodComparison",
    "PeriodError",
    "PoissonComparison",
    "PoissonZ",
    "ReportingLag",
    "ScanStatistic",
    "WeatherEffect",
    "WeeklySeries",
    "aoristic",
    "change_points",
    "circular_summary",
    "compare_periods",
    "covered_days",
    "day_hour_table",
    "decompose",
    "exact_spread_test",
    "exact_test",
    "false_discovery_q",
    "forecast_counts",
    "holiday_names",
    "nowcast",
    "poisson_compare",
    "poisson_z",
    "reporting_lag",
    "scan_statistic",
    "weekly_series",
    "window_days",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for late."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
