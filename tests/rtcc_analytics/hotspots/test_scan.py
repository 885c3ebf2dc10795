"""The scan against SaTScan's own output, brute force on small data, and planted and empty patterns."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcc_analytics.hotspots.scan import ScanError, space_time_scan


def satscan_case(folder: Path, test: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    places = {int(i): (float(x), float(y)) for i, x, y in map(str.split, (folder / f"satscan_test{test}.geo").open())}
    rows = [tuple(map(int, line.split())) for line in (folder / f"satscan_test{test}.cas").open() if line.strip()]
    ids = np.repeat([i for i, _, _ in rows], [n for _, n, _ in rows])
    days = np.repeat([day for *_, day in rows], [n for _, n, _ in rows])
    x, y = np.array([places[i] for i in ids]).T
    return ids, x, y, days


@pytest.fixture(scope="module")
def case(shared: Path) -> tuple[Path, dict]:
    folder = shared / "truth" / "17_space_time_scan"
    return folder, json.loads((folder / "expected.json").read_text())


@pytest.mark.parametrize("test", [1, 3])
def test_best_cluster_is_satscans(case: tuple[Path, dict], test: int) -> None:
    folder, truth = case
    ids, x, y, days = satscan_case(folder, test)
    expected = truth["expected"][f"test{test}"][0]
    result = space_time_scan(
        x,
        y,
        days,
        max_radius_m=1000,
        max_window_days=500,
        prospective=True,
        period=(0, 1000),
        replications=9,
        seed=1,
        compat="SaTScan",
    )
    best = result.clusters.iloc[0]
    assert best.llr == pytest.approx(expected["LLR"], abs=1e-6)
    assert (best.x, best.y) == tuple(expected["centre"])
    assert (best.radius_m, best.start_day, best.end_day) == (expected["radius"], expected["start"], 1000)
    assert (best.observed, best.expected) == (expected["cases"], pytest.approx(expected["expected"], abs=0.005))
    assert set(ids[result.members[0]]) <= set(expected["ids"])


def test_whole_circles_by_default_where_satscan_takes_part_of_a_ring(case: tuple[Path, dict]) -> None:
    folder, truth = case
    _, x, y, days = satscan_case(folder, 1)
    result = space_time_scan(
        x, y, days, max_radius_m=1000, max_window_days=500, prospective=True, period=(0, 1000), replications=9, seed=1
    )
    assert result.clusters.llr[0] == pytest.approx(3.0099222939587413, abs=1e-9)
    assert result.clusters.expected[0] == pytest.approx(0.48)
    second = truth["expected"]["test1"][1]
    assert result.clusters.llr[1] == pytest.approx(second["LLR"], abs=1e-6)


def brute_force(x: np.ndarray, y: np.ndarray, t: np.ndarray, radius: float, window: int) -> float:
    n, best = len(x), 0.0
    for cx, cy in zip(x, y, strict=True):
        gap = np.hypot(x - cx, y - cy)
        for r in np.unique(gap[gap <= radius]):
            circle = gap <= r
            if circle.sum() > n // 2:
                continue
            for start in np.unique(t):
                for end in np.unique(t[(t >= start) & (t < start + window)]):
                    spell = (t >= start) & (t <= end)
                    c, mu = (circle & spell).sum(), circle.sum() * spell.sum() / n
                    if c >= 2 and c > mu:
                        rest = (n - c) * np.log((n - c) / (n - mu)) if c < n else 0
                        best = max(best, c * np.log(c / mu) + rest)
    return best


@given(st.integers(0, 2**31), st.sampled_from([1, 3, 10]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_equals_brute_force(seed: int, window: int, lattice: bool) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 4, (2, 24)) * 300.0 if lattice else rng.uniform(0, 1000, (2, 24))
    t = np.append(rng.integers(0, 40, 22), [0, 40])
    result = space_time_scan(x + 1000, y + 1000, t, max_radius_m=450, max_window_days=window, replications=1, seed=1)
    found = result.clusters.llr.max() if len(result.clusters) else 0.0
    assert found == pytest.approx(brute_force(x, y, t, 450, window), abs=1e-9)


def pattern(rng: np.random.Generator, planted: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y, t = rng.uniform(1000, 6000, 150), rng.uniform(1000, 6000, 150), rng.integers(0, 200, 150)
    x[:planted], y[:planted], t[:planted] = 3000, 3000, 90 + np.arange(planted) // 3
    return x, y, t


def test_p_is_uniform_where_nothing_is_planted() -> None:
    rng = np.random.default_rng(2)
    p = [
        space_time_scan(*pattern(rng), max_radius_m=800, max_window_days=14, replications=19, seed=i).clusters.p_value[
            0
        ]
        for i in range(40)
    ]
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.1)
    assert np.mean(p) == pytest.approx(0.525, abs=0.12)


def test_planted_cluster_is_found_with_its_events() -> None:
    x, y, t = pattern(np.random.default_rng(3), planted=7)
    result = space_time_scan(x, y, t, max_radius_m=800, max_window_days=14, replications=99, seed=1)
    assert result.clusters.p_value[0] == pytest.approx(0.01)
    assert result.members[0].tolist() == list(range(7))


def test_order_and_translation_do_not_matter() -> None:
    x, y, t = pattern(np.random.default_rng(4), planted=5)
    turn = np.random.default_rng(5).permutation(len(x))
    here = space_time_scan(x, y, t, max_radius_m=800, max_window_days=14, replications=9, seed=1).clusters
    there = space_time_scan(
        x[turn] + 5e5, y[turn] + 4e6, t[turn] + 1000, max_radius_m=800, max_window_days=14, replications=9, seed=1
    ).clusters
    np.testing.assert_allclose(np.sort(here.llr[:1]), np.sort(there.llr[:1]))
    assert here.start_day[0] + 1000 == there.start_day[0]


def test_sequential_stop_ends_early_and_keeps_p() -> None:
    x, y, t = pattern(np.random.default_rng(6))
    settings_ = dict(max_radius_m=800, max_window_days=14, seed=1)
    whole = space_time_scan(x, y, t, replications=499, **settings_)
    stopped = space_time_scan(x, y, t, replications=499, stop_at_exceedances=20, **settings_)
    assert stopped.replications < whole.replications == 499
    assert stopped.clusters.p_value[0] == pytest.approx(whole.clusters.p_value[0], abs=0.2)


@pytest.mark.parametrize(
    ("x", "y", "t", "words"),
    [
        ([1000.0], [1000.0], [1], "1 events"),
        ([1000.0, np.nan], [1000.0, 2000], [1, 2], "1 of 2 events"),
        ([-73.93, -73.91], [41.7, 41.6], [1, 2], "degrees"),
        ([1000.0, 2000], [1000.0, 2000], [1], "x has 2, y has 2, t has 1"),
    ],
)
def test_bad_events_are_refused(x: list, y: list, t: list, words: str) -> None:
    with pytest.raises(ScanError, match=words):
        space_time_scan(x, y, t, max_radius_m=100, max_window_days=5, seed=1)


def test_bad_limits_are_refused() -> None:
    x, y, t = pattern(np.random.default_rng(7))
    with pytest.raises(ScanError, match="max_radius_m 0"):
        space_time_scan(x, y, t, max_radius_m=0, max_window_days=5, seed=1)
    with pytest.raises(ScanError, match="outside the period 50 to 100"):
        space_time_scan(x, y, t, max_radius_m=10, max_window_days=5, period=(50, 100), seed=1)
