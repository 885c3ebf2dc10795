"""Clusters against scikit-learn, brute force and the order of the input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN
from sklearn.metrics import adjusted_rand_score

from rtcc_analytics.hotspots.clusters import dbscan_areas, nearest_neighbour_clusters, st_dbscan
from rtcc_analytics.hotspots.counting import HotspotError


def pattern(seed: int, n: int = 150) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    middle = rng.uniform(1000, 6000, (6, 2))
    points = np.concatenate(
        [rng.uniform(1000, 6000, (n // 2, 2)), middle[rng.integers(0, 6, n // 2)] + rng.normal(0, 80, (n // 2, 2))]
    )
    points[: n // 10] = points[n // 10]
    return points[:, 0], points[:, 1], rng.integers(0, 120, len(points)).astype(float)


@given(st.integers(0, 2**31), st.integers(2, 12))
@settings(max_examples=25, deadline=None)
def test_cores_are_scikit_learns(seed: int, min_events: int) -> None:
    x, y, _ = pattern(seed)
    ours = dbscan_areas(x, y, distance_m=150, min_events=min_events).label
    theirs = DBSCAN(eps=150, min_samples=min_events).fit(np.column_stack([x, y]))
    np.testing.assert_array_equal(ours >= 0, theirs.labels_ >= 0)
    core = theirs.core_sample_indices_
    if core.size:
        assert adjusted_rand_score(ours[core], theirs.labels_[core]) == 1.0


def test_weights_are_repeats_in_one_place() -> None:
    once = dbscan_areas([1000, 5000], [1000, 5000], distance_m=50, min_events=3, weights=[3, 2])
    assert once.label.tolist() == [0, -1]


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_order_of_events_does_not_matter(seed: int) -> None:
    x, y, t = pattern(seed)
    turn = np.random.default_rng(seed).permutation(len(x))
    for find in (
        lambda i: dbscan_areas(x[i], y[i], distance_m=150, min_events=6).label,
        lambda i: st_dbscan(x[i], y[i], t[i], distance_m=200, days=14, min_events=3).label,
        lambda i: nearest_neighbour_clusters(x[i], y[i], area_km2=25, min_events=5).label,
    ):
        assert adjusted_rand_score(find(np.arange(len(x)))[turn], find(turn)) == 1.0


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_space_time_cores_are_what_brute_force_counts(seed: int) -> None:
    x, y, t = pattern(seed, n=80)
    found = st_dbscan(x, y, t, distance_m=200, days=14, min_events=4)
    near = (np.hypot(x[:, None] - x, y[:, None] - y) <= 200) & (np.abs(t[:, None] - t) <= 14)
    core = near.sum(axis=1) >= 4
    np.testing.assert_array_equal(found.label >= 0, (near & core).any(axis=1))
    joined = near & core & core[:, None]
    i, j = np.nonzero(joined)
    np.testing.assert_array_equal(found.label[i], found.label[j])


def test_areas_hold_their_cores_and_heaviest_comes_first() -> None:
    x, y, _ = pattern(1)
    found = dbscan_areas(x, y, distance_m=150, min_events=6)
    assert found.frame.weight.is_monotonic_decreasing
    assert len(found.areas) == len(found.frame) >= 3
    assert (found.frame.events == np.bincount(found.label[found.label >= 0])).all()


def test_one_event_and_no_cluster_give_an_empty_table() -> None:
    found = dbscan_areas([1000], [1000], distance_m=10, min_events=5)
    assert found.label.tolist() == [-1]
    assert found.to_frame().empty
    assert st_dbscan([1000], [1000], [3], distance_m=10, days=1, min_events=2).to_frame().empty


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([], [], "no events"),
        ([np.nan], [1000], "1 of 1 events"),
        ([-73.9], [41.7], "degrees"),
    ],
)
def test_bad_events_are_refused(x: list, y: list, words: str) -> None:
    with pytest.raises(HotspotError, match=words):
        dbscan_areas(x, y, distance_m=100, min_events=2)


def test_bad_limits_are_refused() -> None:
    with pytest.raises(HotspotError, match="distance_m is 0"):
        dbscan_areas([1000], [1000], distance_m=0, min_events=2)
    with pytest.raises(HotspotError, match="probability 1"):
        nearest_neighbour_clusters([1000, 2000], [1000, 2000], area_km2=1, min_events=2, probability=1)


def test_stacked_events_are_told() -> None:
    x, y, t = pattern(2)
    assert dbscan_areas(x, y, distance_m=150, min_events=6).made_by["warnings"] == ()
    x[:70], y[:70] = 2000, 2000
    for found in (
        dbscan_areas(x, y, distance_m=150, min_events=6),
        st_dbscan(x, y, t, distance_m=9, days=1, min_events=3),
        nearest_neighbour_clusters(x, y, area_km2=25, min_events=5),
    ):
        assert "stand at the very point of another" in found.made_by["warnings"][0]
