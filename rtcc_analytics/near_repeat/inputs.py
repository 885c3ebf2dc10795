"""What the near-repeat methods are given: places in metres, times in days, breaks; checked in one place."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat.streets import StreetLines, left_out_of_streets
from rtcc_analytics.near_repeat.uncertain import spread_over_days
from rtcc_analytics.study import looks_like_degrees

FloatArray = NDArray[np.float64]

METRIC_NAMES = ("euclidean", "manhattan", "street")
SECONDS = 86_400
STACKED_SHARE = 0.05
COPIES_SHARE = 0.02
DEGREES_SPAN = 20.0


class NearRepeatError(RtccError):
    """Events, breaks or settings for which a near-repeat method has no answer."""


@dataclass(frozen=True, eq=False)
class PlacesAndTimes:
    """Events as arrays: `xy` (n, 2) metres, `t` (n, k) days, `weights` (n, k) or None, `kept` their positions."""

    xy: FloatArray
    t: FloatArray
    weights: FloatArray | None
    kept: NDArray[np.int64]
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many events there are."""
        return len(self.xy)

    def take(self, order: NDArray[np.int64]) -> PlacesAndTimes:
        """The same events in another order, or some of them."""
        weights = None if self.weights is None else self.weights[order]
        return replace(self, xy=self.xy[order], t=self.t[order], weights=weights, kept=self.kept[order])


def places_and_times(
    x: ArrayLike | Events,
    y: ArrayLike | None,
    t: ArrayLike | None,
    *,
    reach_m: float | None = None,
    weights: ArrayLike | str | None = None,
    metric: str = "euclidean",
    network: StreetLines | None = None,
    least: int = 2,
) -> PlacesAndTimes:
    """Arrays or `Events` as checked places and times.

    Of `Events` the time is the local day half-way between `occurred_from` and `occurred_to`; with
    ``weights="aoristic"`` each is spread over the days between them instead, and weights other
    than 1 are carried along. With streets, events too far from any are left out, with a warning.

    Raises
    ------
    NearRepeatError
        Fewer than `least` events, unequal lengths, missing or infinite values, degrees where
        metres are meant, weights that are negative or do not fit.
    """
    if isinstance(x, Events):
        if y is not None or t is not None:
            raise NearRepeatError("Events carry their own y and t: pass the events alone, or x, y and t as arrays")
        x, y, t, weights = _of_events(x, weights)
    if y is None or t is None:
        raise NearRepeatError(f"{'y' if y is None else 't'} is missing: pass Events, or x, y in metres and t in days")
    xy = np.column_stack([_numbers(x, "x"), _numbers(y, "y")]) if _same_length(x=x, y=y, t=t) else None
    days = _days(t)
    if len(xy) < least:
        seen = "no events" if not len(xy) else f"{len(xy)} event" + "s" * (len(xy) > 1)
        raise NearRepeatError(f"{seen}, and at least {least} are needed: widen the period, the area or the offenses")
    _refuse_missing(xy, days)
    _refuse_degrees(xy, reach_m)
    weighted = _weights(weights, days)
    given = PlacesAndTimes(xy, days.reshape(len(xy), -1), weighted, np.arange(len(xy)))
    if metric not in METRIC_NAMES:
        raise NearRepeatError(f"metric {metric!r} is not known; choose one of {', '.join(METRIC_NAMES)}")
    if metric == "street":
        return _on_streets(given, network, least)
    if network is not None:
        raise NearRepeatError(f"a street network was given, but metric is {metric!r}: pass metric='street' to use it")
    return given


def each_once(events: PlacesAndTimes) -> PlacesAndTimes:
    """The same events without weights, for methods that count each once, with a warning where that loses any."""
    if events.weights is None or (events.weights == 1).all():
        return replace(events, weights=None)
    told = (
        f"weights from {events.weights.min():g} to {events.weights.max():g} are not used here: each of the "
        f"{events.size:,} events counts once"
    )
    return replace(events, weights=None, warnings=(*events.warnings, told))


