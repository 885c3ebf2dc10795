"""Where a search must not be fooled: parked vehicles, stray positions, one incident told twice, days cut off."""

from __future__ import annotations

import pandas as pd
import pytest

from data_connectors import Purpose
from rtcc_analytics.lpr import LprError, Place, at_places, hotlist_matches, places_of, travels_with

ZONE = "America/New_York"
SPAN = {"start": "2025-10-20", "end": "2025-11-03"}


def read(plate: str, camera: str, at: str, *, lon: float = -73.9, lat: float = 41.7) -> dict[str, object]:
    return {"plate": plate, "camera_id": camera, "captured_at": pd.Timestamp(at, tz=ZONE), "lon": lon, "lat": lat}


def frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    return table.assign(captured_at=table["captured_at"].dt.tz_convert("UTC").dt.as_unit("us"))


def days(number: int) -> list[str]:
    return [f"{d:%Y-%m-%d}" for d in pd.date_range("2025-10-21", periods=number)]


def parked(plate: str, day: str) -> list[dict[str, object]]:
    return [read(plate, "c1", f"{day} 09:{m:02d}") for m in range(30, 60, 5)] + [read(plate, "c1", f"{day} 10:00:20")]


def test_matches_made_while_parked_count_for_no_chance_either(in_memory) -> None:
    rows = [read("TARGET1", "c1", f"{day} 10:00") for day in days(7)]
    rows += [one for day in days(5) for one in parked("PARKED1", day)]
    rows += [read("PARKED1", "c1", f"{day} 10:00:20") for day in days(7)[5:]]
    found = travels_with(in_memory(frame(rows)), plate="TARGET1", **SPAN)
    [row] = found.rows.to_dict("records")
    assert (row["plate"], row["matched"], row["stands_out"]) == ("PARKED1", 2, False)
    assert found.chance["matched"].tolist() == [2] and found.chance["vehicles"].tolist() == [1]


def test_a_companion_is_not_crowded_out_by_parked_vehicles(in_memory) -> None:
    rows = [read("TARGET1", "c1", f"{day} 10:00") for day in days(5)]
    rows += [one for n in range(230) for day in days(5) for one in parked(f"P{n:03d}", day)]
    rows += [read("FRIEND1", "c1", f"{day} 10:00:15") for day in days(3)]
    found = travels_with(in_memory(frame(rows)), plate="TARGET1", **SPAN)
    assert found.rows["plate"].tolist() == ["FRIEND1"] and found.chance["vehicles"].tolist() == [1, 1]


def test_one_incident_told_twice_is_one_place(in_memory) -> None:
    reads = in_memory(frame([read("AAA1111", "c1", "2025-10-22 21:05"), read("BBB2222", "c1", "2025-10-28 12:00")]))
    same = [Place(-73.9, 41.7, f"2025-10-22 21:0{n}", f"2025-10-22 21:0{n}", str(n)) for n in range(3)]
    found = at_places(reads, same, **SPAN, min_places=1)
    [row] = found.rows.to_dict("records")
    assert (row["matched"], row["places"], row["reads"]) == (1, 1, 1) and not row["stands_out"]
    assert found.notes == ("2 of 3 places share a reader and hours with another, and count as one with it.",)
    assert at_places(reads, same, **SPAN, min_places=2).rows.empty


def test_an_incident_of_two_offenses_is_one_place() -> None:
    rows = pd.DataFrame({"incident_id": ["A", "A", "B"], "lon": -73.9, "lat": 41.7, "occurred_from": "2025-10-22"})
    assert [place.name for place in places_of(rows.assign(offense=["23A", "240", "220"]))] == ["A", "B"]
    assert len(places_of(rows.drop(columns="incident_id"))) == 3


def test_one_stray_position_does_not_make_a_reader_a_car(in_memory) -> None:
    rows = [read("AAA1111", "c1", f"{day} 21:05") for day in ("2025-10-22", "2025-10-24")]
    rows += [read("OTHER11", "c1", f"{day} 12:00") for day in days(12)]
    rows += [read("OTHER11", "c1", "2025-10-22 13:00", lat=41.71)]
    places = [Place(-73.9, 41.7, f"{day} 21:00", f"{day} 21:10") for day in ("2025-10-22", "2025-10-24")]
    found = at_places(in_memory(frame(rows)), places, **SPAN, radius_m=300)
    assert found.rows["plate"].tolist() == ["AAA1111"] and found.notes == ()


def test_a_reader_stands_where_it_stood_that_day_and_a_car_is_named(in_memory) -> None:
    rows = [read("AAA1111", "c1", "2025-10-22 21:05"), read("AAA1111", "c1", "2025-10-29 21:05", lat=41.7035)]
    rows += [read(f"CCC{n}", "car", f"2025-10-22 2{n}:00", lat=41.7 + n / 50) for n in range(4)]
    places = [Place(-73.9, 41.7, "2025-10-22 21:00", "2025-10-22 21:10", "before the move"),
              Place(-73.9, 41.7035, "2025-10-29 21:00", "2025-10-29 21:10", "after")]  # fmt: skip
    found = at_places(in_memory(frame(rows)), places, **SPAN, radius_m=300)
    assert found.rows["matched"].tolist() == [2]
    assert found.notes == ("Left out, because they did not stand in one place: car.",)


def test_a_reader_that_read_nothing_is_a_slip_of_the_pen(in_memory) -> None:
    place = Place(-73.9, 41.7, "2025-10-22 21:00", "2025-10-22 21:10", cameras=("C1",))
    with pytest.raises(LprError, match="no reader 'C1' read anything"):
        at_places(in_memory(frame([read("AAA1111", "c1", "2025-10-22 21:05")])), [place], **SPAN)


def test_a_window_beyond_the_period_is_no_day_without_a_match(in_memory) -> None:
    """Every night at the same hour: whatever part of the nights the period shows, nobody stands out."""
    nights = [f"{d:%Y-%m-%d}" for d in pd.date_range("2025-10-25", "2025-11-14")]
    rows = [read(f"N{n:03d}", "c1", f"{night} 00:05:{n:02d}") for night in nights for n in range(20)]
    place = Place(-73.9, 41.7, "2025-11-06 00:05", "2025-11-06 00:05", cameras=("c1",))
    for start, end in (("2025-11-05 23:30", "2025-11-07"), ("2025-11-05", "2025-11-08"), ("2025-10-27", "2025-11-14")):
        found = at_places(in_memory(frame(rows)), [place], start=start, end=end, min_places=1)
        assert len(found.rows) == 20 and not found.rows["stands_out"].any()


def test_a_passage_that_runs_into_an_entry_is_a_hit(store_of) -> None:
    """Parked from ten in the evening, listed at midnight, still there in the morning."""
    moments = pd.date_range("2025-11-04 22:00", periods=60, freq="10min")
    rows = [read("WANTED1", "c1", f"{at:%Y-%m-%d %H:%M}") for at in moments]
    listed = pd.DataFrame({
        "list_name": ["L"], "plate": ["WANTED1"], "region": [None], "category": ["STOLEN"], "case_number": ["S-1"],
        "issued_at": pd.to_datetime(["2025-11-05 05:00"], utc=True).as_unit("us"),
        "expires_at": pd.to_datetime([None], utc=True).as_unit("us"),
    })  # fmt: skip
    store = store_of(frame(rows), L=listed)
    with store.sightings(Purpose("test", "T-1")) as session:
        found = hotlist_matches(session, start="2025-11-01", end="2025-11-06")
    assert found.rows["validity"].tolist() == ["in_force"]
