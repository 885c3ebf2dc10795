"""Density along streets: every path followed one by one, nothing lost, and the same whatever the order."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import HotspotError, counts, network_density
from rtcc_analytics.hotspots.kernels import KERNELS
from rtcc_analytics.units import StreetSegments

CRS = "EPSG:32615"
X0, Y0 = 500_000.0, 4_000_000.0
BLOCK = 100.0


def streets_of(lines: list[list[tuple[float, float]]]) -> StreetSegments:
    shapes = [shapely.LineString([(X0 + x, Y0 + y) for x, y in line]) for line in lines]
    return StreetSegments(np.array(shapes, dtype=object), [f"street {i}" for i in range(len(lines))], CRS)


def town(side: int = 4) -> StreetSegments:
    """A lattice of blocks with dead ends sticking out of one side."""
    grid = [[(BLOCK * i, BLOCK * j), (BLOCK * (i + 1), BLOCK * j)] for i in range(side) for j in range(side)]
    grid += [[(BLOCK * i, BLOCK * j), (BLOCK * i, BLOCK * (j + 1))] for i in range(side) for j in range(side)]
    return streets_of(grid)


def events_at(points: NDArray, weights: NDArray | None = None) -> Events:
    return Events(x=X0 + points[:, 0], y=Y0 + points[:, 1], weights=weights, crs=CRS, timezone="UTC",
                  occurred_from=np.full(len(points), np.datetime64("2024-01-01", "s")))


def by_following_paths(streets: StreetSegments, segment: int, along: float, reach: float, height, continuous: bool):
    """Density of one event as a function of (segment, metres along), by walking every path."""
    ends = [[tuple(np.rint(shapely.get_coordinates(line)[at]).astype(int)) for at in (0, -1)] for line in streets.lines]
    meets: dict[tuple, list[tuple[int, int]]] = {}
    for number, pair in enumerate(ends):
        for end, node in enumerate(pair):
            meets.setdefault(node, []).append((number, end))
    runs = []  # segment, distance walked when entering at its start or end, entered end, factor

    def walk(number: int, entered: int, walked: float, factor: float) -> None:
        if walked >= reach:
            return
        runs.append((number, entered, walked, factor))
        leave(number, 1 - entered, walked + streets.length_m[number], factor)

    def leave(number: int, end: int, walked: float, factor: float) -> None:
        around = meets[ends[number][end]]
        n = len(around)
        for other in around:
            back = other == (number, end)
            share = (2 / n - back) if continuous else (1.0 if n == 1 else (not back) / (n - 1))
            if share:
                walk(*other, walked, factor * share)

    length = streets.length_m[segment]
    leave(segment, 1, length - along, 1.0)
    leave(segment, 0, along, 1.0)

    def density(number: int, at: NDArray) -> NDArray:
        total = height(np.abs(at - along)) * (number == segment)
        for run, entered, walked, factor in runs:
            if run == number:
                total = total + factor * height(walked + (at if entered == 0 else streets.length_m[number] - at))
        return total

    return density


@pytest.mark.parametrize("kernel", ["quartic", "epanechnikov", "gaussian"])
@pytest.mark.parametrize("split", ["discontinuous", "continuous"])
def test_it_is_what_following_every_path_gives(kernel: str, split: str) -> None:
    streets = town()
    bandwidth = 60.0 if kernel == "gaussian" else 260.0
    shape = KERNELS[kernel]

    def height(distance: NDArray) -> NDArray:
        inside = distance <= bandwidth * shape.reach
        return 1000 * shape.on_line / bandwidth * shape.shape((distance / bandwidth) ** 2) * inside

    segment, along = 9, 32.5
    point = shapely.get_coordinates(shapely.line_interpolate_point(streets.lines[segment], along)) - [X0, Y0]
    found = network_density(events_at(point), streets, bandwidth_m=bandwidth, kernel=kernel, split=split, step_m=5)
    exact = by_following_paths(streets, segment, along, bandwidth * shape.reach, height, split == "continuous")
    frame = found.to_frame()
    expected = np.empty(len(frame))
    for number, rows in frame.groupby("segment").groups.items():
        expected[rows] = exact(number, frame.from_m[rows].to_numpy() + 2.5)
    assert found.per_km == pytest.approx(expected, abs=0.01 * expected.max())


@given(st.integers(0, 10_000), st.sampled_from(["discontinuous", "continuous"]), st.floats(40, 400))
@settings(max_examples=20, deadline=None)
def test_nothing_is_lost_at_corners_dead_ends_and_loops(seed: int, split: str, bandwidth: float) -> None:
    rng = np.random.default_rng(seed)
    loop = [(400.0, 400.0), (460.0, 400.0), (460.0, 470.0), (400.0, 400.0)]
    roads = [[(0, 0), (100, 0)], [(100, 0), (100, 37)], [(100, 0), (400, 400)], loop, [(5, 300), (8, 301)]]
    streets = streets_of(roads)
    points = np.concatenate([rng.uniform(0, 100, (20, 2)) * [1, 0.2], [[430.0, 401.0], [6.0, 300.0]]])
    weights = rng.uniform(0, 2, 22)
    found = network_density(events_at(points, weights), streets, bandwidth_m=bandwidth, split=split)
    assert (found.per_km * found.length_m).sum() / 1000 == pytest.approx(weights.sum() - found.made_by["outside"])
    assert found.length_m.sum() == pytest.approx(streets.length_m.sum())


def test_even_events_give_an_even_density() -> None:
    streets = town()
    middles = np.column_stack([shapely.get_x(p := shapely.line_interpolate_point(np.repeat(streets.lines, 20),
                              np.tile(np.arange(2.5, 100, 5), streets.size))), shapely.get_y(p)]) - [X0, Y0]
    for split in ("discontinuous", "continuous"):
        found = network_density(events_at(middles), streets, bandwidth_m=200, split=split, step_m=5)
        assert found.per_km == pytest.approx(200.0)


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_neither_order_nor_direction_of_streets_changes_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    streets, points = town(), rng.uniform(0, 400, (30, 2))
    turned = StreetSegments(shapely.reverse(streets.lines), streets.labels, CRS)
    here = network_density(events_at(points), streets, bandwidth_m=150).segment_per_km
    there = network_density(events_at(rng.permutation(points)), turned, bandwidth_m=150).segment_per_km
    # An event half-way between two pieces may fall into the other one when the street is turned round.
    assert there == pytest.approx(here, abs=0.02 * here.max())


def test_a_busy_segment_stands_out_and_its_neighbours_share_it() -> None:
    streets = town()
    middle = shapely.get_coordinates(shapely.line_interpolate_point(streets.lines[9], 50.0)) - [X0, Y0]
    points = middle + np.random.default_rng(1).normal(0, 3, (50, 2))
    found = network_density(events_at(points), streets, bandwidth_m=150)
    assert found.segment_per_km.argmax() == 9 == counts(events_at(points), streets).values.argmax()
    assert (found.segment_per_km[streets.neighbours()[1][slice(*streets.neighbours()[0][9:11])]] > 0).all()
    assert "50 of" not in str(found.made_by["warnings"])
    assert len(found.pieces()) == len(found.to_frame())


@pytest.mark.parametrize(("options", "words"), [
    ({"bandwidth_m": 0}, "bandwidth_m is 0"), ({"bandwidth_m": float("nan")}, "bandwidth_m is nan"),
    ({"bandwidth_m": 100, "step_m": 80}, "step_m is 80"), ({"bandwidth_m": 100, "step_m": 1e-5}, "at most 20,000,000"),
    ({"bandwidth_m": 100, "split": "even"}, "split 'even'"), ({"bandwidth_m": 100, "kernel": "box"}, "kernel 'box'"),
])
def test_parameters_that_make_no_sense_are_refused(options: dict, words: str) -> None:
    with pytest.raises(HotspotError, match=words):
        network_density(events_at(np.array([[50.0, 0.0]])), town(), **options)


def test_no_events_and_events_far_from_streets_are_refused() -> None:
    with pytest.raises(HotspotError, match="no events"):
        network_density(events_at(np.empty((0, 2))), town(), bandwidth_m=100)
    with pytest.raises(HotspotError, match=r"within 50 m of a street: events span x 509,000"):
        network_density(events_at(np.array([[9000.0, 0.0]])), town(), bandwidth_m=100)
    some = network_density(events_at(np.array([[9000.0, 0.0], [50.0, 3.0]])), town(), bandwidth_m=100)
    assert some.made_by["outside"] == 1.0
