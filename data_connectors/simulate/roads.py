"""Driving on the county's main roads: plate readers, fastest routes, and which readers a route passes when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from data_connectors.simulate.county import County
from data_connectors.simulate.gazetteer import BEACON_POLICE, CITY_POLICE, JUNCTIONS, ROUTES, SHERIFF
from data_connectors.simulate.streets import GEOGRAPHY_SEED, degrees, main_road, metres

VARIANTS = 2


class ReaderSite(NamedTuple):
    """Plate readers beside a main road, between two junctions; `ways` 2 where both directions are read."""

    start: str
    end: str
    share: float
    ways: int
    agency: str
    vendor: str


READER_SITES = (
    ReaderSite("GATE Mid-Hudson Bridge", "Pok bridge foot", 0.60, 2, CITY_POLICE, "flock"),
    ReaderSite("Pok bridge foot", "Market and Main", 0.55, 2, CITY_POLICE, "flock"),
    ReaderSite("Pok Route 9 south", "Pok bridge foot", 0.45, 2, CITY_POLICE, "flock"),
    ReaderSite("Pok bridge foot", "Pok Route 9 north", 0.50, 2, CITY_POLICE, "flock"),
    ReaderSite("Market and Main", "Main and Grand", 0.40, 2, CITY_POLICE, "flock"),
    ReaderSite("Market and Main", "Church and Hooker", 0.50, 2, CITY_POLICE, "flock"),
    ReaderSite("Main and Grand", "Arlington", 0.30, 1, CITY_POLICE, "flock"),
    ReaderSite("Hyde Park", "Staatsburg", 0.30, 2, SHERIFF, "rekor"),
    ReaderSite("Pok Route 9 north", "Hyde Park", 0.55, 2, SHERIFF, "rekor"),
    ReaderSite("Route 9 mall", "Route 9 Spackenkill", 0.35, 2, SHERIFF, "rekor"),
    ReaderSite("Wappingers north", "Route 9 mall", 0.50, 2, SHERIFF, "rekor"),
    ReaderSite("Arlington", "Pleasant Valley", 0.60, 2, SHERIFF, "rekor"),
    ReaderSite("Freedom Plains", "Taconic 55", 0.50, 2, SHERIFF, "rekor"),
    ReaderSite("GATE Kingston-Rhinecliff Bridge", "Kingston bridge foot", 0.70, 2, SHERIFF, "rekor"),
    ReaderSite("Staatsburg", "Rhinebeck", 0.80, 1, SHERIFF, "rekor"),
    ReaderSite("Pawling", "Wingdale", 0.50, 1, SHERIFF, "rekor"),
    ReaderSite("Dover Plains", "Wassaic", 0.50, 1, SHERIFF, "rekor"),
    ReaderSite("GATE Newburgh-Beacon Bridge", "Beacon I-84", 0.60, 2, BEACON_POLICE, "plate_recognizer"),
    ReaderSite("Beacon I-84", "Beacon Main", 0.60, 2, BEACON_POLICE, "plate_recognizer"),
    ReaderSite("Beacon Main", "Glenham", 0.40, 1, BEACON_POLICE, "plate_recognizer"),
    ReaderSite("Fishkill I-84", "Fishkill four corners", 0.50, 2, BEACON_POLICE, "plate_recognizer"),
)


@dataclass(frozen=True)
class Reader:
    """A plate reader: identifier, name, owner, vendor's format, position, and the traffic it sees."""

    reader_id: str
    name: str
    agency: str
    vendor: str
    lon: float
    lat: float
    direction_deg: float
    start: str
    end: str
    share: float


@dataclass(frozen=True)
class Routes:
    """Fastest routes between all junctions, and the readers passed on them.

    Attributes
    ----------
    junctions : tuple of str
        The ends of routes, by index.
    first, number : ndarray of int, shape (variants, junctions, junctions)
        Where a route's passages lie in `reader` and `seconds`.
    reader : ndarray of int
        Reader passed.
    seconds : ndarray
        Seconds after departure at free flow.
    duration_s : ndarray, shape (variants, junctions, junctions)
        Driving time of the whole route.
    """

    junctions: tuple[str, ...]
    first: np.ndarray
    number: np.ndarray
    reader: np.ndarray
    seconds: np.ndarray
    duration_s: np.ndarray


