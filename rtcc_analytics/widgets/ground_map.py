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

# Leaflet draws vectors above pictures; panes put the ground below a surface and streets above it.
PANES = {"ground": {"zIndex": 240}, "surface": {"zIndex": 300}}
MAP_STYLE = """<style>.leaflet-container{background:#e9ecee;font:12px sans-serif}
.leaflet-div-icon{background:none;border:none}</style>"""
STREETS_DRAWN_WHOLE = 4000
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
        west, south, east, north = polygon.bounds
        super().__init__(
            layers=(*_ground_layers(ground, polygon), *layers, *_name_layers(ground), *marks),
            center=((south + north) / 2, (west + east) / 2),
            zoom=_fitting_zoom(polygon.bounds, height_px),
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

    def when_clicked(self, tell: Callable[[float, float], None]) -> None:
        """Call `tell(lon, lat)` at every click on the map."""

        def heard(**event: Any) -> None:
            if event.get("type") == "click":
                lat, lon = event["coordinates"]
                tell(lon, lat)

        self.on_interaction(heard)


def label(text: str, *, lat: float, lon: float, size_px: int, weight: int, colour: str, halo: str) -> leaflet.Marker:
    """Words on a map, centred on a point, with a halo that keeps them readable on any ground."""
    shadow = ",".join(f"{x}px {y}px 1px {halo}" for x in (-1, 1) for y in (-1, 1))
    style = (
        f"position:absolute;transform:translate(-50%,-50%);white-space:nowrap;color:{colour};"
        f"font:{weight} {size_px}px sans-serif;text-shadow:{shadow}"
    )
    icon = leaflet.DivIcon(html=f'<span style="{style}">{escape(text)}</span>', icon_size=[0, 0], icon_anchor=[0, 0])
    return leaflet.Marker(location=(lat, lon), icon=icon, draggable=False, keyboard=False)


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


def _name_layers(ground: Ground) -> list[leaflet.Layer]:
    if not len(ground.names):
        return []
    names = ground.names.head(30)
    lon, lat = ground.area.unproject(names["x"].to_numpy(float), names["y"].to_numpy(float))
    labels = [
        label(str(name), lat=float(y), lon=float(x), size_px=11, weight=600, colour=QUIET, halo="#ffffff")
        for name, x, y in zip(names["name"], lon, lat, strict=True)
    ]
    return [leaflet.LayerGroup(name="Names", layers=tuple(labels))]


def _fitting_zoom(bounds: tuple[float, float, float, float], height_px: int, *, width_px: int = 640) -> float:
    """The zoom, in quarters, at which the bounds fill a map of about this size."""
    west, south, east, north = bounds
    up = np.log(np.tan(np.pi / 4 + np.radians(north) / 2)) - np.log(np.tan(np.pi / 4 + np.radians(south) / 2))
    turns = max(up / (2 * np.pi) / height_px, (east - west) / 360 / width_px)
    return float(np.floor(np.log2(0.95 / 256 / turns) * 4) / 4)
