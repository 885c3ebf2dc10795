"""The simulated files load by the ordinary loader like anyone's, whole, and what is planted is found in the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from data_connectors import Purpose, Store, load
from data_connectors.simulate import SimulatedCounty, load_simulated

if TYPE_CHECKING:
    from data_connectors.loading import LoadReceipt

PURPOSE = Purpose(reason_code="test", case_number="SIMULATED-1", text="")


@pytest.fixture(scope="module")
def receipts(county: SimulatedCounty, store: Store) -> dict[str, LoadReceipt]:
    return {r.source: r for r in load_simulated(store, county.folder)}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.create(str(tmp_path_factory.mktemp("stores") / "store"))


@pytest.fixture(scope="module")
def incidents(store: Store, receipts: dict[str, LoadReceipt]) -> pd.DataFrame:
    return store.read("SELECT * EXCLUDE (raw) FROM incidents")


@pytest.fixture(scope="module")
def reads(store: Store, receipts: dict[str, LoadReceipt]) -> pd.DataFrame:
    with store.sightings(PURPOSE) as sightings:
        return sightings.read("SELECT * FROM plate_reads").set_index("read_id", drop=False)


def test_nothing_is_refused(receipts: dict[str, LoadReceipt]) -> None:
    assert {source: r.rejected for source, r in receipts.items() if r.rejected} == {}


def test_every_row_written_arrives(incidents: pd.DataFrame, reads: pd.DataFrame, truth: dict[str, Any]) -> None:
    crimes = truth["crimes"]
    expected = dict(crimes["rows"])
    expected["simulated_beacon_monthly"] += crimes["spoiled"]["taken_back"]
    assert incidents["source"].value_counts().to_dict() == expected
    net = incidents.loc[incidents["source"] == "simulated_beacon_monthly", "offense_count"].sum()
    assert net == crimes["rows"]["simulated_beacon_monthly"] - crimes["spoiled"]["taken_back"]
    loaded = reads["source"].str.removeprefix("simulated_").value_counts().to_dict()
    assert loaded == truth["plates"]["rows"]


def test_offenses_and_times_are_those_that_happened(
    incidents: pd.DataFrame, true_incidents: pd.DataFrame, truth: dict[str, Any]
) -> None:
    own = incidents[incidents["incident_id"].notna()].set_index("incident_id")
    true = true_incidents.loc[own.index]
    assert (own["offense"] == true["offense"]).all()
    heaped = truth["crimes"]["spoiled"]["heaped"] + len(truth["crimes"]["spoiled"]["skipped_hour"])
    started = own["occurred_local"] <= true["true_at_local"]
    assert (~started).sum() <= heaped
    ended = own["occurred_to"].dt.tz_convert("America/New_York").dt.tz_localize(None)
    ranged = own["time_quality"] == "range"
    assert (ended[ranged] >= true["true_at_local"][ranged].dt.floor("min")).all()
    assert ranged.sum() > 0.15 * len(own)


def test_spoiled_records_are_recognised(incidents: pd.DataFrame, truth: dict[str, Any]) -> None:
    spoiled, own = truth["crimes"]["spoiled"], incidents.set_index("incident_id")
    assert set(own.index[own["location_quality"] == "swapped"].dropna()) == set(spoiled["swapped"])
    late = own.loc[spoiled["late_midnight"], "occurred_local"]
    assert (late.dt.strftime("%H:%M") == "00:00").all()
    assert set(own.index[own["time_rule"] == "nonexistent"].dropna()) == set(spoiled["skipped_hour"])
    missing = own[own["location_quality"] == "missing"]["source"].value_counts().to_dict()
    back = len(own) - sum(truth["crimes"]["rows"].values())
    for source, number in spoiled["missing"].items():
        assert number <= missing[source] <= number + back
    assert (own.loc[own["source"] == "simulated_beacon_monthly", "location_quality"].isin(["block", "missing"])).all()


def test_every_planted_record_is_in_the_store(
    incidents: pd.DataFrame, reads: pd.DataFrame, truth: dict[str, Any]
) -> None:
    named = [r for group in ("hot_spots", "series") for thing in truth["crimes"][group] for r in thing["records"]]
    in_beacon = [r for r in named if r.startswith("BE-")]
    assert set(named) - set(in_beacon) <= set(incidents["incident_id"])
    plates = truth["plates"]
    groups = ("convoys", "decoys", "cloned_plates", "parked", "series_vehicles", "wanted")
    planted = {r for group in groups for thing in plates[group] for ids in thing["reads"] for r in ids}
    assert planted and planted <= set(reads.index)


def test_reads_carry_what_the_vendor_wrote(reads: pd.DataFrame, true_reads: pd.DataFrame) -> None:
    true = true_reads.loc[reads.index]
    right = true["misread"] == 0
    assert (reads["plate"][right] == true["true_plate"][right]).all()
    assert (reads["plate"][~right] != true["true_plate"][~right]).all()
    assert (reads["camera_id"] == true["camera_id"]).all()
    assert reads["confidence"].between(0.2, 1).all()
    rekor = reads["source"] == "simulated_rekor"
    assert (reads["is_parked"][rekor].astype(bool) == (true["kind"][rekor] == "parked")).all()
    assert reads["region"].dropna().isin(["NY", "CT", "NJ", "PA", "MA", "VT", "FL", "OH"]).all()


def test_what_must_not_be_kept_is_nowhere(county: SimulatedCounty, store: Store, receipts: dict) -> None:
    calls = store.read("SELECT * FROM calls LIMIT 5").to_csv()
    cameras = store.read("SELECT * FROM cameras").to_csv()
    assert "SIMULATED CALLER" not in calls and "845-555" not in calls
    assert "not-a-password" not in cameras
    for path in Path(store.location).rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"not-a-password" not in data and b"SIMULATED CALLER" not in data, path.name


def test_the_map_and_the_lists_arrive(store: Store, receipts: dict) -> None:
    kinds = set(store.read("SELECT DISTINCT kind FROM areas")["kind"])
    assert kinds == {"county", "city", "town", "village", "beat", "zone", "tract"}
    assert store.read("SELECT sum(length_m) / 1000 AS km FROM streets")["km"].iloc[0] > 4000
    assert store.read("SELECT count(*) AS n FROM cameras WHERE kind = 'lpr'")["n"].iloc[0] == 37
    people = store.read(
        "SELECT area_kind, sum(population) AS n FROM population WHERE population_group = 'total' GROUP BY 1"
    )
    people = people.set_index("area_kind")["n"]
    assert abs(people["city"] + people["town"] - people["county"]) < 200
    with store.sightings(PURPOSE) as sightings:
        entries = sightings.read("SELECT source, count(*) AS n FROM hotlist_entries GROUP BY 1")
    assert len(entries) == 2 and (entries["n"] > 60).all()


def test_published_counts_differ_only_where_planted(store: Store, receipts: dict, truth: dict[str, Any]) -> None:
    counted = store.read(
        """
        SELECT p.agency, p.year, p.offenses AS published, coalesce(sum(i.offense_count), 0) AS recorded
        FROM published_counts p
        LEFT JOIN incidents i ON i.agency = p.agency AND i.offense = '220'
             AND year(i.reported_at AT TIME ZONE 'America/New_York') = p.year
        WHERE p.measure = 'burglary' AND NOT p.is_total GROUP BY ALL
        """
    )
    assert len(counted) > 10 and (counted["published"] == counted["recorded"]).all()
    short = truth["crimes"]["published"]
    larceny = store.read(
        """
        SELECT p.agency, p.year, p.offenses AS published, coalesce(sum(i.offense_count), 0) AS recorded
        FROM published_counts p
        LEFT JOIN incidents i ON i.agency = p.agency AND i.offense LIKE '23%'
             AND year(i.reported_at AT TIME ZONE 'America/New_York') = p.year
        WHERE p.measure = 'larceny' AND NOT p.is_total GROUP BY ALL
        """
    )
    different = larceny[larceny["published"] != larceny["recorded"]]
    assert different["agency"].tolist() == [f"{short['agency']} (SIMULATED)"]
    assert different["year"].tolist() == [2024]


def test_loading_again_changes_nothing(store: Store, county: SimulatedCounty, receipts: dict) -> None:
    files = county.by_profile()
    for profile in ("simulated_city_rms", "simulated_beacon_monthly", "simulated_hotlist_flock"):
        receipt = load(store, profile, list(files[profile]))
        assert (receipt.new, receipt.changed, receipt.removed) == (0, 0, 0), profile
