"""The density is the quartic kernel's own sum, integrates to the events, and follows them wherever they go."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import HotspotError, density, kernel_density
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid, UnitsError

CENTRE = np.array([5e5, 4e6])


def square(half_m: float = 3000, centre: NDArray = CENTRE) -> StudyArea:
    (x, y) = centre
    return StudyArea(shapely.box(x - half_m, y - half_m, x + half_m, y + half_m), "EPSG:32615", "UTC", "town")


def events(places: NDArray, weights: NDArray | None = None) -> Events:
    n = len(places)
    return Events(x=places[:, 0], y=places[:, 1], weights=weights, crs="EPSG:32615", timezone="UTC",
                  occurred_from=np.full(n, np.datetime64("2024-01-01", "s")))


def brute_force(places: NDArray, weights: NDArray, grid: Grid, h: float) -> NDArray:
    x, y = grid.centroids()
    inside = np.maximum(1 - ((x[:, None] - places[:, 0]) ** 2 + (y[:, None] - places[:, 1]) ** 2) / h**2, 0)
    return 3 / (np.pi * h**2) * 1e6 * (inside**2) @ weights


grids = st.fixed_dictionaries({
    "kind": st.sampled_from(["square", "hexagon"]), "cell_m": st.floats(100, 300),
    "offset_m": st.tuples(st.floats(-300, 300), st.floats(-300, 300)),
    "rotation_deg": st.one_of(st.just(0.0), st.floats(-60, 60)),
})


@settings(max_examples=30, deadline=None)
@given(grids, st.floats(1, 8), st.integers(0, 99))
def test_every_cell_has_the_sum_over_all_events(shape: dict, cells_to_h: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places, weights = CENTRE + rng.normal(0, 2500, (60, 2)), rng.uniform(0, 3, 60)
    grid = Grid(square(), **shape)
    h = cells_to_h * grid.cell_m
    surface = kernel_density(events(places, weights), grid, bandwidth_m=h)
    expected = brute_force(places, weights, grid, h)
    assert surface.values == pytest.approx(expected, rel=1e-9, abs=1e-9 * expected.max())
    assert surface.made_by["evaluation"] == "exact"


@settings(max_examples=20, deadline=None)
@given(grids, st.integers(0, 99))
def test_it_integrates_to_the_events_where_the_grid_covers_their_circles(shape: dict, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = CENTRE + rng.uniform(-1500, 1500, (50, 2))
    grid = Grid(square(), **shape)
    surface = kernel_density(events(places), grid, bandwidth_m=4 * grid.cell_m)
    assert (surface.values * grid.area_m2).sum() / 1e6 == pytest.approx(50, rel=2e-3)
    assert surface.made_by["share_outside_area"] == pytest.approx(0, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.tuples(st.integers(-9, 9), st.integers(-9, 9)))
def test_neither_order_nor_a_move_of_everything_changes_it(seed: int, cells: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    places = CENTRE + rng.normal(0, 1000, (80, 2))
    here = kernel_density(events(places), Grid(square(), cell_m=200), bandwidth_m=700).values
    shuffled = kernel_density(events(rng.permutation(places)), Grid(square(), cell_m=200), bandwidth_m=700).values
    move = 200.0 * np.array(cells)
    there = kernel_density(events(places + move), Grid(square(3000, CENTRE + move), cell_m=200), bandwidth_m=700).values
    assert shuffled == pytest.approx(here, rel=1e-9, abs=1e-9)
    assert there == pytest.approx(here, rel=1e-7, abs=1e-7)


def test_binning_stays_within_its_stated_error(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    monkeypatch.setattr(density, "EXACT_WORK", 0)
    grid = Grid(square(), cell_m=50)
    for n in (1, 40, 2000):
        places = CENTRE + rng.normal(0, 1500, (n, 2))
        h = 12.5 * grid.cell_m
        surface = kernel_density(events(places), grid, bandwidth_m=h)
        assert surface.made_by["evaluation"] == "binned"
        exact = brute_force(places, np.ones(n), grid, h)
        peak_alone = 3 / (np.pi * h**2) * 1e6
        assert np.abs(surface.values - exact).max() <= (grid.cell_m / h) ** 2 * max(peak_alone, exact.max())
        assert surface.values.sum() == pytest.approx(exact.sum(), rel=1e-3)


def test_the_share_beyond_the_area_is_told() -> None:
    half_plane = StudyArea(shapely.box(5e5, 3.99e6, 5.2e5, 4.01e6), "EPSG:32615", "UTC", "east bank")
    on_the_edge = events(np.array([[5e5, 4e6]]))
    surface = kernel_density(on_the_edge, Grid(half_plane, cell_m=50), bandwidth_m=1000)
    assert surface.made_by["share_outside_area"] == pytest.approx(0.5, abs=0.03)
    far = events(np.array([[5.1e5, 4e6], [9e5, 4e6], [9e5, 4e6]]))
    surface = kernel_density(far, Grid(half_plane, cell_m=100), bandwidth_m=500)
    assert surface.made_by["share_outside_area"] == pytest.approx(2 / 3, abs=1e-3)


def test_the_peak_of_one_event_is_three_over_pi_h_squared() -> None:
    grid = Grid(square(), cell_m=200)
    x, y = grid.centroids()
    surface = kernel_density(events(np.array([[x[500], y[500]]])), grid, bandwidth_m=1000)
    assert surface.values[500] == pytest.approx(3 / np.pi)      # h = 1 km, events per km²
    assert surface.values.argmax() == 500 and surface.kind == "density_per_km2"


def test_without_a_bandwidth_the_rule_is_told() -> None:
    surface = kernel_density(events(CENTRE[None, :]), Grid(square(3000), cell_m=50))
    assert surface.made_by["bandwidth_m"] == 200 and "thirtieth" in surface.made_by["bandwidth_rule"]


@pytest.mark.parametrize(("bandwidth_m", "words"), [
    (50, "below cell_m = 100"), (0, "positive"), (float("nan"), "positive"), (20_000, "wider than town"),
])
def test_bandwidths_that_make_no_sense_are_refused(bandwidth_m: float, words: str) -> None:
    with pytest.raises(HotspotError, match=words):
        kernel_density(events(CENTRE[None, :]), Grid(square(), cell_m=100), bandwidth_m=bandwidth_m)


def test_no_events_and_events_elsewhere_are_refused() -> None:
    grid = Grid(square(), cell_m=100)
    with pytest.raises(HotspotError, match="no events"):
        kernel_density(events(np.empty((0, 2))), grid, bandwidth_m=500)
    with pytest.raises(HotspotError, match=r"600,000 to 600,000.*497,000 to 503,000"):
        kernel_density(events(np.array([[6e5, 4e6]])), grid, bandwidth_m=500)
    with pytest.raises(UnitsError, match=r"EPSG:26996.*EPSG:32615"):
        other = Events(x=[5e5], y=[4e6], crs="EPSG:26996", timezone="UTC", occurred_from=["2024-01-01"])
        kernel_density(other, grid, bandwidth_m=500)
