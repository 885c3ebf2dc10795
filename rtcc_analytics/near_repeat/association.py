"""One number for the whole pattern: the Mantel and the Jacquez tests of space-time interaction.

Sources: Mantel, N. (1967). The detection of disease clustering and a generalized regression
approach. Cancer Research 27, 209-220. Jacquez, G.M. (1996). A k nearest neighbour test for
space-time interaction. Statistics in Medicine 15, 1935-1949.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat.cores import even_slices, on_all_cores
from rtcc_analytics.near_repeat.inputs import (
    NearRepeatError,
    PlacesAndTimes,
    checked_whole,
    doubts,
    each_once,
    places_and_times,
    require_variety,
)
from rtcc_analytics.near_repeat.pairs import FloatArray, IntArray, canonical_order
from rtcc_analytics.near_repeat.shuffles import shuffled_lanes

ROUNDING = 1e-9
MOST_LOOKED_UP = 100_000


@dataclass(frozen=True, eq=False)
class AssociationResult:
    """A statistic of the whole pattern against its shuffles.

    Attributes
    ----------
    test : str
        "mantel" or "jacquez".
    statistic : float
        Mantel: correlation of closeness in space and closeness in time over all pairs. Jacquez:
        how often one of an event's k nearest in space is among its k nearest in time.
    expected : float
        Exact mean over all shuffles.
    p_value : float
        (1 + shuffles with as much or more) / (1 + permutations).
    events, permutations, seed : int
    simulated : array of float, shape (permutations,)
    warnings : tuple of str
    """

    test: str
    statistic: float
    expected: float
    p_value: float
    events: int
    permutations: int
    seed: int
    simulated: FloatArray
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        names = ("test", "statistic", "expected", "p_value", "events", "permutations", "seed")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})


def mantel_test(
    x: ArrayLike | Events,
    y: ArrayLike | None = None,
    t: ArrayLike | None = None,
    *,
    permutations: int = 999,
    seed: int,
    distance_offset_m: float = 1.0,
    distance_power: float = -1.0,
    time_offset_days: float = 1.0,
    time_power: float = -1.0,
) -> AssociationResult:
    """Correlation over all pairs between (distance + offset) ** power and the same of the time apart.

    With the negative powers of Mantel's paper near pairs weigh most; with powers of 1 and offsets
    of 0 it is the plain correlation of distances, which far pairs rule. The result depends on
    offsets and powers: say which. Time grows with n² and with `permutations`.

    Parameters
    ----------
    x, y, t
        Metres and days, or `Events`, as in `knox_test`; distance is straight.
    permutations, seed : int
    distance_offset_m, time_offset_days : float
        Added before the power is taken, so that a distance of 0 has one.
    distance_power, time_power : float

    Raises
    ------
    NearRepeatError
        As `knox_test`; an offset of 0 with a negative power.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> x, y, t = rng.uniform(0, 3000, 80), rng.uniform(0, 3000, 80), rng.integers(0, 365, 80)
    >>> x, y, t = np.r_[x, x[:20] + 10], np.r_[y, y[:20]], np.r_[t, t[:20] + 1]
    >>> found = mantel_test(x, y, t, permutations=99, seed=1)
    >>> round(found.statistic, 2), found.p_value
    (0.32, 0.01)
    """
    permutations, seed = checked_whole(permutations, "permutations", least=1), checked_whole(seed, "seed", least=0)
    space, time = (distance_offset_m, distance_power), (time_offset_days, time_power)
    for name, (offset, power) in {"distance_offset_m": space, "time_offset_days": time}.items():
        if not (np.isfinite(offset) and np.isfinite(power) and power and offset >= 0 and (offset or power > 0)):
            raise NearRepeatError(
                f"{name} is {offset:g} with a power of {power:g}: a negative power needs an offset above 0, "
                "and a power of 0 leaves nothing"
            )
    events = _in_order(each_once(places_and_times(x, y, t)))
    require_variety(events)
    times, by_difference = _looked_up(events.t[:, 0] - events.t.min(), *time)
    sums = []
    for lanes in shuffled_lanes(times, np.array([0, events.size]), permutations=permutations, seed=seed):

        def task(first: int, last: int, lanes=lanes) -> tuple[FloatArray, FloatArray]:
            return _products(first, last, events.xy, lanes, by_difference, *map(float, (*space, *time)))

        parts = on_all_cores(task, even_slices(_pairs_before(events.size)))
        sums.append(np.sum([part[0] for part in parts], axis=0))
        moments = np.sum([part[1] for part in parts], axis=0)
    total = events.size * (events.size - 1) / 2
    # Shuffling exchanges pairs' times among pairs: means and variances stay, products alone change.
    mean_space, mean_time = moments[0] / total, moments[1] / total
    variance = (moments[2] / total - mean_space**2) * (moments[3] / total - mean_time**2)
    if not variance > 0:
        raise NearRepeatError(f"all pairs of the {events.size} events are equally far apart: nothing to correlate")
    correlation = (np.concatenate(sums) / total - mean_space * mean_time) / np.sqrt(variance)
    return _association("mantel", correlation, 0.0, events, permutations, seed)


def jacquez_test(
    x: ArrayLike | Events,
    y: ArrayLike | None = None,
    t: ArrayLike | None = None,
    *,
    neighbours: int,
    permutations: int = 999,
    seed: int,
) -> AssociationResult:
    """How often an event's nearest in space are also its nearest in time.

    Unlike Knox's it needs no critical distance, and adapts to dense and sparse parts. An event
    tied with the k-th nearest is a neighbour too (events of one day, of one address), so the
    answer does not depend on the order of events; programs that cut ties at k depend on it.

    Parameters
    ----------
    x, y, t
        Metres and days, or `Events`, as in `knox_test`; distance is straight.
    neighbours : int
        k; fewer than the number of events.
    permutations, seed : int

    Raises
    ------
    NearRepeatError
        As `knox_test`; with `neighbours` not below the number of events.

    Examples
    --------
    >>> x, t = [0, 1, 10, 11, 30, 31], [1, 2, 21, 22, 51, 53]
    >>> found = jacquez_test(x, [0] * 6, t, neighbours=1, permutations=99, seed=1)
    >>> found.statistic, found.expected
    (6.0, 1.2)
    """
    permutations, seed = checked_whole(permutations, "permutations", least=1), checked_whole(seed, "seed", least=0)
    neighbours = checked_whole(neighbours, "neighbours", least=1)
    events = _in_order(each_once(places_and_times(x, y, t)))
    if neighbours >= events.size:
        raise NearRepeatError(f"{neighbours} neighbours among {events.size} events: ask for fewer than events")
    require_variety(events)
    near, partner = _nearest_in_space(events.xy, neighbours)
    reach = _reach_in_time(events.t[:, 0], neighbours)
    in_time = sum(_directed_within(events.t[:, 0], reach)) - events.size
    numbers = np.arange(events.size, dtype=np.int32)
    found = [
        _both_near(near, partner, events.t[:, 0], reach, lanes)
        for lanes in shuffled_lanes(numbers, np.array([0, events.size]), permutations=permutations, seed=seed)
    ]
    expected = len(near) * in_time / (events.size * (events.size - 1))
    return _association("jacquez", np.concatenate(found).astype(float), float(expected), events, permutations, seed)


def _association(
    test: str, values: FloatArray, expected: float, events: PlacesAndTimes, permutations: int, seed: int
) -> AssociationResult:
    statistic, simulated = float(values[0]), values[1:]
    as_much = int((simulated >= statistic - ROUNDING * max(1.0, abs(statistic))).sum())
    p_value = (1 + as_much) / (1 + permutations)
    return AssociationResult(
        test, statistic, expected, p_value, events.size, permutations, seed, simulated,
        (*events.warnings, *doubts(events)),
    )


def _in_order(events: PlacesAndTimes) -> PlacesAndTimes:
    side = float(np.ptp(events.xy, axis=0).max()) or 1.0
    return events.take(canonical_order(events.xy, side, events.t[:, 0]))


def _looked_up(t: FloatArray, offset: float, power: float) -> tuple[NDArray, FloatArray]:
    """Whole days with a table of what each difference counts; other times with an empty table."""
    if t.max() < MOST_LOOKED_UP and (t == np.rint(t)).all():
        return t.astype(np.int32), (np.arange(int(t.max()) + 1) + offset) ** power
    return t, np.empty(0)


def _pairs_before(size: int) -> IntArray:
    rows = np.arange(size + 1)
    return rows * (size - 1) - rows * (rows - 1) // 2


def _nearest_in_space(xy: FloatArray, neighbours: int) -> tuple[IntArray, IntArray]:
    """Each event with its nearest others, ties of the last included, as two arrays of positions."""
    tree = cKDTree(xy)
    reach = tree.query(xy, k=neighbours + 1)[0][:, -1]
    found = tree.query_ball_point(xy, reach * (1 + 1e-12))
    near = np.repeat(np.arange(len(xy)), [len(others) for others in found])
    partner = np.concatenate([np.asarray(others) for others in found])
    apart = near != partner
    return near[apart], partner[apart]


def _reach_in_time(t: FloatArray, neighbours: int) -> FloatArray:
    """How long to the k-th nearest other event, before or after."""
    order = np.argsort(t, kind="stable")
    padded = np.r_[np.full(neighbours, -np.inf), t[order], np.full(neighbours, np.inf)]
    around = np.abs(np.lib.stride_tricks.sliding_window_view(padded, 2 * neighbours + 1) - t[order][:, None])
    reach = np.empty(len(t))
    reach[order] = np.partition(around, neighbours, axis=1)[:, neighbours]
    return reach


@njit(cache=True, nogil=True)
def _products(
    first: int,
    last: int,
    xy: FloatArray,
    lanes: NDArray,
    by_difference: FloatArray,
    space_offset: float,
    space_power: float,
    time_offset: float,
    time_power: float,
) -> tuple[FloatArray, FloatArray]:
    """Sum over pairs of the two closenesses' product in each lane, and of each and its square in the first."""
    sums = np.zeros(lanes.shape[1])
    moments = np.zeros(4)
    for one in range(first, last):
        for two in range(one + 1, len(xy)):
            metres = np.sqrt((xy[one, 0] - xy[two, 0]) ** 2 + (xy[one, 1] - xy[two, 1]) ** 2)
            space = (metres + space_offset) ** space_power
            for lane in range(lanes.shape[1]):
                days = abs(lanes[one, lane] - lanes[two, lane])
                time = by_difference[int(days)] if by_difference.size else (days + time_offset) ** time_power
                sums[lane] += space * time
                if lane == 0:
                    moments[0] += space
                    moments[1] += time
                    moments[2] += space * space
                    moments[3] += time * time
    return sums, moments


