"""Pairs of events near one another: found once by a grid, kept as rows of partners with a distance band.

Only pairs nearer than the largest finite break are ever held. Where even those would not fit
in memory they are found again, a stretch of rows at a time, for each round of shuffles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rtcc_analytics.near_repeat.cores import even_slices, on_all_cores

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

METRICS = {"euclidean": 0, "manhattan": 1}
MOST_PAIRS_HELD = 200_000_000  # five bytes each: 1 GB


@dataclass(frozen=True, eq=False)
class PairRows:
    """The partners of a run of rows.

    Attributes
    ----------
    first_row : int
        Row to which ``starts[0]`` belongs.
    starts : array of int64, shape (rows + 1,)
        Where each row's partners begin.
    partner : array of int32
        Position of the other event.
    band : array of int8
        How many distance limits the pair's distance reaches.
    """

    first_row: int
    starts: IntArray
    partner: NDArray[np.int32]
    band: NDArray[np.int8]


class Pairs(Protocol):
    """Near pairs of events, by rows: what the grid and the streets both provide."""

    band_totals: IntArray

    def rows(self) -> Iterator[PairRows]:
        """All pairs, in one or several runs of rows."""
        ...


@dataclass(eq=False)
class GridPairs:
    """Pairs within straight or rectangular distance, found by a grid of cells as wide as the largest limit.

    Attributes
    ----------
    xy : array of float, shape (n, 2)
        Metres, in the order of `canonical_order`.
    limits : array of float, shape (bands,)
        Ascending; a pair at distance d has as band the number of limits that are <= d, and is
        left out where that is all of them.
    metric : str
        ``"euclidean"`` or ``"manhattan"``.
    targets : array of float, shape (m, 2), optional
        Pair each event with these rather than with each other; partners then count on from n.
    most_held : int
        Pairs to hold at once.

    Examples
    --------
    >>> pairs = GridPairs(np.array([[0.0, 0.0], [0.0, 30.0], [0.0, 90.0]]), np.array([50.0, 70.0]), "euclidean")
    >>> pairs.band_totals.tolist()      # one pair below 50 m, one from 50 to below 70 m
    [1, 1]
    """

    xy: FloatArray
    limits: FloatArray
    metric: str
    targets: FloatArray | None = None
    most_held: int = MOST_PAIRS_HELD
    band_totals: IntArray = field(init=False)
    _held: PairRows | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        others = self.xy if self.targets is None else self.targets
        self._others = np.ascontiguousarray(others)
        self._cell = _cell_m(self.limits[-1])
        self._origin = np.minimum(self.xy.min(axis=0), others.min(axis=0))
        across, up = _cells(others, self._origin, self._cell)
        self._width = int(max(across.max(), _cells(self.xy, self._origin, self._cell)[0].max())) + 3
        self._keys = up * self._width + across
        counts, self.band_totals = self._count()
        self._starts = np.r_[0, np.cumsum(counts)]

    def _scan(self, first: int, last: int, starts: IntArray, partner: NDArray, band: NDArray, totals: IntArray) -> None:
        _scan_rows(first, last, self.xy, self._others, self._keys, self._width, self._origin, self._cell, self.limits,
                   METRICS[self.metric], self.targets is None, starts, partner, band, totals)

    def _count(self) -> tuple[IntArray, IntArray]:
        size = len(self.xy)
        counts = np.zeros(size, dtype=np.int64)
        nothing = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int8)

        def task(first: int, last: int) -> IntArray:
            totals = np.zeros(len(self.limits), dtype=np.int64)
            self._scan(first, last, counts[first:last], *nothing, totals)
            return totals

        return counts, np.sum(on_all_cores(task, even_slices(np.arange(size + 1))), axis=0)

    def _filled(self, first_row: int, last_row: int) -> PairRows:
        starts = self._starts[first_row : last_row + 1] - self._starts[first_row]
        partner = np.empty(starts[-1], dtype=np.int32)
        band = np.empty(starts[-1], dtype=np.int8)

        def task(first: int, last: int) -> None:
            unused = np.zeros(len(self.limits), dtype=np.int64)
            self._scan(first_row + first, first_row + last, starts[first : last + 1].copy(), partner, band, unused)

        on_all_cores(task, even_slices(starts))
        if self.targets is not None:
            partner += np.int32(len(self.xy))
        return PairRows(first_row, starts, partner, band)

    def rows(self) -> Iterator[PairRows]:
        """All pairs, in one or several runs of rows; a single run is kept for the next call."""
        size = len(self.xy)
        if self._starts[-1] <= self.most_held:
            if self._held is None:
                self._held = self._filled(0, size)
            yield self._held
            return
        first = 0
        while first < size:
            fits = int(np.searchsorted(self._starts, self._starts[first] + self.most_held, side="right")) - 1
            last = min(size, max(first + 1, fits))
            yield self._filled(first, last)
            first = last


def canonical_order(xy: FloatArray, limit_m: float, *ties: NDArray, origin: FloatArray | None = None) -> IntArray:
    """An order of events that depends on where (and when) they are, not on how they were listed.

    Rows of cells from the south, cells from the west, then the coordinates and `ties`: shuffles
    drawn in this order make a p-value the same however a file is sorted. `GridPairs` needs it, with
    its own last limit; two sets share their `origin`, the least x and y of both.
    """
    across, up = _cells(xy, xy.min(axis=0) if origin is None else origin, _cell_m(limit_m))
    return np.lexsort((*ties[::-1], xy[:, 1], xy[:, 0], across, up))


def _cell_m(limit_m: float) -> float:
    """A hair wider than the limit, so that rounding never puts a near pair two cells apart."""
    return float(limit_m) * (1 + 1e-6)


def _cells(xy: FloatArray, origin: FloatArray, cell_m: float) -> tuple[IntArray, IntArray]:
    cells = np.floor((xy - origin) / cell_m).astype(np.int64) + 1
    return cells[:, 0], cells[:, 1]


@njit(cache=True, nogil=True)
def _first_at(keys: IntArray, key: int) -> int:
    low, high = 0, keys.size
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _scan_rows(
    first: int,
    last: int,
    xy: FloatArray,
    others: FloatArray,
    keys: IntArray,
    width: int,
    origin: FloatArray,
    cell: float,
    limits: FloatArray,
    metric: int,
    among_themselves: bool,
    starts: IntArray,
    partner: NDArray[np.int32],
    band: NDArray[np.int8],
    totals: IntArray,
) -> None:
    """Count the near partners of each row into `starts`, or, where `partner` has room, write them from `starts` on."""
    bands = limits.size
    counting = partner.size == 0
    for row in range(first, last):
        x, y = xy[row, 0], xy[row, 1]
        home = (int(np.floor((y - origin[1]) / cell)) + 1) * width + int(np.floor((x - origin[0]) / cell)) + 1
        at = starts[row - first]
        for step in range(-1, 2):
            if among_themselves and step < 0:
                continue
            low = _first_at(keys, home + step * width - 1)
            high = _first_at(keys, home + step * width + 2)
            if among_themselves:
                low = max(low, row + 1)
            for other in range(low, high):
                dx, dy = others[other, 0] - x, others[other, 1] - y
                if metric == 0:
                    apart = np.sqrt(dx * dx + dy * dy)
                else:
                    apart = abs(dx) + abs(dy)
                if apart >= limits[bands - 1]:
                    continue
                reached = 0
                while limits[reached] <= apart:
                    reached += 1
                totals[reached] += 1
                if not counting:
                    partner[at] = other
                    band[at] = reached
                at += 1
        starts[row - first] = at
