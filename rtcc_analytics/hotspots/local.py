"""Where is it higher than its surroundings would be by chance? Local spatial association.

`gi_star` (Getis and Ord) and `local_moran` (Anselin), each over any kind of spatial unit, with two-sided p-values and
false-discovery control. Counts must include the units with none: a grid masked to the study area, not the box
around the events. One figure for the whole map: `morans_i`, `gearys_c`, `general_g`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.units import Grid, SpatialUnits

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse

FloatArray = NDArray[np.float64]
Correction = Literal["benjamini-hochberg", "benjamini-yekutieli", "none"]
Neighbours = tuple[NDArray[np.int64], NDArray[np.int64]]

COLD_LIMIT = -1.959963984540054
GROUPS = {
    "Gi*": ("hot", "cold"),
    "Gi": ("hot", "cold"),
    "local Moran": ("high-high", "low-high", "low-low", "high-low"),
}


class LocalStatisticError(RtccError):
    """Values or neighbours for which the statistic is not defined."""


@dataclass(frozen=True, eq=False)
class LocalStatistic:
    """One statistic for each unit, with what was done about looking at so many of them.

    p-values, corrections and names are worked out when first asked for: a map of a million scores costs no more.

    Attributes
    ----------
    statistic : str
        ``"Gi*"``, ``"Gi"`` or ``"local Moran"``.
    values : ndarray
        z-score for Gi*, I_i for local Moran; NaN never: a unit without neighbours has 0 and p 1.
    group : ndarray of int8
        What each unit is, significant or not: a position in `GROUPS`.
    alpha : float
    correction : str
    warnings : tuple of str
        What a reader must know before believing the map.
    drawn_p : ndarray, optional
        p-values by permutation; where None they are the normal ones of `values`.
    """

    statistic: str
    values: FloatArray
    group: NDArray[np.int8]
    alpha: float
    correction: Correction
    warnings: tuple[str, ...] = ()
    drawn_p: FloatArray | None = None

    @cached_property
    def p_value(self) -> FloatArray:
        """Two-sided, before false-discovery control."""
        if self.drawn_p is not None:
            return self.drawn_p
        from scipy.special import erfc

        return erfc(np.abs(self.values) / np.sqrt(2))

    @cached_property
    def q_value(self) -> FloatArray:
        """Two-sided, after false-discovery control."""
        return false_discovery(self.p_value, self.correction)

    @cached_property
    def significant(self) -> NDArray[np.bool_]:
        """q_value at or below `alpha`."""
        return discoveries(self.p_value, self.correction, self.alpha)

    @cached_property
    def kind(self) -> NDArray[np.object_]:
        """hot, cold or blank for Gi*; high-high, low-low, high-low, low-high or blank for local Moran."""
        names = np.array([*GROUPS[self.statistic], ""], dtype=object)
        return names[np.where(self.significant, self.group, -1)]

    def to_frame(self) -> pd.DataFrame:
        """One row a unit: value, p_value, q_value, significant, kind."""
        import pandas as pd

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


def gi_star(
    values: ArrayLike | Events,
    units: SpatialUnits | Neighbours | None = None,
    *,
    include_self: bool = True,
    correction: Correction = "benjamini-hochberg",
    alpha: float = 0.05,
) -> LocalStatistic:
    """Getis and Ord's Gi*: is a unit together with its neighbours higher than the map's mean?

    Parameters
    ----------
    values : array_like or Events
        Counts or rates: one a unit, shape (n,); or a whole lattice, shape (rows, columns), where no units are given
        and the eight cells around are neighbours. Events are counted in the units first.
    units : SpatialUnits or (indptr, indices), optional
        Whose neighbours count, with weight 1 each and 1 for the unit itself.
    include_self : bool
        False for Gi: the neighbours alone, against all units but this one.
    correction : {"benjamini-hochberg", "benjamini-yekutieli", "none"}
        False-discovery control over all units. Neighbouring scores share data: Benjamini-Yekutieli holds
        under any dependence, Benjamini-Hochberg under the positive one usual here, and finds more.
    alpha : float
        Share of false discoveries accepted.

    Returns
    -------
    LocalStatistic
        In the shape of `values`. Warnings say where no unit could be significantly cold on such counts; and, from
        events, where many stand at the very point of another and where the hot ground changes when a grid moves
        by half a cell (`grid_stability`: three more grids are tried).

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
    if isinstance(values, Events):
        return _of_events(values, units, include_self=include_self, correction=correction, alpha=alpha)
    _require_correction(correction)
    x, mean, deviation = _values(values)
    if include_self:
        z, widest = _star_scores(x, units, mean, deviation)
        warnings = _cold_warning(x, widest, mean, deviation)
    else:
        z, warnings = _plain_scores(x, units), ()
    return LocalStatistic("Gi*" if include_self else "Gi", z, (z < 0).view(np.int8), alpha, correction, warnings)


