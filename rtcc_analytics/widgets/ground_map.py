"""A live map whose ground is drawn from the store: it asks nothing of the network."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipyleaflet as leaflet
import numpy as np
import shapely
from ipywidgets import HTML, Layout

from rtcc_analytics.maps.ground import GROUND, INK, QUIET, STREET, Ground
from rtcc_analytics.study import StudyArea

# Leaflet draws vectors above pictures; panes put the ground below a surface and streets above it.
PANES = {"ground": {"zIndex": 240}, "surface": {"zIndex": 300}}
MAP_STYLE = """<style>.leaflet-container{background:#e9ecee;font:12px sans-serif}
.leaflet-div-icon{background:none;border:none}</style>"""
STREETS_DRAWN_WHOLE = 4000
Bounds = tuple[tuple[float, float], tuple[float, float]]
NAME_PX = 11
_SIMPLIFIED_M = 8.0
LINE = shapely.GeometryType.LINESTRING


class GroundMap(leaflet.Map):
    """Study area, streets and names as vectors: no tiles, no marker pictures.

    Parameters
    ----------
    ground : Ground
        What to draw.
    layers : tuple of ipyleaflet.Layer
        What lies between the streets and the names.
    marks : tuple of ipyleaflet.Layer
        What lies on top.
    height_px : int
        Height on the page.
    """

    def __init__(
        self,
        ground: Ground,
        *,
        layers: tuple[leaflet.Layer, ...] = (),
        marks: tuple[leaflet.Layer, ...] = (),
        height_px: int = 520,
    ) -> None:
        polygon = ground.area.to_lonlat(ground.area.polygon)
        self._height_px = height_px
        center, zoom = _fitting(polygon.bounds, height_px)
        super().__init__(
            layers=(*_ground_layers(ground, polygon), *layers, *_name_layers(ground, zoom), *marks),
            center=center,
            zoom=zoom,
            panes=PANES,
            zoom_snap=0.25,
            zoom_delta=0.5,
            scroll_wheel_zoom=True,
            attribution_control=False,
            layout=Layout(height=f"{height_px}px", width="100%"),
        )
        self.add(leaflet.ScaleControl(position="bottomleft", imperial=True))
        if ground.banner:
            banner = HTML(f'<b style="padding:2px 8px;color:{INK}">{escape(ground.banner)}</b>')
            self.add(leaflet.WidgetControl(widget=banner, position="bottomright"))

    def look_at(self, area: StudyArea) -> None:
        """Move and zoom so that `area` fills the map."""
        center, zoom = _fitting(area.to_lonlat(area.polygon).bounds, self._height_px)
        with self.hold_sync():
            self.center, self.zoom = center, zoom

    def when_clicked(self, tell: Callable[[float, float], None]) -> None:
        """Call `tell(lon, lat)` at every click on the map."""

        def heard(**event: Any) -> None:
            if event.get("type") == "click":
                lat, lon = event["coordinates"]
                tell(lon, lat)

        self.on_interaction(heard)


def blank_picture(ground: Ground, name: str, *, pane: str) -> leaflet.ImageOverlay:
    """A picture over the whole ground with nothing on it yet; `show_picture` fills it."""
    west, south, east, north = ground.area.to_lonlat(ground.area.polygon).bounds
    return leaflet.ImageOverlay(url="", bounds=((south, west), (north, east)), name=name, pane=pane)


def show_picture(overlay: leaflet.ImageOverlay, url: str, bounds: Bounds) -> None:
    """Lay the picture at `url` (a data address) over `bounds`, ((south, west), (north, east))."""
    with overlay.hold_sync():
        overlay.bounds = bounds
        overlay.url = url


def label(text: str, *, lat: float, lon: float) -> leaflet.Marker:
    """A name on a map, centred on a point, with a halo that keeps it readable on any ground."""
    halo = ",".join(f"{x}px {y}px 1px #fff" for x in (-1, 1) for y in (-1, 1))
    return _words(text, f"color:{QUIET};font:600 {NAME_PX}px sans-serif;text-shadow:{halo}", lat=lat, lon=lon)


def badge(text: str, *, lat: float, lon: float, above: int) -> leaflet.Marker:
    """A number in a small disc, centred on a point; of two that overlap, the greater `above` is on top."""
    style = (
        f"background:#fff;color:{INK};border:1.5px solid {INK};border-radius:9px;min-width:15px;"
        "font:700 11px/15px sans-serif;text-align:center;box-sizing:content-box"
    )
    return _words(text, style, lat=lat, lon=lon, above=above)


def _words(text: str, style: str, *, lat: float, lon: float, above: int = 0) -> leaflet.Marker:
    placed = f"position:absolute;transform:translate(-50%,-50%);white-space:nowrap;{style}"
    icon = leaflet.DivIcon(html=f'<span style="{placed}">{escape(text)}</span>', icon_size=[0, 0], icon_anchor=[0, 0])
    return leaflet.Marker(location=(lat, lon), icon=icon, draggable=False, keyboard=False, z_index_offset=1000 * above)


def feature(geometry: shapely.Geometry) -> dict[str, Any]:
    """A GeoJSON feature of a shapely geometry in WGS84, to about a decimetre."""
    rounded = shapely.set_precision(geometry, 1e-6, mode="pointwise")
    return {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(rounded)}


def _ground_layers(ground: Ground, polygon: shapely.Geometry) -> list[leaflet.Layer]:
    # Not GeoJSON, which would draw in the common pane, above the surface.
    rings = [
        [[(lat, lon) for lon, lat in ring.coords] for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(polygon)
    ]
    layers: list[leaflet.Layer] = [
        leaflet.Polygon(
            locations=rings, name="Study area", pane="ground", color=QUIET, weight=2, fill_color=GROUND, fill_opacity=1
        )
    ]
    if len(ground.streets):
        lines = ground.streets
        if len(lines) > STREETS_DRAWN_WHOLE:
            lines = shapely.simplify(lines, _SIMPLIFIED_M)
        # One feature of many parts: the browser keeps one path, not twenty thousand.
        parts = shapely.get_parts(lines)
        together = ground.area.to_lonlat(shapely.multilinestrings(parts[shapely.get_type_id(parts) == LINE]))
        layers.append(
            leaflet.GeoJSON(
                data=feature(together), name="Streets", style={"color": STREET, "weight": 0.8, "opacity": 1}
            )
        )
    return layers


def _name_layers(ground: Ground, zoom: float) -> list[leaflet.Layer]:
    """The names that find room at this zoom, the foremost first; what the banner says is not said at each."""
    if not len(ground.names):
        return []
    lon, lat = ground.area.unproject(ground.names["x"].to_numpy(float), ground.names["y"].to_numpy(float))
    names = [str(name).removesuffix(f"({ground.banner})").strip() for name in ground.names["name"]]
    px = 256 * 2**zoom / 360
    boxes, labels = [], []
    for name, x, y in zip(names, lon, lat, strict=True):
        across, down = x * px, -y * px / np.cos(np.radians(y))
        half = 0.33 * NAME_PX * len(name)
        box = shapely.box(across - half, down - NAME_PX, across + half, down + NAME_PX)
        if not any(box.intersects(other) for other in boxes):
            boxes.append(box)
            labels.append(label(name, lat=float(y), lon=float(x)))
    return [leaflet.LayerGroup(name="Names", layers=tuple(labels))]


def _fitting(
    bounds: tuple[float, float, float, float], height_px: int, *, width_px: int = 560
) -> tuple[tuple[float, float], float]:
    """Centre (lat, lon) and zoom, in quarters, at which the bounds fill a map of about this size."""
    west, south, east, north = bounds
    up = np.log(np.tan(np.pi / 4 + np.radians(north) / 2)) - np.log(np.tan(np.pi / 4 + np.radians(south) / 2))
    turns = max(up / (2 * np.pi) / height_px, (east - west) / 360 / width_px)
    return ((south + north) / 2, (west + east) / 2), float(np.floor(np.log2(0.97 / 256 / turns) * 4) / 4)
