"""Kernel density: where events crowd, smoothed over a distance the analyst chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots.counting import HotspotError, made_from, require_events
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import Grid, require_same_crs

EXACT_WORK = 3e7
BINNED_FROM_CELLS = 12.0


@dataclass(frozen=True)
class _Lattice:
    """The grid's cell centres and a margin around them, with events placed on it; lengths in cells."""

    values: NDArray[np.float64]
    across: NDArray[np.float64]
    up: NDArray[np.float64]
    weights: NDArray[np.float64]
    row_height: float
    shift_odd_rows: float
    margin: int


def kernel_density(events: Events, grid: Grid, *, bandwidth_m: float | None = None) -> RiskSurface:
    """Quartic kernel density at every cell's centre, in events per km².

    Each event spreads over the circle of radius `bandwidth_m` around it as
    3/(pi h²) (1 - d²/h²)², so that the density integrates to the number of events (sum of
    weights) over all the plane. No edge correction: what an event spreads beyond the study area
    is not put back, and ``made_by["share_outside_area"]`` says how much that is. Events outside
    the study area count where their circle reaches in.

    Parameters
    ----------
    events : Events
    grid : Grid
        Squares or hexagons, any offset and rotation.
    bandwidth_m : float, optional
        Radius h, metres; by default `default_bandwidth_m` of the grid.

    Returns
    -------
    RiskSurface
        Kind ``"density_per_km2"``. ``made_by["evaluation"]`` is ``"exact"``; on square grids with
        at least 12 cells to the radius and very many events it is ``"binned"``: events are
        shared among the four nearest centres and convolved, off by at most (cell/h)² of the peak
        an event alone would have (under 0.7 %).

    Raises
    ------
    HotspotError
        With no event; no event near the grid; a bandwidth below the cell size (events would fall
        between centres), beyond the study area, or not positive.

    Notes
    -----
    Silverman, *Density Estimation for Statistics and Data Analysis* (1986), section 4.2.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> area = StudyArea(shapely.box(500_000, 4_000_000, 504_000, 4_004_000), "EPSG:32615", "America/Chicago", "Town")
    >>> event = Events(x=[502_000.0], y=[4_002_000.0], crs="EPSG:32615", occurred_from=["2024-01-01"],
    ...                timezone="America/Chicago")
    >>> density = kernel_density(event, Grid(area, cell_m=100), bandwidth_m=500)
    >>> round(float((density.values * density.units.area_m2 / 1e6).sum()), 3)
    1.0
    """
    require_events(events)
    require_same_crs(grid, events.crs)
    bandwidth_m, rule = _bandwidth(bandwidth_m, grid)
    lattice = _place(events, grid, bandwidth_m / grid.cell_m)
    reach = bandwidth_m / grid.cell_m
    binned = grid.kind == "square" and reach >= BINNED_FROM_CELLS and lattice.across.size * reach**2 > EXACT_WORK
    sums = _convolved(lattice, reach) if binned else _summed(lattice, reach)
    per_km2 = 3 / (np.pi * bandwidth_m**2) * 1e6
    values = _on_cells(sums, grid, lattice.margin) * per_km2
    everywhere = sums.sum() + (events.total - lattice.weights.sum()) * np.pi * bandwidth_m**2 / 3 / grid.cell_area_m2
    within = (values * grid.area_m2).sum() / per_km2 / grid.cell_area_m2
    made_by: dict[str, Any] = {
        **made_from(events, grid),
        "model": "kernel density",
        "kernel": "quartic",
        "bandwidth_m": bandwidth_m,
        "bandwidth_rule": rule,
        "evaluation": "binned" if binned else "exact",
        "edge_correction": "none",
        "share_outside_area": float(max(0.0, 1 - within / everywhere)) if everywhere else 0.0,
    }
    return RiskSurface(values, grid, "density_per_km2", made_by, events.covered, events.timezone)


def default_bandwidth_m(grid: Grid) -> float:
    """A bandwidth to start from: a thirtieth of the study area's short side, at least two cells, metres.

    That is five cells of the size practitioners start from (the short side over 150). It
    depends on the ground alone, so maps of different offenses and periods compare. A smaller one
    shows street corners, a larger one neighbourhoods; try several.

    Notes
    -----
    Chainey and Ratcliffe, *GIS and Crime Mapping* (2005), chapter 6.
    """
    x_min, y_min, x_max, y_max = grid.area.polygon.bounds
    thirtieth = min(x_max - x_min, y_max - y_min) / 30
    return float(max(round(thirtieth / 10) * 10, 2 * grid.cell_m))


