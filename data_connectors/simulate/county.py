"""The simulated county put together: areas, streets, addresses and places.

The county is the same for every seed, so that planted places can be written down by
hand. Lengths are metres in UTM zone 18N (EPSG:32618).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import pandas as pd
import shapely

from data_connectors.simulate.gazetteer import (
    CITY_RINGS,
    HEADQUARTERS,
    MUNICIPALITIES,
    OUTLINE,
    SETTLEMENTS,
    SITES,
)
from data_connectors.simulate.streets import (
    GEOGRAPHY_SEED,
    StreetNetwork,
    build_streets,
    metres,
    ring_metres,
)

_GENERATED = {"school": 55, "bar": 48, "worship": 46, "fuel": 34}
_WORDS = {"school": "School", "bar": "Tavern", "worship": "Chapel", "fuel": "Fuel Stop"}


@dataclass(frozen=True)
class Areas:
    """Named polygons of one kind (UTM metres), with the agency they belong to."""

    kind: str
    name: np.ndarray
    agency: np.ndarray
    geometry: np.ndarray

    def locate(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Index of the area that holds each point, -1 where none does."""
        found = np.full(len(x), -1)
        point, area = shapely.STRtree(self.geometry).query(shapely.points(x, y), predicate="intersects")
        found[point[::-1]] = area[::-1]
        return found


@dataclass(frozen=True)
class Addresses:
    """Every address of the county.

    Attributes
    ----------
    x, y : ndarray
        UTM metres.
    text : ndarray of str
        Number and street, e.g. ``112 Maple St``.
    block : ndarray of str
        The hundred block, e.g. ``1XX Maple St``.
    segment, municipality, village, beat, zone : ndarray of int
        Index of the street segment and of the areas (-1 where in none).
    residents : ndarray
        Residents, so that a municipality's addresses sum to its population.
    trade : ndarray
        Business weight, summing to the same per municipality.
    built_up : ndarray of bool
        Within a settlement's grid or suburb, where neighbours are close.
    """

    x: np.ndarray
    y: np.ndarray
    text: np.ndarray
    block: np.ndarray
    segment: np.ndarray
    municipality: np.ndarray
    village: np.ndarray
    beat: np.ndarray
    zone: np.ndarray
    residents: np.ndarray
    trade: np.ndarray
    built_up: np.ndarray


@dataclass(frozen=True)
class County:
    """The simulated county: outline (UTM metres), areas of each kind, streets, addresses, places.

    `places` has one row per place: place_id, name, kind, x, y, address, municipality, weight.
    """

    outline: shapely.Polygon
    municipalities: Areas
    villages: Areas
    beats: Areas
    zones: Areas
    streets: StreetNetwork
    addresses: Addresses
    places: pd.DataFrame


@lru_cache(maxsize=1)
def build_county() -> County:
    """The county; made once a process (about three seconds), always the same.

    Examples
    --------
    >>> county = build_county()
    >>> round(float(county.addresses.residents.sum()), -3)
    295000.0
    """
    outline = ring_metres(OUTLINE)
    municipalities, villages = _municipalities(outline), _villages(outline)
    beats, zones = _beats(municipalities), _zones(municipalities)
    streets = build_streets(outline)
    places = _sites(municipalities)
    kinds = (municipalities, villages, beats, zones)
    addresses = _with_sites(_addresses(streets, places, *kinds), streets, places, *kinds)
    places = pd.concat([places, _more_places(addresses, municipalities)], ignore_index=True)
    return County(outline, municipalities, villages, beats, zones, streets, addresses, places)


