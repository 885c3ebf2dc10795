"""Every class as its definition says, the trend test against an independent one, noise mostly without a class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rtcc_analytics.hotspots.emerging_spots import MEANINGS, _classes, emerging, mann_kendall
from rtcc_analytics.hotspots.local import LocalStatisticError

RING = np.arange(0, 402, 2), np.array([[(i - 1) % 200, (i + 1) % 200] for i in range(200)]).ravel()


def class_of(states: str, trend: float = 0.0, p: float = 1.0) -> str:
    state = np.array([{"h": 1, "c": -1, ".": 0}[s] for s in states])[:, None]
    return _classes(state == 1, state == -1, np.array([trend]), np.array([p]), 0.05)[0]


@pytest.mark.parametrize(
    ("states", "trend", "p", "expected"),
    [
        (".........h", 0, 1, "new"),
        (".......hhh", 0, 1, "consecutive"),
        ("hhhhhhhhhh", 3, 0.01, "intensifying"),
        ("hhhhhhhhhh", -3, 0.01, "diminishing"),
        ("hhhhhhhhhh", 1, 0.40, "persistent"),
        (".hhhhhhhhh", 1, 0.40, "persistent"),
        ("hhhhhhhhh.", 3, 0.01, "historical"),
        ("h..h.h...h", 0, 1, "sporadic"),
        ("c..h.h...h", 0, 1, "oscillating"),
        ("h..h.h....", 0, 1, ""),
        ("..........", 0, 1, ""),
    ],
)
def test_classes_follow_their_definitions(states: str, trend: float, p: float, expected: str) -> None:
    assert class_of(states, trend, p) == expected
    assert expected in MEANINGS or expected == ""


@given(st.lists(st.integers(0, 6), min_size=10, max_size=30))
@settings(max_examples=50, deadline=None)
def test_trend_is_kendalls(values: list[int]) -> None:
    z, p = mann_kendall(values)
    s = sum(np.sign(b - a) for i, a in enumerate(values) for b in values[i + 1 :])
    _, counts = np.unique(values, return_counts=True)
    n = len(values)
    variance = (n * (n - 1) * (2 * n + 5) - (counts * (counts - 1) * (2 * counts + 5)).sum()) / 18
    expected = (s - np.sign(s)) / np.sqrt(variance) if variance > 0 else 0
    assert z == pytest.approx(expected)
    tau = stats.kendalltau(range(n), values).statistic
    assert np.sign(z) in (0, np.sign(tau)) or np.isnan(tau)


def test_planted_new_and_persistent_units_are_named() -> None:
    rng = np.random.default_rng(2)
    counts = rng.poisson(4, (12, 200)).astype(float)
    counts[:, 10] += 80
    counts[-1, 25] += 80
    result = emerging(counts, RING)
    assert result.kind[10].endswith("hot")
    assert result.kind[10].split()[0] in {"persistent", "intensifying", "diminishing"}
    assert result.kind[25] == "new hot"
    assert (result.kind[np.r_[0:8, 13:23, 28:200]] == "").mean() > 0.85


def test_short_series_and_wrong_shapes_are_refused() -> None:
    with pytest.raises(LocalStatisticError, match=r"\(3, 200\).*at least 10 periods"):
        emerging(np.ones((3, 200)), RING)
    with pytest.raises(LocalStatisticError, match="9 values for 200 units"):
        emerging(np.random.default_rng(1).poisson(3, (12, 9)), RING)


def test_a_flat_period_is_said() -> None:
    counts = np.random.default_rng(3).poisson(4, (12, 200)).astype(float)
    counts[4] = 0
    assert any("period 5 has the same count everywhere" in warning for warning in emerging(counts, RING).warnings)


@pytest.mark.parametrize(("series", "words"), [([1, 2], "2 periods"), ([1, np.nan, 3, 4], "1 of 4 values")])
def test_a_trend_of_too_little_is_refused(series: list[float], words: str) -> None:
    with pytest.raises(LocalStatisticError, match=words):
        mann_kendall(series)