def _bandwidth(bandwidth_m: float | None, grid: Grid) -> tuple[float, str]:
    if bandwidth_m is None:
        return default_bandwidth_m(grid), "a thirtieth of the study area's short side, at least two cells"
    if not (np.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise HotspotError(f"bandwidth_m is {bandwidth_m}: a positive distance in metres is needed")
    if bandwidth_m < grid.cell_m:
        raise HotspotError(
            f"bandwidth_m = {bandwidth_m:g} m is below cell_m = {grid.cell_m:g} m, so events could fall between cell "
            f"centres; use a bandwidth of at least {2 * grid.cell_m:g} m or smaller cells"
        )
    x_min, y_min, x_max, y_max = grid.area.polygon.bounds
    across = max(x_max - x_min, y_max - y_min)
    if bandwidth_m > across:
        raise HotspotError(
            f"bandwidth_m = {bandwidth_m:,.0f} m is wider than {grid.area.name} ({across:,.0f} m): every place would "
            f"look alike; start from {default_bandwidth_m(grid):g} m"
        )
    return float(bandwidth_m), "chosen"


def _place(events: Events, grid: Grid, reach: float) -> _Lattice:
    table, (first_row, first_column) = grid.lookup_table()
    margin = 2 * (int(np.ceil(reach / (grid.row_m / grid.cell_m))) // 2 + 1)
    u, v = grid.to_grid(events.x, events.y)
    hexagon = grid.kind == "hexagon"
    row_height = grid.row_m / grid.cell_m
    centre = 0.0 if hexagon else 0.5
    # Rows of odd number stay odd: the margin is even, and an odd first row moves the shift to even ones.
    across = u / grid.cell_m - centre - first_column + margin
    up = v / grid.cell_m - centre - (first_row - margin) * row_height
    shift = 0.5 if hexagon else 0.0
    if first_row % 2 and hexagon:
        across, shift = across - 0.5, -0.5
    shape = table.shape[0] + 2 * margin, table.shape[1] + 2 * margin
    near = (up >= 0) & (up <= (shape[0] - 1) * row_height) & (across >= 0) & (across <= shape[1] - 1)
    if not near.any():
        raise HotspotError(
            f"none of the {events.size:,} events is near {grid.area.name}: events span x {events.x.min():,.0f} to "
            f"{events.x.max():,.0f}, y {events.y.min():,.0f} to {events.y.max():,.0f}, the area x "
            f"{grid.area.polygon.bounds[0]:,.0f} to {grid.area.polygon.bounds[2]:,.0f}, y "
            f"{grid.area.polygon.bounds[1]:,.0f} to {grid.area.polygon.bounds[3]:,.0f} ({events.crs}, metres)"
        )
    return _Lattice(np.zeros(shape), across[near], up[near], events.weights[near], row_height, shift, margin)


def _summed(lattice: _Lattice, reach: float) -> NDArray[np.float64]:
    from rtcc_analytics.hotspots._quartic import add_quartics

    # Neighbours one after another keep the processor's cache warm.
    order = np.argsort(np.floor(lattice.up / 4) * lattice.values.shape[1] + lattice.across)
    across, up, weights = lattice.across[order], lattice.up[order], lattice.weights[order]
    add_quartics(across, up, weights, reach, lattice.row_height, lattice.shift_odd_rows, lattice.values)
    return lattice.values


def _convolved(lattice: _Lattice, reach: float) -> NDArray[np.float64]:
    rows, columns = lattice.values.shape
    row, column = np.floor(lattice.up).astype(np.int64), np.floor(lattice.across).astype(np.int64)
    up, across = lattice.up - row, lattice.across - column
    binned = np.zeros((rows + 1) * (columns + 1))
    for down, down_share in ((0, 1 - up), (1, up)):
        for right, right_share in ((0, 1 - across), (1, across)):
            place = (row + down) * (columns + 1) + column + right
            binned += np.bincount(place, weights=lattice.weights * down_share * right_share, minlength=binned.size)
    step = np.arange(-int(reach), int(reach) + 1)
    kernel = np.maximum(1 - (step[:, None] ** 2 + step**2) / reach**2, 0) ** 2
    smooth = fftconvolve(binned.reshape(rows + 1, columns + 1), kernel, mode="same")
    return np.maximum(smooth[:rows, :columns], 0)


def _on_cells(sums: NDArray[np.float64], grid: Grid, margin: int) -> NDArray[np.float64]:
    _, (first_row, first_column) = grid.lookup_table()
    return sums[grid.row - first_row + margin, grid.column - first_column + margin]
