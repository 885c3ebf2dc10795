"""Spreading compiled loops over the processor's cores, with answers that do not depend on how many there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Answer = TypeVar("Answer")

SLICES = 16


def on_all_cores(task: Callable[[int, int], Answer], slices: Iterable[tuple[int, int]]) -> list[Answer]:
    """What `task(first, last)` returns for each slice, in order.

    `task` must release the interpreter's lock (numba ``nogil``) to gain anything. Slices are
    fixed by the data, never by the number of cores, so that sums of fractions agree everywhere.

    Examples
    --------
    >>> on_all_cores(lambda first, last: last - first, [(0, 4), (4, 9)])
    [4, 5]
    """
    slices = list(slices)
    cores = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, len(slices))
    if cores <= 1:
        return [task(*piece) for piece in slices]
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(lambda piece: task(*piece), slices))


def even_slices(work_up_to: NDArray[np.int64], parts: int = SLICES) -> list[tuple[int, int]]:
    """Rows cut into at most `parts` slices of about equal work.

    Parameters
    ----------
    work_up_to : array of int, shape (rows + 1,)
        Work done before each row, as in the index pointer of a sparse matrix.

    Examples
    --------
    >>> even_slices(np.array([0, 10, 20, 30, 40]), 2)
    [(0, 2), (2, 4)]
    """
    goals = np.linspace(work_up_to[0], work_up_to[-1], parts + 1)[1:-1]
    rows = len(work_up_to) - 1
    edges = np.unique(np.r_[0, np.searchsorted(work_up_to, goals), rows])
    return [(int(first), int(last)) for first, last in zip(edges[:-1], edges[1:], strict=True)]
