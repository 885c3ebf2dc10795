"""Two methods or two periods on the same cells: which ground both call hot, and which only one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events, When
from rtcc_analytics.hotspots import counts, default_bandwidth_m, gi_star, kernel_density
from rtcc_analytics.hotspots.kernels import KERNELS
from rtcc_analytics.offenses import offense_codes
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import Grid

METHODS: dict[str, str] = {
    "counts": "Counts per cell",
    "quartic": "Density, quartic kernel",
    "gaussian": "Density, Gaussian kernel",
    "epanechnikov": "Density, Epanechnikov kernel",
    "adaptive": "Density, adaptive quartic kernel",
    "gi_star": "Gi* score",
}
"""Methods that can be compared, with the words for them."""


@dataclass(frozen=True)
class Side:
    """A method and a half-open period; a date left out is the first or last of the records."""

    method: str = "quartic"
    start: When | None = None
    end: When | None = None


@dataclass(frozen=True, eq=False)
class MethodComparison:
    """Two surfaces on the same cells and the hottest cells of each.

    Attributes
    ----------
    a, b : RiskSurface
        What each side computed, on the same grid.
    hot_a, hot_b : array of bool, shape (cells,)
        The hottest cells of each.
    share : float
        Share of the cells asked for, 0-1.
    shared : float
        Share of the hot cells of A that are hot in B too, 0-1.
    jaccard : float
        Cells hot in both, of those hot in either, 0-1.
    rank_correlation : float
        Spearman's, over all cells; NaN where one surface is flat.
    warnings_a, warnings_b : tuple of str
        What would mislead on each side.
    """

    a: RiskSurface
    b: RiskSurface
    hot_a: NDArray[np.bool_]
    hot_b: NDArray[np.bool_]
    share: float
    shared: float
    jaccard: float
    rank_correlation: float
    warnings_a: tuple[str, ...]
    warnings_b: tuple[str, ...]

    @property
    def reading(self) -> str:
        """The agreement in one sentence."""
        both, of = int((self.hot_a & self.hot_b).sum()), int(self.hot_a.sum())
        return (
            f"{both:,} of the {of:,} hot cells of A are hot in B too ({self.shared:.0%}; "
            f"{self.jaccard:.0%} of the cells hot in either)."
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a cell: unit, a, b, hot_a, hot_b, hot ("both", "only A", "only B" or blank)."""
        hot = np.select([self.hot_a & self.hot_b, self.hot_a, self.hot_b], ["both", "only A", "only B"], default="")
        return pd.DataFrame(
            {
                "unit": np.arange(self.a.units.size),
                "a": self.a.values,
                "b": self.b.values,
                "hot_a": self.hot_a,
                "hot_b": self.hot_b,
                "hot": hot,
            }
        )


def compare_methods(
    events: Events,
    grid: Grid,
    *,
    a: Side,
    b: Side,
    offense: str | tuple[str, ...] | None = None,
    bandwidth_m: float | None = None,
    share: float = 0.05,
) -> MethodComparison:
    """Compute two surfaces of the same offense on the same cells and compare their hottest cells.

    Parameters
    ----------
    events : Events
        In the projection of `grid`.
    grid : Grid
        Its cells all touch the study area.
    a, b : Side
        Method and period of each side.
    offense : str or tuple of str, optional
        NIBRS codes or an everyday word; all where left out.
    bandwidth_m : float, optional
        Radius of the quartic kernel, metres. The other kernels get the bandwidth that spreads an event
        equally far (the same standard deviation); counts and Gi* have none.
    share : float
        Share of the cells called hot, 0-1, rounded to at least one cell. Of cells tied at the cutoff the ones of
        lower number are taken; a cell whose value is not above 0 is never hot.

    Returns
    -------
    MethodComparison

    Raises
    ------
    RtccError
        An unknown method, a share outside 0 to 1, or no record on one side.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> zone, crs = "America/Chicago", "EPSG:32615"
    >>> town = StudyArea(shapely.box(500_000, 4_000_000, 503_000, 4_003_000), crs, zone, "Town")
    >>> events = Events(x=[501_000.0, 501_010.0, 502_500.0], y=[4_001_000.0] * 3, crs=crs, timezone=zone,
    ...                 occurred_from=["2024-01-01", "2024-01-09", "2024-01-20"], offense=["220"] * 3)
    >>> same = compare_methods(events, Grid(town, cell_m=250), a=Side("counts"), b=Side("counts"))
    >>> same.reading
    '2 of the 2 hot cells of A are hot in B too (100%; 100% of the cells hot in either).'
    """
    if not 0 < share <= 1:
        raise RtccError(f"a share of {share:g} is not a proportion; 5 % of the cells is 0.05")
    picked = events.of(*offense_codes(offense)) if offense else events
    bandwidth_m = bandwidth_m or default_bandwidth_m(grid)
    first, warnings_a = _surface(picked, grid, a, bandwidth_m)
    second, warnings_b = _surface(picked, grid, b, bandwidth_m)
    hot_a, hot_b = _hottest(first.values, share), _hottest(second.values, share)
    both, either = (hot_a & hot_b).sum(), (hot_a | hot_b).sum()
    return MethodComparison(
        first,
        second,
        hot_a,
        hot_b,
        share,
        float(both / max(hot_a.sum(), 1)),
        float(both / max(either, 1)),
        _rank_correlation(first.values, second.values),
        warnings_a,
        warnings_b,
    )


def _surface(events: Events, grid: Grid, side: Side, bandwidth_m: float) -> tuple[RiskSurface, tuple[str, ...]]:
    if side.method not in METHODS:
        raise RtccError(f"method {side.method!r} is not known; there are: {', '.join(METHODS)}")
    days = events.local_day[~np.isnat(events.local_day)]
    if not days.size:
        raise RtccError("no record of this offense has a time: choose another offense")
    start = side.start if side.start is not None else str(days.min())
    end = side.end if side.end is not None else str(days.max() + np.timedelta64(1, "D"))
    within = events.between(start, end)
    if not within.size:
        raise RtccError(f"no record of this offense from {start} to {end}: widen the period")
    if side.method in ("counts", "gi_star"):
        held = counts(within, grid)
        if side.method == "counts":
            return held, ()
        local = gi_star(within, grid)
        made_by = {**held.made_by, "model": "Gi*"}
        return RiskSurface(local.values, grid, "z_score", made_by, within.covered, within.timezone), local.warnings
    kernel = "quartic" if side.method == "adaptive" else side.method
    alike_m = bandwidth_m * KERNELS["quartic"].spread / KERNELS[kernel].spread
    surface = kernel_density(within, grid, bandwidth_m=alike_m, kernel=kernel, adaptive=side.method == "adaptive")
    return surface, tuple(surface.made_by["warnings"])


def _hottest(values: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    hot = np.zeros(values.size, dtype=bool)
    hot[np.argsort(-values, kind="stable")[: max(round(share * values.size), 1)]] = True
    return hot & (values > 0)


def _rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])
