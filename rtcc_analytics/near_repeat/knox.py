"""The Knox test: are events near in space also near in time, more often than by chance?

Sources: Knox, E.G. (1964). The detection of space-time interactions. Applied Statistics 13, 25-30.
Johnson, S.D. et al. (2007). Space-time patterns of risk: a cross national assessment of residential
burglary victimization. Journal of Quantitative Criminology 23, 201-219 (Monte Carlo, bands).
Ratcliffe, J.H. (2009). Near Repeat Calculator 1.3 (the conventions of ``compat="NRC"``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat.inputs import (
    FloatArray,
    NearRepeatError,
    PlacesAndTimes,
    checked_breaks,
    checked_whole,
    counted_times,
    doubts,
    places_and_times,
    require_variety,
    strict_limits,
)
from rtcc_analytics.near_repeat.pairs import GridPairs, IntArray, Pairs, canonical_order
from rtcc_analytics.near_repeat.result import KnoxResult, KnoxSettings, knox_result
from rtcc_analytics.near_repeat.shuffles import close_counts
from rtcc_analytics.near_repeat.streets import StreetLines, StreetPairs
from rtcc_analytics.near_repeat.uncertain import weighted_counts, weighted_pairs_below

Metric = Literal["euclidean", "manhattan", "street"]


def knox_test(
    x: ArrayLike | Events,
    y: ArrayLike | None = None,
    t: ArrayLike | None = None,
    *,
    distance_breaks: Sequence[float],
    time_breaks: Sequence[float],
    permutations: int = 999,
    seed: int,
    metric: Metric = "euclidean",
    network: StreetLines | None = None,
    weights: ArrayLike | Literal["aoristic"] | None = None,
    right_closed: bool = False,
    compat: Literal["NRC"] | None = None,
) -> KnoxResult:
    """Pairs of events by distance and time apart, against what shuffled times give.

    Every pair is in exactly one band: a band holds its lower edge and not its upper one
    (``right_closed`` turns that round), and distance 0 and the same day are in the lowest.
    The expectation over all n! shuffles is exact: (pairs in the distance band) x (pairs in the
    time band) / (n (n - 1) / 2).

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Metres in a projected system; or `Events` for x alone.
    t : array_like, shape (n,), or (n, k) with weights
        Days as numbers since any start, or datetime64 in local time. Of `Events`, the local day
        half-way between the earliest and latest instant.
    distance_breaks, time_breaks : sequence of float
        Edges of the bands, metres and days, ascending; the last may be infinite.
    permutations : int
        Shuffles of times over places; the smallest p is 1 / (permutations + 1).
    seed : int
        The same seed gives the same answer, whatever the order of events or the number of cores.
    metric : "euclidean", "manhattan" or "street"
        Straight, along the two axes, or along the lines of `network`.
    network : StreetLines, optional
        For "street": `StreetSegments`, or anything with their ``lines`` and ``assign``.
    weights : array_like of float, same shape as `t`, or "aoristic" with Events, optional
        How likely the event happened at each of its times (see `spread_over_days`). A pair adds the
        product of weights over its combinations of times, so counts become expected counts. A
        shuffle moves an event's times and weights together.
    right_closed : bool
        Bands (a, b], the lowest [a, b].
    compat : "NRC", optional
        Count and label as the Near Repeat Calculator 1.3: coordinates in 32-bit floats; its label
        "101 to 200" is the band [100, 200), "8 to 14 days" is [7, 14).

    Raises
    ------
    NearRepeatError
        Fewer than two events, all at one point or time, missing values, degrees where metres are
        meant, breaks that do not ascend; each with the values seen and what to do.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> x, y, t = rng.uniform(0, 5000, 300), rng.uniform(0, 5000, 300), rng.integers(0, 365, 300)
    >>> x, y, t = np.r_[x, x[:40] + 30], np.r_[y, y[:40]], np.r_[t, t[:40] + 3]     # 40 near repeats
    >>> result = knox_test(x, y, t, distance_breaks=[0, 100, 200], time_breaks=[0, 7, 14], seed=1)
    >>> result.observed.tolist()
    [[43, 0], [7, 6]]
    >>> result.ratio.round(1).tolist(), float(result.p_value[0, 0])
    ([[10.7, 0.0], [1.0, 0.8]], 0.001)
    """
    distance_breaks = checked_breaks(distance_breaks, "distance_breaks", "metres")
    time_breaks = checked_breaks(time_breaks, "time_breaks", "days")
    permutations = checked_whole(permutations, "permutations", least=1)
    seed = checked_whole(seed, "seed", least=0)
    check_compat(compat, metric, right_closed)
    reach_m = float(distance_breaks[np.isfinite(distance_breaks)][-1])
    events = places_and_times(x, y, t, reach_m=reach_m, weights=weights, metric=metric, network=network)
    require_variety(events)
    if compat == "NRC":
        events = replace(events, xy=events.xy.astype(np.float32).astype(float))
    distances = reached(distance_breaks, right_closed)
    events = in_canonical_order(events, distances[-1])
    pairs = near_pairs(events.xy, distances, metric, network)
    total = events.size * (events.size - 1) // 2
    if events.weights is None:
        times, limits = counted_times(events.t[:, 0], time_breaks, right_closed=right_closed)
        times_below = _pairs_below(np.sort(times), limits)
        counts = close_counts(pairs, times, limits, permutations=permutations, seed=seed)
        if np.isinf(time_breaks[-1]):
            counts, times_below = with_all_times(counts, pairs.band_totals), np.r_[times_below, total]
    else:
        limits = np.r_[reached(time_breaks, right_closed), [np.inf] if np.isinf(time_breaks[-1]) else []]
        times_below = weighted_pairs_below(events.t, events.weights, limits)
        counts = weighted_counts(pairs, events.t, events.weights, limits, permutations=permutations, seed=seed)
    settings = KnoxSettings(
        distance_breaks=distance_breaks, time_breaks=time_breaks, permutations=permutations, seed=seed, metric=metric,
        right_closed=right_closed, compat=compat, events=events.size, warnings=(*events.warnings, *doubts(events)),
    )
    return knox_result(settings, counts, pairs.band_totals, times_below, total)


def near_pairs(
    xy: FloatArray, limits: FloatArray, metric: Metric, network: StreetLines | None, targets: FloatArray | None = None
) -> Pairs:
    """The pairs of events below the last of `limits` apart, in the metric asked for.

    Parameters
    ----------
    xy, targets : array of float, shape (n, 2)
        Metres, checked and in canonical order; each event of `xy` is paired with those of `targets`,
        or with each other where none are given.
    limits : array of float
        Ascending, as `reached` gives them.
    """
    if metric == "street":
        return StreetPairs(xy, limits, network, targets)
    return GridPairs(xy, limits, metric, targets)


def reached(breaks: FloatArray, right_closed: bool) -> FloatArray:
    """The finite limits a difference can reach: all finite edges but a lowest of 0.

    Examples
    --------
    >>> reached(np.array([0.0, 100.0, np.inf]), False).tolist()
    [100.0]
    """
    limits = strict_limits(breaks[np.isfinite(breaks)], right_closed=right_closed)
    return limits[1:] if breaks[0] == 0 else limits


def in_canonical_order(
    events: PlacesAndTimes, limit_m: float, *, origin: FloatArray | None = None
) -> PlacesAndTimes:
    """Events in an order that depends on where and when they are alone (see `pairs.canonical_order`)."""
    extra = events.t.T if events.weights is None else (*events.t.T, *events.weights.T)
    return events.take(canonical_order(events.xy, limit_m, *extra, origin=origin))


def with_all_times(counts: IntArray, band_totals: IntArray) -> IntArray:
    """`counts` with a last limit that every pair is below."""
    everything = np.broadcast_to(band_totals[None, :, None], (*counts.shape[:2], 1))
    return np.concatenate([counts, everything], axis=2)


def check_compat(compat: str | None, metric: str, right_closed: bool) -> None:
    """Raise `NearRepeatError` for an unknown program, or settings it does not have."""
    if compat not in (None, "NRC"):
        raise NearRepeatError(f"compat {compat!r} is not known; the only program reproduced here is 'NRC'")
    if compat == "NRC" and (metric == "street" or right_closed):
        raise NearRepeatError(
            f"compat='NRC' with metric={metric!r}, right_closed={right_closed}: the Near Repeat Calculator has "
            "straight and Manhattan distance and left-closed bands only; leave out compat or the setting"
        )


@njit(cache=True, nogil=True)
def _pairs_below(times: NDArray, limits: NDArray) -> IntArray:
    """Pairs of sorted times closer than each limit."""
    total = np.zeros(limits.size, np.int64)
    for limit in range(limits.size):
        end = 0
        for start in range(times.size):
            end = max(end, start + 1)
            while end < times.size and times[end] - times[start] < limits[limit]:
                end += 1
            total[limit] += end - start - 1
    return total
