"""Kernel density: where events crowd, smoothed over a distance the analyst chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots.bandwidth import adaptive_bandwidths, cross_validated_bandwidth, default_bandwidth_m
from rtcc_analytics.hotspots.cautions import bandwidth_caution, stacked_caution
from rtcc_analytics.hotspots.counting import HotspotError, made_from, require_events
from rtcc_analytics.hotspots.kernels import KERNELS, Kernel, KernelName, kernel_named
from rtcc_analytics.hotspots.lattice import Lattice
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import Grid, require_same_crs

Floats = NDArray[np.float64]
EdgeCorrection = Literal["none", "uniform", "diggle"]
Evaluation = Literal["auto", "exact", "binned"]

EXACT_WORK = 3e7
BINNED_ERROR = 0.007
LEAST_INSIDE = 0.1


@dataclass(frozen=True)
class _Placed:
    """Events on the lattice, and how far each spreads; lengths in cells."""

    lattice: Lattice
    kernel: Kernel
    across: Floats
    up: Floats
    weights: Floats
    bandwidth: Floats
    binned: bool

    @property
    def reach(self) -> Floats:
        return self.bandwidth * self.kernel.reach

    def density(self, weights: Floats) -> Floats:
        """Weight per cell at every lattice point."""
        scaled = weights * (self.kernel.on_plane / self.bandwidth**2)
        if self.binned:
            shared = self.lattice.binned(self.across, self.up, scaled)
            return self.lattice.smoothed(shared, float(self.bandwidth[0]), self.kernel)
        return self.lattice.summed(self.across, self.up, scaled, self.reach, self.kernel)

    def inside(self, ground: Floats) -> Floats:
        """How much of each event's kernel falls on the study area."""
        scale = self.kernel.on_plane / self.bandwidth**2
        if self.binned:
            smooth = self.lattice.smoothed(ground, float(self.bandwidth[0]), self.kernel)
            return self.lattice.read(self.across, self.up, smooth) * scale
        return self.lattice.gathered(self.across, self.up, self.reach, self.kernel, ground) * scale


