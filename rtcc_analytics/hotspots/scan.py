"""The space-time permutation scan: is there a place and a spell with more events than both explain?

Cylinders (a circle on the map, an interval in time) are centred on every location. Under the null, times are
exchangeable over places; a cylinder with `c` events where `mu` = (events in the circle) x (events in the
interval) / n are expected has the log likelihood ratio c ln(c/mu) + (n-c) ln((n-c)/(n-mu)) for c > mu.
The p-value compares the best cylinder with the best of each random permutation, so it already accounts
for having looked everywhere.

Source: Kulldorff, M. et al. (2005). A space-time permutation scan statistic for disease outbreak detection.
PLoS Medicine 2(3), e59. SaTScan is the reference program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numba as nb
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from data_connectors.errors import RtccError
from rtcc_analytics.study import looks_like_degrees, numbers_of_one_length

MIN_CASES = 2


class ScanError(RtccError):
    """Events or limits for which the scan is not defined."""


@dataclass(frozen=True)
class SpaceTimeScan:
    """Clusters found by `space_time_scan`, the likeliest first, none sharing a location with a likelier one.

    Attributes
    ----------
    clusters : DataFrame
        One row a cluster: x, y, radius_m, start_day, end_day (both included), locations, observed, expected,
        ratio, llr, p_value. Days are those given, floored.
    members : tuple of ndarray
        For each cluster, the positions of its events in the input.
    replications : int
        Permutations drawn; fewer than asked for where the search stopped early.
    null_llr : ndarray, shape (replications,)
        Best LLR of each permutation. Where a permutation beat the best cluster its search ended there, so the
        value is then a lower bound, which leaves every p-value as it is.
    made_by : dict
        The limits used.
    """

    clusters: pd.DataFrame
    members: tuple[NDArray[np.int64], ...]
    replications: int
    null_llr: NDArray[np.float64]
    made_by: dict[str, object]

    def to_frame(self) -> pd.DataFrame:
        """The clusters, one row each."""
        return self.clusters.copy()


def space_time_scan(
    x: ArrayLike,
    y: ArrayLike,
    t: ArrayLike,
    *,
    max_radius_m: float,
    max_window_days: int,
    prospective: bool = False,
    period: tuple[int, int] | None = None,
    max_cases_share: float = 0.5,
    replications: int = 99,
    stop_at_exceedances: int | None = None,
    seed: int,
    compat: Literal["SaTScan"] | None = None,
) -> SpaceTimeScan:
    """Scan for clusters in space and time, with a p-value that allows for the search.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Metres. Equal coordinates are one location.
    t : array_like, shape (n,)
        Days since any start; the whole day counts.
    max_radius_m, max_window_days : float, int
        Largest circle and longest interval. The interval is also held to half the period.
    prospective : bool
        Only intervals that reach the end of the period: what is going on now?
    period : (int, int), optional
        First and last day; by default those of the events.
    max_cases_share : float
        Circles with a larger share of all events are left out.
    replications : int
        Permutations of the times over the events; the smallest p is 1 / (replications + 1).
    stop_at_exceedances : int, optional
        Stop drawing once so many permutations beat the best cluster (Besag and Clifford's sequential
        rule, p = exceedances / drawn): valid because a p that large will not become small.
    seed : int
        The same seed gives the same permutations, whatever the number of threads.
    compat : "SaTScan", optional
        SaTScan adds locations at a tied distance one at a time (by x, then y, in the outputs read), so that on
        a lattice the best "circle" can be part of a ring. By default ties enter together: a circle is a circle.

    Returns
    -------
    SpaceTimeScan

    Raises
    ------
    ScanError
        Fewer than two events, NaN, degrees, limits that are not positive, events outside the period.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> x, y, t = rng.uniform(0, 5000, 200), rng.uniform(0, 5000, 200), rng.integers(0, 365, 200)
    >>> x[:8], y[:8], t[:8] = 2500, 2500, 100
    >>> result = space_time_scan(x, y, t, max_radius_m=500, max_window_days=14, replications=19, seed=1)
    >>> best = result.clusters.iloc[0]
    >>> int(best.observed), int(best.start_day), float(best.p_value)
    (8, 100, 0.05)

    Notes
    -----
    Only intervals that begin and end on a day with an event in the circle can be best, and when a circle grows
    only those that hold a new event can beat what was seen: so each circle costs the few intervals around
    each new event, and the whole scan grows with the number of pairs within `max_radius_m`.
    """
    points, days, first, last = _events(x, y, t, period)
    _require_limits(max_radius_m, max_window_days, max_cases_share, replications)
    longest = max(1, min(int(max_window_days), (last - first + 1) // 2))
    sites, site_of = np.unique(points, axis=0, return_inverse=True)
    plan = _Plan.of(
        sites, site_of.ravel(), max_radius_m, int(max_cases_share * len(points)), ties_together=compat is None
    )
    limits = (longest, last - first, prospective)
    found = _search(plan, days, *limits)
    order = np.argsort(-found[:, 0], kind="stable")
    best = found[order[0], 0]
    null, exceeded = _replicate(plan, days, limits, best, replications, stop_at_exceedances, seed)
    clusters, members = _report(plan, found, order, days, first, null, exceeded == stop_at_exceedances)
    made_by = {
        "max_radius_m": max_radius_m,
        "max_window_days": longest,
        "prospective": prospective,
        "period": (first, last),
        "max_cases_share": max_cases_share,
        "seed": seed,
        "compat": compat,
    }
    return SpaceTimeScan(clusters, members, len(null), null, made_by)


@dataclass(frozen=True)
class _Plan:
    """Which events enter which centre's circle in which order, and after which of them it is a circle."""

    sites: NDArray[np.float64]
    starts: NDArray[np.int64]
    events: NDArray[np.int32]
    closes: NDArray[np.bool_]
    radius: NDArray[np.float64]
    site_of: NDArray[np.int64]
    total: int
    most: int

    @classmethod
    def of(cls, sites: NDArray, site_of: NDArray, max_radius_m: float, most: int, *, ties_together: bool) -> _Plan:
        tree = cKDTree(sites)
        at_site = np.argsort(site_of, kind="stable")
        site_start = np.searchsorted(site_of[at_site], np.arange(len(sites) + 1))
        starts, events, closes, radii = [0], [], [], []
        for center, near in enumerate(tree.query_ball_point(sites, max_radius_m * (1 + 1e-12))):
            near_sites = np.sort(np.array(near))
            gap = np.hypot(*(sites[near_sites] - sites[center]).T)
            order = np.argsort(np.round(gap, 6), kind="stable")
            near_sites, gap = near_sites[order], gap[order]
            counts = site_start[near_sites + 1] - site_start[near_sites]
            ring_ends = np.append(np.diff(np.round(gap, 6)) > 0, True) if ties_together else np.ones(len(gap), bool)
            kept = np.cumsum(counts) <= most
            inside = np.concatenate([at_site[site_start[s] : site_start[s + 1]] for s in near_sites[kept]] or [[]])
            close = np.zeros(len(inside), dtype=bool)
            close[np.cumsum(counts[kept])[ring_ends[kept]] - 1] = True
            events.append(inside.astype(np.int32))
            closes.append(close)
            radii.append(np.repeat(gap[kept], counts[kept]))
            starts.append(starts[-1] + len(inside))
        return cls(
            sites,
            np.array(starts),
            np.concatenate(events),
            np.concatenate(closes),
            np.concatenate(radii),
            site_of,
            len(site_of),
            most,
        )


