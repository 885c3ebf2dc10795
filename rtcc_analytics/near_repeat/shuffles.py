"""Shuffled times counted over near pairs, many shuffles side by side in the processor's vector lanes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtcc_analytics.near_repeat.cores import even_slices, on_all_cores
from rtcc_analytics.near_repeat.pairs import IntArray, Pairs

MOST_LANES = 128
LANE_BYTES = 128_000_000
FLUSH_EVERY = 32_000  # below 2**15: the running counts of a lane are 16 bits wide


def close_counts(
    pairs: Pairs,
    times: NDArray,
    limits: NDArray,
    *,
    permutations: int,
    seed: int,
    groups: Sequence[int] | None = None,
    signed: bool = False,
) -> IntArray:
    """How many pairs of each distance band have a time difference below each limit, as is and shuffled.

    Parameters
    ----------
    pairs : Pairs
    times : array of int16, int32 or float64, shape (n,)
        In the order of the pairs; any difference must fit its type.
    limits : array of the same type, shape (k,)
    permutations : int
        Shuffles; each draws from its own stream of `seed`.
    groups : sequence of int, optional
        Edges of the groups within which times are shuffled; by default all are one group.
    signed : bool
        Compare partner's time minus own time, rather than its size.

    Returns
    -------
    array of int64, shape (permutations + 1, bands, k)
        The first is of the times as they are.
    """
    edges = np.asarray([0, len(times)] if groups is None else groups, dtype=np.int64)
    rounds = []
    for lanes in shuffled_lanes(times, edges, permutations=permutations, seed=seed):
        counts = np.zeros((len(pairs.band_totals), len(limits), lanes.shape[1]), dtype=np.int64)
        for run in pairs.rows():

            def task(first: int, last: int, run=run, lanes=lanes) -> IntArray:
                counts = np.zeros((len(pairs.band_totals), len(limits), lanes.shape[1]), dtype=np.int64)
                running = np.zeros(counts.shape, dtype=times.dtype if times.dtype.kind == "i" else np.int64)
                _count_close(first, last, run.first_row, run.starts, run.partner, run.band, lanes, limits, signed,
                             running, counts)
                return counts

            counts += np.sum(on_all_cores(task, even_slices(run.starts)), axis=0)
        rounds.append(counts)
    return np.moveaxis(np.concatenate(rounds, axis=2), 2, 0)


def shuffled_lanes(values: NDArray, edges: IntArray, *, permutations: int, seed: int) -> Iterator[NDArray]:
    """`values` and its shuffles in columns, some at a time: shape (n, lanes), the first column unshuffled.

    Column p of all is shuffled by stream p of `seed`, so neither the number of lanes nor of
    cores changes a result.
    """
    states = np.stack([np.random.SeedSequence(seed, spawn_key=(p,)).generate_state(4, np.uint64)
                       for p in range(permutations + 1)])
    lanes = int(np.clip(LANE_BYTES // max(1, values.nbytes) // 16 * 16, 16, MOST_LANES))
    for first in range(0, permutations + 1, lanes):
        block = np.tile(values, (min(lanes, permutations + 1 - first), 1))

        def task(low: int, high: int, block=block, first=first) -> None:
            for lane in range(low, high):
                if first + lane:
                    _shuffle(block[lane], edges, states[first + lane].copy())

        on_all_cores(task, even_slices(np.arange(len(block) + 1)))
        yield np.ascontiguousarray(block.T)


@njit(cache=True, nogil=True)
def _rotated(word: np.uint64, by: int) -> np.uint64:
    return (word << np.uint64(by)) | (word >> np.uint64(64 - by))


@njit(cache=True, nogil=True)
def _next(state: NDArray[np.uint64]) -> np.uint64:
    """Blackman and Vigna's xoshiro256++."""
    drawn = _rotated(state[0] + state[3], 23) + state[0]
    kept = state[1] << np.uint64(17)
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= kept
    state[3] = _rotated(state[3], 45)
    return drawn


@njit(cache=True, nogil=True)
def _shuffle(values: NDArray, edges: IntArray, state: NDArray[np.uint64]) -> None:
    """Fisher and Yates within each group, drawing without bias by Lemire's multiplication."""
    half, low_half = np.uint64(32), np.uint64(0xFFFFFFFF)
    for group in range(edges.size - 1):
        start = edges[group]
        for last in range(edges[group + 1] - 1, start, -1):
            span = np.uint64(last - start + 1)
            product = (_next(state) >> half) * span
            if product & low_half < span:
                threshold = (np.uint64(1) << half) % span
                while product & low_half < threshold:
                    product = (_next(state) >> half) * span
            chosen = start + np.int64(product >> half)
            values[last], values[chosen] = values[chosen], values[last]


@njit(cache=True, nogil=True)
def _count_close(
    first: int,
    last: int,
    first_row: int,
    starts: IntArray,
    partner: NDArray[np.int32],
    band: NDArray[np.int8],
    lanes: NDArray,
    limits: NDArray,
    signed: bool,
    running: NDArray,
    counts: IntArray,
) -> None:
    """Each inner loop runs over the lanes in one type, without a branch: the compiler makes it vector code."""
    width = lanes.shape[1]
    apart = np.empty(width, lanes.dtype)
    since_flush = 0
    for row in range(first, last):
        own = lanes[first_row + row]
        for at in range(starts[row], starts[row + 1]):
            other = lanes[partner[at]]
            for lane in range(width):
                apart[lane] = other[lane] - own[lane]
            if not signed:
                for lane in range(width):
                    apart[lane] = abs(apart[lane])
            below = running[band[at]]
            for limit in range(limits.size):
                edge = limits[limit]
                tally = below[limit]
                for lane in range(width):
                    tally[lane] += apart[lane] < edge
            since_flush += 1
            if since_flush == FLUSH_EVERY:
                counts += running
                running[:] = 0
                since_flush = 0
    counts += running
