"""What must be said beside a map: events stacked on one point, a bandwidth as large as the area."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rtcc_analytics.hotspots.kernels import Kernel
from rtcc_analytics.units import Grid

STACKED_SHARE = 0.4
LEAST_STACKED = 10


def stacked_caution(x: ArrayLike, y: ArrayLike) -> tuple[str, ...]:
    """A sentence where at least 40 % of (ten or more) events share their exact place with another, else nothing.

    Examples
    --------
    >>> stacked_caution([1.0] * 6 + [2.0, 3, 4, 5], [1.0] * 10)
    ('6 of 10 events (60 %) stand at the very point of another, 6 of them at x 1, y 1: addresses or
    a fill-in location, not ground; ...',)
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.size < LEAST_STACKED:
        return ()
    from rtcc_analytics.hotspots._stacks import stacks

    stacked, largest, at = stacks(x, y)
    if stacked < STACKED_SHARE * x.size:
        return ()
    return (
        f"{stacked:,} of {x.size:,} events ({100 * stacked / x.size:.0f} %) stand at the very point of another, "
        f"{largest:,} of them at x {x[at]:,.0f}, y {y[at]:,.0f}: addresses or a fill-in location, not ground; "
        "look at repeat addresses before reading distances between events",
    )


def bandwidth_caution(bandwidth_m: float, kernel: Kernel, grid: Grid) -> tuple[str, ...]:
    """A sentence where the circle an event mostly spreads over is larger than the study area, else nothing."""
    # A Gaussian has no rim: the quartic that smooths as much stands for it.
    radius = bandwidth_m * kernel.spread * 8**0.5
    circle, area = np.pi * radius**2 / 1e6, grid.area.area_km2
    if circle <= area:
        return ()
    return (
        f"the bandwidth exceeds the area: an event spreads over {circle:,.1f} km², {grid.area.name} has {area:,.1f} "
        f"km²; the map shows its middle only; use at most {np.sqrt(area / np.pi) / 4 * bandwidth_m / radius:,.0f} m",
    )