@lru_cache(maxsize=1)
def plate_readers() -> tuple[Reader, ...]:
    """The county's plate readers, on real positions of its main roads.

    Examples
    --------
    >>> len(plate_readers())
    37
    >>> plate_readers()[0].name
    'US Hwy 44 E at GATE Mid-Hudson Bridge'
    """
    road_name = {frozenset(pair): r.name for r in ROUTES for pair in zip(r.through, r.through[1:], strict=False)}
    prefix = {"flock": "FLK", "rekor": "REK", "plate_recognizer": "PRC"}
    readers = []
    for i, site in enumerate(READER_SITES):
        line = shapely.LineString(main_road(site.start, site.end))
        at = line.interpolate(site.share, normalized=True)
        ahead = line.interpolate(min(site.share + 0.02, 1.0), normalized=True)
        forward = float(np.degrees(np.arctan2(ahead.x - at.x, ahead.y - at.y)) % 360)
        for way in range(site.ways):
            heading = round((forward + 180 * way) % 360, 1)
            compass = "NESW"[int((heading + 45) % 360 // 90)]
            start, end, share = (
                (site.start, site.end, site.share) if way == 0 else (site.end, site.start, 1 - site.share)
            )
            lon, lat = degrees(at.x, at.y)
            name = f"{road_name[frozenset((site.start, site.end))]} {compass} at {site.start}"
            readers.append(Reader(f"SIM-{prefix[site.vendor]}-{i + 1:02d}{compass}", name, site.agency, site.vendor,
                                  round(float(lon), 6), round(float(lat), 6), heading, start, end, share))  # fmt: skip
    return tuple(readers)


@lru_cache(maxsize=1)
def routes() -> Routes:
    """Fastest routes on the main roads, in two variants as drivers differ.

    Examples
    --------
    >>> r = routes()
    >>> a, b = r.junctions.index("GATE Mid-Hudson Bridge"), r.junctions.index("Arlington")
    >>> int(r.number[0, a, b]) >= 2
    True
    """
    rng = np.random.default_rng([GEOGRAPHY_SEED, 3])
    names = tuple(JUNCTIONS)
    edges = [
        (names.index(a), names.index(b), shapely.LineString(main_road(a, b)).length / (route.speed_kmh / 3.6))
        for route in ROUTES
        for a, b in zip(route.through, route.through[1:], strict=False)
    ]
    tables = [
        _passages_of_all(names, edges, rng.uniform(1, 1.35, len(edges)) if v else np.ones(len(edges)))
        for v in range(VARIANTS)
    ]
    number = np.array([t[0] for t in tables])
    first = (np.cumsum(number.ravel()) - number.ravel()).reshape(number.shape)
    return Routes(names, first, number, np.concatenate([t[1] for t in tables]), np.concatenate([t[2] for t in tables]),
                  np.array([t[3] for t in tables]))  # fmt: skip


def _passages_of_all(
    names: tuple[str, ...], edges: list[tuple[int, int, float]], preference: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For every pair of junctions: how many readers the preferred route passes, which, when, and its driving time."""
    n = len(names)
    seconds = {(a, b): s for i, j, s in edges for a, b in ((i, j), (j, i))}
    weight = np.zeros((n, n))
    for (i, j, s), liking in zip(edges, preference, strict=True):
        weight[i, j] = weight[j, i] = s * liking
    _, before = dijkstra(csr_array(weight), return_predecessors=True)
    on_edge: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for k, reader in enumerate(plate_readers()):
        on_edge.setdefault((names.index(reader.start), names.index(reader.end)), []).append((reader.share, k))
    number, duration, reader_of, at = np.zeros((n, n), int), np.zeros((n, n)), [], []
    for start in range(n):
        for end in range(n):
            clock = 0.0
            for a, b in _legs(before, start, end):
                for share, k in sorted(on_edge.get((a, b), ())):
                    number[start, end] += 1
                    reader_of.append(k)
                    at.append(clock + share * seconds[a, b])
                clock += seconds[a, b]
            duration[start, end] = clock
    return number, np.array(reader_of), np.array(at), duration


def _legs(before: np.ndarray, start: int, end: int) -> list[tuple[int, int]]:
    legs = []
    while end != start:
        legs.append((int(before[start, end]), end))
        end = int(before[start, end])
    return legs[::-1]


@lru_cache(maxsize=1)
def _gates() -> np.ndarray:
    return np.array([name.startswith("GATE") for name in JUNCTIONS])


def draw_of_junctions(county: County) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of the junctions as homes, as goals, and as gates to elsewhere.

    Returns
    -------
    homes, goals, gates : ndarray
        Residents and business nearest to each junction; traffic through each gate. Gates have no homes.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> homes, goals, gates = draw_of_junctions(build_county())
    >>> bool(homes.sum() > 0 and (gates > 0).sum() > 10)
    True
    """
    gate = _gates()
    x, y = metres(*np.array(list(JUNCTIONS.values())).T)
    inner = np.flatnonzero(~gate)
    at = county.addresses
    nearest = inner[np.argmin([(at.x - x[k]) ** 2 + (at.y - y[k]) ** 2 for k in inner], axis=0)]
    homes = np.bincount(nearest, weights=at.residents, minlength=len(gate))
    goals = np.bincount(nearest, weights=at.trade, minlength=len(gate))
    traffic = {end: r.traffic for r in ROUTES for end in (r.through[0], r.through[-1])}
    gates = np.where(gate, [traffic.get(name, 0.0) for name in JUNCTIONS], 0.0)
    return homes, goals, gates
