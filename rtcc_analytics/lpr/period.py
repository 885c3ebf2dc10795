"""From local dates to the instants and day partitions that a search reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from rtcc_analytics.lpr.leads import LprError

When = str | date | datetime
TIMEZONE = "America/New_York"
FEW_DAYS = 14


@dataclass(frozen=True)
class Period:
    """A half-open span of time, on the local wall clock.

    Attributes
    ----------
    start, end : Timestamp
        Aware, in `timezone`; `end` is the first instant after.
    timezone : str
        IANA zone.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    timezone: str

    @property
    def bounds(self) -> dict[str, Any]:
        """The values that every search binds: instants, and the UTC days that hold them."""
        last = (self.end - pd.Timedelta(1, "us")).tz_convert("UTC")
        return {
            "start": self.start.tz_convert("UTC").to_pydatetime(),
            "end": self.end.tz_convert("UTC").to_pydatetime(),
            "first_day": self.start.tz_convert("UTC").date(),
            "last_day": last.date(),
        }

    @property
    def local_days(self) -> dict[str, Any]:
        """First and last local date, the zone, and whether working days and weekends are told apart."""
        first, last = self.start.date(), (self.end - pd.Timedelta(1, "us")).date()
        return {
            "first_local": first,
            "last_local": last,
            "zone": self.timezone,
            "by_class": (last - first).days + 1 >= FEW_DAYS,
        }

    @property
    def words(self) -> dict[str, str]:
        """For a result's parameters."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat(), "timezone": self.timezone}


def period_of(start: When, end: When, *, timezone: str = TIMEZONE) -> Period:
    """The half-open period from `start` to `end`; naive times are local, dates begin at local midnight.

    Raises
    ------
    LprError
        Not a time, not a zone, or an end that is not after the start.

    Examples
    --------
    >>> period_of("2025-11-02", "2025-11-03").bounds["end"].isoformat()
    '2025-11-03T05:00:00+00:00'
    """
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise LprError(f"{timezone!r} is no time zone: give an IANA name such as {TIMEZONE}") from error
    first, after = instant_of(start, timezone), instant_of(end, timezone)
    if not first < after:
        raise LprError(
            f"the period ends at {end}, not after its start {start}: give a later end (the day after the last)"
        )
    return Period(first, after, timezone)


def instant_of(when: When, timezone: str = TIMEZONE) -> pd.Timestamp:
    """An aware instant in `timezone`; of an hour that occurs twice the second, of a skipped one the next that exists.

    Examples
    --------
    >>> instant_of("2025-11-02 01:30").isoformat()
    '2025-11-02T01:30:00-05:00'
    """
    try:
        stamp = pd.Timestamp(when)
    except (ValueError, TypeError) as error:
        raise LprError(f"{when!r} is no time: write it as 2025-11-02 or 2025-11-02T21:30") from error
    if pd.isna(stamp):
        raise LprError(f"{when!r} is no time: write it as 2025-11-02 or 2025-11-02T21:30")
    if stamp.tzinfo is None:
        return stamp.tz_localize(timezone, ambiguous=False, nonexistent="shift_forward")
    return stamp.tz_convert(timezone)
