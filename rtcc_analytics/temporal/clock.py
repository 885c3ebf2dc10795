"""Day of week by hour: when it happens, with uncertain times spread over when they may have been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rtcc_analytics.events import Instants, Occurrences, wall_clock
from rtcc_analytics.temporal.poisson import FloatArray

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOUR_S = 3600
_WEEK_H = 168
_MONDAY_H = 4 * 24  # hours from 1970-01-01, a Thursday, to the first Monday


@dataclass(frozen=True, eq=False)
class DayHourTable:
    """Events by local day of the week and hour.

    Attributes
    ----------
    counts : array of float, shape (7, 24)
        Monday first; sums to `total`.
    total : float
        Sum of weights of events whose time is known.
    spread : float
        Sum of weights of events of uncertain time that were spread over several hours.
    unknown : float
        Sum of weights of events without a time, left out.
    label : str
    """

    counts: FloatArray
    total: float
    spread: float
    unknown: float
    label: str

    def to_frame(self) -> pd.DataFrame:
        """168 rows: day (name), day_number (Monday 0), hour, count."""
        day, hour = np.divmod(np.arange(_WEEK_H), 24)
        names = [DAYS[number] for number in day]
        return pd.DataFrame({"day": names, "day_number": day, "hour": hour, "count": self.counts.ravel()})


def day_hour_table(occurrences: Occurrences) -> DayHourTable:
    """Share each event over the local hours in which it may have happened.

    An event counts in an hour by the share of its span, from `occurred_from` to `occurred_to`,
    that falls in it. One without a span, or whose end is missing or before its start, counts in
    its first hour; one of a week or more counts 1/168 everywhere. Spans are taken on the wall
    clock, so an hour lost or gained to daylight saving shortens or lengthens none.

    Returns
    -------
    DayHourTable

    Notes
    -----
    Ratcliffe, "Aoristic analysis: the spatial interpretation of unspecific temporal events",
    *International Journal of Geographical Information Science* 14 (2000).

    Examples
    --------
    >>> overnight = Occurrences(occurred_from=["2024-01-01 23:30"], occurred_to=["2024-01-02 01:15"], timezone="UTC")
    >>> table = day_hour_table(overnight)
    >>> table.counts[0, 23].round(3).item(), table.counts[1, :2].round(3).tolist()
    (0.286, [0.571, 0.143])
    """
    known = ~np.isnat(occurrences.occurred_from)
    weights = occurrences.weights[known]
    start, end = _spans(occurrences.local_from[known], wall_clock(occurrences.occurred_to[known], occurrences.timezone))
    length = end - start
    first = start // _HOUR_S
    table = np.zeros(_WEEK_H)
    at_once, long = length <= 60, length >= _WEEK_H * _HOUR_S
    _add(table, first[at_once], weights[at_once])
    table += weights[long].sum() / _WEEK_H
    left = np.flatnonzero(~at_once & ~long)
    step = 0
    while left.size:
        hour = first[left] + step
        overlap = np.minimum(end[left], (hour + 1) * _HOUR_S) - np.maximum(start[left], hour * _HOUR_S)
        _add(table, hour, weights[left] * overlap / length[left])
        left = left[end[left] > (hour + 1) * _HOUR_S]
        step += 1
    unknown = float(occurrences.weights[~known].sum())
    several = ~at_once & (first != (end - 1) // _HOUR_S)
    return DayHourTable(
        table.reshape(7, 24), float(weights.sum()), float(weights[several].sum()), unknown, occurrences.label
    )


def _spans(start: Instants, end: Instants) -> tuple[FloatArray, FloatArray]:
    begins, stops = start.astype("M8[s]").astype(np.int64), end.astype("M8[s]").astype(np.int64)
    return begins, np.where(np.isnat(end) | (stops < begins), begins, stops)


def _add(table: FloatArray, hour: FloatArray, weights: FloatArray) -> None:
    table += np.bincount((hour - _MONDAY_H) % _WEEK_H, weights=weights, minlength=_WEEK_H)