def require_variety(*parts: PlacesAndTimes) -> None:
    """Raise `NearRepeatError` where all events share one point or one time, so that nothing can be compared."""
    xy = np.concatenate([events.xy for events in parts])
    t = np.concatenate([events.t for events in parts])
    if (xy == xy[0]).all():
        raise NearRepeatError(
            f"all {len(xy):,} events are at one point (x {xy[0, 0]:g}, y {xy[0, 1]:g}), so no distance differs from "
            "another; check the coordinates, or leave out the place where records without an address are put"
        )
    if (t == t[0, 0]).all():
        raise NearRepeatError(
            f"all {len(t):,} events have the same time (day {t[0, 0]:g}), so shuffling times changes nothing; "
            "check the time column, or take a longer period"
        )


def require_times(events: Events) -> None:
    """Raise `NearRepeatError` where some events have no time of occurrence."""
    unknown = int(np.isnat(events.occurred_from).sum())
    if unknown:
        raise NearRepeatError(
            f"{unknown:,} of {events.size:,} events have no time of occurrence; leave them out with "
            "events.where(~np.isnat(events.occurred_from)) and say how many"
        )


def doubts(events: PlacesAndTimes) -> tuple[str, ...]:
    """Warnings about stacked places and copied records, which pass for repeats; of events in canonical order."""
    if events.size < 20:
        return ()
    same_place = (events.xy[1:] == events.xy[:-1]).all(axis=1)
    starts = np.flatnonzero(np.r_[True, ~same_place])
    count = np.diff(np.r_[starts, events.size])
    most, copies = int(count.max()), int((same_place & (events.t[1:] == events.t[:-1]).all(axis=1)).sum())
    found = []
    if most / events.size >= STACKED_SHARE:
        x, y = events.xy[starts[count.argmax()]]
        found.append(
            f"{most:,} of {events.size:,} events ({most / events.size:.0%}) are at one point (x {x:.0f}, y {y:.0f}); "
            "a default location inflates the nearest band: check it"
        )
    if copies / events.size >= COPIES_SHARE:
        found.append(
            f"{copies:,} of {events.size:,} events ({copies / events.size:.0%}) share place and time with another; if "
            "they are one incident recorded twice (one row a victim or an offense) leave the copies out"
        )
    return tuple(found)


def checked_breaks(breaks: Sequence[float] | ArrayLike, name: str, unit: str) -> FloatArray:
    """Ascending edges of bands, the last possibly infinite.

    Raises
    ------
    NearRepeatError
        Fewer than two finite edges, edges missing, negative, not ascending (both shown), or pairs.
    """
    try:
        edges = np.asarray(breaks, dtype=float)
    except (TypeError, ValueError):
        raise NearRepeatError(f"{name} {breaks!r} are not numbers; give edges in {unit}: [0, 100, 200]") from None
    if edges.ndim != 1:
        raise NearRepeatError(
            f"{name} has shape {edges.shape}: give the edges in one list, [0, 100, 200] for 0 to 100 and 100 to 200, "
            "so that bands neither overlap nor leave a gap"
        )
    if np.isnan(edges).any():
        raise NearRepeatError(f"{name} {edges.tolist()} has a missing value; give edges in {unit}")
    if (edges < 0).any():
        raise NearRepeatError(f"{name} begins at {edges.min():g} {unit}; a difference is never below 0, so start at 0")
    wrong = np.flatnonzero(np.diff(edges) <= 0)
    if wrong.size:
        first, second = edges[wrong[0]], edges[wrong[0] + 1]
        raise NearRepeatError(
            f"{name} has {second:g} after {first:g}: edges must ascend, each once, or bands overlap; "
            f"did you mean {np.unique(edges).tolist()}?"
        )
    if np.isfinite(edges).sum() < 2:
        raise NearRepeatError(f"{name} {edges.tolist()} make no band with an end: give at least two edges in {unit}")
    return edges


def checked_positive(value: float, name: str) -> float:
    """A finite number above 0, or `NearRepeatError`."""
    if not (np.isscalar(value) and np.isfinite(value) and value > 0):
        raise NearRepeatError(f"{name} is {value!r}; it must be a number above 0")
    return float(value)


