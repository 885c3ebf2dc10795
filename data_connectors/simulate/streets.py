"""A street network for the simulated county: main roads, town grids, country lanes.

Lines are drawn in UTM metres, then cut where they cross, so that streets meet at shared
ends and the whole network is connected. The same network comes out every time; it does
not depend on the simulation's seed, so planted places can be named by coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, cKDTree

from data_connectors.simulate.gazetteer import CITY_RINGS, JUNCTIONS, ROUTES, SETTLEMENTS

GEOGRAPHY_SEED = 36027
_TO_METRES = pyproj.Transformer.from_crs(4326, 32618, always_xy=True)

_NAMES = (
    "Maple Oak Pine Cedar Elm Chestnut Walnut Spruce Birch Locust Hickory Willow Cherry Dogwood Laurel Hemlock "
    "Washington Adams Jefferson Madison Monroe Jackson Harrison Lincoln Garfield Cleveland Franklin Hamilton Clinton "
    "Jay Church Mill Water Bridge Front Union Liberty Grand Academy College School Market Cannon Mansion Garden "
    "Orchard Meadow Hill Valley Ridge Prospect Summit Forest Lake Spring Brook Creek Fox Deer Hawk Quail Partridge "
    "Robin Smith Jones Carpenter Cooper Miller Baker Fisher Hunter Shepherd Farmer Mason Wheeler Fuller Potter Glover "
    "North South East West Winter Summer Autumn Harvest Stone Rock Quarry Slate Marble Iron Copper Silver"
).split()
_GRID_SUFFIX = ("St", "Ave", "St", "Pl")
_LANE_SUFFIX = ("Rd", "Ln", "Dr", "Hill Rd", "Hollow Rd", "Corners Rd", "Mill Rd")


@dataclass(frozen=True)
class Line:
    """A street before it is cut at its crossings: name, class as in TIGER, points in UTM metres."""

    name: str
    street_class: str
    points: np.ndarray


@dataclass(frozen=True)
class StreetNetwork:
    """Connected street segments.

    Attributes
    ----------
    name, street_class : ndarray of str
        One per segment.
    lines : ndarray of shapely LineString
        In UTM zone 18N metres, sharing end points where streets meet.
    """

    name: np.ndarray
    street_class: np.ndarray
    lines: np.ndarray


def metres(lon: float | np.ndarray, lat: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Easting and northing in UTM zone 18N metres.

    Examples
    --------
    >>> x, y = metres(-73.93, 41.70)
    >>> round(float(x)), round(float(y))
    (589030, 4617021)
    """
    x, y = _TO_METRES.transform(lon, lat)
    return np.asarray(x), np.asarray(y)


