"""Square and hexagonal grids laid over a study area."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from rtcc_analytics.study import StudyArea
from rtcc_analytics.units.protocol import FloatArray, IntArray, UnitsError, overlap_m2

MOST_CELLS = 20_000_000
SLIVER_SHARE = 1e-9
# Steps (row, column) to the cells around, from rows of even and of odd number, in the order of cell numbers.
_STEPS = {
    "square": np.array([[(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]] * 2),
    "hexagon": np.array([  # odd rows stand half a cell to the right
        [(-1, -1), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 0)],
        [(-1, 0), (-1, 1), (0, -1), (0, 1), (1, 0), (1, 1)],
    ]),
}


@dataclass(frozen=True)
class Grid:
    """Equal cells over a study area; every cell that overlaps it is kept.

    Cells stand at whole multiples of `cell_m` in the projection's own coordinates (turned by
    `rotation_deg`, shifted by `offset_m`), so two grids of one size over different areas fit
    together. A cell on the edge keeps its full outline, and `area_m2` counts only what lies in
    the study area, so that the areas add up to the polygon's. A point belongs to a cell exactly
    if it lies in the study area: none of those is lost, and none outside is counted.

    Attributes
    ----------
    area : StudyArea
    cell_m : float
        Side of a square, or the distance between opposite sides of a hexagon, metres.
    kind : "square" or "hexagon"
    offset_m : (float, float)
        Shift along the grid's own axes, metres.
    rotation_deg : float
        Turn of the grid, counter-clockwise, degrees.
    row, column : array of int, shape (size,)
        Where each cell stands.

    Raises
    ------
    UnitsError
        Where the size is not positive, or so small that cells would be too many.

    Examples
    --------
    >>> block = StudyArea(shapely.box(500_000, 4_000_000, 501_000, 4_000_500), "EPSG:32615", "America/Chicago", "Block")
    >>> grid = Grid(block, cell_m=250)
    >>> grid.size, grid.name, float(grid.area_m2.sum())
    (8, '250 m squares', 500000.0)
    >>> grid.assign([500_010, 499_990], [4_000_010, 4_000_010]).tolist()
    [0, -1]
    """

    area: StudyArea
    cell_m: float = field(kw_only=True)
    kind: Literal["square", "hexagon"] = field(default="square", kw_only=True)
    offset_m: tuple[float, float] = field(default=(0.0, 0.0), kw_only=True)
    rotation_deg: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        if self.kind not in ("square", "hexagon"):
            raise UnitsError(f"unknown kind of cell {self.kind!r}; use 'square' or 'hexagon'")
        if not (np.isfinite(self.cell_m) and self.cell_m > 0):
            raise UnitsError(f"cell_m is {self.cell_m}: a cell needs a positive size in metres")
        expected = self.area.polygon.envelope.area / self.cell_area_m2
        if expected > MOST_CELLS:
            smallest = (self.area.polygon.envelope.area / MOST_CELLS) ** 0.5
            raise UnitsError(
                f"cell_m = {self.cell_m:g} m would lay {expected:,.0f} cells over {self.area.area_km2:,.1f} km² "
                f"(at most {MOST_CELLS:,}); use at least {np.ceil(smallest):g} m, and check that it is not in degrees"
            )
        self._lay()

    def _lay(self) -> None:
        """Find the cells that overlap the area, how much of each does, and a table to look them up."""
        u, v = self.to_grid(*shapely.get_coordinates(shapely.minimum_rotated_rectangle(self.area.polygon)).T)
        low, high = self._row_column(np.array([u.min(), u.max()]), np.array([v.min(), v.max()]))
        # One more on each side, since a hexagon reaches into the rows beside its own, and a margin of one around.
        first = low[0] - 2, high[0] - 2
        shape = int(low[1] - low[0] + 5), int(high[1] - high[0] + 5)
        row, column = (axis.ravel() for axis in np.indices(shape))
        row, column = row + first[0], column + first[1]
        edge = self._edge(first, shape)
        x, y = self.from_grid(*self._centre(row, column))
        within = np.zeros(row.size, dtype=bool)
        within[~edge] = self.area.contains(x[~edge], y[~edge])
        surface = np.where(within, self.cell_area_m2, 0.0)
        on_edge = np.flatnonzero(edge)
        surface[on_edge] = overlap_m2(self._outline(row[on_edge], column[on_edge]), self.area.polygon)
        kept = surface > SLIVER_SHARE * self.cell_area_m2
        table = np.full(row.size, -1, dtype=np.int32)
        table[kept] = np.arange(kept.sum())
        partial = surface[kept] < (1 - SLIVER_SHARE) * self.cell_area_m2
        laid = {"row": row[kept], "column": column[kept], "area_m2": surface[kept], "_partial": partial}
        for name, value in {**laid, "_table": table.reshape(shape)}.items():
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_first", first)

    def _edge(self, first: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Which candidate cells the area's outline may cross: those within a cell of its densified points."""
        outline = shapely.get_coordinates(shapely.segmentize(self.area.polygon.boundary, self.cell_m / 4))
        row, column = self._row_column(*self.to_grid(*outline.T))
        crossed = np.zeros(shape, dtype=bool)
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                r, c = row - first[0] + down, column - first[1] + right
                inside = (r >= 0) & (r < shape[0]) & (c >= 0) & (c < shape[1])
                crossed[r[inside], c[inside]] = True
        return crossed.ravel()

    @property
    def name(self) -> str:
        """What a report calls the units, e.g. ``"200 m squares"``."""
        turned = f", turned {self.rotation_deg:g}°" if self.rotation_deg else ""
        return f"{self.cell_m:g} m {self.kind}s{turned}"

    @property
    def crs(self) -> str:
        """Projection, in metres: the study area's."""
        return self.area.crs

    @property
    def size(self) -> int:
        """How many cells overlap the study area."""
        return len(self.area_m2)

    @property
    def cell_area_m2(self) -> float:
        """Surface of one whole cell, m²."""
        return self.cell_m**2 * (1.0 if self.kind == "square" else 3**0.5 / 2)

    @cached_property
    def labels(self) -> NDArray[np.object_]:
        """``"row:column"`` of each cell; a place keeps its label in every grid of its kind and size."""
        places = zip(self.row.tolist(), self.column.tolist(), strict=True)
        return np.array([f"{row}:{column}" for row, column in places], dtype=object)

    def assign(self, x: ArrayLike, y: ArrayLike) -> IntArray:
        """The cell of each point in metres, shape (n,); -1 for points outside the study area.

        Arithmetic for whole cells; only points in cells on the edge are held against the
        polygon. A point on the line between two cells goes to the one above or to the right.
        """
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        cell = self._look_up(*self._row_column(*self.to_grid(x, y)))
        doubtful = np.flatnonzero((cell >= 0) & self._partial[cell])
        cell[doubtful[~self.area.contains(x[doubtful], y[doubtful])]] = -1
        outside = np.flatnonzero(cell < 0)
        # On the very outline a point can fall to a neighbour that was not kept: it goes to the nearest cell.
        stranded = outside[self.area.contains(x[outside], y[outside])]
        if stranded.size:
            middles = np.stack(self.centroids(), axis=1)
            cell[stranded] = cKDTree(middles).query(np.stack([x[stranded], y[stranded]], axis=1))[1]
        return cell

    def neighbours(self) -> tuple[IntArray, IntArray]:
        """Cells that share a side or a corner: at most 8 for squares, 6 for hexagons; as (indptr, indices)."""
        steps = _STEPS[self.kind]
        around = np.empty((self.size, steps.shape[1]), dtype=np.int32)
        for parity in (0, 1):
            here = self.row % 2 == parity
            r, c = self.row[here, None] - self._first[0], self.column[here, None] - self._first[1]
            # The table has a margin of one cell, so a step from a kept cell never leaves it.
            around[here] = self._table[r + steps[parity, :, 0], c + steps[parity, :, 1]]
        indptr = np.zeros(self.size + 1, dtype=np.int64)
        np.cumsum((around >= 0).sum(axis=1), out=indptr[1:])
        return indptr, around[around >= 0].astype(np.int64)

    def centroids(self) -> tuple[FloatArray, FloatArray]:
        """x and y of the middle of each whole cell, metres (on the edge it can lie outside the area)."""
        return self.from_grid(*self._centre(self.row, self.column))

    def geometry(self) -> NDArray[np.object_]:
        """The outline of each whole cell, shapely polygons in metres."""
        return self._outline(self.row, self.column)

    def to_grid(self, x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Metres along the grid's own axes."""
        if not self.rotation_deg:
            return np.asarray(x, dtype=float) - self.offset_m[0], np.asarray(y, dtype=float) - self.offset_m[1]
        turn = np.deg2rad(self.rotation_deg)
        cos, sin = np.cos(turn), np.sin(turn)
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        return x * cos + y * sin - self.offset_m[0], y * cos - x * sin - self.offset_m[1]

    def from_grid(self, u: ArrayLike, v: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Projected metres from metres along the grid's own axes."""
        u, v = np.asarray(u, dtype=float) + self.offset_m[0], np.asarray(v, dtype=float) + self.offset_m[1]
        if not self.rotation_deg:
            return u, v
        turn = np.deg2rad(self.rotation_deg)
        cos, sin = np.cos(turn), np.sin(turn)
        return u * cos - v * sin, u * sin + v * cos

    @property
    def row_m(self) -> float:
        """Distance from one row of cells to the next, metres."""
        return self.cell_m if self.kind == "square" else self.cell_m * 3**0.5 / 2

    def lookup_table(self) -> tuple[NDArray[np.int32], tuple[int, int]]:
        """Cell number by (row, column), -1 where not kept, and the (row, column) of the table's first entry."""
        return self._table, self._first

    def _centre(self, row: IntArray, column: IntArray) -> tuple[FloatArray, FloatArray]:
        if self.kind == "square":
            return (column + 0.5) * self.cell_m, (row + 0.5) * self.cell_m
        return (column + 0.5 * (row % 2)) * self.cell_m, row * self.row_m

    def _row_column(self, u: FloatArray, v: FloatArray) -> tuple[IntArray, IntArray]:
        if self.kind == "square":
            return np.floor(v / self.cell_m).astype(np.int64), np.floor(u / self.cell_m).astype(np.int64)
        return _hexagon_of(u / self.cell_m, v / self.row_m)

    def _look_up(self, row: IntArray, column: IntArray) -> IntArray:
        r, c = row - self._first[0], column - self._first[1]
        known = (r >= 0) & (r < self._table.shape[0]) & (c >= 0) & (c < self._table.shape[1])
        return np.where(known, self._table[np.where(known, r, 0), np.where(known, c, 0)], -1).astype(np.int64)

    def _outline(self, row: IntArray, column: IntArray) -> NDArray[np.object_]:
        if self.kind == "square":
            corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]) * self.cell_m
        else:
            turn = np.deg2rad(np.arange(30, 390, 60))
            corners = np.stack([np.cos(turn), np.sin(turn)], axis=1) * self.cell_m / 3**0.5
        u, v = self._centre(row, column)
        x, y = self.from_grid(u[:, None] + corners[:, 0], v[:, None] + corners[:, 1])
        return shapely.polygons(np.stack([x, y], axis=2))


def _hexagon_of(across: FloatArray, up: FloatArray) -> tuple[IntArray, IntArray]:
    """Row and column of the hexagon that holds a point, from u in cells and v in rows.

    A point lies between two rows of centres; the nearer of the closest centre in each wins.
    """
    lower = np.floor(up)
    best_row = best_column = best_distance = None
    for row in (lower, lower + 1):
        shift = 0.5 * (row % 2)
        column = np.rint(across - shift)
        distance = (across - shift - column) ** 2 + 0.75 * (up - row) ** 2
        if best_distance is None:
            best_row, best_column, best_distance = row, column, distance
        else:
            nearer = distance < best_distance
            best_row, best_column = np.where(nearer, row, best_row), np.where(nearer, column, best_column)
    return best_row.astype(np.int64), best_column.astype(np.int64)
