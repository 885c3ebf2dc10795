"""Next week's total with its interval, shown only beside how the last weeks' forecasts came out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from rtcc_analytics.events import Occurrences
from rtcc_analytics.report import TableSection
from rtcc_analytics.temporal import (
    CountForecast,
    DailyCounts,
    DailyWeather,
    PeriodError,
    WeeklySeries,
    covered_days,
    forecast_counts,
)
from rtcc_analytics.workflows.weekly_briefing.words import ALL, count, day_name, mean

SCORED_WEEKS = 4
BEFORE_WEEKS = 8
LEVEL = 0.9
SEED = 1
_DAY, _WEEK = np.timedelta64(1, "D"), np.timedelta64(7, "D")


def forecasts(
    records: Occurrences, weeks: WeeklySeries, *, until: date, weather: DailyWeather | None = None
) -> pd.DataFrame:
    """Forecasts of the last scored weeks, each from the days before it alone, and of the week that begins at `until`.

    Weeks that reporting lag makes low neither teach nor are scored, and every forecast looks ahead
    over as many weeks as the newest has to. Weather, where enough is known, is that of the days that taught.

    Returns
    -------
    DataFrame
        week_start, expected, low, high (90 %), mean_before (of the 8 weeks it could know), counted
        (NaN where not complete), inside; with weather also weather (what it went with, or why it is not used).
        Empty with less than two years of complete days.
    """
    late = int(weeks.lag_affected.sum())
    end = np.datetime64(until, "D")
    first = covered_days([records])[0]
    daily = DailyCounts.of(records.local_day, records.weights)
    rows = []
    for start in [end - _WEEK * (late + back) for back in range(SCORED_WEEKS, 0, -1)] + [end]:
        known = start - _WEEK * late
        days = np.arange(first, known, dtype="M8[D]")
        taught = daily.between(days, days + _DAY).clip(min=0)
        unfit = weather.too_little(days) if weather else ""
        try:
            # Many threads on matrices this small wait for one another longer than they work.
            with threadpool_limits(1):
                ahead = forecast_counts(
                    taught, start=first, horizon_days=7 * (late + 1), weather=None if unfit else weather, level=LEVEL,
                    seed=SEED,
                )  # fmt: skip
        except PeriodError:
            continue
        week = ahead.weeks.iloc[-1]
        counted = float(daily.between(start, start + _WEEK)) if start < end else float("nan")
        before = known - _WEEK * np.arange(1, BEFORE_WEEKS + 1)
        rows.append(
            {
                "week_start": start,
                "expected": float(week["expected"]),
                "low": float(week["low"]),
                "high": float(week["high"]),
                "mean_before": float(daily.between(before, before + _WEEK).mean()),
                "counted": counted,
                "weather": _weather_words(ahead, unfit),
            }
        )
    frame = pd.DataFrame(rows, columns=["week_start", "expected", "low", "high", "mean_before", "counted", "weather"])
    frame = frame if weather else frame.drop(columns="weather")
    return frame.assign(inside=frame["counted"].between(frame["low"], frame["high"]).where(frame["counted"].notna()))


def _weather_words(ahead: CountForecast, unfit: str) -> str:
    """What the weather went with, or why it is not used."""
    if ahead.weather is None:
        return f"Weather is not used: {unfit}." if unfit else ""
    found = ahead.weather
    ratios = ", ".join(
        f"{row.driver} goes with {row.ratio:.2f} times the offenses (95 % {row.low:.2f} to {row.high:.2f})"
        for row in found.drivers.itertuples()
    )
    return (
        f"Allows for past weather at station {found.station}, where {ratios}: associations, not causes. "
        f"{found.missing:,} of {found.days:,} days have no temperature; they and the days ahead are taken for normal."
    )


def forecast_section(frame: pd.DataFrame, *, reads: Sequence[str]) -> list[TableSection]:
    """Forecast beside count, week by week, with a verdict; nothing where there is no forecast to score."""
    scored = frame[frame["counted"].notna()]
    if scored.empty:
        return []
    shown = pd.DataFrame(
        {
            "Week from": [day_name(day).rpartition(" ")[0] for day in frame["week_start"]],
            "Forecast": frame["expected"].map(count),
            "90 % interval": [f"{count(row.low)} to {count(row.high)}" for row in frame.itertuples()],
            "Counted": frame["counted"].map(count),
            "": ["next week" if pd.isna(n) else "inside" if n else "OUTSIDE" for n in frame["inside"]],
        }
    )
    error = (scored["expected"] - scored["counted"]).abs().mean()
    plain = (scored["mean_before"] - scored["counted"]).abs().mean()
    worth_it = error < plain
    better = "smaller than" if worth_it else "no smaller than"
    rely = "" if worth_it else f": rely on that mean, {mean(frame['mean_before'].iloc[-1])} a week"
    return [
        TableSection(
            key="forecast",
            title=f"Next week and how past forecasts did, {ALL.lower()}",
            frame=frame,
            shown=shown,
            width="half",
            reads=tuple(reads),
            strong=((len(frame) - 1, 1), (len(frame) - 1, 2)) if worth_it else (),
            caption=f"Mean error of the {len(scored)} scored weeks {mean(error)}, {better} the {mean(plain)} of the "
            f"mean of the {BEFORE_WEEKS} weeks before{rely}.",
            how="Poisson regression on weekday, season, holidays and level; each forecast from the days before its "
            "week alone. A total of the area, not of a place."
            + (f" {frame['weather'].iloc[-1]}" if "weather" in frame else ""),
        )
    ]
