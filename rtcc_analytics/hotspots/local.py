"""Where is it higher than its surroundings would be by chance? Local and global spatial association.

`gi_star` (Getis and Ord), `local_moran` (Anselin), `morans_i`, `gearys_c`, each over any kind of spatial unit, with
two-sided p-values and false-discovery control. Counts must include the units with none: a grid masked to the
study area, not the box around the events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numba as nb
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, stats

from data_connectors.errors import RtccError
from rtcc_analytics.units import Grid, SpatialUnits

FloatArray = NDArray[np.float64]
Correction = Literal["benjamini-hochberg", "benjamini-yekutieli", "none"]
Neighbours = tuple[NDArray[np.int64], NDArray[np.int64]]

COLD_LIMIT = -1.959963984540054
QUADRANTS = np.array(["high-high", "low-high", "low-low", "high-low"], dtype=object)


class LocalStatisticError(RtccError):
    """Values or neighbours for which the statistic is not defined."""


@dataclass(frozen=True)
class LocalStatistic:
    """One statistic for each unit, with what was done about looking at so many of them.

    Attributes
    ----------
    statistic : str
        ``"Gi*"`` or ``"local Moran"``.
    values : ndarray
        z-score for Gi*, I_i for local Moran; NaN never: a unit without neighbours has 0 and p 1.
    p_value, q_value : ndarray
        Two-sided, before and after false-discovery control.
    significant : ndarray of bool
        q_value at or below `alpha`.
    kind : ndarray of str
        hot, cold or blank for Gi*; high-high, low-low, high-low, low-high or blank for local Moran.
    alpha : float
    correction : str
    warnings : tuple of str
        What a reader must know before believing the map.
    """

    statistic: str
    values: FloatArray
    p_value: FloatArray
    q_value: FloatArray
    significant: NDArray[np.bool_]
    kind: NDArray[np.object_]
    alpha: float
    correction: str
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a unit: value, p_value, q_value, significant, kind."""
        return pd.DataFrame(
            {
                "unit": np.arange(self.values.size),
                "value": self.values.ravel(),
                "p_value": self.p_value.ravel(),
                "q_value": self.q_value.ravel(),
                "significant": self.significant.ravel(),
                "kind": self.kind.ravel(),
            }
        )


