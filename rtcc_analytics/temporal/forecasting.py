"""What to expect next: daily counts ahead with intervals; weekday, season and each holiday allowed for.

They speak of totals of an area, never of a place or a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.events import When
from rtcc_analytics.temporal.daily import Days
from rtcc_analytics.temporal.holidays import holiday_names
from rtcc_analytics.temporal.level import whole_series
from rtcc_analytics.temporal.poisson import FloatArray, PeriodError
from rtcc_analytics.temporal.weather import DailyWeather, Departures, WeatherEffect, waves

FEWEST_DAYS = 730
QUARTER_DAYS = 91
DRAWS = 4000
HOLIDAY_SPREAD = 0.15
# A warm spell and a busy spell both last: days this near tell no more of each other than one does.
ALIKE_WEEKS = 4


@dataclass(frozen=True)
class CountForecast:
    """Expected counts ahead with an interval for what will be counted.

    Attributes
    ----------
    days : DataFrame
        One row a day: day, expected, low, high, holiday (name or blank).
    weeks : DataFrame
        One row a whole week of seven days from the first: start, expected, low, high. The interval is for the
        week's sum, narrower than the sum of the days' intervals.
    holidays : DataFrame
        One row a holiday seen: holiday, times (days seen), ratio (its count over that of a like day).
    level : float
        Share of outcomes the intervals are meant to hold.
    dispersion : float
        Variance over mean left by the model; above 1 the intervals are negative binomial.
    trained_on : tuple of datetime64[D]
        First and last day.
    weather : WeatherEffect, optional
        What the weather explained, where some was given.
    """

    days: pd.DataFrame
    weeks: pd.DataFrame
    holidays: pd.DataFrame
    level: float
    dispersion: float
    trained_on: tuple[np.datetime64, np.datetime64]
    weather: WeatherEffect | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row a day."""
        return self.days.copy()


