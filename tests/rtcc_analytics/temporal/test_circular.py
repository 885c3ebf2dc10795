"""Circular statistics against scipy and a uniform null; the scan statistic against simulation and its peers."""

from __future__ import annotations

import itertools
import json
import math
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


def test_scan_takes_the_papers_power_and_whole_sum(shared: Path) -> None:
    ours = scan_statistic(windows=260, expected=1, most=6).p_value
    assert ours == pytest.approx(0.48558664789, abs=1e-9)
    note = json.loads((shared / "truth" / "07_naus_scan" / "expected.json").read_text())["notes"]
    papers_power_peers_sum = float(note.rsplit(" ", 1)[1])
    peers = scan_statistic(windows=260, expected=1, most=6, compat="ptools", window_length=2).p_value
    assert peers == pytest.approx(papers_power_peers_sum, abs=1e-9)
    assert ours == pytest.approx(papers_power_peers_sum, abs=1e-4)


def chance_of_none(most: int, mean: float, span: int) -> float:
    """No window of length 1 in [0, span] holds `most` events, by counting orderings of the events' fractions.

    Given how many events each unit of time holds, every order of their fractional parts is equally likely. As the
    window slides by one fraction, it loses an event of its first unit, or gains one of its second.
    """

    def good(held: tuple[int, ...]) -> float:
        """Share of orderings in which no sliding window is ever full."""
        ways = {(0,) * span: 1}
        for _ in range(sum(held)):
            onward: dict[tuple[int, ...], int] = {}
            for passed, count in ways.items():
                for unit in range(span):
                    if passed[unit] < held[unit]:
                        after = (*passed[:unit], passed[unit] + 1, *passed[unit + 1 :])
                        if all(held[u] - after[u] + after[u + 1] < most for u in range(span - 1)):
                            onward[after] = onward.get(after, 0) + count
            ways = onward
        orderings = math.factorial(sum(held)) / math.prod(math.factorial(n) for n in held)
        return sum(ways.values()) / orderings

    return sum(
        math.prod(stats.poisson.pmf(n, mean) for n in held) * good(held)
        for held in itertools.product(range(most), repeat=span)
    )


@pytest.mark.parametrize(("most", "mean"), [(2, 0.7), (3, 1.0), (4, 1.5), (5, 0.4), (6, 1.0)])
def test_two_and_three_windows_are_exact(most: int, mean: float) -> None:
    assert _q2(most, mean) == pytest.approx(chance_of_none(most, mean, 2), abs=1e-12)
    assert _q3(most, mean) == pytest.approx(chance_of_none(most, mean, 3), abs=1e-12)


@pytest.mark.parametrize(("windows", "expected", "most"), [(1, 1, 3), (52, 0, 3), (52, 1, 0)])
def test_impossible_scans_are_refused(windows: float, expected: float, most: int) -> None:
    with pytest.raises(PeriodError, match="at least 2 windows"):
        scan_statistic(windows=windows, expected=expected, most=most)


def test_missing_times_are_refused() -> None:
    with pytest.raises(PeriodError, match="1 of 2 times are missing"):
        circular_summary([1.0, np.nan])
