"""Each fault planted in clean records is found, with its numbers; clean records give no finding."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data_connectors.errors import RtccError
from rtcc_analytics.quality import Finding, QualityReport, assess

AS_OF = datetime(2024, 1, 1, 12, tzinfo=UTC)


def only(report: QualityReport, check: str) -> Finding:
    """The finding of `check`; it is the only finding there is."""
    assert [f.check for f in report.findings] == [check], str(report)
    return report.findings[0]


def test_clean_records_give_no_finding(plant, incidents, calls) -> None:
    store = plant(incidents=incidents, calls=calls)
    assert assess(store, as_of=AS_OF).findings == ()
    assert assess(store, table="calls", as_of=AS_OF).findings == ()


def test_empty_table_gives_no_finding_and_no_error(plant) -> None:
    for table in ("incidents", "calls", "cameras"):
        report = assess(plant(), table=table, as_of=AS_OF)
        assert report.findings == () and report.measures.empty


def test_unknown_table_names_the_possible_ones(plant) -> None:
    with pytest.raises(RtccError, match="plate_reads.*incidents, calls, cameras"):
        assess(plant(), table="plate_reads")


def test_centroid_of_many_streets_is_stacked(plant, incidents) -> None:
    incidents.loc[:299, ["lon", "lat"]] = (-73.92, 41.70)
    finding = only(assess(plant(incidents=incidents), as_of=AS_OF), "stacked_points")
    point = finding.details.iloc[0]
    assert finding.severity == "serious"
    assert (point["lon"], point["lat"], point["records"]) == (-73.92, 41.70, 300)
    assert point["share"] == pytest.approx(300 / 4000)
    assert "centroid" in point["why"] and point["streets"] > 100


def test_headquarters_is_named_with_its_address(plant, incidents) -> None:
    incidents.loc[:29, ["lon", "lat", "address"]] = (-73.92, 41.70, "62 Civic Center Plz Police Headquarters")
    finding = only(assess(plant(incidents=incidents), as_of=AS_OF), "stacked_points")
    assert finding.severity == "warning"
    assert "Police Headquarters" in finding.what and "institution" in finding.details["why"].iloc[0]


def test_busy_address_is_a_note_since_it_can_be_true(plant, incidents) -> None:
    incidents.loc[:79, ["lon", "lat", "address"]] = (-73.92, 41.70, "2001 South Rd")
    finding = only(assess(plant(incidents=incidents), as_of=AS_OF), "stacked_points")
    assert finding.severity == "note" and finding.details["streets"].tolist() == [1]


def test_apartments_of_one_building_are_not_a_centroid(plant, incidents) -> None:
    incidents.loc[:29, ["lon", "lat"]] = (-73.92, 41.70)
    incidents.loc[:29, "address"] = [f"12 Tower Ln Apt {i}" for i in range(30)]
    assert assess(plant(incidents=incidents), as_of=AS_OF).findings == ()


def test_missing_coordinates_are_counted_by_offense(plant, incidents) -> None:
    gone = incidents.index[incidents["offense"] == "13A"][:400]
    incidents.loc[gone, ["lon", "lat"]] = np.nan
    incidents.loc[gone, "location_quality"] = "missing"
    finding = only(assess(plant(incidents=incidents), as_of=AS_OF), "without_coordinates")
    assert (finding.seen, finding.severity) == (400, "warning")
    assert finding.details["kind"].tolist() == ["13A"]


def test_swapped_and_outside_marked_by_loading_are_counted(plant, incidents) -> None:
    incidents.loc[:6, "location_quality"] = "swapped"
    incidents.loc[7:9, ["location_quality", "lon", "lat"]] = ("outside", 0.0, 0.0)
    report = assess(plant(incidents=incidents), as_of=AS_OF)
    assert {(f.check, f.seen) for f in report.findings} == {("swapped_coordinates", 7), ("outside_bounds", 3)}


def test_exchange_that_loading_could_not_see_is_found(plant, incidents) -> None:
    incidents.loc[:4, ["lon", "lat"]] = incidents.loc[:4, ["lat", "lon"]].to_numpy(copy=True)
    finding = only(assess(plant(incidents=incidents), as_of=AS_OF), "far_from_the_rest")
    assert finding.seen == 5 and "5 would fall inside" in finding.what and finding.severity == "serious"


def test_rounded_coordinates_are_coarse(plant, incidents) -> None:
    incidents[["lon", "lat"]] = incidents[["lon", "lat"]].round(3)
    assert only(assess(plant(incidents=incidents), as_of=AS_OF), "coarse_coordinates").seen == 1


def test_midnight_heap_is_found_and_noon_is_not(plant, incidents) -> None:
    day = incidents.loc[:199, "occurred_local"].dt.normalize()
    incidents.loc[:199, "occurred_local"] = day
    finding = only(assess(plant(incidents=incidents), as_of=AS_OF), "midnight_heaping")
    assert finding.seen >= 200 and finding.expected < 10


def test_hours_rounded_everywhere_are_no_heap(plant, incidents) -> None:
    incidents["occurred_local"] = incidents["occurred_local"].dt.floor("h")
    assert assess(plant(incidents=incidents), as_of=AS_OF).findings == ()


def test_first_of_month_heap_names_the_offense_behind_it(plant, incidents) -> None:
    rows = incidents.index[(incidents["offense"] == "240") & (incidents["occurred_local"].dt.month > 1)][:150]
    incidents.loc[rows, "occurred_local"] = (
        incidents.loc[rows, "occurred_local"].dt.to_period("M").dt.start_time + pd.Timedelta(hours=9, minutes=7))
    finding = only(assess(plant(incidents=incidents), as_of=AS_OF), "first_of_month_heaping")
    assert finding.details["kind"].iloc[0] == "240"
    assert finding.details["excess"].iloc[0] == pytest.approx(150, abs=10)


def in_parts(incidents, last_day: int):
    """The feed as one that is handed over with the first days of each month only."""
    return incidents[incidents["occurred_local"].dt.day <= last_day].reset_index(drop=True)


def test_first_days_of_each_month_are_no_heap_and_no_drop(plant, many) -> None:
    many = in_parts(many, 5)
    many = many[many["occurred_local"].dt.strftime("%Y-%m") != "2023-11"]
    report = assess(plant(incidents=many), as_of=AS_OF)
    assert not report.of("first_of_month_heaping") and not report.of("new_year_heaping")
    assert not report.of("volume_drop")
    (said,) = (u.why for u in report.unchecked if u.check == "volume_drop")
    assert re.match(r"records on 1[12]\d of 70\d days", said)  # reports of the last minutes of a fifth are of the sixth


def test_a_heap_is_found_also_where_only_some_days_are_held(plant, many) -> None:
    many = in_parts(many, 5)
    later = many.index[(many["occurred_local"].dt.month > 1) & (many["occurred_local"].dt.day == 4)]
    many.loc[later, "occurred_local"] = (
        many.loc[later, "occurred_local"].dt.to_period("M").dt.start_time + pd.Timedelta(hours=9, minutes=7))
    report = assess(plant(incidents=many), as_of=AS_OF)
    (finding,) = report.of("first_of_month_heaping")
    assert finding.seen / finding.expected == pytest.approx(2, rel=0.1)  # two days' records on one


def test_nothing_but_firsts_cannot_be_judged_and_that_is_said(plant, many) -> None:
    report = assess(plant(incidents=in_parts(many, 1)), as_of=AS_OF)
    assert not report.of("first_of_month_heaping")
    whys = {u.check: u.why for u in report.unchecked}
    assert "22 such day(s) and 0 of days 2 to 28" in whys["first_of_month_heaping"]


def test_a_feed_that_ended_before_the_first_day_asked_for_is_named(plant, incidents) -> None:
    ended = incidents.assign(source="old")[incidents["occurred_local"] < "2022-06-01"]
    tables = plant(incidents=pd.concat([incidents, ended], ignore_index=True))
    report = assess(tables, since=datetime(2023, 1, 1, tzinfo=UTC), as_of=AS_OF)
    assert report.measures["source"].tolist() == ["beats"]
    assert [(u.source, u.check, u.why) for u in report.unchecked if u.check == "every check"] == [
        ("old", "every check", "no row since 2023-01-01; the newest is of 2022-05-31")]
    nothing = assess(tables, since=datetime(2025, 1, 1, tzinfo=UTC), as_of=AS_OF)
    assert "nothing assessed" in str(nothing) and {u.source for u in nothing.unchecked} == {"beats", "old"}


def test_first_of_january_is_judged_apart(plant, incidents) -> None:
    rows = incidents.index[incidents["occurred_local"].dt.month == 1][:60]
    incidents.loc[rows, "occurred_local"] = pd.Timestamp("2023-01-01 10:11")
    assert only(assess(plant(incidents=incidents), as_of=AS_OF), "new_year_heaping").seen >= 60


def test_ranges_and_reversed_ranges(plant, incidents) -> None:
    incidents.loc[:999, "occurred_to"] += pd.Timedelta(hours=8)
    incidents.loc[:999, "time_quality"] = "range"
    incidents.loc[1000:1009, "time_quality"] = "reversed"
    report = assess(plant(incidents=incidents), as_of=AS_OF)
    assert {f.check for f in report.findings} == {"time_ranges", "reversed_ranges"}
    assert "8.0 h" in report.of("time_ranges")[0].what
    assert report.of("reversed_ranges")[0].seen == 10


def test_slow_reports_are_measured_on_followed_incidents(plant, incidents) -> None:
    slow = incidents.index[::3]
    incidents.loc[slow, "reported_at"] = incidents.loc[slow, "occurred_from"] + pd.Timedelta(days=10)
    known_by_new_year = incidents[incidents["reported_at"] < "2024-01-01T05:00Z"]
    report = assess(plant(incidents=known_by_new_year), as_of=AS_OF)
    finding = only(report, "reporting_lag")
    assert finding.seen == pytest.approx(2 / 3, abs=0.01)
    assert report.measures["known_28d"].iloc[0] == 1
    assert report.measures["lag_records"].iloc[0] < len(incidents) - 200


def test_lag_is_not_claimed_where_only_months_are_known(plant, incidents) -> None:
    local_month = incidents["occurred_local"].dt.to_period("M")
    incidents["reported_at"] = (local_month.dt.end_time.dt.floor("s").dt.tz_localize("Etc/GMT+5").dt.tz_convert("UTC"))
    incidents["reported_precision"] = "month"
    report = assess(plant(incidents=incidents), as_of=AS_OF)
    assert report.findings == ()
    assert [u.why for u in report.unchecked if u.check == "reporting_lag"] == [
        "only the month of the report is known, so no lag in days can be measured"]


def test_reports_before_the_event_are_found(plant, incidents) -> None:
    incidents.loc[:99, "reported_at"] = incidents.loc[:99, "occurred_from"] - pd.Timedelta(hours=5)
    assert only(assess(plant(incidents=incidents), as_of=AS_OF), "reported_before_it_happened").seen == 100


def test_a_missing_month_file_is_a_drop_and_a_gap(plant, incidents) -> None:
    gone = incidents["occurred_local"].dt.strftime("%Y-%m") == "2023-04"
    report = assess(plant(incidents=incidents[~gone]), as_of=AS_OF)
    assert {f.check for f in report.findings} == {"volume_drop", "days_without_records"}
    gap = report.of("days_without_records")[0].details.iloc[0]
    assert (gap["first"], gap["days"]) == (pd.Timestamp("2023-04-01"), 30)
    months = [f for f in report.of("volume_drop") if f.unit == "records a month"][0].details
    assert months["start"].tolist() == [pd.Timestamp("2023-04-01")]


def test_feed_that_stopped_is_late(plant, incidents) -> None:
    report = assess(plant(incidents=incidents), as_of=datetime(2024, 1, 20, tzinfo=UTC))
    assert only(report, "feed_late").seen == 20


def test_unknown_offenses_come_with_their_codes(plant, incidents) -> None:
    incidents.loc[:59, ["offense", "offense_raw", "offense_description"]] = ("unknown", "99-ZZ", "LITTERING")
    finding = only(assess(plant(incidents=incidents), as_of=AS_OF), "unknown_offenses")
    assert finding.details[["kind_raw", "rows"]].values.tolist() == [["99-ZZ", 60]]


def test_takings_back_are_matched_to_what_added_them(plant, incidents) -> None:
    back = incidents.loc[:9].copy()
    back["offense_count"] = -1
    lone = incidents.loc[10:13].copy().assign(offense_count=-1, offense="290", offense_raw="290")
    both = pd.concat([incidents, back, lone], ignore_index=True)
    finding = only(assess(plant(incidents=both), as_of=AS_OF), "takings_back_unmatched")
    assert finding.seen == 4 and "14 rows" in finding.what


def _load(load_id: int, columns: list[str]) -> dict:
    return {"load_id": load_id, "loaded_at": pd.Timestamp("2024-01-01", tz="UTC"), "loaded_by": "analyst",
            "table_name": "incidents", "source": "beats", "profile": "beats 1",
            "receipt": json.dumps({"columns_seen": columns})}


def test_schema_drift_and_rejects(plant, incidents) -> None:
    loads = pd.DataFrame([_load(1, ["id", "date", "place"]), _load(2, ["id", "place", "unit"])])
    rejects = pd.DataFrame({"load_id": 2, "source": "beats", "file_name": "a.csv", "file_hash": "f",
                            "line": range(2, 102), "column_name": "date", "reason": "no date can be read", "raw": "{}"})
    report = assess(plant(incidents=incidents, loads=loads, rejects=rejects), as_of=AS_OF)
    assert {f.check for f in report.findings} == {"schema_drift", "rejects"}
    assert "gone: date; new: unit" in report.of("schema_drift")[0].what
    assert report.of("rejects")[0].details[["reason", "rows"]].values.tolist() == [["no date can be read", 100]]


def _published(measure: str, offenses: int, *, months: int = 12, year: int = 2022) -> dict:
    return {"publisher": "State", "county": "Beats", "agency": "Beats Police Department", "is_total": False,
            "year": year, "months_reported": months, "measure": measure, "offenses": offenses,
            "source": "state", "file_hash": "f", "line": 1, "load_id": 1, "row_hash": 1}


def test_totals_stand_beside_the_published_ones(plant, incidents) -> None:
    in_2022 = incidents[incidents["occurred_local"].dt.year == 2022]
    burglaries = int((in_2022["offense"] == "220").sum())
    thefts = int((in_2022["offense"] == "240").sum())
    published = pd.DataFrame([_published("burglary", burglaries), _published("motor_vehicle_theft", thefts * 2)])
    report = assess(plant(incidents=incidents, published_counts=published), as_of=AS_OF)
    finding = only(report, "published_counts")
    assert finding.details["measure"].tolist() == ["motor_vehicle_theft"]
    assert report.published.set_index("measure")["own"].to_dict() == pytest.approx(
        {"burglary": burglaries, "motor_vehicle_theft": thefts}, abs=2)


def test_cameras_are_checked_for_places_only(plant) -> None:
    rng = np.random.default_rng(1)
    cameras = pd.DataFrame({"camera_id": [f"k{i}" for i in range(100)], "lon": -73.9 + rng.normal(0, 0.02, 100),
                            "lat": 41.7 + rng.normal(0, 0.02, 100), "location_quality": "as_given",
                            "source": "registry", "file_hash": "f", "line": range(100), "load_id": 1,
                            "row_hash": range(100)})
    cameras.loc[:9, ["lon", "lat"]] = np.nan
    report = assess(plant(cameras=cameras.astype({"row_hash": "uint64"})), table="cameras", as_of=AS_OF)
    assert only(report, "without_coordinates").seen == 10


def test_one_source_and_a_start_narrow_the_scope(plant, incidents) -> None:
    other = incidents.assign(source="other", location_quality="swapped")
    store = plant(incidents=pd.concat([incidents, other], ignore_index=True))
    assert assess(store, source="beats", as_of=AS_OF).findings == ()
    half = assess(store, source="other", since=datetime(2023, 1, 1), as_of=AS_OF)
    assert half.measures["source"].tolist() == ["other"]
    assert half.of("swapped_coordinates")[0].seen == int((incidents["occurred_from"] >= "2023-01-01").sum())


def test_report_reads_in_a_terminal_and_as_a_table(plant, incidents) -> None:
    incidents.loc[:6, "location_quality"] = "swapped"
    report = assess(plant(incidents=incidents), as_of=AS_OF)
    assert report.worst == "warning"
    assert report.to_frame()["check"].tolist() == ["swapped_coordinates"]
    text = str(report)
    assert "4,000 rows of 1 source(s); 1 warning" in text and "do: " in text and "not checked" in text
