"""Circular statistics against scipy and a uniform null; the scan statistic against simulation and its peers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rtcc_analytics.temporal.circular import _q2, _q3, circular_summary, scan_statistic
from rtcc_analytics.temporal.poisson import PeriodError


@given(st.lists(st.floats(0, 23.99), min_size=3, max_size=40), st.floats(0, 24))
def test_mean_turns_with_the_clock(hours: list[float], turn: float) -> None:
    here, there = circular_summary(hours), circular_summary(np.array(hours) + turn)
    assert here.resultant == pytest.approx(there.resultant, abs=1e-9)
    if here.resultant > 0.05:
        assert (there.mean - here.mean - turn + 12) % 24 == pytest.approx(12, abs=1e-6)


def test_agrees_with_scipy() -> None:
    hours = np.random.default_rng(1).vonmises(1.0, 2.0, 200) * 24 / (2 * np.pi)
    summary = circular_summary(hours)
    assert summary.mean == pytest.approx(stats.circmean(hours, high=24))
    assert summary.spread == pytest.approx(stats.circstd(hours, high=24))
    assert summary.resultant == pytest.approx(1 - stats.circvar(hours, high=24))


def test_rayleigh_keeps_its_level_and_sees_one_clump_only() -> None:
    rng = np.random.default_rng(2)
    p = np.array([circular_summary(rng.uniform(0, 24, 30)).p_value for _ in range(2000)])
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.015)
    assert circular_summary(rng.normal(22, 2, 30)).p_value < 1e-6
    assert circular_summary(np.repeat([2.0, 14.0], 50)).p_value > 0.9


def test_weights_count_as_repeats() -> None:
    weighted, repeated = circular_summary([1, 5], weights=[3, 2]), circular_summary([1, 1, 1, 5, 5])
    assert tuple(vars(weighted).values()) == pytest.approx(tuple(vars(repeated).values()))


def test_scan_reproduces_ptools_where_asked(shared: Path) -> None:
    for (windows, length, mean, most), p in json.loads(
        (shared / "truth" / "07_naus_scan" / "expected.json").read_text()
    )["expected"]:
        found = scan_statistic(windows=windows, expected=mean, most=most, compat="ptools", window_length=length)
        assert found.p_value == pytest.approx(p, abs=1e-9)


def test_scan_takes_the_papers_power_and_whole_sum() -> None:
    ours = scan_statistic(windows=260, expected=1, most=6).p_value
    assert ours == pytest.approx(0.48558664789, abs=1e-9)
    peers = scan_statistic(windows=260, expected=1, most=6, compat="ptools", window_length=2).p_value
    assert peers == pytest.approx(0.4854968970, abs=1e-9), "the power alone put right, the sum still short"


@pytest.mark.parametrize(("most", "mean"), [(3, 1.0), (4, 1.5)])
def test_two_and_three_windows_are_what_simulation_finds(most: int, mean: float) -> None:
    rng = np.random.default_rng(3)
    for span, exact in ((2.0, _q2(most, mean)), (3.0, _q3(most, mean))):
        runs = 400_000
        sizes = rng.poisson(mean * span, runs)
        times = np.sort(
            np.where(np.arange(sizes.max()) < sizes[:, None], rng.uniform(0, span, (runs, sizes.max())), np.inf)
        )
        none = ~(times[:, most - 1 :] <= times[:, : times.shape[1] - most + 1] + 1).any(
            axis=1, where=np.isfinite(times[:, most - 1 :])
        )
        assert none.mean() == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / runs))


@pytest.mark.parametrize(("windows", "expected", "most"), [(1, 1, 3), (52, 0, 3), (52, 1, 0)])
def test_impossible_scans_are_refused(windows: float, expected: float, most: int) -> None:
    with pytest.raises(PeriodError, match="at least 2 windows"):
        scan_statistic(windows=windows, expected=expected, most=most)


def test_missing_times_are_refused() -> None:
    with pytest.raises(PeriodError, match="1 of 2 times are missing"):
        circular_summary([1.0, np.nan])
