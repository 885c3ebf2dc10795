"""Bandwidths: scores against pairs taken one by one, published rules, and blind to addresses with many events."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import (
    HotspotError,
    bandwidth,
    cross_validated_bandwidth,
    default_bandwidth_m,
    kernel_density,
    normal_reference_bandwidth_m,
)
from rtcc_analytics.hotspots.kernels import KERNELS
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid

X0, Y0 = 500_000.0, 4_000_000.0
TOWN = StudyArea(shapely.box(X0, Y0, X0 + 10_000, Y0 + 10_000), "EPSG:32615", "UTC", "town")
GRID = Grid(TOWN, cell_m=100)


def at(points: NDArray, weights: NDArray | None = None) -> Events:
    return Events(x=X0 + points[:, 0], y=Y0 + points[:, 1], weights=weights, crs="EPSG:32615", timezone="UTC",
                  occurred_from=np.full(len(points), np.datetime64("2024-01-01", "s")))


def clusters(seed: int, n: int = 400, spread: float = 150.0) -> NDArray:
    rng = np.random.default_rng(seed)
    middles = rng.uniform(1500, 8500, (15, 2))
    return middles[rng.integers(0, 15, n)] + rng.normal(0, spread, (n, 2))


@pytest.mark.parametrize("kernel", list(KERNELS))
def test_scores_are_those_of_pairs_taken_one_by_one(kernel: str) -> None:
    points = clusters(1, 120)
    points[:20] = points[20]
    weights = np.random.default_rng(1).uniform(0.5, 2, 120)
    tried = np.array([180.0, 390.0])      # small enough to be scored by pairs
    shape, score = KERNELS[kernel], []
    for h in tried:
        squared = ((points[:, None] - points) ** 2).sum(axis=2)
        height = shape.on_plane / h**2 * shape.shape(squared / h**2) * (squared <= (shape.reach * h) ** 2)
        elsewhere = squared > 0
        density = (height * elsewhere) @ weights / (elsewhere @ weights)
        score.append(weights @ np.log(0.01 + 0.99 * density * 1e8) / weights.sum())
    choice = cross_validated_bandwidth(at(points, weights), Grid(TOWN, cell_m=100), kernel=kernel, candidates_m=tried)
    assert choice.frame.score.to_numpy() == pytest.approx(score, abs=1e-9)


@pytest.mark.parametrize("kernel", list(KERNELS))
def test_wide_bandwidths_on_the_lattice_score_as_by_pairs(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    points, tried = clusters(2), np.array([700.0, 1500.0])
    # Sharing among the four nearest and reading from them smooths a little more: by a hundredth of a nat.
    by_lattice = cross_validated_bandwidth(at(points), Grid(TOWN, cell_m=50), kernel=kernel, candidates_m=tried).frame
    monkeypatch.setattr(bandwidth, "PAIRS_UP_TO_CELLS", np.inf)
    by_pairs = cross_validated_bandwidth(at(points), Grid(TOWN, cell_m=50), kernel=kernel, candidates_m=tried).frame
    assert by_lattice.score.to_numpy() == pytest.approx(by_pairs.score.to_numpy(), abs=0.01)


@pytest.mark.parametrize("spread", [150.0, 300.0])
def test_the_choice_is_near_the_one_that_gives_the_true_density_best(spread: float) -> None:
    rng = np.random.default_rng(3)
    middles = rng.uniform(1500, 8500, (15, 2))
    points = middles[rng.integers(0, 15, 900)] + rng.normal(0, spread, (900, 2))
    x, y = GRID.centroids()
    squared = (x[:, None] - X0 - middles[:, 0]) ** 2 + (y[:, None] - Y0 - middles[:, 1]) ** 2
    true = np.exp(-squared / (2 * spread**2)).sum(axis=1) / 15 / (2 * np.pi * spread**2) * 900 * 1e6

    def off(h: float) -> float:
        return float(np.square(kernel_density(at(points), GRID, bandwidth_m=h).values - true).sum())

    choice = cross_validated_bandwidth(at(points), GRID)
    best = min(off(h) for h in choice.frame.bandwidth_m)
    assert off(choice.bandwidth_m) < 2 * best
    assert choice.warnings == ()


def test_addresses_with_many_events_do_not_shrink_it() -> None:
    points = clusters(4, 200)
    once = cross_validated_bandwidth(at(points), GRID)
    thrice = cross_validated_bandwidth(at(np.repeat(points, 3, axis=0)), GRID)
    assert thrice.bandwidth_m == once.bandwidth_m
    assert thrice.frame.score.to_numpy() == pytest.approx(once.frame.score.to_numpy())


def test_order_and_a_move_do_not_matter() -> None:
    points = clusters(5)
    here = cross_validated_bandwidth(at(points), GRID).frame.score
    turned = cross_validated_bandwidth(at(points[::-1]), GRID).frame.score
    assert turned.to_numpy() == pytest.approx(here.to_numpy())


def test_no_pattern_is_told_and_so_is_a_best_at_the_end_of_the_range() -> None:
    even = np.random.default_rng(6).uniform(0, 10_000, (60, 2))
    assert "better than an even spread" in cross_validated_bandwidth(at(even), GRID, candidates_m=[300]).warnings[0]
    ended = cross_validated_bandwidth(at(clusters(7)), GRID, candidates_m=[50, 100])
    assert "the largest tried, 100 m" in ended.warnings[0]


def test_density_says_which_rule_it_followed() -> None:
    surface = kernel_density(at(clusters(8)), GRID, bandwidth_m="cross_validated", kernel="gaussian")
    assert surface.made_by["bandwidth_rule"] == "cross-validated on 400 events held out by place"
    assert surface.made_by["bandwidth_m"] == cross_validated_bandwidth(
        at(clusters(8)), GRID, kernel="gaussian").bandwidth_m


def test_normal_reference_of_memphis_robberies(shared: Path) -> None:
    folder = shared / "truth" / "15_gistar_memphis"
    expected = json.loads((folder / "expected.json").read_text())["expected"]
    robberies = np.genfromtxt(folder / "memphis_robberies.csv", delimiter=",", names=True)
    events = Events(x=robberies["x"], y=robberies["y"], crs="EPSG:32615", timezone="America/Chicago",
                    occurred_from=np.full(robberies.size, np.datetime64("2019-01-01", "s")))
    theirs = normal_reference_bandwidth_m(events, compat="sfhotspot")
    assert theirs == pytest.approx(expected["nrd_mean_correct"], rel=1e-6)
    assert theirs != pytest.approx(expected["sfhotspot_returns_x_only"], rel=0.01)
    # One dimension's exponent and MASS's factor 4, against two dimensions' and the kernel's own width.
    ours = normal_reference_bandwidth_m(events)
    assert ours == pytest.approx(theirs / (4 * 1.06) * events.size ** (1 / 5 - 1 / 6) * 8**0.5)


def test_kernels_of_one_default_smooth_alike() -> None:
    spreads = [default_bandwidth_m(GRID, kernel=name) * kernel.spread for name, kernel in KERNELS.items()]
    assert spreads == pytest.approx([spreads[0]] * 3)


@pytest.mark.parametrize(("points", "options", "words"), [
    (np.zeros((0, 2)), {}, "no events"), (np.full((9, 2), 500.0), {}, "9 events stand at 1 places"),
    (clusters(1), {"candidates_m": [300, 200]}, "must rise"), (clusters(1), {"kernel": "box"}, "kernel 'box'"),
])
def test_what_cannot_be_chosen_is_refused(points: NDArray, options: dict, words: str) -> None:
    with pytest.raises(HotspotError, match=words):
        cross_validated_bandwidth(at(points), GRID, **options)


def test_one_place_has_no_normal_reference() -> None:
    with pytest.raises(HotspotError, match="3 events at one place"):
        normal_reference_bandwidth_m(at(np.full((3, 2), 500.0)))
