"""Daily weather beside counts: how far each day lay from its season, and never a day that was not yet over.

It speaks of totals of an area. Weather moves how much happens far more than where.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from rtcc_analytics.temporal.daily import Days
from rtcc_analytics.temporal.poisson import FloatArray, PeriodError

YEAR_DAYS = 365.25
FEWEST_KNOWN = 365
KNOWN_SHARE = 0.5
WARM_STEP_C = 5.0
WET_MM = 1.0
WARMER = f"{WARM_STEP_C:g} °C warmer than the season"
WET = f"a wet day ({WET_MM:g} mm or more)"


@dataclass(frozen=True, eq=False)
class DailyWeather:
    """One station's weather by day.

    Attributes
    ----------
    days : array of datetime64[D], shape (n,)
        Rising, none twice; days may be missing.
    temperature_c : array of float, shape (n,)
        Mean of the day's maximum and minimum, °C; NaN where not known.
    precipitation_mm : array of float, shape (n,)
        Rain and melted snow, mm; NaN where not known.
    station, source : str
        Where it was measured, and the feed.

    Examples
    --------
    >>> two = DailyWeather(["2024-01-01", "2024-01-03"], [-2.0, 4.5], [0.0, 6.1], station="USW00000001")
    >>> two.before("2024-01-03").days.size
    1
    """

    days: Days
    temperature_c: FloatArray
    precipitation_mm: FloatArray
    station: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        """Arrays of one length, days rising."""
        days = np.asarray(self.days, dtype="M8[D]")
        values = [np.asarray(v, dtype=float) for v in (self.temperature_c, self.precipitation_mm)]
        if {days.shape} != {v.shape for v in values} or days.ndim != 1 or (np.diff(days) <= np.timedelta64(0)).any():
            raise PeriodError(
                f"{days.size} days of weather with {values[0].size} temperatures and {values[1].size} amounts of "
                "precipitation: one of each a day is needed, and days that rise, none twice"
            )
        if np.isnat(days).any() or any(np.isinf(value).any() for value in values):
            raise PeriodError("a day without a date, or an infinite temperature or amount: leave unknown values NaN")
        for name, value in zip(("days", "temperature_c", "precipitation_mm"), (days, *values), strict=True):
            object.__setattr__(self, name, value)

    def before(self, day: np.datetime64 | str) -> DailyWeather:
        """The days before `day`, and nothing of what came after."""
        kept = self.days < np.datetime64(day, "D")
        return replace(self, days=self.days[kept], temperature_c=self.temperature_c[kept],
                       precipitation_mm=self.precipitation_mm[kept])  # fmt: skip

    def on(self, days: Days) -> tuple[FloatArray, FloatArray]:
        """Temperature and precipitation of each of these days, NaN where not known."""
        days = np.asarray(days, dtype="M8[D]")
        if not self.days.size:
            return np.full(days.shape, np.nan), np.full(days.shape, np.nan)
        at = np.searchsorted(self.days, days).clip(max=self.days.size - 1)
        there = self.days[at] == days
        return tuple(np.where(there, value[at], np.nan) for value in (self.temperature_c, self.precipitation_mm))

    def too_little(self, days: Days) -> str:
        """Why it cannot explain counts of these days; blank where it can.

        Examples
        --------
        >>> days = np.arange("2023-01-01", "2024-01-11", dtype="M8[D]")
        >>> DailyWeather(days[:50], np.zeros(50), np.zeros(50), station="A").too_little(days)
        'the temperature at station A is known on 50 of 375 days; at least 365, and half of them, are needed'
        """
        known = int(np.isfinite(self.on(days)[0]).sum())
        if known >= max(FEWEST_KNOWN, KNOWN_SHARE * len(days)):
            return ""
        return (
            f"the temperature at station {self.station or '?'} is known on {known:,} of {len(days):,} days; at least "
            f"{FEWEST_KNOWN}, and half of them, are needed"
        )


@dataclass(frozen=True)
class WeatherEffect:
    """What the weather of the days taught went with. An association: warm days differ in more than warmth.

    Attributes
    ----------
    drivers : DataFrame
        One row a driver: driver (in words), ratio (counts over those of a like day with normal weather), low,
        high (95 %, days of four weeks taken as dependent).
    station : str
    days, missing : int
        Days taught; of these, days without a temperature, which were taken for normal.
    foreseen : int
        Days ahead with a forecast of the temperature; the others are taken for normal.
    """

    drivers: pd.DataFrame
    station: str
    days: int
    missing: int
    foreseen: int

    def to_frame(self) -> pd.DataFrame:
        """One row a driver."""
        return self.drivers.copy()


@dataclass(frozen=True)
class Departures:
    """How far days taught and days ahead lie from the season: columns of a regression, zero for normal.

    Attributes
    ----------
    columns : array of float, shape (days taught + days ahead, drivers)
        Temperature in steps of 5 °C; then, where precipitation is known often enough and some days are wet, wet (1) or
        dry (0) less the season's share of wet days.
    names : tuple of str
        What a step of each column is, in words.
    station, missing, foreseen
        As in `WeatherEffect`.
    """

    columns: FloatArray
    names: tuple[str, ...] = ()
    station: str = ""
    missing: int = 0
    foreseen: int = 0

    @classmethod
    def none(cls, days: int) -> Departures:
        """No weather at all: a regression with no column more."""
        return cls(np.zeros((days, 0)))

    @classmethod
    def of(cls, weather: DailyWeather, every: Days, taught: int, ahead: DailyWeather | None) -> Departures:
        """Departures on `every` day, of which the first `taught` are past.

        Normals are two yearly waves through all that was known before the first day ahead. Of `weather` no later day is
        read; of `ahead`, a forecast, no earlier one.

        Raises
        ------
        PeriodError
            Temperature known on under half of the days taught, or on under a year of them.
        """
        past = weather.before(every[taught])
        if reason := past.too_little(every[:taught]):
            raise PeriodError(f"{reason}; load more of it, or leave the weather out")
        foreseen = ahead.on(every[taught:]) if ahead else (np.full(len(every) - taught, np.nan),) * 2
        told = [np.r_[one, other] for one, other in zip(past.on(every[:taught]), foreseen, strict=True)]
        warmth = (told[0] - _normal(past.days, past.temperature_c, every)) / WARM_STEP_C
        columns, names = [warmth], [WARMER]
        wet = _wet(told[1][:taught])
        if np.isfinite(wet).sum() >= FEWEST_KNOWN and np.nanmin(wet) < np.nanmax(wet):
            columns.append(_wet(told[1]) - _normal(past.days, _wet(past.precipitation_mm), every).clip(0, 1))
            names.append(WET)
        known = np.isfinite(warmth)
        return cls(
            np.nan_to_num(np.column_stack(columns), nan=0.0), tuple(names), weather.station,
            int((~known[:taught]).sum()), int(known[taught:].sum()),
        )  # fmt: skip

    def effect(self, log_ratio: FloatArray, error: FloatArray, *, taught: int, spells: int) -> WeatherEffect:
        """The ratios that a regression found, from its coefficients, their errors and how many spells these rest on."""
        wide = t.ppf(0.975, spells - 1) * error
        low, ratio, high = (np.exp(log_ratio + side * wide) for side in (-1, 0, 1))
        drivers = pd.DataFrame({"driver": self.names, "ratio": ratio, "low": low, "high": high})
        return WeatherEffect(drivers, self.station, taught, self.missing, self.foreseen)


def waves(days: Days) -> FloatArray:
    """Two yearly harmonics, shape (days, 4)."""
    turn = 2 * np.pi * np.asarray(days, dtype="M8[D]").astype(np.int64) / YEAR_DAYS
    return np.column_stack([wave(k * turn) for k in (1, 2) for wave in (np.cos, np.sin)])


def _wet(precipitation_mm: FloatArray) -> NDArray[np.float64]:
    return np.where(np.isfinite(precipitation_mm), precipitation_mm >= WET_MM, np.nan)


def _normal(days: Days, values: FloatArray, at: Days) -> FloatArray:
    """The season's usual value on the days `at`, by least squares on the values known."""
    known = np.isfinite(values)
    season, *_ = np.linalg.lstsq(np.column_stack([np.ones(known.sum()), waves(days[known])]), values[known], rcond=None)
    return np.column_stack([np.ones(len(at)), waves(at)]) @ season