def _of_events(events: Events, units: Any, **options: Any) -> LocalStatistic:
    from dataclasses import replace

    from rtcc_analytics.hotspots.cautions import stacked_caution
    from rtcc_analytics.hotspots.counting import counts, require_events
    from rtcc_analytics.hotspots.stability import grid_stability

    require_events(events)
    if units is None or isinstance(units, tuple):
        raise LocalStatisticError("events need units to be counted in: a Grid, StreetSegments or Areas")
    result = gi_star(counts(events, units).values, units, **options)
    cautions = result.warnings + stacked_caution(events.x, events.y)
    if isinstance(units, Grid):
        options.pop("include_self")
        cautions += grid_stability(events, units, **options).warnings
    return replace(result, warnings=cautions)


def _star_scores(x: FloatArray, units: Any, mean: float, deviation: float) -> tuple[FloatArray, int]:
    """Gi* of each unit, and the most units in one sum."""
    if units is None and x.ndim != 2:
        raise LocalStatisticError(f"values have {x.ndim} dimension and no units were given; give units, or a lattice")
    if units is None or (isinstance(units, Grid) and units.kind == "square"):
        from rtcc_analytics.hotspots import _association

        inverse_spread = _inverse_spread(np.arange(10.0), x.size, deviation)
        if units is None:
            return _association.lattice_scores(x, mean, inverse_spread), int(np.prod(np.minimum(x.shape, 3)))
        _require_size(x, units.size)
        return _association.table_scores(x, units.lookup_table()[0], mean, inverse_spread)
    matrix, size = _touching(x, units)
    return (matrix @ x + x - mean * (size + 1)) * _inverse_spread(size + 1, x.size, deviation), int(size.max()) + 1


def _inverse_spread(size: FloatArray, n: int, deviation: float) -> FloatArray:
    spread = deviation * np.sqrt(np.maximum(n * size - size * size, 0) / (n - 1))
    return np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)


def _plain_scores(x: FloatArray, units: Any) -> FloatArray:
    """Gi: mean and deviation are of all units but the one looked at."""
    if units is None:
        raise LocalStatisticError("Gi without the unit itself needs units; give a Grid or (indptr, indices)")
    matrix, size = _touching(x, units)
    n = x.size
    mean = (x.sum() - x) / (n - 1)
    deviation = np.sqrt(np.maximum((x @ x - x * x) / (n - 1) - mean * mean, 0))
    spread = deviation * np.sqrt(np.maximum((n - 1) * size - size * size, 0) / (n - 2))
    return np.divide(matrix @ x - mean * size, spread, out=np.zeros(n), where=spread > 0)


def _touching(x: FloatArray, units: Any) -> tuple[sparse.csr_array, FloatArray]:
    from scipy import sparse

    indptr, indices = _neighbours(units, x.size)
    matrix = sparse.csr_array((np.ones(len(indices)), indices, indptr), shape=(x.size, x.size))
    return matrix, np.diff(indptr).astype(float)


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
    from rtcc_analytics.hotspots import _association

    _require_correction(correction)
    x, mean, deviation = _values(values)
    indptr, indices = _neighbours(units, x.size)
    z = (x - mean) / deviation
    rng = np.random.default_rng(seed)
    most = int(np.diff(indptr).max())
    others = np.stack([rng.choice(x.size - 1, size=most, replace=False, shuffle=False) for _ in range(permutations)])
    for row in others:
        rng.shuffle(row)
    lag, above, equal = _association.conditional_lags(z, indptr, indices, others)
    below = permutations - above - equal
    p = np.minimum(1.0, 2 * (np.minimum(above + equal, below + equal) + 1) / (permutations + 1))
    p[np.diff(indptr) == 0] = 1.0
    quadrant = np.where(z > 0, np.where(lag > 0, 0, 3), np.where(lag > 0, 1, 2)).astype(np.int8)
    warnings = permutation_warning(x.size, permutations, correction, alpha)
    return LocalStatistic("local Moran", z * lag, quadrant, alpha, correction, warnings, p)


