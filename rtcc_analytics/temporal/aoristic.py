"""When did it happen, if all that is known is from when to when? Ratcliffe's aoristic weights.

An event that can have happened any time between two instants is spread over the hours of the week between them.
The clock is local wall time: an hour of the week means what people there call it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numba as nb
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.events import Occurrences
from rtcc_analytics.temporal.poisson import PeriodError

HOURS = 168
WEEK_MINUTES = 10_080
MONDAY_1970 = 4 * 1440  # 1 January 1970 was a Thursday: minutes from there to Monday the 5th
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Aoristic:
    """Events spread over the hours of the week.

    Attributes
    ----------
    hours : ndarray, shape (168,)
        Expected events in each hour, 0 = Monday 00:00-00:59. Sums to the events' total weight.
    start_minute, length_minutes : ndarray of int32, shape (n,)
        Where each event's range starts in the week, and how long it is: 0 where it counts for its start hour
        alone, 10080 where it covers the whole week.
    weights : ndarray, shape (n,)
        What each event counts for.
    unknown : int
        Events without a start, left out.
    reversed_ranges, missing_ends : int
        Events counted at their start because the end lay before it, or was not given.
    """

    hours: NDArray[np.float64]
    start_minute: NDArray[np.int32]
    length_minutes: NDArray[np.int32]
    weights: NDArray[np.float64]
    unknown: int
    reversed_ranges: int
    missing_ends: int

    def weights_in(self, hours: Iterable[int]) -> NDArray[np.float64]:
        """How much of each event falls in these hours of the week: weights for a density or a Knox test.

        Parameters
        ----------
        hours : iterable of int
            Hours of the week, 0-167.

        Returns
        -------
        ndarray, shape (n,)
            Between 0 and the event's weight; 0 for an event without a start.

        Examples
        --------
        >>> spread = aoristic(["2024-01-01T01:00"], ["2024-01-01T02:30"])
        >>> spread.weights_in([2]).round(3).tolist()
        [0.333]
        """
        chosen = np.zeros(HOURS, dtype=bool)
        chosen[list(hours)] = True
        inside = np.append(0.0, np.cumsum(np.repeat(np.tile(chosen, 2), 60)))
        start, length = self.start_minute, self.length_minutes
        span = np.maximum(length, 1)
        share = (inside[np.maximum(start, 0) + span] - inside[np.maximum(start, 0)]) / span
        return np.where(start < 0, 0.0, np.where(length == 0, chosen[start // 60 % HOURS], share)) * self.weights

    def table(self) -> pd.DataFrame:
        """Weekdays down, hours across: expected events, shape (7, 24)."""
        return pd.DataFrame(self.hours.reshape(7, 24), index=list(WEEKDAYS), columns=range(24))

    def to_frame(self) -> pd.DataFrame:
        """One row an hour of the week: weekday (0 = Monday), hour, events."""
        hour = np.arange(HOURS)
        return pd.DataFrame({"weekday": hour // 24, "hour": hour % 24, "events": self.hours})


def aoristic(
    start: ArrayLike | Occurrences,
    end: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    reversed_ranges: Literal["start_hour", "swap"] = "start_hour",
) -> Aoristic:
    """Spread events over the 168 hours of the week in proportion to the minutes each can have happened in.

    Parameters
    ----------
    start, end : array_like of datetime64, shape (n,), or Events
        Local wall time; NaT where unknown. Events bring their own range and weights.
    weights : array_like, shape (n,), optional
        What each event counts for; 1 by default.
    reversed_ranges : "start_hour" or "swap"
        A range that ends before it starts counts whole in its start hour (Ratcliffe), or is turned round, as
        the Python library crimepy does.

    Returns
    -------
    Aoristic

    Raises
    ------
    PeriodError
        Starts and ends of different length, an unknown rule.

    Examples
    --------
    >>> spread = aoristic(["2024-01-01T23:30"], ["2024-01-02T01:15"])
    >>> spread.hours[[23, 24, 25]].round(4).tolist()
    [0.2857, 0.5714, 0.1429]

    Notes
    -----
    Rules of Ratcliffe's own R package: seconds are cut off; a missing end, or a range of a minute or less, counts
    1 in the start hour; a range of a week or more counts 1/168 in every hour. Ratcliffe, J. H. (2002). Aoristic
    signatures and the spatio-temporal analysis of high volume crime patterns. Journal of Quantitative Criminology
    18, 23-43. One pass over the events, whatever the length of their ranges.
    """
    if reversed_ranges not in ("start_hour", "swap"):
        raise PeriodError(f"reversed_ranges {reversed_ranges!r} is not known; there are start_hour and swap")
    if isinstance(start, Occurrences):
        start, end, weights = start.local_from, start.local_to, start.weights
    begin = _minutes(start)
    stop = np.full(begin.shape, _NAT) if end is None else _minutes(end)
    if begin.shape != stop.shape:
        raise PeriodError(f"{begin.size} starts but {stop.size} ends; give one of each for every event")
    weight = np.ones(begin.size) if weights is None else np.asarray(weights, dtype=float)
    turned = (begin != _NAT) & (stop != _NAT) & (stop < begin)
    if reversed_ranges == "swap":
        begin, stop = np.where(turned, stop, begin), np.where(turned, begin, stop)
    first, length = _place(begin, stop)
    return Aoristic(
        _spread(first, length, weight),
        first,
        length,
        weight,
        int((begin == _NAT).sum()),
        int(turned.sum()) if reversed_ranges == "start_hour" else 0,
        int(((begin != _NAT) & (stop == _NAT)).sum()),
    )


_NAT = np.iinfo(np.int64).min


def _minutes(instants: ArrayLike) -> NDArray[np.int64]:
    return np.asarray(instants, dtype="datetime64[m]").ravel().astype(np.int64)


@nb.njit(cache=True, nogil=True)
def _place(begin: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Minute of the week (-1 for none) and length in minutes (0 for the start hour alone, at most a week)."""
    first, length = np.full(begin.size, -1, np.int32), np.zeros(begin.size, np.int32)
    for i in range(begin.size):
        if begin[i] == _NAT:
            continue
        first[i] = (begin[i] - MONDAY_1970) % WEEK_MINUTES
        if stop[i] != _NAT and stop[i] - begin[i] > 1:
            length[i] = min(stop[i] - begin[i], WEEK_MINUTES)
    return first, length


@nb.njit(cache=True, nogil=True)
def _spread(first: NDArray[np.int32], length: NDArray[np.int32], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected events in each hour: both ends by the minute, whole hours between by a difference array."""
    step = np.zeros(2 * HOURS + 1)
    part = np.zeros(2 * HOURS + 1)
    for i in range(first.size):
        if first[i] < 0:
            continue
        hour = first[i] // 60
        if length[i] == 0:
            part[hour] += weight[i]
            continue
        per_minute = weight[i] / length[i]
        stop = first[i] + length[i]
        last = stop // 60
        if last == hour:
            part[hour] += weight[i]
            continue
        part[hour] += per_minute * (60 * (hour + 1) - first[i])
        part[last] += per_minute * (stop - 60 * last)
        step[hour + 1] += 60 * per_minute
        step[last] -= 60 * per_minute
    total = part + np.cumsum(step)
    return total[:HOURS] + total[HOURS : 2 * HOURS]
