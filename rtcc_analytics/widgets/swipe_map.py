"""One map with two surfaces and a divider: left of it the one shows, right of it the other."""

from __future__ import annotations

from html import escape

import ipyleaflet as leaflet
from ipywidgets import HTML

from rtcc_analytics.maps.ground import INK, Ground
from rtcc_analytics.widgets.ground_map import PANES, Bounds, GroundMap, blank_picture, show_picture


class SwipeMap(GroundMap):
    """A map whose divider, dragged or moved by arrow keys, wipes between two surfaces in the browser.

    Parameters
    ----------
    ground : Ground
        Study area, streets and names, drawn as vectors.
    height_px : int
        Height on the page.

    Attributes
    ----------
    surface_a, surface_b : ipyleaflet.ImageOverlay
        What shows left and right of the divider; `show` fills them.
    """

    def __init__(self, ground: Ground, *, height_px: int = 520) -> None:
        # Each in a pane of its own: of a picture, the control clips the pane, and would clip all that share it.
        self.surface_a, self.surface_b = (blank_picture(ground, side, pane=side) for side in ("left", "right"))
        super().__init__(ground, height_px=height_px)
        self.panes = {**PANES, "left": PANES["surface"], "right": PANES["surface"]}
        self.add(leaflet.SplitMapControl(left_layer=self.surface_a, right_layer=self.surface_b))
        for letter, corner in (("A", "bottomleft"), ("B", "bottomright")):
            words = HTML(f'<b style="padding:2px 8px;color:{INK};font-size:16px">{escape(letter)}</b>')
            self.add(leaflet.WidgetControl(widget=words, position=corner))

    def show(self, left_url: str, right_url: str, bounds: Bounds) -> None:
        """Lay two pictures (data addresses) over `bounds`, ((south, west), (north, east))."""
        show_picture(self.surface_a, left_url, bounds)
        show_picture(self.surface_b, right_url, bounds)
