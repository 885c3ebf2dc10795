"""What is planted in the simulated county is found, and none of its decoys is."""

from __future__ import annotations

import json

import pytest

from data_connectors.store.ledger import Ledger
from rtcc_analytics.lpr import companions, hotlists, places
from rtcc_analytics.lpr import search as history
from rtcc_analytics.lpr.leads import LEAD_ONLY, LprError


def span(simulated) -> dict[str, str]:
    return {"start": simulated.start, "end": simulated.end}


def test_convoys_stand_out_and_no_decoy_does(simulated, sightings) -> None:
    for members in simulated.plates("convoys"):
        found = companions.travels_with(sightings, plate=members[0], **span(simulated))
        assert set(found.rows.loc[found.rows["stands_out"], "plate"]) == set(members[1:])
    for members in simulated.plates("decoys"):
        found = companions.travels_with(sightings, plate=members[0], **span(simulated))
        assert not found.rows["stands_out"].any()


def test_the_burglars_car_is_the_only_one_that_stands_out(simulated, sightings) -> None:
    crimes = places.places_of(simulated.crimes)
    found = places.at_places(sightings, crimes, **span(simulated), radius_m=4000)
    [[car]] = simulated.plates("series_vehicles")
    assert found.rows.loc[found.rows["stands_out"], "plate"].tolist() == [car]
    assert found.rows["matched"].max() == len(simulated.truth["series_vehicles"][0]["crimes_seen"])
    near = places.at_places(sightings, crimes, **span(simulated), radius_m=1000)
    assert "have no reader within 1,000 m" in near.notes[0]


def test_every_planted_read_of_a_plate_is_in_its_history(simulated, sightings) -> None:
    for wanted in simulated.truth["wanted"]:
        if wanted["kind"] in ("stolen", "retro", "expired"):
            found = history.history(sightings, plate=wanted["plates"][0]["plate"], **span(simulated))
            assert found.rows["reads"].sum() == len(wanted["reads"][0])
    parked = simulated.truth["parked"][0]
    found = history.history(sightings, plate=parked["plates"][0]["plate"], **span(simulated)).rows
    assert found["parked"].sum() <= 3 and found.loc[found["parked"], "camera_id"].unique().tolist() == [
        parked["reader"]
    ]
    assert found["reads"].max() > 20


def test_wildcards_and_parts_find_the_plate_among_others(simulated, sightings) -> None:
    plate = simulated.plates("convoys")[0][0]
    for pattern, partial in (
        (plate[:3] + "*", False),
        ("?" + plate[1:], False),
        (plate[2:6], True),
        (plate.lower(), False),
    ):
        found = history.history(sightings, plate=pattern, partial=partial, **span(simulated)).rows["plate"]
        assert plate in set(found)
    assert set(history.history(sightings, plate="?" + plate[1:], **span(simulated)).rows["plate"].str[1:]) == {
        plate[1:]
    }


def test_wanted_plates_hit_as_planted(simulated, sightings) -> None:
    exact = hotlists.hotlist_matches(sightings, **span(simulated))
    retro = hotlists.hotlist_matches(sightings, **span(simulated), retro=True)
    similar = hotlists.hotlist_matches(sightings, **span(simulated), similar=True)
    for wanted in simulated.truth["wanted"]:
        listed, kind = wanted["entries"][0]["plate"], wanted["kind"]
        own = exact.rows[exact.rows["listed"] == listed]
        in_force = len(wanted["reads_in_force"]) * len(wanted["entries"])
        if kind in ("swapped", "look_alike"):
            assert own.empty
            near = similar.rows[similar.rows["listed"] == listed]
            assert (near["match"] == "similar").all() and not near["stands_out"].any() and len(near) >= 4
        elif kind == "other_state":
            assert (own["region_match"] == "differs").sum() >= len(own) - 1 and not own.loc[
                own["region_match"] == "differs", "stands_out"
            ].any()
        else:
            assert own["reads"].sum() == in_force, kind
        if kind == "retro":
            assert retro.rows.loc[retro.rows["listed"] == listed, "reads"].sum() == len(wanted["reads"][0])
    assert "5 passages of expired entries are left out." in exact.notes
    assert (exact.rows["action"] == "verify before stop").all()


