"""The form moves exactly the records at the address chosen, says so, and can take it back."""

from __future__ import annotations

import pytest

from data_connectors import Store
from rtcc_analytics.maps import Ground
from rtcc_analytics.quality import QualityReport
from rtcc_analytics.widgets import LocationForm
from rtcc_analytics.workflows.exploration import read_map_ground
from rtcc_analytics.workflows.quality import check_quality
from tests.notebooks.small_county import STACK, make_small_county

NEW = (-73.95, 41.70)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Ground, QualityReport]:
    store = make_small_county(tmp_path_factory.mktemp("form"))
    return store, read_map_ground(store), check_quality(store, table="incidents")[0]


@pytest.fixture
def form(made: tuple[Store, Ground, QualityReport]) -> LocationForm:
    store, ground, report = made
    return LocationForm(store, report, ground)


def stacked(store: Store) -> int:
    return int(store.read("SELECT count(*) AS n FROM incidents WHERE lon = $lon AND lat = $lat",
                          lon=STACK[0], lat=STACK[1])["n"].iloc[0])  # fmt: skip


def click(form: LocationForm, lon: float, lat: float) -> None:
    """What the map tells when it is clicked."""
    form.map._handle_leaflet_event(form.map, {"event": "interaction", "type": "click", "coordinates": [lat, lon]}, [])


def test_the_planted_stack_is_offered_with_the_addresses_standing_on_it(form: LocationForm) -> None:
    assert form.point.label.startswith("60 rows at -73.90000, 41.72000")
    assert len(form.address.options) > 20 and "marked red" in form.result.value
    assert tuple(form.map.center) == (STACK[1], STACK[0])


def test_an_address_is_moved_to_where_the_map_was_clicked_and_taken_back(
    form: LocationForm, made: tuple[Store, Ground, QualityReport]
) -> None:
    store = made[0]
    address, before = form.address.options[0], stacked(store)
    there = store.read("SELECT count(*) AS n FROM incidents WHERE address = $address", address=address)["n"].iloc[0]
    form.address.value, form.reason.value = address, "geocoder's middle of town"
    click(form, *NEW)
    assert (form.lon.value, form.lat.value) == NEW
    form.correct.click()
    moved = store.read(
        "SELECT count(*) AS n FROM incidents WHERE address = $address AND lon = $lon AND lat = $lat "
        "AND location_quality = 'corrected'", address=address, lon=NEW[0], lat=NEW[1])  # fmt: skip
    assert moved["n"].iloc[0] == there and f"{there:,} rows corrected" in form.result.value
    assert stacked(store) < before
    kept = store.corrections()
    assert kept["reason"].tolist() == ["geocoder's middle of town"] and kept["match_address"].tolist() == [address]
    form.take_back.click()
    assert stacked(store) == before and "Taken back" in form.result.value and form.take_back.disabled


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": "why"}, "address"),
        ({"address": "1 NOWHERE"}, "reason"),
        ({"address": "1 NOWHERE", "reason": "why"}, "1 NOWHERE"),
        ({"record_id": "A1", "reason": "why", "lat": 412.0}, "412"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_changes(
    form: LocationForm, made: tuple[Store, Ground, QualityReport], fields: dict, said: str
) -> None:
    store, before = made[0], made[0].snapshot()
    for name, value in fields.items():
        getattr(form, name).value = value
    form.correct.click()
    assert "Not corrected" in form.result.value and said in form.result.value
    assert store.snapshot() == before


def test_records_without_coordinates_are_offered_by_address(
    form: LocationForm, made: tuple[Store, Ground, QualityReport]
) -> None:
    form.point.value = next(value for words, value in form.point.options if "without coordinates" in words)
    missing = made[0].read("SELECT address FROM incidents WHERE lon IS NULL AND address IS NOT NULL")["address"]
    assert set(form.address.options) == set(missing) and len(missing) > 0
