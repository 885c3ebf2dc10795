"""Relative risk: none where labels are chance, found where planted, and never an empty ratio."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import HotspotError, relative_risk
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid

X0, Y0 = 500_000.0, 4_000_000.0
TOWN = StudyArea(shapely.box(X0, Y0, X0 + 5000, Y0 + 4000), "EPSG:32615", "UTC", "town")
GRID = Grid(TOWN, cell_m=200)


def at(points: NDArray, weights: NDArray | None = None) -> Events:
    return Events(x=X0 + points[:, 0], y=Y0 + points[:, 1], weights=weights, crs="EPSG:32615", timezone="UTC",
                  occurred_from=np.full(len(points), np.datetime64("2024-01-01", "s")))


def anywhere(rng: np.random.Generator, n: int) -> NDArray:
    """Mostly down town, as everything is."""
    return np.clip(np.concatenate([rng.normal(2000, 500, (n // 2, 2)), rng.uniform(0, 4000, (n - n // 2, 2))]), 1, 3999)


def test_the_same_events_on_both_sides_have_no_risk_anywhere() -> None:
    events = at(anywhere(np.random.default_rng(1), 400))
    risk = relative_risk(events, events, GRID, bandwidth_m=800)
    assert risk.ratio == pytest.approx(1.0)
    assert risk.excess_per_km2 == pytest.approx(0.0, abs=1e-9)
    assert not risk.significant.any() and "p_value" not in risk.to_frame()


def test_planted_risk_is_found_where_it_is_and_not_where_people_are() -> None:
    rng = np.random.default_rng(2)
    base, cases = anywhere(rng, 1500), np.concatenate([anywhere(rng, 250), rng.normal([3500, 1000], 150, (60, 2))])
    risk = relative_risk(at(cases), at(base), Grid(TOWN, cell_m=250), bandwidth_m=600, permutations=999, seed=1)
    frame = risk.to_frame()
    top = frame.loc[frame.ratio.idxmax()]
    assert np.hypot(top.x - X0 - 3500, top.y - Y0 - 1000) < 500
    found = frame[frame.significant & (frame.ratio > 1)]
    assert len(found) and (np.hypot(found.x - X0 - 3500, found.y - Y0 - 1000) < 1100).mean() > 0.9
    down_town = np.hypot(frame.x - X0 - 2000, frame.y - Y0 - 2000) < 400
    assert frame.ratio[down_town].between(0.5, 1.5).all()
    assert (risk.excess_per_km2 * risk.grid.area_m2).sum() / 1e6 == pytest.approx(0.0, abs=1e-6)


def test_few_permutations_for_many_cells_warn() -> None:
    events = at(anywhere(np.random.default_rng(1), 60))
    warnings = relative_risk(events, events, GRID, bandwidth_m=800, permutations=9).made_by["warnings"]
    assert "smallest p of 9 permutations is 0.2" in " ".join(warnings)


def test_p_is_even_where_labels_are_chance() -> None:
    p = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        both = anywhere(rng, 300)
        risk = relative_risk(at(both[::3]), at(np.delete(both, np.s_[::3], axis=0)), Grid(TOWN, cell_m=500),
                             bandwidth_m=1200, permutations=39, seed=seed)
        p.append(risk.p_value)
    p = np.concatenate(p)
    assert (p <= 0.1).mean() == pytest.approx(0.1, abs=0.05)
    assert p.mean() == pytest.approx(0.5, abs=0.08)


def test_order_and_scale_of_the_base_do_not_matter_and_nothing_is_missing() -> None:
    rng = np.random.default_rng(3)
    cases, people = anywhere(rng, 50), rng.uniform(0, 1500, (200, 2))
    weights = rng.uniform(0, 900, 200)
    risk = relative_risk(at(cases), at(people, weights), GRID, bandwidth_m=500)
    turn = rng.permutation(200)
    again = relative_risk(at(cases[::-1]), at(people[turn], 7 * weights[turn]), GRID, bandwidth_m=500)
    assert again.ratio == pytest.approx(risk.ratio)
    assert np.isfinite(risk.to_frame().drop(columns="label").to_numpy(float)).all()
    assert "hardly any base" in " ".join(risk.made_by["warnings"])


def test_what_cannot_be_is_refused() -> None:
    some, none = at(np.full((3, 2), 1000.0)), at(np.empty((0, 2)))
    with pytest.raises(HotspotError, match="no events"):
        relative_risk(some, none, GRID)
    with pytest.raises(HotspotError, match="one weight on both sides; cases have 1 to 1, base 2 to 2"):
        relative_risk(some, at(np.full((3, 2), 1000.0), np.full(3, 2.0)), GRID, permutations=9)
    with pytest.raises(HotspotError, match="permutations is -1"):
        relative_risk(some, some, GRID, permutations=-1)