def _search(plan: _Plan, days: NDArray, longest: int, last: int, prospective: bool) -> NDArray[np.float64]:
    """Best cylinder of every centre: llr, index of its last event, first day, last day, observed, expected."""
    cumulative = _cumulative(days, last)
    return _scan_centers(plan.starts, plan.events, plan.closes, days, cumulative, longest, last, prospective)


def _replicate(
    plan: _Plan, days: NDArray, limits: tuple, best: float, replications: int, stop: int | None, seed: int
) -> tuple[NDArray[np.float64], int]:
    rng = np.random.default_rng(seed)
    longest, last, prospective = limits
    cumulative = _cumulative(days, last)
    null: list[float] = []
    exceeded, block = 0, 8
    while len(null) < replications and (stop is None or exceeded < stop):
        shuffled = np.stack([rng.permutation(days) for _ in range(min(block, replications - len(null)))])
        values = _scan_permutations(
            plan.starts, plan.events, plan.closes, shuffled, cumulative, longest, last, prospective, best
        )
        for value in values:
            null.append(value)
            exceeded += value >= best
            if stop is not None and exceeded == stop:
                break
    return np.array(null), exceeded


def _report(
    plan: _Plan, found: NDArray, order: NDArray, days: NDArray, first: int, null: NDArray, sequential: bool
) -> tuple[pd.DataFrame, tuple[NDArray[np.int64], ...]]:
    taken = np.zeros(len(plan.sites), dtype=bool)
    rows, members = [], []
    for center in order:
        llr, until, begin, end, observed, expected = found[center]
        if llr <= 0:
            break
        circle = plan.events[plan.starts[center] : int(until) + 1]
        sites = np.unique(plan.site_of[circle])
        if taken[sites].any():
            continue
        taken[sites] = True
        inside = circle[(days[circle] >= begin) & (days[circle] <= end)]
        above = (null >= llr).sum()
        p_value = above / len(null) if sequential and not rows else (1 + above) / (1 + len(null))
        rows.append(
            {
                "x": plan.sites[center, 0],
                "y": plan.sites[center, 1],
                "radius_m": plan.radius[int(until)],
                "start_day": int(begin) + first,
                "end_day": int(end) + first,
                "locations": len(sites),
                "observed": int(observed),
                "expected": expected,
                "ratio": observed / expected,
                "llr": llr,
                "p_value": p_value,
            }
        )
        members.append(np.sort(inside).astype(np.int64))
    columns = [
        "x",
        "y",
        "radius_m",
        "start_day",
        "end_day",
        "locations",
        "observed",
        "expected",
        "ratio",
        "llr",
        "p_value",
    ]
    return pd.DataFrame(rows, columns=columns), tuple(members)


