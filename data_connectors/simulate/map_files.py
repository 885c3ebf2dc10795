"""The simulated county's map as files: areas, streets, places, population."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from data_connectors.simulate.county import Areas, County, build_county
from data_connectors.simulate.gazetteer import MARK, MUNICIPALITIES
from data_connectors.simulate.streets import GEOGRAPHY_SEED, degrees

TRACTS = 80
POPULATION_YEAR = 2020


def write_areas(path: Path, county: County) -> None:
    """Write county, municipalities, villages, beats, zones and tracts as one GeoJSON file.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "SIMULATED_areas.geojson"
    >>> write_areas(path, build_county())
    >>> features = json.loads(path.read_text())["features"]
    >>> {f["properties"]["kind"] for f in features} >= {"county", "city", "town", "beat", "tract"}
    True
    """
    whole = Areas(
        "county", np.array(["Dutchess-like County"]), np.array(["County Planning"]), np.array([county.outline])
    )
    features = []
    for areas in (whole, county.municipalities, county.villages, county.beats, county.zones, tracts()):
        for number, (name, agency, shape) in enumerate(
            zip(areas.name, areas.agency, _in_degrees(areas.geometry), strict=True), 1
        ):
            kind = MUNICIPALITIES[number - 1].kind if areas.kind == "municipality" else areas.kind
            properties = {
                "area_id": f"SIM-{areas.kind[:3].upper()}-{number:03d}", "kind": kind, "name": f"{name} ({MARK})",
                "agency": f"{agency} ({MARK})",
            }  # fmt: skip
            features.append(_feature(properties, shape))
    _write_collection(path, features)


def write_streets(path: Path, county: County) -> None:
    """Write the street segments as GeoJSON with TIGER's column names.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "SIMULATED_streets.geojson"
    >>> write_streets(path, build_county())
    >>> json.loads(path.read_text())["features"][0]["properties"]["LINEARID"]
    'SIM000001'
    """
    streets = county.streets
    rows = zip(streets.name, streets.street_class, _in_degrees(streets.lines), strict=True)
    features = [
        _feature({"LINEARID": f"SIM{k:06d}", "FULLNAME": str(name), "MTFCC": str(kind), "NOTICE": MARK}, line)
        for k, (name, kind, line) in enumerate(rows, 1)
    ]
    _write_collection(path, features)


def places_table(county: County) -> pd.DataFrame:
    """The places as text columns.

    Examples
    --------
    >>> places_table(build_county())["kind"].nunique() >= 8
    True
    """
    places = county.places
    lon, lat = degrees(places["x"].to_numpy(), places["y"].to_numpy())
    return pd.DataFrame({
        "place_id": [f"SIM-{p}" for p in places["place_id"]], "name": [f"{n} ({MARK})" for n in places["name"]],
        "kind": places["kind"], "address": places["address"],
        "city": county.municipalities.name[places["municipality"]],
        "lat": [f"{v:.6f}" for v in lat], "lon": [f"{v:.6f}" for v in lon],
    })  # fmt: skip


def population_table(county: County) -> pd.DataFrame:
    """Residents of the county, its municipalities and tracts, by group, as text columns.

    Examples
    --------
    >>> table = population_table(build_county())
    >>> int(table[(table["area_kind"] == "county") & (table["population_group"] == "total")]["population"].iloc[0])
    294800
    """
    at = county.addresses
    rng = np.random.default_rng([GEOGRAPHY_SEED, 6])
    rows = []
    whole = Areas("county", np.array(["Dutchess-like County"]), np.array([""]), np.array([county.outline]))
    for areas in (whole, county.municipalities, tracts()):
        inside = np.zeros(len(at.x), int) if areas.kind == "county" else areas.locate(at.x, at.y)
        total = np.bincount(inside[inside >= 0], weights=at.residents[inside >= 0], minlength=len(areas.name))
        poor = np.array([m.violence for m in MUNICIPALITIES])[at.municipality] * at.residents
        want = np.bincount(inside[inside >= 0], weights=poor[inside >= 0], minlength=len(areas.name)) / np.maximum(
            total, 1
        )
        for k, name in enumerate(areas.name):
            kind = MUNICIPALITIES[k].kind if areas.kind == "municipality" else areas.kind
            centre = areas.geometry[k].representative_point()
            lon, lat = degrees(centre.x, centre.y)
            young, low_income = rng.uniform(0.17, 0.24), np.clip(0.03 + 0.05 * want[k], 0.02, 0.4)
            for group, share in (("total", 1.0), ("under_18", young), ("below_poverty", low_income)):
                rows.append({
                    "area_id": f"SIM-{areas.kind[:3].upper()}-{k + 1:03d}", "area_kind": kind,
                    "area_name": f"{name} ({MARK})",
                    "year": str(POPULATION_YEAR), "population_group": group,
                    "population": str(int(round(total[k] * share, -1))),
                    "lon": f"{float(lon):.6f}", "lat": f"{float(lat):.6f}",
                })  # fmt: skip
    return pd.DataFrame(rows)


@lru_cache(maxsize=1)
def tracts() -> Areas:
    """Census-tract-like areas of roughly equal population: the nearest of points spread as people are.

    Examples
    --------
    >>> len(tracts().name)
    80
    """
    county = build_county()
    at, rng = county.addresses, np.random.default_rng([GEOGRAPHY_SEED, 5])
    chosen = rng.choice(len(at.x), TRACTS, replace=False, p=at.residents / at.residents.sum())
    centres = np.column_stack([at.x[chosen], at.y[chosen]])
    for _ in range(3):
        nearest = np.argmin(((np.column_stack([at.x, at.y])[:, None] - centres[None]) ** 2).sum(axis=2), axis=1)
        weight = np.bincount(nearest, weights=at.residents, minlength=TRACTS)
        centres = np.column_stack(
            [np.bincount(nearest, weights=at.residents * v, minlength=TRACTS) / weight for v in (at.x, at.y)]
        )
    centres = centres[np.lexsort((centres[:, 0], centres[:, 1]))]
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(centres), extend_to=county.outline.buffer(5000))
    )
    tree = shapely.STRtree(cells)
    cell_of = tree.query(shapely.points(centres), predicate="within")
    shapes = np.empty(TRACTS, object)
    shapes[cell_of[0]] = shapely.intersection(cells[cell_of[1]], county.outline)
    return Areas(
        "tract", np.array([f"Tract {k}" for k in range(1, TRACTS + 1)]), np.full(TRACTS, "County Planning"), shapes
    )


def _in_degrees(shapes: np.ndarray) -> np.ndarray:
    """Shapes in degrees, six decimals."""

    def rounded(points: np.ndarray) -> np.ndarray:
        return np.column_stack(degrees(points[:, 0], points[:, 1])).round(6)

    return shapely.transform(shapes, rounded)


def _feature(properties: dict[str, str], shape: shapely.Geometry) -> str:
    """One GeoJSON feature as text."""
    geometry = json.dumps(shapely.geometry.mapping(shape), separators=(",", ":"))
    return f'{{"type":"Feature","properties":{json.dumps(properties)},"geometry":{geometry}}}'


def _write_collection(path: Path, features: list[str]) -> None:
    body = ",\n".join(features)
    path.write_text(
        f'{{"type":"FeatureCollection","name":"{MARK}","features":[\n{body}\n]}}\n', encoding="utf-8", newline="\n"
    )