def checked_whole(value: int, name: str, *, least: int) -> int:
    """A whole number from `least` up, or `NearRepeatError`."""
    try:
        whole = operator.index(value)
    except TypeError:
        raise NearRepeatError(f"{name} is {value!r}; it must be a whole number from {least}") from None
    if whole < least:
        raise NearRepeatError(f"{name} is {whole}; it must be a whole number from {least}")
    return whole


def strict_limits(breaks: FloatArray, *, right_closed: bool, whole_units: bool = False) -> FloatArray:
    """Limits such that a difference is in band k exactly when it is >= limit k and < limit k + 1.

    The lowest edge always belongs to the lowest band, so that distance 0 and the same day count.

    Examples
    --------
    >>> strict_limits(np.array([0.0, 3.0, 6.0]), right_closed=True, whole_units=True).tolist()
    [0.0, 4.0, 7.0]
    """
    if not whole_units:
        return np.r_[breaks[0], np.nextafter(breaks[1:], np.inf)] if right_closed else breaks
    near = np.rint(breaks)
    snapped = np.where(np.abs(breaks - near) < 1e-6, near, breaks)
    upper = np.floor(snapped[1:]) + 1 if right_closed else np.ceil(snapped[1:])
    return np.r_[np.ceil(snapped[0]), upper]


def counted_times(t: FloatArray, breaks: FloatArray, *, right_closed: bool) -> tuple[NDArray, NDArray]:
    """Times, and the finite limits they can reach, in the narrowest type that holds both exactly.

    Whole days fit 16 bits, times to the second 32; counting whole units also keeps two times
    "exactly 7 days apart" on the edge, where fractions of a day would miss it by a rounding error.
    """
    finite, unreached = breaks[np.isfinite(breaks)], int(breaks[0] == 0)
    for unit, kind in ((1, np.int16), (SECONDS, np.int32)):
        scaled = (t - t.min()) * unit
        whole = np.rint(scaled)
        most = np.iinfo(kind).max
        if scaled.max() < most and np.abs(scaled - whole).max() < 1e-4 / SECONDS * unit:
            limits = strict_limits(finite * unit, right_closed=right_closed, whole_units=True)[unreached:]
            return whole.astype(kind), np.minimum(limits, most).astype(kind)
    return t - t.min(), strict_limits(finite, right_closed=right_closed)[unreached:]