def kernel_density(
    events: Events,
    grid: Grid,
    *,
    bandwidth_m: float | Literal["cross_validated"] | None = None,
    kernel: KernelName = "quartic",
    adaptive: bool = False,
    edge_correction: EdgeCorrection = "none",
    evaluation: Evaluation = "auto",
) -> RiskSurface:
    """Kernel density at every cell's centre, in events per km².

    Each event spreads over the ground around it, by default over the circle of radius `bandwidth_m` as
    3/(pi h²) (1 - d²/h²)², so that the density integrates to the number of events (sum of
    weights) over all the plane. Without edge correction, what an event spreads beyond the study area
    is not put back, and ``made_by["share_outside_area"]`` says how much that is; events outside
    the study area count where their circle reaches in.

    Parameters
    ----------
    events : Events
        Weights count: aoristic shares of an hour, harm.
    grid : Grid
        Squares or hexagons, any offset and rotation.
    bandwidth_m : float or "cross_validated", optional
        Radius h of the quartic and Epanechnikov kernels, standard deviation of the Gaussian, metres; by default
        `default_bandwidth_m` of the grid. See `cross_validated_bandwidth` for the other.
    kernel : {"quartic", "gaussian", "epanechnikov"}
        The Gaussian is cut at five standard deviations.
    adaptive : bool
        Smaller bandwidths where events are dense, larger where they are sparse (Abramson), `bandwidth_m` at
        the geometric mean.
    edge_correction : {"none", "uniform", "diggle"}
        "uniform" divides a cell's density by the part of the kernel around it that lies in the area: an even pattern
        looks even. "diggle" divides each event's weight by the part of its kernel in the area: cells add up to the
        events, but corners stay low.
        Both leave out events outside the area, whose number is in ``made_by["outside"]``.
    evaluation : {"auto", "exact", "binned"}
        "exact" sums every event at every centre. "binned" shares events among the four nearest centres of a square
        grid and convolves: for each event in reach off by at most ``made_by["evaluation_error"]`` of the peak it would
        have alone, 0.8 (cell/h)² for the quartic. "auto" is exact unless the work is large and that error under 0.7 %.

    Returns
    -------
    RiskSurface
        Kind ``"density_per_km2"``; ``made_by["warnings"]`` says what a reader must know first.

    Raises
    ------
    HotspotError
        With no event; no event near the grid; a bandwidth below the cell size (events would fall
        between centres), beyond the study area, or not positive; an unknown kernel or correction; binned where it
        cannot be (hexagons, adaptive).

    Notes
    -----
    Silverman, *Density Estimation for Statistics and Data Analysis* (1986), sections 4.2 and 5.3. Edges: Diggle,
    *Applied Statistics* 34 (1985); Jones, *Statistics and Computing* 3 (1993).

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
    shape = kernel_named(kernel)
    if edge_correction not in ("none", "uniform", "diggle"):
        raise HotspotError(f"edge_correction {edge_correction!r} is not known; there are: none, uniform, diggle")
    bandwidth_m, rule, cautions = _bandwidth(bandwidth_m, events, grid, shape)
    used = events if edge_correction == "none" else _within(events, grid)
    placed = _place(used, grid, bandwidth_m / grid.cell_m, shape, adaptive, evaluation)
    values, outside = _corrected(placed, edge_correction, beyond=used.total - float(placed.weights.sum()))
    made_by: dict[str, Any] = {
        **made_from(events, grid),
        "model": "kernel density",
        "kernel": kernel,
        "bandwidth_m": bandwidth_m,
        "bandwidth_rule": rule,
        "adaptive": adaptive,
        "evaluation": "binned" if placed.binned else "exact",
        "evaluation_error": shape.binned_error(bandwidth_m / grid.cell_m) if placed.binned else 0.0,
        "edge_correction": edge_correction,
        "outside": events.total - used.total,
        "share_outside_area": outside,
        "warnings": (*cautions, *bandwidth_caution(bandwidth_m, shape, grid), *stacked_caution(events.x, events.y)),
    }
    per_km2 = values / (grid.cell_m**2 / 1e6)
    return RiskSurface(per_km2, grid, "density_per_km2", made_by, events.covered, events.timezone)


def _bandwidth(
    bandwidth_m: float | str | None, events: Events, grid: Grid, kernel: Kernel
) -> tuple[float, str, tuple[str, ...]]:
    """The bandwidth in metres, the rule it follows, and what to say about it."""
    default = default_bandwidth_m(grid, kernel=kernel.name)
    if bandwidth_m is None:
        return default, "a thirtieth of the study area's short side, at least two cells", ()
    if bandwidth_m == "cross_validated":
        choice = cross_validated_bandwidth(events, grid, kernel=kernel.name)
        return choice.bandwidth_m, f"cross-validated on {choice.scored:,} events held out by place", choice.warnings
    if isinstance(bandwidth_m, str) or not (np.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise HotspotError(
            f"bandwidth_m is {bandwidth_m}: a positive distance in metres is needed, or 'cross_validated'"
        )
    smallest = grid.cell_m * min(1.0, KERNELS["quartic"].spread / kernel.spread)
    if bandwidth_m < smallest:
        raise HotspotError(
            f"bandwidth_m = {bandwidth_m:g} m is below cell_m = {grid.cell_m:g} m, so events could fall between cell "
            f"centres; use a bandwidth of at least {2 * smallest:g} m or smaller cells"
            if kernel.name != "gaussian"
            else f"bandwidth_m = {bandwidth_m:g} m (a standard deviation) is too small for cell_m = {grid.cell_m:g} m; "
            f"use at least {2 * smallest:g} m or smaller cells"
        )
    x_min, y_min, x_max, y_max = grid.area.polygon.bounds
    across = max(x_max - x_min, y_max - y_min)
    if bandwidth_m > across:
        raise HotspotError(
            f"bandwidth_m = {bandwidth_m:,.0f} m is wider than {grid.area.name} ({across:,.0f} m): every place would "
            f"look alike; start from {default:g} m"
        )
    return float(bandwidth_m), "chosen", ()


def _within(events: Events, grid: Grid) -> Events:
    inside = grid.assign(events.x, events.y) >= 0
    if not inside.any():
        raise _none_near(events, grid)
    return events if inside.all() else events.where(inside)


def _place(
    events: Events, grid: Grid, bandwidth: float, kernel: Kernel, adaptive: bool, evaluation: Evaluation
) -> _Placed:
    from rtcc_analytics.hotspots.bandwidth import WIDEST_FACTOR

    lattice = Lattice.around(grid, bandwidth * kernel.reach * (WIDEST_FACTOR if adaptive else 1.0))
    across, up, near = lattice.place(events.x, events.y)
    if not across.size:
        raise _none_near(events, grid)
    weights = np.asarray(events.weights)[near]
    binned = _is_binned(evaluation, grid, bandwidth, kernel, across.size, adaptive)
    placed = _Placed(lattice, kernel, across, up, weights, np.array([bandwidth]), binned)
    if not adaptive:
        return placed
    pilot_binned = grid.kind == "square" and across.size * (bandwidth * kernel.reach) ** 2 > EXACT_WORK
    pilot = _Placed(lattice, kernel, across, up, weights, np.array([bandwidth]), pilot_binned).density(weights)
    row = np.clip(np.rint(up / lattice.row_height).astype(np.int64), 0, lattice.shape[0] - 1)
    column = np.clip(np.rint(across - lattice.shift * (row % 2)).astype(np.int64), 0, lattice.shape[1] - 1)
    each = adaptive_bandwidths(pilot[row, column], weights, bandwidth)
    return _Placed(lattice, kernel, across, up, weights, each, binned=False)


def _is_binned(
    evaluation: Evaluation, grid: Grid, bandwidth: float, kernel: Kernel, size: int, adaptive: bool
) -> bool:
    if evaluation not in ("auto", "exact", "binned"):
        raise HotspotError(f"evaluation {evaluation!r} is not known; there are: auto, exact, binned")
    possible = grid.kind == "square" and not adaptive
    if evaluation == "binned" and not possible:
        reason = "an adaptive bandwidth" if adaptive else f"{grid.kind}s"
        raise HotspotError(f"evaluation='binned' is not possible with {reason}; use 'exact' or 'auto'")
    worth = size * (bandwidth * kernel.reach) ** 2 > EXACT_WORK and kernel.binned_error(bandwidth) <= BINNED_ERROR
    return possible and (evaluation == "binned" or (evaluation == "auto" and worth))


def _corrected(placed: _Placed, edge_correction: EdgeCorrection, *, beyond: float) -> tuple[Floats, float]:
    """Weight per square of the grid's side at each cell, and the share of all weight that falls outside the area."""
    lattice, grid = placed.lattice, placed.lattice.grid
    if edge_correction == "none":
        spread = placed.density(placed.weights)
        values = lattice.on_cells(spread)
        # Both sums are over the lattice, so that what the lattice misses of a kernel is missed by both.
        everywhere = float(spread.sum()) * grid.cell_area_m2 + beyond * grid.cell_m**2
        within = float(values @ grid.area_m2)
        return values, max(0.0, 1 - within / everywhere) if everywhere > 0 else 0.0
    ground = lattice.from_cells(grid.area_m2 / grid.cell_m**2)
    if edge_correction == "diggle":
        inside = np.maximum(placed.inside(ground), LEAST_INSIDE)
        return lattice.on_cells(placed.density(placed.weights / inside)), 0.0
    around = np.maximum(lattice.on_cells(_ground_in_reach(placed, ground)), LEAST_INSIDE)
    return lattice.on_cells(placed.density(placed.weights)) / around, 0.0


def _ground_in_reach(placed: _Placed, ground: Floats) -> Floats:
    """The part of the kernel around each lattice point that lies on the study area."""
    lattice, kernel = placed.lattice, placed.kernel
    bandwidth = float(np.median(placed.bandwidth))
    scale = kernel.on_plane / bandwidth**2
    if lattice.grid.kind == "square":
        return lattice.smoothed(ground, bandwidth, kernel, shared=False) * scale
    row, column = np.nonzero(ground)
    across, up = column + lattice.shift * (row % 2), row * lattice.row_height
    reach = np.array([bandwidth * kernel.reach])
    return lattice.summed(across, up, ground[row, column] * scale, reach, kernel)


def _none_near(events: Events, grid: Grid) -> HotspotError:
    x_min, y_min, x_max, y_max = grid.area.polygon.bounds
    return HotspotError(
        f"none of the {events.size:,} events is near {grid.area.name}: events span x {events.x.min():,.0f} to "
        f"{events.x.max():,.0f}, y {events.y.min():,.0f} to {events.y.max():,.0f}, the area x {x_min:,.0f} to "
        f"{x_max:,.0f}, y {y_min:,.0f} to {y_max:,.0f} ({events.crs}, metres)"
    )