def _cumulative(days: NDArray, last: int) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(days, minlength=last + 1))])


@nb.njit(cache=True, nogil=True, inline="always")
def _log_ratio(c: float, mu: float, n: float) -> float:
    inside = c * np.log(c / mu)
    return inside if c >= n else inside + (n - c) * np.log((n - c) / (n - mu))


@nb.njit(cache=True, nogil=True)
def _scan_one(events, closes, days, cumulative, longest, last, prospective, sorted_days, fresh, reach, best):
    """Grow one circle; `best` receives the likeliest cylinder and the position at which its circle was closed."""
    n = float(cumulative[-1])
    size, new = 0, 0
    for position in range(len(events)):
        day = days[events[position]]
        at = size
        while at > 0 and sorted_days[at - 1] > day:
            sorted_days[at] = sorted_days[at - 1]
            at -= 1
        sorted_days[at] = day
        size += 1
        fresh[new] = day
        new += 1
        if not closes[position]:
            continue
        for k in range(new):
            _windows_with(fresh[k], sorted_days, size, cumulative, n, longest, last, prospective, position, reach, best)
        new = 0


@nb.njit(cache=True, nogil=True)
def _windows_with(day, sorted_days, size, cumulative, n, longest, last, prospective, position, reach, best):
    """Every interval holding `day` that begins and ends on an event's day (or at the end, if prospective).

    `reach[0, c]` is the largest expectation with which `c` events can beat the best so far (from
    llr <= c ln(c / mu)), `reach[1, c]` the best it was worked out for: most intervals are dismissed
    without a logarithm.
    """
    right = np.searchsorted(sorted_days[:size], day, side="right") - 1
    begin = right
    while begin >= 0:
        start = sorted_days[begin]
        if day - start >= longest or (prospective and last - start >= longest):
            break
        if begin > 0 and sorted_days[begin - 1] == start:
            begin -= 1
            continue
        end = size - 1 if prospective else right
        while end < size:
            stop = last if prospective else sorted_days[end]
            if stop - start >= longest:
                break
            if prospective or end == size - 1 or sorted_days[end + 1] != stop:
                c = end - begin + 1
                mu = size * (cumulative[stop + 1] - cumulative[start]) / n
                if reach[1, c] != best[0]:
                    reach[0, c], reach[1, c] = c * np.exp(-best[0] / c), best[0]
                if c >= MIN_CASES and mu < reach[0, c]:
                    llr = _log_ratio(float(c), mu, n)
                    if llr > best[0]:
                        best[0], best[1], best[2], best[3], best[4], best[5] = llr, position, start, stop, c, mu
            end += 1
        begin -= 1


