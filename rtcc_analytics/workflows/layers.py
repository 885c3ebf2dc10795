"""Layers of the ground for risk terrains, read from the store: places by kind, main roads by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rtcc_analytics.study import StudyArea

if TYPE_CHECKING:
    from data_connectors import Store

FEWEST_FEATURES = 5
ROADS = {"S1100": "motorways", "S1200": "main roads"}

_PLACES = """
SELECT kind, lon, lat FROM places
WHERE lon IS NOT NULL AND lat IS NOT NULL AND location_quality NOT IN ('missing', 'outside') ORDER BY kind, place_id
"""
_ROADS = "SELECT street_class, geometry FROM streets WHERE list_contains($classes, street_class) ORDER BY street_id"


def read_layers(store: Store, study: StudyArea) -> dict[str, Any]:
    """Features in the study area that a risk terrain may try, in the metres of the area.

    Parameters
    ----------
    store : Store
        Its tables places and streets; either may be empty.
    study : StudyArea

    Returns
    -------
    dict of str to array
        Points of shape (n, 2) by kind of place; lines of main roads. Layers with fewer than five features
        in the area are left out: nobody could tell their part from chance.

    Examples
    --------
    >>> from data_connectors import Store
    >>> import tempfile
    >>> empty = Store.create(tempfile.mkdtemp() + "/county")
    >>> read_layers(empty, StudyArea(shapely.box(5e5, 4e6, 5.01e5, 4.001e6), "EPSG:32615", "America/Chicago", "Square"))
    {}
    """
    rows = store.read(_PLACES)
    x, y = study.project(rows["lon"].to_numpy(dtype=float), rows["lat"].to_numpy(dtype=float))
    inside = study.contains(x, y)
    kinds = rows["kind"].astype(str).str.replace("_", " ").to_numpy()
    layers: dict[str, Any] = {
        kind: np.column_stack([x, y])[inside & (kinds == kind)] for kind in sorted(set(kinds[inside]))
    }
    roads = store.read(_ROADS, classes=sorted(ROADS))
    lines = np.atleast_1d(shapely.from_wkb([bytes(wkb) for wkb in roads["geometry"]]))
    lines = shapely.transform(lines, study.project, interleaved=False)
    crossing = shapely.intersects(lines, study.polygon)
    for code, name in ROADS.items():
        layers[name] = lines[crossing & (roads["street_class"] == code).to_numpy()]
    return {name: features for name, features in layers.items() if len(features) >= FEWEST_FEATURES}
