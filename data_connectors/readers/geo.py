"""Map files: GeoJSON, shapefiles (zipped or not), GeoPackages, KML and KMZ."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError

from data_connectors.readers import LoadError, RawBatch, RawReject, ReaderOptions, SourceFile
from data_connectors.readers.json_records import load_document
from data_connectors.readers.kml import read_placemarks
from data_connectors.readers.records import Row, columns_of, flatten

GEOMETRY_COLUMNS = ("geometry", "geometry_lon", "geometry_lat", "geometry_length_m", "geometry_area_km2")
_PARTS_OF_A_SHAPEFILE = (".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx")
_WGS84 = "EPSG:4326"


@dataclass(frozen=True)
class Shapes:
    """What a map file holds, before it is put into WGS84.

    Attributes
    ----------
    attributes : pyarrow.Table
        Text columns, one row a feature.
    geometry : numpy.ndarray of shapely geometries
        None where a feature has none.
    crs : str or None
        The file's coordinate reference system; None where it states none.
    encoding : str
        For the receipt.
    """

    attributes: pa.Table
    geometry: np.ndarray
    crs: str | None
    encoding: str = "utf-8"


def read_geo(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Features as rows: their attributes as text, and what their geometry gives (`GEOMETRY_COLUMNS`).

    ``geometry`` is WKB in hexadecimal, WGS84, two dimensions; ``geometry_lon`` and ``geometry_lat`` a point's own
    coordinates or a point inside a polygon; ``geometry_length_m`` a line's length and ``geometry_area_km2`` a
    polygon's area, both on the WGS84 ellipsoid. `lines` numbers the features from 1.

    Parameters
    ----------
    file : SourceFile
        ``.geojson``, ``.json``, ``.shp`` (with its ``.dbf`` and ``.shx`` beside it), ``.zip`` with one shapefile,
        ``.gpkg``, ``.kml``, ``.kmz``.
    options : ReaderOptions
        ``settings["layer"]``: of a file with several. ``settings["crs"]``: where the file states none, or wrongly.

    Returns
    -------
    iterator of RawBatch
        One batch. A polygon that crosses itself is repaired, and the notes count them.

    Raises
    ------
    LoadError
        Not a map file, a part of a shapefile, several layers and none named, projected coordinates without a CRS.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "beats.geojson"
    >>> _ = path.write_text('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"beat": 4},'
    ...     ' "geometry": {"type": "Polygon", "coordinates": [[[-74,41], [-73.99,41], [-73.99,41.01], [-74,41]]]}}]}')
    >>> [batch] = read_geo(SourceFile(path), ReaderOptions("geo"))
    >>> row = batch.columns.to_pylist()[0]; row["beat"], row["geometry_area_km2"], row["geometry"][:10]
    ('4', '0.467...', '0103000000')
    """
    shapes = _shapes(file, options)
    crs = options.settings.get("crs") or shapes.crs
    geometry = _in_wgs84(shapes.geometry, crs, file.name)
    rejects, keep = _refused(shapes, geometry)
    geometry, repaired = _repaired(geometry[keep])
    attributes = shapes.attributes.filter(pa.array(keep)).drop_columns(
        [name for name in shapes.attributes.column_names if name in (*options.drop, *GEOMETRY_COLUMNS)]
    )
    table = pa.table({**{n: attributes[n] for n in attributes.column_names}, **_measured(geometry)})
    notes = (f"shapes that cross themselves, repaired: {repaired:,}",) if repaired else ()
    yield RawBatch(table, pa.array(np.flatnonzero(keep) + 1, pa.int64()), rejects, shapes.encoding, notes)


def _shapes(file: SourceFile, options: ReaderOptions) -> Shapes:
    file.check()
    suffixes = [s.lower() for s in file.path.suffixes]
    kind = suffixes[-2] if len(suffixes) > 1 and suffixes[-1] in (".gz", ".zip") else (suffixes or [""])[-1]
    if kind in (".geojson", ".json"):
        return _geojson(file, options)
    if kind in (".kml", ".kmz"):
        return Shapes(*read_placemarks(file, drop=options.drop), crs=_WGS84)
    if kind in (".shp", ".zip", ".gpkg"):
        return _with_gdal(file, options)
    if kind in _PARTS_OF_A_SHAPEFILE:
        raise LoadError("is a part of a shapefile", file=file.name, remedy="Give the .shp, with the others beside it.")
    raise LoadError(
        f"no map format ends in {kind or 'nothing'!r}", file=file.name,
        remedy="Known: .geojson .json .shp .zip .gpkg .kml .kmz.",
    )


