"""Map files: every format gives the same features, in WGS84, measured on the ellipsoid."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas
import pytest
import shapely

from data_connectors.readers import LoadError

SQUARE = shapely.box(-73.95, 41.70, -73.94, 41.71)
LINE = shapely.LineString([(-73.95, 41.70), (-73.95, 41.71)])


def geojson(*features: tuple[dict, object], **more: object) -> str:
    return json.dumps({
        "type": "FeatureCollection", **more,
        "features": [
            {"type": "Feature", "properties": properties,
             "geometry": shapely.geometry.mapping(shape) if isinstance(shape, shapely.Geometry) else shape}
            for properties, shape in features
        ],
    })  # fmt: skip


def shape_of(row: dict) -> shapely.Geometry:
    return shapely.from_wkb(bytes.fromhex(row["geometry"]))


def test_points_lines_and_polygons_are_measured(read: Callable) -> None:
    content = geojson(({"n": 1}, SQUARE), ({"n": 2}, LINE), ({"n": 3}, shapely.Point(-73.9, 41.7)))
    got = read("a.geojson", content, "geo")
    square, line, point = got.rows
    # One degree of latitude is 111,060 m here; of longitude, that of a sphere times the cosine, within half a per cent.
    assert float(line["geometry_length_m"]) == pytest.approx(1110.6, abs=1)
    width_km = 111.32 * math.cos(math.radians(41.705)) * 0.01
    assert float(square["geometry_area_km2"]) == pytest.approx(width_km * 1.1106, rel=5e-3)
    assert (point["geometry_lon"], point["geometry_lat"]) == ("-73.9", "41.7")
    assert shapely.Point(float(square["geometry_lon"]), float(square["geometry_lat"])).within(SQUARE)
    assert (line["geometry_lon"], line["geometry_area_km2"], square["geometry_length_m"]) == (None, None, None)
    assert shape_of(square).equals(SQUARE)


@pytest.mark.parametrize("name", ["a.geojson", "a.shp", "a.gpkg", "a.zip"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4269", "EPSG:32618"])
def test_every_format_and_crs_gives_the_same_shapes(read: Callable, tmp_path: Path, name: str, crs: str) -> None:
    frame = geopandas.GeoDataFrame(
        {"beat": ["4A", "Ærø"], "count": [7, None]}, geometry=[SQUARE, SQUARE], crs="EPSG:4326"
    )
    frame["count"] = frame["count"].astype("Int64")
    target = tmp_path / ("made/a.shp" if name == "a.zip" else name)
    target.parent.mkdir(exist_ok=True)
    frame.to_crs(crs).to_file(target, encoding="utf-8")
    if name == "a.zip":
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for part in target.parent.iterdir():
                archive.write(part, part.name)
    got = read(name, tmp_path / name, "geo")
    assert [(r["beat"], r["count"]) for r in got.rows] == [("4A", "7"), ("Ærø", None)]
    assert got.lines == [1, 2]
    assert shapely.hausdorff_distance(shape_of(got.rows[0]), SQUARE) < 1e-6


def test_features_without_a_place_on_the_globe_are_rejected(read: Callable) -> None:
    content = geojson(
        ({"id": 1}, None), ({"id": 2}, shapely.Point(612_000, 4_620_000)), ({"id": 3}, SQUARE),
        ({"id": 4}, {"type": "Polygon", "coordinates": "nonsense"}), ({"id": 5}, shapely.Polygon()),
    )  # fmt: skip
    got = read("a.geojson", content, "geo")
    assert [row["id"] for row in got.rows] == ["3"]
    assert got.lines == [3]
    assert [(r.line, r.raw["id"]) for r in got.rejects] == [(1, "1"), (2, "2"), (4, "4"), (5, "5")]
    assert got.rejects[1].reason == "not in degrees: x 612,000.0, y 4,620,000.0"


def test_a_polygon_that_crosses_itself_is_repaired_and_counted(read: Callable) -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)])
    got = read("a.geojson", geojson(({"id": 1}, bow_tie), ({"id": 2}, SQUARE)), "geo")
    assert shape_of(got.rows[0]).is_valid and shape_of(got.rows[0]).area == pytest.approx(0.5)
    assert got.notes == ["shapes that cross themselves, repaired: 1"]


def test_a_hole_is_no_area(read: Callable) -> None:
    inner = shapely.box(-73.948, 41.702, -73.943, 41.707).exterior.coords
    one_way = shapely.Polygon(SQUARE.exterior.coords, [inner])
    other_way = shapely.Polygon(SQUARE.exterior.coords, [inner[::-1]])
    got = read("a.geojson", geojson(({}, SQUARE), ({}, one_way), ({}, other_way)), "geo")
    areas = [float(row["geometry_area_km2"]) for row in got.rows]
    assert areas[1] == areas[2] == pytest.approx(areas[0] * 0.75, rel=1e-3)


def test_an_older_geojson_says_its_crs_and_a_wrong_one_can_be_set(read: Callable) -> None:
    feet = geopandas.GeoSeries([SQUARE], crs="EPSG:4326").to_crs("EPSG:2263")[0]
    named = geojson(({"a": 1}, feet), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2263"}})
    assert shapely.hausdorff_distance(shape_of(read("a.geojson", named, "geo").rows[0]), SQUARE) < 1e-6
    bare = read("b.geojson", geojson(({"a": 1}, feet)), "geo", crs="EPSG:2263")
    assert shapely.hausdorff_distance(shape_of(bare.rows[0]), SQUARE) < 1e-6
    with pytest.raises(LoadError, match="unknown coordinate reference system 'EPSG:1'"):
        read("b.geojson", geojson(({"a": 1}, SQUARE)), "geo", crs="EPSG:1")


def test_a_shapefile_without_a_crs_must_be_told_one(read: Callable, tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[SQUARE], crs="EPSG:4326").to_crs("EPSG:2263")
    frame.to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(LoadError, match='states no coordinate reference system .*crs = "EPSG:2263"'):
        read("a.shp", tmp_path / "a.shp", "geo")
    got = read("a.shp", tmp_path / "a.shp", "geo", crs="EPSG:2263")
    assert shapely.hausdorff_distance(shape_of(got.rows[0]), SQUARE) < 1e-6


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>North</name>
<Placemark><name>Gate é</name><description><![CDATA[<b>PTZ</b>]]></description>
 <ExtendedData><Data name="owner"><value>Invented School</value></Data>
 <SchemaData><SimpleData name="fov">90</SimpleData></SchemaData></ExtendedData>
 <Point><coordinates>-73.93,41.70,12</coordinates></Point></Placemark>
<Folder><name>Lots</name><Placemark><name>Lot</name><Polygon><outerBoundaryIs><LinearRing>
 <coordinates>-73.95,41.70,0 -73.94,41.70,0 -73.94,41.71,0 -73.95,41.70,0</coordinates>
 </LinearRing></outerBoundaryIs></Polygon></Placemark>
</Folder></Folder><Placemark><name>Nowhere</name></Placemark>
<Placemark><name>Two</name><MultiGeometry><Point><coordinates>-73.9,41.7</coordinates></Point>
<Point><coordinates>-73.8,41.7</coordinates></Point></MultiGeometry></Placemark></Document></kml>"""


