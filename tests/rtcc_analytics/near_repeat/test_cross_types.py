"""One type of event after another."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import kstest

from rtcc_analytics.events import Events
from rtcc_analytics.near_repeat import knox_cross_test, knox_test


def two_types(seed: int, first: int = 30, second: int = 45):
    rng = np.random.default_rng(seed)
    one, two = (
        (rng.integers(0, 300, n).astype(float), rng.integers(0, 300, n).astype(float), rng.integers(0, 40, n))
        for n in (first, second)
    )
    return one, two


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000), right_closed=st.booleans(), unbounded=st.booleans(), days=st.sampled_from([1.0, 0.125])
)
def test_pairs_are_those_of_a_double_loop(seed, right_closed, unbounded, days) -> None:
    one, two = two_types(seed)
    # eighths of days and 1024ths: exact in binary, so that what lies on a break is no matter of rounding
    one, two = ((x, y, t * days + (x / 1024 if days < 1 else 0)) for x, y, t in (one, two))
    distance_breaks, time_breaks = [0, 30, 80], [0, 3, 7] + [np.inf] * unbounded
    found = knox_cross_test(
        one,
        two,
        distance_breaks=distance_breaks,
        time_breaks=time_breaks,
        right_closed=right_closed,
        permutations=1,
        seed=1,
    )
    metres = cdist(np.column_stack(one[:2]), np.column_stack(two[:2]))
    lag = np.asarray(two[2])[None, :] - np.asarray(one[2])[:, None]
    directions = {
        "either_order": (np.abs(lag), lag == lag),
        "first_then_second": (lag, lag > 0),
        "second_then_first": (-lag, lag < 0),
    }
    for name, (days_apart, counts) in directions.items():
        table = [
            [
                (
                    counts
                    & within(metres, distance_breaks, a, right_closed)
                    & within(days_apart, time_breaks, b, right_closed)
                ).sum()
                for b in range(len(time_breaks) - 1)
            ]
            for a in range(2)
        ]
        assert getattr(found, name).observed.tolist() == table, name


def within(values, breaks, band, right_closed):
    low, high = breaks[band], breaks[band + 1]
    if right_closed:
        return (values > low) & (values <= high) | (values == low) & (band == 0)
    return (values >= low) & (values < high)


def test_the_two_orders_and_ties_make_up_either_order() -> None:
    one, two = two_types(3)
    found = knox_cross_test(one, two, distance_breaks=[0, 100], time_breaks=[0, 1, 7], permutations=99, seed=1)
    ties = found.either_order.observed[0, 0]
    both = found.first_then_second.observed + found.second_then_first.observed
    assert both.tolist() == [[0, found.either_order.observed[0, 1]]] and ties > 0
    back = knox_cross_test(two, one, distance_breaks=[0, 100], time_breaks=[0, 1, 7], permutations=99, seed=1)
    assert back.first_then_second.observed.tolist() == found.second_then_first.observed.tolist()
    np.testing.assert_allclose(back.first_then_second.expected, found.second_then_first.expected)


def test_expectation_is_the_mean_over_all_shuffles_within_types() -> None:
    one = (np.array([0.0, 50, 400]), np.zeros(3), np.array([0, 3, 9]))
    two = (np.array([20.0, 60, 410]), np.zeros(3), np.array([1, 3, 20]))
    asked = {"distance_breaks": [0, 100], "time_breaks": [0, 2, 10, np.inf], "permutations": 1, "seed": 1}
    found = knox_cross_test(one, two, **asked)
    for name in ("either_order", "first_then_second", "second_then_first"):
        every = [
            getattr(knox_cross_test((*one[:2], one[2][list(a)]), (*two[:2], two[2][list(b)]), **asked), name).observed
            for a in permutations(range(3))
            for b in permutations(range(3))
        ]
        np.testing.assert_allclose(getattr(found, name).expected, np.mean(every, axis=0))


def test_direction_planted_is_direction_found() -> None:
    rng = np.random.default_rng(8)
    x, y, t = rng.uniform(0, 5000, 200), rng.uniform(0, 5000, 200), rng.integers(0, 365, 200)
    follow = (
        np.r_[x[:25] + 15, rng.uniform(0, 5000, 150)],
        np.r_[y[:25], rng.uniform(0, 5000, 150)],
        np.r_[t[:25] + 3, rng.integers(0, 365, 150)],
    )
    found = knox_cross_test((x, y, t), follow, distance_breaks=[0, 100], time_breaks=[0, 7], seed=1)
    assert found.first_then_second.p_value[0, 0] == 0.001
    assert found.second_then_first.p_value[0, 0] > 0.05
    frame = found.to_frame()
    assert frame.direction.tolist() == ["either order", "first then second", "second then first"]


def test_one_event_of_a_type_is_enough() -> None:
    found = knox_cross_test(
        ([0.0], [0.0], [5]), ([10.0, 500.0], [0.0, 0.0], [7, 50]), distance_breaks=[0, 100], time_breaks=[0, 7], seed=1
    )
    assert found.first_then_second.observed.tolist() == [[1]]
    assert found.first_then_second.expected.tolist() == [[0.5]]


def test_p_is_uniform_without_a_link_even_in_one_season() -> None:
    """Both types share a season and a middle; times within each type ignore place."""
    values = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        one, two = ((*rng.normal(0, 300, (2, n)), rng.normal(0, 20, n).round()) for n in (40, 70))
        found = knox_cross_test(one, two, distance_breaks=[0, 150], time_breaks=[0, 7], permutations=99, seed=seed)
        values.append([getattr(found, name).p_value[0, 0] for name in ("either_order", "first_then_second")])
    jittered = np.array(values) - np.random.default_rng(1).uniform(0, 0.01, (150, 2))
    assert (kstest(jittered, "uniform", axis=0).pvalue > 0.001).all()


def test_weights_that_are_not_used_are_told() -> None:
    noon = np.datetime64("2024-01-01T12:00:00") + np.arange(30).astype("timedelta64[D]")
    rng = np.random.default_rng(1)
    x, y = rng.uniform(500_000, 505_000, (2, 30))
    twice = Events(x=x, y=y, crs="EPSG:32618", timezone="UTC", occurred_from=noon, weights=np.r_[2.0, np.ones(29)])
    asked = {"distance_breaks": [0, 100], "time_breaks": [0, 7], "permutations": 19, "seed": 1}
    assert any(
        "weights from 1 to 2 are not used here" in told
        for told in knox_cross_test(twice, twice, **asked).either_order.warnings
    )
    assert not any("not used" in told for told in knox_test(twice, **asked).warnings)
