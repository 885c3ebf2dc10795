"""Relative risk: where are there more of these events than of those, place by place?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rtcc_analytics.events import Events, concat
from rtcc_analytics.hotspots.bandwidth import default_bandwidth_m
from rtcc_analytics.hotspots.counting import HotspotError, require_events
from rtcc_analytics.hotspots.density import EdgeCorrection, kernel_density
from rtcc_analytics.hotspots.kernels import KernelName
from rtcc_analytics.hotspots.local import Correction, discoveries, false_discovery, permutation_warning
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import Grid

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

EVEN_SHARE = 0.01
THIN_SHARE = 0.05


@dataclass(frozen=True, eq=False)
class RelativeRisk:
    """Two densities held against each other, cell by cell.

    Attributes
    ----------
    grid : Grid
    ratio : ndarray, shape (cells,)
        Share of the cases over share of the base at a place: 2 is twice as many cases as the base leads one to expect.
    log_ratio : ndarray, shape (cells,)
        Natural logarithm of it: equal steps up and down, what a map should show.
    excess_per_km2 : ndarray, shape (cells,)
        Cases per km² above (below) what the base leads one to expect; adds up to about 0.
    cases, base : RiskSurface
        The densities themselves.
    p_value : ndarray, shape (cells,), or None
        Two-sided, under random labelling; None where no permutation was asked for.
    alpha : float
    correction : str
    made_by : dict
        Parameters, and warnings.
    """

    grid: Grid
    ratio: Floats
    log_ratio: Floats
    excess_per_km2: Floats
    cases: RiskSurface
    base: RiskSurface
    p_value: Floats | None
    alpha: float
    correction: Correction
    made_by: dict[str, Any]

    @property
    def significant(self) -> NDArray[np.bool_]:
        """Cells whose ratio chance labels do not explain, after false-discovery control; none without permutations."""
        if self.p_value is None:
            return np.zeros(self.ratio.size, dtype=bool)
        return discoveries(self.p_value, self.correction, self.alpha)

    def to_frame(self) -> pd.DataFrame:
        """One row a cell: unit, label, x, y (metres), ratio, log_ratio, excess_per_km2; with permutations p and q."""
        import pandas as pd

        x, y = self.grid.centroids()
        columns: dict[str, Any] = {"unit": np.arange(self.grid.size), "label": self.grid.labels, "x": x, "y": y}
        columns |= {"ratio": self.ratio, "log_ratio": self.log_ratio, "excess_per_km2": self.excess_per_km2}
        if self.p_value is not None:
            columns |= {"p_value": self.p_value, "q_value": false_discovery(self.p_value, self.correction)}
            columns["significant"] = self.significant
        return pd.DataFrame(columns)


def relative_risk(
    cases: Events,
    base: Events,
    grid: Grid,
    *,
    bandwidth_m: float | None = None,
    kernel: KernelName = "quartic",
    edge_correction: EdgeCorrection = "uniform",
    permutations: int = 0,
    seed: int = 0,
    correction: Correction = "benjamini-hochberg",
    alpha: float = 0.05,
) -> RelativeRisk:
    """Dual kernel density: the density of `cases` over that of `base`, each as a share of its own total.

    Two offenses, two periods, or events over people (weights) at their block's middle: what is common to both, such as
    where people are, cancels. To both shares 1 % of an even spread is added, so that ground without either has a
    ratio of 1 and not of 0/0.

    Parameters
    ----------
    cases, base : Events
    grid : Grid
    bandwidth_m : float, optional
        One bandwidth for both (with two, a mere difference in smoothing shows as risk); `default_bandwidth_m` of the
        grid if left out.
    kernel, edge_correction
        As in `kernel_density`; edges are corrected, since a base just across the border would be missed.
    permutations : int
        Random labellings: cases and base are drawn anew from all events together. Only where `base` is events
        of weight 1 like the cases, and not people. 0 gives no p-values; each costs one density.
    seed : int
    correction, alpha
        As in `gi_star`.

    Returns
    -------
    RelativeRisk

    Raises
    ------
    HotspotError
        No events on either side, or none in the area; a negative number of permutations, or weights that cannot be
        labels.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> town = StudyArea(shapely.box(500_000, 4_000_000, 504_000, 4_004_000), "EPSG:32615", "America/Chicago", "Town")
    >>> rng = np.random.default_rng(1)
    >>> def at(points):
    ...     return Events(x=500_000 + points[:, 0], y=4_000_000 + points[:, 1], crs="EPSG:32615", timezone="UTC",
    ...                   occurred_from=["2024-01-01"] * len(points))
    >>> thefts, all_calls = at(rng.normal(1000, 200, (200, 2))), at(rng.uniform(0, 4000, (900, 2)))
    >>> risk = relative_risk(thefts, all_calls, Grid(town, cell_m=200), bandwidth_m=600)
    >>> bool(risk.ratio.max() > 5)
    True

    Notes
    -----
    Bithell, J. F. (1990), *Statistics in Medicine* 9; Kelsall, J. E. and Diggle, P. J. (1995), *Statistics in Medicine*
    14, for random labelling. A cell's p-value says whether labels explain it, not whether the base is the right one.
    """
    require_events(cases)
    require_events(base)
    if permutations < 0:
        raise HotspotError(f"permutations is {permutations}: 0 for none, else 99 or more")
    if permutations and (np.ptp(cases.weights) or np.ptp(base.weights) or cases.weights[0] != base.weights[0]):
        raise HotspotError(
            f"permutations need events of one weight on both sides; cases have {cases.weights.min():g} to "
            f"{cases.weights.max():g}, base {base.weights.min():g} to {base.weights.max():g}: set permutations=0"
        )
    bandwidth_m = default_bandwidth_m(grid, kernel=kernel) if bandwidth_m is None else bandwidth_m
    options: dict[str, Any] = {"bandwidth_m": bandwidth_m, "kernel": kernel, "edge_correction": edge_correction}
    above, below = kernel_density(cases, grid, **options), kernel_density(base, grid, **options)
    seen = _log_ratio(above.values, below.values, grid)
    p_value = _labelled(cases, base, grid, options, seen, permutations, seed) if permutations else None
    share = below.values / _total(below.values, grid)
    made_by = {
        **options,
        "model": "relative risk",
        "cases": cases.label,
        "base": base.label,
        "permutations": permutations,
        "seed": seed,
        "even_share": EVEN_SHARE,
        "warnings": (
            *_thin_base(share, grid),
            *above.made_by["warnings"],
            *(permutation_warning(grid.size, permutations, correction, alpha) if permutations else ()),
        ),
    }
    excess = above.values - share * _total(above.values, grid)
    return RelativeRisk(grid, np.exp(seen), seen, excess, above, below, p_value, alpha, correction, made_by)


def _total(values: Floats, grid: Grid) -> float:
    return float(values @ grid.area_m2) / 1e6


def _log_ratio(above: Floats, below: Floats, grid: Grid) -> Floats:
    even = EVEN_SHARE * 1e6 / grid.area_m2.sum()
    return np.log(above / _total(above, grid) + even) - np.log(below / _total(below, grid) + even)


def _labelled(
    cases: Events, base: Events, grid: Grid, options: dict[str, Any], seen: Floats, permutations: int, seed: int
) -> Floats:
    """Two-sided p of each cell: how often do random labels give as high, or as low, a ratio?"""
    pool = concat([cases, base])
    everyone = kernel_density(pool, grid, **options).values
    rng = np.random.default_rng(seed)
    high, low = np.ones(grid.size), np.ones(grid.size)
    for _ in range(permutations):
        drawn = kernel_density(pool.where(rng.permutation(pool.size)[: cases.size]), grid, **options).values
        # Whatever a label takes from one side it gives to the other, so the second density is a difference.
        ratio = _log_ratio(drawn, np.maximum(everyone - drawn, 0), grid)
        high += ratio >= seen - 1e-9
        low += ratio <= seen + 1e-9
    return np.minimum(1.0, 2 * np.minimum(high, low) / (permutations + 1))


def _thin_base(share: Floats, grid: Grid) -> tuple[str, ...]:
    """A sentence where much of the ground has almost no base."""
    thin = share < THIN_SHARE * 1e6 / grid.area_m2.sum()
    ground = float(grid.area_m2[thin].sum() / grid.area_m2.sum())
    if ground < 0.25:
        return ()
    return (
        f"on {100 * ground:.0f} % of the ground the base is below a twentieth of its mean: ratios there rest on hardly "
        "any base and are drawn towards 1; use a wider bandwidth or a fuller base",
    )
