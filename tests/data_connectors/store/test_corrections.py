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
