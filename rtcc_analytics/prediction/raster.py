"""A fine lattice on which events are smoothed, whatever the units: surfaces are read off at their middles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rtcc_analytics.prediction.history import FloatArray, IntArray
from rtcc_analytics.units import SpatialUnits

MOST_CELLS = 4_000_000
MARGIN_M = 3000.0
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
    at : array of int, shape (units.size,)
        The square in which each unit's middle lies.
    area_m2 : array of float, shape (units.size,)
    """

    x_min: float
    y_min: float
    cell_m: float
    shape: tuple[int, int]
    at: IntArray
    area_m2: FloatArray

    @classmethod
    def over(cls, units: SpatialUnits, *, cell_m: float = 50.0) -> Raster:
        """A raster over `units`, coarser than asked where it would have more than four million squares."""
        x, y = units.centroids()
        x_min, y_min = x.min() - MARGIN_M, y.min() - MARGIN_M
        wide, high = x.max() + MARGIN_M - x_min, y.max() + MARGIN_M - y_min
        cell_m = max(cell_m, float(np.sqrt(wide * high / MOST_CELLS)))
        shape = int(high // cell_m) + 1, int(wide // cell_m) + 1
        at = ((y - y_min) // cell_m).astype(np.int64) * shape[1] + ((x - x_min) // cell_m).astype(np.int64)
        return cls(float(x_min), float(y_min), cell_m, shape, at, units.area_m2)

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
        return density.ravel()[self.at] * self.area_m2 / self.cell_m**2
