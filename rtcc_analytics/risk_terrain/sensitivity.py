"""Does the risk terrain survive another grid? Cell size, offset and rotation changed, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from rtcc_analytics.events import Events
from rtcc_analytics.risk_terrain.factors import RiskTerrainError
from rtcc_analytics.risk_terrain.terrain import RiskTerrain, risk_terrain
from rtcc_analytics.units import Grid

STEADY_SHARE = 0.75


@dataclass(frozen=True, eq=False)
class RiskTerrainSensitivity:
    """One risk terrain for each grid.

    Attributes
    ----------
    base : RiskTerrain
        On the grid given.
    table : DataFrame
        One row a grid and layer; see `to_frame`.
    agreement : DataFrame
        One row a grid: grid, cells, factors, likeness (rank correlation of its risk scores with the base's, place by
        place; NaN where either finds no factor).
    warnings : tuple of str
        Factors that do not survive.
    """

    base: RiskTerrain
    table: pd.DataFrame
    agreement: pd.DataFrame
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """grid, layer, selected, operation, distance_m, relative_risk, low, high; NaN where not selected."""
        return self.table.copy()

    def summary(self) -> pd.DataFrame:
        """One row a layer: selected_share of grids, lowest and highest relative risk, distances found, in the base."""
        rows = []
        in_base = set(self.base.factors["layer"])
        for layer, found in self.table.groupby("layer", sort=False):
            there = found[found["selected"]]
            distances = ", ".join(f"{d:g}" for d in sorted(there["distance_m"].unique()))
            rows.append((layer, found["selected"].mean(), there["relative_risk"].min(), there["relative_risk"].max(),
                         distances, layer in in_base))
        columns = ["layer", "selected_share", "lowest", "highest", "distances_m", "in_base"]
        summary = pd.DataFrame(rows, columns=columns)
        return summary.sort_values("selected_share", ascending=False, kind="stable").reset_index(drop=True)


def risk_terrain_sensitivity(
    events: Events,
    grid: Grid,
    layers: Mapping[str, Any],
    *,
    cell_factors: Sequence[float] = (0.75, 1.5),
    offsets: Sequence[tuple[float, float]] = ((0.5, 0.0), (0.5, 0.5)),
    rotations_deg: Sequence[float] = (15.0, 30.0),
    seed: int,
    **choices: Any,
) -> RiskTerrainSensitivity:
    """Make the risk terrain again on grids that are as good as the one given.

    Parameters
    ----------
    events, grid, layers
        As for `risk_terrain`; the units must be a grid.
    cell_factors : sequence of float
        Cell sizes to try, as multiples of the grid's.
    offsets : sequence of (float, float)
        Shifts to try, as shares of a cell.
    rotations_deg : sequence of float
        Turns to try, degrees.
    seed : int
        As for `risk_terrain`, the same for every grid.
    **choices
        Passed on to `risk_terrain`.

    Returns
    -------
    RiskTerrainSensitivity

    Raises
    ------
    RiskTerrainError
        Where the units are no grid, a factor is not positive, or nothing is to be tried.

    Examples
    --------
    >>> import numpy as np
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> rng = np.random.default_rng(1)
    >>> town = StudyArea(shapely.box(500_000, 0, 505_000, 5_000), "EPSG:32615", "America/Chicago", "Town")
    >>> bars, schools = (rng.uniform([500_000, 0], [505_000, 5_000], (30, 2)) for _ in range(2))
    >>> near_bars = np.repeat(bars, 20, axis=0) + rng.normal(0, 60, (600, 2))
    >>> x, y = np.concatenate([near_bars, rng.uniform([500_000, 0], [505_000, 5_000], (800, 2))]).T
    >>> events = Events(x=x, y=y, occurred_from=["2024-01-01"] * x.size, crs="EPSG:32615", timezone="UTC")
    >>> layers = {"bars": bars, "schools": schools}
    >>> found = risk_terrain_sensitivity(events, Grid(town, cell_m=100), layers, rotations_deg=(), seed=1)
    >>> found.summary()[["layer", "selected_share"]].values.tolist()
    [['bars', 1.0], ['schools', 0.0]]
    """
    if not isinstance(grid, Grid):
        raise RiskTerrainError(f"{grid.name} cannot be resized, moved or turned: give a Grid")
    if any(not factor > 0 for factor in cell_factors) or not (cell_factors or offsets or rotations_deg):
        raise RiskTerrainError(f"cell factors {tuple(cell_factors)}: each above 0, and at least one grid to try")
    grids = {f"as given ({grid.name})": grid}
    for factor in cell_factors:
        grids[f"cells of {grid.cell_m * factor:g} m"] = replace(grid, cell_m=grid.cell_m * factor)
    for right, up in offsets:
        moved = grid.offset_m[0] + right * grid.cell_m, grid.offset_m[1] + up * grid.cell_m
        grids[f"moved by {right:g}, {up:g} cells"] = replace(grid, offset_m=moved)
    for turn in rotations_deg:
        grids[f"turned by {turn:g}°"] = replace(grid, rotation_deg=grid.rotation_deg + turn)
    terrains = {name: risk_terrain(events, other, layers, seed=seed, **choices) for name, other in grids.items()}
    base = next(iter(terrains.values()))
    table = pd.concat([_rows(name, terrain, layers) for name, terrain in terrains.items()], ignore_index=True)
    agreement = pd.DataFrame(
        [(name, terrain.units.size, len(terrain.factors), _likeness(base, terrain)) for name, terrain in
         terrains.items()], columns=["grid", "cells", "factors", "likeness"])
    share = table.groupby("layer")["selected"].mean()
    unsteady = [
        f"{layer} is selected on {share[layer]:.0%} of {len(grids)} grids only: do not act on it"
        for layer in base.factors["layer"] if share[layer] < STEADY_SHARE
    ]
    return RiskTerrainSensitivity(base, table, agreement, tuple(unsteady))


def _rows(name: str, terrain: RiskTerrain, layers: Mapping[str, Any]) -> pd.DataFrame:
    columns = ["operation", "distance_m", "relative_risk", "low", "high"]
    found = terrain.factors.set_index("layer")[columns].reindex(list(layers))
    found.insert(0, "selected", found["relative_risk"].notna())
    found.insert(0, "grid", name)
    return found.rename_axis("layer").reset_index()[["grid", "layer", "selected", *columns]]


def _likeness(base: RiskTerrain, other: RiskTerrain) -> float:
    """Rank correlation of the two risk scores over the base's middles; NaN where a score is the same everywhere."""
    from scipy.stats import rankdata

    at = other.units.assign(*base.units.centroids())
    mine, theirs = rankdata(base.risk_score[at >= 0]), rankdata(other.risk_score[at[at >= 0]])
    if np.ptp(mine) == 0 or np.ptp(theirs) == 0:
        return float("nan")
    return float(np.corrcoef(mine, theirs)[0, 1])
