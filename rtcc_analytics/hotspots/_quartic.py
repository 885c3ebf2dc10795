"""The inner loop of the kernel density: compiled on first use, kept apart so that nothing else waits for it."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, fastmath=True)
def add_quartics(
    across: NDArray[np.float64],
    up: NDArray[np.float64],
    weights: NDArray[np.float64],
    reach: float,
    row_height: float,
    shift_odd_rows: float,
    lattice: NDArray[np.float64],
) -> None:
    """Add each event's weight times (1 - d²/h²)² to every lattice point within h = `reach`.

    Lengths are in cells. The point (row, column) stands at across = column (+ `shift_odd_rows`
    in odd rows), up = row * `row_height`; points off the lattice are passed over.
    """
    inverse = 1.0 / (reach * reach)
    rows, columns = lattice.shape
    width = int(2 * reach) + 1
    for event in range(across.size):
        weight = weights[event]
        row_low = max(0, int(np.ceil((up[event] - reach) / row_height)))
        row_high = min(rows - 1, int(np.floor((up[event] + reach) / row_height)))
        for row in range(row_low, row_high + 1):
            rise = row * row_height - up[event]
            left = 1.0 - rise * rise * inverse
            start = across[event] - (shift_odd_rows if row & 1 else 0.0)
            column = max(0, int(np.ceil(start - reach)))
            line = lattice[row, column : max(column, min(columns, int(np.ceil(start - reach)) + width))]
            first = column - start
            # A plain run over the whole width, without a branch, is what the processor does four at a time.
            for step in range(line.size):
                apart = first + step
                share = max(left - apart * apart * inverse, 0.0)
                line[step] += weight * share * share