def _geojson(file: SourceFile, options: ReaderOptions) -> Shapes:
    document, encoding = load_document(file, options.encoding)
    features = document.get("features") if isinstance(document, Mapping) else None
    if isinstance(document, Mapping) and document.get("type") == "Feature":
        features = [document]
    if not isinstance(features, list):
        kind = document.get("type") if isinstance(document, Mapping) else type(document).__name__
        raise LoadError(
            f"not a GeoJSON feature collection (type {kind!r})", file=file.name,
            remedy="Records without shapes are format = \"json\"; TopoJSON must be converted to GeoJSON.",
        )
    rows: list[Row] = []
    geometry = np.empty(len(features), dtype=object)
    for position, feature in enumerate(features):
        body = feature if isinstance(feature, Mapping) else {}
        rows.append(flatten(body.get("properties") or {}, drop=options.drop))
        try:
            geometry[position] = shapely.geometry.shape(body["geometry"]) if body.get("geometry") else None
        except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError):
            geometry[position] = None
    table = pa.table({n: pa.array([row.get(n) for row in rows], pa.string()) for n in columns_of(rows)})
    if not table.column_names:
        table = pa.table({"feature": pa.array([str(n + 1) for n in range(len(rows))], pa.string())})
    return Shapes(table, geometry, _geojson_crs(document), encoding)


def _geojson_crs(document: Mapping[str, Any]) -> str:
    """WGS84, unless the file has the `crs` member that GeoJSON had before 2016."""
    crs = document.get("crs")
    name = crs.get("properties", {}).get("name") if isinstance(crs, Mapping) else None
    return name if name and "CRS84" not in name else _WGS84


def _with_gdal(file: SourceFile, options: ReaderOptions) -> Shapes:
    import pyogrio
    path = _gdal_path(file)
    layer = options.settings.get("layer")
    encoding = None if options.encoding == "auto" else options.encoding
    try:
        layers = [name for name, _ in pyogrio.list_layers(path)]
        if layer is None and len(layers) > 1:
            raise LoadError(
                f"holds {len(layers)} layers: {', '.join(layers)}", file=file.name,
                remedy="Name one as layer in [reader].",
            )
        meta, table = pyogrio.read_arrow(path, layer=layer, encoding=encoding)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, UnicodeDecodeError) as error:
        raise LoadError(
            f"cannot be read as a map file ({str(error).replace(str(file.path), file.name)})", file=file.name,
            remedy="A shapefile needs .shp, .shx and .dbf together.",
        ) from error
    name = meta["geometry_name"] or "wkb_geometry"
    if name not in table.column_names:
        raise LoadError("the layer has no geometry", file=file.name, remedy="Give the layer with the shapes.")
    geometry = shapely.from_wkb(table[name].to_numpy(zero_copy_only=False))
    columns = {
        n: _text_column(table[n])
        for n in meta["fields"]
        if n in table.column_names and n not in options.drop
    }  # fmt: skip
    encoding = meta.get("encoding") or "utf-8"
    encoding = "utf-8" if encoding.upper() in ("UTF-8", "UTF8") else encoding  # GDAL's spelling of the usual one
    return Shapes(pa.table(columns), geometry, meta["crs"], encoding)


def _gdal_path(file: SourceFile) -> str | Path:
    if file.path.suffix.lower() != ".zip":
        return file.path
    try:
        members = [m for m in zipfile.ZipFile(file.path).namelist() if m.lower().endswith((".shp", ".gpkg"))]
    except zipfile.BadZipFile as error:
        raise LoadError(f"not a whole zip archive ({error})", file=file.name, remedy="Copy it again.") from error
    if len(members) != 1:
        raise LoadError(
            f"the archive holds {len(members)} shapefiles ({', '.join(members[:5])})", file=file.name,
            remedy="Unpack it and give the .shp meant.",
        )
    return f"/vsizip/{file.path.resolve()}/{members[0]}"


def _text_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return pc.cast(column, pa.string())
    if pa.types.is_binary(column.type) or pa.types.is_nested(column.type):
        return pa.chunked_array([pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())])
    return pc.cast(column, pa.string())