@njit(cache=True, nogil=True)
def _both_near(
    near: IntArray, partner: IntArray, t: FloatArray, reach: FloatArray, lanes: NDArray[np.int32]
) -> IntArray:
    counts = np.zeros(lanes.shape[1], np.int64)
    for at in range(near.size):
        for lane in range(lanes.shape[1]):
            one, two = lanes[near[at], lane], lanes[partner[at], lane]
            counts[lane] += abs(t[one] - t[two]) <= reach[one]
    return counts


@njit(cache=True, nogil=True)
def _directed_within(t: FloatArray, reach: FloatArray) -> IntArray:
    """How many events (itself among them) lie within each one's reach in time."""
    ordered = np.sort(t)
    counts = np.zeros(t.size, np.int64)
    for at in range(t.size):
        low = np.searchsorted(ordered, t[at] - reach[at])
        high = np.searchsorted(ordered, t[at] + reach[at])
        # The sums above may round the other way than the differences that are compared elsewhere.
        while low > 0 and t[at] - ordered[low - 1] <= reach[at]:
            low -= 1
        while t[at] - ordered[low] > reach[at]:
            low += 1
        while high < t.size and ordered[high] - t[at] <= reach[at]:
            high += 1
        while ordered[high - 1] - t[at] > reach[at]:
            high -= 1
        counts[at] = high - low
    return counts
