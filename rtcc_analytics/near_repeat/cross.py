"""Does one type of crime follow another? The Knox test between two sets of events, with direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat.inputs import (
    NearRepeatError,
    checked_breaks,
    checked_whole,
    counted_times,
    doubts,
    each_once,
    places_and_times,
    require_variety,
)
from rtcc_analytics.near_repeat.knox import Metric, in_canonical_order, near_pairs, reached
from rtcc_analytics.near_repeat.pairs import IntArray
from rtcc_analytics.near_repeat.result import KnoxResult, KnoxSettings, knox_result
from rtcc_analytics.near_repeat.shuffles import close_counts
from rtcc_analytics.near_repeat.streets import StreetLines

OneType = Events | tuple[ArrayLike, ArrayLike, ArrayLike]


@dataclass(frozen=True, eq=False)
class KnoxCrossResult:
    """Pairs of one event of each type, in either order and in each.

    Attributes
    ----------
    either_order, first_then_second, second_then_first : KnoxResult
        A pair at the same time (with whole days: on the same day) has no order: it counts in
        `either_order` alone.
    """

    either_order: KnoxResult
    first_then_second: KnoxResult
    second_then_first: KnoxResult

    @property
    def warnings(self) -> tuple[str, ...]:
        """What would mislead in any of the three, each said once."""
        tables = (self.either_order, self.first_then_second, self.second_then_first)
        return tuple(dict.fromkeys(warning for table in tables for warning in table.warnings))

    def to_frame(self) -> pd.DataFrame:
        """The three tables one below the other, told apart by the column direction."""
        tables = (self.either_order, self.first_then_second, self.second_then_first)
        return pd.concat([table.to_frame() for table in tables], ignore_index=True)


def knox_cross_test(
    first: OneType,
    second: OneType,
    *,
    distance_breaks: Sequence[float],
    time_breaks: Sequence[float],
    permutations: int = 999,
    seed: int,
    metric: Metric = "euclidean",
    network: StreetLines | None = None,
    right_closed: bool = False,
) -> KnoxCrossResult:
    """Pairs of a first-type and a second-type event by distance and time apart, against shuffled times.

    Each shuffle exchanges times among the events of each type separately, so a season or a place
    that both types share is not taken for a link. The expectation over all shuffles is exact:
    (pairs in the distance band) x (pairs in the time band) / (n first x n second). A shuffle also
    breaks up the repeats within each type; where both types repeat strongly on their own, counts
    vary more than the shuffles show, and a p-value near its threshold is too small.

    Parameters
    ----------
    first, second : Events or (x, y, t)
        Metres and days, as in `knox_test`.
    distance_breaks, time_breaks, permutations, seed, metric, network, right_closed
        As in `knox_test`.

    Raises
    ------
    NearRepeatError
        As `knox_test`; one event of a type is enough.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> x, y, t = rng.uniform(0, 4000, 200), rng.uniform(0, 4000, 200), rng.integers(0, 365, 200)
    >>> found = knox_cross_test((x, y, t), (x[:30] + 20, y[:30], t[:30] + 2), seed=1,
    ...                         distance_breaks=[0, 100], time_breaks=[0, 7])
    >>> found.first_then_second.observed.tolist(), found.second_then_first.observed.tolist()
    ([[30]], [[0]])
    """
    distance_breaks = checked_breaks(distance_breaks, "distance_breaks", "metres")
    time_breaks = checked_breaks(time_breaks, "time_breaks", "days")
    permutations = checked_whole(permutations, "permutations", least=1)
    seed = checked_whole(seed, "seed", least=0)
    reach_m = float(distance_breaks[np.isfinite(distance_breaks)][-1])
    _require_one_map(first, second)
    types = []
    for events in (first, second):
        x, y, t = (events, None, None) if isinstance(events, Events) else events
        types.append(each_once(places_and_times(x, y, t, reach_m=reach_m, metric=metric, network=network, least=1)))
    require_variety(*types)
    distances = reached(distance_breaks, right_closed)
    origin = np.concatenate([events.xy for events in types]).min(axis=0)
    one, two = (in_canonical_order(events, distances[-1], origin=origin) for events in types)
    pairs = near_pairs(one.xy, distances, metric, network, targets=two.xy)
    times, limits = counted_times(np.r_[one.t[:, 0], two.t[:, 0]], time_breaks, right_closed=right_closed)
    below, edges = _signed(limits), [0, one.size, one.size + two.size]
    counts = close_counts(pairs, times, below, permutations=permutations, seed=seed, groups=edges, signed=True)
    overall = _lags_below(np.sort(times[: one.size]), np.sort(times[one.size :]), below)
    notes = tuple(dict.fromkeys((*one.warnings, *two.warnings, *doubts(one), *doubts(two))))
    settings = {
        "distance_breaks": distance_breaks, "time_breaks": time_breaks, "permutations": permutations, "seed": seed,
        "metric": metric, "right_closed": right_closed, "compat": None, "events": one.size + two.size,
        "warnings": notes,
    }
    unbounded = bool(np.isinf(time_breaks[-1]))
    by_direction = _directions(counts, pairs.band_totals[None, :, None], unbounded)
    all_by_direction = _directions(overall, np.array([one.size * two.size]), unbounded)
    return KnoxCrossResult(*(
        knox_result(KnoxSettings(**settings, direction=direction), counted, pairs.band_totals,
                    all_by_direction[direction], one.size * two.size)
        for direction, counted in by_direction.items()
    ))


def _require_one_map(first: OneType, second: OneType) -> None:
    """Raise `NearRepeatError` for two sets of `Events` whose metres or local days are not the same."""
    if not (isinstance(first, Events) and isinstance(second, Events)):
        return
    if first.timezone != second.timezone:
        raise NearRepeatError(
            f"the first events are in {first.timezone}, the second in {second.timezone}, and days are local: read both "
            "in one zone"
        )
    if first.crs != second.crs:
        raise NearRepeatError(
            f"the first events are in {first.crs}, the second in {second.crs}, so their metres do not agree: read both "
            "with one study area"
        )


def _signed(limits: NDArray) -> NDArray:
    """Limits for a signed lag u: u <= -L for each L, u < 0, u <= 0, u < L for each L; all as "below"."""
    if limits.dtype.kind == "f":
        return np.r_[np.nextafter(-limits, np.inf), 0.0, np.nextafter(0.0, 1.0), limits]
    return np.r_[1 - limits, 0, 1, limits].astype(limits.dtype)


def _directions(below: NDArray, everything: NDArray, unbounded: bool) -> dict[str, NDArray]:
    """Cumulative counts for each direction from counts of lags below the limits of `_signed` (last axis)."""
    size = below.shape[-1] // 2 - 1
    early, before, not_after, late = np.split(below, [size, size + 1, size + 2], axis=-1)
    if unbounded:
        early = np.concatenate([early, np.zeros_like(before)], axis=-1)
        late = np.concatenate([late, np.broadcast_to(everything, before.shape)], axis=-1)
    return {"either order": late - early, "first then second": late - not_after, "second then first": before - early}


@njit(cache=True, nogil=True)
def _lags_below(first: NDArray, second: NDArray, limits: NDArray) -> IntArray:
    """Pairs of sorted times whose lag, second minus first, is below each limit."""
    total = np.zeros(limits.size, np.int64)
    for limit in range(limits.size):
        end = 0
        for start in range(first.size):
            while end < second.size and second[end] - first[start] < limits[limit]:
                end += 1
            total[limit] += end
    return total
