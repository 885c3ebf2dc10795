"""The level of a series of counts: what it is made of, where it changed, what to expect next.

`decompose` (trend, season, rest), `change_points` (when did the rate change?), `forecast_counts` (daily counts ahead
with intervals, weekday, season and holidays allowed for). They speak of totals of an area, never of a place or person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from rtcc_analytics.temporal.poisson import PeriodError

FloatArray = NDArray[np.float64]
YEAR_DAYS = 365.25
FEWEST_DAYS = 730
DRAWS = 4000


@dataclass(frozen=True)
class Decomposition:
    """A series as trend + season + rest.

    Attributes
    ----------
    count, trend, season, rest : ndarray, shape (n,)
        They add up: count = trend + season + rest.
    period : int
        Steps in one turn of the season.
    """

    count: FloatArray
    trend: FloatArray
    season: FloatArray
    rest: FloatArray
    period: int

    def to_frame(self) -> pd.DataFrame:
        """One row a step: step, count, trend, season, rest."""
        names = ("count", "trend", "season", "rest")
        return pd.DataFrame({"step": np.arange(len(self.count)), **{name: getattr(self, name) for name in names}})


@dataclass(frozen=True)
class ChangePoints:
    """Stretches of constant rate, and the steps at which one gives way to the next.

    Attributes
    ----------
    frame : DataFrame
        One row a stretch: start, end (steps, end not included), rate (events a step), ratio to the stretch before,
        and its interval ratio_low, ratio_high (95 %, Poisson, widened by the dispersion).
    dispersion : float
        Variance over mean within the stretches; 1 for Poisson counts.
    penalty : float
        What a further change had to gain in log likelihood, dispersion allowed for.
    """

    frame: pd.DataFrame
    dispersion: float
    penalty: float

    @property
    def steps(self) -> list[int]:
        """Steps at which the rate changes."""
        return self.frame.start.tolist()[1:]

    def to_frame(self) -> pd.DataFrame:
        """One row a stretch."""
        return self.frame.copy()


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
    level : float
        Share of outcomes the intervals are meant to hold.
    dispersion : float
        Variance over mean left by the model; above 1 the intervals are negative binomial.
    trained_on : tuple of datetime64[D]
        First and last day.
    """

    days: pd.DataFrame
    weeks: pd.DataFrame
    level: float
    dispersion: float
    trained_on: tuple[np.datetime64, np.datetime64]

    def to_frame(self) -> pd.DataFrame:
        """One row a day."""
        return self.days.copy()


def decompose(counts: ArrayLike, *, period: int = 52, robust: bool = True) -> Decomposition:
    """Trend, season and rest by STL.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Equal steps, oldest first, at least two turns of the season.
    period : int
        Steps in one turn: 52 for weeks of a year, 7 for days of a week.
    robust : bool
        Give single extreme steps little say.

    Raises
    ------
    PeriodError
        Missing counts, fewer than two turns.

    Examples
    --------
    >>> weeks = np.arange(156)
    >>> parts = decompose(20 + 0.1 * weeks + 5 * np.cos(2 * np.pi * weeks / 52))
    >>> bool(abs(parts.rest).max() < 1), round(float(parts.season.max()), 1)
    (True, 5.0)

    Notes
    -----
    Cleveland, R. B. et al. (1990). STL: A seasonal-trend decomposition procedure based on loess. Journal of
    Official Statistics 6, 3-73; statsmodels' implementation.
    """
    from statsmodels.tsa.seasonal import STL

    y = _series(counts, fewest=2 * period)
    fitted = STL(y, period=period, robust=robust, seasonal=13 if period > 13 else 7).fit()
    return Decomposition(y, fitted.trend, fitted.seasonal, fitted.resid, period)


