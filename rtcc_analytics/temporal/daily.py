"""Counts by local day, and the span of days for which nothing means none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcc_analytics.events import Instants, Occurrences, When
from rtcc_analytics.temporal.poisson import FloatArray, PeriodError

Days = NDArray[np.datetime64]
ONE_DAY = np.timedelta64(1, "D")
WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True, eq=False)
class DailyCounts:
    """Sum of weights by local day, ready to be summed over any span of days at once.

    Examples
    --------
    >>> events = Occurrences(occurred_from=["2024-01-01", "2024-01-01", "2024-01-03"], timezone="UTC")
    >>> daily = DailyCounts.of(events.local_day, events.weights)
    >>> daily.between(np.datetime64("2024-01-01"), np.datetime64("2024-01-03")).item()
    2.0
    """

    first: np.datetime64
    running: FloatArray

    @classmethod
    def of(cls, days: Days, weights: FloatArray) -> DailyCounts:
        """From one local day and weight an event; NaT days are left out."""
        known = ~np.isnat(days)
        days, weights = days[known], weights[known]
        if not days.size:
            return cls(np.datetime64("1970-01-01", "D"), np.zeros(1))
        first = days.min()
        counted = np.bincount((days - first).astype(np.int64), weights=weights)
        return cls(first, np.r_[0.0, np.cumsum(counted)])

    def between(self, start: Days | np.datetime64, end: Days | np.datetime64) -> FloatArray:
        """Counts in the half-open spans of days [start, end), element by element."""
        last = self.running.size - 1
        low, high = (np.clip((np.asarray(day, "M8[D]") - self.first).astype(np.int64), 0, last) for day in (start, end))
        return self.running[high] - self.running[low]


def covered_days(series: Iterable[Occurrences]) -> tuple[np.datetime64, np.datetime64]:
    """The half-open span of local days on which every series is covered.

    A series that does not say what it covers is taken to cover its own first to last event
    (all such series together: a rare offense has not begun later than a common one).

    Raises
    ------
    PeriodError
        Where nothing says when the records begin and end.
    """
    series = list(series)
    spans = [span for s in series if (span := _whole_days(s)) is not None]
    seen = [s.local_day[~np.isnat(s.local_day)] for s in series if s.covered is None]
    seen = [days for days in seen if days.size]
    if seen:
        spans.append((min(days.min() for days in seen), max(days.max() for days in seen) + ONE_DAY))
    if not spans:
        raise PeriodError("no event has a time, so there is no period to compare; check the period and the offenses")
    first = max(span[0] for span in spans)
    return first, max(first, min(span[1] for span in spans))


def local_date(until: When) -> np.datetime64:
    """A local date as datetime64[D].

    Raises
    ------
    PeriodError
        Where `until` is no date.
    """
    try:
        stamp = pd.Timestamp(until)
    except (ValueError, TypeError):
        stamp = pd.NaT
    if stamp is pd.NaT:
        raise PeriodError(f"until is {until!r}, which is no date; write for example '2024-05-06'")
    return np.datetime64(stamp.date(), "D")


def years_before(day: np.datetime64, years: int) -> np.datetime64:
    """The same calendar day `years` earlier; 29 February becomes the 28th where there is none."""
    when: date = day.item()
    try:
        return np.datetime64(when.replace(year=when.year - years), "D")
    except ValueError:
        return np.datetime64(when.replace(year=when.year - years, day=28), "D")


def _whole_days(series: Occurrences) -> tuple[np.datetime64, np.datetime64] | None:
    if series.covered is None:
        return None
    ends: Instants = np.array(series.covered, dtype="M8[s]")
    clock = pd.DatetimeIndex(ends).tz_localize("UTC").tz_convert(series.timezone).tz_localize(None)
    begins, stops = clock.to_numpy().astype("M8[s]")
    begin_day = begins.astype("M8[D]")
    return begin_day if begin_day == begins else begin_day + ONE_DAY, stops.astype("M8[D]")
