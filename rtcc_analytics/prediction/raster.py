"""A fine lattice on which events are smoothed, whatever the units: surfaces are read off at the units' middles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rtcc_analytics.prediction.history import FloatArray, IntArray
from rtcc_analytics.units import SpatialUnits

MOST_CELLS = 4_000_000
WIDEST_SPREAD_M = 1000.0
KERNEL_SPREADS = 3.0


@dataclass(frozen=True, eq=False)
class Raster:
    """Squares over the units and a margin; `cell_m` is the finest smoothing it can tell.

    Attributes
    ----------
    x_min, y_min : float
        Corner, metres.
    cell_m : float
    shape : (int, int)
        Rows, columns.
    around : array of int, shape (4, units.size)
        The squares whose middles stand around each unit's middle.
    nearness : array of float, shape (4, units.size)
        How much each of them counts where a surface is read off: bilinear, adds up to 1.
    area_m2 : array of float, shape (units.size,)
    """

    x_min: float
    y_min: float
    cell_m: float
    shape: tuple[int, int]
    around: IntArray
    nearness: FloatArray
    area_m2: FloatArray

    @classmethod
    def over(cls, units: SpatialUnits, *, cell_m: float = 50.0, widest_m: float = WIDEST_SPREAD_M) -> Raster:
        """A raster over `units`, coarser than asked where it would have more than four million squares.

        Its margin is as wide as events reach that are spread by a Gaussian of `widest_m`.
        """
        x, y = units.centroids()
        reach = KERNEL_SPREADS * widest_m
        wide, high = np.ptp(x) + 2 * reach, np.ptp(y) + 2 * reach
        cell_m = max(cell_m, float(np.sqrt(wide * high / MOST_CELLS)))
        # The first unit's middle is the middle of a square: off it, every surface would be shifted on regular grids.
        margin = (np.ceil(reach / cell_m) + 1.5) * cell_m
        x_min, y_min = float(x.min() - margin), float(y.min() - margin)
        shape = int((y.max() + margin - y_min) // cell_m) + 1, int((x.max() + margin - x_min) // cell_m) + 1
        around, nearness = _corners((y - y_min) / cell_m - 0.5, (x - x_min) / cell_m - 0.5, shape[1])
        return cls(x_min, y_min, cell_m, shape, around, nearness, units.area_m2)

    def squares(self, x: FloatArray, y: FloatArray) -> IntArray:
        """The square of each point in metres; one more than the last for points beyond the margin."""
        row, column = np.floor((y - self.y_min) / self.cell_m), np.floor((x - self.x_min) / self.cell_m)
        near = (row >= 0) & (row < self.shape[0]) & (column >= 0) & (column < self.shape[1])
        return np.where(near, row * self.shape[1] + column, self.shape[0] * self.shape[1]).astype(np.int64)

    def counted(self, squares: IntArray, weights: FloatArray) -> FloatArray:
        """Sum of weights in each square, shape `shape`."""
        size = self.shape[0] * self.shape[1]
        return np.bincount(squares, weights=weights, minlength=size + 1)[:size].reshape(self.shape)

    def smoothed(self, counted: FloatArray, bandwidth_m: float) -> FloatArray:
        """Events expected in each unit when every event is spread by a Gaussian of `bandwidth_m`; shape (size,)."""
        from scipy.ndimage import gaussian_filter

        density = gaussian_filter(counted, bandwidth_m / self.cell_m, mode="constant", truncate=KERNEL_SPREADS)
        at_middles = (density.ravel()[self.around] * self.nearness).sum(axis=0)
        return at_middles * self.area_m2 / self.cell_m**2


def _corners(row: FloatArray, column: FloatArray, columns: int) -> tuple[IntArray, FloatArray]:
    """The four squares around each position, counted in squares from the first one's middle, and their weights."""
    down, right = np.floor(row), np.floor(column)
    first = (down * columns + right).astype(np.int64)
    lower, upper = row - down, column - right
    weights = [(1 - lower) * (1 - upper), (1 - lower) * upper, lower * (1 - upper), lower * upper]
    return np.stack([first, first + 1, first + columns, first + columns + 1]), np.stack(weights)