@dataclass(frozen=True)
class GlobalStatistic:
    """One statistic for the whole map.

    Attributes
    ----------
    statistic : str
        ``"Moran's I"`` or ``"Geary's C"``.
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
        return pd.DataFrame([self.__dict__])


def gi_star(
    values: ArrayLike,
    units: SpatialUnits | Neighbours | None = None,
    *,
    correction: Correction = "benjamini-hochberg",
    alpha: float = 0.05,
) -> LocalStatistic:
    """Getis and Ord's Gi*: is a unit together with its neighbours higher than the map's mean?

    Parameters
    ----------
    values : array_like
        Counts or rates: one a unit, shape (n,); or a whole lattice, shape (rows, columns), where no units are given
        and the eight cells around are neighbours.
    units : SpatialUnits or (indptr, indices), optional
        Whose neighbours count, with weight 1 each and 1 for the unit itself.
    correction : {"benjamini-hochberg", "benjamini-yekutieli", "none"}
        False-discovery control over all units. Neighbouring scores share data: Benjamini-Yekutieli holds
        under any dependence, Benjamini-Hochberg under the positive one usual here, and finds more.
    alpha : float
        Share of false discoveries accepted.

    Returns
    -------
    LocalStatistic
        In the shape of `values`. A warning says where no unit could be significantly cold on such counts.

    Raises
    ------
    LocalStatisticError
        NaN, fewer than three units, all values equal, values and units of different size.

    Examples
    --------
    >>> counts = np.zeros((20, 20)); counts[5:8, 5:8] = 9
    >>> result = gi_star(counts)
    >>> float(result.values.max().round(2)), int(result.significant.sum()), result.kind[6, 6]
    (19.97, 21, 'hot')

    Notes
    -----
    z_i = (sum_j w_ij x_j - m W_i) / (s sqrt((n W_i - W_i^2) / (n - 1))), with population s. Ord, J. K. and
    Getis, A. (1995). Geographical Analysis 27, 286-306. Memory and time grow with the number of units.
    """
    x = _values(values)
    n, mean = x.size, x.mean()
    deviation = np.sqrt(np.square(x).mean() - mean * mean)
    summed, weight = _box_sums(x) if units is None else _neighbour_sums(x, units)
    spread = deviation * np.sqrt(np.maximum(n * weight - weight * weight, 0) / (n - 1))
    z = np.divide(summed - mean * weight, spread, out=np.zeros_like(summed), where=spread > 0)
    p = 2 * stats.norm.sf(np.abs(z))
    q = _false_discovery(p, correction)
    significant = q <= alpha
    kind = np.where(significant, np.where(z > 0, "hot", "cold"), "").astype(object)
    return LocalStatistic(
        "Gi*", z, p, q, significant, kind, alpha, correction, _cold_warning(x, weight, mean, deviation)
    )


def local_moran(
    values: ArrayLike,
    units: SpatialUnits | Neighbours,
    *,
    permutations: int = 999,
    seed: int,
    correction: Correction = "benjamini-hochberg",
    alpha: float = 0.05,
) -> LocalStatistic:
    """Anselin's local Moran: units like their neighbours (high-high, low-low) or unlike them.

    Parameters
    ----------
    values : array_like, shape (n,)
        One a unit.
    units : SpatialUnits or (indptr, indices)
        Whose neighbours count; weights are row-standardised.
    permutations : int
        Conditional permutations: the unit keeps its value, its neighbours are drawn from all the others.
    seed : int
        The same seed gives the same p-values.
    correction, alpha
        As in `gi_star`. The smallest p is 2 / (permutations + 1): with many units, few permutations leave
        nothing significant after correction, and a warning says so.

    Returns
    -------
    LocalStatistic
        `values` holds I_i = z_i * mean of the neighbours' z. The p-value is two-sided: esda's default,
        ``directed``, is half of it, and is documented there as too small.

    Raises
    ------
    LocalStatisticError
        As in `gi_star`.

    Examples
    --------
    >>> line = np.array([0, 1, 3, 5, 7, 8]), np.array([1, 0, 2, 1, 3, 2, 4, 3])
    >>> local_moran([9.0, 8, 1, 1, 0], line, permutations=99, seed=1).values.round(2).tolist()
    [1.46, 0.34, -0.13, 0.62, 0.71]

    Notes
    -----
    Anselin, L. (1995). Local indicators of spatial association. Geographical Analysis 27, 93-115.
    """
    x = _values(values)
    indptr, indices = _neighbours(units, x.size)
    z = (x - x.mean()) / x.std()
    rng = np.random.default_rng(seed)
    most = int(np.diff(indptr).max())
    others = np.stack([rng.choice(x.size - 1, size=most, replace=False, shuffle=False) for _ in range(permutations)])
    for row in others:
        rng.shuffle(row)
    lag, above, equal = _conditional_lags(z, indptr, indices, others)
    below = permutations - above - equal
    p = np.minimum(1.0, 2 * (np.minimum(above + equal, below + equal) + 1) / (permutations + 1))
    p[np.diff(indptr) == 0] = 1.0
    q = _false_discovery(p, correction)
    significant = q <= alpha
    quadrant = np.where(z > 0, np.where(lag > 0, 0, 3), np.where(lag > 0, 1, 2))
    kind = np.where(significant, QUADRANTS[quadrant], "").astype(object)
    return LocalStatistic(
        "local Moran",
        z * lag,
        p,
        q,
        significant,
        kind,
        alpha,
        correction,
        _permutation_warning(x.size, permutations, correction, alpha),
    )


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
    x = _values(values)
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
    x = _values(values)
    w = _row_standardised(units, x.size)
    pairs = w.tocoo()
    z = x - x.mean()
    scale = (x.size - 1) / (2 * w.sum() * (z @ z))

    def c_of(v: FloatArray) -> float:
        return scale * (pairs.data @ np.square(v[pairs.row] - v[pairs.col]))

    rng = np.random.default_rng(seed)
    drawn = np.array([c_of(rng.permutation(z)) for _ in range(permutations)])
    return _global("Geary's C", c_of(z), 1.0, _geary_variance(w, z), drawn)


def _global(name: str, value: float, expected: float, variance: float, drawn: FloatArray) -> GlobalStatistic:
    z = (value - expected) / np.sqrt(variance)
    far = (np.abs(drawn - drawn.mean()) >= abs(value - drawn.mean())).sum()
    return GlobalStatistic(
        name,
        float(value),
        float(expected),
        float(z),
        float(2 * stats.norm.sf(abs(z))),
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


def _box_sums(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum over each cell and the eight around it, and how many those are, on a whole lattice."""
    if x.ndim != 2:
        raise LocalStatisticError(f"values have {x.ndim} dimension and no units were given; give units, or a lattice")
    down = x.copy()
    down[1:] += x[:-1]
    down[:-1] += x[1:]
    summed = down.copy()
    summed[:, 1:] += down[:, :-1]
    summed[:, :-1] += down[:, 1:]
    rows, columns = (np.full(side, 3.0) for side in x.shape)
    for side in (rows, columns):
        side[0] -= 1
        side[-1] -= 1
    return summed, np.outer(rows, columns)


