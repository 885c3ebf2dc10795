"""How many events stand on the very spot of another: a hash table, compiled on first use."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Odd numbers whose high bits are well mixed (of Vigna's and Knuth's generators).
MULTIPLIERS = (7_046_029_254_386_353_131, 1_442_695_040_888_963_407)


@njit(cache=True, nogil=True)
def stacks(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[int, int, int]:
    """Events that share their exact coordinates with another, the size of the largest stack, and an event in it."""
    slots = 16
    while slots < 2 * x.size:
        slots *= 2
    first = np.full(slots, -1, np.int32)
    count = np.zeros(slots, np.int32)
    for event in range(x.size):
        mixed = np.int64(x[event] * 1021.0) * MULTIPLIERS[0] + np.int64(y[event] * 1021.0) * MULTIPLIERS[1]
        slot = (mixed ^ (mixed >> 29)) & (slots - 1)
        while first[slot] >= 0 and (x[first[slot]] != x[event] or y[first[slot]] != y[event]):
            slot = (slot + 1) & (slots - 1)
        if first[slot] < 0:
            first[slot] = event
        count[slot] += 1
    stacked, best = 0, 0
    for slot in range(slots):
        if count[slot] > 1:
            stacked += count[slot]
        if count[slot] > count[best]:
            best = slot
    return stacked, count[best], first[best]
