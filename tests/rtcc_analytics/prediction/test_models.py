"""Every model keeps the contract; the simple ones equal a count by hand; published maps are reproduced."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from rtcc_analytics.evaluation import leak_test
from rtcc_analytics.events import Events
from rtcc_analytics.prediction import (
    AllHistory,
    DecayedCounts,
    EmpiricalBayes,
    GradientBoosting,
    History,
    KernelDensity,
    LastYear,
    LogLinear,
    Model,
    MultiResolution,
    Pooled,
    PredictionError,
    ProMap,
    RiskTerrainForecast,
    SelfExciting,
    Stacked,
    predictive_interval,
    promap,
)
from rtcc_analytics.prediction.empirical_bayes import posterior
from rtcc_analytics.prediction.history import as_instant, local_day
from rtcc_analytics.prediction.mixing import mixture_weights
from rtcc_analytics.prediction.regression import _newton as fitted_coefficients
from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Addresses, Areas, Grid, StreetSegments
from tests.rtcc_analytics.prediction.made_up import START, bars, burglaries, thefts, town

ORIGIN = "2023-02-01"
MODELS = [
    LastYear(), AllHistory(), DecayedCounts(), KernelDensity(), ProMap(), MultiResolution(windows=4),
    SelfExciting(train_days=800), LogLinear(windows=4), GradientBoosting(trees=10, least_in_leaf=20, windows=4),
    Stacked(members=(MultiResolution(windows=3),), warm_up_windows=3),
    RiskTerrainForecast(bars(), distances_m=(200.0, 300.0)), EmpiricalBayes(windows=4),
    Pooled(members=(EmpiricalBayes(windows=3), LogLinear(windows=3))),
]
by_name = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


def known() -> Events:
    return burglaries().known_at(ORIGIN)


@by_name
def test_forecasts_are_finite_counts_of_the_right_size_and_the_same_again(model: Model) -> None:
    companions = thefts().known_at(ORIGIN)
    surface = model.fit(known(), town(), companions=companions).predict(ORIGIN, 28)
    again = model.fit(known(), town(), companions=companions).predict(ORIGIN, 28)
    assert surface.kind == "expected_count"
    assert (surface.values >= 0).all()
    assert surface.values.sum() == pytest.approx(28 * 3, rel=0.35)
    assert surface.values.tolist() == again.values.tolist()
    assert np.diff(surface.period) == np.timedelta64(28, "D")


@by_name
def test_nothing_after_the_origin_changes_a_forecast(model: Model) -> None:
    assert leak_test([model], burglaries(), town(), origin=ORIGIN, companions=thefts()) == {model.name: 0.0}


@by_name
def test_drivers_add_up_to_the_forecast(model: Model) -> None:
    fitted = model.fit(known(), town())
    start = fitted.history.until
    assert sum(fitted.drivers(start, 28).values()) == pytest.approx(fitted.expected(start, 28), rel=1e-6, abs=1e-9)


@by_name
def test_too_few_events_and_impossible_horizons_are_said(model: Model) -> None:
    few = known().where(np.arange(5))
    with pytest.raises(PredictionError, match="5 events"):
        model.fit(few, town())
    fitted = model.fit(known(), town())
    with pytest.raises(PredictionError, match="at most as long as the data"):
        fitted.predict(ORIGIN, 5000)
    with pytest.raises(PredictionError, match="before the origin"):
        fitted.predict("2022-06-01", 28)
    with pytest.raises(PredictionError, match="load newer records"):
        fitted.predict("2033-01-01", 28)


def test_an_update_moves_the_history_and_never_back() -> None:
    history = History.of(burglaries(), town())
    early, late = history.known_at(local_day("2022-06-01", "America/Chicago")), history.known_at(
        local_day(ORIGIN, "America/Chicago"))
    fitted = DecayedCounts(half_life_days=300).fit_history(early)
    moved = fitted.updated(late).expected(late.until, 28)
    assert moved == pytest.approx(replace(fitted, history=late).expected(late.until, 28))
    with pytest.raises(PredictionError, match="trained on what was known"):
        DecayedCounts().fit_history(late).updated(early)


def test_counts_equal_a_count_by_hand() -> None:
    history = History.of(burglaries(), town()).known_at(local_day(ORIGIN, "America/Chicago"))
    fitted = DecayedCounts(half_life_days=200).fit_history(history)
    seen = burglaries().known_at(ORIGIN)
    unit = town().assign(seen.x, seen.y)
    age = history.until - seen.local_from.astype("datetime64[s]").astype(np.int64) / 86_400
    weight = 0.5 ** (age / 200)
    exposure = (1 - 0.5 ** (history.days / 200)) * 200 / np.log(2)
    rate = np.bincount(unit, weights=weight, minlength=town().size) / exposure
    even = town().area_m2 / town().area_m2.sum() * rate.sum()
    expected = 28 * ((1 - fitted.even_share) * rate + fitted.even_share * even)
    assert fitted.expected(history.until, 28) == pytest.approx(expected)
    year = LastYear().fit_history(history)
    recent = np.bincount(unit[age <= 365], minlength=town().size) * 28 / 365
    assert year.expected(history.until, 28) == pytest.approx(
        (1 - year.even_share) * recent + year.even_share * even / even.sum() * recent.sum())


@pytest.mark.parametrize(("bandwidth_m", "off"), [(150.0, 0.07), (400.0, 0.02)])
def test_kernel_density_is_the_sum_of_gaussians_at_each_middle(bandwidth_m: float, off: float) -> None:
    known, grid = burglaries().known_at(ORIGIN), town()
    fitted = KernelDensity(bandwidth_m=bandwidth_m).fit(known, grid)
    surface = fitted.predict(ORIGIN, 28)
    history = fitted.history
    recent = history.day >= history.until - 365
    x, y = grid.centroids()
    away2 = (x[:, None] - history.x[recent]) ** 2 + (y[:, None] - history.y[recent]) ** 2
    density = np.exp(-away2 / (2 * bandwidth_m**2)).sum(axis=1)
    shape = (1 - fitted.even_share) * density / density.sum() + fitted.even_share / grid.size
    exact = 28 * recent.sum() / 365 * shape
    assert surface.values == pytest.approx(exact, rel=off)
    assert abs((surface.values / exact - 1).mean()) < 0.005
    assert surface.values.sum() == pytest.approx(28 * recent.sum() / 365)


def test_a_risk_terrain_foretells_more_near_the_features_that_events_stand_at() -> None:
    fitted = RiskTerrainForecast(bars(), distances_m=(200.0, 300.0)).fit(known(), town())
    x, y = town().centroids()
    away = np.hypot(x[:, None] - bars()["bars"][:, 0], y[:, None] - bars()["bars"][:, 1]).min(axis=1)
    values = fitted.predict(ORIGIN, 28).values
    assert values[away <= 200].min() > values[away > 300].max()
    assert values.sum() == pytest.approx(fitted.history.total / fitted.history.days * 28, rel=0.15)
    assert list(fitted.learned()["relative_risk"])[0].startswith("bars")
    assert fitted.predict(ORIGIN, 28).made_by["layers"] == {"bars": 12, "schools": 12}


def test_a_risk_terrain_without_features_in_reach_says_so() -> None:
    with pytest.raises(PredictionError, match="no feature of layer 'bars' lies within"):
        RiskTerrainForecast({"bars": bars()["bars"] + 50_000}).fit(known(), town())


def test_the_half_life_is_learned_from_which_places_lasted() -> None:
    rng = np.random.default_rng(3)
    days = rng.uniform(0, 1400, 6000)
    wandering = (days // 120).astype(int) % 12
    when = START + (days * 86_400).astype(np.int64).astype("timedelta64[s]")
    moving = Events(x=500_125.0 + 250 * wandering, y=np.full(6000, 4_000_125.0), crs="EPSG:32615",
                    timezone="America/Chicago", occurred_from=when)
    assert DecayedCounts().fit(moving, town()).half_life_days <= 60
    assert DecayedCounts().fit(burglaries(), town()).half_life_days >= 365


def test_units_of_every_kind_do_for_models_that_need_no_grid() -> None:
    events = known()
    lines = shapely.linestrings([[[500_000 + 600 * i, 4e6], [500_000 + 600 * i, 4.003e6]] for i in range(6)])
    kinds = [
        StreetSegments(lines, np.array([str(i) for i in range(6)], dtype=object), "EPSG:32615", max_distance_m=320),
        Addresses.of(events.where(np.arange(500)), snap_m=50),
        Areas([shapely.box(5e5, 4e6, 501_500, 4.003e6), shapely.box(501_500, 4e6, 5.03e5, 4.003e6)], ["W", "E"],
              "EPSG:32615"),
        Grid(town().area, cell_m=300, kind="hexagon"),
    ]
    for units in kinds:
        for model in (DecayedCounts(), KernelDensity(), MultiResolution(windows=2)):
            surface = model.fit(events, units).predict(ORIGIN, 28)
            assert surface.values.shape == (units.size,)
        with pytest.raises(PredictionError, match="square cells"):
            ProMap().fit(events, units)


def test_promap_is_that_of_open_cp(shared: Path) -> None:
    case = shared / "truth" / "23_promap_retro_open_cp"
    truth = json.loads((case / "expected.json").read_text())
    table = pd.read_csv(case / "chicago_be_2016.csv")
    columns = {name.lower(): name for name in table.columns}
    when = pd.to_datetime(table[columns.get("date", columns.get("time", table.columns[0]))])
    x, y = (table[columns[name]].to_numpy(dtype=float) for name in ("x", "y"))
    box = shapely.box(340_000, 550_000, 370_000, 600_000)
    grid = Grid(StudyArea(box, "EPSG:32615", "UTC", "Chicago"), cell_m=500)
    inside = (x >= 340_000) & (x < 370_000) & (y >= 550_000) & (y < 600_000)
    age = ((pd.Timestamp("2016-12-31") - when) / pd.Timedelta(days=1)).to_numpy()
    values = promap(x[inside], y[inside], age[inside], grid)
    assert values.sum() == pytest.approx(truth["expected"]["promap_sum"], rel=1e-9)
    assert values.max() == pytest.approx(truth["expected"]["promap_max"], rel=1e-9)
    published = np.load(case / "promap_100x60.npy")
    found = np.zeros_like(published)
    found[grid.row - grid.row.min(), grid.column - grid.column.min()] = values
    assert found == pytest.approx(published, abs=1e-9)


def test_promap_adds_two_events_as_published(shared: Path) -> None:
    truth = json.loads((shared / "truth" / "23_promap_retro_open_cp" / "expected.json").read_text())["expected"]
    grid = Grid(StudyArea(shapely.box(5e5, 4e6, 500_150, 4_000_150), "EPSG:32615", "UTC", "block"), cell_m=50)
    two = promap(5e5 + np.array([49, 101]), 4e6 + np.array([49, 101]), [1.0, 1.0], grid).reshape(3, 3)
    assert two == pytest.approx(np.array(truth["promap_two"]["grid"]))


def test_the_mixture_finds_the_shares_that_made_the_events() -> None:
    rng = np.random.default_rng(0)
    parts = rng.dirichlet(np.full(400, 0.3), 3).T
    counts = rng.multinomial(200_000, parts @ [0.6, 0.3, 0.1]).astype(float)
    assert mixture_weights([parts], [counts]) == pytest.approx([0.6, 0.3, 0.1], abs=0.01)


def test_the_multi_resolution_mixture_shrinks_what_is_sparse_and_says_why() -> None:
    fitted = MultiResolution(windows=6).fit(known(), town(100.0), companions=thefts().known_at(ORIGIN))
    here = [name for name in fitted.drivers(fitted.history.until, 28) if name.startswith("burglary here")]
    elsewhere = sum(w for part, w in zip(fitted.parts, fitted.weights, strict=True) if part[0] > 0 or part[2] > 0)
    assert here and elsewhere > 0.3


def test_shrinkage_is_the_mean_rate_of_simulated_places_with_that_count() -> None:
    rng, shape, mean = np.random.default_rng(3), 2.0, np.array([1.0, 3.0])
    rate = rng.gamma(shape, mean / shape, (400_000, 2))
    found = rng.poisson(rate)
    for counts in ([0, 4], [1, 3], [3, 1]):  # each adds up to what is expected in all: the prior needs no scaling
        seen = [rate[found[:, i] == n, i].mean() for i, n in enumerate(counts)]
        assert sum(posterior(np.array(counts, dtype=float), mean, shape)) == pytest.approx(seen, rel=0.03)


def test_a_pool_is_the_geometric_mean_of_its_members() -> None:
    members = DecayedCounts(), KernelDensity(bandwidth_m=200.0)
    pool = Pooled(members=members).fit(known(), town()).predict(ORIGIN, 28).values
    one, other = (member.fit(known(), town()).predict(ORIGIN, 28).values for member in members)
    assert pool / pool.sum() == pytest.approx(np.sqrt(one * other) / np.sqrt(one * other).sum())
    assert pool.sum() == pytest.approx((one.sum() + other.sum()) / 2)


def test_empirical_bayes_trusts_counts_where_much_is_expected() -> None:
    fitted = EmpiricalBayes(windows=4).fit(known(), town(), companions=thefts().known_at(ORIGIN))
    own, rest = fitted._posterior()
    share = own / (own + rest)
    prior = fitted.surfaces.mixed(fitted.history, fitted.parts, fitted.weights)
    held = fitted.history.counted(0, np.inf) >= 3
    busy = held & (prior > np.quantile(prior[held], 0.8))
    quiet = held & (prior < np.quantile(prior[held], 0.2))
    assert share[busy].mean() > share[quiet].mean()
    assert fitted.learned()["shape"] in EmpiricalBayes().shapes


def test_a_stack_falls_back_where_nothing_helps() -> None:
    short = burglaries().between("2021-01-01", "2021-11-01")
    fitted = Stacked(members=(KernelDensity(),)).fit(short, town())
    alone = DecayedCounts().fit(short, town())
    assert fitted.reasons == ("too little history for a warm-up",)
    start = fitted.history.until
    assert fitted.expected(start, 28) == pytest.approx(alone.expected(start, 28))


def test_intervals_hold_what_they_promise() -> None:
    surface = AllHistory().fit(known(), town()).predict(ORIGIN, 28)
    rng = np.random.default_rng(0)
    for dispersion in (1.0, 2.0):
        interval = predictive_interval(surface, level=0.8, dispersion=dispersion)
        mean = surface.values
        draws = rng.poisson(mean, (400, mean.size)) if dispersion == 1 else rng.negative_binomial(
            mean / (dispersion - 1), 1 / dispersion, (400, mean.size))
        held = ((draws >= interval.low) & (draws <= interval.high)).mean()
        assert 0.8 <= held


@pytest.mark.parametrize("clock", ["2024-03-10", "2024-11-03", "2024-07-01"])
def test_days_are_local_and_come_back(clock: str) -> None:
    day = local_day(clock, "America/Chicago")
    assert str(np.datetime64(int(day), "D")) == clock
    assert local_day(as_instant(day, "America/Chicago"), "America/Chicago") == day


@pytest.mark.parametrize("negative_binomial", [False, True])
def test_a_regression_settles_though_its_covariates_have_long_tails(negative_binomial: bool) -> None:
    """A few events on many cells: one whole Newton step overshoots by ten powers of ten."""
    rng = np.random.default_rng(4)
    tails = rng.pareto(1.1, (40_000, 4))
    design = np.column_stack([np.ones(len(tails)), (tails - tails.mean(axis=0)) / tails.std(axis=0)])
    exposure = np.ones(len(tails))
    counts = rng.poisson(np.exp(-6 + 0.4 * np.log1p(tails).sum(axis=1)).clip(max=5)).astype(float)
    beta, extra = fitted_coefficients(design, counts, exposure, 300.0, negative_binomial)
    mean = np.exp(design @ beta)
    pull = 300.0 * np.array([0, *beta[1:]])
    assert np.abs(design.T @ ((counts - mean) / (1 + extra * mean)) - pull).max() < 1e-2  # of terms of up to 1e5
