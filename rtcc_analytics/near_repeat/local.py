"""Which events take part in the clustering: the local Knox test.

Source: Rogerson, P.A. (2001). Monitoring point patterns for the development of space-time clusters.
Journal of the Royal Statistical Society A 164, 87-96.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.stats import false_discovery_control

from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat.inputs import (
    checked_positive,
    counted_times,
    doubts,
    each_once,
    places_and_times,
    require_variety,
)
from rtcc_analytics.near_repeat.knox import Metric, in_canonical_order, near_pairs, reached
from rtcc_analytics.near_repeat.pairs import FloatArray, IntArray
from rtcc_analytics.near_repeat.streets import StreetLines


@dataclass(frozen=True, eq=False)
class LocalKnoxResult:
    """Each event's neighbours in space and time; arrays have one value per event, in the order given.

    Attributes
    ----------
    distance_m, days : float
        Neighbours are at most this far away.
    event : array of int
        Position in the input (streets may leave events out).
    near_in_space, near_in_time, near_in_both : array of int
        Other events within the distance, within the days, within both.
    before, after : array of int
        Of those near in both, how many came earlier and later (the rest at the same time).
    expected : array of float
        Mean of near_in_both were the event's time exchanged for any event's.
    p_value : array of float
        Chance of as many or more when all times are shuffled, its own included (Rogerson): the
        hypergeometric tail averaged over the times of all events. 1 where there is none.
    p_given_time : array of float
        The same for shuffles that leave the event its own time: in a busy month more is expected.
    q_value : array of float
        `p_value` with the false discovery rate held over all events (Benjamini and Hochberg).
    warnings : tuple of str
    """

    distance_m: float
    days: float
    event: IntArray
    near_in_space: IntArray
    near_in_time: IntArray
    near_in_both: IntArray
    before: IntArray
    after: IntArray
    expected: FloatArray
    p_value: FloatArray
    p_given_time: FloatArray
    q_value: FloatArray
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per event."""
        names = ("event", "near_in_space", "near_in_time", "near_in_both", "before", "after", "expected", "p_value",
                 "p_given_time", "q_value")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def local_knox(
    x: ArrayLike | Events,
    y: ArrayLike | None = None,
    t: ArrayLike | None = None,
    *,
    distance_m: float,
    days: float,
    metric: Metric = "euclidean",
    network: StreetLines | None = None,
) -> LocalKnoxResult:
    """For each event, whether more others are near in both space and time than chance gives.

    Neighbours are at most `distance_m` and at most `days` away, both included. The p-values are
    exact (hypergeometric) and need no shuffles.

    Parameters
    ----------
    x, y, t
        Metres and days, or `Events`, as in `knox_test`.
    distance_m, days : float
        Choose them before looking, or from the bands of a `knox_test` on an earlier period.
    metric, network
        As in `knox_test`.

    Raises
    ------
    NearRepeatError
        As `knox_test`.

    Examples
    --------
    >>> x, y, t = [0, 50, 90, 5000, 9000, 9050], [0, 0, 0, 0, 0, 0], [1, 2, 3, 40, 80, 200]
    >>> local = local_knox(x, y, t, distance_m=100, days=7)
    >>> local.near_in_both.tolist(), local.p_given_time.round(3).tolist()
    ([2, 2, 2, 0, 0, 0], [0.1, 0.1, 0.1, 1.0, 1.0, 1.0])
    """
    distance_m, days = checked_positive(distance_m, "distance_m"), checked_positive(days, "days")
    events = each_once(places_and_times(x, y, t, reach_m=distance_m, metric=metric, network=network))
    require_variety(events)
    limits_m = reached(np.array([0.0, distance_m]), True)
    events = in_canonical_order(events, limits_m[-1])
    times, limits = counted_times(events.t[:, 0], np.array([0.0, days]), right_closed=True)
    counts = np.zeros((4, events.size), dtype=np.int64)
    for run in near_pairs(events.xy, limits_m, metric, network).rows():
        _count_neighbours(run.first_row, run.starts, run.partner, times, limits[0], counts)
    near_in_space, near_in_both, before, after = counts
    near_in_time = _near_in_time(times, limits[0])
    p_value, p_given_time = _tails(near_in_both, near_in_space, near_in_time)
    back = np.argsort(events.kept)
    arrays = {
        "near_in_space": near_in_space, "near_in_time": near_in_time, "near_in_both": near_in_both, "before": before,
        "after": after, "expected": near_in_space * near_in_time.mean() / (events.size - 1), "p_value": p_value,
        "p_given_time": p_given_time, "q_value": false_discovery_control(p_value),
    }
    return LocalKnoxResult(distance_m, days, events.kept[back], warnings=(*events.warnings, *doubts(events)),
                           **{name: array[back] for name, array in arrays.items()})


