"""What every kind of spatial unit can do, so that methods need not ask which kind they were given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from data_connectors.errors import RtccError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class UnitsError(RtccError):
    """Units that cannot be: no size, too many cells, degrees for metres, or a projection unlike the events'."""


@runtime_checkable
class SpatialUnits(Protocol):
    """A partition of ground, streets or addresses into numbered units, 0 to size - 1.

    Attributes
    ----------
    name : str
        What a report calls the units, e.g. ``"200 m squares"``.
    crs : str
        Projection of every coordinate below, in metres.
    size : int
        How many units there are.
    labels : array of str, shape (size,)
        What to call each unit in a table.
    area_m2 : array of float, shape (size,)
        Surface of each unit within the study area.
    """

    @property
    def name(self) -> str:
        """What a report calls the units."""

    @property
    def crs(self) -> str:
        """Projection, in metres."""

    @property
    def size(self) -> int:
        """How many units there are."""

    @property
    def labels(self) -> NDArray[np.object_]:
        """What to call each unit in a table, shape (size,)."""

    @property
    def area_m2(self) -> FloatArray:
        """Surface of each unit in m², shape (size,)."""

    def assign(self, x: ArrayLike, y: ArrayLike) -> IntArray:
        """The unit each point in metres belongs to, shape (n,); -1 for none."""

    def neighbours(self) -> tuple[IntArray, IntArray]:
        """Who borders whom, as compressed rows: unit i borders ``indices[indptr[i]:indptr[i + 1]]``, never itself."""

    def centroids(self) -> tuple[FloatArray, FloatArray]:
        """x and y of each unit's middle, metres, both of shape (size,)."""

    def geometry(self) -> NDArray[np.object_]:
        """One shapely geometry a unit, in metres, shape (size,)."""


def require_same_crs(units: SpatialUnits, crs: str) -> None:
    """Raise `UnitsError`, naming both, where events in `crs` meet units in another projection."""
    if units.crs != crs:
        raise UnitsError(
            f"the events are in {crs} and the units ({units.name}) in {units.crs}; make both from the same StudyArea"
        )


def compressed_rows(rows: IntArray, columns: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Pairs (row, column) as (indptr, indices), each row's columns rising, pairs given twice kept once."""
    pairs = np.unique(rows.astype(np.int64) * max(size, 1) + columns)
    indptr = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(pairs // max(size, 1), minlength=size), out=indptr[1:])
    return indptr, pairs % max(size, 1)


def assign_distinct(
    x: ArrayLike, y: ArrayLike, look_up: Callable[[NDArray[np.object_]], tuple[IntArray, IntArray]]
) -> IntArray:
    """Assign through a spatial index, asking once for each distinct place.

    `look_up` takes distinct points and returns matching pairs (point, unit). A point that
    matches several units gets the lowest-numbered, so that the answer never depends on order.
    """
    distinct, inverse = np.unique(np.asarray(x, dtype=float) + 1j * np.asarray(y, dtype=float), return_inverse=True)
    point, unit = look_up(shapely.points(distinct.real, distinct.imag))
    nobody = np.iinfo(np.int64).max
    found = np.full(len(distinct), nobody, dtype=np.int64)
    np.minimum.at(found, point, unit)
    return np.where(found == nobody, -1, found)[inverse.reshape(-1)]


def touching(geometries: NDArray[np.object_]) -> tuple[IntArray, IntArray]:
    """Which geometries share at least a point, as compressed rows."""
    left, right = STRtree(geometries).query(geometries, predicate="intersects")
    apart = left != right
    return compressed_rows(left[apart], right[apart], len(geometries))


def overlap_m2(cells: NDArray[np.object_], ground: BaseGeometry) -> FloatArray:
    """Surface of each cell that lies on `ground`.

    A coastline of ten thousand vertices would be walked once for every cell, so the ground is
    first halved again and again until its pieces are simple.
    """
    pieces = np.array(_pieces(ground), dtype=object)
    piece, cell = STRtree(cells).query(pieces, predicate="intersects")
    shared = shapely.area(shapely.intersection(cells[cell], pieces[piece]))
    return np.bincount(cell, weights=shared, minlength=len(cells))


def _pieces(ground: BaseGeometry, most_vertices: int = 64) -> list[BaseGeometry]:
    if ground.is_empty or ground.area == 0:
        return []
    if shapely.get_num_coordinates(ground) <= most_vertices:
        return [ground]
    x_min, y_min, x_max, y_max = ground.bounds
    if x_max - x_min >= y_max - y_min:
        middle = (x_min + x_max) / 2
        halves = shapely.box(x_min, y_min, middle, y_max), shapely.box(middle, y_min, x_max, y_max)
    else:
        middle = (y_min + y_max) / 2
        halves = shapely.box(x_min, y_min, x_max, middle), shapely.box(x_min, middle, x_max, y_max)
    return [piece for half in halves for piece in _pieces(shapely.intersection(ground, half), most_vertices)]
