"""Where events crowd: counts, density, concentration, repeat places, and which places change."""

from rtcc_analytics.hotspots.change import PlaceClasses, place_classes
from rtcc_analytics.hotspots.counting import HotspotError, counts
from rtcc_analytics.hotspots.density import default_bandwidth_m, kernel_density
from rtcc_analytics.hotspots.repeats import EightyTwenty, RepeatAddresses, eighty_twenty, repeat_addresses

__all__ = [
    "EightyTwenty",
    "HotspotError",
    "PlaceClasses",
    "RepeatAddresses",
    "counts",
    "default_bandwidth_m",
    "eighty_twenty",
    "kernel_density",
    "place_classes",
    "repeat_addresses",
]
