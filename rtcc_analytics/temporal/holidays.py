"""Days of the year that are not like others: United States holidays by rule, on the day itself.

The day itself, not the weekday on which offices make up for it: people let off fireworks on the fourth of July.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcc_analytics.events import When
from rtcc_analytics.temporal.daily import ONE_DAY, Days, local_date

# Month and day; and month, weekday (Monday 0), which one of the month (-1 the last).
_FIXED = {
    "New Year's Day": (1, 1),
    "Juneteenth": (6, 19),
    "Independence Day": (7, 4),
    "Halloween": (10, 31),
    "Veterans Day": (11, 11),
    "Christmas Eve": (12, 24),
    "Christmas Day": (12, 25),
    "Day after Christmas": (12, 26),
    "New Year's Eve": (12, 31),
}
_MOVING = {
    "Martin Luther King Jr. Day": (1, 0, 3),
    "Washington's Birthday": (2, 0, 3),
    "Memorial Day": (5, 0, -1),
    "Labor Day": (9, 0, 1),
    "Columbus Day": (10, 0, 2),
    "Thanksgiving Day": (11, 3, 4),
}
_SINCE = {"Juneteenth": 2021, "Martin Luther King Jr. Day": 1986}


def holiday_names(days: Days, *, special_days: Mapping[When, str] | None = None) -> NDArray[np.object_]:
    """The holiday each day is, blank for none.

    Parameters
    ----------
    days : array of datetime64[D], shape (n,)
    special_days : mapping of date to name, optional
        Days that matter here: a county fair, a race. Give the same name every year. They win over a holiday.

    Returns
    -------
    array of str, shape (n,)

    Examples
    --------
    >>> holiday_names(np.array(["2024-11-28", "2024-11-29", "2024-12-02"], dtype="datetime64[D]")).tolist()
    ['Thanksgiving Day', 'Day after Thanksgiving', '']
    """
    days = np.asarray(days, dtype="M8[D]")
    years = range(days.min().item().year, days.max().item().year + 1) if days.size else ()
    named = {day: name for year in years for name, day in _of(year).items() if year >= _SINCE.get(name, 0)}
    named |= {local_date(day): name for day, name in (special_days or {}).items()}
    return pd.Series(days).map(named).fillna("").to_numpy(dtype=object)


def _of(year: int) -> dict[str, np.datetime64]:
    fixed = {name: np.datetime64(f"{year}-{month:02d}-{day:02d}", "D") for name, (month, day) in _FIXED.items()}
    moving = {name: _moving(year, *rule) for name, rule in _MOVING.items()}
    return {**fixed, **moving, "Day after Thanksgiving": moving["Thanksgiving Day"] + ONE_DAY}


def _moving(year: int, month: int, weekday: int, which: int) -> np.datetime64:
    first = np.datetime64(f"{year}-{month:02d}", "M")
    if which < 0:
        last = (first + 1).astype("M8[D]") - ONE_DAY
        return last - (last.astype(np.int64) + 3 - weekday) % 7
    start = first.astype("M8[D]")
    return start + (weekday - (start.astype(np.int64) + 3)) % 7 + 7 * (which - 1)
