"""What was known at one instant, as plain arrays: all that a model of places ever sees.

Times are days on the local wall clock since 1970-01-01, so that a horizon of 28 days is 28 local
days also where clocks change. Events stand in the order in which they became known: what was
known at any earlier origin is the beginning of every array.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events, When, instant, wall_clock
from rtcc_analytics.units import SpatialUnits, require_same_crs

if TYPE_CHECKING:
    from rtcc_analytics.temporal import DailyWeather

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DAY_SECONDS = 86_400
SETTLED_SHARE = 0.95
LONGEST_SETTLING_DAYS = 90.0


class PredictionError(RtccError):
    """A forecast that cannot be made: too few events, a horizon beyond the data, an origin outside them."""


@dataclass(frozen=True, eq=False)
class History:
    """Events known at `until`, by unit and local day.

    Attributes
    ----------
    units : SpatialUnits
    x, y : array of float, shape (n,)
        Metres.
    day : array of float, shape (n,)
        Earliest time each event can have happened, local days.
    known : array of float, shape (n,)
        When it became known, local days, never before `day`; rising.
    unit : array of int, shape (n,)
        -1 for events in no unit: they shape smooth surfaces and count in totals.
    weight : array of float, shape (n,)
    kind : array of int, shape (n,)
        0 for the events to be forecast; 1 and up for companions, by `kinds`.
    kinds : tuple of str
        What each kind is called, the forecast one first.
    first, until : float
        The span for which records are held, local days; `until` is the origin.
    timezone : str
    weather : DailyWeather, optional
        For how many events to expect in all; days that were not over are never read.
    """

    units: SpatialUnits
    x: FloatArray
    y: FloatArray
    day: FloatArray
    known: FloatArray
    unit: IntArray
    weight: FloatArray
    kind: IntArray
    kinds: tuple[str, ...]
    first: float
    until: float
    timezone: str
    weather: DailyWeather | None = None

    @classmethod
    def of(
        cls,
        events: Events,
        units: SpatialUnits,
        *,
        companions: Events | None = None,
        until: When | None = None,
        assumed_lag_days: float | None = None,
        weather: DailyWeather | None = None,
    ) -> History:
        """The history in `events`, with other offenses beside it that may help to foresee them.

        Parameters
        ----------
        events : Events
            What is to be forecast; an event without report time counts as known when it happened.
        units : SpatialUnits
        companions : Events, optional
            Other offenses, told apart by their codes.
        until : date or time, optional
            The origin; by default the end of what the events cover, else the day after the last.
        assumed_lag_days : float, optional
            For events without report time: how long after `occurred_to` they became known.
        weather : DailyWeather, optional
            Of a station nearby.

        Raises
        ------
        PredictionError
            With no event of known time.
        UnitsError
            Where events and units are in different projections.

        Examples
        --------
        >>> import shapely
        >>> from rtcc_analytics.units import Areas
        >>> beat = Areas([shapely.box(500_000, 0, 500_500, 1_000)], ["West"], "EPSG:32615")
        >>> events = Events(x=[500_100.0], y=[10.0], crs="EPSG:32615", occurred_from=["2024-01-01T12:00"],
        ...                 timezone="UTC")
        >>> past = History.of(events, beat)
        >>> past.size, past.until - past.first
        (1, 1.0)
        """
        parts = [(events, 0, events.label or "events")]
        if companions is not None and companions.size:
            parts += _by_offense(companions)
        for part, _, _ in parts:
            require_same_crs(units, part.crs)
        columns = [_columns(part, kind, assumed_lag_days) for part, kind, _ in parts]
        x, y, day, known, weight, kind = (np.concatenate(column) for column in zip(*columns, strict=True))
        if not (kind == 0).any():
            raise PredictionError(f"no event of {parts[0][2]} with a known time: nothing to learn from")
        order = np.argsort(known, kind="stable")
        x, y, day, known, weight, kind = (column[order] for column in (x, y, day, known, weight, kind))
        first, last = _span(events, day[kind == 0])
        whole = cls(units, x, y, day, known, units.assign(x, y), weight, kind, tuple(name for _, _, name in parts),
                    first, max(last, known[-1]), events.timezone, weather)
        return replace(whole, until=last) if until is None else whole.known_at(local_day(until, events.timezone))

    @property
    def size(self) -> int:
        """How many events there are, companions too."""
        return len(self.day)

    @property
    def days(self) -> float:
        """Length of the span, days."""
        return self.until - self.first

    @cached_property
    def target(self) -> History:
        """Only the events to be forecast."""
        return self if len(self.kinds) == 1 else self._of(self.kind == 0, self.kinds[:1])

    @cached_property
    def total(self) -> float:
        """Sum of weights of the events to be forecast."""
        return float(self.weight[self.kind == 0].sum())

    @cached_property
    def settling_days(self) -> float:
        """How long after the fact 95 % of the events to be forecast are known, at most 90 days."""
        late = (self.known - self.day)[self.kind == 0]
        return float(min(np.quantile(late, SETTLED_SHARE), LONGEST_SETTLING_DAYS)) if late.size else 0.0

    def known_at(self, origin: float) -> History:
        """What was known at `origin`, local days: a beginning of the arrays, not a copy."""
        size = int(np.searchsorted(self.known, origin, side="right"))
        columns = ("x", "y", "day", "known", "unit", "weight", "kind")
        return replace(self, **{name: getattr(self, name)[:size] for name in columns}, until=float(origin))

    def counted(self, start: float, end: float) -> FloatArray:
        """Events to be forecast in each unit that happened in [start, end), as known by `until`; shape (size,)."""
        chosen = (self.day >= start) & (self.day < end) & (self.unit >= 0) & (self.kind == 0)
        return np.bincount(self.unit[chosen], weights=self.weight[chosen], minlength=self.units.size)

    def settled_windows(self, horizon_days: float, *, most: int, fewest_days: float = 180.0) -> list[float]:
        """Starts of past windows of `horizon_days` whose events are by now nearly all known, oldest first.

        Windows do not overlap; each has at least `fewest_days` of history before it. These are the
        earlier origins on which a model's own choices are made.
        """
        last = np.floor(self.until - self.settling_days - horizon_days)
        starts = [last - k * horizon_days for k in range(most)]
        return [start for start in reversed(starts) if start - self.first >= fewest_days]

    def windows_to_learn_on(self, horizon_days: float, *, most: int, what: str) -> list[float]:
        """`settled_windows`, of which a model needs at least one.

        Raises
        ------
        PredictionError
            The history leaves none; the message names `what` was to be learned.
        """
        starts = self.settled_windows(horizon_days, most=most)
        if not starts:
            raise PredictionError(
                f"{self.days:,.0f} days of history leave no settled window of {horizon_days:.0f} days to learn "
                f"{what} on: about 240 days are needed"
            )
        return starts

    def _of(self, mask: NDArray[np.bool_], kinds: tuple[str, ...]) -> History:
        columns = ("x", "y", "day", "known", "unit", "weight", "kind")
        return replace(self, **{name: getattr(self, name)[mask] for name in columns}, kinds=kinds)


def local_day(when: When, timezone: str) -> float:
    """Local days since 1970-01-01 of a date or time.

    Examples
    --------
    >>> local_day("1970-01-03", "America/New_York")
    2.0
    """
    return float(_days(wall_clock(np.array([instant(when, timezone)]), timezone))[0])


def as_instant(day: float, timezone: str) -> np.datetime64:
    """The UTC instant of a local day, the inverse of `local_day`."""
    return instant(str(np.datetime64(round(day * DAY_SECONDS), "s")), timezone)


def _days(instants: NDArray[np.datetime64]) -> FloatArray:
    return np.where(np.isnat(instants), np.nan, instants.astype("datetime64[s]").astype(np.int64) / DAY_SECONDS)


def _columns(events: Events, kind: int, assumed_lag_days: float | None) -> tuple[NDArray, ...]:
    day, known = _days(events.local_from), _days(wall_clock(events.reported_at, events.timezone))
    if assumed_lag_days is None:
        known = np.where(np.isnan(known), day, known)
    else:
        last = _days(events.local_to)
        known = np.where(np.isnan(known), np.where(np.isnan(last), day, last) + assumed_lag_days, known)
    dated = np.flatnonzero(np.isfinite(day) & (events.weights > 0))
    kinds = np.full(dated.size, kind)
    return events.x[dated], events.y[dated], day[dated], np.maximum(known, day)[dated], events.weights[dated], kinds


def _by_offense(companions: Events) -> list[tuple[Events, int, str]]:
    if companions.offense is None:
        return [(companions, 1, companions.label or "companions")]
    codes = sorted(map(str, companions.offense.unique().dropna()))
    return [(companions.of(code), kind, code) for kind, code in enumerate(codes, start=1)]


def _span(events: Events, day: FloatArray) -> tuple[float, float]:
    first, last = float(np.floor(day.min())), float(np.floor(day.max()) + 1)
    if events.covered is not None:
        begin, end = _days(wall_clock(np.array(events.covered), events.timezone))
        first, last = float(begin), float(end)
    return first, last
