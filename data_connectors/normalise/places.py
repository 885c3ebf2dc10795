"""Places: when coordinates mean something, and in which order they were written.

Rules
-----
- Not located (``missing``, both coordinates null): a blank, a value that the profile names as missing, anything within
  a hundredth of a degree of 0, 0 (off West Africa: where failed geocoding lands), or no possible degrees at all.
- Exchanged (``swapped``, put right): the pair lies outside the feed's bounds and inside them the other way round;
  without bounds, a latitude beyond 90 whose partner can be one.
- Beyond the feed's bounds (``outside``): kept, left off maps. A point of another county may be real.
- ``block`` where the feed is published to the block, otherwise ``as_given``.
- Projected coordinates are taken to WGS84 by pyproj in whatever CRS the profile names, each distinct pair once.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Bounds = tuple[float, float, float, float]

_NULL_ISLAND_DEG = 0.01


def _inside(lon: str, lat: str, bounds: Bounds) -> str:
    lon_min, lat_min, lon_max, lat_max = (repr(float(b)) for b in bounds)
    return f"({lon} BETWEEN {lon_min} AND {lon_max} AND {lat} BETWEEN {lat_min} AND {lat_max})"


def is_missing(lon: str, lat: str) -> str:
    """Whether a pair of degrees locates nothing.

    Examples
    --------
    >>> import duckdb
    >>> pairs = (("0.0", "0.0"), ("-73.9", "41.7"), ("NULL", "41.7"), ("-0.00001", "0.00001"))
    >>> duckdb.sql("SELECT " + ", ".join(is_missing(*pair) for pair in pairs)).fetchone()
    (True, False, True, True)
    """
    near_zero = f"(abs({lon}) < {_NULL_ISLAND_DEG} AND abs({lat}) < {_NULL_ISLAND_DEG})"
    impossible = f"(abs({lon}) > 180 OR abs({lat}) > 180 OR (abs({lon}) > 90 AND abs({lat}) > 90))"
    return f"({lon} IS NULL OR {lat} IS NULL OR {near_zero} OR {impossible})"


def is_swapped(lon: str, lat: str, bounds: Bounds | None) -> str:
    """Whether longitude and latitude were exchanged.

    Examples
    --------
    >>> import duckdb
    >>> county = (-74.05, 41.4, -73.45, 42.12)
    >>> pairs = (("-73.9", "41.7", county), ("41.7", "-73.9", county), ("41.7", "-100.0", None))
    >>> duckdb.sql("SELECT " + ", ".join(is_swapped(*pair) for pair in pairs)).fetchone()
    (False, True, True)
    """
    if bounds is None:
        return f"(abs({lat}) > 90 AND abs({lon}) <= 90)"
    return f"(NOT {_inside(lon, lat, bounds)} AND {_inside(lat, lon, bounds)})"


def quality(lon: str, lat: str, bounds: Bounds | None, *, block: bool) -> str:
    """The ``location_quality`` of a pair of degrees as read, before an exchanged pair is put right.

    Examples
    --------
    >>> import duckdb
    >>> county = (-74.05, 41.4, -73.45, 42.12)
    >>> pairs = (("-73.9", "41.7"), ("41.7", "-73.9"), ("-75.5", "39.7"), ("0.0", "0.0"))
    >>> duckdb.sql("SELECT " + ", ".join(quality(*pair, county, block=False) for pair in pairs)).fetchone()
    ('as_given', 'swapped', 'outside', 'missing')
    """
    beyond = f"abs({lat}) > 90" if bounds is None else f"NOT {_inside(lon, lat, bounds)}"
    return (f"CASE WHEN {is_missing(lon, lat)} THEN 'missing' WHEN {is_swapped(lon, lat, bounds)} THEN 'swapped' "
            f"WHEN {beyond} THEN 'outside' ELSE '{'block' if block else 'as_given'}' END")


def put_right(lon: str, lat: str, quality: str) -> tuple[str, str]:
    """Longitude and latitude as stored, given the quality found.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql("SELECT " + ", ".join(put_right("41.7", "-73.9", "'swapped'"))).fetchone()
    (Decimal('-73.9'), Decimal('41.7'))
    """
    return tuple(  # type: ignore[return-value]
        f"CASE {quality} WHEN 'missing' THEN NULL WHEN 'swapped' THEN {other} ELSE {own} END"
        for own, other in ((lon, lat), (lat, lon))
    )


def degrees_from(
    x: pa.ChunkedArray, y: pa.ChunkedArray, crs: str, missing: tuple[float, ...]
) -> tuple[pa.Array, pa.Array]:
    """Projected coordinates, as text, to WGS84 degrees.

    Parameters
    ----------
    x, y : pyarrow.ChunkedArray of string
        Text as read; blanks, what is no number, and the values in `missing` locate nothing.
    crs : str
        Anything that pyproj understands, e.g. ``ESRI:102696``.
    missing : tuple of float
        Numbers that mean not located, in either coordinate.

    Returns
    -------
    lon, lat : pyarrow.Array of float64
        Null where not located, or where the point lies outside the projection.

    Examples
    --------
    >>> one = pa.chunked_array([["893000.5", "0", " "]]), pa.chunked_array([["1018000.25", "0", "5"]])
    >>> lon, lat = degrees_from(*one, "ESRI:102696", (0.0,))
    >>> [None if v is None else round(v, 3) for v in lon.to_pylist() + lat.to_pylist()]
    [-90.245, None, None, 38.629, None, None]
    """
    from pyproj import Transformer

    columns = [_numbers(values) for values in (x, y)]
    wanted = ~np.isnan(columns[0]) & ~np.isnan(columns[1])
    for value in missing:
        wanted &= (columns[0] != value) & (columns[1] != value)
    pairs = columns[0][wanted] + 1j * columns[1][wanted]
    distinct, where = np.unique(pairs, return_inverse=True)
    transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    made = transformer.transform(distinct.real, distinct.imag)
    lon, lat = (np.full(len(wanted), np.nan) for _ in made)
    lon[wanted], lat[wanted] = (np.asarray(values, dtype=float)[where] for values in made)
    lost = ~np.isfinite(lon) | ~np.isfinite(lat)
    return pa.array(lon, mask=lost), pa.array(lat, mask=lost)


def _numbers(values: pa.ChunkedArray) -> np.ndarray:
    """Text as numbers, nan for what is none."""
    text = pc.replace_substring(pc.utf8_trim_whitespace(values), ",", "")
    plain = pc.match_substring_regex(text, r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?$")
    numbers = pc.cast(pc.if_else(plain, text, pa.scalar(None, pa.string())), pa.float64())
    return pc.fill_null(numbers, float("nan")).combine_chunks().to_numpy(zero_copy_only=False)
