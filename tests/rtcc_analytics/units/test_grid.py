"""A grid holds every point of its area, none outside, and its areas add up to the polygon's."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid, SpatialUnits, UnitsError
from rtcc_analytics.units.protocol import overlap_m2


def blob(seed: int, vertices: int = 40, hole: bool = True) -> StudyArea:
    """A wavy island of about 12 km², perhaps with a lake."""
    rng = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radius = 2000 * (1 + 0.3 * rng.uniform(-1, 1, vertices))
    land = shapely.Polygon(np.stack([5e5 + radius * np.cos(turn), 4e6 + radius * np.sin(turn)], axis=1)).buffer(0)
    lake = shapely.Point(5e5, 4e6).buffer(400)
    return StudyArea(land.difference(lake) if hole else land, "EPSG:32615", "America/Chicago", "island")


shapes = st.fixed_dictionaries({
    "kind": st.sampled_from(["square", "hexagon"]),
    "cell_m": st.floats(150, 900),
    "offset_m": st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    "rotation_deg": st.one_of(st.just(0.0), st.floats(-90, 90)),
})


@settings(max_examples=40, deadline=None)
@given(shapes, st.integers(0, 50))
def test_a_point_is_in_the_cell_whose_outline_holds_it_or_outside_the_area(shape: dict, seed: int) -> None:
    area = blob(seed)
    grid = Grid(area, **shape)
    rng = np.random.default_rng(seed)
    x, y = 5e5 + rng.uniform(-3000, 3000, 300), 4e6 + rng.uniform(-3000, 3000, 300)
    cell = grid.assign(x, y)
    points = shapely.points(x, y)
    in_area = shapely.intersects(area.polygon, points)
    assert ((cell >= 0) == in_area).all()
    outlines = shapely.buffer(grid.geometry()[cell[in_area]], 1e-6)
    assert shapely.intersects(outlines, points[in_area]).all()


@settings(max_examples=40, deadline=None)
@given(shapes, st.integers(0, 50))
def test_areas_add_up_to_the_polygon(shape: dict, seed: int) -> None:
    area = blob(seed)
    grid = Grid(area, **shape)
    assert grid.area_m2.sum() == pytest.approx(area.polygon.area, rel=1e-9)
    assert (grid.area_m2 > 0).all() and (grid.area_m2 <= grid.cell_area_m2 * (1 + 1e-9)).all()
    assert shapely.area(grid.geometry()) == pytest.approx(grid.cell_area_m2, rel=1e-7)
    assert grid.area_m2 == pytest.approx(shapely.area(shapely.intersection(grid.geometry(), area.polygon)), abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(shapes, st.integers(0, 50))
def test_neighbours_are_the_cells_that_touch(shape: dict, seed: int) -> None:
    grid = Grid(blob(seed), **(shape | {"cell_m": max(shape["cell_m"], 300)}))
    indptr, indices = grid.neighbours()
    cells = shapely.buffer(grid.geometry(), 0.01 * grid.cell_m)
    left, right = shapely.STRtree(cells).query(cells, predicate="intersects")
    touching = sorted((a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True) if a != b)
    listed = [(row, int(column)) for row in range(grid.size) for column in indices[indptr[row]:indptr[row + 1]]]
    assert listed == touching


def test_whole_cells_inside_have_all_their_neighbours() -> None:
    area = StudyArea(shapely.box(5e5, 4e6, 5.05e5, 4.05e6), "EPSG:32615", "UTC", "square")
    for kind, most in (("square", 8), ("hexagon", 6)):
        indptr, _ = Grid(area, cell_m=250, kind=kind).neighbours()
        assert np.diff(indptr).max() == most
        assert np.bincount(np.diff(indptr))[most] > 300


def test_points_on_the_very_outline_are_not_lost() -> None:
    area = StudyArea(shapely.box(5e5, 4e6, 5.01e5, 4.001e6), "EPSG:32615", "UTC", "square")
    edge = np.linspace(0, 1000, 41)
    x = 5e5 + np.concatenate([edge, edge, np.zeros(41), np.full(41, 1000.0)])
    y = 4e6 + np.concatenate([np.zeros(41), np.full(41, 1000.0), edge, edge])
    for kind in ("square", "hexagon"):
        for rotation in (0.0, 30.0):
            grid = Grid(area, cell_m=100, kind=kind, rotation_deg=rotation)
            on_area = area.contains(x, y)
            assert on_area.all()
            assert (grid.assign(x, y) >= 0).all()


def test_grids_of_one_size_over_different_areas_fit_together() -> None:
    west = StudyArea(shapely.box(500_000, 4e6, 501_030, 4.001e6), "EPSG:32615", "UTC", "west")
    east = StudyArea(shapely.box(501_030, 4e6, 502_000, 4.001e6), "EPSG:32615", "UTC", "east")
    one, other = Grid(west, cell_m=100), Grid(east, cell_m=100)
    shared = set(one.labels) & set(other.labels)
    assert len(shared) == 10
    split = {label: one.area_m2[list(one.labels).index(label)] + other.area_m2[list(other.labels).index(label)]
             for label in shared}
    assert all(surface == pytest.approx(10_000) for surface in split.values())


def test_areas_in_several_parts_and_a_coastline_of_many_vertices() -> None:
    islands = shapely.union(blob(1, 1200, hole=False).polygon, shapely.box(5.1e5, 4e6, 5.11e5, 4.001e6))
    area = StudyArea(islands, "EPSG:32615", "UTC", "islands")
    grid = Grid(area, cell_m=120)
    assert grid.area_m2.sum() == pytest.approx(islands.area, rel=1e-9)
    cells = grid.geometry()
    assert overlap_m2(cells, islands) == pytest.approx(shapely.area(shapely.intersection(cells, islands)), abs=1e-4)


def test_a_cell_wider_than_the_area_holds_it_all() -> None:
    area = StudyArea(shapely.box(500_010, 4_000_010, 500_200, 4_000_200), "EPSG:32615", "UTC", "yard")
    grid = Grid(area, cell_m=5000)
    assert grid.size == 1 and grid.assign([500_100], [4_000_100]).tolist() == [0]
    assert grid.area_m2[0] == pytest.approx(190 * 190)


@pytest.mark.parametrize(("given_", "words"), [
    ({"cell_m": 0}, "positive size"),
    ({"cell_m": float("nan")}, "positive size"),
    ({"cell_m": 0.002}, "degrees"),
    ({"cell_m": 100, "kind": "triangle"}, "triangle"),
])
def test_impossible_grids_are_refused(given_: dict, words: str) -> None:
    with pytest.raises(UnitsError, match=words):
        Grid(blob(0), **given_)


def test_a_grid_is_what_methods_expect() -> None:
    grid = Grid(blob(0), cell_m=500)
    assert isinstance(grid, SpatialUnits)
    x, y = grid.centroids()
    assert x.shape == y.shape == grid.labels.shape == (grid.size,)
    assert Grid(blob(0), cell_m=500) == grid
