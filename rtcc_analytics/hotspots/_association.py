"""The inner loops of local association: compiled on first use, kept apart so that nothing else waits for them."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@nb.njit(cache=True, nogil=True)
def moments(values: Floats) -> tuple[int, float, float, float, float]:
    """How many values are not finite, least, greatest, mean and population standard deviation."""
    bad, low, high, total = 0, np.inf, -np.inf, 0.0
    for value in values:
        if not np.isfinite(value):
            bad += 1
        low, high, total = min(low, value), max(high, value), total + value
    mean = total / values.size
    squares = 0.0
    for value in values:
        squares += (value - mean) * (value - mean)
    return bad, low, high, mean, np.sqrt(squares / values.size)


@nb.njit(cache=True, nogil=True, fastmath=True)
def lattice_scores(lattice: Floats, mean: float, inverse_spread: Floats) -> Floats:
    """Gi* of a whole lattice: each cell with the up to eight around it. `inverse_spread` is by their number."""
    rows, columns = lattice.shape
    scores, down = np.empty((rows, columns)), np.empty(columns)
    for row in range(rows):
        tall = (row > 0) + 1 + (row < rows - 1)
        above, below = max(row - 1, 0), min(row + 1, rows - 1)
        for column in range(columns):
            down[column] = lattice[row, column]
        if row > 0:
            for column in range(columns):
                down[column] += lattice[above, column]
        if row < rows - 1:
            for column in range(columns):
                down[column] += lattice[below, column]
        middle, edge = 3 * tall, 2 * tall
        expected, scale = mean * middle, inverse_spread[middle]
        for column in range(1, columns - 1):
            scores[row, column] = (down[column - 1] + down[column] + down[column + 1] - expected) * scale
        if columns == 1:
            scores[row, 0] = (down[0] - mean * tall) * inverse_spread[tall]
        else:
            scores[row, 0] = (down[0] + down[1] - mean * edge) * inverse_spread[edge]
            last = columns - 1
            scores[row, last] = (down[last] + down[last - 1] - mean * edge) * inverse_spread[edge]
    return scores


@nb.njit(cache=True, nogil=True)
def table_scores(
    values: Floats, table: NDArray[np.int32], mean: float, inverse_spread: Floats
) -> tuple[Floats, int]:
    """Gi* of the units in a table of unit numbers (-1 for none, a margin of one around), and the most neighbours."""
    rows, columns = table.shape
    scores, widest = np.zeros(values.size), 0
    for row in range(1, rows - 1):
        for column in range(1, columns - 1):
            unit = table[row, column]
            if unit < 0:
                continue
            total, size = 0.0, 0
            for near_row in range(row - 1, row + 2):
                for near_column in range(column - 1, column + 2):
                    near = table[near_row, near_column]
                    if near >= 0:
                        total += values[near]
                        size += 1
            scores[unit] = (total - mean * size) * inverse_spread[size]
            widest = max(widest, size)
    return scores, widest


@nb.njit(cache=True, parallel=True, nogil=True)
def conditional_lags(z, indptr, indices, others):
    """Each unit's lag, and how many permuted lags times z_i lie above it or equal it."""
    n = len(z)
    lag, above, equal = np.zeros(n), np.zeros(n, np.int64), np.zeros(n, np.int64)
    for i in nb.prange(n):
        size = indptr[i + 1] - indptr[i]
        if size == 0:
            continue
        total = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            total += z[indices[k]]
        lag[i] = total / size
        for permutation in range(others.shape[0]):
            drawn = 0.0
            for k in range(size):
                other = others[permutation, k]
                drawn += z[other + 1 if other >= i else other]
            if abs(drawn - total) <= 1e-12 * (1 + abs(total)):
                equal[i] += 1
            elif (drawn > total) == (z[i] > 0):
                above[i] += 1
    return lag, above, equal
