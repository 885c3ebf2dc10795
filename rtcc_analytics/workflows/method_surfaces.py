"""The methods a hot spot map can be drawn with, each as a surface on the same cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import counts, default_bandwidth_m, gi_star, kernel_density
from rtcc_analytics.hotspots.cautions import stacked_caution
from rtcc_analytics.hotspots.kernels import KERNELS
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.temporal.aoristic import Aoristic, aoristic
from rtcc_analytics.units import Grid

METHODS: dict[str, str] = {
    "quartic": "Density, quartic kernel",
    "gaussian": "Density, Gaussian kernel",
    "epanechnikov": "Density, Epanechnikov kernel",
    "adaptive": "Density, adaptive quartic kernel",
    "counts": "Counts per cell",
    "gi_star": "Gi* score",
}
"""Methods that can be chosen, with the words for them."""

EXPLAINED: dict[str, str] = {
    "quartic": "each event spreads over a circle of one bandwidth, most in its middle; none beyond",
    "gaussian": "each event spreads as a bell, as far on average as the quartic kernel; long, thin skirts",
    "epanechnikov": "each event spreads as a dome, as far on average as the quartic kernel; flatter in the middle",
    "adaptive": "the quartic circle shrinks where events crowd and widens where they are sparse",
    "counts": "events in each cell, unsmoothed; a step across an edge is lost. The bandwidth only sets the rings",
    "gi_star": "a cell with its eight neighbours against the whole map; painted only where significantly "
    "hot (5 % false discoveries). The bandwidth only sets the rings",
}
"""One line for each method: what it does to an event."""


@dataclass(frozen=True, eq=False)
class MethodSurface:
    """What a method made of the events.

    Attributes
    ----------
    surface : RiskSurface
    significant : array of bool, shape (cells,), or None
        Cells that are significantly hot; None for methods that test nothing.
    warnings : tuple of str
        What would mislead.
    """

    surface: RiskSurface
    significant: NDArray[np.bool_] | None
    warnings: tuple[str, ...]


def method_surface(
    events: Events, grid: Grid, *, method: str = "quartic", bandwidth_m: float | None = None
) -> MethodSurface:
    """A surface of the events by one of `METHODS`.

    Parameters
    ----------
    events : Events
        At least one, in the projection of `grid`. Weights count.
    grid : Grid
    method : str
        One of `METHODS`.
    bandwidth_m : float, optional
        Radius of the quartic kernel, metres; the grid's default where left out. The other kernels get the bandwidth
        that spreads an event equally far (the same standard deviation); counts and Gi* have none.

    Raises
    ------
    RtccError
        An unknown method; as in `kernel_density` and `gi_star`.

    Notes
    -----
    Gi* is not tried on grids moved by half a cell, as `gi_star` of events does: a live map has no time for three more.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> town = StudyArea(shapely.box(500_000, 4_000_000, 503_000, 4_003_000), "EPSG:32615", "America/Chicago", "Town")
    >>> events = Events(x=[501_000.0] * 9, y=[4_001_000.0] * 9, crs=town.crs, timezone=town.timezone,
    ...                 occurred_from=["2024-01-01"] * 9)
    >>> made = method_surface(events, Grid(town, cell_m=250), method="gi_star")
    >>> made.surface.kind, int(made.significant.sum())
    ('z_score', 9)
    """
    if method not in METHODS:
        raise RtccError(f"method {method!r} is not known; there are: {', '.join(METHODS)}")
    if method == "counts":
        return MethodSurface(counts(events, grid), None, stacked_caution(events.x, events.y))
    if method == "gi_star":
        held = counts(events, grid)
        local = gi_star(held.values, grid)
        made_by = {**held.made_by, "model": "Gi*"}
        surface = RiskSurface(local.values, grid, "z_score", made_by, events.covered, events.timezone)
        hot = local.significant & (local.values > 0)
        return MethodSurface(surface, hot, local.warnings + stacked_caution(events.x, events.y))
    kernel = "quartic" if method == "adaptive" else method
    bandwidth_m = bandwidth_m or default_bandwidth_m(grid)
    alike_m = bandwidth_m * KERNELS["quartic"].spread / KERNELS[kernel].spread
    surface = kernel_density(events, grid, bandwidth_m=alike_m, kernel=kernel, adaptive=method == "adaptive")
    return MethodSurface(surface, None, tuple(surface.made_by["warnings"]))


def hours_of_week(hours: tuple[int, int]) -> list[int]:
    """The hours of the week (Monday 0:00 is 0) in a half-open band of local hours; (22, 4) runs over midnight.

    Raises
    ------
    RtccError
        No band: both hours the same, or outside 0 to 24.

    Examples
    --------
    >>> hours_of_week((22, 1))[:4]
    [22, 23, 0, 46]
    """
    first, last = hours
    if not (0 <= first <= 24 and 0 <= last <= 24) or first == last:
        raise RtccError(
            f"hours {first} to {last} are not a band: give two different hours between 0 and 24, e.g. (22, 4)"
        )
    day = range(first, last) if first < last else [*range(first, 24), *range(last)]
    return [24 * weekday + hour for weekday in range(7) for hour in day]


def within_hours(
    events: Events, hours: tuple[int, int], *, spread: Aoristic | None = None
) -> tuple[Events, NDArray[np.bool_]]:
    """The events that reach into a band of local hours, weighted by the part that does, and which those are.

    Parameters
    ----------
    events : Events
    hours : (int, int)
        As in `hours_of_week`.
    spread : Aoristic, optional
        ``aoristic(events)``, where it was worked out already.

    Examples
    --------
    >>> events = Events(x=[501_000.0] * 2, y=[4_001_000.0] * 2, crs="EPSG:32615", timezone="UTC",
    ...                 occurred_from=["2024-01-01T21:00", "2024-01-02T09:00"],
    ...                 occurred_to=["2024-01-01T23:00", "2024-01-02T09:00"])
    >>> some, which = within_hours(events, (22, 4))
    >>> some.total, which.tolist()
    (0.5, [True, False])
    """
    wanted = hours_of_week(hours)
    spread = spread or aoristic(events)
    if len(wanted) == len(spread.hours):
        return events, np.ones(events.size, dtype=bool)
    weights = spread.weights_in(wanted)
    reach = weights != 0
    return replace(events.where(reach), weights=weights[reach]), reach
