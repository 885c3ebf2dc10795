"""Where events crowd: counts, density, concentration, repeat places, and which places change."""

from rtcc_analytics.hotspots.counting import HotspotError, counts
from rtcc_analytics.hotspots.density import default_bandwidth_m, kernel_density

__all__ = ["HotspotError", "counts", "default_bandwidth_m", "kernel_density"]
