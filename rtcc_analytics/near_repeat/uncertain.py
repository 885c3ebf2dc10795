"""Uncertain times: an event that may have happened on any of several days counts on each with a share."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.near_repeat.cores import even_slices, on_all_cores
from rtcc_analytics.near_repeat.pairs import IntArray, Pairs
from rtcc_analytics.near_repeat.shuffles import shuffled_lanes

FloatArray = NDArray[np.float64]


def spread_over_days(start: ArrayLike, end: ArrayLike, *, max_days: int = 31) -> tuple[FloatArray, FloatArray]:
    """Days an event may have happened on, and the share of its span that falls on each.

    Parameters
    ----------
    start, end : array_like of float, shape (n,)
        Local days with fractions (10.75 is six in the evening of day 10). An `end` that is
        missing or before `start` counts as `start`.
    max_days : int
        A span over more days than this is stood for by this many evenly spaced ones of equal share.

    Returns
    -------
    t, weights : array of float, shape (n, k)
        For `knox_test`: whole days, and shares that sum to 1; where an event has fewer than k
        days the rest have share 0.

    Examples
    --------
    >>> t, weights = spread_over_days([10.75, 12.0], [11.25, 12.0])
    >>> t.tolist(), weights.tolist()
    ([[10.0, 11.0], [12.0, 12.0]], [[0.5, 0.5], [1.0, 0.0]])
    """
    start = np.asarray(start, dtype=float)
    end = np.asarray(end, dtype=float)
    end = np.where(np.isnan(end) | (end < start), start, end)
    first = np.floor(start)
    # A span that ends at midnight does not reach into the day that begins there.
    days = np.maximum(np.ceil(end) - first, 1)
    step = np.arange(int(min(days.max(initial=1), max_days)))
    t = first[:, None] + step
    overlap = np.minimum(end[:, None], t + 1) - np.maximum(start[:, None], t)
    span = (end - start)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where(span > 0, np.maximum(overlap, 0) / span, step == 0)
    long = days > max_days
    middles = np.floor(start[long, None] + (end - start)[long, None] * (step + 0.5) / max_days)
    t[long], shares[long] = middles, 1 / max_days
    return np.where(shares > 0, t, first[:, None]), shares


def weighted_counts(
    pairs: Pairs, t: FloatArray, weights: FloatArray, limits: FloatArray, *, permutations: int, seed: int
) -> FloatArray:
    """Like `shuffles.close_counts` with several weighted times per event, which move together.

    Returns
    -------
    array of float, shape (permutations + 1, bands, k)
        A pair adds the product of weights over its combinations of times that are closer than each limit.
    """
    times, shares, offsets = _compressed(t, weights)
    bands, edges = len(pairs.band_totals), np.array([0, len(t)])
    rounds = []
    for lanes in shuffled_lanes(np.arange(len(t), dtype=np.int32), edges, permutations=permutations, seed=seed):
        counts = np.zeros((bands, len(limits), lanes.shape[1]))
        for run in pairs.rows():

            def task(first: int, last: int, run=run, lanes=lanes) -> FloatArray:
                counts = np.zeros((bands, len(limits), lanes.shape[1]))
                _add_weights(first, last, run.first_row, run.starts, run.partner, run.band, lanes, offsets, times,
                             shares, limits, counts)
                return counts

            counts += np.sum(on_all_cores(task, even_slices(run.starts)), axis=0)
        rounds.append(np.cumsum(counts, axis=1))
    return np.moveaxis(np.concatenate(rounds, axis=2), 2, 0)


def weighted_pairs_below(t: FloatArray, weights: FloatArray, limits: FloatArray) -> FloatArray:
    """Over all pairs of events, the product of weights whose times are closer than each limit; shape (k,)."""
    times, shares, offsets = _compressed(t, weights)
    order = np.argsort(times, kind="stable")
    below = _weight_below(times[order], shares[order], limits) - _own_weight_below(times, shares, offsets, limits)
    # What rounding leaves between two limits that no pair separates must be nothing, not 1e-16 of a pair.
    grain = 1e-12 * max(1.0, shares.sum() ** 2)
    return np.rint(below / grain) * grain


def _compressed(t: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    given = weights > 0
    return t[given], weights[given], np.r_[0, np.cumsum(given.sum(axis=1))]


@njit(cache=True, nogil=True)
def _add_weights(
    first: int,
    last: int,
    first_row: int,
    starts: IntArray,
    partner: NDArray[np.int32],
    band: NDArray[np.int8],
    lanes: NDArray[np.int32],
    offsets: IntArray,
    times: FloatArray,
    shares: FloatArray,
    limits: FloatArray,
    counts: FloatArray,
) -> None:
    last_limit = limits[limits.size - 1]
    for row in range(first, last):
        for at in range(starts[row], starts[row + 1]):
            for lane in range(lanes.shape[1]):
                own, other = lanes[first_row + row, lane], lanes[partner[at], lane]
                for mine in range(offsets[own], offsets[own + 1]):
                    for theirs in range(offsets[other], offsets[other + 1]):
                        apart = abs(times[theirs] - times[mine])
                        if apart < last_limit:
                            limit = 0
                            while limits[limit] <= apart:
                                limit += 1
                            counts[band[at], limit, lane] += shares[mine] * shares[theirs]


@njit(cache=True, nogil=True)
def _weight_below(times: FloatArray, shares: FloatArray, limits: FloatArray) -> FloatArray:
    up_to = np.zeros(times.size + 1)
    up_to[1:] = np.cumsum(shares)
    total = np.zeros(limits.size)
    for limit in range(limits.size):
        end = 0
        for start in range(times.size):
            end = max(end, start + 1)
            while end < times.size and times[end] - times[start] < limits[limit]:
                end += 1
            total[limit] += shares[start] * (up_to[end] - up_to[start + 1])
    return total


@njit(cache=True, nogil=True)
def _own_weight_below(times: FloatArray, shares: FloatArray, offsets: IntArray, limits: FloatArray) -> FloatArray:
    total = np.zeros(limits.size)
    for event in range(offsets.size - 1):
        for one in range(offsets[event], offsets[event + 1]):
            for two in range(one + 1, offsets[event + 1]):
                apart = abs(times[two] - times[one])
                for limit in range(limits.size):
                    if apart < limits[limit]:
                        total[limit] += shares[one] * shares[two]
    return total
