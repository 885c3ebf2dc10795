"""Level of a series: parts add up, changes are found and seldom invented, intervals hold what they say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import special

from rtcc_analytics.temporal.level import _partition, change_points, decompose, forecast_counts
from rtcc_analytics.temporal.poisson import PeriodError


def test_parts_add_up_and_season_is_found() -> None:
    rng = np.random.default_rng(1)
    weeks = np.arange(208)
    series = rng.poisson(30 + 8 * np.cos(2 * np.pi * weeks / 52) + 0.05 * weeks)
    parts = decompose(series)
    np.testing.assert_allclose(parts.trend + parts.season + parts.rest, series)
    assert parts.season[np.arange(52, 208, 52)].mean() == pytest.approx(8, abs=4)
    assert parts.trend[180] - parts.trend[20] == pytest.approx(8, abs=4)


def test_segmentation_is_the_best_of_all() -> None:
    rng = np.random.default_rng(2)
    y = np.append(rng.poisson(3, 7), rng.poisson(9, 6)).astype(float)

    def value(cuts: tuple[int, ...]) -> float:
        edges = (0, *cuts, len(y))
        parts = [y[a:b] for a, b in itertools.pairwise(edges)]
        return sum(special.xlogy(p.sum(), p.mean()) - p.sum() for p in parts) - 2.0 * len(cuts)

    allowed = [
        cuts
        for k in range(5)
        for cuts in itertools.combinations(range(1, len(y)), k)
        if min(np.diff((0, *cuts, len(y)))) >= 2
    ]
    best = max(allowed, key=value)
    assert tuple(_partition(y, 2, 2.0)[1:-1]) == best


def test_constant_rates_seldom_change_and_real_changes_are_found() -> None:
    rng = np.random.default_rng(3)
    for mean, dispersion in ((6, 1.0), (20, 2.0)):
        alarms = 0
        for _ in range(100):
            shape = mean / (dispersion - 1) if dispersion > 1 else None
            y = rng.negative_binomial(shape, 1 / dispersion, 156) if shape else rng.poisson(mean, 156)
            alarms += len(change_points(y).steps) > 0
        assert alarms <= 7
    found = [change_points(np.append(rng.poisson(10, 80), rng.poisson(16, 40))).steps for _ in range(40)]
    assert sum(len(steps) == 1 and abs(steps[0] - 80) <= 4 for steps in found) >= 32


def test_ratio_interval_holds_the_true_ratio() -> None:
    rng = np.random.default_rng(4)
    inside = []
    for _ in range(100):
        frame = change_points(np.append(rng.poisson(10, 60), rng.poisson(20, 60))).to_frame()
        inside.append(frame.ratio_low[1] <= 2 <= frame.ratio_high[1])
    assert np.mean(inside) >= 0.88


def daily(rng: np.random.Generator, n: int, noisy: bool) -> np.ndarray:
    days = np.datetime64("2018-01-01") + np.arange(n)
    weekday = (days.astype(int) + 3) % 7
    mean = 8 * np.exp(0.25 * np.cos(2 * np.pi * days.astype(int) / 365.25) + 0.2 * (weekday >= 5))
    if noisy:
        mean = mean * rng.gamma(4, 1 / 4, n)
    return rng.poisson(mean)


@pytest.mark.parametrize("noisy", [False, True])
def test_intervals_hold_what_they_say(noisy: bool) -> None:
    rng = np.random.default_rng(5)
    days_inside, weeks_inside = [], []
    for _ in range(12):
        y = daily(rng, 1200 + 28, noisy)
        ahead = forecast_counts(y[:1200], start="2018-01-01", horizon_days=28)
        truth = y[1200:]
        days_inside.append(((truth >= ahead.days.low) & (truth <= ahead.days.high)).mean())
        weekly = truth.reshape(4, 7).sum(axis=1)
        weeks_inside.append(((weekly >= ahead.weeks.low) & (weekly <= ahead.weeks.high)).mean())
    assert 0.86 <= np.mean(days_inside) <= 0.97
    assert np.mean(weeks_inside) >= 0.8
    assert (ahead.dispersion > 1.5) == noisy


def test_weekday_season_and_holidays_are_learnt() -> None:
    rng = np.random.default_rng(6)
    y = daily(rng, 1461, False)
    days = np.datetime64("2018-01-01") + np.arange(1461)
    y[np.isin(days.astype("datetime64[D]").astype(str), ["2018-12-25", "2019-12-25", "2020-12-25", "2021-12-24"])] = 0
    ahead = forecast_counts(y, start="2018-01-01", horizon_days=21).days
    assert [name for name in ahead.holiday if name] == ["Birthday of Martin Luther King, Jr."]
    weekend = ahead.day.dt.day_of_week >= 5
    assert ahead.expected[weekend].mean() / ahead.expected[~weekend & (ahead.holiday == "")].mean() == pytest.approx(
        np.exp(0.2), abs=0.08
    )


def test_same_seed_same_answer_and_future_is_not_seen() -> None:
    y = daily(np.random.default_rng(7), 900, True)
    one, two = (forecast_counts(y[:800], start="2018-01-01", horizon_days=14, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.days[["low", "high"]], two.days[["low", "high"]])


@pytest.mark.parametrize(
    ("counts", "words"),
    [([1.0, np.nan] * 400, "400 of 800 counts are missing"), ([1.0] * 100, "100 steps; at least 730")],
)
def test_bad_series_are_refused(counts: list, words: str) -> None:
    with pytest.raises(PeriodError, match=words):
        forecast_counts(counts, start="2020-01-01", horizon_days=7)


def test_bad_limits_are_refused() -> None:
    with pytest.raises(PeriodError, match="horizon 0 days"):
        forecast_counts([3.0] * 800, start="2020-01-01", horizon_days=0)
    with pytest.raises(PeriodError, match="smallest count is -1"):
        change_points([-1.0] + [3.0] * 40)
