"""A surface as a small picture that lies right on a web map, whatever its cells are.

A browser draws twenty thousand polygons slowly and one picture at once. Each pixel of the
picture asks which cell it lies in, so squares, hexagons and turned grids come out true, and
the projection of the study is undone exactly.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcc_analytics.study import StudyArea
from rtcc_analytics.units.protocol import SpatialUnits

LATTICE_PX = 16
_EARTH_M = 6378137.0


@dataclass(frozen=True)
class PixelRaster:
    """Which unit each pixel of a picture shows.

    Attributes
    ----------
    unit : array of int32, shape (height, width)
        Unit under each pixel, north on top; -1 outside the study area.
    bounds : ((south, west), (north, east))
        Corners in WGS84 degrees, as web maps want them.
    """

    unit: NDArray[np.int32]
    bounds: tuple[tuple[float, float], tuple[float, float]]


def pixel_raster(area: StudyArea, units: SpatialUnits, *, longest_px: int = 720) -> PixelRaster:
    """The unit under every pixel of a picture of the study area in Web Mercator.

    Positions are projected on a coarse lattice and interpolated between, which is exact to a
    few centimetres over a county.

    Parameters
    ----------
    area : StudyArea
        Whose bounds the picture has.
    units : SpatialUnits
        In the same projection.
    longest_px : int
        Pixels along the longer side.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.units import Grid
    >>> town = shapely.box(-90.21, 38.62, -90.18, 38.64)
    >>> area = StudyArea.from_lonlat(town, timezone="America/Chicago", name="Downtown")
    >>> raster = pixel_raster(area, Grid(area, cell_m=250), longest_px=60)
    >>> raster.unit.shape[1], bool((raster.unit[10:-10, 10:-10] >= 0).all())
    (60, True)
    """
    west, south, east, north = area.to_lonlat(area.polygon).bounds
    left, right = np.radians(west) * _EARTH_M, np.radians(east) * _EARTH_M
    bottom, top = _mercator_y(south), _mercator_y(north)
    pixel = max(right - left, top - bottom) / longest_px
    width, height = max(round((right - left) / pixel), 1), max(round((top - bottom) / pixel), 1)
    columns = left + (np.arange(width) + 0.5) * (right - left) / width
    rows = top - (np.arange(height) + 0.5) * (top - bottom) / height
    x, y = _project_lattice(area, columns, rows)
    unit = units.assign(x.ravel(), y.ravel()).astype(np.int32).reshape(height, width)
    return PixelRaster(unit, ((south, west), (north, east)))


def picture_url(
    raster: PixelRaster, band: NDArray[np.integer], colours: Sequence[str], *, opacity: float = 0.75
) -> str:
    """The picture as a PNG in a data address: each unit in the colour of its band, band 0 clear.

    Parameters
    ----------
    raster : PixelRaster
    band : array of int, shape (units.size,)
        0 for nothing, k for ``colours[k - 1]``.
    colours : sequence of str
        ``#rrggbb``.
    opacity : float
        Of painted pixels, 0-1.

    Examples
    --------
    >>> raster = PixelRaster(np.array([[0, 1], [-1, 0]], dtype=np.int32), ((0.0, 0.0), (1.0, 1.0)))
    >>> picture_url(raster, np.array([1, 0]), ["#ff0000"])[:22]
    'data:image/png;base64,'
    """
    index = np.append(band, 0).astype(np.uint8)[raster.unit]
    palette = b"\x00\x00\x00" + b"".join(bytes.fromhex(c.lstrip("#")) for c in colours)
    alpha = b"\x00" + bytes([round(opacity * 255)]) * len(colours)
    height, width = index.shape
    lines = np.zeros((height, width + 1), dtype=np.uint8)
    lines[:, 1:] = index
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", palette),
            (b"tRNS", alpha),
            (b"IDAT", zlib.compress(lines.tobytes(), 3)),
            (b"IEND", b""),
        )
    )
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _project_lattice(area: StudyArea, columns: NDArray, rows: NDArray) -> tuple[NDArray, NDArray]:
    """Metres under every pixel, from a lattice of every sixteenth, linear between."""
    coarse_x = np.linspace(columns[0], columns[-1], max(len(columns) // LATTICE_PX, 2))
    coarse_y = np.linspace(rows[0], rows[-1], max(len(rows) // LATTICE_PX, 2))
    lon = np.degrees(coarse_x / _EARTH_M)
    lat = np.degrees(2 * np.arctan(np.exp(coarse_y / _EARTH_M)) - np.pi / 2)
    grid_lon, grid_lat = np.meshgrid(lon, lat)
    return tuple(
        _bilinear(values.reshape(grid_lon.shape), len(columns), len(rows))
        for values in area.project(grid_lon.ravel(), grid_lat.ravel())
    )


def _bilinear(lattice: NDArray, width: int, height: int) -> NDArray:
    """A lattice whose corners are the corner pixels, filled in to `height` by `width`."""
    at = [np.linspace(0, n - 1, size) for n, size in zip(lattice.shape, (height, width), strict=True)]
    low = [np.minimum(a.astype(int), n - 2) for a, n in zip(at, lattice.shape, strict=True)]
    down, across = (at[0] - low[0])[:, None], (at[1] - low[1])[None, :]
    upper = lattice[low[0]] * (1 - down) + lattice[low[0] + 1] * down
    return upper[:, low[1]] * (1 - across) + upper[:, low[1] + 1] * across


def _mercator_y(lat: float) -> float:
    return float(np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) * _EARTH_M)
