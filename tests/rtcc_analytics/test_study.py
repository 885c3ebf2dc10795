"""A study area is in metres, knows its projection, and refuses degrees, feet and nonsense."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Geod

from rtcc_analytics.study import StudyArea, StudyError, fitting_crs

DOWNTOWN = shapely.box(-90.21, 38.62, -90.18, 38.64)


@pytest.mark.parametrize(("box", "crs"), [
    ((-90.32, 38.53, -90.17, 38.78), "EPSG:26996"),   # St. Louis: NAD83 / Missouri East
    ((-74.0, 41.5, -73.5, 42.05), "EPSG:32115"),      # Dutchess: NAD83 / New York East
    ((-84.55, 33.6, -84.3, 33.9), "EPSG:26967"),      # Atlanta: NAD83 / Georgia West
    ((-0.3, 51.4, 0.1, 51.6), "EPSG:32630"),          # London: UTM 30 north
    ((151.0, -34.0, 151.3, -33.8), "EPSG:32756"),     # Sydney: UTM 56 south
])
def test_the_local_projection_is_found(box: tuple[float, float, float, float], crs: str) -> None:
    assert fitting_crs(*box) == crs


def test_metres_and_square_metres_are_those_on_the_ground() -> None:
    area = StudyArea.from_lonlat(DOWNTOWN, timezone="America/Chicago", name="Downtown")
    ellipsoid = Geod(ellps="GRS80")
    surface, _ = ellipsoid.geometry_area_perimeter(DOWNTOWN)
    assert area.area_km2 == pytest.approx(abs(surface) / 1e6, rel=2e-4)
    x, y = area.project([-90.21, -90.18], [38.62, 38.64])
    _, _, metres = ellipsoid.inv(-90.21, 38.62, -90.18, 38.64)
    assert np.hypot(np.diff(x), np.diff(y))[0] == pytest.approx(metres, rel=1e-4)


def test_projecting_there_and_back_gives_the_same_degrees_and_missing_stays_missing() -> None:
    area = StudyArea.from_lonlat(DOWNTOWN, timezone="America/Chicago", name="Downtown")
    x, y = area.project([-90.2, np.nan], [38.63, 38.63])
    lon, lat = area.unproject(x[:1], y[:1])
    assert (lon[0], lat[0]) == pytest.approx((-90.2, 38.63), abs=1e-9)
    assert np.isnan(x[1]) and np.isnan(y[1])
    assert shapely.equals_exact(area.to_lonlat(area.polygon), DOWNTOWN, tolerance=1e-9)


def test_degrees_where_metres_are_meant_are_refused_with_both_shown() -> None:
    with pytest.raises(StudyError, match=r"-90.21 to -90.18.*EPSG:26996 is in metres"):
        StudyArea(DOWNTOWN, "EPSG:26996", "America/Chicago", "Downtown")


@pytest.mark.parametrize(("crs", "unit"), [("EPSG:4326", "degree"), ("EPSG:2263", "US survey foot")])
def test_projections_that_are_not_in_metres_are_refused(crs: str, unit: str) -> None:
    with pytest.raises(StudyError, match=unit):
        StudyArea(shapely.box(5e5, 4e6, 6e5, 5e6), crs, "America/Chicago", "x")


@pytest.mark.parametrize(("lon", "lat", "word"), [
    ([270_000.0, 271_000.0], [310_000.0, 311_000.0], "metres or feet"),
    ([95.0, 95.1], [-190.0, -190.1], "metres or feet"),
    ([38.6, 38.7], [-90.2, -90.3], "exchanged"),
    ([np.nan, -90.2], [38.6, 38.7], "missing"),
])
def test_what_cannot_be_degrees_is_refused(lon: list[float], lat: list[float], word: str) -> None:
    with pytest.raises(StudyError, match=word):
        StudyArea.from_points(lon, lat, timezone="America/Chicago", name="x")


def test_a_footprint_holds_its_points_and_leaves_strays_outside() -> None:
    rng = np.random.default_rng(1)
    lon, lat = -90.2 + rng.uniform(-0.05, 0.05, 5000), 38.6 + rng.uniform(-0.05, 0.05, 5000)
    area = StudyArea.from_points([*lon, -93.3], [*lat, 35.8], timezone="America/Chicago", name="x")
    assert "1 far from the rest left outside" in area.made_from
    inside = area.contains(*area.project(lon, lat))
    assert inside.all()
    assert area.area_km2 == pytest.approx(8.7 * 11.1, rel=0.2)
    assert not area.contains(*area.project([-93.3], [35.8]))[0]


def test_points_at_one_place_or_none_make_no_footprint() -> None:
    with pytest.raises(StudyError, match="all 40 points are at one place"):
        StudyArea.from_points([-90.2] * 40, [38.6] * 40, timezone="America/Chicago", name="x")
    with pytest.raises(StudyError, match="no located record"):
        StudyArea.from_points([], [], timezone="America/Chicago", name="x")


def test_two_points_make_a_footprint() -> None:
    area = StudyArea.from_points([-90.2, -90.21], [38.6, 38.6], timezone="America/Chicago", name="x")
    assert area.contains(*area.project([-90.205], [38.6]))[0]


def test_a_polygon_that_crosses_itself_is_mended_and_one_without_surface_is_refused() -> None:
    bow = shapely.Polygon([(5e5, 4e6), (5.01e5, 4.001e6), (5.01e5, 4e6), (5e5, 4.001e6)])
    assert StudyArea(bow, "EPSG:32615", "UTC", "bow").area_km2 == pytest.approx(0.5)
    with pytest.raises(StudyError, match="no surface"):
        StudyArea(shapely.LineString([(5e5, 4e6), (6e5, 4e6)]), "EPSG:32615", "UTC", "line")


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(StudyError, match="Amerika"):
        StudyArea(shapely.box(5e5, 4e6, 6e5, 5e6), "EPSG:32615", "Amerika/Chicago", "x")