def change_points(counts: ArrayLike, *, shortest: int = 8, penalty: float | None = None) -> ChangePoints:
    """When did the rate of a series of counts change?

    Parameters
    ----------
    counts : array_like, shape (n,)
        Equal steps, oldest first. A season is a change too: take it out first, or look at one season.
    shortest : int
        Fewest steps in a stretch.
    penalty : float, optional
        Gain in log likelihood a change must bring. By default 2 ln(n), which keeps false alarms rare
        (below one series in twenty for constant rates of up to 500 steps, see the tests).

    Returns
    -------
    ChangePoints

    Raises
    ------
    PeriodError
        Missing or negative counts, fewer than two stretches' worth.

    Examples
    --------
    >>> found = change_points([5] * 30 + [12] * 30)
    >>> found.steps, found.frame.rate.tolist()
    ([30], [5.0, 12.0])

    Notes
    -----
    Exact segmentation of a Poisson series by dynamic programming (optimal partitioning: Jackson, B. et al. 2005,
    IEEE Signal Processing Letters 12, 105-108). Time grows with the square of the number of steps.
    """
    y = _series(counts, fewest=2 * shortest)
    if y.min() < 0:
        raise PeriodError(f"the smallest count is {y.min():g}; counts cannot be negative")
    base = penalty if penalty is not None else 2 * np.log(len(y))
    cuts = _partition(y, shortest, base)
    dispersion = _dispersion_within(y, cuts)
    if dispersion > 1:
        cuts = _partition(y, shortest, base * dispersion)
        dispersion = max(1.0, _dispersion_within(y, cuts))
    return ChangePoints(_stretches(y, cuts, max(1.0, dispersion)), float(max(1.0, dispersion)), float(base))


