"""Moved by half a cell: a true hot spot stays, a made one goes, and the reader is told."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import HotspotError, gi_star, grid_stability
from rtcc_analytics.hotspots.local import LocalStatisticError
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid

X0, Y0 = 500_000.0, 4_000_000.0
TOWN = StudyArea(shapely.box(X0, Y0, X0 + 6000, Y0 + 6000), "EPSG:32615", "UTC", "town")


def at(points: NDArray) -> Events:
    return Events(x=X0 + points[:, 0], y=Y0 + points[:, 1], crs="EPSG:32615", timezone="UTC",
                  occurred_from=np.full(len(points), np.datetime64("2024-01-01", "s")))


def with_a_hot_spot(seed: int = 1) -> NDArray:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.uniform(0, 6000, (700, 2)), rng.normal([2000, 3500], 250, (200, 2))])


def chance_pairs(seed: int = 2) -> NDArray:
    """Sparse events among which single places hold a few: what is hot is where the lines happen to run."""
    rng = np.random.default_rng(seed)
    return np.repeat(rng.uniform(0, 6000, (40, 2)), 4, axis=0) + rng.normal(0, 60, (160, 2))


@pytest.mark.parametrize("kind", ["square", "hexagon"])
def test_a_planted_hot_spot_holds(kind: str) -> None:
    result = grid_stability(at(with_a_hot_spot()), Grid(TOWN, cell_m=200, kind=kind))
    assert result.holds_share > 0.5 and result.warnings == ()
    frame = result.to_frame()
    core = np.hypot(frame.x - X0 - 2000, frame.y - Y0 - 3500) < 250
    assert frame.hot[core].all() and (frame.hot_share[core] == 1).all()
    assert (frame.hot_share.between(0, 1)).all()


def test_what_half_a_cell_changes_is_told() -> None:
    result = grid_stability(at(chance_pairs()), Grid(TOWN, cell_m=150))
    assert result.hot.any() and result.holds_share < 0.5
    assert "flips when the grid moves by half a cell (75 m)" in result.warnings[0]


def test_share_is_what_looking_at_points_gives() -> None:
    events, grid = at(with_a_hot_spot(3)), Grid(TOWN, cell_m=300)
    grids = [grid, *(Grid(TOWN, cell_m=300, offset_m=offset) for offset in ((150, 0), (0, 150), (150, 150)))]
    lattice = np.stack(np.meshgrid(np.arange(10, 6000, 20.0), np.arange(10, 6000, 20.0)), axis=-1).reshape(-1, 2)
    x, y = lattice[:, 0] + X0, lattice[:, 1] + Y0
    hot = []
    for each in grids:
        unit = each.assign(events.x, events.y)
        result = gi_star(np.bincount(unit, minlength=each.size).astype(float), each)
        hot.append((result.significant & (result.values > 0))[each.assign(x, y)])
    expected = np.all(hot, axis=0).sum() / np.any(hot, axis=0).sum()
    assert grid_stability(events, grid).holds_share == pytest.approx(expected, abs=0.01)


def test_gi_star_of_events_counts_them_and_passes_every_warning_on() -> None:
    grid = Grid(TOWN, cell_m=150)
    coarse = Grid(TOWN, cell_m=300)
    counts = np.bincount(coarse.assign(*(with_a_hot_spot() + [X0, Y0]).T), minlength=coarse.size).astype(float)
    np.testing.assert_allclose(gi_star(at(with_a_hot_spot()), coarse).values, gi_star(counts, coarse).values)
    stacked = np.concatenate([chance_pairs(), np.full((150, 2), 3000.0)])
    words = " ".join(gi_star(at(stacked), grid).warnings)
    assert "can be significantly cold" in words and "150 of 310 events (48 %)" in words
    assert "flips" in " ".join(gi_star(at(chance_pairs()), grid).warnings)


def test_events_without_units_and_no_events_are_refused() -> None:
    with pytest.raises(LocalStatisticError, match="events need units"):
        gi_star(at(chance_pairs()))
    with pytest.raises(HotspotError, match="no events"):
        gi_star(at(np.empty((0, 2))), Grid(TOWN, cell_m=300))
    with pytest.raises(HotspotError, match="none of the 1 events falls in any"):
        grid_stability(at(np.array([[90_000.0, 0.0]])), Grid(TOWN, cell_m=300))


@pytest.mark.parametrize("cell_m", [150.0, 200.0, 230.0])
def test_hexagons_at_the_edge_have_neighbours_too(cell_m: float) -> None:
    for offset in ((0.0, 0.0), (cell_m / 2, 0.0), (0.0, cell_m / 2)):
        grid = Grid(TOWN, cell_m=cell_m, kind="hexagon", offset_m=offset)
        indptr, indices = grid.neighbours()
        x, y = grid.centroids()
        gap = np.hypot(x[indices] - np.repeat(x, np.diff(indptr)), y[indices] - np.repeat(y, np.diff(indptr)))
        assert gap == pytest.approx(cell_m) and np.diff(indptr).max() == 6
        assert grid.area_m2.sum() == pytest.approx(TOWN.polygon.area)
