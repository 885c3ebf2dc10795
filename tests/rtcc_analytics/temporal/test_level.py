"""Level of a series: parts add up, changes are found and seldom invented."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import special

from rtcc_analytics.temporal.level import _partition, change_points, decompose
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


def test_bad_series_are_refused() -> None:
    with pytest.raises(PeriodError, match="400 of 800 counts are missing"):
        change_points([1.0, np.nan] * 400)
    with pytest.raises(PeriodError, match="15 steps; at least 16"):
        change_points([1.0] * 15)
    with pytest.raises(PeriodError, match="smallest count is -1"):
        change_points([-1.0] + [3.0] * 40)
    with pytest.raises(PeriodError, match="100 steps; at least 104"):
        decompose([1.0] * 100)
