"""Which events cluster, and which hang together: against plain loops, hypergeometric tails and published partitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist
from scipy.stats import hypergeom, kstest

from rtcc_analytics.near_repeat import NearRepeatError, knox_test, local_knox, near_repeat_chains


def scattered(seed: int, size: int = 60):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 300, size).astype(float), rng.integers(0, 300, size).astype(float), rng.integers(0, 60, size)


def near(x, y, t, distance_m, days):
    """Who is within the distance, and within the days, of whom: both limits included."""
    others = ~np.eye(len(x), dtype=bool)
    xy = np.column_stack([x, y])
    return (cdist(xy, xy) <= distance_m) & others, (np.abs(np.subtract.outer(t, t)) <= days) & others


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), distance_m=st.integers(1, 150), days=st.integers(1, 30))
def test_neighbours_and_tails_are_the_plain_ones(seed, distance_m, days) -> None:
    x, y, t = scattered(seed)
    space, time = near(x, y, t, distance_m, days)
    both, later = space & time, np.subtract.outer(t, t) < 0
    found = local_knox(x, y, t, distance_m=distance_m, days=days)
    assert found.near_in_space.tolist() == space.sum(axis=1).tolist()
    assert found.near_in_time.tolist() == time.sum(axis=1).tolist()
    assert found.near_in_both.tolist() == both.sum(axis=1).tolist()
    assert found.after.tolist() == (both & later).sum(axis=1).tolist()
    assert found.before.tolist() == (both & later.T).sum(axis=1).tolist()
    tail = hypergeom(len(x) - 1, time.sum(axis=1)[None, :], space.sum(axis=1)[:, None]).sf(
        both.sum(axis=1)[:, None] - 1
    )
    np.testing.assert_allclose(found.p_given_time, np.diag(tail), rtol=1e-9)
    np.testing.assert_allclose(found.p_value, tail.mean(axis=1), rtol=1e-9)


def test_half_the_local_counts_is_the_count_of_the_whole() -> None:
    x, y, t = scattered(5)
    local = local_knox(x, y, t, distance_m=60, days=7)
    whole = knox_test(x, y, t, distance_breaks=[0, 60], time_breaks=[0, 7], right_closed=True, permutations=19, seed=1)
    assert local.near_in_both.sum() == 2 * whole.observed[0, 0]
    assert local.expected.sum() == pytest.approx(2 * whole.expected[0, 0])


def test_p_is_valid_without_interaction_and_the_planted_events_are_found() -> None:
    null = np.concatenate([local_knox(*scattered(seed), distance_m=100, days=15).p_value for seed in range(30)])
    for level in (0.01, 0.05, 0.2):
        assert (null <= level).mean() <= 1.15 * level
    assert kstest(null, "uniform", alternative="greater").statistic < 0.03
    x, y, t = scattered(3, size=400)
    x, y = 20 * x, 20 * y
    x[:5], y[:5], t[:5] = [1000, 1010, 1020, 1030, 1040], 1000, [30, 31, 31, 32, 33]
    assert np.flatnonzero(local_knox(x, y, t, distance_m=60, days=4).q_value <= 0.05).tolist() == [0, 1, 2, 3, 4]


def test_order_of_events_changes_no_answer() -> None:
    x, y, t = scattered(8)
    mixed = np.random.default_rng(1).permutation(len(x))
    once, again = (local_knox(x[o], y[o], t[o], distance_m=60, days=7) for o in (np.arange(len(x)), mixed))
    for name in ("near_in_both", "before", "p_value", "q_value"):
        np.testing.assert_allclose(getattr(once, name)[mixed], getattr(again, name), rtol=1e-12)


def test_chains_are_those_published(known) -> None:
    one, two, three, four = known("24")["expected"]
    row = (np.arange(1, 11), np.zeros(10), np.arange(3, 31, 3))
    for case in (one, two):
        chains = near_repeat_chains(*row, distance_m=case["dist"], days=case["time"])
        assert len(np.unique(chains.chain)) == case["components"]
    for case in (three, four):
        y = np.zeros(5) if case["y"] == 0 else case["y"]
        assert (
            near_repeat_chains(case["x"], y, case["t"], distance_m=case["dist"], days=case["time"]).chain.tolist()
            == case["comp"]
        )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), distance_m=st.integers(1, 80), days=st.integers(1, 10))
def test_chains_are_the_connected_components(seed, distance_m, days) -> None:
    x, y, t = scattered(seed)
    space, time = near(x, y, t, distance_m, days)
    _, component = connected_components(coo_matrix(space & time), directed=False)
    chain = near_repeat_chains(x, y, t, distance_m=distance_m, days=days).chain
    assert len(np.unique(chain)) == len(np.unique(component)) == len(np.unique(np.stack([chain, component]), axis=1).T)
    first = [t[chain == number].min() for number in range(1, chain.max() + 1)]
    assert first == sorted(first)


def test_a_chain_says_where_how_wide_and_when() -> None:
    chains = near_repeat_chains([0, 60, 60, 5000], [0, 0, 80, 0], [10, 12, 12, 12], distance_m=100, days=2)
    frame = chains.to_frame()
    assert frame[["events", "places", "first_day", "last_day", "days"]].values.tolist() == [[3, 3, 10, 12, 2]]
    assert frame.radius_m[0] == pytest.approx(np.hypot(20, 80 * 2 / 3))
    assert chains.share_in_chains == 0.75
    assert len(chains.to_frame(least_events=1)) == 2


def test_one_event_is_a_chain_of_its_own_and_none_is_an_error() -> None:
    assert near_repeat_chains([5.0], [5.0], [1], distance_m=100, days=7).chain.tolist() == [1]
    with pytest.raises(NearRepeatError, match="no events"):
        near_repeat_chains([], [], [], distance_m=100, days=7)