def _near_in_time(times: NDArray, limit: NDArray) -> IntArray:
    order = np.argsort(times, kind="stable")
    counts = np.empty(len(times), dtype=np.int64)
    counts[order] = _within(times[order], limit)
    return counts


def _tails(both: IntArray, space: IntArray, time: IntArray) -> tuple[FloatArray, FloatArray]:
    """Hypergeometric P(X >= both) averaged over all values of `time`, and for the event's own."""
    log_factorial = np.array([lgamma(k + 1) for k in range(len(both) + 1)])
    of_time, share = np.unique(time, return_counts=True)
    cases, case = np.unique(np.stack([both, space], axis=1), axis=0, return_inverse=True)
    p_value = _tail(np.repeat(cases, len(of_time), axis=0), np.tile(of_time, len(cases)), log_factorial)
    averaged = p_value.reshape(len(cases), -1) @ (share / len(both))
    own, which = np.unique(np.stack([both, space, time], axis=1), axis=0, return_inverse=True)
    p_own = _tail(own[:, :2], own[:, 2], log_factorial)
    return np.minimum(averaged[case.ravel()], 1.0), p_own[which.ravel()]


@njit(cache=True, nogil=True)
def _count_neighbours(
    first_row: int, starts: IntArray, partner: NDArray[np.int32], times: NDArray, limit: float, counts: IntArray
) -> None:
    for row in range(starts.size - 1):
        one = first_row + row
        for other in partner[starts[row] : starts[row + 1]]:
            counts[0, one] += 1
            counts[0, other] += 1
            later = times[other] - times[one]
            if abs(later) < limit:
                counts[1, one] += 1
                counts[1, other] += 1
                if later > 0:
                    counts[3, one] += 1
                    counts[2, other] += 1
                elif later < 0:
                    counts[2, one] += 1
                    counts[3, other] += 1


@njit(cache=True, nogil=True)
def _within(times: NDArray, limit: float) -> IntArray:
    """For each of the sorted times, how many others differ by less than `limit`."""
    counts = np.zeros(times.size, np.int64)
    first = last = 0
    for at in range(times.size):
        while times[at] - times[first] >= limit:
            first += 1
        while last < times.size and times[last] - times[at] < limit:
            last += 1
        counts[at] = last - first - 1
    return counts


@njit(cache=True, nogil=True)
def _tail(cases: IntArray, marked: IntArray, log_factorial: FloatArray) -> FloatArray:
    """P(X >= cases[:, 0]) for cases[:, 1] draws from n - 1 others of which `marked` are near in time."""
    others = log_factorial.size - 2
    tail = np.ones(marked.size)
    for at in range(marked.size):
        least, drawn, good = cases[at, 0], cases[at, 1], marked[at]
        if least == 0:
            continue
        every = log_factorial[others] - log_factorial[drawn] - log_factorial[others - drawn]
        total = 0.0
        for hits in range(max(least, drawn + good - others), min(drawn, good) + 1):
            ways = log_factorial[good] - log_factorial[hits] - log_factorial[good - hits]
            bad, misses = others - good, drawn - hits
            ways += log_factorial[bad] - log_factorial[misses] - log_factorial[bad - misses]
            total += np.exp(ways - every)
        tail[at] = min(total, 1.0)
    return tail
