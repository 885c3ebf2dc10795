"""Events that may have happened on several days."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat import knox_test, spread_over_days

BREAKS = {"distance_breaks": [0, 50, 150], "time_breaks": [0, 2, 5, np.inf]}


def uncertain(seed: int, size: int = 40):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 400, size).astype(float), rng.integers(0, 400, size).astype(float)
    start = rng.uniform(0, 60, size)
    return x, y, *spread_over_days(start, start + rng.exponential(1.0, size))


def test_shares_follow_the_hours_and_sum_to_one() -> None:
    t, weights = spread_over_days([0.5, 3.0, 7.25, 5.0], [2.0, 3.0, np.nan, 4.0])
    assert weights[0].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert t[0].tolist() == [0, 1]
    assert weights[1:].tolist() == [[1, 0]] * 3
    assert t[1:, 0].tolist() == [3, 7, 5]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(0, 400)), min_size=1, max_size=20))
def test_shares_sum_to_one_and_stay_within_the_span(spans) -> None:
    start = np.array([s for s, _ in spans])
    end = start + [d for _, d in spans]
    t, weights = spread_over_days(start, end)
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(start)))
    used = weights > 0
    assert (t >= np.floor(start)[:, None])[used].all() and (t <= end[:, None])[used].all()


def test_certain_times_give_the_plain_counts() -> None:
    x, y, t, _ = uncertain(1)
    plain = knox_test(x, y, t[:, 0], **BREAKS, permutations=99, seed=5)
    weighted = knox_test(x, y, t[:, 0], **BREAKS, permutations=99, seed=5, weights=np.ones(len(x)))
    for name in ("observed", "expected", "p_value", "simulated"):
        assert getattr(weighted, name).ravel().tolist() == pytest.approx(getattr(plain, name).ravel().tolist()), name


def test_a_pair_counts_with_the_chance_that_both_times_are_close() -> None:
    """Days {0, 1} half each against {1, 4} at 1/4 and 3/4: differences 1, 4, 0, 3."""
    t = np.array([[0.0, 1.0], [1.0, 4.0], [90.0, 90.0]])
    weights = np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]])
    found = knox_test(
        [0, 10, 900],
        [0, 0, 0],
        t,
        weights=weights,
        distance_breaks=[0, 50],
        time_breaks=[0, 2, 4, np.inf],
        permutations=1,
        seed=1,
    )
    assert found.observed[0].tolist() == pytest.approx([0.25, 0.375, 0.375])


def test_mean_over_random_exact_times_is_what_weights_give() -> None:
    x, y, t, weights = uncertain(2)
    found = knox_test(x, y, t, weights=weights, **BREAKS, permutations=1, seed=1)
    rng = np.random.default_rng(3)
    cumulative = weights.cumsum(axis=1)
    drawn = []
    for _ in range(400):
        pick = (rng.uniform(size=(len(x), 1)) * cumulative[:, -1:] < cumulative).argmax(axis=1)
        drawn.append(knox_test(x, y, t[np.arange(len(x)), pick], **BREAKS, permutations=1, seed=1).observed)
    error = np.std(drawn, axis=0) / 20
    assert (np.abs(np.mean(drawn, axis=0) - found.observed) < 4 * error + 0.02).all()


def test_expectation_is_the_mean_over_all_shuffles_of_times_with_their_weights() -> None:
    x, y, t, weights = uncertain(4, size=5)
    x, y = np.array([0.0, 30, 60, 200, 210]), np.zeros(5)
    every = [
        knox_test(x, y, t[list(order)], weights=weights[list(order)], **BREAKS, permutations=1, seed=1).observed
        for order in permutations(range(5))
    ]
    found = knox_test(x, y, t, weights=weights, **BREAKS, permutations=1, seed=1)
    np.testing.assert_allclose(found.expected, np.mean(every, axis=0), rtol=1e-9, atol=1e-9)
    assert found.expected[0, 0] == 0


def test_order_of_events_changes_no_p() -> None:
    x, y, t, weights = uncertain(6)
    mixed = np.random.default_rng(0).permutation(len(x))
    once = knox_test(x, y, t, weights=weights, **BREAKS, permutations=99, seed=1)
    again = knox_test(x[mixed], y[mixed], t[mixed], weights=weights[mixed], **BREAKS, permutations=99, seed=1)
    assert once.p_value.tolist() == again.p_value.tolist()
    np.testing.assert_allclose(once.observed, again.observed)


def test_p_is_uniform_without_interaction() -> None:
    values = []
    for seed in range(120):
        x, y, t, weights = uncertain(seed)
        found = knox_test(x, y, t, weights=weights, **BREAKS, permutations=99, seed=seed)
        values.append(found.p_value[0, 1])
    assert kstest(np.array(values) - np.random.default_rng(1).uniform(0, 0.01, 120), "uniform").pvalue > 0.001


def test_events_spread_over_their_spans_count_as_arrays_spread_by_hand() -> None:
    x, y, t, _ = uncertain(3)
    start = np.datetime64("2024-02-01T18:00:00") + t[:, 0].astype("timedelta64[D]")
    end = start + np.arange(len(x)).astype("timedelta64[h]")
    events = Events(x=x + 5e5, y=y + 4e6, crs="EPSG:32618", timezone="UTC", occurred_from=start, occurred_to=end)
    days = [when.astype("datetime64[s]").astype(np.int64) / 86_400 for when in (start, end)]
    spread = dict(zip(("t", "weights"), spread_over_days(*days), strict=True))
    asked = {**BREAKS, "permutations": 19, "seed": 1}
    by_name = knox_test(events, weights="aoristic", **asked)
    np.testing.assert_allclose(by_name.observed, knox_test(x, y, **spread, **asked).observed)
    assert (by_name.observed != knox_test(events, **asked).observed).any()
