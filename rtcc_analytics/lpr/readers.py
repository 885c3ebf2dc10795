"""Where the readers stand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.lpr.leads import PlateReads
from rtcc_analytics.lpr.period import Period

EARTH_M = 6_371_008.8
MOBILE_M = 500.0

_SITES = """/* lpr reader_sites */
SELECT camera_id, any_value(camera_name) AS camera_name, median(lon) AS lon, median(lat) AS lat,
       max(lon) - min(lon) AS lon_range, max(lat) - min(lat) AS lat_range, count(*) AS reads
FROM plate_reads WHERE day IN (SELECT unnest($days::DATE[])) GROUP BY camera_id ORDER BY camera_id
"""


def reader_sites(reads: PlateReads, period: Period, *, days: list[object] | None = None) -> pd.DataFrame:
    """Where each reader stood, from its own reads.

    Parameters
    ----------
    period : Period
    days : list of date, optional
        UTC days to look at; at most ten spread over the period where left out.

    Returns
    -------
    DataFrame
        camera_id, camera_name, lon, lat, reads, mobile (its reads lie over 500 m apart: mounted on a car).
    """
    if days is None:
        span = pd.date_range(period.bounds["first_day"], period.bounds["last_day"])
        days = [d.date() for d in span[np.unique(np.linspace(0, len(span) - 1, 10).astype(int))]]
    found = reads.read(_SITES, days=days)
    wide = distance_m(found["lon"], found["lat"], found["lon"] + found["lon_range"], found["lat"] + found["lat_range"])
    return found.assign(mobile=wide > MOBILE_M).drop(columns=["lon_range", "lat_range"])


def distance_m(lon: ArrayLike, lat: ArrayLike, to_lon: ArrayLike, to_lat: ArrayLike) -> NDArray[np.float64]:
    """Great-circle distance, metres.

    Examples
    --------
    >>> int(distance_m(-73.93, 41.70, -73.93, 41.71))
    1111
    """
    a, b, c, d = (np.radians(np.asarray(v, dtype=float)) for v in (lon, lat, to_lon, to_lat))
    half = np.sin((d - b) / 2) ** 2 + np.cos(b) * np.cos(d) * np.sin((c - a) / 2) ** 2
    return 2 * EARTH_M * np.arcsin(np.sqrt(half))
