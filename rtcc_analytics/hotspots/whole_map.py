"""One figure for the whole map: do like values lie together (Moran, Geary), do high ones (Getis and Ord's G)?"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rtcc_analytics.hotspots.local import (
    FloatArray,
    LocalStatisticError,
    Neighbours,
    _neighbours,
    _values,
)
from rtcc_analytics.units import SpatialUnits

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse


@dataclass(frozen=True)
class GlobalStatistic:
    """One statistic for the whole map.

    Attributes
    ----------
    statistic : str
        ``"Moran's I"``, ``"Geary's C"`` or ``"General G"``.
    value, expected, z, p_normal : float
        With the variance under randomisation, two-sided.
    p_permutation : float
        (1 + permutations as far from their mean) / (1 + permutations); two-sided.
    permutations : int
    """

    statistic: str
    value: float
    expected: float
    z: float
    p_normal: float
    p_permutation: float
    permutations: int

    def to_frame(self) -> pd.DataFrame:
        """One row with every figure."""
        import pandas as pd

        return pd.DataFrame([self.__dict__])


def morans_i(
    values: ArrayLike, units: SpatialUnits | Neighbours, *, permutations: int = 999, seed: int
) -> GlobalStatistic:
    """Moran's I over row-standardised neighbours: do like values lie together on the whole map?

    Parameters
    ----------
    values : array_like, shape (n,)
    units : SpatialUnits or (indptr, indices)
    permutations, seed : int
        Permutations of the values over the units.

    Raises
    ------
    LocalStatisticError
        As in `gi_star`.

    Examples
    --------
    >>> line = np.array([0, 1, 3, 5, 7, 8]), np.array([1, 0, 2, 1, 3, 2, 4, 3])
    >>> round(morans_i([1.0, 2, 3, 4, 5], line, permutations=99, seed=1).value, 3)
    0.6

    Notes
    -----
    Variance under randomisation: Cliff, A. D. and Ord, J. K. (1981). Spatial processes.
    """
    x, *_ = _values(values)
    w = _row_standardised(units, x.size)
    z = x - x.mean()
    scale = x.size / w.sum() / (z @ z)
    value = scale * (z @ (w @ z))
    expected, variance = -1 / (x.size - 1), _moran_variance(w, z)
    rng = np.random.default_rng(seed)
    drawn = np.array([scale * (p @ (w @ p)) for p in (rng.permutation(z) for _ in range(permutations))])
    return _global("Moran's I", value, expected, variance, drawn)


def gearys_c(
    values: ArrayLike, units: SpatialUnits | Neighbours, *, permutations: int = 999, seed: int
) -> GlobalStatistic:
    """Geary's C over row-standardised neighbours: below 1 where neighbours are alike.

    Parameters
    ----------
    values : array_like, shape (n,)
    units : SpatialUnits or (indptr, indices)
    permutations, seed : int
        Permutations of the values over the units.

    Raises
    ------
    LocalStatisticError
        As in `gi_star`.

    Examples
    --------
    >>> line = np.array([0, 1, 3, 5, 7, 8]), np.array([1, 0, 2, 1, 3, 2, 4, 3])
    >>> round(gearys_c([1.0, 2, 3, 4, 5], line, permutations=99, seed=1).value, 3)
    0.2

    Notes
    -----
    Variance under randomisation: Cliff, A. D. and Ord, J. K. (1981). Spatial processes.
    """
    x, *_ = _values(values)
    w = _row_standardised(units, x.size)
    pairs = w.tocoo()
    z = x - x.mean()
    scale = (x.size - 1) / (2 * w.sum() * (z @ z))

    def c_of(v: FloatArray) -> float:
        return scale * (pairs.data @ np.square(v[pairs.row] - v[pairs.col]))

    rng = np.random.default_rng(seed)
    drawn = np.array([c_of(rng.permutation(z)) for _ in range(permutations)])
    return _global("Geary's C", c_of(z), 1.0, _geary_variance(w, z), drawn)


def general_g(
    values: ArrayLike, units: SpatialUnits | Neighbours, *, permutations: int = 999, seed: int
) -> GlobalStatistic:
    """Getis and Ord's general G over binary neighbours: above its expectation where high values lie together.

    Moran's I is as large for a city of empty quarters as for one of hot spots; G tells them apart.

    Parameters
    ----------
    values : array_like, shape (n,)
        None negative.
    units : SpatialUnits or (indptr, indices)
    permutations, seed : int
        Permutations of the values over the units.

    Raises
    ------
    LocalStatisticError
        As in `gi_star`, or a negative value.

    Examples
    --------
    >>> line = np.array([0, 1, 3, 5, 7, 8]), np.array([1, 0, 2, 1, 3, 2, 4, 3])
    >>> result = general_g([9.0, 8, 1, 0, 0], line, permutations=99, seed=1)
    >>> round(result.value, 3), result.expected
    (0.899, 0.4)

    Notes
    -----
    Variance under randomisation: Getis, A. and Ord, J. K. (1992). The analysis of spatial association by use of
    distance statistics. Geographical Analysis 24, 189-206.
    """
    x, *_ = _values(values)
    if x.min() < 0:
        raise LocalStatisticError(f"the least value is {x.min():g}; G is defined for values that are not negative")
    w = _row_standardised(units, x.size)
    w.data[:] = 1.0
    pairs = x.sum() ** 2 - x @ x
    value, expected = (x @ (w @ x)) / pairs, w.sum() / (x.size * (x.size - 1))
    rng = np.random.default_rng(seed)
    drawn = np.array([p @ (w @ p) for p in (rng.permutation(x) for _ in range(permutations))]) / pairs
    return _global("General G", value, expected, _g_variance(w, x, pairs) - expected**2, drawn)


def _g_variance(w: sparse.csr_array, x: FloatArray, pairs: float) -> float:
    """The mean square of G under randomisation."""
    n, (s0, s1, s2) = float(x.size), _weight_sums(w)
    m1, m2, m3, m4 = (float(np.sum(x**power)) for power in (1, 2, 3, 4))
    b0 = (n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0 * s0
    b1 = -((n * n - n) * s1 - 2 * n * s2 + 6 * s0 * s0)
    b2 = -(2 * n * s1 - (n + 3) * s2 + 6 * s0 * s0)
    b3 = 4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0 * s0
    b4 = s1 - s2 + s0 * s0
    top = b0 * m2 * m2 + b1 * m4 + b2 * m1 * m1 * m2 + b3 * m1 * m3 + b4 * m1**4
    return top / (pairs * pairs * n * (n - 1) * (n - 2) * (n - 3))


def _global(name: str, value: float, expected: float, variance: float, drawn: FloatArray) -> GlobalStatistic:
    z = (value - expected) / np.sqrt(variance)
    far = (np.abs(drawn - drawn.mean()) >= abs(value - drawn.mean())).sum()
    return GlobalStatistic(
        name,
        float(value),
        float(expected),
        float(z),
        erfc(abs(z) / 2**0.5),
        float((1 + far) / (1 + len(drawn))),
        len(drawn),
    )


def _weight_sums(w: sparse.csr_array) -> tuple[float, float, float]:
    symmetric = w + w.T
    s1 = float(np.square(symmetric.data).sum() / 2)
    s2 = float(np.square(w.sum(axis=1) + w.sum(axis=0)).sum())
    return float(w.sum()), s1, s2


def _moran_variance(w: sparse.csr_array, z: FloatArray) -> float:
    n, (s0, s1, s2) = len(z), _weight_sums(w)
    kurtosis = np.mean(z**4) / np.mean(z**2) ** 2
    first = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0 * s0)
    second = kurtosis * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0 * s0)
    return (first - second) / ((n - 1) * (n - 2) * (n - 3) * s0 * s0) - 1 / (n - 1) ** 2


def _geary_variance(w: sparse.csr_array, z: FloatArray) -> float:
    n, (s0, s1, s2) = len(z), _weight_sums(w)
    k = np.mean(z**4) / np.mean(z**2) ** 2
    a = (n - 1) * s1 * (n * n - 3 * n + 3 - (n - 1) * k)
    b = 0.25 * (n - 1) * s2 * (n * n + 3 * n - 6 - (n * n - n + 2) * k)
    c = s0 * s0 * (n * n - 3 - (n - 1) ** 2 * k)
    return (a - b + c) / (n * (n - 2) * (n - 3) * s0 * s0)


def _row_standardised(units: SpatialUnits | Neighbours, size: int) -> sparse.csr_array:
    from scipy import sparse

    indptr, indices = _neighbours(units, size)
    counts = np.diff(indptr)
    weights = np.repeat(np.divide(1.0, counts, out=np.zeros(size), where=counts > 0), counts)
    if not len(indices):
        raise LocalStatisticError(f"none of the {size} units has a neighbour")
    return sparse.csr_array((weights, indices, indptr), shape=(size, size))
