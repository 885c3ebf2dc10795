"""Layers of the ground: what is read of places and roads, and what a forecast makes of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import shapely

from data_connectors import Store
from rtcc_analytics.from_store import read_study_area
from rtcc_analytics.workflows.layers import read_layers
from tests.rtcc_analytics.workflows.conftest import ground, kept


@pytest.fixture
def with_places(fill: Callable[..., Store], incidents: pd.DataFrame) -> Store:
    places = pd.DataFrame({
        "place_id": [str(i) for i in range(14)], "name": "somewhere", "kind": ["bar"] * 6 + ["county_site"] * 8,
        "lon": [*np.linspace(-73.95, -73.75, 6), *np.linspace(-73.9, -73.8, 4), -70.0, -70.0, -70.0, np.nan],
        "lat": 41.7, "location_quality": "as_given",
    })
    roads = pd.DataFrame({
        "street_id": [str(i) for i in range(12)], "name": "a road", "street_class": ["S1200"] * 6 + ["S1100"] * 6,
        "geometry": [shapely.LineString([(x, 41.7), (x + 0.01, 41.71)]).wkb
                     for x in [*np.linspace(-73.9, -73.8, 6), *np.linspace(-60, -59, 6)]],
    })
    return fill(incidents=incidents[:50], areas=ground()["areas"], places=kept(places, "simulated_places"),
                streets=kept(roads, "simulated_streets"))


def test_layers_hold_what_lies_in_the_area_and_is_not_too_rare(with_places: Store) -> None:
    study = read_study_area(with_places, "Inventia")
    layers = read_layers(with_places, study)
    assert set(layers) == {"bar", "main roads"}, "four county sites, and motorways elsewhere, are left out"
    assert layers["bar"].shape == (6, 2) and study.contains(*layers["bar"].T).all()
    assert shapely.get_type_id(layers["main roads"]).tolist() == [1] * 6
