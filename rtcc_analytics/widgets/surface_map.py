"""The map of an explorer: a surface as one picture, hot places ringed with their ranks."""

from __future__ import annotations

import ipyleaflet as leaflet
import numpy as np
import shapely

from rtcc_analytics.maps.ground import INK, Ground
from rtcc_analytics.study import StudyArea
from rtcc_analytics.widgets.ground_map import Bounds, GroundMap, badge, blank_picture, feature, show_picture

# Light to dark, so that a grey copy reads the same; band 1, the hottest, is the darkest.
BAND_COLOURS = ("#67000d", "#cb181d", "#fb6a4a", "#fcae91", "#fee5d9")
RANKS_SHOWN = 10


class SurfaceMap(GroundMap):
    """A map of a surface and its hot places.

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
    rings : ipyleaflet.GeoJSON
        Rings around the hot places; `show_places` fills it.
    outline : ipyleaflet.GeoJSON
        The edge of the part looked at; `look_at` fills it.
    """

    def __init__(self, ground: Ground, *, height_px: int = 520) -> None:
        west, south, _, _ = ground.area.to_lonlat(ground.area.polygon).bounds
        self.overlay = blank_picture(ground, "Surface", pane="surface")
        self.rings = leaflet.GeoJSON(
            data={"type": "FeatureCollection", "features": []},
            name="Hot places",
            style={"color": INK, "weight": 1.5, "fillOpacity": 0, "opacity": 1},
            hover_style={"color": "#0050b3"},
        )
        self.outline = leaflet.GeoJSON(
            data={"type": "FeatureCollection", "features": []},
            name="Area looked at",
            style={"color": INK, "weight": 2, "dashArray": "6 4", "fillOpacity": 0, "opacity": 1},
        )
        self._area = ground.area
        self._ranks = tuple(
            badge(str(rank), lat=south, lon=west, above=RANKS_SHOWN - rank)
            for rank in range(1, RANKS_SHOWN + 1)
        )
        layers = (self.overlay, self.outline, self.rings)
        super().__init__(ground, layers=layers, marks=self._ranks, height_px=height_px)

    def look_at(self, area: StudyArea) -> None:
        """Move and zoom so that `area` fills the map; a part of the ground is outlined."""
        super().look_at(area)
        part = [] if area is self._area else [feature(area.to_lonlat(area.polygon.boundary))]
        self.outline.data = {"type": "FeatureCollection", "features": part}

    def show_surface(self, url: str, bounds: Bounds) -> None:
        """Lay the picture at `url` (a data address) over `bounds`, ((south, west), (north, east))."""
        show_picture(self.overlay, url, bounds)

    def show_places(self, x: np.ndarray, y: np.ndarray, *, reach_m: float) -> None:
        """Ring the hot places at x, y (metres of the study) and write their ranks, 1 first."""
        rings = shapely.buffer(shapely.points(x[:RANKS_SHOWN], y[:RANKS_SHOWN]), reach_m, quad_segs=12)
        # One feature of all rings: ipyleaflet takes milliseconds over each.
        together = self._area.to_lonlat(shapely.multipolygons(rings))
        self.rings.data = {"type": "FeatureCollection", "features": [feature(together)]}
        lon, lat = self._area.unproject(x, y)
        for place, mark in enumerate(self._ranks):
            mark.visible = place < len(lon)
            if mark.visible:
                mark.location = (float(lat[place]), float(lon[place]))
