"""A town in memory with one planted hot spot per offense, and what an explorer holds of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from rtcc_analytics.events import Events
from rtcc_analytics.maps import Ground
from rtcc_analytics.study import StudyArea
from rtcc_analytics.workflows.exploration import Exploration

CRS, ZONE = "EPSG:32618", "America/New_York"
WEST, SOUTH, SIDE = 580_000.0, 4_610_000.0, 6_000.0
PLANTED = {"220": (1_200.0, 1_500.0), "240": (4_600.0, 4_200.0)}


@pytest.fixture(scope="session")
def town() -> StudyArea:
    return StudyArea(shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE), CRS, ZONE, "Town")


@pytest.fixture(scope="session")
def held(town: StudyArea) -> Exploration:
    """600 burglaries by night around one place, 600 car thefts by day around another, 2023."""
    rng = np.random.default_rng(5)
    spots, hours = np.repeat([PLANTED["220"], PLANTED["240"]], 600, axis=0), np.repeat([3, 14], 600)
    xy = np.clip(spots + rng.normal(0, 150, (1200, 2)), 0, SIDE) + (WEST, SOUTH)
    local = pd.Timestamp("2023-01-02") + pd.to_timedelta(rng.integers(0, 364, 1200) * 24 + hours, "h")
    events = Events(
        x=xy[:, 0], y=xy[:, 1], crs=CRS, timezone=ZONE, offense=np.repeat(["220", "240"], 600),
        occurred_from=local.tz_localize(ZONE).tz_convert("UTC").tz_localize(None).to_numpy(),
        address=[f"{n} <MAIN> ST" for n in rng.integers(1, 60, 1200)],
    )  # fmt: skip
    west = StudyArea(shapely.box(WEST, SOUTH, WEST + SIDE / 2, SOUTH + SIDE), CRS, ZONE, "West side")
    names = pd.DataFrame({"name": ["Westville"], "x": [WEST + 1000], "y": [SOUTH + 1000]})
    return Exploration(events, Ground(town, np.empty(0, dtype=object), names), {"West side, city": west}, 3)
