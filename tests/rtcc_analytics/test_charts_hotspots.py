"""Every picture of hot spots can be drawn, and shows what its result holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from rtcc_analytics import charts_hotspots as charts
from rtcc_analytics import hotspots, spatial
from rtcc_analytics.events import Events
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid, StreetSegments

X0, Y0 = 500_000.0, 4_000_000.0
TOWN = StudyArea(shapely.box(X0, Y0, X0 + 4000, Y0 + 3000), "EPSG:32615", "UTC", "town")
GRID = Grid(TOWN, cell_m=250)


@pytest.fixture(scope="module")
def events() -> Events:
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.uniform(0, 3000, (300, 2)), rng.normal([1500, 1200], 120, (90, 2))])
    return Events(x=X0 + points[:, 0], y=Y0 + points[:, 1], crs="EPSG:32615", timezone="UTC",
                  occurred_from=np.full(len(points), np.datetime64("2024-01-01", "s")))


def drawn(chart) -> str:
    import vl_convert

    return vl_convert.vegalite_to_svg(chart.to_json())


def colours(svg: str, colour: str) -> int:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return svg.count(f'fill="{colour}"') + svg.count(f"fill=\"rgb({red}, {green}, {blue})\"")


def test_as_many_cells_are_coloured_as_are_hot(events: Events) -> None:
    result = hotspots.gi_star(events, GRID)
    svg = drawn(charts.local_statistic(result, GRID))
    assert colours(svg, charts.HOT) == (result.kind == "hot").sum() + 1      # and the legend's
    assert f"{result.significant.sum():,} of 192 significant" in svg


def test_local_moran_emerging_and_stability(events: Events) -> None:
    counts = hotspots.counts(events, GRID).values
    moran = hotspots.local_moran(counts, GRID, seed=1, correction="none")
    assert "high-high" in drawn(charts.local_statistic(moran, GRID))
    periods = np.random.default_rng(2).poisson(3, (12, GRID.size)).astype(float)
    periods[-1, 80:83] += 40
    assert "new hot" in drawn(charts.emerging(hotspots.emerging(periods, GRID), GRID))
    assert "hot on any of four grids" in drawn(charts.grid_stability(hotspots.grid_stability(events, GRID)))


def test_nothing_significant_is_an_empty_map_and_no_error() -> None:
    even = np.arange(GRID.size) % 7.0
    svg = drawn(charts.local_statistic(hotspots.gi_star(even, GRID), GRID))
    assert "0 of 192 significant" in svg


def test_relative_risk_frames_what_labels_do_not_explain(events: Events) -> None:
    background, spot = events.where(np.arange(300)), events.where(np.arange(200, 390))
    plain = hotspots.relative_risk(spot, background, GRID, bandwidth_m=600)
    tested = hotspots.relative_risk(spot, background, GRID, bandwidth_m=600, permutations=999)
    assert tested.significant.any()
    assert "over 2" in drawn(charts.relative_risk(plain)) and "framed" in drawn(charts.relative_risk(tested))


def test_streets_clusters_and_scan(events: Events) -> None:
    lines = shapely.linestrings([[[X0 + x, Y0], [X0 + x, Y0 + 3000]] for x in range(0, 3000, 100)])
    streets = StreetSegments(lines, np.full(len(lines), "road"), "EPSG:32615")
    assert "Events per km" in drawn(charts.network_density(hotspots.network_density(events, streets, bandwidth_m=300)))
    found = hotspots.dbscan_areas(events.x, events.y, distance_m=120, min_events=12)
    assert f"{len(found.frame)} clusters" in drawn(charts.clusters(found, events.x, events.y))
    none = hotspots.dbscan_areas(events.x, events.y, distance_m=5, min_events=50)
    assert "0 clusters" in drawn(charts.clusters(none, events.x, events.y))
    days = np.where(np.arange(390) > 370, 50, np.arange(390))
    scan = hotspots.space_time_scan(events.x, events.y, days, max_radius_m=500, max_window_days=14, seed=1)
    assert "p at most 0.05" in drawn(charts.space_time_scan(scan))


def test_curves_and_patterns(events: Events) -> None:
    choice = hotspots.cross_validated_bandwidth(events, Grid(TOWN, cell_m=60))
    assert f"{choice.bandwidth_m:,.0f} m" in drawn(charts.bandwidth_choice(choice))
    test = hotspots.spatial_pattern_test([40, 30, 30, 5, 0], [10, 41, 41, 5, 0])
    assert "S index" in drawn(charts.spatial_pattern_test(test))
    options = {"polygon": TOWN.polygon, "distances_m": [100, 200, 300]}
    simulated = spatial.ripley_k(events.x, events.y, simulations=9, **options)
    assert "patterns of chance" in drawn(charts.ripley_k(simulated))
    alone = spatial.ripley_k(events.x, events.y, simulations=0, **options)
    assert "band" not in drawn(charts.ripley_k(alone))
    assert "median" in drawn(charts.centrography(spatial.centrography(events.x, events.y), events.x, events.y))


def test_km_are_as_long_across_as_up() -> None:
    chart = charts.local_statistic(hotspots.gi_star(np.arange(GRID.size) % 7.0, GRID), GRID, width=400).to_dict()
    box = pd.Series(chart)
    x, y = (chart["layer"][0]["encoding"][axis]["scale"]["domain"][1] for axis in "xy")
    assert box["height"] / box["width"] == pytest.approx(y / x, rel=0.01)
