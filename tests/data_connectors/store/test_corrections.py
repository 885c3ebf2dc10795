"""Locations put right by hand: kept, applied at reload, reversible."""

from __future__ import annotations

import pytest

from data_connectors.store import Store, StoreError, apply_corrections


def where(store: Store) -> dict[str, tuple[float, str]]:
    frame = store.read("SELECT incident_id, lon, location_quality FROM incidents ORDER BY ALL")
    return {row.incident_id: (row.lon, row.location_quality) for row in frame.itertuples()}


def test_a_records_own_correction_wins_over_its_address_and_later_over_earlier(store: Store, write, incidents) -> None:
    write(store, "incidents", incidents("a", "b", address="9 ELM"))
    write(store, "incidents", incidents("c", address="9 ELM"), source="elsewhere")
    fix = {"table": "incidents", "source": "src", "lat": 38.5, "reason": "stacked at city hall"}
    assert store.correct_location(**fix, lon=-90.1, address="9 ELM") == 2
    assert store.correct_location(**fix, lon=-90.3, record_id="a") == 1
    assert store.correct_location(**fix, lon=-90.2, address="9 ELM") == 1
    assert where(store) == {"a": (-90.3, "corrected"), "b": (-90.2, "corrected"), "c": (-90.2, "as_given")}
    corrections = store.corrections()
    assert corrections.reason.tolist() == ["stacked at city hall"] * 3 and corrections.corrected_at.notna().all()


def test_a_reload_keeps_corrections(store: Store, write, incidents) -> None:
    write(store, "incidents", incidents("a"))
    store.correct_location(table="incidents", source="src", lon=-90.1, lat=38.5, record_id="a", reason="x")
    with store.loading("records") as session:
        session.run(f"CREATE TEMP TABLE staged AS FROM {session.table('incidents')}")
        session.run("UPDATE staged SET lon = -90.9, location_quality = 'as_given', file_hash = 'newer'")

        def job(s) -> int:
            s.run(f"DELETE FROM {s.table('incidents')}")
            corrected = apply_corrections(s, "incidents", "staged")
            s.run(f"INSERT INTO {s.table('incidents')} FROM staged")
            return corrected

        assert session.commit(job) == 1
    assert where(store) == {"a": (-90.1, "corrected")}
    assert store.withdraw_correction(1) == 1
    assert where(store) == {"a": (-90.9, "as_given")}


def test_withdrawing_gives_back_what_the_source_said_or_what_is_left(embedded: Store, write, incidents) -> None:
    write(embedded, "incidents", incidents("a", "b", address="9 ELM"))
    fix = {"table": "incidents", "source": "src", "lat": 38.5, "reason": "x"}
    embedded.correct_location(**fix, lon=-90.1, address="9 ELM")
    embedded.correct_location(**fix, lon=-90.3, record_id="a")
    embedded.withdraw_correction(2)
    assert where(embedded) == {"a": (-90.1, "corrected"), "b": (-90.1, "corrected")}
    embedded.withdraw_correction(1)
    assert where(embedded) == {"a": (-90.2, "as_given"), "b": (-90.2, "as_given")}
    assert embedded.corrections().empty
    with pytest.raises(StoreError, match="no correction 1"):
        embedded.withdraw_correction(1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"record_id": None}, "either record_id"),
        ({"address": "9 ELM"}, "either record_id"),
        ({"lon": -190.0}, "-190"),
        ({"lat": 138.6}, "138.6"),
        ({"reason": " "}, "reason"),
        ({"table": "streets"}, "streets"),
        ({"record_id": "nobody"}, "nobody"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(
    embedded: Store, write, incidents, wrong: dict, message: str
) -> None:
    write(embedded, "incidents", incidents("a"))
    right = {"table": "incidents", "source": "src", "lon": -90.1, "lat": 38.5, "record_id": "a", "reason": "x"}
    with pytest.raises(StoreError, match=message):
        embedded.correct_location(**(right | wrong))
    assert where(embedded) == {"a": (-90.2, "as_given")} and embedded.corrections().empty


FIX = {"table": "incidents", "source": "src", "record_id": "a", "reason": "x"}


def test_exchanged_values_are_refused_with_both_and_the_remedy(embedded: Store, write, incidents) -> None:
    write(embedded, "incidents", incidents("a", "b", lon=-84.4))
    for outside in (False, True):
        with pytest.raises(StoreError, match=r"exchanged, they are inside.*--lon -84\.3 --lat 38\.5") as told:
            embedded.correct_location(**FIX, lon=38.5, lat=-84.3, outside=outside)
        assert "longitude 38.5 and latitude -84.3" in str(told.value)
    with pytest.raises(StoreError, match=r"-122\.3 are no place on earth.*--lon -122\.3 --lat 47\.6"):
        embedded.correct_location(**FIX, lon=47.6, lat=-122.3)
    assert embedded.corrections().empty


@pytest.mark.parametrize(("lon", "lat"), [(-84.3, 33.7), (-90.2, 39.3), (-89.6, 38.6)])
def test_a_place_out_of_the_feeds_bounds_needs_a_word(embedded: Store, write, incidents, lon, lat) -> None:
    write(embedded, "incidents", incidents("a", "b"))
    with pytest.raises(StoreError, match=f"{lon}.*{lat}.*located rows.*--outside"):
        embedded.correct_location(**FIX, lon=lon, lat=lat)
    assert where(embedded)["a"] == (-90.2, "as_given") and embedded.corrections().empty
    assert embedded.correct_location(**FIX, lon=lon, lat=lat, outside=True) == 1


def test_the_shipped_profiles_bounds_come_before_the_rows(embedded: Store, write, incidents) -> None:
    """A feed whose rows stand far off is measured by its profile; `corrected` and `outside` rows widen nothing."""
    write(embedded, "incidents", incidents("a", lon=-80.0))
    with embedded.loading("records") as session:
        session.commit(lambda s: s.run(f"UPDATE {s.table('loads')} SET profile = 'stlouis_slmpd 1'"))
    with pytest.raises(StoreError, match="bounds of its profile"):
        embedded.correct_location(**FIX, lon=-80.0, lat=38.6)
    assert embedded.correct_location(**FIX, lon=-90.25, lat=38.6) == 1


def test_one_strays_correction_does_not_open_the_door_for_the_next(embedded: Store, write, incidents) -> None:
    write(embedded, "incidents", incidents("a", "b"))
    embedded.correct_location(**FIX, lon=-84.3, lat=33.7, outside=True)
    with pytest.raises(StoreError, match="--outside"):
        embedded.correct_location(**(FIX | {"record_id": "b"}), lon=-84.3, lat=33.7)


def test_a_feed_without_any_place_is_taken_at_the_analysts_word(embedded: Store, write, incidents) -> None:
    rows = [row | {"lon": None, "lat": None, "location_quality": "missing"} for row in incidents("a")]
    write(embedded, "incidents", rows)
    with embedded.loading("records") as session:
        session.commit(lambda s: s.run(f"UPDATE {s.table('incidents')} SET lon = NULL, lat = NULL"))
    assert embedded.correct_location(**FIX, lon=-84.3, lat=33.7) == 1