def near(county: County, kind: str, distance_m: float, *, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points lie within `distance_m` of a place of the kind; mask of bool.

    Examples
    --------
    >>> county = build_county()
    >>> bool(near(county, "transit", 50, x=np.array([0.0]), y=np.array([0.0]))[0])
    False
    """
    of_kind = county.places[county.places["kind"] == kind]
    squared = (x[:, None] - of_kind["x"].to_numpy()) ** 2 + (y[:, None] - of_kind["y"].to_numpy()) ** 2
    return (squared <= distance_m**2).any(axis=1)


def _municipalities(outline: shapely.Polygon) -> Areas:
    """Cities by hand; towns as the part of the county nearest to each centre."""
    cities = {name: ring_metres(ring).intersection(outline) for name, ring in CITY_RINGS.items()}
    towns = [m for m in MUNICIPALITIES if m.kind == "town"]
    centres = shapely.points(np.column_stack(metres(*np.array([(m.lon, m.lat) for m in towns]).T)))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(centres), extend_to=outline.buffer(5000)))
    land = shapely.difference(outline, shapely.union_all(list(cities.values())))
    polygons = []
    for m in MUNICIPALITIES:
        if m.kind == "city":
            polygons.append(cities[m.name])
        else:
            cell = next(c for c in cells if c.contains(shapely.Point(*metres(m.lon, m.lat))))
            polygons.append(_largest(_without_slivers(cell.intersection(land))))
    names = np.array([m.name for m in MUNICIPALITIES])
    return Areas("municipality", names, np.full(len(names), "County Planning"), np.array(polygons))


def _villages(outline: shapely.Polygon) -> Areas:
    villages = [s for s in SETTLEMENTS if s.village]
    rings = [
        shapely.Point(*metres(s.lon, s.lat)).buffer(s.radius_m * 1.15, quad_segs=4).intersection(outline)
        for s in villages
    ]
    names = np.array([s.name for s in villages])
    return Areas("village", names, np.full(len(names), "County Planning"), np.array(rings))


def _beats(municipalities: Areas) -> Areas:
    """The city's six police beats: two columns by three rows."""
    city = municipalities.geometry[0]
    west, south, east, north = city.bounds
    columns, rows = np.linspace(west - 1, east + 1, 3), np.linspace(south - 1, north + 1, 4)
    boxes = [shapely.box(columns[i], rows[j], columns[i + 1], rows[j + 1]) for j in range(3) for i in range(2)]
    names = np.array([f"Beat {k}" for k in range(1, 7)])
    return Areas(
        "beat", names, np.full(6, "City of Poughkeepsie PD"), np.array([_largest(city.intersection(b)) for b in boxes])
    )


def _zones(municipalities: Areas) -> Areas:
    """The Sheriff's four zones, by the municipality's centre."""
    centre = np.array([(m.lon, m.lat) for m in MUNICIPALITIES])
    zone = np.where(centre[:, 1] > 41.78, 0, 2) + (centre[:, 0] > -73.76)
    names = np.array(["North West", "North East", "South West", "South East"])
    shapes = np.array([shapely.union_all(municipalities.geometry[zone == k], grid_size=0.01) for k in range(4)])
    return Areas("zone", names, np.full(4, "County Sheriff"), shapes)


def _without_slivers(shape: shapely.Geometry) -> shapely.Geometry:
    """The shape without parts thinner than 50 m, as remain between a city and the river."""
    return shape.buffer(-25, join_style="mitre").buffer(25, join_style="mitre")


def _largest(shape: shapely.Geometry) -> shapely.Polygon:
    return max(shapely.get_parts(shape), key=lambda part: part.area)


def _addresses(streets: StreetNetwork, sites: pd.DataFrame, *kinds: Areas) -> Addresses:
    """An address every 28 m of street in built-up parts and every 90 m elsewhere, none on limited-access roads."""
    core = shapely.union_all([shapely.Point(*metres(s.lon, s.lat)).buffer(s.radius_m + 500) for s in SETTLEMENTS])
    length = shapely.length(streets.lines)
    built = shapely.intersects(core, shapely.line_interpolate_point(streets.lines, 0.5, normalized=True)) & (
        length < 420
    )
    count = np.where(streets.street_class == "S1100", 0, np.maximum(1, length // np.where(built, 28, 90))).astype(int)
    segment = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)
    x, y = _beside(streets.lines[segment], (step + 0.5) / count[segment], np.where(step % 2 == 0, 12.0, -12.0))
    inside = [area.locate(x, y) for area in kinds]
    kept = inside[0] >= 0
    segment, step, x, y = segment[kept], step[kept], x[kept], y[kept]
    municipality, village, beat, zone = (i[kept] for i in inside)
    hundred = _hundreds(streets, municipality, segment)
    text = np.array([f"{h * 100 + 1 + s} {streets.name[g]}" for h, s, g in zip(hundred, step, segment, strict=True)])
    block = np.array([f"{h}XX {streets.name[g]}" for h, g in zip(hundred, segment, strict=True)])
    main, shops = streets.street_class[segment] == "S1200", sites[sites["kind"] == "retail"]
    squared = (x[:, None] - shops["x"].to_numpy()) ** 2 + (y[:, None] - shops["y"].to_numpy()) ** 2
    trade = 0.05 + 1.0 * (main & built[segment]) + 3.0 * (squared < 250**2).any(axis=1)
    residents = np.where(built[segment], 1.6, 1.0) * np.where(main, 0.4, 1.0)
    return Addresses(
        x,
        y,
        text,
        block,
        segment,
        municipality,
        village,
        beat,
        zone,
        _shared_out(residents, municipality),
        _shared_out(trade, municipality),
        built[segment],
    )


def _with_sites(addresses: Addresses, streets: StreetNetwork, sites: pd.DataFrame, *kinds: Areas) -> Addresses:
    """The sites added as addresses of their own, with business and without residents."""
    x, y = sites["x"].to_numpy(), sites["y"].to_numpy()
    text = sites["address"].to_numpy(str)
    block = np.array([f"{int(t.split()[0]) // 100}XX {t.split(maxsplit=1)[1]}" for t in text])
    segment = shapely.STRtree(streets.lines).nearest(shapely.points(x, y))
    trade = np.full(len(x), np.quantile(addresses.trade, 0.99))
    added = (
        x,
        y,
        text,
        block,
        segment,
        *(area.locate(x, y) for area in kinds),
        np.zeros(len(x)),
        trade,
        np.ones(len(x), bool),
    )
    together = (
        np.concatenate([getattr(addresses, f.name), new]) for f, new in zip(fields(addresses), added, strict=True)
    )
    return Addresses(*together)


def _beside(lines: np.ndarray, share: np.ndarray, offset_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points at a share of each line's length, set off to its left (or right where negative)."""
    length = shapely.length(lines)
    at = shapely.get_coordinates(shapely.line_interpolate_point(lines, share * length))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.minimum(share * length + 1, length)))
    behind = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(share * length - 1, 0)))
    along = (ahead - behind) / np.hypot(*(ahead - behind).T)[:, None]
    return at[:, 0] - along[:, 1] * offset_m, at[:, 1] + along[:, 0] * offset_m


