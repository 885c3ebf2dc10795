"""What must hold for any events: counted as a plain double loop counts, whatever the order, place, unit and cores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import pdist
from scipy.stats import chisquare, kstest

from rtcc_analytics.near_repeat import cores, knox_test, pairs, shuffles

BREAKS = {"distance_breaks": [0, 30, 100, 250, np.inf], "time_breaks": [0, 1, 7, 30, np.inf]}


def events(seed: int, size: int = 120, side: int = 1000, days: int = 90) -> tuple[NDArray, NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    return (
        rng.integers(0, side, size).astype(float),
        rng.integers(0, side, size).astype(float),
        rng.integers(0, days, size),
    )


def plainly(x, y, t, distance_breaks, time_breaks, metric="euclidean", right_closed=False) -> NDArray:
    """Every pair by scipy's distances, each band by its two edges."""
    metres = pdist(np.column_stack([x, y]), {"manhattan": "cityblock"}.get(metric, metric))
    days = pdist(np.asarray(t, dtype=float)[:, None])

    def member(values, breaks):
        for low, high in zip(breaks[:-1], breaks[1:], strict=True):
            if right_closed:
                yield (values > low) & (values <= high) | (values == low) & (low == breaks[0])
            else:
                yield (values >= low) & (values < high)

    return np.array(
        [[(near & soon).sum() for soon in member(days, time_breaks)] for near in member(metres, distance_breaks)]
    )


times = st.sampled_from(["days", "seconds", "fractions"])
ascending = st.lists(st.integers(0, 400), min_size=2, max_size=6, unique=True).map(sorted)


