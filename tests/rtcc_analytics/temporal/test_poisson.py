"""The e-test is the one of the literature, at any count; its interval covers; false discoveries are held."""

from __future__ import annotations

import json
import warnings
from fractions import Fraction
from math import comb, exp, factorial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, poisson
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.rates import test_poisson_2indep as statsmodels_etest

from rtcc_analytics.temporal import PeriodError, false_discovery_q, poisson_compare

statsmodels_etest.__test__ = False


def p(k1: float, k2: float, n1: float = 1, n2: float = 1, variant: str = "score", **more: object) -> float:
    return poisson_compare(k1, k2, exposure_current=n1, exposure_baseline=n2, variant=variant, **more).p_value.item()


def test_the_default_is_the_papers_test_and_ptools_is_reproduced_where_asked(shared: Path) -> None:
    case = json.loads((shared / "truth" / "06_etest" / "expected.json").read_text())
    for (k1, k2, n1, n2, d), peers in case["expected"]:
        asked = {"exposure_current": n1, "exposure_baseline": n2, "null_difference": d, "compat": "ptools"}
        assert poisson_compare(k1, k2, **asked).p_value.item() == pytest.approx(peers, abs=1e-7)
    for (k1, k2, n1, n2, d), paper, peers, statsmodels in case["paper_definition"]["rows_data"]:
        asked = {"exposure_current": n1, "exposure_baseline": n2, "null_difference": d}
        assert poisson_compare(k1, k2, **asked).p_value.item() == pytest.approx(paper, abs=1e-7)
        assert p(k1, k2, n1, n2, null_difference=d) == pytest.approx(statsmodels["etest-score_diff"], abs=1e-7)
        assert p(k1, k2, n1, n2, null_difference=d, compat="ptools") == pytest.approx(peers, abs=1e-7)


@pytest.mark.parametrize(("k1", "k2", "n1", "n2", "d"), [
    (8, 2, 1, 1, 2), (3, 1, 1, 1, 1), (12, 9, 2, 3, 1), (2, 6, 1, 1, -2), (4, 1, 1, 2, 0.5), (1, 5, 1, 1, -4)])
def test_a_difference_under_the_null_is_summed_over_both_counts(k1: int, k2: int, n1: int, n2: int, d: float) -> None:
    shift = Fraction(d)
    rate = Fraction(k1 + k2, n1 + n2) - shift * Fraction(n1, n1 + n2)

    def squared(x: int, y: int) -> Fraction | float:
        a, b = Fraction(x, n1), Fraction(y, n2)
        if x == y == 0:
            return float("inf")
        return (a - b - shift) ** 2 / (a / n1 + b / n2)

    mean1, mean2 = float(n1 * (rate + shift)), float(n2 * rate)
    total = sum(poisson.pmf(x, mean1) * poisson.pmf(y, mean2) for x in range(50) for y in range(50)
                if squared(x, y) >= squared(k1, k2))
    assert p(k1, k2, n1, n2, "wald", null_difference=d) == pytest.approx(total, abs=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([1, 2, 3, 5, 28]), st.sampled_from([1, 3, 28, 365]),
       st.sampled_from(["wald", "score"]))
def test_it_agrees_with_statsmodels(k1: int, k2: int, n1: int, n2: int, variant: str) -> None:
    if k1 / n1 == k2 / n2:
        assert p(k1, k2, n1, n2, variant) == 1.0
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = statsmodels_etest(k1, n1, k2, n2, method=f"etest-{variant}").pvalue
    assert p(k1, k2, n1, n2, variant) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("k1", "k2", "n1", "n2"), [
    (3, 1, 1, 1), (4, 2, 1, 3), (0, 4, 1, 2), (5, 5, 2, 1), (2, 9, 3, 5)])
def test_ties_count_as_extreme_in_exact_arithmetic(k1: int, k2: int, n1: int, n2: int) -> None:
    def squared(x: int, y: int) -> Fraction:
        a, b = Fraction(x, n1), Fraction(y, n2)
        return Fraction(0) if a == b else (a - b) ** 2 / (a / n1 + b / n2)

    rate = (k1 + k2) / (n1 + n2)

    def chance(x: int, mean: float) -> float:
        return exp(-mean) * mean**x / factorial(x)

    total = sum(chance(x, n1 * rate) * chance(y, n2 * rate) for x in range(45) for y in range(60)
                if squared(x, y) >= squared(k1, k2))
    assert p(k1, k2, n1, n2, "wald") == pytest.approx(total, abs=1e-10)