def forecast_counts(
    counts: ArrayLike,
    *,
    start: np.datetime64 | str,
    horizon_days: int,
    special_days: Mapping[When, str] | None = None,
    weather: DailyWeather | None = None,
    weather_ahead: DailyWeather | None = None,
    level: float = 0.9,
    seed: int = 0,
) -> CountForecast:
    """Daily counts ahead, with weekday, season, holidays and a trend that does not run away.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Events each day, oldest first, at least two years; days that reporting lag makes low left out.
    start : date
        Day of the first count.
    horizon_days : int
        Days ahead of the last count, at most a year.
    special_days : mapping of date to name, optional
        Days besides the holidays that are not like others, past and to come: a fair, by the same name every year.
    weather : DailyWeather, optional
        Of a station nearby. Only days before the first day ahead are read, whatever it holds.
    weather_ahead : DailyWeather, optional
        A forecast of the weather of days ahead, as it was made by then; days without one are taken for normal.
    level : float
        Share of outcomes the interval is meant to hold.
    seed : int
        Of the draws behind the intervals.

    Returns
    -------
    CountForecast

    Raises
    ------
    PeriodError
        Missing or negative counts, none but zeros, fewer than two years, a horizon of zero or beyond a year; weather
        known on under half of the days or under a year of them.

    Examples
    --------
    >>> days = np.random.default_rng(1).poisson(6, 800)
    >>> ahead = forecast_counts(days, start="2022-01-01", horizon_days=28)
    >>> len(ahead.days), len(ahead.weeks), bool(ahead.weeks.expected.between(35, 50).all())
    (28, 4, True)

    Notes
    -----
    Poisson regression on weekday, two yearly harmonics and the level of each quarter year; ahead, the last
    quarter's level is carried on flat, damped towards the last year's. Each holiday has a ratio of its own, the
    events seen over those expected without it, drawn towards 1 as if holidays differed by 15 %: New Year's Day and
    Christmas differ in opposite ways, and one coefficient for all holidays would miss both. Intervals add the
    day's chance (negative binomial at the dispersion the model leaves), what a week's days share beyond it, and the
    level's drift, measured on how far each quarter lay from the ones before.

    Weather enters as departure from the station's own season: degrees from the normal of the day, wet or dry less the
    season's share of wet days. The season's waves keep what summer does, and a warm month is no longer taken for a
    higher level. Unless the weather of every day ahead is foreseen, what it did to past days counts among what the
    model leaves open, so intervals do not pretend to know it.
    """
    y = whole_series(counts, fewest=FEWEST_DAYS)
    if y.min() < 0 or not 1 <= horizon_days <= 366 or not 0 < level < 1:
        raise PeriodError(
            f"smallest count {y.min():g}, horizon {horizon_days} days, level {level:g}; counts from 0, a horizon of "
            "1-366 and a level between 0 and 1 are needed"
        )
    if not y.any():
        raise PeriodError(f"none of {len(y):,} days has an event; there is no level to carry on")
    n = len(y)
    every = np.datetime64(start, "D") + np.arange(n + horizon_days)
    departed = _departures(weather, weather_ahead, every, n)
    calendar, named = _calendar(every), holiday_names(every, special_days=special_days)
    quarters = (n - 1 - np.arange(n)) // QUARTER_DAYS
    quarters = np.minimum(quarters, quarters.max() - (n % QUARTER_DAYS < QUARTER_DAYS // 2))
    fitted = _fit(y, quarters, calendar[:n], departed, ordinary=named[:n] == "", horizon_days=horizon_days)
    holidays = _holidays(y, fitted.likely, named[:n], fitted.dispersion)
    level_mean, level_error = _carried_on(fitted.by_level, y, quarters, fitted.dispersion)
    ratio = pd.Series(named[n:]).map(holidays.set_index("holiday")["ratio"]).fillna(1.0).to_numpy(dtype=float)
    log_mean = calendar[n:] @ fitted.by_calendar + departed.columns[n:] @ fitted.by_weather + level_mean + np.log(ratio)
    drawn = _draws(log_mean, level_error, fitted.shared, fitted.dispersion, np.random.default_rng(seed))
    days, weeks = _summed(np.exp(log_mean), drawn, every[n:], level)
    trained_on = (every[0], every[n - 1])
    return CountForecast(
        days.assign(holiday=named[n:]), weeks, holidays, level, fitted.dispersion, trained_on, fitted.weather
    )


@dataclass(frozen=True)
class _Fit:
    """Coefficients of the regression, what it expects of each day taught, and what it leaves open."""

    by_level: FloatArray
    by_calendar: FloatArray
    by_weather: FloatArray
    likely: FloatArray
    dispersion: float
    shared: float
    weather: WeatherEffect | None


def _fit(
    y: FloatArray, quarters: NDArray[np.int64], calendar: FloatArray, departed: Departures, *,
    ordinary: NDArray[np.bool_], horizon_days: int,
) -> _Fit:  # fmt: skip
    """Poisson regression on the days that are no holidays."""
    import statsmodels.api as sm

    levels, moved = np.eye(quarters.max() + 1)[quarters], departed.columns[: len(y)]
    design = np.column_stack([levels, calendar, moved])
    week = (len(y) - 1 - np.flatnonzero(ordinary)) // 7
    fitted = sm.GLM(y[ordinary], design[ordinary], family=sm.families.Poisson()).fit()
    cuts = np.cumsum([levels.shape[1], calendar.shape[1]])
    by_level, by_calendar, by_weather = np.split(fitted.params, cuts)
    likely = fitted.predict(design)
    # What nobody foresees of the weather ahead moves the days ahead as it moved those behind.
    known = departed.foreseen == horizon_days
    left_open = (likely if known else likely / np.exp(moved @ by_weather))[ordinary]
    dispersion = max(1.0, float((np.square(y[ordinary] - left_open) / left_open).sum() / fitted.df_resid))
    shared = _shared_by_a_week(y[ordinary], left_open, week, dispersion)
    effect = None
    if departed.names:
        error = _errors(design[ordinary], y[ordinary], likely[ordinary], week // ALIKE_WEEKS)[cuts[-1] :]
        effect = departed.effect(by_weather, error, taught=len(y), spells=week.max() // ALIKE_WEEKS + 1)
    return _Fit(by_level, by_calendar, by_weather, likely, dispersion, shared, effect)


def _errors(design: FloatArray, y: FloatArray, mean: FloatArray, spell: NDArray[np.int64]) -> FloatArray:
    """Standard errors of a Poisson regression's coefficients where days of one spell depend on one another.

    Liang, K.-Y., Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73, 13-22.
    """
    bread = np.linalg.pinv(design.T @ (mean[:, None] * design))
    spells = spell.max() + 1
    scores = np.zeros((spells, design.shape[1]))
    np.add.at(scores, spell, design * (y - mean)[:, None])
    few = spells / (spells - 1) * (len(y) - 1) / (len(y) - design.shape[1])
    return np.sqrt(few * np.diag(bread @ scores.T @ scores @ bread))


def _summed(expected: FloatArray, drawn: FloatArray, days: Days, level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is expected by day and by whole week, with the span that holds that share of the draws."""
    limits = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn, limits, axis=0, method="inverted_cdf")
    by_day = pd.DataFrame({"day": days, "expected": expected, "low": low, "high": high})
    whole = len(days) // 7
    low, high = np.quantile(
        drawn[:, : whole * 7].reshape(DRAWS, whole, 7).sum(axis=2), limits, axis=0, method="inverted_cdf"
    )
    sums = expected[: whole * 7].reshape(whole, 7).sum(axis=1)
    return by_day, pd.DataFrame({"start": days[: whole * 7 : 7], "expected": sums, "low": low, "high": high})


def _departures(weather: DailyWeather | None, ahead: DailyWeather | None, every: Days, taught: int) -> Departures:
    if weather is not None:
        return Departures.of(weather, every, taught, ahead)
    if ahead is not None:
        raise PeriodError("a forecast of the weather says nothing without the weather of the days before; give both")
    return Departures.none(len(every))


def _calendar(days: Days) -> FloatArray:
    """Weekday (Monday the base) and two yearly harmonics."""
    weekday = (days.astype(np.int64) + 3) % 7
    return np.column_stack([*(weekday == d for d in range(1, 7)), waves(days)]).astype(float)


def _holidays(y: FloatArray, expected: FloatArray, named: NDArray[np.object_], dispersion: float) -> pd.DataFrame:
    """Events over expected events by holiday, both with a prior's worth of events at a ratio of 1 added."""
    sums = pd.DataFrame({"holiday": named, "seen": y, "expected": expected})
    sums = sums[sums["holiday"] != ""].groupby("holiday", sort=False)
    seen, like, times = sums["seen"].sum() / dispersion, sums["expected"].sum() / dispersion, sums.size()
    prior = 1 / HOLIDAY_SPREAD**2
    return pd.DataFrame({"times": times, "ratio": (seen + prior) / (like + prior)}).reset_index()


def _carried_on(levels: FloatArray, y: FloatArray, quarters: NDArray, dispersion: float) -> tuple[float, float]:
    """The level ahead (log), half the latest quarter's and half the year's, and its standard error."""
    year = levels[:4].mean()
    ahead = 0.5 * levels[0] + 0.5 * year
    history = [0.5 * levels[k + 1] + 0.5 * levels[k + 1 : k + 5].mean() - levels[k] for k in range(len(levels) - 4)]
    noise = dispersion / max(1.0, y[quarters == 0].sum())
    drift = np.mean(np.square(history)) if len(history) >= 2 else 0.05**2
    return float(ahead), float(np.sqrt(max(drift, noise)))


def _shared_by_a_week(y: FloatArray, expected: FloatArray, week: NDArray[np.int64], dispersion: float) -> float:
    """Standard deviation (log) of what the days of a week have in common beyond the days' own dispersion."""
    residual, mean = np.bincount(week, weights=y - expected), np.bincount(week, weights=expected)
    beyond = (np.square(residual) - dispersion * mean).sum() / np.square(mean).sum()
    return float(np.sqrt(max(0.0, beyond)))


def _draws(
    log_mean: FloatArray, level_error: float, shared: float, dispersion: float, rng: np.random.Generator
) -> FloatArray:
    """Counts of every day ahead, shape (DRAWS, days)."""
    weeks = (len(log_mean) + 6) // 7
    by_week = shared * rng.standard_normal((DRAWS, weeks)) - shared**2 / 2
    level = level_error * rng.standard_normal((DRAWS, 1)) - level_error**2 / 2
    mean = np.exp(log_mean + level + np.repeat(by_week, 7, axis=1)[:, : len(log_mean)])
    if dispersion <= 1.001:
        return rng.poisson(mean).astype(float)
    shape = mean / (dispersion - 1)
    return rng.negative_binomial(np.maximum(shape, 1e-9), 1 / dispersion).astype(float)
