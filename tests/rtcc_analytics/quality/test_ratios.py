"""Rules that hold for any counts: heaping ratios, low-count probabilities, gaps, names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_connectors.errors import RtccError
from rtcc_analytics.quality import heaping_ratio
from rtcc_analytics.quality.flow import complete_periods, low_count_p, quiet_days, volume_drops

counts = st.integers(0, 5000)


@given(counts, st.integers(1, 5000), st.floats(0.5, 50))
def test_interval_holds_the_ratio(seen: int, around: int, slots: float) -> None:
    ratio = heaping_ratio(seen, around, around_slots=slots)
    assert ratio.low <= ratio.ratio * (1 + 1e-9) and ratio.ratio <= ratio.high * (1 + 1e-9)
    assert ratio.low >= 0


@given(st.integers(1, 500), st.integers(1, 500), st.integers(2, 20))
def test_more_records_of_the_same_ratio_narrow_the_interval(seen: int, around: int, times: int) -> None:
    few, many = (heaping_ratio(seen * k, around * k, around_slots=4) for k in (1, times))
    assert many.ratio == pytest.approx(few.ratio)
    assert many.high - many.low < few.high - few.low


@given(counts, st.integers(1, 5000))
def test_one_more_at_the_value_raises_the_ratio_and_both_limits(seen: int, around: int) -> None:
    less, more = heaping_ratio(seen, around, around_slots=4), heaping_ratio(seen + 1, around, around_slots=4)
    assert more.ratio > less.ratio and more.low > less.low and more.high > less.high


def test_nothing_on_either_side_says_nothing() -> None:
    ratio = heaping_ratio(0, 0, around_slots=4)
    assert (ratio.low, ratio.ratio, ratio.high) == (0, 1, float("inf"))


@pytest.mark.parametrize("arguments", [
    {"seen": -1, "around": 2, "around_slots": 4}, {"seen": 1, "around": 2, "around_slots": 0},
    {"seen": 1, "around": 2, "around_slots": 4, "level": 1.0},
])
def test_impossible_counts_are_refused_with_what_was_seen(arguments: dict) -> None:
    with pytest.raises(RtccError, match="got seen="):
        heaping_ratio(**arguments)


def test_interval_covers_as_often_as_it_claims() -> None:
    rng = np.random.default_rng(5)
    truth, around_rate = 2.0, 10.0
    seen, around = rng.poisson(truth * around_rate, 600), rng.poisson(4 * around_rate, 600)
    held = [(r := heaping_ratio(int(a), int(b), around_slots=4)).low <= truth <= r.high
            for a, b in zip(seen, around, strict=True)]
    assert np.mean(held) >= 0.93


def test_false_alarms_stay_rare_on_steady_and_on_over_dispersed_weeks() -> None:
    rng = np.random.default_rng(6)
    weeks = pd.date_range("2020-01-06", periods=150, freq="7D")
    alarms = 0
    for k in range(40):
        mean = rng.gamma(10, 2, 150) if k % 2 else 20
        alarms += len(volume_drops(pd.Series(rng.poisson(mean, 150), index=weeks), period="week")) > 0
    assert alarms <= 2


def test_zero_in_a_week_of_three_is_chance_and_in_a_week_of_thirty_is_not() -> None:
    weeks = pd.date_range("2020-01-06", periods=60, freq="7D")
    rng = np.random.default_rng(7)
    for mean, drops in ((3, 0), (30, 1)):
        series = pd.Series(rng.poisson(mean, 60), index=weeks)
        series.iloc[40] = 0
        assert len(volume_drops(series, period="week")) == drops


def test_short_months_are_not_drops() -> None:
    daily = pd.Series(50, index=pd.date_range("2020-01-01", "2023-12-31"))
    assert volume_drops(complete_periods(daily, "month"), period="month").empty


@given(st.integers(0, 200), st.floats(1, 200), st.floats(1, 20), st.integers(2, 50))
def test_low_count_probability_is_one_and_rises_with_the_count(
    count: int, expected: float, spread: float, periods: int
) -> None:
    p = low_count_p(count, expected, spread=spread, periods=periods)
    assert 0 <= p <= 1
    assert low_count_p(count + 1, expected, spread=spread, periods=periods) >= p


def test_a_feed_that_rests_on_sundays_has_no_gap() -> None:
    days = pd.date_range("2023-01-01", periods=200)
    daily = pd.Series(np.where(days.day_of_week == 6, 0, 40), index=days)
    assert quiet_days(daily).empty
    daily.iloc[100:103] = 0
    assert quiet_days(daily)["days"].tolist() == [3]
