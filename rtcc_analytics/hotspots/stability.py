"""Does the answer hold when the grid moves by half a cell?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots.counting import counts, require_events
from rtcc_analytics.hotspots.local import Correction, gi_star
from rtcc_analytics.units import Grid

if TYPE_CHECKING:
    import pandas as pd

HALF_CELL = ((0.5, 0.0), (0.0, 0.5), (0.5, 0.5))
HOLDS_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class GridStability:
    """Hot ground on one grid, and how much of it is hot on three others, moved by half a cell.

    Attributes
    ----------
    grid : Grid
    hot : ndarray of bool, shape (cells,)
        Significantly hot by Gi* on the grid itself.
    hot_share : ndarray, shape (cells,)
        Share of each cell's ground, over the three moved grids, that is hot there too, 0-1.
    holds_share : float
        Ground hot on all four grids over ground hot on any, 0-1; 1 where none is hot on any.
    warnings : tuple of str
    """

    grid: Grid
    hot: NDArray[np.bool_]
    hot_share: NDArray[np.float64]
    holds_share: float
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a cell: unit, label, x, y (metres), hot, hot_share."""
        import pandas as pd

        x, y = self.grid.centroids()
        columns = {"unit": np.arange(self.grid.size), "label": self.grid.labels, "x": x, "y": y}
        return pd.DataFrame({**columns, "hot": self.hot, "hot_share": self.hot_share})


def grid_stability(
    events: Events, grid: Grid, *, correction: Correction = "benjamini-hochberg", alpha: float = 0.05
) -> GridStability:
    """Gi* on the grid and on three more, moved by half a cell across, up, and both: which hot ground holds?

    Where a hot cell vanishes when the grid moves, it was a boundary that made it and not a place.

    Parameters
    ----------
    events : Events
    grid : Grid
    correction, alpha
        As in `gi_star`.

    Returns
    -------
    GridStability
        A warning where less than half of the ground hot on any of the grids is hot on all four.

    Raises
    ------
    HotspotError, LocalStatisticError
        No events, none in the grid, counts that are all equal.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> town = StudyArea(shapely.box(500_000, 4_000_000, 504_000, 4_004_000), "EPSG:32615", "America/Chicago", "Town")
    >>> x, y = np.random.default_rng(2).normal(0, 150, (2, 200)) + [[502_000], [4_002_000]]
    >>> events = Events(x=x, y=y, crs="EPSG:32615", timezone="UTC", occurred_from=["2024-01-01"] * 200)
    >>> grid_stability(events, Grid(town, cell_m=100)).holds_share > 0.5
    True

    Notes
    -----
    Openshaw, S. (1984), *The Modifiable Areal Unit Problem*. Four times the work of `gi_star`, and three more grids.
    """
    require_events(events)
    hot = _hot(events, grid, correction, alpha)
    # Each quarter of a cell lies in one cell of every grid (of squares; of hexagons, mostly).
    u, v = grid.to_grid(*grid.centroids())
    quarter = grid.cell_m / 4
    corners = [grid.from_grid(u + right * quarter, v + up * quarter) for right in (-1, 1) for up in (-1, 1)]
    x, y = (np.stack([corner[axis] for corner in corners]) for axis in (0, 1))
    also = np.zeros((len(HALF_CELL), *x.shape), dtype=bool)
    for which, (right, up) in enumerate(HALF_CELL):
        offset = grid.offset_m[0] + right * grid.cell_m, grid.offset_m[1] + up * grid.cell_m
        moved = replace(grid, offset_m=offset)
        also[which] = np.append(_hot(events, moved, correction, alpha), False)[
            moved.assign(x.ravel(), y.ravel())
        ].reshape(x.shape)
    inside = grid.area.contains(x.ravel(), y.ravel()).reshape(x.shape)
    always, ever = (hot & also.all(axis=0)) & inside, (hot | also.any(axis=0)) & inside
    holds = float(always.sum() / ever.sum()) if ever.any() else 1.0
    return GridStability(grid, hot, also.mean(axis=(0, 1)), holds, _flip_warning(holds, grid))


def _hot(events: Events, grid: Grid, correction: Correction, alpha: float) -> NDArray[np.bool_]:
    result = gi_star(counts(events, grid).values, grid, correction=correction, alpha=alpha)
    return result.significant & (result.values > 0)


def _flip_warning(holds: float, grid: Grid) -> tuple[str, ...]:
    if holds >= HOLDS_SHARE:
        return ()
    return (
        f"the result flips when the grid moves by half a cell ({grid.cell_m / 2:g} m): of the ground that is hot on "
        f"any of four grids, {100 * holds:.0f} % is hot on all; use larger cells, more events or a kernel density",
    )