@example(
    seed=549,
    size=52,
    distances=[0, 139],
    spans=[0, 22],
    unbounded=False,
    metric="euclidean",
    right_closed=False,
    kind="seconds",
)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(3, 60),
    distances=ascending,
    spans=ascending,
    unbounded=st.booleans(),
    metric=st.sampled_from(["euclidean", "manhattan"]),
    right_closed=st.booleans(),
    kind=times,
)
def test_pairs_are_those_of_a_double_loop(seed, size, distances, spans, unbounded, metric, right_closed, kind) -> None:
    x, y, t = events(seed, size, side=300, days=100)
    t = {"days": t, "seconds": t + np.round(x) / 86_400, "fractions": t + np.sqrt(x + 1)}[kind].astype(float)
    x[: size // 4], y[: size // 4] = x[-1], y[-1]
    if (t == t[0]).all() or ((x == x[0]) & (y == y[0])).all():
        return
    asked = {
        "distance_breaks": distances + [np.inf] * unbounded,
        "time_breaks": spans + [np.inf] * unbounded,
        "metric": metric,
        "right_closed": right_closed,
    }
    found = knox_test(x, y, t, **asked, permutations=1, seed=1)
    # Two times exactly 22 days apart differ by 21.999999 as fractions of a day: the reference counts whole seconds.
    whole = asked | {"time_breaks": [86_400 * edge for edge in asked["time_breaks"]]}
    counted = (x, y, np.rint(86_400 * t)) if kind == "seconds" else (x, y, t)
    assert found.observed.tolist() == plainly(*counted, **(whole if kind == "seconds" else asked)).tolist()
    if unbounded and distances[0] == 0 and spans[0] == 0:
        assert found.observed.sum() == size * (size - 1) // 2
        assert found.expected.sum() == pytest.approx(size * (size - 1) / 2)


def test_shuffled_counts_are_those_of_shuffled_times() -> None:
    """Every simulated table must be a table of some order of the times: totals by distance and by time are kept."""
    found = knox_test(*events(3), **BREAKS, permutations=50, seed=2)
    assert (found.simulated.sum(axis=2) == found.observed.sum(axis=1)).all()
    assert (found.simulated.sum(axis=1) == found.observed.sum(axis=0)).all()
    assert len(np.unique(found.simulated.reshape(50, -1), axis=0)) == 50


def test_simulated_mean_approaches_the_exact_expectation() -> None:
    found = knox_test(*events(4), **BREAKS, permutations=4000, seed=2)
    error = found.simulated.std(axis=0) / np.sqrt(4000)
    assert (np.abs(found.simulated_mean - found.expected) < 4.5 * error + 1e-9).all()


def test_simulated_counts_spread_as_those_of_plainly_shuffled_times() -> None:
    """tobydavies/NearRepeat parts the halves of a pair: half its counts are not whole, their spread too small by √2."""
    x, y, t = events(1, size=150)
    asked = {"distance_breaks": [0, 200], "time_breaks": [0, 10]}
    found = knox_test(x, y, t, **asked, permutations=3000, seed=1)
    rng = np.random.default_rng(2)
    plain = [plainly(x, y, rng.permutation(t), **asked)[0, 0] for _ in range(1500)]
    assert found.simulated.dtype.kind == "i"
    assert found.simulated.std() == pytest.approx(np.std(plain), rel=0.08)


def test_order_of_events_changes_nothing_not_even_p() -> None:
    x, y, t = events(5)
    x[:20], y[:20] = x[0], y[0]
    once = knox_test(x, y, t, **BREAKS, permutations=99, seed=3)
    mixed = np.random.default_rng(0).permutation(len(x))
    again = knox_test(x[mixed], y[mixed], t[mixed], **BREAKS, permutations=99, seed=3)
    assert (once.simulated == again.simulated).all()
    assert once.to_frame().equals(again.to_frame())


def test_moving_the_map_and_the_calendar_changes_nothing() -> None:
    x, y, t = events(6)
    once = knox_test(x, y, t, **BREAKS, permutations=99, seed=3)
    moved = knox_test(x + 358_000, y + 578_000, t + 16_000, **BREAKS, permutations=99, seed=3)
    assert once.to_frame().equals(moved.to_frame())


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 500),
    unit=st.sampled_from([0.5, 4.0, 1024.0]),
    metric=st.sampled_from(["euclidean", "manhattan"]),
)
def test_other_units_and_a_turned_map_change_nothing(seed, unit, metric) -> None:
    """Breaks in the same other unit (powers of two, so that no edge moves); x for y, and both mirrored."""
    x, y, t = events(seed, 80, side=300)
    once = knox_test(x, y, t, **BREAKS, metric=metric, permutations=9, seed=3)
    scaled = {name: [unit * edge for edge in edges] for name, edges in BREAKS.items()}
    other = knox_test(unit * x, unit * y, unit * t, **scaled, metric=metric, permutations=9, seed=3)
    turned = knox_test(-y, x, -t, **BREAKS, metric=metric, permutations=9, seed=3)
    for found in (other, turned):
        assert (found.observed == once.observed).all()
        np.testing.assert_array_equal(found.expected, once.expected)


def test_days_may_be_numbers_or_dates() -> None:
    x, y, t = events(7)
    dates = np.datetime64("2016-01-01") + t
    assert knox_test(x, y, t, **BREAKS, seed=3).to_frame().equals(knox_test(x, y, dates, **BREAKS, seed=3).to_frame())


def test_same_seed_same_answer_on_one_core_few_lanes_and_little_memory(monkeypatch) -> None:
    x, y, t = events(8)
    once = knox_test(x, y, t, **BREAKS, permutations=200, seed=3)
    other_seed = knox_test(x, y, t, **BREAKS, permutations=200, seed=4)
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: {0}, raising=False)
    monkeypatch.setattr(shuffles, "LANE_BYTES", 1)
    monkeypatch.setattr(pairs.GridPairs, "__init__", _holding_few(pairs.GridPairs.__init__))
    again = knox_test(x, y, t, **BREAKS, permutations=200, seed=3)
    assert (once.simulated == again.simulated).all()
    assert (once.simulated != other_seed.simulated).any()


def _holding_few(init):
    def held(self, *arguments, **named):
        init(self, *arguments, **named, most_held=7)

    return held


def test_more_pairs_than_a_16_bit_tally_holds() -> None:
    x, y, t = events(9, size=700, side=20, days=3)
    found = knox_test(x, y, t, distance_breaks=[0, 100], time_breaks=[0, 2, 4], permutations=3, seed=1)
    assert found.observed.sum() == 700 * 699 // 2
    assert (found.simulated == found.observed).all()


