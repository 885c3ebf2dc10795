"""Where aoristic ranges fall in the week, compiled: imported when first needed, because numba takes its time."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from rtcc_analytics.temporal.aoristic import HOURS, NAT

WEEK_MINUTES = 10_080
MONDAY_1970 = 4 * 1440  # 1 January 1970 was a Thursday: minutes from there to Monday the 5th


@nb.njit(cache=True, nogil=True)
def place(begin: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Minute of the week (-1 for none) and length in minutes (0 for the start hour alone, at most a week)."""
    first, length = np.full(begin.size, -1, np.int32), np.zeros(begin.size, np.int32)
    for i in range(begin.size):
        if begin[i] == NAT:
            continue
        first[i] = (begin[i] - MONDAY_1970) % WEEK_MINUTES
        if stop[i] != NAT and stop[i] - begin[i] > 1:
            length[i] = min(stop[i] - begin[i], WEEK_MINUTES)
    return first, length


@nb.njit(cache=True, nogil=True)
def spread(first: NDArray[np.int32], length: NDArray[np.int32], weight: NDArray[np.float64]) -> NDArray[np.float64]:
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
