"""What maps are drawn on: only places that the area holds are named, each inside it."""

from __future__ import annotations

from collections.abc import Callable

import shapely

from data_connectors import Store
from rtcc_analytics.from_store import read_study_area
from rtcc_analytics.workflows.ground import read_ground
from tests.rtcc_analytics.workflows.conftest import ground, kept


def test_places_beyond_an_area_or_touching_it_are_not_named_and_stop_nothing(fill: Callable[..., Store]) -> None:
    tables = ground()
    far, beside = shapely.box(-73.80, 41.80, -73.78, 41.82), shapely.box(-73.90, 41.68, -73.88, 41.72)
    areas = tables["areas"][["area_id", "kind", "name", "geometry"]]
    for number, (name, shape) in enumerate({"Farton": far, "Besideton": beside}.items(), start=3):
        areas.loc[len(areas)] = [str(number), "village", name, shape.wkb]
    store = fill(areas=kept(areas, "simulated_areas"), streets=tables["streets"])
    area = read_study_area(store, "Marketon", timezone="America/New_York")
    named = read_ground(store, area).names
    assert "Farton" not in set(named["name"]) and "Marketon" in set(named["name"])
    assert shapely.contains_xy(area.polygon, named["x"], named["y"]).all()
    whole = read_study_area(store, "Inventia", timezone="America/New_York")
    assert {"Farton", "Besideton", "Marketon"} <= set(read_ground(store, whole).names["name"])