@nb.njit(cache=True, nogil=True, parallel=True)
def _scan_centers(starts, events, closes, days, cumulative, longest, last, prospective):
    centers = len(starts) - 1
    found = np.zeros((centers, 6))
    widest = np.max(starts[1:] - starts[:-1])
    for center in nb.prange(centers):
        begin, end = starts[center], starts[center + 1]
        _scan_one(
            events[begin:end],
            closes[begin:end],
            days,
            cumulative,
            longest,
            last,
            prospective,
            np.empty(widest, np.int64),
            np.empty(widest, np.int64),
            np.full((2, widest + 1), -1.0),
            found[center],
        )
        found[center, 1] += begin
    return found


@nb.njit(cache=True, nogil=True, parallel=True)
def _scan_permutations(starts, events, closes, shuffled, cumulative, longest, last, prospective, enough):
    """Best LLR of each permutation; a permutation that has reached `enough` is not searched further."""
    widest = np.max(starts[1:] - starts[:-1])
    result = np.zeros(len(shuffled))
    for r in nb.prange(len(shuffled)):
        sorted_days, fresh = np.empty(widest, np.int64), np.empty(widest, np.int64)
        reach, best = np.full((2, widest + 1), -1.0), np.zeros(6)
        for center in range(len(starts) - 1):
            begin, end = starts[center], starts[center + 1]
            _scan_one(
                events[begin:end],
                closes[begin:end],
                shuffled[r],
                cumulative,
                longest,
                last,
                prospective,
                sorted_days,
                fresh,
                reach,
                best,
            )
            if best[0] >= enough:
                break
        result[r] = best[0]
    return result


def _events(
    x: ArrayLike, y: ArrayLike, t: ArrayLike, period: tuple[int, int] | None
) -> tuple[NDArray, NDArray, int, int]:
    *places, times = numbers_of_one_length(ScanError, x=x, y=y, t=t)
    points = np.column_stack(places)
    if len(points) < 2:
        raise ScanError(f"{len(points)} events; a scan needs at least 2")
    if bad := int((~np.isfinite(points).all(axis=1) | ~np.isfinite(times)).sum()):
        raise ScanError(f"{bad} of {len(points)} events have no finite place or time; leave them out and say so")
    if looks_like_degrees(*points.min(axis=0), *points.max(axis=0)) and (points % 1).any():
        raise ScanError(f"x and y look like degrees (x {points[0, 0]:g}, y {points[0, 1]:g}); give projected metres")
    days = np.floor(times).astype(np.int64)
    first, last = period or (int(days.min()), int(days.max()))
    if days.min() < first or days.max() > last:
        raise ScanError(f"events lie on days {days.min()} to {days.max()}, outside the period {first} to {last}")
    return points, days - first, first, last


def _require_limits(max_radius_m: float, max_window_days: int, max_cases_share: float, replications: int) -> None:
    if not max_radius_m > 0 or not max_window_days >= 1:
        raise ScanError(f"max_radius_m {max_radius_m:g} and max_window_days {max_window_days:g} must be above zero")
    if not 0 < max_cases_share <= 1:
        raise ScanError(f"max_cases_share {max_cases_share:g} must lie in 0-1")
    if replications < 1:
        raise ScanError(f"replications {replications} gives no p-value; take 99 or 999")