def _neighbour_sums(x: FloatArray, units: SpatialUnits | Neighbours) -> tuple[FloatArray, FloatArray]:
    if isinstance(units, Grid) and units.kind == "square":
        _require_size(x, units.size)
        table, _ = units.lookup_table()
        kept = table >= 0
        lattice, present = np.zeros(table.shape), kept.astype(float)
        lattice[kept] = x[table[kept]]
        summed, weight = np.empty(x.size), np.empty(x.size)
        summed[table[kept]] = _box_sums(lattice)[0][kept]
        weight[table[kept]] = _box_sums(present)[0][kept]
        return summed, weight
    indptr, indices = _neighbours(units, x.size)
    matrix = sparse.csr_array((np.ones(len(indices)), indices, indptr), shape=(x.size, x.size))
    return matrix @ x + x, np.diff(indptr) + 1.0


@nb.njit(cache=True, parallel=True, nogil=True)
def _conditional_lags(z, indptr, indices, others):
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


def _false_discovery(p: FloatArray, correction: Correction) -> FloatArray:
    if correction == "none":
        return p
    methods = {"benjamini-hochberg": "bh", "benjamini-yekutieli": "by"}
    if correction not in methods:
        raise LocalStatisticError(f"correction {correction!r} is not known; there are: {', '.join(methods)}, none")
    return stats.false_discovery_control(p.ravel(), method=methods[correction]).reshape(p.shape)


def _cold_warning(x: FloatArray, weight: FloatArray, mean: float, deviation: float) -> tuple[str, ...]:
    if x.min() < 0:
        return ()
    widest, n = weight.max(), x.size
    coldest = -mean * widest / (deviation * np.sqrt((n * widest - widest**2) / (n - 1)))
    if coldest > COLD_LIMIT:
        return (
            f"no unit can be significantly cold: with a mean of {mean:.3g} a unit, even {widest:.0f} empty units "
            f"together reach only z = {coldest:.2f}, where {COLD_LIMIT:.2f} is needed",
        )
    return ()


def _permutation_warning(n: int, permutations: int, correction: str, alpha: float) -> tuple[str, ...]:
    smallest, needed = 2 / (permutations + 1), alpha / n
    if correction != "none" and smallest > needed * max(1, n // 100):
        return (
            f"the smallest p of {permutations} permutations is {smallest:.2g}; with {n} units, {correction} at "
            f"{alpha:g} finds nothing unless at least {int(np.ceil(smallest / needed))} units reach it",
        )
    return ()


def _values(values: Any) -> FloatArray:
    x = np.asarray(values, dtype=float)
    if bad := int((~np.isfinite(x)).sum()):
        raise LocalStatisticError(f"{bad} of {x.size} values are missing; units without events have 0, not NaN")
    if x.size < 3:
        raise LocalStatisticError(f"{x.size} values; at least 3 units are needed")
    if x.min() == x.max():
        raise LocalStatisticError(f"all {x.size} values are {x.flat[0]:g}; there is nothing to compare")
    return x


def _require_size(x: FloatArray, size: int) -> None:
    if x.shape != (size,):
        raise LocalStatisticError(f"{x.size} values (shape {x.shape}) for {size} units; give one value a unit")


def _neighbours(units: SpatialUnits | Neighbours, size: int) -> Neighbours:
    indptr, indices = units if isinstance(units, tuple) else units.neighbours()
    if len(indptr) != size + 1:
        raise LocalStatisticError(f"{size} values for {len(indptr) - 1} units; give one value a unit")
    return np.asarray(indptr, np.int64), np.asarray(indices, np.int64)


def _row_standardised(units: SpatialUnits | Neighbours, size: int) -> sparse.csr_array:
    indptr, indices = _neighbours(units, size)
    counts = np.diff(indptr)
    weights = np.repeat(np.divide(1.0, counts, out=np.zeros(size), where=counts > 0), counts)
    if not len(indices):
        raise LocalStatisticError(f"none of the {size} units has a neighbour")
    return sparse.csr_array((weights, indices, indptr), shape=(size, size))
