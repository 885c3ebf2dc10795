"""Where a study takes place: a polygon in metres, the projection it uses, and its time zone.

Everything computed stands on one `StudyArea`. Records keep longitude and latitude; a study
projects them once, so that distances are metres and densities are per square kilometre.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Proj, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType
from pyproj.exceptions import CRSError
from scipy.ndimage import binary_dilation
from shapely.geometry.base import BaseGeometry

from data_connectors.errors import RtccError

Bounds = tuple[float, float, float, float]
FloatArray = NDArray[np.float64]

TOLERATED_STRETCH = 1e-4
STRAY_SPREADS = 10.0
COMPANY_M = 500.0
LONELY_SHARE = 0.001
FOOTPRINT_THINNING_M = 100.0


class StudyError(RtccError):
    """A study area that cannot be: no surface, degrees for metres, an unknown zone or projection."""


@dataclass(frozen=True)
class StudyArea:
    """The ground a study covers.

    Attributes
    ----------
    polygon : shapely Polygon or MultiPolygon
        In the metres of `crs`.
    crs : str
        A projected coordinate reference system in metres, e.g. ``"EPSG:26996"``.
    timezone : str
        IANA name, e.g. ``"America/Chicago"``; local dates and hours are read in it.
    name : str
        What a report calls it.
    made_from : str
        How the polygon came about, for the report's small print.

    Raises
    ------
    StudyError
        Where the projection is in degrees or feet, the polygon has no surface or looks like
        degrees, or the time zone is unknown.

    Examples
    --------
    >>> area = StudyArea(shapely.box(500_000, 4_000_000, 502_000, 4_001_000), "EPSG:32615", "America/Chicago", "Block")
    >>> area.area_km2
    2.0
    >>> area.contains([500_100, 499_900], [4_000_100, 4_000_100]).tolist()
    [True, False]
    """

    polygon: BaseGeometry
    crs: str
    timezone: str
    name: str
    made_from: str = "polygon"

    def __post_init__(self) -> None:
        require_metres(self.crs)
        require_zone(self.timezone)
        polygon = _surface(self.polygon, self.name)
        if looks_like_degrees(*polygon.bounds):
            x_min, y_min, x_max, y_max = polygon.bounds
            raise StudyError(
                f"the polygon of {self.name!r} spans x {x_min:g} to {x_max:g}, y {y_min:g} to {y_max:g}: degrees, "
                f"where {self.crs} is in metres; use StudyArea.from_lonlat"
            )
        shapely.prepare(polygon)
        object.__setattr__(self, "polygon", polygon)

    @classmethod
    def from_lonlat(
        cls, geometry: BaseGeometry, *, timezone: str, name: str, crs: str | None = None, made_from: str = "polygon"
    ) -> StudyArea:
        """A study area from a polygon in WGS84 degrees.

        Parameters
        ----------
        geometry : shapely Polygon or MultiPolygon
            Longitude first.
        timezone, name : str
            IANA zone, and what a report calls the area.
        crs : str, optional
            Projection to use; by default `fitting_crs` finds one.
        made_from : str
            How the polygon came about.

        Raises
        ------
        StudyError
            Where the coordinates cannot be degrees.

        Examples
        --------
        >>> downtown = StudyArea.from_lonlat(
        ...     shapely.box(-90.21, 38.62, -90.18, 38.64), timezone="America/Chicago", name="Downtown")
        >>> downtown.crs, round(downtown.area_km2, 2)
        ('EPSG:26996', 5.8)
        """
        if geometry.is_empty:
            raise StudyError(f"the polygon of {name!r} is empty")
        _require_degrees(*geometry.bounds)
        crs = crs or fitting_crs(*geometry.bounds)
        require_metres(crs)
        projected = shapely.transform(geometry, _transform("EPSG:4326", crs).transform, interleaved=False)
        return cls(projected, crs, timezone, name, made_from)

    @classmethod
    def from_points(
        cls,
        lon: ArrayLike,
        lat: ArrayLike,
        *,
        timezone: str,
        name: str,
        crs: str | None = None,
        buffer_m: float = 250.0,
    ) -> StudyArea:
        """A study area drawn around points: their concave hull, widened by `buffer_m`.

        Strays are left outside, and `made_from` says how many: points beyond ten times the span
        of the middle 90 %, and the loneliest 0.1 % (in 500 m squares with fewest points, none
        next to a fuller one), which are wrong coordinates more often than they are the edge.

        Parameters
        ----------
        lon, lat : array_like of float, shape (n,)
            WGS84 degrees.
        timezone, name : str
            IANA zone, and what a report calls the area.
        crs : str, optional
            Projection to use; found from the points by default.
        buffer_m : float
            How far beyond the outermost points the area reaches, metres.

        Raises
        ------
        StudyError
            With no point, points at one place only, or coordinates that cannot be degrees.

        Examples
        --------
        >>> area = StudyArea.from_points([-90.20, -90.22, -90.21, -90.19], [38.62, 38.63, 38.65, 38.64],
        ...                              timezone="America/Chicago", name="Sample")
        >>> area.made_from
        'footprint of 4 points, widened by 250 m'
        """
        lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
        if lon.size == 0:
            raise StudyError(f"no located record to draw {name!r} around; pass a polygon, or load located records")
        _require_degrees(lon.min(), lat.min(), lon.max(), lat.max())
        near = _without_strays(lon) & _without_strays(lat)
        lon, lat, strays = lon[near], lat[near], int((~near).sum())
        if np.ptp(lon) == 0 and np.ptp(lat) == 0:
            raise StudyError(
                f"all {lon.size:,} points are at one place ({lon[0]:.6f}, {lat[0]:.6f}): a footprint needs at least "
                "two; pass a polygon, or check for stacked coordinates"
            )
        crs = crs or fitting_crs(lon.min(), lat.min(), lon.max(), lat.max())
        require_metres(crs)
        x, y = _transform("EPSG:4326", crs).transform(lon, lat)
        company = _in_company(x, y)
        x, y, strays = x[company], y[company], strays + int((~company).sum())
        made_from = f"footprint of {x.size:,} points, widened by {buffer_m:g} m"
        if strays:
            made_from += f"; {strays:,} far from the rest left outside"
        return cls(_footprint(x, y, buffer_m), crs, timezone, name, made_from)

    @property
    def area_km2(self) -> float:
        """Surface in km², measured on the projection's plane."""
        return self.polygon.area / 1e6

    @property
    def crs_name(self) -> str:
        """The projection in words, e.g. ``"NAD83 / Missouri East (EPSG:26996)"``."""
        return f"{CRS.from_user_input(self.crs).name} ({self.crs})"

    def project(self, lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Metres from WGS84 degrees, both of shape (n,); NaN stays NaN.

        Raises
        ------
        StudyError
            Where a longitude or latitude is out of range, showing the range seen.
        """
        lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
        located = np.isfinite(lon) & np.isfinite(lat)
        if located.any():
            _require_degrees(lon[located].min(), lat[located].min(), lon[located].max(), lat[located].max())
        x, y = _transform("EPSG:4326", self.crs).transform(lon, lat)
        return np.where(located, x, np.nan), np.where(located, y, np.nan)

    def unproject(self, x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """WGS84 longitude and latitude from metres, both of shape (n,)."""
        lon, lat = _transform(self.crs, "EPSG:4326").transform(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        return np.asarray(lon), np.asarray(lat)

    def to_lonlat(self, geometry: Any) -> Any:
        """One shapely geometry, or an array of them, from metres to WGS84 degrees (for maps)."""
        return shapely.transform(geometry, _transform(self.crs, "EPSG:4326").transform, interleaved=False)

    def contains(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
        """Which points, in metres, lie in the area or on its edge; shape (n,)."""
        return shapely.intersects_xy(self.polygon, np.asarray(x, dtype=float), np.asarray(y, dtype=float))


@lru_cache(maxsize=64)
def fitting_crs(lon_min: float, lat_min: float, lon_max: float, lat_max: float) -> str:
    """The most local projection in metres that keeps distances over a box of WGS84 degrees.

    Candidates are the UTM zone of the centre and every NAD83 state plane or state system in
    metres that covers the whole box. Of those that stretch no distance by more than 1 in 10,000
    the one made for the smallest region wins, so a United States county gets the coordinates
    that its own GIS office most likely uses; where none does, the one that stretches least.

    Returns
    -------
    str
        ``"EPSG:…"``.

    Examples
    --------
    >>> fitting_crs(-74.0, 41.5, -73.5, 42.05)   # Dutchess County: NAD83 / New York East
    'EPSG:32115'
    >>> fitting_crs(-0.3, 51.4, 0.1, 51.6)       # London: UTM zone 30 north
    'EPSG:32630'
    """
    _require_degrees(lon_min, lat_min, lon_max, lat_max)
    lon, lat = (lon_min + lon_max) / 2, (lat_min + lat_max) / 2
    zone = min(int((lon + 180) // 6) + 1, 60)
    candidates = {f"EPSG:{(32600 if lat >= 0 else 32700) + zone}": 6.0 * 84.0}
    known = query_crs_info(
        auth_name="EPSG",
        pj_types=[PJType.PROJECTED_CRS],
        area_of_interest=AreaOfInterest(lon_min, lat_min, lon_max, lat_max),
        contains=True,
    )
    for system in known:
        crs, box = f"EPSG:{system.code}", system.area_of_use
        if system.name.startswith("NAD83 / ") and "UTM" not in system.name and _unit(crs) == "metre":
            candidates[crs] = (box.east - box.west) * (box.north - box.south)
    corners = ((lon_min, lat_min), (lon_min, lat_max), (lon_max, lat_min), (lon_max, lat_max), (lon, lat))

    def unfitness(crs: str) -> tuple[float, float]:
        factors = [Proj(crs).get_factors(*corner) for corner in corners]
        stretch = max(max(abs(f.meridional_scale - 1), abs(f.parallel_scale - 1)) for f in factors)
        return max(stretch, TOLERATED_STRETCH), candidates[crs]

    return min(candidates, key=unfitness)


def require_metres(crs: str) -> None:
    """Raise `StudyError` unless `crs` is a projected system in metres."""
    try:
        unit = _unit(crs)
    except CRSError as reason:
        raise StudyError(f"unknown projection {crs!r}: {reason}") from None
    if unit != "metre":
        raise StudyError(
            f"{crs} ({CRS.from_user_input(crs).name}) is in {unit}s, and methods measure in metres; "
            "leave crs out to have a fitting one found, or name one in metres"
        )


def require_zone(timezone: str) -> None:
    """Raise `StudyError` unless `timezone` is a known IANA zone."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise StudyError(f"unknown time zone {timezone!r}; use an IANA name such as 'America/New_York'") from None


def looks_like_degrees(x_min: float, y_min: float, x_max: float, y_max: float) -> bool:
    """Whether a box fits within the ranges of longitude and latitude, as no projected study does."""
    return max(abs(x_min), abs(x_max)) <= 180 and max(abs(y_min), abs(y_max)) <= 90


def numbers_of_one_length(fault: type[RtccError], **columns: ArrayLike) -> list[NDArray[np.float64]]:
    """Columns as one-dimensional floats; raises `fault` where one holds text or their lengths differ.

    Examples
    --------
    >>> numbers_of_one_length(StudyError, x=[1, 2], y=[3])
    Traceback (most recent call last):
    rtcc_analytics.study.StudyError: x has 2, y has 1 values: each event needs one of each
    """
    found = {}
    for name, values in columns.items():
        try:
            found[name] = np.asarray(values, dtype=float).ravel()
        except (TypeError, ValueError) as reason:
            raise fault(f"{name} holds something that is not a number ({reason})") from None
    if len({len(values) for values in found.values()}) > 1:
        told = ", ".join(f"{name} has {len(values):,}" for name, values in found.items())
        raise fault(f"{told} values: each event needs one of each")
    return list(found.values())


def projected_points(fault: type[RtccError], x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Places as an array (n, 2) of metres; raises `fault` where one is missing or they look like degrees.

    Examples
    --------
    >>> projected_points(StudyError, [-73.93], [41.7])
    Traceback (most recent call last):
    rtcc_analytics.study.StudyError: x -73.93 to -73.93, y 41.7 to 41.7 look like degrees; give projected metres ...
    """
    points = np.column_stack(numbers_of_one_length(fault, x=x, y=y))
    if bad := int((~np.isfinite(points)).any(axis=1).sum()):
        raise fault(f"{bad} of {len(points)} events have no finite coordinates; leave them out and say so")
    if len(points) and looks_like_degrees(*points.min(axis=0), *points.max(axis=0)):
        raise fault(
            f"x {points[:, 0].min():g} to {points[:, 0].max():g}, y {points[:, 1].min():g} to {points[:, 1].max():g} "
            "look like degrees; give projected metres (StudyArea.project)"
        )
    return points


def _require_degrees(lon_min: float, lat_min: float, lon_max: float, lat_max: float) -> None:
    if not np.isfinite([lon_min, lat_min, lon_max, lat_max]).all():
        raise StudyError("a longitude or latitude is missing (NaN); leave out records without coordinates first")
    if looks_like_degrees(lon_min, lat_min, lon_max, lat_max):
        return
    swapped = looks_like_degrees(lat_min, lon_min, lat_max, lon_max)
    remedy = "longitude comes first; these look exchanged" if swapped else "these look like metres or feet, not degrees"
    raise StudyError(
        f"longitude {lon_min:g} to {lon_max:g}, latitude {lat_min:g} to {lat_max:g} are not WGS84 degrees: {remedy}"
    )


def _surface(geometry: BaseGeometry, name: str) -> BaseGeometry:
    """The polygonal part of `geometry`, mended where it crosses itself."""
    mended = geometry if geometry.is_valid else shapely.make_valid(geometry)
    parts = [p for p in shapely.get_parts(shapely.get_parts(mended)) if p.geom_type == "Polygon" and p.area > 0]
    if not parts:
        raise StudyError(f"{name!r} has no surface ({geometry.geom_type}, {geometry.area:g} m²); pass a polygon")
    return shapely.union_all(parts) if len(parts) > 1 else parts[0]


def _without_strays(values: FloatArray) -> NDArray[np.bool_]:
    """Which values lie within ten spans of the middle 90 % (or 0.01 degree where that span is nil)."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return np.abs(values - middle) <= STRAY_SPREADS * max(high - low, 0.01)


def _in_company(x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Which points are not among the loneliest 0.1 %, by 500 m squares and the squares next to full ones."""
    row, column = (np.floor((axis - axis.min()) / COMPANY_M).astype(np.int64) + 1 for axis in (y, x))
    held = np.zeros((row.max() + 2, column.max() + 2), dtype=np.int64)
    np.add.at(held, (row, column), 1)
    lonely_first = np.sort(held[held > 0])
    fewest = lonely_first[np.searchsorted(np.cumsum(lonely_first), LONELY_SHARE * x.size, side="right")]
    full = held >= fewest
    return binary_dilation(full, structure=np.ones((3, 3)))[row, column]


def _footprint(x: FloatArray, y: FloatArray, buffer_m: float) -> BaseGeometry:
    # One point per 100 m square is enough for an outline, and keeps the hull fast on 300,000 events.
    square = np.floor(np.stack([x - x.min(), y - y.min()]) / FOOTPRINT_THINNING_M).astype(np.int64)
    _, first = np.unique(square[0] * (square[1].max() + 1) + square[1], return_index=True)
    outline = shapely.concave_hull(shapely.multipoints(np.stack([x[first], y[first]], axis=1)), ratio=0.2)
    return outline.buffer(max(buffer_m, FOOTPRINT_THINNING_M * 2**0.5), quad_segs=4)


@lru_cache(maxsize=64)
def _unit(crs: str) -> str:
    return CRS.from_user_input(crs).axis_info[0].unit_name


@lru_cache(maxsize=64)
def _transform(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
