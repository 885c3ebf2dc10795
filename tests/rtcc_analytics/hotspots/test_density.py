"""The density is the quartic kernel's own sum, integrates to the events, and follows them wherever they go."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import HotspotError, density, kernel_density
from rtcc_analytics.hotspots import lattice as lattice_sums
from rtcc_analytics.hotspots.kernels import kernel_named
from rtcc_analytics.study import StudyArea
from rtcc_analytics.temporal.aoristic import aoristic
from rtcc_analytics.units import Grid, UnitsError

CENTRE = np.array([5e5, 4e6])


def square(half_m: float = 3000, centre: NDArray = CENTRE) -> StudyArea:
    (x, y) = centre
    return StudyArea(shapely.box(x - half_m, y - half_m, x + half_m, y + half_m), "EPSG:32615", "UTC", "town")


def events(places: NDArray, weights: NDArray | None = None) -> Events:
    n = len(places)
    return Events(x=places[:, 0], y=places[:, 1], weights=weights, crs="EPSG:32615", timezone="UTC",
                  occurred_from=np.full(n, np.datetime64("2024-01-01", "s")))


def brute_force(places: NDArray, weights: NDArray, grid: Grid, h: float | NDArray, kernel: str = "quartic") -> NDArray:
    x, y = grid.centroids()
    squared = ((x[:, None] - places[:, 0]) ** 2 + (y[:, None] - places[:, 1]) ** 2) / np.square(h)
    height = {
        "quartic": 3 / np.pi * np.maximum(1 - squared, 0) ** 2,
        "epanechnikov": 2 / np.pi * np.maximum(1 - squared, 0),
        "gaussian": np.exp(-squared / 2) / (2 * np.pi),
    }[kernel]
    return 1e6 * (height / np.square(h)) @ weights


grids = st.fixed_dictionaries({
    "kind": st.sampled_from(["square", "hexagon"]), "cell_m": st.floats(100, 300),
    "offset_m": st.tuples(st.floats(-300, 300), st.floats(-300, 300)),
    "rotation_deg": st.one_of(st.just(0.0), st.floats(-60, 60)),
})


@settings(max_examples=20, deadline=None)
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
@given(grids, st.sampled_from(["epanechnikov", "gaussian"]), st.integers(0, 99))
def test_other_kernels_are_their_own_sums(shape: dict, kernel: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places, weights = CENTRE + rng.normal(0, 2000, (60, 2)), rng.uniform(0, 3, 60)
    grid = Grid(square(), **shape)
    surface = kernel_density(events(places, weights), grid, bandwidth_m=1.5 * grid.cell_m, kernel=kernel)
    expected = brute_force(places, weights, grid, 1.5 * grid.cell_m, kernel)
    # The Gaussian is cut at five standard deviations, where it is 4e-6 of its peak.
    assert surface.values == pytest.approx(expected, rel=2e-6, abs=1e-5 * expected.max())


@settings(max_examples=20, deadline=None)
@given(grids, st.sampled_from(["quartic", "epanechnikov", "gaussian"]), st.integers(0, 99))
def test_diggles_correction_puts_back_what_falls_outside(shape: dict, kernel: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = CENTRE + rng.uniform(-2999, 2999, (50, 2))
    grid = Grid(square(), **shape)
    options = {"bandwidth_m": 3 * grid.cell_m, "kernel": kernel, "edge_correction": "diggle"}
    surface = kernel_density(events(places), grid, **options)
    assert (surface.values * grid.area_m2).sum() / 1e6 == pytest.approx(50, rel=1e-9)
    assert surface.made_by["share_outside_area"] == 0


@pytest.mark.parametrize("kind", ["square", "hexagon"])
@pytest.mark.parametrize("correction", ["uniform", "diggle"])
def test_even_events_are_even_up_to_the_edge_when_corrected(kind: str, correction: str) -> None:
    lattice = np.arange(-2970, 3000, 60.0)
    places = CENTRE + np.stack(np.meshgrid(lattice, lattice), axis=-1).reshape(-1, 2)
    grid = Grid(square(), cell_m=150, kind=kind)
    whole = grid.area_m2 > 0.99 * grid.cell_area_m2
    plain = kernel_density(events(places), grid, bandwidth_m=900)
    assert plain.values[whole].min() < 0.5 * plain.values.max()
    corrected = kernel_density(events(places), grid, bandwidth_m=900, edge_correction=correction)
    # Diggle's puts the weight back, but not where it was lost: at a corner up to a third is still missing.
    assert corrected.values[whole] == pytest.approx(1e6 / 60**2, rel=0.03 if correction == "uniform" else 0.33)


def test_events_outside_are_left_out_and_told_when_edges_are_corrected() -> None:
    places = CENTRE + np.array([[0.0, 0], [100, 0], [3100, 0]])
    surface = kernel_density(events(places), Grid(square(), cell_m=100), bandwidth_m=500, edge_correction="uniform")
    assert surface.made_by["outside"] == 1
    with pytest.raises(HotspotError, match="none of the 1 events"):
        kernel_density(events(places[2:]), Grid(square(), cell_m=100), bandwidth_m=500, edge_correction="diggle")


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 99), st.sampled_from(["square", "hexagon"]))
def test_adaptive_is_narrow_where_dense_and_still_adds_up(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    places = CENTRE + np.concatenate([rng.normal(0, 60, (150, 2)), rng.uniform(-2000, 2000, (50, 2))])
    grid = Grid(square(6000), cell_m=120, kind=kind)
    fixed = kernel_density(events(places), grid, bandwidth_m=600)
    adaptive = kernel_density(events(places), grid, bandwidth_m=600, adaptive=True)
    assert adaptive.values.max() > 1.5 * fixed.values.max()
    assert (adaptive.values > 0).sum() > (fixed.values > 0).sum()
    assert (adaptive.values * grid.area_m2).sum() / 1e6 == pytest.approx(200, rel=0.03)
    shuffled = kernel_density(events(rng.permutation(places)), grid, bandwidth_m=600, adaptive=True)
    assert shuffled.values == pytest.approx(adaptive.values, rel=1e-9, abs=1e-9)


def test_large_sums_are_the_same_in_bands_as_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    places = CENTRE + np.random.default_rng(6).normal(0, 1200, (3000, 2))
    for kind in ("square", "hexagon"):
        grid = Grid(square(), cell_m=60, kind=kind)
        alone = kernel_density(events(places), grid, bandwidth_m=240, adaptive=True).values
        monkeypatch.setattr(lattice_sums, "PARALLEL_FROM_WORK", 0)
        assert kernel_density(events(places), grid, bandwidth_m=240, adaptive=True).values == pytest.approx(alone)
        monkeypatch.undo()


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


@pytest.mark.parametrize(("kernel", "cells"), [
    ("quartic", 12.5), ("quartic", 4.2), ("gaussian", 6.1), ("gaussian", 2.3), ("epanechnikov", 12.5),
    ("epanechnikov", 5.3),
])
def test_binning_stays_within_its_stated_error(kernel: str, cells: float) -> None:
    rng = np.random.default_rng(5)
    grid, h = Grid(square(), cell_m=50), cells * 50
    for n in (1, 40, 2000):
        places = CENTRE + rng.normal(0, 1500, (n, 2))
        surface = kernel_density(events(places), grid, bandwidth_m=h, kernel=kernel, evaluation="binned")
        exact = kernel_density(events(places), grid, bandwidth_m=h, kernel=kernel, evaluation="exact")
        assert (surface.made_by["evaluation"], exact.made_by["evaluation"]) == ("binned", "exact")
        assert exact.made_by["evaluation_error"] == 0
        peak_alone = kernel_named(kernel).on_plane / h**2 * 1e6
        off = np.abs(surface.values - exact.values)
        x, y = grid.centroids()
        reach = (cells * kernel_named(kernel).reach + 1.5) * grid.cell_m
        near = cKDTree(places).query_ball_point(np.column_stack([x, y]), reach, return_length=True)
        assert (off <= surface.made_by["evaluation_error"] * peak_alone * near + 2e-6 * exact.values.max()).all()
        assert off.max() <= 1.5 * surface.made_by["evaluation_error"] * exact.values.max()
        assert surface.values.sum() == pytest.approx(exact.values.sum(), rel=4e-3 if n > 1 else 0.02)


def test_the_worst_place_for_binning_comes_near_the_stated_error() -> None:
    grid, h = Grid(square(), cell_m=50), 12 * 50
    between_four = events(CENTRE[None, :])      # a corner of cells
    binned = kernel_density(between_four, grid, bandwidth_m=h, evaluation="binned")
    exact = kernel_density(between_four, grid, bandwidth_m=h, evaluation="exact")
    off = np.abs(binned.values - exact.values).max() / (3 / (np.pi * h**2) * 1e6)
    assert 0.5 * binned.made_by["evaluation_error"] < off <= binned.made_by["evaluation_error"]


def test_binned_is_chosen_only_for_much_work_and_little_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(density, "EXACT_WORK", 0)
    grid, some = Grid(square(), cell_m=50), events(CENTRE[None, :])
    chosen = {cells: kernel_density(some, grid, bandwidth_m=50 * cells).made_by["evaluation"] for cells in (8, 12, 20)}
    assert chosen == {8: "exact", 12: "binned", 20: "binned"}


def test_the_published_sums_of_a_retrospective_hot_spot_map(shared: Path) -> None:
    folder = shared / "truth" / "23_promap_retro_open_cp"
    truth = json.loads((folder / "expected.json").read_text())
    region, expected = truth["arguments"]["region"], truth["expected"]
    frame = pd.read_csv(folder / "chicago_be_2016.csv")
    recent = pd.to_datetime(frame["date"]).between("2016-11-01", "2016-12-31 23:59:59")
    box = shapely.box(region["xmin"], region["ymin"], region["xmax"], region["ymax"])
    grid = Grid(StudyArea(box, "EPSG:26971", "America/Chicago", "region"), cell_m=truth["arguments"]["cell"])
    places = frame.loc[recent, ["X", "Y"]].to_numpy()
    burglaries = Events(x=places[:, 0], y=places[:, 1], crs="EPSG:26971", timezone="America/Chicago",
                        occurred_from=np.full(len(places), np.datetime64("2016-12-01", "s")))
    # Theirs is unnormalised: 1 at an event, and no unit.
    values = kernel_density(burglaries, grid, bandwidth_m=1000, evaluation="exact").values * np.pi / 3
    assert values.sum() == pytest.approx(expected["retro_sum"], rel=1e-9)
    assert values.max() == pytest.approx(expected["retro_max"], rel=1e-9)
    first = grid.row.min(), grid.column.min()
    at = values.argmax()
    assert [grid.row[at] - first[0], grid.column[at] - first[1]] == expected["retro_argmax_row_col"]
    theirs = np.load(folder / "retro_quartic1000_100x60.npy")
    np.testing.assert_allclose(values, theirs[grid.row - first[0], grid.column - first[1]], atol=1e-9)


def test_hours_of_uncertain_events_add_up_to_the_whole_day() -> None:
    rng = np.random.default_rng(9)
    n = 80
    start = np.datetime64("2024-01-01T00:00", "s") + rng.integers(0, 28 * 86_400, n).astype("timedelta64[s]")
    places = CENTRE + rng.normal(0, 900, (n, 2))
    ranges = Events(x=places[:, 0], y=places[:, 1], crs="EPSG:32615", timezone="UTC", occurred_from=start,
                    occurred_to=start + rng.integers(0, 40 * 3600, n).astype("timedelta64[s]"))
    spread, grid = aoristic(ranges), Grid(square(), cell_m=150)
    bands = [np.flatnonzero(np.arange(168) % 24 // 8 == third) for third in range(3)]
    shifts = [kernel_density(replace(ranges, weights=spread.weights_in(band)), grid, bandwidth_m=600) for band in bands]
    whole = kernel_density(ranges, grid, bandwidth_m=600)
    assert sum(shift.values for shift in shifts) == pytest.approx(whole.values, rel=1e-6, abs=1e-9)
    held = [(shift.values * grid.area_m2).sum() / 1e6 for shift in shifts]
    assert held == pytest.approx([spread.hours[band].sum() for band in bands], rel=0.01)


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


def test_what_cannot_be_binned_or_is_not_known_is_refused() -> None:
    one = events(CENTRE[None, :])
    with pytest.raises(HotspotError, match="not possible with hexagons"):
        kernel_density(one, Grid(square(), cell_m=100, kind="hexagon"), evaluation="binned")
    with pytest.raises(HotspotError, match="not possible with an adaptive"):
        kernel_density(one, Grid(square(), cell_m=100), adaptive=True, evaluation="binned")
    for option in ("kernel", "edge_correction", "evaluation"):
        with pytest.raises(HotspotError, match=f"{option} 'best' is not known"):
            kernel_density(one, Grid(square(), cell_m=100), **{option: "best"})


def test_warnings_tell_of_stacks_and_of_a_bandwidth_beyond_the_area() -> None:
    rng = np.random.default_rng(2)
    grid = Grid(square(), cell_m=200)
    apart = CENTRE + rng.uniform(-2500, 2500, (60, 2))
    assert kernel_density(events(apart), grid, bandwidth_m=600).made_by["warnings"] == ()
    stacked = np.concatenate([apart, np.repeat(CENTRE[None], 40, axis=0)])
    warning, = kernel_density(events(stacked), grid, bandwidth_m=600).made_by["warnings"]
    assert "40 of 100 events (40 %)" in warning and "40 of them at x 500,000, y 4,000,000" in warning
    assert kernel_density(events(stacked[:-1]), grid, bandwidth_m=600).made_by["warnings"] == ()
    warning, = kernel_density(events(apart), grid, bandwidth_m=3500).made_by["warnings"]
    assert "the bandwidth exceeds the area: an event spreads over 38.5 km², town has 36.0 km²" in warning