def test_shuffles_are_even() -> None:
    """Each of the 24 orders of four values comes up as often as the others; a group keeps its own values."""
    lanes = np.concatenate(
        list(shuffles.shuffled_lanes(np.arange(4, dtype=np.int16), np.array([0, 4]), permutations=4800, seed=11)),
        axis=1,
    )
    assert lanes[:, 0].tolist() == [0, 1, 2, 3]
    _, count = np.unique(lanes[:, 1:], axis=1, return_counts=True)
    assert len(count) == 24
    assert chisquare(count).pvalue > 1e-4
    groups = next(shuffles.shuffled_lanes(np.arange(9, dtype=np.int16), np.array([0, 4, 9]), permutations=50, seed=1))
    assert (np.sort(groups[:4], axis=0).T == np.arange(4)).all()
    assert (np.sort(groups[4:], axis=0).T == np.arange(4, 9)).all()


def test_p_is_uniform_without_interaction_and_small_with() -> None:
    """Times that ignore place: p uniform by Kolmogorov-Smirnov at 200 runs. Planted repeats: found in 9 of 10."""
    asked = {"distance_breaks": [0, 150], "time_breaks": [0, 14], "permutations": 99}
    null = [knox_test(*events(seed, 150), **asked, seed=seed).p_value[0, 0] for seed in range(200)]
    # Counts tie, so p is a little conservative; a random share of the step makes it continuous.
    assert kstest(np.array(null) - np.random.default_rng(1).uniform(0, 0.01, 200), "uniform").pvalue > 0.001
    assert 0.01 <= np.mean(np.array(null) <= 0.05) <= 0.10
    power, asked = [], asked | {"distance_breaks": [0, 50], "time_breaks": [0, 4]}
    for seed in range(40):
        x, y, t = events(seed, 150)
        x, y, t = np.r_[x, x[:10] + 20], np.r_[y, y[:10]], np.r_[t, t[:10] + 2]
        power.append(knox_test(x, y, t, **asked, seed=seed).p_value[0, 0] <= 0.05)
    assert np.mean(power) >= 0.9


def test_adjusted_p_holds_over_all_bands() -> None:
    """Without interaction, one run in twenty may show any band at 0.05, though one in three does unadjusted."""
    asked = {"distance_breaks": [0, 50, 100, 150, 200], "time_breaks": [0, 7, 14, 21], "permutations": 99}
    found = [knox_test(*events(seed, 150), **asked, seed=seed) for seed in range(150)]
    adjusted = np.mean([(one.p_adjusted <= 0.05).any() for one in found])
    single = np.mean([(one.p_value <= 0.05).any() for one in found])
    assert adjusted <= 0.11 < single


def test_ratio_interval_covers_the_rate_behind_the_counts() -> None:
    """Repeats planted at random, a known number on average: the interval holds it in about 95 runs of 100."""
    asked = {"distance_breaks": [0, 50], "time_breaks": [0, 7], "permutations": 19}
    covered = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        x, y, t = (rng.uniform(0, high, 400) for high in (3000, 3000, 365))
        more = rng.poisson(40)
        found = knox_test(
            np.r_[x, x[:more] + 10], np.r_[y, y[:more]], np.floor(np.r_[t, t[:more] + 2]), **asked, seed=1
        )
        chance = found.expected[0, 0] - more * 13 / 365
        mean = (chance + 40) / found.expected[0, 0]
        covered.append(found.ratio_low[0, 0] <= mean <= found.ratio_high[0, 0])
    assert np.mean(covered) >= 0.9


def test_no_ratio_where_nothing_can_be_expected_and_it_says_so() -> None:
    found = knox_test(
        [0, 5_000, 9_000], [0, 0, 0], [0, 3, 9], distance_breaks=[0, 100, 20_000], time_breaks=[0, 7], seed=1
    )
    assert np.isnan(found.ratio[0, 0]) and found.p_value[0, 0] == 1
    assert found.ratio[1, 0] == 1
    assert any("undefined" in warning and "1 of 2" in warning for warning in found.warnings)
