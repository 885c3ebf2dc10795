"""A town whose planted risk factors are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from scipy.spatial import cKDTree

from rtcc_analytics.events import Events
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid

CRS, X0, SIDE = "EPSG:32615", 500_000, 5_000


@dataclass(frozen=True)
class Town:
    """Events on a grid, with layers of which L0 triples the rate within 240 m and L1 doubles it within 120 m."""

    events: Events
    grid: Grid
    layers: dict[str, np.ndarray]


def events_at(x: np.ndarray, y: np.ndarray) -> Events:
    return Events(x=x, y=y, occurred_from=np.full(x.size, np.datetime64("2024-01-01", "s")), crs=CRS, timezone="UTC")


@pytest.fixture(scope="session")
def plant() -> Callable[..., Town]:
    def planted(
        seed: int, *, effects: tuple[float, float] = (3.0, 2.0), rate: float = 0.35, gamma: float | None = None,
        layers: int = 6, shift: float = 0.0,
    ) -> Town:
        rng = np.random.default_rng(seed)
        area = StudyArea(shapely.box(X0 + shift, shift, X0 + shift + SIDE, shift + SIDE), CRS, "UTC", "Town")
        grid = Grid(area, cell_m=100)
        made = {f"L{i}": rng.uniform(0, SIDE, (40, 2)) + [X0 + shift, shift] for i in range(layers)}
        x, y = grid.centroids()
        middles = np.stack([x, y], axis=1)
        mean = np.full(grid.size, rate)
        for name, distance, effect in (("L0", 240, effects[0]), ("L1", 120, effects[1]))[:layers]:
            mean = mean * np.where(cKDTree(made[name]).query(middles)[0] <= distance, effect, 1.0)
        if gamma:
            mean = mean * rng.gamma(gamma, 1 / gamma, grid.size)
        cell = np.repeat(np.arange(grid.size), rng.poisson(mean))
        jitter = rng.uniform(-49, 49, (2, cell.size))
        return Town(events_at(x[cell] + jitter[0], y[cell] + jitter[1]), grid, made)

    return planted