def test_kml_placemarks_are_longitude_first(read: Callable, tmp_path: Path) -> None:
    got = read("a.kml", KML, "geo")
    gate = got.rows[0]
    assert (gate["name"], gate["owner"], gate["fov"], gate["folder"]) == ("Gate é", "Invented School", "90", "North")
    assert (gate["geometry_lon"], gate["geometry_lat"]) == ("-73.93", "41.7")
    assert (got.rows[1]["folder"], shape_of(got.rows[1]).geom_type) == ("Lots", "Polygon")
    assert shape_of(got.rows[2]).geom_type == "MultiPoint"
    assert [(r.line, r.raw["name"]) for r in got.rejects] == [(3, "Nowhere")]
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", KML)
    assert read("a.kmz", tmp_path / "a.kmz", "geo").rows == got.rows


@pytest.mark.parametrize(
    "declared",
    ['<!DOCTYPE kml [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>', '<!DOCTYPE kml SYSTEM "file:///etc/passwd">',
     '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]>'],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_kml_with_a_document_type_is_refused(read: Callable, declared: str, encoding: str) -> None:
    content = f"{declared}<kml><Placemark><name>&b;</name></Placemark></kml>"
    with pytest.raises(LoadError, match="declares a document type"):
        read("a.kml", content.encode(encoding), "geo")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.geojson", '{"type": "Topology", "arcs": []}', "TopoJSON must be converted"),
        ("a.geojson", '{"type": "FeatureCollection", "features": [', "ends in the middle of a record"),
        ("a.kml", "<kml><Placemark>", "not whole XML"),
        ("a.kml", "<kml/>", "no placemark in the file"),
        ("a.kmz", "not a zip", "not a whole KMZ archive"),
        ("a.zip", "not a zip", "not a whole zip archive"),
        ("a.shp", "not a shapefile", "cannot be read as a map file"),
        ("a.dbf", "x", "part of a shapefile"),
        ("a.csv", "x", "no map format ends in '.csv'"),
    ],
)  # fmt: skip
def test_what_is_no_map_file_is_named(read: Callable, name: str, content: str, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        read(name, content, "geo")


def test_sensitive_attributes_are_not_passed_on(read: Callable) -> None:
    got = read("a.geojson", geojson(({"Password": "hunter2", "n": 1}, SQUARE), ({"Password": "hunter2"}, None)), "geo",
               drop=("Password",))  # fmt: skip
    assert "hunter2" not in str(got)


def test_the_county_roads_are_whole(read: Callable, shared: Path) -> None:
    path = shared / "data" / "dutchess_tiger_2024" / "tl_2024_36027_roads.shp"
    got = read("roads", path, "geo")
    frame = geopandas.read_file(path)
    assert len(got.rows) == len(frame) == 12_347
    assert len({row["LINEARID"] for row in got.rows}) == 12_347
    metres = frame.to_crs("EPSG:32618").length.to_numpy()
    mine = [float(row["geometry_length_m"]) for row in got.rows]
    # UTM is shorter than the ground by up to 4 in 10,000 near its central meridian.
    assert sum(mine) == pytest.approx(metres.sum(), rel=5e-4)


def test_the_county_places_have_the_census_areas(read: Callable, shared: Path) -> None:
    got = read("places", shared / "data" / "ny_geography" / "dutchess_places_tiger2019.geojson", "geo")
    assert len(got.rows) == 31
    for row in got.rows:
        census_km2 = (int(row["ALAND"]) + int(row["AWATER"])) / 1e6
        assert float(row["geometry_area_km2"]) == pytest.approx(census_km2, rel=1e-4)
