"""The inner loops of the kernel density: compiled on first use, kept apart so that nothing else waits for them.

Lengths are in cells. The lattice point (row, column) stands at across = column (+ `shift` in odd
rows), up = row * `row_height`. Kernel codes: 0 quartic, 1 Epanechnikov, 2 Gaussian (`reach` is then
five standard deviations).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

GAUSSIAN_REACH = 5.0
TILE_ROWS, TILE_COLUMNS = 4, 64

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def tile_order(across: Floats, up: Floats, rows: int, columns: int) -> NDArray[np.int64]:
    """Order of events by tile of the lattice: neighbours one after another keep the processor's cache warm."""
    tiles_across = columns // TILE_COLUMNS + 1
    tile = np.empty(across.size, np.int32)
    start = np.zeros((rows // TILE_ROWS + 1) * tiles_across + 1, np.int64)
    for event in range(across.size):
        tile[event] = int(up[event]) // TILE_ROWS * tiles_across + int(across[event]) // TILE_COLUMNS
        start[tile[event] + 1] += 1
    start = np.cumsum(start)
    order = np.empty(across.size, np.int64)
    for event in range(across.size):
        order[start[tile[event]]] = event
        start[tile[event]] += 1
    return order


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _across_row(across, reach, code, columns, table):
    """First and last column (excluded) within reach of a point, and each column's part of the kernel in `table`."""
    first = max(0, int(np.ceil(across - reach)))
    last = max(first, min(columns, int(np.floor(across + reach)) + 1))
    inverse = 1.0 / (reach * reach)
    for step in range(last - first):
        apart = first + step - across
        table[step] = apart * apart * inverse
    if code == 2:
        for step in range(last - first):
            table[step] = np.exp(-0.5 * GAUSSIAN_REACH * GAUSSIAN_REACH * table[step])
    return first, last


@njit(cache=True, nogil=True, fastmath=True)
def add_kernels(
    across: Floats,
    up: Floats,
    weights: Floats,
    reach: Floats,
    code: int,
    row_height: float,
    shift: float,
    lattice: Floats,
) -> None:
    """Add each event's weight times its kernel (1 in the middle) to every lattice point within its reach.

    What a column adds to the squared distance is worked out once for all rows that stand alike. The loops over
    columns are plain runs without a branch: the processor does four at a time.
    """
    rows, columns = lattice.shape
    table = np.empty(columns)
    unlike = 1 if shift == 0.0 else 2
    for event in range(across.size):
        weight, here = weights[event], reach[event if reach.size > 1 else 0]
        low = max(0, int(np.ceil((up[event] - here) / row_height)))
        high = min(rows - 1, int(np.floor((up[event] + here) / row_height)))
        for begin in range(low, low + unlike):
            first, last = _across_row(across[event] - (shift if begin & 1 else 0.0), here, code, columns, table)
            for row in range(begin, high + 1, unlike):
                rise = (row * row_height - up[event]) / here
                left = 1.0 - rise * rise
                if code == 0:
                    for step in range(last - first):
                        share = max(left - table[step], 0.0)
                        lattice[row, first + step] += weight * share * share
                elif code == 1:
                    for step in range(last - first):
                        lattice[row, first + step] += weight * max(left - table[step], 0.0)
                else:
                    height = weight * np.exp(-0.5 * GAUSSIAN_REACH * GAUSSIAN_REACH * rise * rise)
                    for step in range(last - first):
                        lattice[row, first + step] += height * table[step]


@njit(cache=True, nogil=True, fastmath=True)
def gather_kernels(
    across: Floats,
    up: Floats,
    reach: Floats,
    code: int,
    row_height: float,
    shift: float,
    lattice: Floats,
) -> Floats:
    """The same sums the other way round: for each event, its kernel over the lattice times the lattice's values."""
    rows, columns = lattice.shape
    table, sums = np.empty(columns), np.zeros(across.size)
    unlike = 1 if shift == 0.0 else 2
    for event in range(across.size):
        here, total = reach[event if reach.size > 1 else 0], 0.0
        low = max(0, int(np.ceil((up[event] - here) / row_height)))
        high = min(rows - 1, int(np.floor((up[event] + here) / row_height)))
        for begin in range(low, low + unlike):
            first, last = _across_row(across[event] - (shift if begin & 1 else 0.0), here, code, columns, table)
            for row in range(begin, high + 1, unlike):
                rise = (row * row_height - up[event]) / here
                left = 1.0 - rise * rise
                if code == 2:
                    height = np.exp(-0.5 * GAUSSIAN_REACH * GAUSSIAN_REACH * rise * rise)
                    for step in range(last - first):
                        total += height * table[step] * lattice[row, first + step]
                else:
                    for step in range(last - first):
                        share = max(left - table[step], 0.0)
                        total += (share * share if code == 0 else share) * lattice[row, first + step]
        sums[event] = total
    return sums


@njit(cache=True, nogil=True)
def share_among_four(across: Floats, up: Floats, weights: Floats, rows: int, columns: int) -> Floats:
    """Each event's weight shared among the four nearest points of a square lattice, by how near they are."""
    lattice = np.zeros((rows, columns))
    for event in range(across.size):
        row, column = int(up[event]), int(across[event])
        rise, run = up[event] - row, across[event] - column
        below, above = min(row + 1, rows - 1), min(column + 1, columns - 1)
        lattice[row, column] += weights[event] * (1 - rise) * (1 - run)
        lattice[row, above] += weights[event] * (1 - rise) * run
        lattice[below, column] += weights[event] * rise * (1 - run)
        lattice[below, above] += weights[event] * rise * run
    return lattice


@njit(cache=True, nogil=True)
def read_among_four(across: Floats, up: Floats, lattice: Floats) -> Floats:
    """The lattice's value at each event, from the four nearest points."""
    rows, columns = lattice.shape
    values = np.empty(across.size)
    for event in range(across.size):
        row, column = int(up[event]), int(across[event])
        rise, run = up[event] - row, across[event] - column
        below, above = min(row + 1, rows - 1), min(column + 1, columns - 1)
        values[event] = (1 - rise) * ((1 - run) * lattice[row, column] + run * lattice[row, above]) + rise * (
            (1 - run) * lattice[below, column] + run * lattice[below, above]
        )
    return values


@njit(cache=True, nogil=True)
def held_out_scores(
    chosen: NDArray[np.int64],
    place: NDArray[np.int64],
    x: Floats,
    y: Floats,
    weights: Floats,
    cell_start: NDArray[np.int64],
    columns: int,
    cell_m: float,
    squared_reach: Floats,
    code: int,
) -> Floats:
    """Kernel sums (1 in the middle) at the chosen events from all events at other places, for every reach.

    Events are sorted by square cells of `cell_m`, at least the largest reach, laid from (0, 0).
    """
    sums = np.zeros((chosen.size, squared_reach.size))
    rows = (cell_start.size - 1) // columns
    for position in range(chosen.size):
        here = chosen[position]
        row, column = int(y[here] / cell_m), int(x[here] / cell_m)
        for near_row in range(max(0, row - 1), min(rows, row + 2)):
            begin = cell_start[near_row * columns + max(0, column - 1)]
            end = cell_start[near_row * columns + min(columns, column + 2)]
            for other in range(begin, end):
                squared = (x[other] - x[here]) ** 2 + (y[other] - y[here]) ** 2
                if place[other] == place[here]:
                    continue
                for which in range(squared_reach.size - 1, -1, -1):
                    if squared >= squared_reach[which]:
                        break
                    share = 1 - squared / squared_reach[which]
                    if code == 0:
                        share = share * share
                    elif code == 2:
                        share = np.exp(-0.5 * GAUSSIAN_REACH * GAUSSIAN_REACH * squared / squared_reach[which])
                    sums[position, which] += weights[other] * share
    return sums
