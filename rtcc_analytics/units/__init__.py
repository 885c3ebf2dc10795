"""The pieces a study is cut into: grid cells, street segments, addresses, or areas with names."""

from rtcc_analytics.units.grid import Grid
from rtcc_analytics.units.places import Addresses, Areas
from rtcc_analytics.units.protocol import SpatialUnits, UnitsError, require_same_crs
from rtcc_analytics.units.streets import StreetSegments

__all__ = ["Addresses", "Areas", "Grid", "SpatialUnits", "StreetSegments", "UnitsError", "require_same_crs"]
