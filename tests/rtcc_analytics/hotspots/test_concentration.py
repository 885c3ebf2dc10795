"""Concentration against published values; the pattern test against a 2 x 2 table worked by hand and its level."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rtcc_analytics.hotspots.concentration import ConcentrationError, gini, lorenz, spatial_pattern_test

NAMES = {"G": "gini", "Ggen": "generalized", "G_unb": "unbiased", "Ggen_unb": "generalized_unbiased"}


def test_gini_of_the_published_cases(shared: Path) -> None:
    cases = json.loads((shared / "truth" / "19_gini_concentration" / "expected.json").read_text())["expected"]
    for case in cases:
        result = gini(case["x"])
        for theirs, ours in NAMES.items():
            if theirs in case:
                assert getattr(result, ours) == pytest.approx(case[theirs], abs=1e-9), (case["x"][:4], theirs)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=40).filter(sum))
def test_gini_is_twice_the_area_above_the_lorenz_diagonal(counts: list[int]) -> None:
    curve = lorenz(counts)
    assert gini(counts).gini == pytest.approx(2 * np.trapezoid(curve.event_share, curve.unit_share) - 1)
    assert (np.diff(curve.event_share) >= 0).all()


@given(st.lists(st.integers(0, 50), min_size=2, max_size=40).filter(sum), st.randoms())
def test_order_does_not_matter(counts: list[int], random) -> None:
    mixed = random.sample(counts, len(counts))
    assert gini(counts) == gini(mixed)


def test_even_crime_in_more_places_than_crimes_is_not_concentrated() -> None:
    even = gini([1] * 8 + [0] * 92)
    assert even.gini > 0.9
    assert even.generalized == pytest.approx(0)


def test_pattern_test_is_the_n_minus_one_chi_square() -> None:
    result = spatial_pattern_test([12, 88], [25, 75], correction="none")
    table = np.array([[12, 25], [88, 75]])
    expected = stats.chi2_contingency(table, correction=False).statistic * (table.sum() - 1) / table.sum()
    assert result.frame.p_value[0] == pytest.approx(stats.chi2.sf(expected, 1))
    assert result.frame.change.tolist() == ["more", "less"]


def test_pattern_test_drops_empty_units_only_from_the_robust_index() -> None:
    result = spatial_pattern_test([40, 30, 30, 0, 0], [18, 41, 41, 0, 0])
    assert result.s_index == pytest.approx(4 / 5)
    assert result.s_index_robust == pytest.approx(2 / 3)
    assert result.frame.p_value.isna().tolist() == [False, False, False, True, True]


def test_pattern_test_holds_its_level_where_nothing_changed() -> None:
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.full(60, 0.7))
    rejected = [
        (
            spatial_pattern_test(
                rng.multinomial(900, shares), rng.multinomial(700, shares), correction="none"
            ).frame.p_value.dropna()
            <= 0.05
        ).mean()
        for _ in range(100)
    ]
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(
    ("counts", "words"),
    [([3], "1 units"), ([0, 0], "no event in 2"), ([1, -1, np.nan], "1 counts are missing and 1 negative")],
)
def test_bad_counts_are_refused(counts: list, words: str) -> None:
    with pytest.raises(ConcentrationError, match=words):
        gini(counts)


def test_units_must_be_the_same() -> None:
    with pytest.raises(ConcentrationError, match="2 units before but 3 after"):
        spatial_pattern_test([1, 2], [1, 2, 3])
