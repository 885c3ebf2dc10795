"""Mantel and Jacquez: against plain matrices, all shuffles of a few events, and chance."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from scipy.stats import kstest

from rtcc_analytics.near_repeat import NearRepeatError, jacquez_test, mantel_test


def scattered(seed: int, size: int = 40):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 3000, size), rng.uniform(0, 3000, size), rng.integers(0, 60, size).astype(float)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), power=st.sampled_from([-1.0, 1.0, -2.0]), fractions=st.booleans())
def test_mantel_is_the_correlation_of_two_matrices(seed, power, fractions) -> None:
    x, y, t = scattered(seed)
    t = t + x / 7000 if fractions else t
    space, time = pdist(np.column_stack([x, y])), pdist(t[:, None])
    plain = np.corrcoef((space + 1.5) ** power, (time + 0.5) ** power)[0, 1]
    found = mantel_test(
        x,
        y,
        t,
        permutations=9,
        seed=1,
        distance_offset_m=1.5,
        time_offset_days=0.5,
        distance_power=power,
        time_power=power,
    )
    assert found.statistic == pytest.approx(plain, abs=1e-9)


def nearest(matrix, k):
    """Others no farther than the k-th nearest, ties included."""
    off = matrix + np.diag(np.full(len(matrix), np.inf))
    return off <= np.sort(off, axis=1)[:, k - 1 : k]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), neighbours=st.integers(1, 6))
def test_jacquez_counts_those_near_in_both_ties_included(seed, neighbours) -> None:
    x, y, t = scattered(seed)
    x[:6], y[:6] = x[0], y[0]
    space = nearest(squareform(pdist(np.column_stack([x, y]))), neighbours)
    time = nearest(squareform(pdist(t[:, None])), neighbours)
    found = jacquez_test(x, y, t, neighbours=neighbours, permutations=9, seed=1)
    assert found.statistic == (space & time).sum()
    assert found.expected == pytest.approx(space.sum() * time.sum() / (len(x) * (len(x) - 1)))


def test_expectations_are_means_over_all_shuffles() -> None:
    x, y, t = np.array([0.0, 10, 35, 400, 420]), np.zeros(5), np.array([0.0, 1, 2, 9, 30])
    for test, options in ((mantel_test, {}), (jacquez_test, {"neighbours": 2})):
        every = [
            test(x, y, t[list(order)], permutations=1, seed=1, **options).statistic for order in permutations(range(5))
        ]
        assert test(x, y, t, permutations=1, seed=1, **options).expected == pytest.approx(np.mean(every), abs=1e-9)


@pytest.mark.parametrize(("test", "options"), [(mantel_test, {}), (jacquez_test, {"neighbours": 3})])
def test_p_is_uniform_without_interaction_and_small_with(test, options) -> None:
    null = np.array([test(*scattered(seed), permutations=99, seed=seed, **options).p_value for seed in range(150)])
    assert kstest(null - np.random.default_rng(1).uniform(0, 0.01, len(null)), "uniform").pvalue > 0.001
    found = []
    for seed in range(20):
        x, y, t = scattered(seed)
        x, y, t = np.r_[x, x[:12] + 15], np.r_[y, y[:12]], np.r_[t, t[:12] + 1]
        found.append(test(x, y, t, permutations=99, seed=1, **options).p_value <= 0.05)
    assert np.mean(found) >= 0.9


@pytest.mark.parametrize(("test", "options"), [(mantel_test, {}), (jacquez_test, {"neighbours": 3})])
def test_order_place_and_calendar_change_nothing(test, options) -> None:
    x, y, t = scattered(4)
    mixed = np.random.default_rng(0).permutation(len(x))
    once = test(x, y, t, permutations=99, seed=2, **options)
    again = test(x[mixed], y[mixed], t[mixed], permutations=99, seed=2, **options)
    moved = test(x + 4096, y + 8192, t + 16_000, permutations=99, seed=2, **options)
    assert once.p_value == again.p_value == moved.p_value
    assert once.statistic == pytest.approx(again.statistic) == pytest.approx(moved.statistic)


def test_what_has_no_answer_says_why() -> None:
    x, y, t = scattered(1)
    with pytest.raises(NearRepeatError, match="40 neighbours among 40 events"):
        jacquez_test(x, y, t, neighbours=40, seed=1)
    with pytest.raises(NearRepeatError, match="negative power needs an offset above 0"):
        mantel_test(x, y, t, distance_offset_m=0, seed=1)
    with pytest.raises(NearRepeatError, match="equally far apart"):
        mantel_test([0, 3], [0, 4], [1, 2], seed=1)
