"""Distance along streets against all shortest ways, worked out plainly."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import shortest_path

from rtcc_analytics.near_repeat import NearRepeatError, knox_cross_test, knox_test, local_knox
from rtcc_analytics.near_repeat.streets import StreetPairs
from rtcc_analytics.units import StreetSegments

CRS, EAST, NORTH = "EPSG:32618", 500_000.0, 4_600_000.0


def town(seed: int, side: int = 4, block_m: float = 90.0) -> StreetSegments:
    """Blocks with bent corners; some streets are missing, so that ways round are long and some ends are dead."""
    rng = np.random.default_rng(seed)
    corner = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) * block_m
    corner = corner + rng.uniform(-20, 20, corner.shape) + [EAST, NORTH]
    ends = [((i, j), (i, j + 1)) for i in range(side) for j in range(side - 1)]
    ends += [((i, j), (i + 1, j)) for i in range(side - 1) for j in range(side)]
    kept = [pair for pair in ends if rng.uniform() < 0.8] or ends
    lines = np.array([shapely.LineString([corner[a], corner[b]]) for a, b in kept], dtype=object)
    return StreetSegments(lines, ["Street"] * len(lines), CRS)


def stand_somewhere(streets: StreetSegments, seed: int, size: int):
    rng = np.random.default_rng(seed)
    line = rng.integers(0, streets.size, size)
    at = shapely.line_interpolate_point(streets.lines[line], rng.uniform(0, 1, size), normalized=True)
    return shapely.get_x(at), shapely.get_y(at)


def plain_ways(streets: StreetSegments, x, y):
    """Every event a node between the ends of its street: shortest ways between all."""
    segment = streets.assign(x, y)
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(streets.lines, at)) for at in (0, -1)])
    _, node = np.unique(ends.round(2), axis=0, return_inverse=True)
    tail, head = node.ravel()[: streets.size], node.ravel()[streets.size :]
    along = shapely.line_locate_point(streets.lines[segment], shapely.points(x, y))
    links, nodes = [], node.max() + 1
    for number in range(streets.size):
        here = np.flatnonzero(segment == number)
        here = here[np.argsort(along[here], kind="stable")]
        stops = [tail[number], *(nodes + here), head[number]]
        marks = [0.0, *along[here], streets.length_m[number]]
        links += [(a, b, max(to - at, 1e-12)) for a, b, at, to in zip(stops, stops[1:], marks, marks[1:], strict=False)]
    a, b, metres = np.array(links).T
    every = nodes + len(x)
    graph = coo_matrix((metres, (a.astype(int), b.astype(int))), shape=(every, every))
    return shortest_path(graph, directed=False)[nodes:, nodes:]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500))
def test_pairs_are_those_of_all_shortest_ways(seed) -> None:
    streets = town(seed)
    x, y = stand_somewhere(streets, seed, 40)
    metres = plain_ways(streets, x, y)[np.triu_indices(40, 1)]
    limits = np.array([60.0, 150.0, 330.0])
    expected = [((metres >= low) & (metres < high)).sum() for low, high in zip([0.0, 60, 150], limits, strict=True)]
    assert StreetPairs(np.column_stack([x, y]), limits, streets).band_totals.tolist() == expected


def test_knox_along_streets_counts_by_those_ways() -> None:
    streets, rng = town(3), np.random.default_rng(3)
    x, y = stand_somewhere(streets, 3, 60)
    t = rng.integers(0, 30, 60)
    metres, days = plain_ways(streets, x, y), np.abs(np.subtract.outer(t, t))
    upper = np.triu(np.ones((60, 60), dtype=bool), 1)
    asked = {"distance_breaks": [0, 100, 250], "time_breaks": [0, 3, 8], "metric": "street", "network": streets}
    found = knox_test(x, y, t, **asked, permutations=99, seed=1)
    bands = [
        [(upper & (metres >= a) & (metres < b) & (days >= c) & (days < d)).sum() for c, d in ((0, 3), (3, 8))]
        for a, b in ((0, 100), (100, 250))
    ]
    assert found.observed.tolist() == bands
    local = local_knox(x, y, t, distance_m=100, days=2, metric="street", network=streets)
    assert local.near_in_both.sum() == 2 * (upper & (metres <= 100) & (days <= 2)).sum()
    one, two = (x[:30], y[:30], t[:30]), (x[30:], y[30:], t[30:])
    cross = knox_cross_test(one, two, **asked, permutations=9, seed=1)
    assert cross.either_order.observed[0, 0] == ((metres < 100) & (days < 3))[:30, 30:].sum()


def test_a_river_without_a_bridge_keeps_neighbours_apart() -> None:
    banks = shapely.from_wkt([
        f"LINESTRING ({EAST} {NORTH}, {EAST + 400} {NORTH})",
        f"LINESTRING ({EAST} {NORTH + 60}, {EAST + 400} {NORTH + 60})",
    ])  # fmt: skip
    streets = StreetSegments(banks, ["South Bank", "North Bank"], CRS, max_distance_m=25)
    x, y = np.array([EAST + 100, EAST + 100, EAST + 300]), np.array([NORTH, NORTH + 60, NORTH])
    asked = {"distance_breaks": [0, 250], "time_breaks": [0, 7], "permutations": 19, "seed": 1}
    assert knox_test(x, y, [1, 2, 3], **asked).observed[0, 0] == 3
    assert knox_test(x, y, [1, 2, 3], **asked, metric="street", network=streets).observed[0, 0] == 1


def test_events_off_the_streets_are_left_out_and_counted_or_refused() -> None:
    streets = town(5)
    x, y = stand_somewhere(streets, 5, 40)
    x[:2] += 5_000
    asked = {"distance_breaks": [0, 100], "time_breaks": [0, 7], "metric": "street", "network": streets, "seed": 1}
    found = knox_test(x, y, np.arange(40), **asked, permutations=19)
    assert found.events == 38
    assert "2 of 40 events are too far from every street and were left out" in found.warnings
    assert local_knox(x, y, np.arange(40), distance_m=100, days=7, metric="street", network=streets).event[0] == 2
    with pytest.raises(
        NearRepeatError, match="40 of 40 events are too far from every street; check .* same projection"
    ):
        knox_test(x + 50_000, y, np.arange(40), **asked)
