"""Where events crowd: counts, density, significance, clusters, concentration, repeat places, and which places change.

Each name is loaded when first asked for: most need SciPy, pandas or compiled code, and no one needs all of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtcc_analytics.hotspots.bandwidth import (
        BandwidthChoice,
        cross_validated_bandwidth,
        default_bandwidth_m,
        normal_reference_bandwidth_m,
    )
    from rtcc_analytics.hotspots.change import PlaceClasses, place_classes
    from rtcc_analytics.hotspots.clusters import Clusters, dbscan_areas, nearest_neighbour_clusters, st_dbscan
    from rtcc_analytics.hotspots.concentration import (
        Gini,
        Lorenz,
        SpatialPatternTest,
        gini,
        lorenz,
        spatial_pattern_test,
    )
    from rtcc_analytics.hotspots.counting import HotspotError, counts
    from rtcc_analytics.hotspots.density import kernel_density
    from rtcc_analytics.hotspots.emerging_spots import EmergingHotSpots, emerging, mann_kendall
    from rtcc_analytics.hotspots.local import LocalStatistic, gi_star, local_moran
    from rtcc_analytics.hotspots.network import NetworkDensity, network_density
    from rtcc_analytics.hotspots.relative import RelativeRisk, relative_risk
    from rtcc_analytics.hotspots.repeats import EightyTwenty, RepeatAddresses, eighty_twenty, repeat_addresses
    from rtcc_analytics.hotspots.scan import SpaceTimeScan, space_time_scan
    from rtcc_analytics.hotspots.stability import GridStability, grid_stability
    from rtcc_analytics.hotspots.whole_map import GlobalStatistic, gearys_c, general_g, morans_i

_HOME = {
    "bandwidth": (
        "BandwidthChoice",
        "cross_validated_bandwidth",
        "default_bandwidth_m",
        "normal_reference_bandwidth_m",
    ),
    "change": ("PlaceClasses", "place_classes"),
    "clusters": ("Clusters", "dbscan_areas", "nearest_neighbour_clusters", "st_dbscan"),
    "concentration": ("Gini", "Lorenz", "SpatialPatternTest", "gini", "lorenz", "spatial_pattern_test"),
    "counting": ("HotspotError", "counts"),
    "density": ("kernel_density",),
    "emerging_spots": ("EmergingHotSpots", "emerging", "mann_kendall"),
    "local": ("LocalStatistic", "gi_star", "local_moran"),
    "network": ("NetworkDensity", "network_density"),
    "relative": ("RelativeRisk", "relative_risk"),
    "repeats": ("EightyTwenty", "RepeatAddresses", "eighty_twenty", "repeat_addresses"),
    "scan": ("SpaceTimeScan", "space_time_scan"),
    "stability": ("GridStability", "grid_stability"),
    "whole_map": ("GlobalStatistic", "gearys_c", "general_g", "morans_i"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "BandwidthChoice",
    "Clusters",
    "EightyTwenty",
    "EmergingHotSpots",
    "Gini",
    "GlobalStatistic",
    "GridStability",
    "HotspotError",
    "LocalStatistic",
    "Lorenz",
    "NetworkDensity",
    "PlaceClasses",
    "RelativeRisk",
    "RepeatAddresses",
    "SpaceTimeScan",
    "SpatialPatternTest",
    "counts",
    "cross_validated_bandwidth",
    "dbscan_areas",
    "default_bandwidth_m",
    "eighty_twenty",
    "emerging",
    "gearys_c",
    "general_g",
    "gi_star",
    "gini",
    "grid_stability",
    "kernel_density",
    "local_moran",
    "lorenz",
    "mann_kendall",
    "morans_i",
    "nearest_neighbour_clusters",
    "network_density",
    "normal_reference_bandwidth_m",
    "place_classes",
    "relative_risk",
    "repeat_addresses",
    "space_time_scan",
    "spatial_pattern_test",
    "st_dbscan",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"rtcc_analytics.hotspots has no {name!r}; there are: {', '.join(__all__)}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
