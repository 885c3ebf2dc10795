"""The inner loops of the self-exciting process: compiled on first use, kept apart so that nothing else waits."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def earlier_neighbours(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    t: NDArray[np.float64],
    reach_m: float,
    reach_days: float,
    cell: NDArray[np.int64],
    columns: int,
    first: NDArray[np.int64],
    members: NDArray[np.int64],
    indptr: NDArray[np.int64],
    source: NDArray[np.int64],
    lag: NDArray[np.float64],
    distance2: NDArray[np.float64],
    fill: bool,
) -> None:
    """For each event the strictly earlier ones within reach; counts into `indptr` first, then fills the rest.

    Events are sorted by time; `members` lists them cell by cell (cells of `reach_m`, rising in time).
    """
    for event in range(x.size):
        found = indptr[event] if fill else 0
        for down in range(-1, 2):
            for right in range(-1, 2):
                here = cell[event] + down * columns + right
                for slot in range(first[here + 1] - 1, first[here] - 1, -1):
                    other = members[slot]
                    if t[other] >= t[event]:
                        continue
                    apart = t[event] - t[other]
                    if apart > reach_days:
                        break
                    d2 = (x[event] - x[other]) ** 2 + (y[event] - y[other]) ** 2
                    if d2 > reach_m * reach_m:
                        continue
                    if fill:
                        source[found], lag[found], distance2[found] = other, apart, d2
                    found += 1
        if not fill:
            indptr[event + 1] = found


@njit(cache=True, nogil=True)
def expectation(
    indptr: NDArray[np.int64],
    lag: NDArray[np.float64],
    distance2: NDArray[np.float64],
    background: NDArray[np.float64],
    theta: float,
    omega: float,
    sigma2: float,
    own: NDArray[np.float64],
) -> tuple[float, float, float, float]:
    """One E-step: `own` becomes each event's probability of being background.

    Returns the sums over pairs of p, p times lag and p times squared distance, and the sum of log
    intensities.
    """
    scale = theta * omega / (2 * np.pi * sigma2)
    pairs = pairs_lag = pairs_d2 = logs = 0.0
    for event in range(background.size):
        triggered = lags = squares = 0.0
        for k in range(indptr[event], indptr[event + 1]):
            share = scale * np.exp(-omega * lag[k] - distance2[k] / (2 * sigma2))
            triggered += share
            lags += share * lag[k]
            squares += share * distance2[k]
        total = background[event] + triggered
        own[event] = background[event] / total
        pairs += triggered / total
        pairs_lag += lags / total
        pairs_d2 += squares / total
        logs += np.log(total)
    return pairs, pairs_lag, pairs_d2, logs
