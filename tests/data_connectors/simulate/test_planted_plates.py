"""What is planted among the plate reads is there, and convoys differ from their decoys as stated."""

from __future__ import annotations

from typing import Any

import pandas as pd


def test_convoys_travel_together_on_several_days_and_decoys_do_not(truth: dict[str, Any]) -> None:
    plates = truth["plates"]
    assert all(c["together"]["days"] >= 3 and c["together"]["readers"] >= 4 for c in plates["convoys"])
    platoons = [d for d in plates["decoys"] if d["kind"] == "platoon"]
    assert all(d["together"]["days"] <= 1 for d in platoons)
    assert sum(d["together"]["readers"] >= 2 for d in platoons) >= 3


def test_convoys_use_several_routes_and_routine_decoys_one(truth: dict[str, Any]) -> None:
    for convoy in truth["plates"]["convoys"]:
        assert len({(t["from"], t["to"]) for t in convoy["trips"]}) == len(convoy["trips"])
    assert sum(d["kind"] == "routine" for d in truth["plates"]["decoys"]) == 6


def test_cloned_plates_are_in_two_places_at_once(truth: dict[str, Any]) -> None:
    for clone in truth["plates"]["cloned_plates"]:
        assert len({p["plate"] for p in clone["plates"]}) == 1
        assert len(clone["impossible"]) >= 3


def test_parked_cars_are_read_again_and_again_by_one_reader(truth: dict[str, Any], true_reads: pd.DataFrame) -> None:
    for parked in truth["plates"]["parked"]:
        own = true_reads.loc[parked["reads"][0]]
        still = own[own["kind"] == "parked"]
        assert len(still) >= 20 and set(still["camera_id"]) == {parked["reader"]}


def test_the_burglars_car_passes_near_all_but_one_crime(truth: dict[str, Any]) -> None:
    [car] = truth["plates"]["series_vehicles"]
    [series] = [s for s in truth["crimes"]["series"] if s["series_id"] == car["series"]]
    assert len(car["crimes_seen"]) == len(series["records"]) - 1
    assert len(car["reads"][0]) >= 2 * len(car["crimes_seen"])


def test_wanted_vehicles_are_seen_while_listed_except_where_planted_otherwise(truth: dict[str, Any]) -> None:
    wanted = {w["kind"]: w for w in truth["plates"]["wanted"]}
    assert wanted["expired"]["reads_in_force"] == []
    assert len(wanted["twice_listed"]["entries"]) == 2
    assert 0 < len(wanted["retro"]["reads_in_force"]) <= len(wanted["retro"]["reads"][0])
    listed, true = wanted["swapped"]["entries"][0]["plate"], wanted["swapped"]["plates"][0]["plate"]
    assert listed != true and sorted(listed) == sorted(true)
    assert wanted["look_alike"]["driver"] not in wanted["look_alike"]["vehicles"]


def test_misreads_are_as_frequent_as_counted(truth: dict[str, Any], true_reads: pd.DataFrame) -> None:
    assert true_reads["misread"].sum() == truth["plates"]["readers"]["misread"]
    assert 0.02 < true_reads["misread"].mean() < 0.06


def test_one_reader_is_silent_for_its_outage(truth: dict[str, Any], true_reads: pd.DataFrame) -> None:
    assert truth["plates"]["readers"]["outage"]["reader"] in set(true_reads["camera_id"])
    assert true_reads["camera_id"].nunique() == 37