def test_the_mistyped_entry_is_found_by_likelihood(simulated, sightings) -> None:
    [wanted] = [w for w in simulated.truth["wanted"] if w["kind"] == "swapped"]
    found = history.search_similar(sightings, plate=wanted["entries"][0]["plate"], **span(simulated))
    assert wanted["plates"][0]["plate"] in set(found.rows["plate"])
    assert (found.chance["expected"] < 0.1).all() and found.details["serials"].is_monotonic_increasing


def test_misread_plates_lead_back_to_the_plate(simulated, sightings) -> None:
    """Reads of a convoy that were misread: the true plate is among the candidates for what was read."""
    true = simulated.plates("convoys")[3][0]
    found = history.search_similar(sightings, plate=true, **span(simulated), most_cost=4.0)
    assert found.rows["plate"].iloc[0] == true
    by_likelihood = found.rows.loc[~found.rows["is_candidate"], "cost"]
    assert by_likelihood.is_monotonic_increasing and (by_likelihood <= 4.0).all()


def test_hygiene_finds_what_was_planted(simulated, sightings) -> None:
    faults = hotlists.hotlist_hygiene(sightings, on=simulated.end)
    entries = {w["kind"]: w["entries"][0]["plate"] for w in simulated.truth["wanted"]}
    for kind, fault in (("expired", "expired"), ("no_case", "no_case"), ("twice_listed", "duplicate")):
        assert entries[kind] in set(faults.loc[faults["fault"] == fault, "plate"])
    allowed = hotlists.hotlist_hygiene(sightings, on=simulated.end, allowed=["stolen vehicle"])
    assert (allowed.loc[allowed["fault"] == "category_not_allowed", "category"] != "Stolen Vehicle").all()


def test_every_search_is_in_the_ledger_and_says_lead_only(simulated, sightings, capsys) -> None:
    before = len(Ledger(simulated.store._place, 5).rows())
    plate = simulated.plates("convoys")[0][0]
    found = history.history(sightings, plate=plate, **span(simulated))
    [row] = Ledger(simulated.store._place, 5).rows()[before:]
    assert row["case_no"] == "SIMULATED-1" and "lpr history" in json.loads(row["query_params"])["sql"]
    assert (found.to_frame()["statement"] == LEAD_ONLY).all()
    assert LEAD_ONLY in repr(found) and plate not in repr(found) and plate not in str(found)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (lambda s: history.history(s, plate="A*", start="2025-11-01", end="2025-11-02"), "at least 2"),
        (lambda s: history.history(s, plate="ABC", start="2025-11-02", end="2025-11-02"), "not after its start"),
        (lambda s: history.history(s, plate="ABC", start="soon", end="2025-11-02"), "no time"),
        (
            lambda s: history.history(s, plate="ABC", start="2025-11-01", end="2025-11-02", timezone="Mars"),
            "no time zone",
        ),
        (lambda s: companions.travels_with(s, plate="ΑΒΓ", start="2025-11-01", end="2025-11-02"), "no letter A-Z"),
        (
            lambda s: companions.travels_with(s, plate="ABC", start="2025-11-01", end="2025-11-02", window_s=0),
            "window_s=0",
        ),
        (lambda s: places.at_places(s, [], start="2025-11-01", end="2025-11-02"), "0 places"),
        (
            lambda s: places.at_places(
                s, [places.Place(0, 0, "2025-11-01", "2025-11-01")], start="2025-11-02", end="2025-11-09"
            ),
            "not within",
        ),
        (
            lambda s: places.at_places(
                s, [places.Place(0, 0, "2025-11-05", "2025-11-05")], start="2025-11-02", end="2025-11-09"
            ),
            "no reader within",
        ),
        (
            lambda s: history.search_similar(s, plate="ABC", start="2025-11-01", end="2025-11-02", most_cost=9),
            "outside 0 to 4.6",
        ),
    ],
)
def test_bad_questions_say_what_to_give(sightings, search, message: str) -> None:
    with pytest.raises(LprError, match=message):
        search(sightings)
