"""Addresses and areas (beats, tracts, districts) as spatial units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.study import looks_like_degrees, require_metres
from rtcc_analytics.units.protocol import FloatArray, IntArray, UnitsError, assign_distinct, touching


@dataclass(frozen=True, eq=False)
class Addresses:
    """The distinct places at which events were recorded: coordinates snapped to `snap_m`.

    Attributes
    ----------
    x, y : array of float, shape (size,)
        Metres in `crs`, the middle of each snapped place.
    labels : array of str, shape (size,)
        The address most often written for events there, else the coordinates.
    crs : str
    snap_m : float
        Coordinates this close are one place, metres.

    Examples
    --------
    >>> events = Events(x=[500_000, 500_000, 500_900], y=[4_000_000.2, 4_000_000, 4_000_000], crs="EPSG:32615",
    ...                 occurred_from=["2024-01-01"] * 3, timezone="America/Chicago",
    ...                 address=["1 Main", "1 Main", "2 Oak"])
    >>> places = Addresses.of(events)
    >>> places.labels.tolist(), places.assign(events.x, events.y).tolist()
    (['1 Main', '2 Oak'], [0, 0, 1])
    """

    x: FloatArray
    y: FloatArray
    labels: NDArray[np.object_]
    crs: str
    snap_m: float = 1.0

    @classmethod
    def of(cls, events: Events, *, snap_m: float = 1.0) -> Addresses:
        """The distinct places of `events`.

        Raises
        ------
        UnitsError
            With no event, or a `snap_m` that is not positive.
        """
        if not events.size:
            raise UnitsError("no events: there are no addresses to make units of")
        if not snap_m > 0:
            raise UnitsError(f"snap_m is {snap_m}: it must be a positive distance in metres")
        distinct, place = np.unique(_snapped(events.x, events.y, snap_m), return_inverse=True)
        x, y = distinct.real * snap_m, distinct.imag * snap_m
        return cls(x, y, _usual_address(events, place, x, y), events.crs, snap_m)

    @property
    def name(self) -> str:
        """What a report calls the units."""
        return "addresses"

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self.x)

    @property
    def area_m2(self) -> FloatArray:
        """Surface of the square that is taken as one place, m²."""
        return np.full(self.size, self.snap_m**2)

    def assign(self, x: ArrayLike, y: ArrayLike) -> IntArray:
        """The place of each point in metres, shape (n,); -1 where no unit stands there."""
        known = _snapped(self.x, self.y, self.snap_m)
        asked = _snapped(np.asarray(x, dtype=float), np.asarray(y, dtype=float), self.snap_m)
        at = np.minimum(np.searchsorted(known, asked), self.size - 1)
        return np.where(known[at] == asked, at, -1)

    def neighbours(self) -> tuple[IntArray, IntArray]:
        """Addresses border nobody: an empty list for each, as (indptr, indices)."""
        return np.zeros(self.size + 1, dtype=np.int64), np.zeros(0, dtype=np.int64)

    def centroids(self) -> tuple[FloatArray, FloatArray]:
        """The places themselves, metres."""
        return self.x, self.y

    def geometry(self) -> NDArray[np.object_]:
        """The places as shapely points, in metres."""
        return shapely.points(self.x, self.y)


@dataclass(frozen=True, eq=False)
class Areas:
    """Polygons with names: beats, districts, tracts, municipalities.

    A point in several (they overlap, or it lies on their border) goes to the lowest-numbered.

    Attributes
    ----------
    polygons : array of shapely polygons, shape (size,)
        Metres in `crs`.
    labels : array of str, shape (size,)
    crs : str
    name : str
        What a report calls the units, e.g. ``"beats"``.

    Examples
    --------
    >>> halves = [shapely.box(500_000, 0, 500_500, 1_000), shapely.box(500_500, 0, 501_000, 1_000)]
    >>> beats = Areas(halves, ["West", "East"], "EPSG:32615", name="beats")
    >>> beats.assign([500_100, 500_900, 502_000], [10, 10, 10]).tolist(), beats.neighbours()[1].tolist()
    ([0, 1, -1], [1, 0])
    """

    polygons: NDArray[np.object_]
    labels: NDArray[np.object_]
    crs: str
    name: str = field(default="areas", kw_only=True)

    def __post_init__(self) -> None:
        require_metres(self.crs)
        polygons, labels = _objects(self.polygons), _objects(self.labels)
        if not polygons.size:
            raise UnitsError(f"no {self.name}: load their polygons first")
        if labels.size != polygons.size:
            raise UnitsError(f"{labels.size:,} names for {polygons.size:,} {self.name}: one each is needed")
        bounds = shapely.total_bounds(polygons)
        if looks_like_degrees(*bounds):
            raise UnitsError(
                f"the {self.name} span x {bounds[0]:g} to {bounds[2]:g}, y {bounds[1]:g} to {bounds[3]:g}: degrees, "
                f"where {self.crs} is in metres; project them with the study area first"
            )
        object.__setattr__(self, "polygons", polygons)
        object.__setattr__(self, "labels", labels)

    @property
    def size(self) -> int:
        """How many areas there are."""
        return len(self.polygons)

    @cached_property
    def area_m2(self) -> FloatArray:
        """Surface of each area, m²."""
        return shapely.area(self.polygons)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.polygons)

    def assign(self, x: ArrayLike, y: ArrayLike) -> IntArray:
        """The area each point in metres lies in or on, shape (n,); -1 for none."""
        return assign_distinct(x, y, lambda points: self._tree.query(points, predicate="intersects"))

    def neighbours(self) -> tuple[IntArray, IntArray]:
        """Areas that share at least a point, as (indptr, indices)."""
        return touching(self.polygons)

    def centroids(self) -> tuple[FloatArray, FloatArray]:
        """A point inside each area, metres."""
        inside = shapely.point_on_surface(self.polygons)
        return shapely.get_x(inside), shapely.get_y(inside)

    def geometry(self) -> NDArray[np.object_]:
        """The polygons, in metres."""
        return self.polygons


def _objects(values: Sequence[object]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array


def _snapped(x: FloatArray, y: FloatArray, snap_m: float) -> NDArray[np.complex128]:
    return np.rint(x / snap_m) + 1j * np.rint(y / snap_m)


def _usual_address(events: Events, place: IntArray, x: FloatArray, y: FloatArray) -> NDArray[np.object_]:
    labels = np.array([f"{east:.0f}, {north:.0f}" for east, north in zip(x, y, strict=True)], dtype=object)
    if events.address is None:
        return labels
    written = pd.DataFrame({"place": place, "address": events.address.codes}).query("address >= 0")
    times = written.groupby(["place", "address"]).size().reset_index(name="times")
    usual = times.sort_values(["place", "times", "address"], ascending=[True, False, True]).drop_duplicates("place")
    labels[usual["place"].to_numpy()] = events.address.categories.to_numpy()[usual["address"].to_numpy()]
    return labels
