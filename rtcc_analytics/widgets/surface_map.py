"""The live map of an explorer: a vector ground, a surface as one picture, the top cells with ranks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipyleaflet as leaflet
import numpy as np
import shapely
from ipywidgets import HTML, Layout

from rtcc_analytics.maps.ground import GROUND, INK, QUIET, STREET, Ground

# Light to dark, so that a grey copy reads the same; band 1, the hottest, is the darkest.
BAND_COLOURS = ("#67000d", "#cb181d", "#fb6a4a", "#fcae91", "#fee5d9")
RANKS_SHOWN = 10
# Leaflet draws vectors above pictures; panes put the ground below the surface and streets above it.
_PANES = {"ground": {"zIndex": 240}, "surface": {"zIndex": 300}}
STREETS_DRAWN_WHOLE = 4000
_SIMPLIFIED_M = 8.0


class SurfaceMap(leaflet.Map):
    """A map that asks nothing of the network: no tiles, no marker pictures.

    Parameters
    ----------
    ground : Ground
        Study area, streets and names, drawn as vectors.
    height_px : int
        Height on the page.

    Attributes
    ----------
    overlay : ipyleaflet.ImageOverlay
        The surface; `show_surface` fills it.
    cells : ipyleaflet.GeoJSON
        Outlines of the top cells; `show_ranks` fills it.
    """

    def __init__(self, ground: Ground, *, height_px: int = 520) -> None:
        polygon = ground.area.to_lonlat(ground.area.polygon)
        west, south, east, north = polygon.bounds
        corners = (south, west), (north, east)
        self.overlay = leaflet.ImageOverlay(url="", bounds=corners, name="Surface", pane="surface")
        self.cells = leaflet.GeoJSON(
            data={"type": "FeatureCollection", "features": []},
            name="Top cells",
            style={"color": INK, "weight": 2, "fillOpacity": 0, "opacity": 1},
            hover_style={"color": "#0050b3"},
        )
        self._ground = ground
        off_map = (south, west)
        self._ranks = tuple(
            _label(str(rank), *off_map, size_px=13, weight=700, colour="#ffffff", halo=INK)
            for rank in range(1, RANKS_SHOWN + 1)
        )
        super().__init__(
            layers=(*_ground_layers(ground, polygon), self.overlay, self.cells, *_name_layers(ground), *self._ranks),
            center=((south + north) / 2, (west + east) / 2),
            zoom=_fitting_zoom(polygon.bounds, height_px),
            panes=_PANES,
            zoom_snap=0.25,
            zoom_delta=0.5,
            scroll_wheel_zoom=True,
            attribution_control=False,
            layout=Layout(height=f"{height_px}px", width="100%"),
        )
        self.legend = HTML()
        self.add(leaflet.ScaleControl(position="bottomleft", imperial=True))
        self.add(leaflet.WidgetControl(widget=self.legend, position="topright"))
        if ground.banner:
            banner = HTML(f'<b style="padding:2px 8px;color:{INK}">{ground.banner}</b>')
            self.add(leaflet.WidgetControl(widget=banner, position="bottomright"))

    def show_surface(self, url: str, bounds: tuple[tuple[float, float], tuple[float, float]]) -> None:
        """Lay the picture at `url` (a data address) over `bounds`."""
        with self.overlay.hold_sync():
            self.overlay.bounds = bounds
            self.overlay.url = url

    def show_ranks(self, geometry: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> None:
        """Outline the top cells (shapely, metres) and write their ranks, 1 first, at lon, lat."""
        outlines = self._ground.area.to_lonlat(geometry[:RANKS_SHOWN])
        self.cells.data = {"type": "FeatureCollection", "features": [_feature(o) for o in outlines]}
        for place, mark in enumerate(self._ranks):
            mark.visible = place < len(lon)
            if mark.visible:
                mark.location = (float(lat[place]), float(lon[place]))

    def when_clicked(self, tell: Callable[[float, float], None]) -> None:
        """Call `tell(lon, lat)` at every click on the map."""

        def heard(**event: Any) -> None:
            if event.get("type") == "click":
                lat, lon = event["coordinates"]
                tell(lon, lat)

        self.on_interaction(heard)


def _ground_layers(ground: Ground, polygon: shapely.Geometry) -> list[leaflet.Layer]:
    layers: list[leaflet.Layer] = [
        leaflet.GeoJSON(
            data=_feature(polygon),
            name="Study area",
            pane="ground",
            style={"color": QUIET, "weight": 1.5, "fillColor": GROUND, "fillOpacity": 1, "opacity": 1},
        )
    ]
    if len(ground.streets):
        lines = ground.streets
        if len(lines) > STREETS_DRAWN_WHOLE:
            lines = shapely.simplify(lines, _SIMPLIFIED_M)
        # One feature of many parts: the browser keeps one path, not twenty thousand.
        together = ground.area.to_lonlat(shapely.multilinestrings(shapely.get_parts(lines)))
        layers.append(
            leaflet.GeoJSON(
                data=_feature(together), name="Streets", style={"color": STREET, "weight": 0.8, "opacity": 1}
            )
        )
    return layers


def _name_layers(ground: Ground) -> list[leaflet.Layer]:
    if not len(ground.names):
        return []
    names = ground.names.head(30)
    lon, lat = ground.area.unproject(names["x"].to_numpy(float), names["y"].to_numpy(float))
    labels = [
        _label(str(name), float(y), float(x), size_px=11, weight=600, colour=QUIET, halo="#ffffff")
        for name, x, y in zip(names["name"], lon, lat, strict=True)
    ]
    return [leaflet.LayerGroup(name="Names", layers=tuple(labels))]


def _label(text: str, lat: float, lon: float, *, size_px: int, weight: int, colour: str, halo: str) -> leaflet.Marker:
    shadow = ",".join(f"{x}px {y}px 1px {halo}" for x in (-1, 1) for y in (-1, 1))
    style = (
        f"position:absolute;transform:translate(-50%,-50%);white-space:nowrap;color:{colour};"
        f"font:{weight} {size_px}px sans-serif;text-shadow:{shadow}"
    )
    icon = leaflet.DivIcon(html=f'<span style="{style}">{text}</span>', icon_size=[0, 0], icon_anchor=[0, 0])
    return leaflet.Marker(location=(lat, lon), icon=icon, draggable=False, keyboard=False)


def _feature(geometry: shapely.Geometry) -> dict[str, Any]:
    rounded = shapely.set_precision(geometry, 1e-6, mode="pointwise")
    return {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(rounded)}


def _fitting_zoom(bounds: tuple[float, float, float, float], height_px: int, *, width_px: int = 640) -> float:
    """The zoom, in quarters, at which the bounds fill a map of about this size."""
    west, south, east, north = bounds
    up = np.log(np.tan(np.pi / 4 + np.radians(north) / 2)) - np.log(np.tan(np.pi / 4 + np.radians(south) / 2))
    turns = max(up / (2 * np.pi) / height_px, (east - west) / 360 / width_px)
    return float(np.floor(np.log2(0.95 / 256 / turns) * 4) / 4)
