"""Planted risk factors are found with their strength, decoys are not; the answer is the ground's, not the grid's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from rtcc_analytics.risk_terrain import RiskTerrainError, risk_terrain, risk_terrain_sensitivity
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Areas, Grid


@pytest.mark.parametrize("gamma", [None, 1.0])
def test_planted_factors_are_found_at_their_distance_and_decoys_are_not(plant, gamma: float | None) -> None:
    first = second = decoys = at_distance = covered = 0
    for seed in range(5):
        town = plant(seed, gamma=gamma)
        found = risk_terrain(town.events, town.grid, town.layers, seed=seed)
        factors = found.to_frame().set_index("layer")
        assert found.distribution == ("negative binomial" if gamma else "poisson")
        first, second = first + ("L0" in factors.index), second + ("L1" in factors.index)
        decoys += len(factors.index.difference(["L0", "L1"]))
        strong = factors.loc["L0"]
        at_distance += (strong["operation"], strong["distance_m"]) == ("proximity", 240.0)
        covered += strong["low"] <= 3 <= strong["high"]
    assert first == second == 5
    assert decoys <= 1, "of 20 decoy layers"
    assert at_distance >= 4 and covered >= 4


def test_where_nothing_is_planted_little_is_found(plant) -> None:
    found = []
    for seed in range(6):
        town = plant(100 + seed, effects=(1.0, 1.0), gamma=1.0)
        terrain = risk_terrain(town.events, town.grid, town.layers, seed=seed)
        found.append(len(terrain.factors))
        if not found[-1]:
            assert "no layer lowers the BIC" in " ".join(terrain.warnings)
            assert terrain.risk_score == pytest.approx(1)
    assert sum(found) <= 3, "of 36 layers"


def test_a_protective_factor_is_found_only_where_asked_for(plant) -> None:
    town = plant(11, effects=(0.3, 1.0), rate=1.0)
    assert "L0" not in set(risk_terrain(town.events, town.grid, town.layers, seed=1).factors["layer"])
    both = risk_terrain(town.events, town.grid, town.layers, risk="both", seed=1).to_frame().set_index("layer")
    assert both.loc["L0", "low"] < 0.3 < both.loc["L0", "high"] < 1


def test_scores_and_expected_events_are_the_models(plant) -> None:
    town = plant(12)
    found = risk_terrain(town.events, town.grid, town.layers, seed=1)
    assert found.expected.sum() == pytest.approx(town.events.total, rel=1e-6), "Poisson with an intercept"
    highest = found.to_frame()["relative_risk"].prod()
    assert found.risk_score.min() == 1 and found.risk_score.max() <= highest * (1 + 1e-9)
    surface = found.surface()
    assert surface.kind == "expected_count" and surface.made_by["factors"] == tuple(found.factors["layer"])
    assert set(found.considered.loc[found.considered["selected"], "layer"]) == set(found.factors["layer"])
    assert found.considered.loc[found.considered["selected"], "screened"].all()
    shares = found.to_frame()
    assert ((shares["events_share"] > shares["units_share"]) & (shares["units_share"] > 0)).all()


def test_neither_the_order_of_events_nor_a_move_of_everything_matters(plant) -> None:
    town = plant(13)
    base = risk_terrain(town.events, town.grid, town.layers, seed=2).to_frame()
    mixed = town.events.where(np.random.default_rng(0).permutation(town.events.size))
    assert risk_terrain(mixed, town.grid, town.layers, seed=2).to_frame().equals(base)
    away = plant(13, shift=12_000.0)
    moved = risk_terrain(away.events, away.grid, away.layers, seed=2).to_frame()
    assert moved[["layer", "operation", "distance_m"]].equals(base[["layer", "operation", "distance_m"]])
    np.testing.assert_allclose(moved["relative_risk"], base["relative_risk"], rtol=1e-6)


def test_a_cell_cut_by_the_border_counts_by_the_ground_it_has(plant) -> None:
    town = plant(14, layers=2)
    halves = shapely.box(500_000, 0, 504_950, 5_000)
    cut = Grid(StudyArea(halves, town.grid.crs, "UTC", "Cut"), cell_m=100)
    found = risk_terrain(town.events, cut, town.layers, seed=1)
    edge = cut.area_m2 < 0.9 * cut.cell_area_m2
    assert edge.any()
    rate = found.expected / cut.area_m2
    assert np.unique(rate.round(9)).size <= 4, "two factors: four rates, border or not"
    assert any("lie in no unit" in warning for warning in found.warnings)


def test_units_need_not_be_a_grid(plant) -> None:
    town = plant(15)
    areas = Areas(town.grid.geometry(), [str(i) for i in range(town.grid.size)], town.grid.crs)
    one, other = (risk_terrain(town.events, units, town.layers, seed=3).to_frame() for units in (town.grid, areas))
    assert one["layer"].tolist() == other["layer"].tolist()
    with pytest.raises(RiskTerrainError, match="give a Grid"):
        risk_terrain_sensitivity(town.events, areas, town.layers, seed=3)


@pytest.mark.parametrize(("change", "words"), [
    ({"risk": "protective"}, "'protective'"),
    ({"folds": 1}, "folds 1"),
    ({"level": 95}, "level 95"),
    ({"distances_m": [2_000]}, "blocks of 4000 m"),
    ({"distances_m": []}, "at least one of each|max"),
])
def test_choices_that_make_no_sense_are_refused(plant, change: dict, words: str) -> None:
    town = plant(1)
    with pytest.raises(RiskTerrainError, match=words):
        risk_terrain(town.events, town.grid, town.layers, seed=1, **change)


def test_too_few_events_are_refused_and_fine_distances_are_warned_of(plant) -> None:
    town = plant(1)
    few = town.events.where(np.arange(town.events.size) < 49)
    with pytest.raises(RiskTerrainError, match="49 of 49 events lie in"):
        risk_terrain(few, town.grid, town.layers, seed=1)
    found = risk_terrain(town.events, town.grid, town.layers, distances_m=[40, 240], seed=1)
    assert any("below half a unit" in warning for warning in found.warnings)


def test_a_planted_factor_survives_every_grid_and_a_weak_one_is_not_to_be_acted_on(plant) -> None:
    town = plant(16, effects=(3.0, 1.3), rate=0.25)
    found = risk_terrain_sensitivity(town.events, town.grid, town.layers, seed=1)
    summary = found.summary().set_index("layer")
    assert summary.loc["L0", "selected_share"] == 1
    assert 2 < summary.loc["L0", "lowest"] <= summary.loc["L0", "highest"] < 4
    assert len(found.agreement) == 7 and len(found.to_frame()) == 7 * len(town.layers)
    assert found.agreement["likeness"][0] == pytest.approx(1)
    assert found.agreement["likeness"].between(0.6, 1 + 1e-9).all()
    unsteady = [layer for layer in found.base.factors["layer"] if summary.loc[layer, "selected_share"] < 0.75]
    assert [warning.split(" is ")[0] for warning in found.warnings] == unsteady
    cells = found.agreement.set_index("grid")["cells"]
    assert cells["cells of 75 m"] > cells.iloc[0] > cells["cells of 150 m"]


def test_the_grid_given_is_the_base(plant) -> None:
    town = plant(17)
    turned = replace(town.grid, rotation_deg=10.0)
    found = risk_terrain_sensitivity(town.events, turned, town.layers, cell_factors=(), offsets=((0.5, 0.5),),
                                     rotations_deg=(), seed=1)
    assert found.base.units == turned and len(found.agreement) == 2
    alone = risk_terrain(town.events, turned, town.layers, seed=1)
    assert found.base.to_frame().equals(alone.to_frame())
