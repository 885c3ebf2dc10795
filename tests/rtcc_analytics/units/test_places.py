"""Streets, addresses and areas assign as a plain look at every pair would."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from rtcc_analytics.events import Events
from rtcc_analytics.units import Addresses, Areas, SpatialUnits, StreetSegments, UnitsError

CRS = "EPSG:32115"


def streets(seed: int = 0, roads: int = 25) -> StreetSegments:
    rng = np.random.default_rng(seed)
    middle = rng.uniform(0, 2000, (roads, 2)) + [200_000, 300_000]
    step = rng.normal(0, 150, (roads, 2))
    lines = [shapely.LineString([m - s, m, m + s]) for m, s in zip(middle, step, strict=True)]
    return StreetSegments(np.array(lines, dtype=object), np.arange(roads).astype(str), CRS, 60.0)


def test_the_nearest_segment_within_reach_wins() -> None:
    made = streets()
    rng = np.random.default_rng(1)
    x, y = 200_000 + rng.uniform(0, 2000, 400), 300_000 + rng.uniform(0, 2000, 400)
    distance = shapely.distance(shapely.points(x, y)[:, None], made.lines[None, :])
    nearest = np.where(distance.min(axis=1) <= 60, distance.argmin(axis=1), -1)
    assert (made.assign(x, y) == nearest).all()
    assert 0 < (nearest >= 0).sum() < 400


def test_a_point_at_a_crossing_goes_to_the_lowest_number_whatever_the_order() -> None:
    cross = shapely.from_wkt(["LINESTRING (200000 300000, 200100 300000)", "LINESTRING (200100 300000, 200100 300100)"])
    one = StreetSegments(cross, ["a", "b"], CRS)
    assert one.assign([200_100, 200_100.0], [300_000, 300_000.0]).tolist() == [0, 0]


def test_roads_are_cut_where_they_meet_and_drawn_once() -> None:
    roads = shapely.from_wkt([
        "LINESTRING (200000 300000, 200100 300000, 200200 300000, 200300 300000)",   # Main St, through two corners
        "LINESTRING (200100 300000, 200200 300000)",                                 # Route 9 along part of it
        "LINESTRING (200100 300000, 200100 300100, 200150 300150)",                  # Oak Ave, bends once
        "LINESTRING (200250 299900, 200250 300100)",                                 # a bridge: no shared vertex
    ])
    made = StreetSegments.split_at_crossings(roads, ["Main St", "Route 9", "Oak Ave", "Bridge"], crs=CRS)
    assert list(zip(made.labels, made.length_m.round(1), strict=True)) == [
        ("Main St", 100.0), ("Main St", 100.0), ("Main St", 100.0), ("Oak Ave", 170.7), ("Bridge", 200.0)]
    assert made.length_m.sum() == pytest.approx(shapely.union_all(roads).length)
    indptr, indices = made.neighbours()
    assert [indices[indptr[i]:indptr[i + 1]].tolist() for i in range(5)] == [[1, 3], [0, 2, 3], [1], [0, 1], []]


def test_splitting_keeps_every_metre_of_a_tangle() -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 1000, (30, 2)) + [200_000, 300_000]
    lines = [shapely.LineString(corners[rng.permutation(30)[:5]]) for _ in range(40)]
    made = StreetSegments.split_at_crossings(lines, [""] * 40, crs=CRS)
    edges = {tuple(sorted(map(tuple, pair))) for line in lines
             for pair in zip(shapely.get_coordinates(line)[:-1].tolist(), shapely.get_coordinates(line)[1:].tolist(),
                             strict=True)}
    assert made.length_m.sum() == pytest.approx(sum(np.hypot(a[0] - b[0], a[1] - b[1]) for a, b in edges))


def test_streets_in_degrees_are_refused() -> None:
    with pytest.raises(UnitsError, match="degrees"):
        StreetSegments([shapely.LineString([(-73.9, 41.7), (-73.8, 41.7)])], ["Main St"], CRS)


def test_addresses_are_snapped_places_called_by_their_usual_name() -> None:
    events = Events(x=[200_000.0, 200_000.3, 200_000.1, 200_500], y=[300_000.0] * 4, crs=CRS,
                    timezone="America/New_York", occurred_from=["2024-01-01"] * 4,
                    address=["1 MAIN", "1 MAIN ST", "1 MAIN ST", None])
    places = Addresses.of(events)
    assert places.size == 2 and places.labels.tolist() == ["1 MAIN ST", "200500, 300000"]
    assert places.assign(events.x, events.y).tolist() == [0, 0, 0, 1]
    assert places.assign([200_003], [300_000]).tolist() == [-1]
    assert places.neighbours()[1].size == 0


def test_areas_assign_like_a_look_at_every_polygon() -> None:
    rng = np.random.default_rng(2)
    polygons = [shapely.Point(p).buffer(300) for p in rng.uniform(0, 2000, (12, 2)) + [200_000, 300_000]]
    beats = Areas(polygons, [str(i) for i in range(12)], CRS, name="beats")
    x, y = 200_000 + rng.uniform(0, 2000, 300), 300_000 + rng.uniform(0, 2000, 300)
    holds = shapely.intersects(shapely.points(x, y)[:, None], np.array(polygons)[None, :])
    first = np.where(holds.any(axis=1), holds.argmax(axis=1), -1)
    assert (beats.assign(x, y) == first).all()
    indptr, indices = beats.neighbours()
    for i in range(12):
        assert indices[indptr[i]:indptr[i + 1]].tolist() == [
            j for j in range(12) if j != i and polygons[i].intersects(polygons[j])]


def test_every_kind_of_unit_answers_the_same_questions() -> None:
    beats = Areas([shapely.box(200_000, 300_000, 200_100, 300_100)], ["A"], CRS)
    for units in (streets(), beats):
        assert isinstance(units, SpatialUnits)
        x, y = units.centroids()
        for answer in (x, y, units.area_m2, units.labels, units.geometry()):
            assert answer.shape == (units.size,)
