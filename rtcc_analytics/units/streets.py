"""Street segments as spatial units: each event belongs to the nearest stretch of road."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.study import looks_like_degrees, require_metres
from rtcc_analytics.units.protocol import FloatArray, IntArray, UnitsError, assign_distinct, compressed_rows

SAME_PLACE_M = 0.01


@dataclass(frozen=True, eq=False)
class StreetSegments:
    """Stretches of road; a point belongs to the nearest within `max_distance_m`, else to none.

    A point equally near to several (at a crossing) goes to the lowest-numbered, so the answer
    does not depend on order.

    Attributes
    ----------
    lines : array of shapely LineString, shape (size,)
        Metres in `crs`.
    crs : str
    labels : array of str, shape (size,)
        Street names.
    max_distance_m : float
        Points farther from every segment stay unassigned, and `counts` says how many.

    Raises
    ------
    UnitsError
        With no line, or lines that look like degrees.

    Examples
    --------
    >>> roads = shapely.from_wkt(["LINESTRING (500000 0, 500050 0, 500100 0)", "LINESTRING (500050 0, 500050 80)"])
    >>> streets = StreetSegments.split_at_crossings(roads, ["Main St", "Oak Ave"], crs="EPSG:32615")
    >>> streets.labels.tolist(), streets.length_m.tolist()
    (['Main St', 'Main St', 'Oak Ave'], [50.0, 50.0, 80.0])
    >>> streets.assign([500_010, 500_049, 500_010], [8, 30, 400]).tolist()
    [0, 2, -1]
    """

    lines: NDArray[np.object_]
    labels: NDArray[np.object_]
    crs: str
    max_distance_m: float = 50.0

    def __post_init__(self) -> None:
        require_metres(self.crs)
        lines = np.asarray(self.lines, dtype=object)
        labels = np.asarray(self.labels, dtype=object)
        if not lines.size:
            raise UnitsError("no street segments: load streets for this area first")
        if labels.shape != lines.shape:
            raise UnitsError(f"{labels.size:,} street names for {lines.size:,} segments: one each is needed")
        bounds = shapely.total_bounds(lines)
        if looks_like_degrees(*bounds):
            raise UnitsError(
                f"the streets span x {bounds[0]:g} to {bounds[2]:g}, y {bounds[1]:g} to {bounds[3]:g}: degrees, "
                f"where {self.crs} is in metres; project them with the study area first"
            )
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "labels", labels)

    @classmethod
    def split_at_crossings(
        cls, lines: Sequence[shapely.LineString], names: Sequence[str], *, crs: str, max_distance_m: float = 50.0
    ) -> StreetSegments:
        """Segments from whole roads, cut wherever streets meet or end.

        Road files draw a vertex where streets meet; lines that only cross on paper (a bridge
        over a road) share none and stay whole. A stretch drawn twice, once for the street and
        once for the numbered route along it, is kept once under the first name.

        Parameters
        ----------
        lines : sequence of shapely LineString or MultiLineString, shape (n,)
            Metres in `crs`.
        names : sequence of str, shape (n,)
            Carried to every piece.
        """
        whole, road = shapely.get_parts(np.asarray(lines, dtype=object), return_index=True)
        points, line = shapely.get_coordinates(whole, return_index=True)
        _, place = np.unique(_places(points), return_inverse=True)
        steps = np.flatnonzero((line[1:] == line[:-1]) & (place[1:] != place[:-1]))
        cut = np.flatnonzero(_is_junction(place, steps, line)[place])
        first, last = cut[:-1], cut[1:]
        kept = (line[first] == line[last]) & ((last - first > 1) | (place[first] != place[last]))
        first, last = first[kept], last[kept]
        length = last - first + 1
        offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        piece = np.repeat(np.arange(len(length)), length)
        pieces = shapely.linestrings(points[first[piece] + offset], indices=piece)
        drawn = shapely.to_wkb(shapely.normalize(shapely.set_precision(pieces, SAME_PLACE_M)))
        once = np.sort(np.unique(drawn, return_index=True)[1])
        return cls(pieces[once], np.asarray(names, dtype=object)[road[line[first]]][once], crs, max_distance_m)

    @property
    def name(self) -> str:
        """What a report calls the units."""
        return "street segments"

    @property
    def size(self) -> int:
        """How many segments there are."""
        return len(self.lines)

    @cached_property
    def length_m(self) -> FloatArray:
        """Length of each segment, metres."""
        return shapely.length(self.lines)

    @property
    def area_m2(self) -> FloatArray:
        """Surface of the strip within `max_distance_m` either side of each segment (overlaps are not taken out)."""
        return self.length_m * 2 * self.max_distance_m

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.lines)

    def assign(self, x: ArrayLike, y: ArrayLike) -> IntArray:
        """The nearest segment of each point in metres, shape (n,); -1 where none is within `max_distance_m`."""
        return assign_distinct(x, y, lambda points: self._tree.query_nearest(points, max_distance=self.max_distance_m))

    def neighbours(self) -> tuple[IntArray, IntArray]:
        """Segments that share an end point (within a centimetre), as (indptr, indices)."""
        ends = np.concatenate([shapely.get_coordinates(shapely.get_point(self.lines, at)) for at in (0, -1)])
        _, place = np.unique(_places(ends), return_inverse=True)
        segment = np.tile(np.arange(self.size), 2)
        order = np.argsort(place, kind="stable")
        meeting = np.split(segment[order], np.flatnonzero(np.diff(place[order])) + 1)
        rows = np.concatenate([np.repeat(here, len(here)) for here in meeting])
        columns = np.concatenate([np.tile(here, len(here)) for here in meeting])
        apart = rows != columns
        return compressed_rows(rows[apart], columns[apart], self.size)

    def centroids(self) -> tuple[FloatArray, FloatArray]:
        """The point half-way along each segment, metres."""
        middle = shapely.line_interpolate_point(self.lines, 0.5, normalized=True)
        return shapely.get_x(middle), shapely.get_y(middle)

    def geometry(self) -> NDArray[np.object_]:
        """The segments themselves, shapely lines in metres."""
        return self.lines


def _places(points: FloatArray) -> NDArray[np.complex128]:
    rounded = np.rint(points / SAME_PLACE_M)
    return rounded[:, 0] + 1j * rounded[:, 1]


def _is_junction(place: IntArray, steps: IntArray, line: IntArray) -> NDArray[np.bool_]:
    """Which places are ends of a line, or have other than two places next to them along the lines."""
    size = int(place.max()) + 1
    here, there = place[steps], place[steps + 1]
    stretches = np.unique(np.minimum(here, there) * size + np.maximum(here, there))
    degree = np.bincount(np.concatenate([stretches // size, stretches % size]), minlength=size)
    junction = degree != 2
    change = np.flatnonzero(line[1:] != line[:-1])
    junction[place[np.r_[0, change, change + 1, len(line) - 1]]] = True
    return junction
