"""Published PAI, PEI and RRI; ties and shares of the ground; proper scores against their definitions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rtcc_analytics.evaluation import EvaluationError, Ranking, benjamini_hochberg, pai_table, paired_gain
from rtcc_analytics.evaluation.ranking import best_whole_cells
from rtcc_analytics.evaluation.scores import brier, calibration, crps_poisson, log_score, reliability


def test_pai_pei_and_rri_are_those_of_ptools(shared: Path) -> None:
    truth = json.loads((shared / "truth" / "09_pai_pei_rri" / "expected.json").read_text())
    for case in truth["expected"]:
        table = pai_table(case["obs"], case["pred"])
        for name in ("PAI", "PEI", "RRI"):
            assert table[name.lower()].to_numpy() == pytest.approx(case[name], abs=1e-9), name
        if "order" in case:
            assert table["unit"].tolist() == case["order"]


values = st.lists(st.integers(0, 4), min_size=3, max_size=30)


@settings(max_examples=60, deadline=None)
@given(values, st.integers(0, 99), st.floats(0.01, 1))
def test_shares_are_exact_and_order_does_not_matter(scores: list[int], seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    forecast, area = np.array(scores, dtype=float), rng.uniform(1, 3, len(scores))
    observed = rng.poisson(2, len(scores)).astype(float)
    ranked = Ranking(forecast, area, float(area.sum()))
    fraction = ranked.fractions(share)
    assert (fraction * area).sum() == pytest.approx(share * area.sum())
    assert ranked.hits(observed, share) == pytest.approx((fraction * observed).sum())
    order = rng.permutation(len(scores))
    shuffled = Ranking(forecast[order], area[order], float(area.sum()))
    assert shuffled.hits(observed[order], share) == pytest.approx(ranked.hits(observed, share))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 999), st.floats(0.01, 1))
def test_no_forecast_beats_the_outcome_itself(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    area, observed = rng.uniform(1, 3, 40), rng.poisson(1, 40).astype(float)
    best = Ranking(observed, area, float(area.sum())).hits(observed, share)
    assert Ranking(rng.random(40), area, float(area.sum())).hits(observed, share) <= best + 1e-9


def test_a_blind_forecast_has_an_area_of_one_half_and_ties_flatter_nobody() -> None:
    observed = np.array([9.0, 0.0, 0.0, 1.0])
    blind = Ranking(np.ones(4), np.ones(4), 4.0)
    assert blind.area_under_curve(observed, 10.0) == pytest.approx(0.5)
    assert blind.hits(observed, 0.25) == pytest.approx(2.5)


def test_events_in_no_unit_count_against_the_area_under_the_curve() -> None:
    ranked, observed = Ranking(np.array([2.0, 1.0]), np.ones(2), 2.0), np.array([1.0, 1.0])
    assert ranked.area_under_curve(observed, 4.0) == pytest.approx(ranked.area_under_curve(observed, 2.0) / 2)


def test_pei_star_takes_as_many_whole_cells() -> None:
    assert best_whole_cells(np.array([1.0, 5.0, 3.0, 0.0]), np.ones(4), 2.0) == 8.0


def test_a_share_that_is_no_proportion_is_refused() -> None:
    with pytest.raises(EvaluationError, match="5 % of the ground is 0.05"):
        Ranking(np.ones(2), np.ones(2), 2.0).fractions(5)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 30), st.integers(0, 40))
def test_crps_is_the_integral_of_its_definition(mean: float, count: int) -> None:
    steps = np.arange(0, 200)
    brute = np.square(stats.poisson.cdf(steps, mean) - (steps >= count)).sum()
    assert crps_poisson(np.array([mean]), np.array([float(count)]))[0] == pytest.approx(brute, rel=1e-6, abs=1e-9)


def test_proper_scores_prefer_the_truth() -> None:
    rng = np.random.default_rng(0)
    truth = rng.gamma(0.5, 0.4, 20_000)
    counts = rng.poisson(truth).astype(float)
    assert log_score(truth, counts) == pytest.approx(stats.poisson.logpmf(counts, truth).sum())
    for wrong in (truth * 1.3, truth * 0.7, truth**0.8, np.full_like(truth, truth.mean())):
        assert log_score(truth, counts) > log_score(wrong, counts)
        assert crps_poisson(truth, counts).sum() < crps_poisson(wrong, counts).sum()
    assert brier(truth, counts) < brier(np.full_like(truth, truth.mean()), counts)


@pytest.mark.parametrize(("power", "expected"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0)])
def test_the_calibration_slope_says_too_bold_and_too_timid(power: float, expected: float) -> None:
    rng = np.random.default_rng(1)
    truth = rng.gamma(1.0, 0.3, 30_000) + 0.01
    found = calibration(truth**power, rng.poisson(truth).astype(float))
    assert found.slope == pytest.approx(expected, abs=0.06)
    assert found.slope_low < found.slope < found.slope_high


def test_probabilities_of_a_right_forecast_come_true() -> None:
    rng = np.random.default_rng(2)
    truth = rng.gamma(0.7, 0.3, 50_000)
    table = reliability(truth, rng.poisson(truth).astype(float))
    assert ((table["low"] <= table["probability"]) & (table["probability"] <= table["high"])).mean() >= 0.8
    assert table["units"].sum() == 50_000


def test_intervals_of_a_gain_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    held = []
    for seed in range(120):
        differences = rng.choice([-1.0, 0.0, 1.0], p=[0.06, 0.86, 0.08], size=800)
        gain = paired_gain(differences, seed=seed)
        held.append(gain.low <= 0.02 <= gain.high)
    assert np.mean(held) > 0.9


def test_no_difference_is_rarely_called_real() -> None:
    rng = np.random.default_rng(1)
    p = [paired_gain(rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.8, 0.1], size=600), seed=s).p_value for s in range(200)]
    assert np.mean(np.array(p) < 0.05) < 0.1
    assert (benjamini_hochberg(p) < 0.05).mean() <= 0.02


def test_benjamini_hochberg_equals_scipy() -> None:
    p = np.random.default_rng(3).uniform(size=50) ** 3
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))
