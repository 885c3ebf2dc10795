"""What maps are drawn on, read from the store: streets and the names of places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from rtcc_analytics.maps import Ground
from rtcc_analytics.study import StudyArea

if TYPE_CHECKING:
    from data_connectors import Store

MAIN_STREETS = ("S1100", "S1200")
NAMED_KINDS = ("city", "village", "town", "cdp", "neighborhood")
MOST_NAMES = 14
MOST_LOCAL_STREETS = 1500
NEAR_M = 400.0
DETAIL_M = 8.0

_STREETS = "SELECT street_class, geometry FROM streets ORDER BY street_id"
_NAMES = "SELECT name, kind, geometry FROM areas WHERE list_contains($kinds, kind) ORDER BY name"


def read_ground(store: Store, area: StudyArea, *, near: NDArray[np.object_] | None = None, banner: str = "") -> Ground:
    """Streets and place names of a study area, as many as a map can carry.

    Main roads (TIGER classes S1100 and S1200) are always drawn; local streets where the whole area
    has few, else only within 400 m of the places in `near`.

    Parameters
    ----------
    store : Store
        Its tables streets and areas; either may be empty.
    area : StudyArea
        What the map shows.
    near : array of shapely geometries, optional
        Places that matter, in the metres of the area.
    banner : str
        Written on the map.

    Returns
    -------
    Ground

    Examples
    --------
    >>> from data_connectors import Store
    >>> import tempfile
    >>> empty = Store.create(tempfile.mkdtemp() + "/county")
    >>> square = StudyArea(shapely.box(5e5, 4e6, 5.01e5, 4.001e6), "EPSG:32615", "America/Chicago", "Square")
    >>> len(read_ground(empty, square).streets)
    0
    """
    return Ground(area, _streets(store, area, near), _names(store, area), banner)


def _streets(store: Store, area: StudyArea, near: NDArray[np.object_] | None) -> NDArray[np.object_]:
    rows = store.read(_STREETS)
    if rows.empty:
        return np.empty(0, dtype=object)
    lines = _projected(rows["geometry"], area)
    inside = shapely.intersects(lines, area.polygon)
    main = rows["street_class"].isin(MAIN_STREETS).to_numpy()
    local = inside & ~main
    if local.sum() > MOST_LOCAL_STREETS:
        local &= _close(lines, near)
    drawn = shapely.intersection(lines[inside & main | local], area.polygon)
    return shapely.simplify(drawn[~shapely.is_empty(drawn)], DETAIL_M)


def _close(lines: NDArray[np.object_], near: NDArray[np.object_] | None) -> NDArray[np.bool_]:
    if near is None or not len(near):
        return np.zeros(len(lines), dtype=bool)
    around = shapely.union_all(shapely.buffer(near, NEAR_M))
    shapely.prepare(around)
    return shapely.intersects(lines, around)


def _names(store: Store, area: StudyArea) -> pd.DataFrame:
    """The largest places of each kind, cities first, at a point inside each."""
    rows = store.read(_NAMES, kinds=list(NAMED_KINDS))
    if rows.empty:
        return pd.DataFrame({"name": [], "x": [], "y": []})
    shapes = shapely.intersection(shapely.make_valid(_projected(rows["geometry"], area)), area.polygon)
    inside = shapely.area(shapes) > 0  # a place that the area misses, or only touches, has no point to be named at
    rows, shapes = rows[inside], shapes[inside]
    points = shapely.point_on_surface(shapes)
    rows = rows.assign(
        x=shapely.get_x(points),
        y=shapely.get_y(points),
        surface=shapely.area(shapes),
        rank=rows["kind"].map({kind: i for i, kind in enumerate(NAMED_KINDS)}),
    )
    rows = rows.sort_values(["rank", "surface"], ascending=[True, False])
    return rows.drop_duplicates("name")[["name", "x", "y"]].head(MOST_NAMES).reset_index(drop=True)


def _projected(wkb: pd.Series, area: StudyArea) -> NDArray[np.object_]:
    shapes = shapely.from_wkb([bytes(value) for value in wkb])
    return shapely.transform(shapes, lambda lonlat: np.column_stack(area.project(lonlat[:, 0], lonlat[:, 1])))
