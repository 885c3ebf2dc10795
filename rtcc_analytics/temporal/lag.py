"""How late reports come, and which recent counts are still low because of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rtcc_analytics.events import Occurrences, When, instant
from rtcc_analytics.temporal.daily import DailyCounts, Days, covered_days
from rtcc_analytics.temporal.poisson import FloatArray

COMPLETE_SHARE = 0.95
FEWEST_EVENTS = 50
_MONTHS_BACK = range(2, 14)


@dataclass(frozen=True, eq=False)
class ReportingLag:
    """What share of a period's events had been reported, in earlier months, as soon after it as now.

    Attributes
    ----------
    as_of : datetime64[s]
        Up to when the records reach, UTC.
    known, final : tuple of DailyCounts
        For each month looked back at: events reported by then, and events reported by `as_of`.
    shifts : array of timedelta64[D]
        How far back each lies.
    covered_from : datetime64[D]
        First local day for which there are records.
    """

    as_of: np.datetime64
    known: tuple[DailyCounts, ...]
    final: DailyCounts
    shifts: Days
    covered_from: np.datetime64

    def completeness(self, start: Days | np.datetime64, end: Days | np.datetime64) -> FloatArray:
        """Expected share, 0-1, of the events of local days [start, end) that the records hold by now.

        Each span is moved back by 2 to 13 months together with the moment of looking, so a feed
        that comes once a month, or not on weekends, is judged as it comes. NaN where fewer than
        50 events tell.
        """
        start, end = np.asarray(start, "M8[D]"), np.asarray(end, "M8[D]")
        had, got = np.zeros(start.shape), np.zeros(start.shape)
        for known, shift in zip(self.known, self.shifts, strict=True):
            inside = start - shift >= self.covered_from
            had += np.where(inside, self.final.between(start - shift, end - shift), 0.0)
            got += np.where(inside, known.between(start - shift, end - shift), 0.0)
        share = np.divide(got, had, out=np.full(start.shape, np.nan), where=had >= FEWEST_EVENTS)
        return np.clip(share, 0.0, 1.0)


def reporting_lag(occurrences: Occurrences, *, as_of: When | None = None) -> ReportingLag:
    """Learn from events with a report time how complete recent days are.

    Parameters
    ----------
    occurrences : Occurrences
        Events without a report time teach nothing and are passed over.
    as_of : date, time or datetime64, optional
        Up to when the records reach; by default the latest report.

    Notes
    -----
    The months looked back at are themselves not quite complete, so shares are slightly too high;
    the latest two are left out for that reason.

    Examples
    --------
    >>> days = np.arange("2024-01-01", "2025-01-01", dtype="datetime64[D]").repeat(4)
    >>> late = np.tile([0, 0, 0, 20], 366)       # a quarter is reported after 20 days
    >>> events = Occurrences(occurred_from=days.astype("datetime64[s]"), timezone="UTC",
    ...                      reported_at=(days + late).astype("datetime64[s]"))
    >>> lag = reporting_lag(events, as_of="2025-01-01")
    >>> lag.completeness(np.datetime64("2024-12-25"), np.datetime64("2025-01-01")).item()
    0.75
    """
    reported = occurrences.where(~np.isnat(occurrences.reported_at) & ~np.isnat(occurrences.occurred_from))
    if as_of is not None:
        now = instant(as_of, occurrences.timezone)
    else:
        now = reported.reported_at.max() if reported.size else np.datetime64("1970-01-01", "s")
    clock = pd.Timestamp(now).tz_localize("UTC").tz_convert(occurrences.timezone)
    earlier = [clock - pd.DateOffset(months=months) for months in _MONTHS_BACK]
    if (clock + pd.Timedelta(seconds=1)).day == 1:  # at the end of a month, compare with ends of months
        earlier = [moment + pd.offsets.MonthEnd(0) for moment in earlier]
    today = np.datetime64(clock.date(), "D")
    day, weights = reported.local_day, reported.weights
    seen = reported.reported_at <= now
    looks = [reported.reported_at <= instant(moment, occurrences.timezone) for moment in earlier]
    return ReportingLag(
        now,
        tuple(DailyCounts.of(day[look], weights[look]) for look in looks),
        DailyCounts.of(day[seen], weights[seen]),
        np.array([today - np.datetime64(moment.date(), "D") for moment in earlier]),
        covered_days([occurrences])[0] if occurrences.size else today,
    )
