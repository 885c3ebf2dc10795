"""Kernel density of recent events, and prospective hot spotting (ProMap)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.history import FloatArray, History, PredictionError
from rtcc_analytics.prediction.mixing import ground_share, likeliest_even_share, with_even_share
from rtcc_analytics.prediction.raster import Raster
from rtcc_analytics.units import Grid

BANDWIDTHS_M = (75.0, 125.0, 200.0, 350.0, 600.0)
SQUARES_A_BANDWIDTH = 4
FINEST_SQUARE_M = 50.0
SMOOTH_WINDOWS = 3
Metric = Literal["chebyshev", "manhattan", "euclidean"]


@dataclass(frozen=True)
class KernelDensity(Model):
    """Events of the last `window_days`, each spread by a Gaussian.

    Attributes
    ----------
    bandwidth_m : float, optional
        Standard deviation along each axis (a quartic kernel of radius h compares to h / √8); by
        default the one of `BANDWIDTHS_M` under which past windows were likeliest.
    window_days : float

    Notes
    -----
    Chainey, Tompson and Uhlig (2008), *Security Journal* 21, 4-28.
    """

    bandwidth_m: float | None = None
    window_days: float = 365.0
    name: str = "kernel density"

    def _learn(self, history: History) -> FittedDensity:
        if self.bandwidth_m is not None and not self.bandwidth_m > 0:
            raise PredictionError(f"bandwidth_m is {self.bandwidth_m}: a positive distance in metres is needed")
        rasters = {b: _raster(history, b) for b in ((self.bandwidth_m,) if self.bandwidth_m else BANDWIDTHS_M)}
        bandwidth, even = _chosen(history, rasters, self.window_days)
        return FittedDensity(model=self, history=history, trained_until=history.until, raster=rasters[bandwidth],
                             bandwidth_m=bandwidth, window_days=self.window_days, even_share=even)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedDensity(Fitted):
    """A kernel density with its bandwidth, and the share spread evenly over the ground."""

    raster: Raster
    bandwidth_m: float
    window_days: float
    even_share: float

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """Smoothed events per day, scaled so that the units hold what fell in them, times the horizon."""
        shape, rate = _density(self.history, self.raster, self.bandwidth_m, self.window_days)
        return horizon_days * rate * with_even_share(shape, self.even_share, self.history)

    def learned(self) -> dict[str, Any]:
        """The bandwidth, and the share spread evenly."""
        return {"bandwidth_m": self.bandwidth_m, "even_share": round(self.even_share, 4)}


def _density(
    history: History, raster: Raster, bandwidth_m: float, window_days: float
) -> tuple[FloatArray, float]:
    """Shares of the units, and events per day in all of them."""
    past, span = history.target, min(window_days, history.days)
    recent = past.day >= past.until - span
    held = raster.counted(raster.squares(past.x, past.y), past.weight * recent)
    shape = raster.smoothed(held, bandwidth_m)
    rate = float(past.weight[recent & (past.unit >= 0)].sum()) / span
    return (shape / shape.sum() if shape.sum() > 0 else ground_share(history)), rate


def _raster(history: History, bandwidth_m: float) -> Raster:
    """Squares of a quarter of the bandwidth, by which binning widens the kernel a third of a per cent."""
    cell_m = max(FINEST_SQUARE_M, bandwidth_m / SQUARES_A_BANDWIDTH)
    return Raster.over(history.units, cell_m=cell_m, widest_m=bandwidth_m)


def _chosen(history: History, rasters: dict[float, Raster], window_days: float) -> tuple[float, float]:
    """The bandwidth under which the last windows were likeliest, and its even share."""
    tried = {
        b: likeliest_even_share(
            history, lambda known, b=b, raster=raster: _density(known, raster, b, window_days), most=SMOOTH_WINDOWS
        )
        for b, raster in rasters.items()
    }
    best = max(tried, key=lambda b: tried[b][0])
    if tried[best][0] == -np.inf:
        best = sorted(tried)[len(tried) // 2]
    return best, tried[best][1]


@dataclass(frozen=True)
class ProMap(Model):
    """Prospective hot spotting: each event of the last weeks warms the cells around it, less with distance and time.

    An event counts 1 / ((1 + cells) (1 + weeks)), both in whole numbers, nothing from `cells` cells
    or `weeks` weeks on. The sum is scaled to the events of those weeks. Square grids only.

    Attributes
    ----------
    cells, weeks : int
    metric : "chebyshev", "manhattan" or "euclidean"
        How distance in cells is counted; Euclidean distance is rounded down.

    Notes
    -----
    Bowers, Johnson and Pease (2004), *British Journal of Criminology* 44, 641-658.
    """

    cells: int = 8
    weeks: int = 8
    metric: Metric = "chebyshev"
    name: str = "ProMap"

    def _learn(self, history: History) -> FittedProMap:
        if not (isinstance(history.units, Grid) and history.units.kind == "square"):
            raise PredictionError(f"ProMap counts distance in square cells, and the units are {history.units.name}")
        even = likeliest_even_share(history, lambda known: _promap_shape(self, known, known.until), most=SMOOTH_WINDOWS)
        return FittedProMap(model=self, history=history, trained_until=history.until, even_share=even[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedProMap(Fitted):
    """ProMap with the share it spreads evenly over the ground."""

    model: ProMap
    even_share: float

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """The map at `start`, scaled to the events per day of its weeks, times the horizon."""
        shape, rate = _promap_shape(self.model, self.history, start)
        return horizon_days * rate * with_even_share(shape, self.even_share, self.history)

    def learned(self) -> dict[str, Any]:
        """The share spread evenly."""
        return {"even_share": round(self.even_share, 4)}


def promap(
    x: ArrayLike,
    y: ArrayLike,
    age_days: ArrayLike,
    grid: Grid,
    *,
    weights: ArrayLike | None = None,
    cells: int = 8,
    weeks: int = 8,
    metric: Metric = "chebyshev",
) -> FloatArray:
    """The prospective map itself: for each cell the sum of 1 / ((1 + cells away) (1 + weeks ago)).

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Metres.
    age_days : array_like of float, shape (n,)
        Days before the forecast; negative ages are left out.
    grid : Grid
        Of squares.

    Returns
    -------
    array of float, shape (grid.size,)

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> area = StudyArea(shapely.box(500_000, 0, 500_150, 150), "EPSG:32615", "UTC", "block")
    >>> promap([500_075], [75], [8.0], Grid(area, cell_m=50)).reshape(3, 3)[1].tolist()
    [0.25, 0.5, 0.25]
    """
    from scipy.ndimage import convolve

    age = np.floor(np.asarray(age_days, dtype=float) / 7)
    table, (first_row, first_column) = grid.lookup_table()
    u, v = grid.to_grid(x, y)
    row = np.floor(v / grid.cell_m).astype(np.int64) - first_row + cells
    column = np.floor(u / grid.cell_m).astype(np.int64) - first_column + cells
    shape = table.shape[0] + 2 * cells, table.shape[1] + 2 * cells
    near = (age >= 0) & (age < weeks) & (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    weight = (np.ones_like(age) if weights is None else np.asarray(weights, dtype=float)) / (1 + np.maximum(age, 0))
    place = row[near] * shape[1] + column[near]
    held = np.bincount(place, weights=weight[near], minlength=shape[0] * shape[1]).reshape(shape)
    warmth = convolve(held, _warmth(cells, metric), mode="constant")
    return warmth[grid.row - first_row + cells, grid.column - first_column + cells]


def _warmth(cells: int, metric: Metric) -> FloatArray:
    down, right = np.abs(np.mgrid[1 - cells : cells, 1 - cells : cells])
    away = {"chebyshev": np.maximum(down, right), "manhattan": down + right, "euclidean": np.hypot(down, right) // 1}
    if metric not in away:
        raise PredictionError(f"unknown metric {metric!r}; use one of {', '.join(away)}")
    return np.where(away[metric] < cells, 1 / (1 + away[metric]), 0.0)


def _promap_shape(model: ProMap, history: History, start: float) -> tuple[FloatArray, float]:
    past = history.target
    span = min(7.0 * model.weeks, past.days)
    recent = past.day >= start - span
    values = promap(past.x[recent], past.y[recent], start - past.day[recent], history.units,
                    weights=past.weight[recent], cells=model.cells, weeks=model.weeks, metric=model.metric)
    rate = float(past.weight[recent & (past.unit >= 0)].sum()) / span
    values = values * history.units.area_m2
    return (values / values.sum() if values.sum() > 0 else ground_share(history)), rate
