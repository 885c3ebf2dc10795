"""KML and KMZ placemarks, parsed with the standard library; a file with a document type is refused unread."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
import pyarrow as pa
import shapely

from data_connectors.readers import LoadError, SourceFile
from data_connectors.readers.records import Row, columns_of

_LARGEST_MEMBER = 500_000_000


def read_placemarks(file: SourceFile, *, drop: Iterable[str] = ()) -> tuple[pa.Table, np.ndarray]:
    """Attributes and geometries of every placemark, in the file's order.

    Attributes are ``name``, ``description``, ``folder`` (the innermost folder's name) and each value of the
    placemark's extended data. KML coordinates are longitude, latitude, altitude; altitude is left out.

    Raises
    ------
    LoadError
        Not XML, a document type or an entity in it, or no placemark.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "cameras.kml"
    >>> _ = path.write_text('<kml><Placemark><name>Gate</name><Point><coordinates>-73.9,41.7,0</coordinates></Point>'
    ...                     '</Placemark></kml>')
    >>> table, geometry = read_placemarks(SourceFile(path))
    >>> table.to_pylist(), geometry[0].wkt
    ([{'name': 'Gate', 'description': None, 'folder': None}], 'POINT (-73.9 41.7)')
    """
    root = _parsed(_document(file), file.name)
    rows: list[Row] = []
    shapes = []
    for folder, placemark in _placemarks(root, None):
        row: Row = {name: _child(placemark, name) for name in ("name", "description")}
        row |= {"folder": folder, **_extended(placemark)}
        rows.append({name: value for name, value in row.items() if name not in set(drop)})
        shapes.append(_shape(placemark))
    if not rows:
        raise LoadError("no placemark in the file", file=file.name, remedy="Export the layer with its points.")
    geometry = np.empty(len(shapes), dtype=object)
    geometry[:] = shapes
    return pa.table({n: pa.array([r.get(n) for r in rows], pa.string()) for n in columns_of(rows)}), geometry


def _document(file: SourceFile) -> bytes:
    if file.path.suffix.lower() != ".kmz":
        return file.data
    try:
        archive = zipfile.ZipFile(io.BytesIO(file.data))
        inside = next((m for m in archive.infolist() if m.filename.lower().endswith(".kml")), None)
        if inside is None or inside.file_size > _LARGEST_MEMBER:
            raise LoadError("no .kml of a sensible size in the archive", file=file.name)
        return archive.read(inside)
    except zipfile.BadZipFile as error:
        raise LoadError(f"not a whole KMZ archive ({error})", file=file.name, remedy="Export it again.") from error


def _parsed(data: bytes, name: str) -> ElementTree.Element:
    def refuse(*_: object) -> None:
        raise LoadError(
            "the XML declares a document type, which can hide other files or endless text", file=name,
            remedy="Export plain KML.",
        )

    checker = expat.ParserCreate()
    checker.StartDoctypeDeclHandler = refuse
    checker.EntityDeclHandler = refuse
    try:
        checker.Parse(data, True)
        return ElementTree.fromstring(data)
    except (expat.ExpatError, ElementTree.ParseError) as error:
        raise LoadError(f"not whole XML ({error})", file=name, remedy="Export it again.") from error


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _child(element: ElementTree.Element, tag: str) -> str | None:
    found = next((child for child in element if _tag(child) == tag), None)
    return None if found is None or found.text is None else found.text.strip() or None


def _placemarks(
    element: ElementTree.Element, folder: str | None
) -> Iterable[tuple[str | None, ElementTree.Element]]:
    if _tag(element) == "Placemark":
        yield folder, element
        return
    if _tag(element) == "Folder":
        folder = _child(element, "name") or folder
    for child in element:
        yield from _placemarks(child, folder)


def _extended(placemark: ElementTree.Element) -> Row:
    row: Row = {}
    for element in placemark.iter():
        name = element.get("name")
        if name and _tag(element) == "Data":
            row[name] = _child(element, "value")
        elif name and _tag(element) == "SimpleData":
            row[name] = (element.text or "").strip() or None
    return row


def _shape(element: ElementTree.Element) -> shapely.Geometry | None:
    """The geometry that stands in an element; several of them become one collection of their kind."""
    found = []
    for child in element:
        kind = _tag(child)
        try:
            if kind == "Point":
                found.append(shapely.Point(_coordinates(child)[0]))
            elif kind in ("LineString", "LinearRing"):
                found.append(shapely.LineString(_coordinates(child)))
            elif kind == "Polygon":
                found.append(_polygon(child))
            elif kind == "MultiGeometry":
                found.append(_shape(child))
        except (ValueError, IndexError, shapely.errors.ShapelyError):
            return None
    found = [shape for shape in found if shape is not None]
    if len(found) < 2:
        return found[0] if found else None
    kinds = {shape.geom_type for shape in found}
    if len(kinds) > 1:
        return shapely.GeometryCollection(found)
    return {"Point": shapely.MultiPoint, "LineString": shapely.MultiLineString, "Polygon": shapely.MultiPolygon}[
        kinds.pop()
    ](found)


def _polygon(element: ElementTree.Element) -> shapely.Geometry:
    rings = {"outerBoundaryIs": [], "innerBoundaryIs": []}
    for boundary in element:
        if _tag(boundary) in rings:
            rings[_tag(boundary)].append(_coordinates(boundary))
    return shapely.Polygon(rings["outerBoundaryIs"][0], rings["innerBoundaryIs"])


def _coordinates(element: ElementTree.Element) -> list[tuple[float, float]]:
    holder = next(child for child in element.iter() if _tag(child) == "coordinates")
    pairs = [point.split(",") for point in (holder.text or "").split()]
    return [(float(pair[0]), float(pair[1])) for pair in pairs]
