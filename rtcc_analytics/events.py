"""What happened: `Occurrences` know when and how many, `Events` know where as well.

Counts over time take `Occurrences`, so that a record without coordinates still counts; methods
on a map take `Events`. Instants are UTC; dates and hours are read in the `timezone` carried along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api.types import union_categoricals

from data_connectors.errors import RtccError
from rtcc_analytics.study import looks_like_degrees, require_metres, require_zone

When = str | date | datetime | np.datetime64 | pd.Timestamp
Instants = NDArray[np.datetime64]

_INSTANTS = ("occurred_from", "occurred_to", "reported_at")
_LABELS = ("offense", "address", "record_id")
_PER_EVENT = ("x", "y", *_INSTANTS, "weights", *_LABELS, "sensitive")
NEVER = np.datetime64("NaT", "s")

Kind = TypeVar("Kind", bound="Occurrences")


class EventsError(RtccError):
    """Events that cannot be: missing or infinite values, unequal lengths, degrees for metres, mixed zones."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Occurrences:
    """When things happened, in no particular order.

    Attributes
    ----------
    occurred_from : array of datetime64[s], shape (n,)
        Earliest instant it can have happened, UTC; NaT where unknown.
    occurred_to : array of datetime64[s], shape (n,), optional
        Latest instant; by default equal to `occurred_from`.
    reported_at : array of datetime64[s], shape (n,), optional
        When the agency knew; NaT where unknown.
    weights : array of float, shape (n,), optional
        How many each counts for: 1 by default; -1 where a source takes an offense back.
    timezone : str
        IANA zone in which dates and hours are read.
    label : str
        What a report calls them.
    offense, address, record_id : pandas.Categorical, optional
        Offense code, address and the source's identifier of each.
    sensitive : array of bool, shape (n,), optional
        Whether the exact place must not leave the store (sex offenses, domestic relations).
    covered : (datetime64[s], datetime64[s]), optional
        The half-open span for which the source holds records: within it, nothing means none;
        outside it, nothing means not known. Filters in time narrow it.
    notes : tuple of str
        What was left out when these were read.

    Raises
    ------
    EventsError
        Where arrays differ in length or a weight is missing or infinite.

    Examples
    --------
    >>> thefts = Occurrences(occurred_from=["2024-05-01T03:30", "2024-05-02T18:00"], timezone="America/New_York")
    >>> thefts.local_hour().tolist()
    [23, 14]
    >>> thefts.between("2024-05-01", "2024-05-08").size     # local dates: the first one fell on 30 April
    1
    """

    occurred_from: Instants
    timezone: str
    occurred_to: Instants | None = None
    reported_at: Instants | None = None
    weights: NDArray[np.float64] | None = None
    label: str = ""
    offense: pd.Categorical | None = None
    address: pd.Categorical | None = None
    record_id: pd.Categorical | None = None
    sensitive: NDArray[np.bool_] | None = None
    covered: tuple[np.datetime64, np.datetime64] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_zone(self.timezone)
        size = np.size(self.occurred_from)
        given = {"occurred_to": self.occurred_from, "reported_at": np.full(size, NEVER), "weights": np.ones(size)}
        for name in _PER_EVENT:
            value = getattr(self, name, None)
            value = given.get(name) if value is None else value
            if value is not None:
                self._keep(name, value, size)

    def _keep(self, name: str, value: Any, size: int) -> None:
        if name in _LABELS:
            array = value if isinstance(value, pd.Categorical) else pd.Categorical(value)
        elif name in _INSTANTS:
            array = _instants(value, name)
        elif name == "sensitive":
            array = _frozen(np.asarray(value, dtype=bool))
        else:
            array = _finite(value, name)
        if len(array) != size:
            raise EventsError(f"{name} has {len(array):,} values, occurred_from {size:,}: one per event is needed")
        object.__setattr__(self, name, array)

    @property
    def size(self) -> int:
        """How many records there are (weights apart)."""
        return len(self.occurred_from)

    @property
    def total(self) -> float:
        """Sum of weights: how many offenses the records add up to."""
        return float(self.weights.sum())

    def __len__(self) -> int:
        return self.size

    @cached_property
    def local_from(self) -> Instants:
        """`occurred_from` on the wall clock of `timezone`, datetime64[s]; NaT stays NaT."""
        return wall_clock(self.occurred_from, self.timezone)

    @cached_property
    def local_to(self) -> Instants:
        """`occurred_to` on the wall clock of `timezone`, datetime64[s]; NaT stays NaT."""
        return wall_clock(self.occurred_to, self.timezone)

    @cached_property
    def local_day(self) -> NDArray[np.datetime64]:
        """Local date of `occurred_from`, datetime64[D]; NaT stays NaT."""
        return self.local_from.astype("datetime64[D]")

    def local_hour(self) -> NDArray[np.int64]:
        """Local hour of `occurred_from`, 0-23; -1 where the time is unknown."""
        seconds = self.local_from.astype(np.int64) - self.local_day.astype("datetime64[s]").astype(np.int64)
        return np.where(np.isnat(self.local_from), -1, seconds // 3600)

    def local_weekday(self) -> NDArray[np.int64]:
        """Local day of the week of `occurred_from`, Monday 0 to Sunday 6; -1 where unknown."""
        days = self.local_day.astype(np.int64)
        return np.where(np.isnat(self.local_day), -1, (days + 3) % 7)

    def where(self, mask: ArrayLike) -> Self:
        """The events a boolean mask, or an array of positions, picks.

        Examples
        --------
        >>> trio = Occurrences(occurred_from=["2024-01-01", "2024-01-02", "2024-01-03"], timezone="UTC")
        >>> trio.where(trio.local_weekday() == 0).size
        1
        """
        picked = np.asarray(mask)
        if picked.dtype == bool and picked.shape != (self.size,):
            raise EventsError(f"a mask of {picked.size:,} values cannot pick from {self.size:,} events")
        if picked.dtype == bool:
            picked = np.flatnonzero(picked)
        kept = {name: getattr(self, name).take(picked) for name in _PER_EVENT if getattr(self, name, None) is not None}
        chosen = replace(self, **kept)
        for name in ("local_from", "local_to", "local_day"):
            if name in self.__dict__:
                chosen.__dict__[name] = self.__dict__[name].take(picked)
        return chosen

    def between(self, start: When, end: When) -> Self:
        """The events whose `occurred_from` lies in the half-open span [start, end).

        Dates and times without a zone are read on the wall clock of `timezone`. Coverage narrows
        to the span. Events of unknown time are left out.

        Raises
        ------
        EventsError
            Where `end` is not after `start`.
        """
        first, last = instant(start, self.timezone), instant(end, self.timezone)
        if not first < last:
            raise EventsError(f"the period from {start} to {end} is empty: the end must be later than the start")
        chosen = self.where((self.occurred_from >= first) & (self.occurred_from < last))
        return replace(chosen, covered=self._narrowed(first, last))

    def known_at(self, origin: When, *, assumed_lag_days: float | None = None) -> Self:
        """What an agency could have known at `origin`: the one door against looking ahead.

        Kept are events that had begun and had been reported by `origin` (both inclusive).
        An event without a report time is left out, unless `assumed_lag_days` says how long
        after `occurred_to` to take it as reported. Coverage ends at `origin`.

        Raises
        ------
        EventsError
            Where no event has a report time and no lag is assumed.

        Examples
        --------
        >>> late = Occurrences(occurred_from=["2024-01-01", "2024-01-02"], reported_at=["2024-01-05", "2024-01-02"],
        ...                    timezone="UTC")
        >>> late.known_at("2024-01-03").size
        1
        """
        at = instant(origin, self.timezone)
        known = self.reported_at
        if assumed_lag_days is not None:
            lag = np.timedelta64(round(assumed_lag_days * 86400), "s")
            last = np.where(np.isnat(self.occurred_to), self.occurred_from, self.occurred_to)
            known = np.where(np.isnat(known), last + lag, known)
        elif self.size and np.isnat(known).all():
            raise EventsError(
                f"none of the {self.size:,} events says when it was reported, so nobody can tell what was known at "
                f"{origin}; pass assumed_lag_days"
            )
        chosen = self.where((known <= at) & (self.occurred_from <= at))
        return replace(chosen, covered=self._narrowed(None, at))

    def of(self, *offenses: str) -> Self:
        """The events of these offense codes.

        Raises
        ------
        EventsError
            Where the events carry no offense.
        """
        if self.offense is None:
            raise EventsError("these events carry no offense code to choose by")
        return self.where(self.offense.isin(list(offenses)))

    def to_frame(self) -> pd.DataFrame:
        """One row per event: every array the events carry, instants with their zone (UTC)."""
        columns = {name: getattr(self, name) for name in _PER_EVENT if getattr(self, name, None) is not None}
        frame = pd.DataFrame(columns)
        for name in _INSTANTS:
            frame[name] = frame[name].dt.tz_localize("UTC")
        return frame

    def _narrowed(self, start: np.datetime64 | None, end: np.datetime64) -> tuple[np.datetime64, np.datetime64] | None:
        if self.covered is None:
            return None
        first, last = self.covered
        first = first if start is None else max(first, start)
        return first, max(first, min(last, end))


@dataclass(frozen=True, eq=False, kw_only=True)
class Events(Occurrences):
    """What happened, when and where; every event has a place.

    Attributes
    ----------
    x, y : array of float, shape (n,)
        Metres in `crs`.
    crs : str
        Projected system in metres, as in `StudyArea`.

    Raises
    ------
    EventsError
        Where a coordinate is missing, showing how many, or coordinates look like degrees.

    Examples
    --------
    >>> burglaries = Events(x=[500_010.0, 500_020.0], y=[4_000_000.0, 4_000_005.0], crs="EPSG:32615",
    ...                     occurred_from=["2024-05-01T03:30", "2024-05-02T18:00"], timezone="America/Chicago")
    >>> burglaries.size, burglaries.total
    (2, 2.0)
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    crs: str

    def __post_init__(self) -> None:
        require_metres(self.crs)
        super().__post_init__()
        if self.size and looks_like_degrees(self.x.min(), self.y.min(), self.x.max(), self.y.max()):
            raise EventsError(
                f"x {self.x.min():g} to {self.x.max():g}, y {self.y.min():g} to {self.y.max():g} look like degrees, "
                f"where {self.crs} is in metres; project longitude and latitude with StudyArea.project first"
            )

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """x_min, y_min, x_max, y_max in metres; EventsError with no event."""
        if not self.size:
            raise EventsError(f"no events{f' of {self.label}' if self.label else ''}: nothing to measure")
        return float(self.x.min()), float(self.y.min()), float(self.x.max()), float(self.y.max())


def instant(when: When, timezone: str) -> np.datetime64:
    """An instant, datetime64[s] in UTC, from a date or time.

    A ``numpy.datetime64`` is taken as UTC, like the arrays of `Occurrences`. Anything else
    without a zone of its own is read on the wall clock of `timezone`; of an hour that occurs
    twice the first is meant, for an hour that is skipped the instant of the skip.

    Examples
    --------
    >>> instant("2024-07-01", "America/New_York")
    np.datetime64('2024-07-01T04:00:00')
    """
    try:
        stamp = pd.Timestamp(when)
    except (ValueError, TypeError):
        stamp = pd.NaT
    if stamp is pd.NaT:
        raise EventsError(f"{when!r} is not a date or time; write for example '2024-05-01' or '2024-05-01 18:30'")
    if stamp.tzinfo is None:
        utc = isinstance(when, np.datetime64)
        stamp = stamp.tz_localize("UTC" if utc else timezone, ambiguous=True, nonexistent="shift_forward")
    return stamp.tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[s]")


def concat(parts: Iterable[Kind], *, label: str = "") -> Kind:
    """The events of several parts in one; labels stay where every part has them.

    Coverage is the span that every part covers; notes are gathered.

    Raises
    ------
    EventsError
        With no part, or parts in different projections or time zones, naming both.

    Examples
    --------
    >>> day = Occurrences(occurred_from=["2024-01-01"], timezone="UTC")
    >>> concat([day, day]).size
    2
    """
    parts = list(parts)
    if not parts:
        raise EventsError("nothing to put together: no parts were given")
    for name in ("timezone", "crs"):
        seen = sorted({str(getattr(part, name, "no place")) for part in parts})
        if len(seen) > 1:
            raise EventsError(f"events of different {name} cannot be put together: {', '.join(seen)}")
    joined: dict[str, Any] = {}
    for name in (name for name in _PER_EVENT if hasattr(parts[0], name)):
        arrays = [getattr(part, name) for part in parts]
        if any(array is None for array in arrays):
            joined[name] = None
        else:
            joined[name] = union_categoricals(arrays) if name in _LABELS else np.concatenate(arrays)
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return replace(parts[0], **joined, label=label, notes=notes, covered=_covered_by_all(parts))


def _covered_by_all(parts: list[Kind]) -> tuple[np.datetime64, np.datetime64] | None:
    spans = [part.covered for part in parts if part.covered is not None]
    if len(spans) < len(parts):
        return None
    first = max(span[0] for span in spans)
    return first, max(first, min(span[1] for span in spans))


def wall_clock(instants: Instants, timezone: str) -> Instants:
    """UTC instants as read on the wall clock of `timezone`, datetime64[s] without a zone; NaT stays NaT."""
    local = pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(timezone).tz_localize(None)
    return local.to_numpy().astype("datetime64[s]")


def _instants(values: Any, name: str) -> Instants:
    """UTC datetime64[s] from naive (taken as UTC) or zoned values."""
    if isinstance(values, np.ndarray) and values.dtype == np.dtype("datetime64[s]"):
        return _frozen(values)
    try:
        stamps = pd.DatetimeIndex(pd.to_datetime(values, utc=True, format="ISO8601")).tz_localize(None)
    except (ValueError, TypeError) as reason:
        raise EventsError(f"{name} has a value that is not a time: {reason}") from None
    return _frozen(stamps.to_numpy().astype("datetime64[s]"))


def _finite(values: Any, name: str) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=float)
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise EventsError(
            f"{name} is missing or infinite in {bad:,} of {array.size:,} events; leave them out and say how many"
        )
    return _frozen(array)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view
