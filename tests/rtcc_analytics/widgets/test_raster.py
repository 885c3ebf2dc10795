"""The picture on the map shows, pixel by pixel, the unit that lies there."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcc_analytics.study import StudyArea
from rtcc_analytics.units import Grid
from rtcc_analytics.widgets.raster import PixelRaster, picture_url, pixel_raster


@pytest.mark.parametrize("grid", [{}, {"kind": "hexagon"}, {"rotation_deg": 30}])
def test_each_pixel_is_the_unit_found_by_projecting_its_centre(town: StudyArea, grid: dict) -> None:
    units = Grid(town, cell_m=400, **grid)
    raster = pixel_raster(town, units, longest_px=90)
    (south, west), (north, east) = raster.bounds
    height, width = raster.unit.shape
    lon = west + (np.arange(width) + 0.5) / width * (east - west)
    high, low = np.log(np.tan(np.pi / 4 + np.radians([north, south]) / 2))
    lat = np.degrees(2 * np.arctan(np.exp(high + (np.arange(height) + 0.5) / height * (low - high))) - np.pi / 2)
    x, y = town.project(*(axis.ravel() for axis in np.meshgrid(lon, lat)))
    straight = units.assign(x, y).reshape(height, width)
    assert (straight != raster.unit).mean() < 0.001  # a pixel on a border may fall to either side
    whole = np.flatnonzero(units.area_m2 > 0.5 * units.area_m2.max())  # slivers may fall between pixels
    assert set(whole) <= set(np.unique(raster.unit))


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_another_program_reads_the_colours_that_were_written(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = rng.integers(-1, 5, (height, width)).astype(np.int32)
    band, colours = np.array([0, 1, 2, 3, 1]), ["#102030", "#a0b0c0", "#ffffff"]
    url = picture_url(PixelRaster(unit, ((0.0, 0.0), (1.0, 1.0))), band, colours, opacity=0.6)
    image = cv2.imdecode(np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8), cv2.IMREAD_UNCHANGED)
    shown = np.append(band, 0)[unit]
    assert ((image[..., 3] > 0) == (shown > 0)).all() and set(np.unique(image[..., 3])) <= {0, 153}
    for k, colour in enumerate(colours, start=1):
        assert (image[shown == k][:, 2::-1] == list(bytes.fromhex(colour[1:]))).all()
