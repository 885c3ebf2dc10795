"""Maps that draw with the network off: live ones on Leaflet carried inside, still ones for print.

The ground is drawn from the study area, streets and place names of the store; no tiles are
fetched. What matters is told by pattern, outline and letter, so a grey copy reads the same.
No statistics are computed here.
"""

from __future__ import annotations

from rtcc_analytics.maps.ground import Ground, HotPlaces
from rtcc_analytics.maps.live import OfflineMap, ground_map, places_map, surface_features, surface_map
from rtcc_analytics.maps.still import still_places, still_surface

__all__ = [
    "Ground",
    "HotPlaces",
    "OfflineMap",
    "ground_map",
    "places_map",
    "still_places",
    "still_surface",
    "surface_features",
    "surface_map",
]
