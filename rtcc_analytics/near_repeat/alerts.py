"""Where near repeats are to be expected today, how far around, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.events import Events, Occurrences, When, instant
from rtcc_analytics.near_repeat.inputs import (
    SECONDS,
    FloatArray,
    NearRepeatError,
    checked_breaks,
    each_once,
    places_and_times,
    require_times,
)
from rtcc_analytics.near_repeat.knox import Metric, knox_test
from rtcc_analytics.near_repeat.pairs import IntArray
from rtcc_analytics.near_repeat.result import KnoxResult
from rtcc_analytics.near_repeat.streets import StreetLines


@dataclass(frozen=True, eq=False)
class OpenAlerts:
    """Zones open on one day; arrays have one value per zone, the one that expires first last.

    An event has one zone for each distance band that its age still leaves above chance: a small
    one at a high ratio within a larger one at a lower.

    Attributes
    ----------
    at_day : float
        The day asked for, in the days of the events (with `Events`: the local day since 1970).
    event : array of int
        Position of the event in the input.
    x, y : array of float
        Where it happened, metres.
    metres_from, metres_to : array of float
        The ring of the zone; the first begins at 0.
    event_day, expires_day : array of float
        The day of the event, and the first day on which the zone is no longer open.
    ratio, ratio_low, ratio_high : array of float
        How many times the pairs expected by chance were observed at this distance and age.
    knox : KnoxResult
        The test the bands were chosen from.
    bands : DataFrame
        For each distance band, how many days a zone stays open (0: never), by the rule used.
    newest_day : float
        The day of the newest event known.
    timezone, crs : str or None
        Of the `Events`.
    """

    at_day: float
    event: IntArray
    x: FloatArray
    y: FloatArray
    metres_from: FloatArray
    metres_to: FloatArray
    event_day: FloatArray
    expires_day: FloatArray
    ratio: FloatArray
    ratio_low: FloatArray
    ratio_high: FloatArray
    knox: KnoxResult
    bands: pd.DataFrame
    newest_day: float
    timezone: str | None = None
    crs: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of the Knox test, whether no band is above chance, and whether the newest event is too old for any zone."""
        longest, waited = self.bands.open_days.max(), self.at_day - self.newest_day
        told = [*self.knox.warnings]
        if longest == 0:
            told.append(
                f"no distance band of the {self.knox.events:,} earlier events is above chance on the first days after "
                "an event, so no zone is opened: near repeats are not shown here"
            )
        elif waited >= longest:
            told.append(
                f"the newest event known is {waited:,.0f} days old, and zones stay open for {longest:g} days at most: "
                "ask for an earlier day, or load what is missing"
            )
        return tuple(told)

    def to_frame(self) -> pd.DataFrame:
        """One row per zone; with `Events`, event_date and expires_at (local midnight) beside the day numbers."""
        names = ("event", "x", "y", "metres_from", "metres_to", "event_day", "expires_day", "ratio", "ratio_low",
                 "ratio_high")
        frame = pd.DataFrame({name: getattr(self, name) for name in names})
        if self.timezone is not None:
            dates = {name: pd.to_datetime(frame[name], unit="D") for name in ("event_day", "expires_day")}
            frame.insert(5, "event_date", dates["event_day"].dt.date)
            local = dates["expires_day"].dt.tz_localize(self.timezone, ambiguous=True, nonexistent="shift_forward")
            frame.insert(6, "expires_at", local)
        return frame

    def geometry(self) -> NDArray[np.object_]:
        """The zones as shapely discs in metres: the whole disc out to `metres_to`."""
        return shapely.buffer(shapely.points(self.x, self.y), self.metres_to, quad_segs=16)


