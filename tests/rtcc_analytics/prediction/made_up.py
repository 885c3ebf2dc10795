"""A small town with a few busy places, reported with delay: for tests of forecasts."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import shapely

from rtcc_analytics.events import Events
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid

CRS, ZONE = "EPSG:32615", "America/Chicago"
X0, Y0, SIDE = 500_000.0, 4_000_000.0, 3000.0
START = np.datetime64("2021-01-01T06:00", "s")


@lru_cache
def town(cell_m: float = 250.0) -> Grid:
    """Squares over nine square kilometres."""
    area = StudyArea(shapely.box(X0, Y0, X0 + SIDE, Y0 + SIDE), CRS, ZONE, "Town")
    return Grid(area, cell_m=cell_m)


@lru_cache
def burglaries(n: int = 3000, days: int = 1000, seed: int = 0, places_seed: int = 7) -> Events:
    """Events at steady places and in between, reported up to three weeks later; the place seed fixes where."""
    rng, places = np.random.default_rng(seed), np.random.default_rng(places_seed)
    busy = places.uniform(0, SIDE, (12, 2))
    chosen = rng.choice(13, n, p=np.append(np.full(12, 0.6 / 12), 0.4))
    spot = np.where(chosen[:, None] < 12, busy[chosen % 12] + rng.normal(0, 60, (n, 2)), rng.uniform(0, SIDE, (n, 2)))
    spot = np.clip(spot, 1, SIDE - 1) + [X0, Y0]
    when = START + rng.integers(0, days * 86_400, n)
    reported = when + rng.integers(0, 21 * 86_400, n)
    return Events(x=spot[:, 0], y=spot[:, 1], crs=CRS, timezone=ZONE, occurred_from=when, reported_at=reported,
                  offense=np.full(n, "220"), label="burglary", covered=(START, START + np.timedelta64(days, "D")))


@lru_cache
def bars(places_seed: int = 7) -> dict[str, np.ndarray]:
    """Layers: one at the busy places, one that has nothing to do with them."""
    rng = np.random.default_rng(places_seed)
    return {"bars": rng.uniform(0, SIDE, (12, 2)) + [X0, Y0], "schools": rng.uniform(0, SIDE, (12, 2)) + [X0, Y0]}


@lru_cache
def thefts(n: int = 3000) -> Events:
    """Companions at the same places."""
    other = burglaries(n, seed=1)
    return Events(x=other.x, y=other.y, crs=CRS, timezone=ZONE, occurred_from=other.occurred_from,
                  reported_at=other.reported_at, offense=np.where(np.arange(n) % 2, "240", "23F"), label="thefts",
                  covered=other.covered)
