"""Small counts: z by both readings against simulation, exact tests against scipy and against every outcome."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rtcc_analytics import temporal
from rtcc_analytics.temporal import PeriodError, exact_spread_test, exact_test, poisson_z


def test_a_known_mean_and_a_past_period_differ_by_the_root_of_two() -> None:
    past, known = poisson_z([25, 9, 0], [16, 16, 4]), poisson_z([25, 9, 0], [16, 16, 4], against="known_mean")
    np.testing.assert_allclose(known.z, [2 * (5 - 4), 2 * (3 - 4), 2 * (0 - 2)])
    np.testing.assert_allclose(known.z / past.z, np.sqrt(2))


@pytest.mark.parametrize("exposure", [1, 3])
def test_z_is_standard_normal_where_nothing_changed(exposure: int) -> None:
    rng = np.random.default_rng(1)
    x, past = rng.poisson(20, 100_000), rng.poisson(20 * exposure, 100_000)
    assert poisson_z(x, past, exposure_baseline=exposure).z.std() == pytest.approx(1, abs=0.02)
    assert poisson_z(x, 20.0 * exposure, against="known_mean", exposure_baseline=exposure).z.std() == pytest.approx(
        1, abs=0.02)
    taken_as_known = poisson_z(x, past / exposure, against="known_mean").z.std()
    assert taken_as_known == pytest.approx(np.sqrt(1 + 1 / exposure), abs=0.03)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([1, 2, 5]), st.sampled_from([1, 3]))
def test_two_counts_have_the_conditional_test_and_its_interval(x: int, m: int, now: int, then: int) -> None:
    found = exact_test(x, m, exposure_current=now, exposure_baseline=then)
    share = now / (now + then)
    tails = [stats.binomtest(x, x + m, share, side).pvalue if x + m else 1.0 for side in ("less", "greater")]
    assert found.p_value.item() == pytest.approx(min(1, 2 * min(tails)), abs=1e-10)
    if x + m:
        limits = stats.binomtest(x, x + m, share).proportion_ci(0.95, method="exact")
        assert found.low.item() == pytest.approx(limits.low / (1 - limits.low) * then / now, rel=1e-6, abs=1e-12)
        if limits.high < 1:
            assert found.high.item() == pytest.approx(limits.high / (1 - limits.high) * then / now, rel=1e-6)
        else:
            assert np.isinf(found.high)
    assert (found.p_value < 0.05).item() == bool((found.low > 1) | (found.high < 1)) or abs(found.p_value - 0.05) < 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.floats(0.2, 40))
def test_a_count_against_a_known_mean_has_the_poisson_tails(x: int, mean: float) -> None:
    found = exact_test(x, mean, against="known_mean")
    tails = stats.poisson.cdf(x, mean), stats.poisson.sf(x - 1, mean)
    assert found.p_value.item() == pytest.approx(min(1, 2 * min(tails)), abs=1e-10)
    assert found.high.item() * mean == pytest.approx(stats.chi2.ppf(0.975, 2 * x + 2) / 2)
    assert found.low.item() * mean == pytest.approx(stats.chi2.ppf(0.025, 2 * x) / 2 if x else 0, abs=1e-9)


@pytest.mark.parametrize("statistic", ["g", "chi2"])
@pytest.mark.parametrize(("counts", "shares"), [
    ([4, 0, 1], None), ([2, 2, 1], [0.5, 0.3, 0.2]), ([0, 5], [0.4, 0.6]), ([1, 1, 1, 3], None)])
def test_a_spread_is_held_against_every_single_way_it_could_have_been(
    counts: list[int], shares: list[float] | None, statistic: str
) -> None:
    k, n = len(counts), sum(counts)
    share = np.array(shares or [1 / k] * k)

    def value(held: np.ndarray) -> float:
        expected = n * share
        if statistic == "chi2":
            return float((np.square(held - expected) / expected).sum())
        return 2 * sum(h * math.log(h / e) for h, e in zip(held, expected, strict=True) if h)

    mine = value(np.array(counts))
    total = 0.0
    for way in itertools.product(range(k), repeat=n):       # every event goes to every bin
        if value(np.bincount(way, minlength=k)) >= mine - 1e-9:
            total += math.prod(share[bin_] for bin_ in way)
    found = exact_spread_test(counts, shares=shares, statistic=statistic)
    assert found.exact and found.p_value == pytest.approx(total, abs=1e-12)


def test_many_events_are_drawn_at_random_and_agree_with_chi_square() -> None:
    counts = [60, 40, 45, 52, 48, 55, 70]
    found = exact_spread_test(counts, statistic="chi2", seed=3)
    assert not found.exact
    assert found.p_value == pytest.approx(stats.chisquare(counts).pvalue, abs=0.005)
    assert exact_spread_test(counts, statistic="chi2", seed=3).p_value == found.p_value


def test_order_of_bins_does_not_matter() -> None:
    here, there = exact_spread_test([6, 0, 1, 0, 1, 1, 1]), exact_spread_test([0, 1, 1, 1, 1, 0, 6])
    assert here.p_value == pytest.approx(there.p_value)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: poisson_z(3, 2, against="last_year"), "'last_year' is not known"),
    (lambda: poisson_z(3.5, 2), "3.5 is not a count"),
    (lambda: exact_test(3, -1, against="known_mean"), "-1 is not a mean"),
    (lambda: exact_test(3, np.nan), "nan is not a count"),
    (lambda: exact_test(np.inf, 2), "inf is not a count"),
    (lambda: exact_spread_test([3, np.inf]), "not whole counts"),
    (lambda: exact_test(3, 2, exposure_baseline=0), "exposures must be positive"),
    (lambda: exact_test(3, 2, level=95), "95 is not a proportion"),
    (lambda: exact_spread_test([0, 0]), "at least one event"),
    (lambda: exact_spread_test([3, 1], shares=[0.5, 0.6]), "summing to 1.1"),
    (lambda: exact_spread_test([3, 1], statistic="ks"), "'ks' is not known"),
])
def test_what_makes_no_sense_is_refused(call: object, words: str) -> None:
    with pytest.raises(PeriodError, match=words):
        call()


def test_every_public_name_can_be_had_and_none_is_a_module() -> None:
    for name in temporal.__all__:
        assert callable(getattr(temporal, name)), name
    with pytest.raises(AttributeError, match="no attribute 'forecast'"):
        _ = temporal.forecast