def _of_events(events: Events, weights: ArrayLike | str | None) -> tuple[FloatArray, FloatArray, FloatArray, Any]:
    require_times(events)
    until = np.where(np.isnat(events.occurred_to), events.occurred_from, events.occurred_to)
    until = np.maximum(until, events.occurred_from)
    if isinstance(weights, str) and weights == "aoristic":
        ends = replace(events, occurred_from=until).local_from
        days, shares = spread_over_days(*(when.astype(np.int64) / SECONDS for when in (events.local_from, ends)))
        return events.x, events.y, days, shares * events.weights[:, None]
    middle = replace(events, occurred_from=events.occurred_from + (until - events.occurred_from) // 2)
    if weights is None and not (events.weights == 1).all():
        weights = events.weights
    return events.x, events.y, middle.local_day.astype(np.int64).astype(float), weights


def _same_length(**arrays: Any) -> bool:
    sizes = {name: len(array) if np.ndim(array) else 1 for name, array in arrays.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} has {size:,}" for name, size in sizes.items())
        raise NearRepeatError(f"{told} values: each event needs all three")
    return True


def _numbers(values: ArrayLike, name: str) -> FloatArray:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as reason:
        raise NearRepeatError(f"{name} holds something that is not a number ({reason}); give metres") from None
    if array.ndim != 1:
        raise NearRepeatError(f"{name} has shape {array.shape}; one value per event is needed, shape (n,)")
    return array


def _days(t: ArrayLike) -> FloatArray:
    array = np.asarray(t)
    zoned = array.dtype.kind == "O" and {str(when.tzinfo) for when in array.flat if getattr(when, "tzinfo", None)}
    if zoned:
        raise NearRepeatError(
            f"t carries time zones ({', '.join(sorted(zoned))}), and days are local; drop the zone from local times "
            "first (pandas: .dt.tz_localize(None)), or pass Events"
        )
    try:
        if array.dtype.kind == "O" and array.size and hasattr(array.flat[0], "year"):
            array = array.astype("datetime64[s]")
        if array.dtype.kind == "M":
            array = array.astype("datetime64[s]")
            return np.where(np.isnat(array), np.nan, array.astype(np.int64) / SECONDS)
        return array.astype(float)
    except (TypeError, ValueError) as reason:
        raise NearRepeatError(f"t is neither days nor times ({reason}); give numbers or local datetime64") from None


def _refuse_missing(xy: FloatArray, t: FloatArray) -> None:
    for name, array in (("x", xy[:, 0]), ("y", xy[:, 1]), ("t", t)):
        bad = ~np.isfinite(array)
        if bad.any():
            where = int(np.argmax(bad.reshape(len(xy), -1).any(axis=1)))
            raise NearRepeatError(
                f"{name} is missing or infinite in {int(bad.sum()):,} of {array.size:,} events (first at position "
                f"{where}); leave those out and say how many"
            )


def _refuse_degrees(xy: FloatArray, reach_m: float | None) -> None:
    """Degrees: fractions, a few units apart, farther from 0 than from one another, all within the method's reach.

    A reach below a metre means that the breaks, too, were given in degrees.
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    across = float(np.hypot(*(high - low)))
    odd_reach = reach_m is None or across <= reach_m or reach_m < 1
    narrow = across < min(DEGREES_SPAN, np.abs(low + high).max() / 2) and odd_reach
    if narrow and looks_like_degrees(*low, *high) and not (xy == np.rint(xy)).all():
        meant = "metres are" if reach_m is None else f"a distance of {reach_m:g} metres is"
        raise NearRepeatError(
            f"x {low[0]:g} to {high[0]:g}, y {low[1]:g} to {high[1]:g} look like degrees, where {meant} meant; "
            "project longitude and latitude with StudyArea.project first"
        )


def _weights(weights: ArrayLike | str | None, days: FloatArray) -> FloatArray | None:
    if weights is None:
        if days.ndim != 1:
            raise NearRepeatError(f"t has shape {days.shape}; several times per event need weights of the same shape")
        return None
    if isinstance(weights, str):
        raise NearRepeatError(f"weights {weights!r}: only 'aoristic' is known by name, and only for Events")
    array = np.asarray(weights, dtype=float)
    if array.shape != days.shape or array.ndim > 2:
        raise NearRepeatError(
            f"weights have shape {array.shape}, t {days.shape}: one weight to each time of each event, (n,) or (n, k)"
        )
    known = array[np.isfinite(array)]
    if known.size < array.size or (array < 0).any():
        seen = f"range from {known.min():g} to {known.max():g}" if known.size else "are given"
        raise NearRepeatError(
            f"weights {seen}, {array.size - known.size:,} of {array.size:,} missing or infinite; each must be 0 or "
            "more: take an offense that was taken back out together with its record"
        )
    array = array.reshape(len(days), -1)
    counting = int((array.sum(axis=1) > 0).sum())
    if counting < 2:
        left = "all weights are 0" if not counting else "only one event has a weight above 0"
        raise NearRepeatError(f"{left}, of {len(array):,} events, so there is no pair to compare; check the weights")
    return array


def _on_streets(events: PlacesAndTimes, network: StreetLines | None, least: int) -> PlacesAndTimes:
    if network is None:
        raise NearRepeatError("metric='street' needs network=, such as the StreetSegments of the area")
    off = left_out_of_streets(network, events.xy)
    if not off.any():
        return events
    if events.size - off.sum() < max(least, events.size / 2):
        raise NearRepeatError(
            f"{int(off.sum()):,} of {events.size:,} events are too far from every street; check that both are in the "
            "same projection, or allow a larger max_distance_m"
        )
    told = f"{int(off.sum()):,} of {events.size:,} events are too far from every street and were left out"
    return replace(events.take(np.flatnonzero(~off)), warnings=(*events.warnings, told))
