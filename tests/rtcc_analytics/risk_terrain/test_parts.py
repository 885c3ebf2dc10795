"""The parts of a risk terrain against what one would write without them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import statsmodels.api as sm

from rtcc_analytics.risk_terrain import RiskTerrainError
from rtcc_analytics.risk_terrain.factors import candidates
from rtcc_analytics.risk_terrain.screening import L1_RATIO, elastic_net_path, screen
from rtcc_analytics.risk_terrain.selection import Fits, select
from rtcc_analytics.risk_terrain.terrain import _blocks, _folds


def test_candidates_are_nearness_and_density_by_every_distance(plant) -> None:
    town = plant(1, layers=2)
    made = candidates(town.grid, town.layers, [150, 300])
    middles = np.stack(town.grid.centroids(), axis=1)
    for column, row in made.table.iterrows():
        apart = np.hypot(*(middles[:, None] - town.layers[row["layer"]][None]).transpose(2, 0, 1))
        if row["operation"] == "proximity":
            expected = (apart <= row["distance_m"]).any(axis=1)
        else:
            density = (np.maximum(1 - (apart / row["distance_m"]) ** 2, 0) ** 2).sum(axis=1)
            expected = density >= density.mean() + 2 * density.std()
        np.testing.assert_array_equal(made.held[:, column], expected)
        assert row["units"] == expected.sum()


def test_points_may_come_in_any_form_and_lines_and_surfaces_have_a_nearness_only(plant) -> None:
    town = plant(2, layers=1)
    points = town.layers["L0"]
    forms = [points, (points[:, 0], points[:, 1]), shapely.points(points), [shapely.MultiPoint(points)]]
    tables = [candidates(town.grid, {"L0": form}, [200]) for form in forms]
    for other in tables[1:]:
        np.testing.assert_array_equal(other.held, tables[0].held)
    park, rail = shapely.box(501_000, 1_000, 502_000, 2_000), shapely.LineString([(500_000, 0), (505_000, 5_000)])
    made = candidates(town.grid, {"park": [park], "rail": [rail]}, [200])
    assert made.table[["layer", "operation"]].values.tolist() == [["park", "proximity"], ["rail", "proximity"]]
    middles = shapely.points(*town.grid.centroids())
    np.testing.assert_array_equal(made.held[:, 0], shapely.distance(middles, park) <= 200)
    np.testing.assert_array_equal(made.held[:, 1], shapely.distance(middles, rail) <= 200)


@pytest.mark.parametrize("aggravating", [True, False])
def test_the_elastic_net_meets_its_own_conditions(aggravating: bool) -> None:
    rng = np.random.default_rng(3)
    x = np.asfortranarray((rng.random((600, 12)) < rng.uniform(0.1, 0.5, 12)).astype(float))
    x /= x.std(axis=0)
    exposure = rng.uniform(0.5, 1.0, 600)
    counts = rng.poisson(exposure * np.exp(0.4 * x[:, 0] - 0.4 * x[:, 1])).astype(float)
    penalties = np.array([0.3, 0.1, 0.03, 0.01])
    for penalty, (intercept, b) in zip(penalties, elastic_net_path(x, counts, exposure, penalties, aggravating),
                                       strict=True):
        residual = counts - exposure * np.exp(intercept + x @ b)
        slope = x.T @ residual / 600 - penalty * (1 - L1_RATIO) * b
        assert residual.mean() == pytest.approx(0, abs=1e-3)
        assert slope[b != 0] == pytest.approx(L1_RATIO * penalty * np.sign(b[b != 0]), abs=2e-3)
        beyond = slope[b == 0] if aggravating else np.abs(slope[b == 0])
        assert (beyond <= L1_RATIO * penalty + 2e-3).all()
        assert (b >= 0).all() or not aggravating
    assert b[0] > 0 and (b[1] < 0 or aggravating)


def test_the_elastic_net_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(4)
    x = np.asfortranarray((rng.random((400, 5)) < 0.3).astype(float))
    counts = rng.poisson(np.exp(x @ [0.8, 0.0, 0.5, 0.0, 0.0])).astype(float)
    [(intercept, b)] = elastic_net_path(x, counts, np.ones(400), np.array([0.04]), aggravating=False)
    model = sm.GLM(counts, sm.add_constant(x), family=sm.families.Poisson())
    theirs = model.fit_regularized(alpha=np.r_[0.0, np.full(5, 0.04)], L1_wt=L1_RATIO, maxiter=500, cnvrg_tol=1e-10)
    assert np.r_[intercept, b] == pytest.approx(theirs.params, abs=2e-3)


@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_alike_units_as_one_row_change_no_likelihood(alpha: float) -> None:
    rng = np.random.default_rng(5)
    held, exposure = rng.random((800, 4)) < 0.4, rng.choice([1.0, 0.5, 0.25], 800)
    counts = rng.negative_binomial(1, 1 / (1 + exposure * np.exp(held @ [1, 0, 0.5, 0]))).astype(float)
    bic, coefficients = Fits(held, counts, exposure).bic((2, 0), alpha)
    family = sm.families.NegativeBinomial(alpha=alpha) if alpha else sm.families.Poisson()
    whole = sm.GLM(counts, sm.add_constant(held[:, [2, 0]].astype(float)), family=family, offset=np.log(exposure)).fit()
    assert coefficients == pytest.approx(whole.params, abs=1e-6)
    assert bic == pytest.approx((3 + (alpha > 0)) * np.log(800) - 2 * whole.llf, abs=1e-6)


def test_the_dispersion_is_the_one_of_greatest_likelihood() -> None:
    rng = np.random.default_rng(6)
    held = rng.random((1500, 2)) < 0.4
    counts = rng.poisson(np.exp(held @ [1, 0.0]) * rng.gamma(1.5, 1 / 1.5, 1500)).astype(float)
    theirs = sm.NegativeBinomial(counts, sm.add_constant(held.astype(float))).fit(disp=0)
    assert Fits(held, counts, np.ones(1500)).dispersion((0, 1)) == pytest.approx(theirs.params[-1], rel=0.02)


def test_selection_ends_where_no_single_step_lowers_the_bic(plant) -> None:
    town = plant(7)
    counts = np.bincount(town.grid.assign(town.events.x, town.events.y), minlength=town.grid.size).astype(float)
    made = candidates(town.grid, town.layers, [120, 240])
    fits = Fits(made.held, counts, np.ones(town.grid.size))
    found = select(fits, made.table, np.arange(len(made.table)), negative_binomial=False, aggravating=True)
    layers = made.table["layer"].iloc[list(found.terms)]
    assert layers.is_unique and {"L0", "L1"} <= set(layers)
    for gone in found.terms:
        assert fits.bic(tuple(t for t in found.terms if t != gone), 0.0)[0] >= found.bic
    for new in range(len(made.table)):
        rest = tuple(t for t in found.terms if made.table["layer"][t] != made.table["layer"][new])
        bic, coefficients = fits.bic((*rest, new), 0.0)
        assert bic >= found.bic - 1e-6 or (coefficients[1:] <= 0).any()


def test_folds_are_whole_blocks_of_ground_with_like_numbers_of_events(plant) -> None:
    town = plant(8)
    counts = np.bincount(town.grid.assign(town.events.x, town.events.y), minlength=town.grid.size).astype(float)
    blocks = _blocks(town.grid, 960)
    fold = _folds(blocks, counts, 5, seed=1)
    assert all(np.unique(fold[blocks == block]).size == 1 for block in np.unique(blocks))
    held = np.bincount(fold, weights=counts)
    assert held.size == 5 and held.max() / held.min() < 1.3
    x, y = town.grid.centroids()
    assert all(np.ptp(x[blocks == block]) < 960 and np.ptp(y[blocks == block]) < 960 for block in np.unique(blocks))


def test_the_penalty_is_the_one_that_predicts_unseen_ground_best(plant) -> None:
    town = plant(9)
    counts = np.bincount(town.grid.assign(town.events.x, town.events.y), minlength=town.grid.size).astype(float)
    made = candidates(town.grid, town.layers, [120, 240])
    exposure = np.ones(town.grid.size)
    fold = _folds(_blocks(town.grid, 480), counts, 5, seed=1)
    found = screen(made.held, counts, exposure, fold, aggravating=True)
    assert found.penalty == found.path["penalty"][found.path["deviance"].idxmin()]
    assert found.path["kept"].iloc[0] <= 1
    kept = made.table["layer"][found.coefficients > 0].tolist()
    assert {"L0", "L1"} <= set(kept)


@pytest.mark.parametrize(("layers", "words"), [
    ({}, "0 layers"),
    ({"bars": np.empty((0, 2))}, "'bars' has no features"),
    ({"bars": [[-73.9, 41.7]]}, "degrees, where the units are in metres"),
    ({"bars": [[np.nan, 3.0]]}, "missing coordinates"),
    ({"bars": [[900_000.0, 3.0]]}, "no feature of layer 'bars' lies within 240 m"),
    ({"bars": np.zeros((4, 3))}, r"shape \(4, 3\)"),
])
def test_bad_layers_are_refused(plant, layers: dict, words: str) -> None:
    with pytest.raises(RiskTerrainError, match=words):
        candidates(plant(1).grid, layers, [240])


def test_layers_that_tell_nothing_apart_are_named_and_left_out(plant) -> None:
    town = plant(1, layers=1)
    everywhere = np.stack(town.grid.centroids(), axis=1)
    made = candidates(town.grid, {**town.layers, "lamps": everywhere}, [240])
    assert set(made.table["layer"]) == {"L0"} and "'lamps' tells no units apart" in made.notes[0]
    with pytest.raises(RiskTerrainError, match="none of 2 candidate factors"):
        candidates(town.grid, {"lamps": everywhere}, [240])
