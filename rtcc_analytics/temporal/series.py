"""The weekly line: 52 weeks, the band that chance alone would keep to, and where lag bends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcc_analytics.events import Occurrences, When
from rtcc_analytics.temporal.daily import WEEK, DailyCounts, Days, covered_days, local_date
from rtcc_analytics.temporal.lag import COMPLETE_SHARE, reporting_lag
from rtcc_analytics.temporal.poisson import FloatArray, PeriodError

Band = Literal["trailing", "previous_years"]
TRAILING_WEEKS = 8
FEWEST_BAND_WEEKS = 4
_MONDAY = np.datetime64("1970-01-05", "D")
_YEAR = 52 * WEEK


@dataclass(frozen=True, eq=False)
class WeeklySeries:
    """Weeks from Monday to Sunday, oldest first; arrays of shape (weeks,).

    Attributes
    ----------
    week_start : array of datetime64[D]
        The Monday, local date.
    count : array of float
        Sum of weights; NaN where the records do not cover the week.
    expected, low, high : array of float
        Middle and ends of the band; NaN where too few earlier weeks are covered.
    completeness : array of float
        Expected share of the week's events that have been reported; NaN where not known.
    lag_affected : array of bool
        Where completeness is below 95 %: the count is low for now.
    band : str
        How the band is made, in words.
    label : str
        What is counted.
    outside_expected : float
        How many weeks chance alone would put outside the band.
    """

    week_start: Days
    count: FloatArray
    expected: FloatArray
    low: FloatArray
    high: FloatArray
    completeness: FloatArray
    lag_affected: NDArray[np.bool_]
    band: str
    label: str
    outside_expected: float

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Weeks outside their band, those below it only where lag does not explain it."""
        with np.errstate(invalid="ignore"):
            return (self.count > self.high) | ((self.count < self.low) & ~self.lag_affected)

    def to_frame(self) -> pd.DataFrame:
        """One row a week: week_start, count, expected, low, high, completeness, lag_affected, outside."""
        names = ("week_start", "count", "expected", "low", "high", "completeness", "lag_affected", "outside")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def weekly_series(
    occurrences: Occurrences,
    *,
    until: When,
    weeks: int = 52,
    band: Band = "trailing",
    z: float = 3.0,
    as_of: When | None = None,
) -> WeeklySeries:
    """Counts of the last complete weeks before `until`, with a Poisson band.

    Parameters
    ----------
    occurrences : Occurrences
        All records, those without coordinates too.
    until : date
        Local date; the last week shown is the last that ended before it.
    weeks : int
        How many weeks to show.
    band : "trailing" or "previous_years"
        What a week is held against: the 8 weeks before it, or the same week and its two
        neighbours in up to 3 previous years (52 weeks apart).
    z : float
        Width: chance alone leaves a band of 3 about once in 370 weeks.
    as_of : date or time, optional
        Up to when reports reach; by default the latest report.

    Returns
    -------
    WeeklySeries

    Raises
    ------
    PeriodError
        Where `weeks` is not positive or nothing is covered.

    Notes
    -----
    With mean m over k weeks the band is (sqrt(m) ± z/2 sqrt(1 + 1/k))²: the square root of a
    Poisson count has variance near 1/4, and that of the mean is added. After Wheeler, "Tables and
    graphs for monitoring temporal crime trends", *International Journal of Police Science &
    Management* 18 (2016), who takes the mean as known.

    Examples
    --------
    >>> days = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]").repeat(2)
    >>> calm = Occurrences(occurred_from=days.astype("datetime64[s]"), timezone="UTC", label="Theft")
    >>> line = weekly_series(calm, until="2024-01-01", weeks=2)
    >>> line.to_frame()[["week_start", "count", "low", "high"]].round({"low": 1, "high": 1})
      week_start  count  low  high
    0 2023-12-18   14.0  4.6  28.4
    1 2023-12-25   14.0  4.6  28.4
    """
    if weeks < 1:
        raise PeriodError(f"weeks is {weeks}: at least one is needed")
    end = _MONDAY + (local_date(until) - _MONDAY) // WEEK * WEEK
    start = end - WEEK * np.arange(weeks, 0, -1)
    covered = covered_days([occurrences])
    daily = DailyCounts.of(occurrences.local_day, occurrences.weights)

    def held(first: Days) -> FloatArray:
        inside = (first >= covered[0]) & (first + WEEK <= covered[1])
        return np.where(inside, daily.between(first, first + WEEK), np.nan)

    history = held(start[:, None] - _earlier(band))
    used = np.isfinite(history).sum(axis=1)
    enough = used >= FEWEST_BAND_WEEKS
    mean = np.where(enough, np.nansum(history, axis=1) / np.maximum(used, 1), np.nan).clip(min=0)
    half = z / 2 * np.sqrt(1 + 1 / np.maximum(used, 1))
    count = held(start)
    complete = _completeness(occurrences, start, as_of)
    return WeeklySeries(
        week_start=start,
        count=count,
        expected=mean,
        low=np.maximum(np.sqrt(mean) - half, 0) ** 2,
        high=(np.sqrt(mean) + half) ** 2,
        completeness=complete,
        lag_affected=np.nan_to_num(complete, nan=1.0) < COMPLETE_SHARE,
        band=_words(band, z),
        label=occurrences.label,
        outside_expected=float((enough & np.isfinite(count)).sum() * _outside_chance(z)),
    )


def _earlier(band: Band) -> NDArray[np.timedelta64]:
    if band == "trailing":
        return WEEK * np.arange(1, TRAILING_WEEKS + 1)
    if band == "previous_years":
        return np.concatenate([_YEAR * back + WEEK * np.array([-1, 0, 1]) for back in (1, 2, 3)])
    raise PeriodError(f"unknown band {band!r}; use 'trailing' or 'previous_years'")


def _words(band: Band, z: float) -> str:
    held_against = {
        "trailing": f"the {TRAILING_WEEKS} weeks before",
        "previous_years": "the same weeks, one either side, of up to 3 previous years",
    }[band]
    return f"Poisson band of {z:g} standard deviations about the mean of {held_against}"


def _outside_chance(z: float) -> float:
    from scipy.special import ndtr

    return float(2 * ndtr(-z))


def _completeness(occurrences: Occurrences, start: Days, as_of: When | None) -> FloatArray:
    if np.isnat(occurrences.reported_at).all():
        return np.full(start.size, np.nan)
    return reporting_lag(occurrences, as_of=as_of).completeness(start, start + WEEK)
