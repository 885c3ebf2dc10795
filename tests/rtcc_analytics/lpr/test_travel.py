"""Between readers and over weeks: clones, trips, habits, outages and failing readers, as planted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rtcc_analytics import lpr


def span(simulated) -> dict[str, str]:
    return {"start": simulated.start, "end": simulated.end}


def reads_of(rows: list[tuple[str, str, str]], **columns: object) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["plate", "camera_id", "captured_at"])
    at = pd.to_datetime(table["captured_at"], utc=True, format="ISO8601").dt.as_unit("us")
    return table.assign(captured_at=at, confidence=0.9, region="NY", **columns)


def test_cloned_plates_are_found_and_every_other_jump_is_called_a_misread_or_two_states(simulated, sightings) -> None:
    found = lpr.impossible_travel(sightings, **span(simulated))
    clones = {members[0] for members in simulated.plates("cloned_plates")}
    assert set(found.rows.loc[found.rows["kind"] == "two vehicles", "plate"]) == clones
    assert (found.rows.loc[found.rows["kind"] == "two vehicles", "chance_vehicles"] < 0.5).all()


def test_a_jump_is_what_a_vehicle_cannot_drive_and_clocks_get_their_due(in_memory) -> None:
    at = {"c1": (-73.9, 41.6), "c2": (-73.9, 41.7)}  # 11.1 km apart
    rows = [("FAST", "c1", "2025-11-03T10:00Z"), ("FAST", "c2", "2025-11-03T10:02Z"),
            ("SLOW", "c1", "2025-11-03T10:00Z"), ("SLOW", "c2", "2025-11-03T10:08Z")]  # fmt: skip
    reads = reads_of(rows)
    reads["lon"], reads["lat"] = (reads["camera_id"].map({c: p[k] for c, p in at.items()}) for k in (0, 1))
    asked = in_memory(reads)
    week = {"start": "2025-11-03", "end": "2025-11-04"}
    assert lpr.impossible_travel(asked, **week, clock_tolerance_s=0).rows["plate"].tolist() == ["FAST"]
    assert lpr.impossible_travel(asked, **week, clock_tolerance_s=200).rows.empty
    assert set(lpr.impossible_travel(asked, **week, clock_tolerance_s=0, max_kmh=60).rows["plate"]) == {"FAST", "SLOW"}


def test_trips_begin_and_end_where_they_do(in_memory) -> None:
    rows = []
    for n in range(6):
        for k, camera in enumerate(("c1", "c2", "c3")):
            rows.append((f"V{n}00", camera, f"2025-11-03T1{n}:{10 * k:02d}:00Z"))
        rows.append((f"V{n}00", "c3", f"2025-11-03T1{n}:20:04Z"))
    rows += [("ALONE", "c1", "2025-11-03T10:00Z"), ("ALONE", "c2", "2025-11-03T10:30Z")]
    found = lpr.origin_destination(in_memory(reads_of(rows)), start="2025-11-03", end="2025-11-04")
    [row] = found.rows.to_dict("records")
    assert (row["origin"], row["destination"], row["trips"], row["vehicles"], row["median_s"]) == (
        "c1",
        "c3",
        6,
        6,
        1200,
    )
    legs = found.details.set_index(["from_camera", "to_camera"])
    assert legs.at[("c2", "c3"), "median_s"] == 600 and legs.at[("c1", "c2"), "vehicles"] == 7
    assert "1 pairs of readers with fewer than 5" in found.notes[0]


def test_the_outage_and_the_failing_reader_are_found_and_no_other(simulated, sightings) -> None:
    found = lpr.reader_performance(sightings, **span(simulated))
    planted = simulated.truth["readers"]
    assert found.outages["camera_id"].unique().tolist() == [planted["outage"]["reader"]]
    hours = planted["outage"]["to_hour"] - planted["outage"]["from_hour"]
    assert abs(found.outages["hours"].sum() - hours) < 8
    state = found.readers.set_index("camera_id")["state"]
    assert state[state == "losing confidence"].index.tolist() == [planted["decline"]["reader"]]
    assert (
        abs(np.average(found.readers["duplicate_share"], weights=found.readers["reads"]) - planted["duplicate_share"])
        < 0.01
    )


def test_habits_are_against_the_days_a_reader_worked(in_memory) -> None:
    rows = [("T111", "c1", f"2025-11-{d:02d}T13:00Z") for d in range(3, 13)]
    rows += [(f"X{d}{k}", "c1", f"2025-11-{d:02d}T1{k}:30Z") for d in range(3, 23) for k in range(9)]
    found = lpr.pattern_of_life(
        in_memory(reads_of(rows, lon=-73.9, lat=41.7)), plate="t111", start="2025-11-03", end="2025-12-03"
    )
    [row] = found.rows.to_dict("records")
    assert (row["days_seen"], row["days_watched"], row["share"], row["usual_hour"]) == (10, 20, 0.5, 8)
    assert 0.25 < row["share_low"] < 0.5 < row["share_high"] < 0.75
    assert any("c1 was silent" in note for note in found.notes)


def test_pattern_of_life_names_the_planted_outage(simulated, sightings) -> None:
    plate = simulated.plates("decoys")[0][0]
    found = lpr.pattern_of_life(sightings, plate=plate, **span(simulated))
    assert any(simulated.truth["readers"]["outage"]["reader"] in note for note in found.notes)
    assert found.rows["days_seen"].max() >= 10 and (found.details["weekday"].between(0, 6)).all()


def test_pairs_of_a_day_are_those_of_plain_loops(in_memory) -> None:
    rng = np.random.default_rng(3)
    seconds = rng.integers(0, 4000, 400)
    noon = pd.Timestamp("2025-11-03T12:00Z")
    rows = [(f"P{rng.integers(30):02d}", f"c{rng.integers(4)}", str(noon + pd.Timedelta(int(s), "s"))) for s in seconds]
    reads = reads_of(rows)
    found = lpr.convoys(in_memory(reads), start="2025-11-03", end="2025-11-04", min_readers=3)
    expected = {}
    for a in reads.itertuples():
        for b in reads.itertuples():
            if (
                a.plate < b.plate
                and a.camera_id == b.camera_id
                and abs((a.captured_at - b.captured_at).total_seconds()) <= 60
            ):
                expected.setdefault((a.plate, b.plate), set()).add(a.camera_id)
    assert {(r.plate, r.other): r.readers for r in found.rows.itertuples()} == {
        pair: len(c) for pair, c in expected.items() if len(c) >= 3
    }


def test_pairs_by_chance_are_as_many_as_expected_where_nobody_travels_together(in_memory) -> None:
    rng = np.random.default_rng(8)
    rows = []
    for v in range(400):
        leaves = rng.uniform(6, 22) * 3600
        route = rng.permutation(5)[:4]
        rows += [(f"V{v:03d}", f"c{c}", str(pd.Timestamp("2025-11-03T05:00Z") + pd.Timedelta(leaves + 180 * k, "s")))
                 for k, c in enumerate(route)]  # fmt: skip
    found = lpr.convoys(
        in_memory(reads_of(rows)), start="2025-11-03", end="2025-11-05", window_s=300, min_readers=2, draws=8
    )
    first = found.chance.iloc[0]
    assert first["vehicles"] > 60 and 0.8 < first["vehicles"] / first["expected"] < 1.25


def test_every_planted_convoy_trip_is_among_its_days_pairs(simulated, sightings) -> None:
    convoy = max(simulated.truth["convoys"], key=lambda c: max(t["readers"] for t in c["trips"]))
    trip = max(convoy["trips"], key=lambda t: t["readers"])
    day = pd.Timestamp(trip["depart_local"], unit="s").normalize()
    found = lpr.convoys(sightings, start=day, end=day + pd.Timedelta(2, "D"), min_readers=3)
    pairs = {frozenset(p) for p in zip(found.rows["plate"], found.rows["other"], strict=True)}
    assert frozenset(p["plate"] for p in convoy["plates"][:2]) in pairs
