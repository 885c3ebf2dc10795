"""Point patterns as a whole: against exact small cases, an optimiser, and exact edge weights of a rectangle."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from data_connectors.errors import RtccError
from rtcc_analytics.hotspots import dbscan_areas, space_time_scan
from rtcc_analytics.spatial import SpatialError, centrography, nearest_neighbour_index, ripley_k

SQUARE = shapely.box(0, 0, 1000, 1000)


def test_centrography_of_a_known_cross() -> None:
    result = centrography([0, 2000, 1000, 1000], [0, 0, 300, -300])
    assert result.mean_center == (1000, 0)
    assert result.median_center == pytest.approx((1000, 0), abs=1e-3)
    assert result.standard_distance_m == pytest.approx(np.sqrt((2 * 1000**2 + 2 * 300**2) / 4))
    assert result.ellipse.bearing_deg == pytest.approx(90)
    assert result.ellipse.semi_major_m == pytest.approx(np.sqrt(2) * np.sqrt(1000**2 / 2))
    assert result.ellipse.semi_minor_m == pytest.approx(np.sqrt(2) * np.sqrt(300**2 / 2))


@given(st.floats(0, 179), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_ellipse_turns_with_the_pattern(bearing: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    along, across = rng.normal(0, 900, 400), rng.normal(0, 200, 400)
    turn = np.radians(bearing)
    base = centrography(along * 0 + across + 5000, along + 5000).ellipse
    turned = centrography(
        along * np.sin(turn) + across * np.cos(turn) + 5000, along * np.cos(turn) - across * np.sin(turn) + 5000
    ).ellipse
    assert turned.semi_major_m == pytest.approx(base.semi_major_m)
    assert (turned.bearing_deg - base.bearing_deg - bearing + 90) % 180 == pytest.approx(90, abs=1e-5)


def test_ellipse_of_a_normal_pattern_holds_63_percent() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(5000, 800, 20_000), rng.normal(5000, 300, 20_000)
    inside = shapely.contains_xy(centrography(x, y).ellipse.polygon(720), x, y).mean()
    assert inside == pytest.approx(1 - np.exp(-1), abs=0.01)


@given(seed=st.integers(0, 2**31), size=st.integers(3, 40), stacked=st.integers(1, 20), in_line=st.booleans())
@example(seed=4, size=25, stacked=8, in_line=False)
@settings(max_examples=60, deadline=None)
def test_median_center_minimises_summed_distance(seed: int, size: int, stacked: int, in_line: bool) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.gamma(1.5, 400, size) + 1000, rng.gamma(1.5, 400, size) + 1000
    stacked = min(stacked, size - 1)
    x[:stacked], y[:stacked] = x[0], y[0]
    if in_line:
        y = 1000 + x
    median = centrography(x, y).median_center
    best = minimize(lambda c: np.hypot(x - c[0], y - c[1]).sum(), median, method="Nelder-Mead", options={"xatol": 1e-6})
    assert np.hypot(x - median[0], y - median[1]).sum() <= best.fun + 1e-5


def test_weights_count_as_repeats() -> None:
    x, y = np.array([0.0, 1000, 400, 700]), np.array([0.0, 100, 900, 300])
    repeats = np.array([1, 3, 2, 1])
    weighted = centrography(x, y, weights=repeats).to_frame().drop(columns="size")
    repeated = centrography(np.repeat(x, repeats), np.repeat(y, repeats)).to_frame().drop(columns="size")
    np.testing.assert_allclose(weighted, repeated, rtol=1e-6)


def test_nearest_neighbour_of_chance_is_near_one_and_of_stacks_far_below() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0, 10_000, (2, 4000))
    chance = nearest_neighbour_index(x, y, area_km2=100, perimeter_m=40_000)
    assert chance.index == pytest.approx(1, abs=0.03)
    assert chance.p_value > 0.01
    x[:2000], y[:2000] = x[0], y[0]
    stacked = nearest_neighbour_index(x, y, area_km2=100, perimeter_m=40_000)
    assert stacked.stacked_share == pytest.approx(0.5)
    assert stacked.z < -20


def test_translation_correction_equals_the_exact_one_of_a_rectangle() -> None:
    rng = np.random.default_rng(7)
    width, height = 2000.0, 800.0
    x, y = rng.uniform(0, width, 200), rng.uniform(0, height, 200)
    distances = np.array([60.0, 150, 250])
    result = ripley_k(x, y, polygon=shapely.box(0, 0, width, height), distances_m=distances, simulations=0)
    dx, dy = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    exact_weight = width * height / ((width - dx) * (height - dy))
    near = np.hypot(dx, dy)[..., None] <= distances
    near[np.arange(200), np.arange(200)] = False
    exact = width * height * (exact_weight[..., None] * near).sum(axis=(0, 1)) / (200 * 199)
    np.testing.assert_allclose(result.k_m2, exact, rtol=0.01)


@pytest.mark.parametrize("correction", ["translation", "border"])
def test_k_of_chance_is_the_circle_where_uncorrected_is_low(correction: str) -> None:
    rng = np.random.default_rng(11)
    distances = [50.0, 100, 200]
    corrected, uncorrected = np.zeros(3), np.zeros(3)
    for _ in range(25):
        x, y = rng.uniform(0, 1000, (2, 300))
        corrected += (
            ripley_k(x, y, polygon=SQUARE, distances_m=distances, correction=correction, simulations=0).k_m2 / 25
        )
        uncorrected += ripley_k(x, y, polygon=SQUARE, distances_m=distances, correction="none", simulations=0).k_m2 / 25
    circle = np.pi * np.square(distances)
    np.testing.assert_allclose(corrected, circle, rtol=0.05)
    assert (uncorrected < 0.98 * circle).all()
    assert uncorrected[-1] < 0.87 * circle[-1]


def test_p_is_uniform_under_chance_and_small_for_clusters() -> None:
    rng = np.random.default_rng(13)
    p = np.array(
        [
            ripley_k(
                *rng.uniform(0, 1000, (2, 60)), polygon=SQUARE, distances_m=[50, 100, 150], simulations=19, seed=i
            ).p_value
            for i in range(100)
        ]
    )
    assert (p <= 0.05).mean() <= 0.13
    assert p.mean() == pytest.approx(0.525, abs=0.1)
    parents = rng.uniform(100, 900, (10, 2))
    children = (parents[:, None] + rng.normal(0, 15, (10, 10, 2))).reshape(-1, 2)
    assert ripley_k(*children.T, polygon=SQUARE, distances_m=[50, 100], simulations=99).p_value == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([], [], "0 points"),
        ([500.0], [500.0], "1 points"),
        ([500.0, np.nan, 700, 800], [500.0, 600, 700, 800], "1 of 4 events"),
        ([-73.9, -73.8, -73.7], [41.7, 41.6, 41.8], "degrees"),
        ([500.0] * 5, [600.0] * 5, "all 5 points"),
    ],
)
def test_bad_points_are_refused_with_what_was_seen(x: list, y: list, words: str) -> None:
    with pytest.raises(SpatialError, match=words):
        centrography(x, y)


def test_bad_studies_are_refused() -> None:
    x, y = np.array([100.0, 200, 300, 1500]), np.array([100.0, 250, 400, 500])
    with pytest.raises(SpatialError, match="1 of 4 points lie outside"):
        ripley_k(x, y, polygon=SQUARE, distances_m=[10])
    with pytest.raises(SpatialError, match="must rise"):
        ripley_k(x[:3], y[:3], polygon=SQUARE, distances_m=[100, 50])
    with pytest.raises(SpatialError, match="area_km2 is 0"):
        nearest_neighbour_index(x, y, area_km2=0)


def test_warnings_tell_of_stacks_distances_and_unknown_k() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 1000, (2, 60))
    calm = ripley_k(x, y, polygon=SQUARE, distances_m=[50, 200], simulations=0)
    assert calm.warnings == () == nearest_neighbour_index(x, y, area_km2=1).warnings
    far = ripley_k(x, y, polygon=SQUARE, distances_m=[50, 600], correction="border", simulations=0)
    assert "beyond a quarter of the area's short side (250 m)" in far.warnings[0]
    assert "at 1 of 2 distances" in far.warnings[1] and np.isnan(far.k_m2).tolist() == [False, True]
    x[:30], y[:30] = 500, 500
    for result in (
        nearest_neighbour_index(x, y, area_km2=1),
        ripley_k(x, y, polygon=SQUARE, distances_m=[50], simulations=0),
    ):
        assert "30 of 60 events (50 %)" in result.warnings[0]
    assert "warnings" not in nearest_neighbour_index(x, y, area_km2=1).to_frame()


@pytest.mark.parametrize(
    "ask",
    [
        lambda x, y: centrography(x, y),
        lambda x, y: nearest_neighbour_index(x, y, area_km2=1),
        lambda x, y: dbscan_areas(x, y, distance_m=100, min_events=3),
        lambda x, y: space_time_scan(x, y, np.zeros(np.size(x)), max_radius_m=500, max_window_days=7, seed=1),
    ],
)
def test_columns_that_do_not_fit_are_told_apart(ask) -> None:
    with pytest.raises(RtccError, match="x has 5, y has 4"):
        ask(np.arange(5) * 1000, np.arange(4) * 1000)
    with pytest.raises(RtccError, match="x holds something that is not a number"):
        ask(["one", "two"], [1000, 2000])