def forecast_counts(
    counts: ArrayLike, *, start: np.datetime64 | str, horizon_days: int, level: float = 0.9, seed: int = 0
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
    level : float
        Share of outcomes the interval is meant to hold.
    seed : int
        Of the draws behind the intervals of weeks.

    Returns
    -------
    CountForecast

    Raises
    ------
    PeriodError
        Missing or negative counts, fewer than two years, a horizon of zero or beyond a year.

    Examples
    --------
    >>> days = np.random.default_rng(1).poisson(6, 800)
    >>> ahead = forecast_counts(days, start="2022-01-01", horizon_days=28)
    >>> len(ahead.days), len(ahead.weeks), bool(ahead.weeks.expected.between(35, 50).all())
    (28, 4, True)

    Notes
    -----
    Poisson regression on weekday, two yearly harmonics, US federal holidays (and the day after), and the level
    of each quarter year; ahead, the last quarters' level is carried on flat, damped towards the last year's.
    Intervals add three things: the day's chance (negative binomial at the dispersion the model leaves), the
    estimate's own error, and the level's drift, measured on how far each quarter lay from the ones before.
    """
    import statsmodels.api as sm

    y = _series(counts, fewest=FEWEST_DAYS)
    if y.min() < 0 or not 1 <= horizon_days <= 366:
        raise PeriodError(
            f"smallest count {y.min():g}, horizon {horizon_days} days; counts from 0 and a horizon of 1-366"
        )
    first = np.datetime64(start, "D")
    past = first + np.arange(len(y))
    ahead = past[-1] + 1 + np.arange(horizon_days)
    calendar = _calendar(np.concatenate([past, ahead]))
    quarters = (len(y) - 1 - np.arange(len(y))) // 91
    quarters = np.minimum(quarters, quarters.max() - (len(y) % 91 < 45))
    levels = np.eye(quarters.max() + 1)[quarters]
    fitted = sm.GLM(y, np.column_stack([levels, calendar[: len(y)]]), family=sm.families.Poisson()).fit()
    dispersion = max(1.0, float(fitted.pearson_chi2 / fitted.df_resid))
    level_mean, level_error = _carried_on(fitted.params[: levels.shape[1]], y, quarters, dispersion)
    design = np.column_stack([np.zeros((horizon_days, levels.shape[1])), calendar[len(y) :]])
    log_mean = design @ fitted.params + level_mean
    rng = np.random.default_rng(seed)
    drawn = _draws(log_mean, level_error, dispersion, rng)
    days = _summary(drawn, log_mean, level_error, level).assign(day=ahead, holiday=_holiday_names(ahead))
    whole = horizon_days // 7
    weekly = drawn[:, : whole * 7].reshape(DRAWS, whole, 7).sum(axis=2)
    expected = days.expected.to_numpy()[: whole * 7].reshape(whole, 7).sum(axis=1)
    low, high = np.quantile(weekly, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
    weeks = pd.DataFrame({"start": ahead[: whole * 7 : 7], "expected": expected, "low": low, "high": high})
    columns = ["day", "expected", "low", "high", "holiday"]
    return CountForecast(days[columns], weeks, level, dispersion, (past[0], past[-1]))


def _carried_on(levels: FloatArray, y: FloatArray, quarters: NDArray, dispersion: float) -> tuple[float, float]:
    """The level ahead (log), half the latest quarter's and half the year's, and its standard error."""
    year = levels[:4].mean()
    ahead = 0.5 * levels[0] + 0.5 * year
    history = [0.5 * levels[k + 1] + 0.5 * levels[k + 1 : k + 5].mean() - levels[k] for k in range(len(levels) - 4)]
    noise = dispersion / max(1.0, y[quarters == 0].sum())
    drift = np.mean(np.square(history)) if len(history) >= 2 else 0.05**2
    return float(ahead), float(np.sqrt(max(drift, noise)))


def _draws(log_mean: FloatArray, level_error: float, dispersion: float, rng: np.random.Generator) -> FloatArray:
    mean = np.exp(log_mean + level_error * rng.standard_normal((DRAWS, 1)) - level_error**2 / 2)
    if dispersion <= 1.001:
        return rng.poisson(mean).astype(float)
    shape = mean / (dispersion - 1)
    return rng.negative_binomial(np.maximum(shape, 1e-9), 1 / dispersion).astype(float)


def _summary(drawn: FloatArray, log_mean: FloatArray, level_error: float, level: float) -> pd.DataFrame:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
    return pd.DataFrame({"expected": np.exp(log_mean), "low": low, "high": high})


def _calendar(days: NDArray[np.datetime64]) -> FloatArray:
    """Weekday (Monday the base), two yearly harmonics, holiday, day after a holiday."""
    weekday = (days.astype(np.int64) + 3) % 7
    turn = 2 * np.pi * days.astype(np.int64) / YEAR_DAYS
    holiday = _holiday_names(days) != ""
    after = _holiday_names(days - 1) != ""
    waves = [wave(k * turn) for k in (1, 2) for wave in (np.cos, np.sin)]
    return np.column_stack([*(weekday == d for d in range(1, 7)), *waves, holiday, after]).astype(float)


def _holiday_names(days: NDArray[np.datetime64]) -> NDArray[np.object_]:
    from pandas.tseries.holiday import USFederalHolidayCalendar

    stamps = pd.DatetimeIndex(days)
    named = USFederalHolidayCalendar().holidays(stamps.min(), stamps.max(), return_name=True)
    names = {day.date(): name for day, name in named.items()}
    return np.array([names.get(stamp.date(), "") for stamp in stamps], dtype=object)


def _cost(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.append(0.0, np.cumsum(y)), np.arange(len(y) + 1)


def _partition(y: FloatArray, shortest: int, penalty: float) -> list[int]:
    """Cuts of the best segmentation: maximal Poisson log likelihood less a penalty for each change."""
    total, _ = _cost(y)
    n = len(y)
    best = np.full(n + 1, -np.inf)
    best[0], back = penalty, np.zeros(n + 1, dtype=np.int64)
    for end in range(shortest, n + 1):
        starts = np.arange(0, end - shortest + 1)
        events, steps = total[end] - total[starts], end - starts
        value = best[starts] + special.xlogy(events, events / steps) - events - penalty
        back[end] = starts[value.argmax()]
        best[end] = value.max()
    cuts = [n]
    while cuts[-1] > 0:
        cuts.append(int(back[cuts[-1]]))
    return cuts[::-1]


def _dispersion_within(y: FloatArray, cuts: list[int]) -> float:
    parts = [y[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
    chi = sum((np.square(p - p.mean()) / p.mean()).sum() for p in parts if p.mean() > 0)
    return float(chi / max(1, len(y) - len(parts)))


def _stretches(y: FloatArray, cuts: list[int], dispersion: float) -> pd.DataFrame:
    rows: list[dict[str, float]] = []
    for begin, end in zip(cuts, cuts[1:], strict=False):
        events, steps = y[begin:end].sum(), end - begin
        row = {
            "start": begin,
            "end": end,
            "rate": events / steps,
            "ratio": np.nan,
            "ratio_low": np.nan,
            "ratio_high": np.nan,
        }
        if rows and events > 0 and rows[-1]["rate"] > 0:
            before = rows[-1]["rate"] * (rows[-1]["end"] - rows[-1]["start"])
            wide = stats.norm.ppf(0.975) * np.sqrt(dispersion * (1 / events + 1 / before))
            row["ratio"] = row["rate"] / rows[-1]["rate"]
            row["ratio_low"], row["ratio_high"] = row["ratio"] * np.exp([-wide, wide])
        rows.append(row)
    return pd.DataFrame(rows)


def _series(counts: ArrayLike, *, fewest: int) -> FloatArray:
    y = np.asarray(counts, dtype=float).ravel()
    if bad := int((~np.isfinite(y)).sum()):
        raise PeriodError(f"{bad} of {len(y)} counts are missing; give the span for which there are records")
    if len(y) < fewest:
        raise PeriodError(f"{len(y)} steps; at least {fewest} are needed")
    return y
