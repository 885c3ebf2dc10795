"""Sums of kernels on a grid's lattice of cell middles, exact or binned."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcc_analytics.hotspots.kernels import Kernel
from rtcc_analytics.units import Grid

Floats = NDArray[np.float64]
PARALLEL_FROM_WORK = 2e7


@dataclass(frozen=True)
class Lattice:
    """A grid's cell middles and a margin around them, wide enough for every event that can reach a cell.

    Lengths are in cells. The point (row, column) stands at across = column (+ `shift` in odd rows),
    up = row * `row_height`.
    """

    grid: Grid
    shape: tuple[int, int]
    row_height: float
    shift: float
    margin: int

    @classmethod
    def around(cls, grid: Grid, reach: float) -> Lattice:
        """The lattice with a margin of `reach` cells."""
        table, (first_row, _) = grid.lookup_table()
        row_height = grid.row_m / grid.cell_m
        # Even, so that odd rows stay odd; where the first row is odd, it is the even ones that are shifted.
        margin = 2 * (int(np.ceil(reach / row_height)) // 2 + 1)
        shift = 0.0 if grid.kind == "square" else (-0.5 if first_row % 2 else 0.5)
        return cls(grid, (table.shape[0] + 2 * margin, table.shape[1] + 2 * margin), row_height, shift, margin)

    def place(self, x: Floats, y: Floats) -> tuple[Floats, Floats, NDArray[np.bool_] | slice]:
        """Where points lie on the lattice, and which of them do; only those are returned."""
        _, (first_row, first_column) = self.grid.lookup_table()
        u, v = self.grid.to_grid(x, y)
        centre = 0.5 if self.grid.kind == "square" else 0.0
        left = centre + first_column - self.margin + (0.5 if self.shift < 0 else 0.0)
        across = u / self.grid.cell_m - left
        up = v / self.grid.cell_m - (centre + (first_row - self.margin) * self.row_height)
        top, right = (self.shape[0] - 1) * self.row_height, self.shape[1] - 1
        if up.size and up.min() >= 0 and up.max() <= top and across.min() >= 0 and across.max() <= right:
            return across, up, slice(None)
        near = (up >= 0) & (up <= top) & (across >= 0) & (across <= right)
        return across[near], up[near], near

    def summed(self, across: Floats, up: Floats, weights: Floats, reach: Floats, kernel: Kernel) -> Floats:
        """Every kernel (1 in its middle) at every point, times its weight. `reach` holds one value, or one an event."""
        from rtcc_analytics.hotspots import _kernels

        values = np.zeros(self.shape)
        order = _kernels.tile_order(across, up / self.row_height, *self.shape)
        across, up, weights = across[order], up[order], weights[order]
        reach = reach[order] if reach.size > 1 else reach

        def add(part: slice) -> None:
            given = across[part], up[part], weights[part], reach[part] if reach.size > 1 else reach
            _kernels.add_kernels(*given, kernel.code, self.row_height, self.shift, values)

        rounds = self._rounds(up, float(reach.max())) if across.size else []
        if across.size * float(np.mean(reach)) ** 2 < PARALLEL_FROM_WORK or len(rounds) < 2:
            add(slice(None))
            return values
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for bands in rounds:
                list(pool.map(add, bands))
        return values

    def _rounds(self, up: Floats, reach: float) -> list[list[slice]]:
        """Events in bands of rows, in two rounds: bands of one round are too far apart to meet in a row."""
        band_rows = 4 * (int(2 * reach / self.row_height + 8) // 4)
        first = np.arange(0, self.shape[0] + band_rows, band_rows)
        # Events come by tiles of four rows, so that bands of a multiple of four rows follow one another.
        cuts = np.searchsorted((up / self.row_height).astype(np.int64) // 4, first // 4).tolist()
        bands = [slice(begin, end) for begin, end in zip(cuts[:-1], cuts[1:], strict=True)]
        rounds = ([band for band in bands[parity::2] if band.stop > band.start] for parity in (0, 1))
        return [bands for bands in rounds if bands]

    def gathered(self, across: Floats, up: Floats, reach: Floats, kernel: Kernel, values: Floats) -> Floats:
        """For each point, the sum over the lattice of its kernel times `values`."""
        from rtcc_analytics.hotspots import _kernels

        return _kernels.gather_kernels(across, up, reach, kernel.code, self.row_height, self.shift, values)

    def binned(self, across: Floats, up: Floats, weights: Floats) -> Floats:
        """Weights shared among the four nearest points; square cells only."""
        from rtcc_analytics.hotspots import _kernels

        return _kernels.share_among_four(across, up, weights, *self.shape)

    def smoothed(self, values: Floats, bandwidth: float, kernel: Kernel, *, shared: bool = True) -> Floats:
        """Values on the lattice convolved with the kernel (1 in its middle); square cells only.

        `shared` says that events between points are shared among four, before or after.
        """
        from scipy import fft

        reach = int(bandwidth * kernel.reach)
        step = np.arange(-reach, reach + 1)
        squared = (step[:, None] ** 2 + step**2) / bandwidth**2
        mask = kernel.shared_shape(squared, bandwidth) if shared else kernel.shape(squared)
        shape = [fft.next_fast_len(side + reach, real=True) for side in values.shape]
        workers = os.cpu_count()
        wave = fft.rfft2(values, shape, workers=workers)
        wave *= fft.rfft2(mask, shape, workers=workers)
        smooth = fft.irfft2(wave, shape, workers=workers)
        rows, columns = values.shape
        return np.maximum(smooth[reach : reach + rows, reach : reach + columns], 0)

    def read(self, across: Floats, up: Floats, values: Floats) -> Floats:
        """A lattice's values at points, from the four nearest; square cells only."""
        from rtcc_analytics.hotspots import _kernels

        return _kernels.read_among_four(across, up, values)

    def on_cells(self, values: Floats) -> Floats:
        """The lattice's values at the grid's cells."""
        grid, (first_row, first_column) = self.grid, self.grid.lookup_table()[1]
        return values[grid.row - first_row + self.margin, grid.column - first_column + self.margin]

    def from_cells(self, values: Floats) -> Floats:
        """Values of the grid's cells on the lattice, 0 elsewhere."""
        spread = np.zeros(self.shape)
        grid, (first_row, first_column) = self.grid, self.grid.lookup_table()[1]
        spread[grid.row - first_row + self.margin, grid.column - first_column + self.margin] = values
        return spread