def open_alerts(
    x: ArrayLike | Events,
    y: ArrayLike | None = None,
    t: ArrayLike | None = None,
    *,
    at: float | When,
    distance_breaks: Sequence[float] = (0, 100, 200, 300, 400),
    time_breaks: Sequence[float] = (0, 7, 14, 21, 28),
    least_ratio: float = 1.2,
    most_p: float = 0.05,
    permutations: int = 999,
    seed: int,
    metric: Metric = "euclidean",
    network: StreetLines | None = None,
    assumed_lag_days: float | None = None,
) -> OpenAlerts:
    """Zones around recent events, as far and as long as past events show near repeats.

    The events known at `at` are put to a `knox_test`. A distance band keeps its zones open for the
    run of time bands, from the first on, whose ratio is at least `least_ratio` with a p-value of at
    most `most_p`, but never longer than the bands within it: the zone is a whole disc. Only events
    known at `at` are used, so a past day can be judged fairly by what came after it.

    Parameters
    ----------
    x, y, t
        Metres and days, or `Events`, as in `knox_test`; history and recent events together.
    at : float, or a date or time with Events
        The day in question, in the days of `t`. Of `Events`, those reported by then count; a date
        means its beginning.
    distance_breaks, time_breaks : sequence of float
        Finite, from 0.
    least_ratio, most_p : float
        The defaults are the Near Repeat Calculator's rule.
    permutations, seed, metric, network
        As in `knox_test`. Zones are drawn as discs whatever the metric.
    assumed_lag_days : float, optional
        For `Events` without report times, as in `Events.known_at`.

    Raises
    ------
    NearRepeatError
        As `knox_test`; breaks that do not start at 0 or have no end; fewer than two events by `at`.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> x, y, t = rng.uniform(0, 5000, 300), rng.uniform(0, 5000, 300), rng.integers(0, 365, 300)
    >>> x, y, t = np.r_[x, x[:60] + 30], np.r_[y, y[:60]], np.r_[t, t[:60] + 3]
    >>> alerts = open_alerts(x, y, t, at=360, distance_breaks=[0, 100, 200], time_breaks=[0, 7, 14], seed=1)
    >>> alerts.bands.open_days.tolist()
    [7.0, 0.0]
    >>> alerts.to_frame()[["event", "metres_to", "event_day", "expires_day"]].tail(1).values.tolist()
    [[14.0, 100.0, 355.0, 362.0]]
    """
    _require_closed(distance_breaks, time_breaks)
    timezone = crs = None
    reach_m = float(distance_breaks[-1])
    if isinstance(x, Events):
        require_times(x)
        timezone, crs = x.timezone, x.crs
        at_day, known, kept = _known(x, at, assumed_lag_days)
        _require_pairs(kept, at)
        history = each_once(places_and_times(known, None, None, reach_m=reach_m))
        history = replace(history, warnings=(*history.warnings, *_never_reported(x, assumed_lag_days)))
    else:
        given = places_and_times(x, y, t, reach_m=reach_m)
        at_day = _number(at)
        kept = np.flatnonzero(given.t[:, 0] <= at_day)
        _require_pairs(kept, at)
        history = given.take(kept)
    knox = knox_test(
        *history.xy.T, history.t[:, 0], distance_breaks=distance_breaks, time_breaks=time_breaks,
        permutations=permutations, seed=seed, metric=metric, network=network,
    )
    knox = replace(knox, warnings=(*history.warnings, *knox.warnings))
    open_bands = _open_bands(knox, least_ratio, most_p)
    day = history.t[:, 0]
    # The middle of an uncertain span can lie ahead of `at`: such an event is as new as can be.
    age = np.maximum(at_day - day, 0)
    which, ring = np.nonzero(age[:, None] < knox.time_breaks[open_bands])
    column = np.searchsorted(knox.time_breaks, age[which], side="right") - 1
    expires = day[which] + knox.time_breaks[open_bands[ring]]
    order = np.lexsort((ring, which, -expires))
    which, ring, column, expires = which[order], ring[order], column[order], expires[order]
    bands = pd.DataFrame({"metres_from": knox.distance_breaks[:-1], "metres_to": knox.distance_breaks[1:],
                          "open_days": knox.time_breaks[open_bands]})
    return OpenAlerts(
        at_day, kept[which], *history.xy[which].T, knox.distance_breaks[ring], knox.distance_breaks[ring + 1],
        day[which], expires, knox.ratio[ring, column], knox.ratio_low[ring, column], knox.ratio_high[ring, column],
        knox, bands, float(day.max()), timezone, crs,
    )


def _open_bands(knox: KnoxResult, least_ratio: float, most_p: float) -> IntArray:
    """For each distance band, how many time bands from the first on are above chance; none outlasts one within it."""
    above = knox.above_chance(least_ratio=least_ratio, most_p=most_p)
    return np.minimum.accumulate(np.cumprod(above, axis=1).sum(axis=1))


def _known(events: Events, at: When, assumed_lag_days: float | None) -> tuple[float, Events, IntArray]:
    """The local day of `at`, the events known by then, and their positions in the input."""
    moment = instant(at, events.timezone)
    numbered = replace(events, record_id=np.arange(events.size))
    known = numbered.known_at(moment, assumed_lag_days=assumed_lag_days)
    local = Occurrences(occurred_from=np.array([moment]), timezone=events.timezone).local_from[0]
    return local.astype(np.int64) / SECONDS, known, np.asarray(known.record_id, dtype=np.int64)


def _require_pairs(kept: IntArray, at: float | When) -> None:
    if len(kept) < 2:
        raise NearRepeatError(
            f"{len(kept)} events had happened and were known at {at}: at least 2 are needed; ask for a later day"
        )


def _never_reported(events: Events, assumed_lag_days: float | None) -> tuple[str, ...]:
    unknown = int(np.isnat(events.reported_at).sum())
    if assumed_lag_days is not None or not unknown:
        return ()
    return (
        f"{unknown:,} of {events.size:,} events do not say when they were reported and count as not known; pass "
        "assumed_lag_days to use them",
    )


def _number(at: float | When) -> float:
    try:
        day = float(at)
    except (TypeError, ValueError):
        raise NearRepeatError(f"at is {at!r}; with arrays it is a day, in the days of t") from None
    if not np.isfinite(day):
        raise NearRepeatError(f"at is {at!r}; give a day, in the days of t")
    return day


def _require_closed(distance_breaks: Sequence[float], time_breaks: Sequence[float]) -> None:
    given = {"distance_breaks": (distance_breaks, "metres"), "time_breaks": (time_breaks, "days")}
    for name, (breaks, unit) in given.items():
        breaks = checked_breaks(breaks, name, unit)
        if breaks[0] != 0 or not np.isfinite(breaks[-1]):
            raise NearRepeatError(f"{name} run from {breaks[0]:g} to {breaks[-1]:g}: zones start at 0 and have an end")