def _hundreds(streets: StreetNetwork, municipality: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """The hundred of each address: segments of one street name in one municipality, numbered from one end."""
    first = pd.DataFrame({"segment": segment, "municipality": municipality}).drop_duplicates("segment")
    middle = shapely.get_coordinates(
        shapely.line_interpolate_point(streets.lines[first["segment"]], 0.5, normalized=True)
    )
    first["name"] = streets.name[first["segment"]]
    first["along"] = np.round(middle[:, 0] * 0.8 + middle[:, 1] * 0.6)
    first = first.sort_values(["municipality", "name", "along", "segment"])
    first["hundred"] = first.groupby(["municipality", "name"]).cumcount() + 1
    return first.set_index("segment")["hundred"].loc[segment].to_numpy()


def _shared_out(weight: np.ndarray, municipality: np.ndarray) -> np.ndarray:
    """Weights scaled so that each municipality's sum to its population."""
    population = np.array([m.population for m in MUNICIPALITIES], float)
    total = np.bincount(municipality, weights=weight, minlength=len(population))
    return weight * (population / total)[municipality]


def _sites(municipalities: Areas) -> pd.DataFrame:
    frame = pd.DataFrame(list((*SITES, HEADQUARTERS)))
    frame["x"], frame["y"] = metres(frame["lon"].to_numpy(), frame["lat"].to_numpy())
    frame["municipality"] = municipalities.locate(frame["x"].to_numpy(), frame["y"].to_numpy())
    return frame.drop(columns=["lon", "lat"])


def _more_places(addresses: Addresses, municipalities: Areas) -> pd.DataFrame:
    """Schools, bars, places of worship and fuel stops at addresses, where people and business are."""
    rng = np.random.default_rng([GEOGRAPHY_SEED, 2])
    rows = []
    for kind, number in _GENERATED.items():
        weight = addresses.residents if kind in ("school", "worship") else addresses.trade
        weight = weight * addresses.built_up
        for i, at in enumerate(rng.choice(len(weight), number, replace=False, p=weight / weight.sum())):
            town = municipalities.name[addresses.municipality[at]].removesuffix(" city").removesuffix(" town")
            rows.append({
                "place_id": f"{kind[:2].upper()}{i + 1:03d}", "name": f"{town} {_WORDS[kind]} {i + 1}", "kind": kind,
                "address": addresses.text[at], "weight": 0.0, "x": addresses.x[at], "y": addresses.y[at],
                "municipality": addresses.municipality[at],
            })  # fmt: skip
    return pd.DataFrame(rows)


def place_point(county: County, place_id: str) -> tuple[float, float]:
    """Easting and northing of a place, UTM metres.

    Examples
    --------
    >>> x, y = place_point(build_county(), "CS01")
    >>> round(x), round(y)
    (589093, 4617311)
    """
    row = county.places.set_index("place_id").loc[place_id]
    return float(row["x"]), float(row["y"])