def degrees(x: float | np.ndarray, y: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude, WGS84 degrees, of UTM zone 18N metres.

    Examples
    --------
    >>> lon, lat = degrees(589030, 4617021)
    >>> round(float(lon), 3), round(float(lat), 3)
    (-73.93, 41.7)
    """
    lon, lat = _TO_METRES.transform(x, y, direction="INVERSE")
    return np.asarray(lon), np.asarray(lat)


def ring_metres(ring: Sequence[tuple[float, float]]) -> shapely.Polygon:
    """The polygon of a ring of (lon, lat) in UTM metres.

    Examples
    --------
    >>> ring_metres([(-73.9, 41.7), (-73.8, 41.7), (-73.8, 41.8)]).area > 0
    True
    """
    lon, lat = np.asarray(ring).T
    return shapely.Polygon(np.column_stack(metres(lon, lat)))


def main_road(start: str, end: str) -> np.ndarray:
    """Points of the main road between two junctions in UTM metres, bent a little, the same either way.

    Examples
    --------
    >>> road = main_road("Hyde Park", "Staatsburg")
    >>> bool((road == main_road("Staatsburg", "Hyde Park")[::-1]).all())
    True
    """
    names = list(JUNCTIONS)
    first, last = sorted((start, end))
    rng = np.random.default_rng([GEOGRAPHY_SEED, names.index(first), names.index(last)])
    lon, lat = np.asarray([JUNCTIONS[first], JUNCTIONS[last]]).T
    points = _bent(np.column_stack(metres(lon, lat)), rng, bend=0.07)
    return points if start == first else points[::-1]


def build_streets(outline: shapely.Polygon) -> StreetNetwork:
    """Every street of the county inside `outline` (UTM metres), cut at crossings, one connected piece.

    Examples
    --------
    >>> from data_connectors.simulate.gazetteer import OUTLINE
    >>> 3000 < len(build_streets(ring_metres(OUTLINE)).name) < 20000
    True
    """
    rng = np.random.default_rng(GEOGRAPHY_SEED)
    towns = _towns(rng, outline)
    lines = [*_main_roads(), *(line for _, grid in towns for line in grid), *_country_lanes(rng, outline, towns)]
    return _connected(_cut_at_crossings(lines))


def _bent(points: np.ndarray, rng: np.random.Generator, *, bend: float, shortest_m: float = 350) -> np.ndarray:
    """Midpoint displacement: halve every piece until short, pushing each middle sideways by a share of its length."""
    while True:
        step = np.diff(points, axis=0)
        length = np.hypot(step[:, 0], step[:, 1])
        if length.max() <= shortest_m:
            return points
        sideways = np.column_stack([-step[:, 1], step[:, 0]]) * rng.uniform(-bend, bend, len(step))[:, None]
        middle = (points[:-1] + points[1:]) / 2 + sideways
        halved = np.empty((len(points) + len(middle), 2))
        halved[0::2], halved[1::2] = points, middle
        points, bend = halved, bend * 0.75


def _main_roads() -> list[Line]:
    return [
        Line(route.name, route.street_class, main_road(start, end))
        for route in ROUTES
        for start, end in zip(route.through, route.through[1:], strict=False)
    ]


def _towns(rng: np.random.Generator, outline: shapely.Polygon) -> list[tuple[shapely.Polygon, list[Line]]]:
    """Each settlement's built-up shape and its grid: blocks twice as long as wide, some missing."""
    towns = []
    for town in SETTLEMENTS:
        x0, y0 = metres(town.lon, town.lat)
        shape = _blob(rng, x0, y0, town.radius_m)
        if town.municipality in CITY_RINGS:
            shape = ring_metres(CITY_RINGS[town.municipality]).buffer(-60)
        shape = shape.intersection(outline.buffer(-80))
        towns.append((shape, _grid(rng, shape, town.turn_deg, town.block_m)))
    return towns


def _blob(rng: np.random.Generator, x0: float, y0: float, radius_m: float) -> shapely.Polygon:
    """An uneven round shape: radius varying smoothly by up to a third."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    phase = rng.uniform(0, 2 * np.pi, 3)
    wave = sum(0.11 * np.sin(k * angle + p) for k, p in zip((2, 3, 5), phase, strict=True))
    r = radius_m * (1 + wave)
    return shapely.Polygon(np.column_stack([x0 + r * np.cos(angle), y0 + r * np.sin(angle)]))


def _grid(rng: np.random.Generator, shape: shapely.Polygon, turn_deg: float, block_m: float) -> list[Line]:
    centre = shape.centroid
    reach = int(np.hypot(*(np.array(shape.bounds[2:]) - shape.bounds[:2])) / block_m / 2) + 1
    names = iter(rng.permutation(len(_NAMES) * 4))
    turn = np.deg2rad(turn_deg)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    wobble = rng.normal(0, block_m * 0.08, (2 * reach + 1, 2 * reach + 1, 2))
    corner = {}
    for i in range(-reach, reach + 1):
        for j in range(-reach // 2, reach // 2 + 1):
            at = along * i * block_m + across * j * block_m * 1.9 + wobble[i + reach, j + reach]
            corner[i, j] = np.array([centre.x, centre.y]) + at
    keep = {k for k, p in corner.items() if shape.contains(shapely.Point(p))}
    rows = [[(i, j) for i in range(-reach, reach + 1)] for j in range(-reach // 2, reach // 2 + 1)]
    columns = [[(i, j) for j in range(-reach // 2, reach // 2 + 1)] for i in range(-reach, reach + 1)]
    lines = []
    for street in rows + columns:
        number = int(next(names))
        name = f"{_NAMES[number % len(_NAMES)]} {_GRID_SUFFIX[number // len(_NAMES)]}"
        for a, b in zip(street, street[1:], strict=False):
            if a in keep and b in keep and rng.random() > 0.1:
                lines.append(Line(name, "S1400", np.array([corner[a], corner[b]])))
    return lines


def _country_lanes(
    rng: np.random.Generator, outline: shapely.Polygon, towns: list[tuple[shapely.Polygon, list[Line]]]
) -> list[Line]:
    """Lanes between scattered corners and the edges of towns (a Gabriel graph), sparser away from the south-west."""
    west, south, east, north = outline.bounds
    p = np.column_stack([rng.uniform(west, east, 30000), rng.uniform(south, north, 30000)])
    p = p[shapely.contains_xy(outline.buffer(-250), p[:, 0], p[:, 1])]
    built = shapely.union_all([shape for shape, _ in towns])
    away = shapely.distance(built, shapely.points(p))
    rural = np.clip(np.maximum((p[:, 1] - 4617000) / 9000, (p[:, 0] - 601000) / 9000), 0, 1)
    apart = np.clip(240 + 240 * rural + (0.06 + 0.14 * rural) * away, 230, 1250)
    p = p[_thinned(p, np.where(away < 120, np.inf, apart))]
    corners = np.unique(np.round(np.concatenate([line.points for _, grid in towns for line in grid]), 3), axis=0)
    corners = corners[shapely.distance(built.boundary, shapely.points(corners)) < 200]
    nodes = np.concatenate([p, corners])
    lines = []
    for i, j in zip(*_gabriel_edges(nodes, fixed=len(p)), strict=True):
        number = int(rng.integers(len(_NAMES) * len(_LANE_SUFFIX)))
        name = f"{_NAMES[number % len(_NAMES)]} {_LANE_SUFFIX[number // len(_NAMES)]}"
        if rng.random() > 0.12:
            lines.append(Line(name, "S1400", _bent(nodes[[i, j]], rng, bend=0.16)))
    return lines


def _thinned(points: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Mask of points kept so that each has none kept before it within its own distance (infinite: drop it)."""
    keep = np.zeros(len(points), bool)
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for i, ((x, y), d) in enumerate(zip(points.tolist(), apart.tolist(), strict=True)):
        if d == float("inf"):
            continue
        reach, cx, cy = int(d // 500) + 1, int(x // 500), int(y // 500)
        around = range(-reach, reach + 1)
        near = (p for i in around for j in around for p in cells.get((cx + i, cy + j), ()))
        if all((px - x) ** 2 + (py - y) ** 2 >= d * d for px, py in near):
            keep[i] = True
            cells.setdefault((cx, cy), []).append((x, y))
    return keep


def _gabriel_edges(points: np.ndarray, *, fixed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs under 3 km whose circle of diameter holds no third point; points from `fixed` on join no other such."""
    corners = Delaunay(points).simplices
    pairs = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1), axis=0)
    middle = points[pairs].mean(axis=1)
    radius = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T) / 2
    nearest, _ = cKDTree(points).query(middle)
    kept = pairs[(nearest >= radius - 1e-6) & (radius < 1500) & (pairs[:, 0] < fixed)]
    return kept[:, 0], kept[:, 1]


def _cut_at_crossings(lines: list[Line]) -> StreetNetwork:
    drawn = shapely.linestrings(
        np.concatenate([line.points for line in lines]),
        indices=np.repeat(np.arange(len(lines)), [len(line.points) for line in lines]),
    )
    pieces = shapely.get_parts(shapely.union_all(drawn, grid_size=0.5))
    pieces = pieces[shapely.length(pieces) >= 4]
    parent = shapely.STRtree(drawn).nearest(shapely.line_interpolate_point(pieces, 0.5, normalized=True))
    main = np.array([line.street_class for line in lines])
    order = np.lexsort(
        (*np.round(shapely.get_coordinates(shapely.line_interpolate_point(pieces, 0.5, normalized=True))).T, parent)
    )
    return StreetNetwork(np.array([lines[k].name for k in parent[order]]), main[parent[order]], pieces[order])


def _connected(streets: StreetNetwork) -> StreetNetwork:
    """The largest connected piece."""
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(streets.lines, k)) for k in (0, -1)])
    _, node = np.unique(np.round(ends), axis=0, return_inverse=True)
    n = len(streets.lines)
    graph = coo_array((np.ones(n), (node.ravel()[:n], node.ravel()[n:])), shape=(node.max() + 1,) * 2)
    _, label = connected_components(graph, directed=False)
    kept = label[node.ravel()[:n]] == np.bincount(label[node.ravel()[:n]]).argmax()
    return StreetNetwork(streets.name[kept], streets.street_class[kept], streets.lines[kept])
