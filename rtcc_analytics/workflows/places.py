"""Places in words: what to call a unit of ground, and what stands near it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from rtcc_analytics.events import Events
from rtcc_analytics.units import SpatialUnits


def place_names(events: Events, units: SpatialUnits, wanted: Sequence[int]) -> list[str]:
    """Each unit called by the address that most of its events share; by its own label where none is known.

    Parameters
    ----------
    events : Events
        Without those whose address must not leave the store.
    units : SpatialUnits
        In the same projection.
    wanted : sequence of int
        Numbers of the units to be named.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.units import Areas
    >>> row = Areas([shapely.box(5e5 + 100 * i, 0, 5.001e5 + 100 * i, 100) for i in range(2)], ["A", "B"], "EPSG:32615")
    >>> events = Events(x=[500_010.0] * 3, y=[9.0] * 3, crs="EPSG:32615", timezone="UTC", occurred_from=["2024"] * 3,
    ...                 address=["1 MAIN ST", "2 MAIN ST", "2 MAIN ST"])
    >>> place_names(events, row, [0, 1])
    ['2 MAIN ST', 'B']
    """
    labels = [str(units.labels[unit]) for unit in wanted]
    if events.address is None or not len(wanted):
        return labels
    unit = units.assign(events.x, events.y)
    held = np.flatnonzero(np.isin(unit, wanted) & (events.address.codes >= 0))
    seen = pd.DataFrame({"unit": unit[held], "address": events.address.codes[held]})
    commonest = seen.groupby("unit")["address"].agg(lambda codes: np.bincount(codes).argmax())
    return [
        str(events.address.categories[commonest[unit]]) if unit in commonest.index else label
        for unit, label in zip(wanted, labels, strict=True)
    ]


def near_count(x: ArrayLike, y: ArrayLike, of_x: ArrayLike, of_y: ArrayLike, *, within_m: float) -> NDArray[np.int64]:
    """How many points lie within a distance of each place, metres.

    Examples
    --------
    >>> near_count([0.0, 900.0], [0.0, 0.0], [10.0, 50.0], [0.0, 0.0], within_m=40).tolist()
    [1, 0]
    """
    points = np.column_stack([np.asarray(of_x, dtype=float), np.asarray(of_y, dtype=float)])
    centres = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    if not len(points) or not len(centres):
        return np.zeros(len(centres), dtype=np.int64)
    return np.asarray(cKDTree(points).query_ball_point(centres, within_m, return_length=True), dtype=np.int64)