_CORRECTIONS = ("benjamini-hochberg", "benjamini-yekutieli", "none")


def false_discovery(p: FloatArray, correction: Correction) -> FloatArray:
    """q-values of p-values of any shape, by Benjamini and Hochberg (1995) or Benjamini and Yekutieli (2001).

    Examples
    --------
    >>> false_discovery(np.array([0.01, 0.02, 0.9, 0.04]), "benjamini-hochberg").round(3).tolist()
    [0.04, 0.04, 0.9, 0.053]
    """
    if correction == "none":
        return p
    flat = p.ravel()
    order = np.argsort(flat)
    q = np.empty(flat.size)
    steps = flat[order] * (_tests(flat.size, correction) / np.arange(1, flat.size + 1))
    q[order] = np.minimum.accumulate(steps[::-1])[::-1]
    return np.minimum(q, 1.0).reshape(p.shape)


def discoveries(p: FloatArray, correction: Correction, alpha: float) -> NDArray[np.bool_]:
    """Where `false_discovery` would be at or below `alpha`, for which only p-values that small need sorting."""
    if correction == "none":
        return p <= alpha
    small = np.sort(p[p <= alpha], axis=None)
    passes = np.flatnonzero(small * (_tests(p.size, correction) / np.arange(1, small.size + 1)) <= alpha)
    return p <= small[passes[-1]] if passes.size else np.zeros(p.shape, dtype=bool)


def _tests(size: int, correction: Correction) -> float:
    """For how many tests p-values are made up: all, and under any dependence as many more as 1 + 1/2 + ... + 1/n."""
    return size * float((1 / np.arange(1, size + 1)).sum()) if correction == "benjamini-yekutieli" else float(size)


def _require_correction(correction: str) -> None:
    if correction not in _CORRECTIONS:
        raise LocalStatisticError(f"correction {correction!r} is not known; there are: {', '.join(_CORRECTIONS)}")


def _cold_warning(x: FloatArray, widest: int, mean: float, deviation: float) -> tuple[str, ...]:
    if mean <= 0 or x.min() < 0:
        return ()
    coldest = -mean * widest * float(_inverse_spread(np.array([float(widest)]), x.size, deviation)[0])
    if coldest > COLD_LIMIT:
        return (
            f"no unit can be significantly cold: with a mean of {mean:.3g} a unit, even {widest:.0f} empty units "
            f"together reach only z = {coldest:.2f}, where {COLD_LIMIT:.2f} is needed",
        )
    return ()


def permutation_warning(n: int, permutations: int, correction: str, alpha: float) -> tuple[str, ...]:
    """A sentence where so few permutations can hardly find anything among so many units, else nothing."""
    smallest, needed = 2 / (permutations + 1), alpha / n
    if correction != "none" and smallest > needed * max(1, n // 100):
        return (
            f"the smallest p of {permutations} permutations is {smallest:.2g}; with {n} units, {correction} at "
            f"{alpha:g} finds nothing unless at least {int(np.ceil(smallest / needed))} units reach it",
        )
    return ()


def _values(values: Any) -> tuple[FloatArray, float, float]:
    """The values, their mean and population standard deviation."""
    from rtcc_analytics.hotspots import _association

    x = np.ascontiguousarray(values, dtype=float)
    if x.size < 3:
        raise LocalStatisticError(f"{x.size} values; at least 3 units are needed")
    bad, low, high, mean, deviation = _association.moments(x.ravel())
    if bad:
        raise LocalStatisticError(f"{bad} of {x.size} values are missing; units without events have 0, not NaN")
    if low == high:
        raise LocalStatisticError(f"all {x.size} values are {low:g}; there is nothing to compare")
    return x, mean, deviation


def _require_size(x: FloatArray, size: int) -> None:
    if x.shape != (size,):
        raise LocalStatisticError(f"{x.size} values (shape {x.shape}) for {size} units; give one value a unit")


def _neighbours(units: SpatialUnits | Neighbours, size: int) -> Neighbours:
    indptr, indices = units if isinstance(units, tuple) else units.neighbours()
    if len(indptr) != size + 1:
        raise LocalStatisticError(f"{size} values for {len(indptr) - 1} units; give one value a unit")
    return np.asarray(indptr, np.int64), np.asarray(indices, np.int64)
