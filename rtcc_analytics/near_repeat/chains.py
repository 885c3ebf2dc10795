"""Chains of near repeats: events linked to one another within a distance and a number of days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat.inputs import (
    PlacesAndTimes,
    checked_positive,
    counted_times,
    doubts,
    each_once,
    places_and_times,
)
from rtcc_analytics.near_repeat.knox import Metric, in_canonical_order, near_pairs, reached
from rtcc_analytics.near_repeat.pairs import FloatArray, IntArray
from rtcc_analytics.near_repeat.streets import StreetLines


@dataclass(frozen=True, eq=False)
class ChainsResult:
    """Which events hang together.

    Attributes
    ----------
    distance_m, days : float
        Links join events at most this far apart in both.
    event : array of int, shape (n,)
        Position in the input (streets may leave events out).
    chain : array of int, shape (n,)
        Number of the chain each event is in, from 1 in order of the chains' first events; an event
        linked to no other is a chain of its own.
    x, y, t : array of float, shape (n,)
        As given: metres and days.
    warnings : tuple of str
    """

    distance_m: float
    days: float
    event: IntArray
    chain: IntArray
    x: FloatArray
    y: FloatArray
    t: FloatArray
    warnings: tuple[str, ...] = ()

    @property
    def share_in_chains(self) -> float:
        """Share of events linked to at least one other, 0-1."""
        return float((np.bincount(self.chain)[self.chain] > 1).mean())

    def to_frame(self, *, least_events: int = 2) -> pd.DataFrame:
        """One row per chain of at least `least_events`, the largest first.

        Columns: chain, events, places (different coordinates), first_day, last_day, days, x and y
        of the mean centre, and radius_m from it to the farthest event.
        """
        frame = pd.DataFrame({"chain": self.chain, "x": self.x, "y": self.y, "t": self.t})
        frame["place"] = frame.groupby(["x", "y"], sort=False).ngroup()
        groups = frame.groupby("chain")
        centre = groups[["x", "y"]].transform("mean")
        frame["from_centre_m"] = np.hypot(frame.x - centre.x, frame.y - centre.y)
        table = groups.agg(events=("t", "size"), places=("place", "nunique"), first_day=("t", "min"),
                           last_day=("t", "max"), x=("x", "mean"), y=("y", "mean"), radius_m=("from_centre_m", "max"))
        table.insert(4, "days", table.last_day - table.first_day)
        table = table[table.events >= least_events].reset_index()
        return table.sort_values(["events", "chain"], ascending=[False, True], ignore_index=True)


def near_repeat_chains(
    x: ArrayLike | Events,
    y: ArrayLike | None = None,
    t: ArrayLike | None = None,
    *,
    distance_m: float,
    days: float,
    metric: Metric = "euclidean",
    network: StreetLines | None = None,
) -> ChainsResult:
    """Events joined into chains: each link at most `distance_m` and at most `days` long, both included.

    A chain can be longer and wider than one link, and in a dense area chains run together: look at
    the radius before taking one for a series. A chain says that events are near, not that one
    person did them.

    Parameters
    ----------
    x, y, t
        Metres and days, or `Events`, as in `knox_test`.
    distance_m, days : float
    metric, network
        As in `knox_test`.

    Raises
    ------
    NearRepeatError
        No events, missing values, degrees where metres are meant.

    Examples
    --------
    >>> chains = near_repeat_chains([1, 2, 3, 4, 5], [0] * 5, [0, 0, 0, 4, 4], distance_m=2, days=1)
    >>> chains.chain.tolist()
    [1, 1, 1, 2, 2]
    """
    distance_m, days = checked_positive(distance_m, "distance_m"), checked_positive(days, "days")
    events = each_once(places_and_times(x, y, t, reach_m=distance_m, metric=metric, network=network, least=1))
    limits_m = reached(np.array([0.0, distance_m]), True)
    events = in_canonical_order(events, limits_m[-1])
    times, limits = counted_times(events.t[:, 0], np.array([0.0, days]), right_closed=True)
    root = np.arange(events.size)
    for run in near_pairs(events.xy, limits_m, metric, network).rows():
        _join(run.first_row, run.starts, run.partner, times, limits[0], root)
    warnings = (*events.warnings, *doubts(events))
    back = np.argsort(events.kept)
    given = events.take(back)
    chain = _numbered(root[back], given)
    return ChainsResult(distance_m, days, given.kept, chain, *given.xy.T, given.t[:, 0], warnings)


def _numbered(root: IntArray, events: PlacesAndTimes) -> IntArray:
    """Chains numbered from 1 by the time, then the position, of their first event."""
    by_time = np.argsort(events.t[:, 0], kind="stable")
    _, first, member = np.unique(root[by_time], return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(1, len(first) + 1)
    chain = np.empty(len(root), dtype=np.int64)
    chain[by_time] = number[member]
    return chain


@njit(cache=True, nogil=True)
def _find(root: IntArray, event: int) -> int:
    while root[event] != event:
        root[event] = root[root[event]]
        event = root[event]
    return event


@njit(cache=True, nogil=True)
def _join(
    first_row: int, starts: IntArray, partner: NDArray[np.int32], times: NDArray, limit: float, root: IntArray
) -> None:
    """Join the events of every pair closer in time than `limit`; at the end each points at its chain's root."""
    for row in range(starts.size - 1):
        one = first_row + row
        for other in partner[starts[row] : starts[row + 1]]:
            if abs(times[other] - times[one]) < limit:
                low, high = _find(root, one), _find(root, other)
                root[max(low, high)] = min(low, high)
    for event in range(root.size):
        root[event] = _find(root, event)