def test_large_counts_are_summed_not_approximated_and_agree_with_the_conditional_test() -> None:
    assert p(5000, 4800) == pytest.approx(0.0433527773106295, abs=1e-9)     # statsmodels, 1.7 s
    assert p(20_000, 19_000) == pytest.approx(4.107126878851256e-07, abs=1e-11)
    exact = binomtest(10_300, 10_300 + 50_000, 1 / 6).pvalue
    assert p(10_300, 50_000, 1, 5) == pytest.approx(exact, rel=0.02)


def test_score_sees_a_rise_against_several_years_that_wald_misses() -> None:
    assert p(8, 6, 1, 5, "score") == pytest.approx(3.19e-4, rel=0.01)
    assert p(8, 6, 1, 5, "wald") == pytest.approx(0.0959, rel=0.01)
    assert binomtest(8, 14, 1 / 6).pvalue < 1e-3
    assert p(10, 5, variant="score") == pytest.approx(p(10, 5, variant="wald"), abs=1e-12)


@pytest.mark.parametrize(("mean", "several_means", "exposure"), [
    (1, 1, 1), (5, 5, 1), (3, 9, 3), (10, 14, 1), (0.5, 6, 13)])
def test_the_interval_covers_the_true_difference(mean: float, several_means: float, exposure: float) -> None:
    x, y = (a.ravel() for a in np.meshgrid(np.arange(40), np.arange(50), indexing="ij"))
    chance = poisson.pmf(x, mean) * poisson.pmf(y, several_means)
    likely = chance > 1e-9
    result = poisson_compare(x[likely], y[likely], exposure_baseline=exposure)
    truth = mean - several_means / exposure
    covered = chance[likely][(result.low <= truth) & (truth <= result.high)].sum()
    assert 0.945 <= covered <= 1.0


def test_at_most_one_in_twenty_equal_rates_look_different() -> None:
    for mean, exposure in ((1, 1), (3, 5), (4, 13)):
        x, y = (a.ravel() for a in np.meshgrid(np.arange(25), np.arange(110), indexing="ij"))
        chance = poisson.pmf(x, mean) * poisson.pmf(y, mean * exposure)
        likely = chance > 1e-7
        result = poisson_compare(x[likely], y[likely], exposure_baseline=exposure, variant="score")
        assert chance[likely][result.p_value <= 0.05].sum() <= 0.055


def test_difference_is_in_counts_and_missing_stays_missing() -> None:
    result = poisson_compare([20, np.nan], [30, 5], exposure_current=7, exposure_baseline=21, variant="score")
    assert result.expected[0] == 10 and result.difference[0] == 10
    assert np.isnan([result.p_value[1], result.low[1], result.difference[1]]).all()
    assert len(result.to_frame()) == 2 and "score" in result.variant


@pytest.mark.parametrize(("arguments", "words"), [
    ({"current": -1, "baseline": 2}, "below zero"),
    ({"current": 1.5, "baseline": 2}, "1.5 is not a whole number"),
    ({"current": float("inf"), "baseline": 2}, "inf is not a whole number"),
    ({"current": 1, "baseline": 2, "exposure_baseline": 0}, "exposures must be positive"),
    ({"current": 1, "baseline": 2, "variant": "exact"}, "'exact'; use one of wald, score"),
    ({"current": 1, "baseline": 2, "compat": "R"}, "'R' is not known"),
    ({"current": 1, "baseline": 2, "null_difference": 5}, "too few for a difference of rates of 5"),
])
def test_what_cannot_be_counts_is_refused(arguments: dict, words: str) -> None:
    with pytest.raises(PeriodError, match=words):
        poisson_compare(**arguments)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_q_values_are_those_of_benjamini_and_hochberg(values: list[float]) -> None:
    expected = multipletests(values, method="fdr_bh")[1]
    assert false_discovery_q([*values, np.nan])[:-1] == pytest.approx(expected, abs=1e-12)


def test_the_conditional_sum_is_a_proper_reference() -> None:
    """The binomial the references rest on, by hand."""
    by_hand = sum(comb(14, k) * (1 / 6) ** k * (5 / 6) ** (14 - k) for k in range(8, 15))
    assert binomtest(8, 14, 1 / 6, alternative="greater").pvalue == pytest.approx(by_hand)
