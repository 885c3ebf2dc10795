"""Hot spots planted in the simulated county are found, at a stated power, and are not where nothing was planted."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_connectors.simulate import simulate_county
from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import counts, gi_star, kernel_density
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid

SMALL = {"until": date(2025, 11, 24), "years": 1, "scale": 0.25, "plate_days": 10, "traffic": 0.1}
CELL_M = 250.0
Study = tuple[Grid, list[tuple[int, Events, Events]]]


@pytest.fixture(scope="module", params=[1, 2])
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """For each planted spot: its cell, the crimes of its offenses in its time, and those but for what was planted."""
    made = simulate_county(tmp_path_factory.mktemp("county"), seed=request.param, **SMALL)
    truth: dict[str, Any] = json.loads(made.truth.read_text(encoding="utf-8"))
    crimes = pd.read_csv(made.folder / "truth_incidents.csv")
    lon, lat = crimes["true_lon"].to_numpy(), crimes["true_lat"].to_numpy()
    area = StudyArea.from_points(lon, lat, timezone="America/New_York", name="county")
    x, y = area.project(lon, lat)
    grid, day, spots = Grid(area, cell_m=CELL_M), crimes["true_at_local"].str[:10], []

    def chosen(mask: pd.Series) -> Events:
        when = np.full(int(mask.sum()), np.datetime64("2025-01-01", "s"))
        return Events(x=x[mask], y=y[mask], crs=area.crs, timezone="UTC", occurred_from=when)

    for spot in truth["crimes"]["hot_spots"]:
        own = crimes["offense"].isin(spot["offenses"]) & day.between(spot["first_day"], spot["last_day"])
        planted = (crimes["origin"] == "hot_spot") & (crimes["origin_id"] == spot["hot_spot_id"])
        at = grid.assign(*area.project([spot["lon"]], [spot["lat"]]))[0]
        spots.append((int(at), chosen(own), chosen(own & ~planted)))
    return grid, spots


def test_gi_star_finds_at_least_nine_in_ten_and_few_without_what_was_planted(study: Study) -> None:
    grid, spots = study
    hot = [gi_star(counts(events, grid).values, grid).kind[at] == "hot" for at, events, _ in spots]
    assert len(hot) == 11 and np.mean(hot) >= 0.9
    without = [gi_star(counts(events, grid).values, grid).kind[at] == "hot" for at, _, events in spots]
    assert np.mean(without) < np.mean(hot) - 0.3


def test_density_puts_them_in_the_top_half_percent_of_the_ground(study: Study) -> None:
    grid, spots = study
    top = [kernel_density(events, grid, bandwidth_m=500).top(0.005).mask[at] for at, events, _ in spots]
    assert np.mean(top) >= 0.9