def _in_wgs84(geometry: np.ndarray, crs: str | None, name: str) -> np.ndarray:
    geometry = shapely.force_2d(geometry)
    if crs is not None:
        try:
            source = CRS.from_user_input(crs)
        except CRSError as error:
            raise LoadError(
                f"unknown coordinate reference system {crs!r}", file=name, remedy="Set crs in [reader]."
            ) from error
        if source.to_epsg() != 4326:
            project = Transformer.from_crs(source, _WGS84, always_xy=True)
            return shapely.transform(geometry, lambda x, y: project.transform(x, y), interleaved=False)
    elif len(geometry) and not (np.abs(shapely.total_bounds(geometry)) > [180, 90, 180, 90]).any():
        return geometry
    elif len(geometry):
        raise LoadError(
            "the file states no coordinate reference system and is not in degrees "
            f"(x from {shapely.total_bounds(geometry)[0]:,.0f})",
            file=name, remedy='Set crs in [reader], e.g. crs = "EPSG:2263".',
        )
    return geometry


def _refused(shapes: Shapes, geometry: np.ndarray) -> tuple[tuple[RawReject, ...], np.ndarray]:
    """Rejects for features without a shape or beyond the globe, and which features remain."""
    absent = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    bounds = shapely.bounds(geometry)
    inside = (np.abs(bounds[:, [0, 2]]) <= 180).all(axis=1) & (np.abs(bounds[:, [1, 3]]) <= 90).all(axis=1)
    rejects = []
    for position in np.flatnonzero(absent | ~inside):
        x, y = bounds[position, :2]
        reason = "the feature has no shape" if absent[position] else f"not in degrees: x {x:,.1f}, y {y:,.1f}"
        raw = {k: v for k, v in shapes.attributes.slice(position, 1).to_pylist()[0].items() if v is not None}
        rejects.append(RawReject(int(position) + 1, reason, raw, "geometry"))
    return tuple(rejects), ~absent & inside


def _repaired(geometry: np.ndarray) -> tuple[np.ndarray, int]:
    broken = ~shapely.is_valid(geometry) & (shapely.get_dimensions(geometry) == 2)
    if not broken.any():
        return geometry, 0
    geometry = geometry.copy()
    for position in np.flatnonzero(broken):
        mended = shapely.make_valid(geometry[position])
        parts = [part for part in shapely.get_parts(mended) if shapely.get_dimensions(part) == 2]
        geometry[position] = shapely.union_all(parts) if parts else geometry[position]
    return geometry, int(broken.sum())


def _measured(geometry: np.ndarray) -> dict[str, pa.Array]:
    ellipsoid = Geod(ellps="WGS84")
    dimensions: Sequence[int] = shapely.get_dimensions(geometry)
    inside = shapely.point_on_surface(np.where(np.asarray(dimensions) == 1, None, geometry))
    lengths = [v if d == 1 else None for v, d in zip(_lengths_m(geometry, ellipsoid), dimensions, strict=True)]
    areas = [
        abs(ellipsoid.geometry_area_perimeter(shapely.orient_polygons(g))[0]) / 1e6 if d == 2 else None
        for g, d in zip(geometry, dimensions, strict=True)
    ]
    columns = {
        "geometry": shapely.to_wkb(geometry, hex=True, byte_order=1).tolist(),
        "geometry_lon": [None if np.isnan(x) else repr(float(x)) for x in shapely.get_x(inside)],
        "geometry_lat": [None if np.isnan(y) else repr(float(y)) for y in shapely.get_y(inside)],
        "geometry_length_m": [None if v is None else f"{v:.3f}" for v in lengths],
        "geometry_area_km2": [None if v is None else f"{v:.6f}" for v in areas],
    }
    return {name: pa.array(values, pa.string()) for name, values in columns.items()}


def _lengths_m(geometry: np.ndarray, ellipsoid: Geod) -> np.ndarray:
    """Geodesic length of every line, all steps of all lines in one call."""
    parts, line = shapely.get_parts(geometry, return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    step = np.flatnonzero(part[:-1] == part[1:])
    start, end = points[step], points[step + 1]
    _, _, metres = ellipsoid.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    return np.bincount(line[part[step]], weights=metres, minlength=len(geometry))
