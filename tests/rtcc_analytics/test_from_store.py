"""Rows become events through a real store: local dates, zones, coverage, -1 rows, areas, streets."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from data_connectors.store import Store
from rtcc_analytics.events import EventsError
from rtcc_analytics.from_store import (
    ReadError,
    read_areas,
    read_events,
    read_occurrences,
    read_streets,
    read_study_area,
    read_weather,
)
from rtcc_analytics.hotspots import counts
from rtcc_analytics.temporal import compare_periods, day_hour_table
from rtcc_analytics.units import Grid

COUNTY = shapely.box(-74.0, 41.5, -73.6, 42.0)
BEACON = shapely.box(-73.99, 41.48, -73.94, 41.53)
BOOKKEEPING = {"file_hash": "f", "load_id": 1, "row_hash": 0, "window_key": None}


def incidents(rows: list[dict], source: str = "county", zone: str = "America/New_York") -> pd.DataFrame:
    usual = {"agency": "County", "incident_id": None, "offense": "220", "offense_raw": "BURG", "offense_count": 1,
             "local": "2024-03-05 10:00", "told": "2024-03-06 09:00", "reported_precision": "instant",
             "time_quality": "exact", "time_rule": "assumed", "lon": -73.9, "lat": 41.7, "location_quality": "as_given",
             "address": "1 MAIN ST", "domestic": None, "source": source} | BOOKKEEPING
    frame = pd.DataFrame([usual | row for row in rows])
    local = pd.to_datetime(frame.pop("local"), format="ISO8601")
    frame["occurred_local"] = local
    frame["occurred_from"] = frame["occurred_to"] = local.dt.tz_localize(zone).dt.tz_convert("UTC")
    frame["reported_at"] = pd.to_datetime(frame.pop("told"), format="ISO8601").dt.tz_localize(zone).dt.tz_convert("UTC")
    return frame.assign(line=np.arange(len(frame)) + 2, domestic=frame["domestic"].astype("boolean"))


def areas() -> pd.DataFrame:
    return pd.DataFrame([
        {"area_id": "36027", "kind": "county", "name": "Dutchess", "geometry": COUNTY.wkb},
        {"area_id": "05100", "kind": "city", "name": "Beacon", "geometry": BEACON.wkb},
        {"area_id": "B1", "kind": "beat", "name": "Beacon", "geometry": BEACON.wkb},
    ]).assign(source="areas", line=1, **BOOKKEEPING)


def streets() -> pd.DataFrame:
    lines = {"Main St": [(-73.97, 41.50), (-73.96, 41.50), (-73.95, 41.50)],
             "Elm St": [(-73.96, 41.50), (-73.96, 41.51)], "Far Rd": [(-80.0, 43.0), (-80.1, 43.0)]}
    return pd.DataFrame([{"street_id": name, "name": name, "geometry": shapely.LineString(line).wkb}
                         for name, line in lines.items()]).assign(source="roads", line=1, **BOOKKEEPING)


@pytest.fixture
def fill(tmp_path: Path):
    """`fill(incidents=frame, ...)` makes a real store of these rows."""

    def make(**tables: pd.DataFrame) -> Store:
        store = Store.create(str(tmp_path / "store"))
        with store.loading("records") as session:
            for name, frame in tables.items():
                session.register("planted", pa.Table.from_pandas(frame, preserve_index=False))
                sql = f"INSERT INTO {session.table(name)} BY NAME SELECT * FROM planted"
                session.commit(lambda s, sql=sql: s.run(sql))
                session.unregister("planted")
        return store

    return make


@pytest.fixture
def county(fill) -> Store:
    rng = np.random.default_rng(0)
    days = pd.date_range("2023-01-01", "2024-03-31 12:00", freq="12h")
    usual = [{"local": str(day), "told": str(day + pd.Timedelta("4h")), "lon": lon, "lat": lat, "incident_id": f"I{i}",
              "offense": code, "offense_raw": code}
             for i, (day, lon, lat, code) in enumerate(zip(days, rng.uniform(-73.99, -73.61, len(days)),
                                                           rng.uniform(41.51, 41.99, len(days)),
                                                           rng.choice(["220", "240", "11A"], len(days)), strict=True))]
    special = [
        {"incident_id": "taken", "local": "2024-02-01 08:00", "address": "3408 S SPRING AVE", "offense_raw": "51"},
        {"local": "2024-02-01 08:00", "address": "3408 SPRING", "offense_raw": "51", "offense_count": -1, "lon": None,
         "lat": None, "location_quality": "missing"},
        {"incident_id": "unplaced", "lon": None, "lat": None, "location_quality": "missing"},
        {"incident_id": "far", "lon": -73.0, "lat": 41.0, "location_quality": "outside"},
        {"incident_id": "beacon", "lon": -73.96, "lat": 41.5101, "local": "2024-03-02 23:30", "domestic": True},
        {"incident_id": "dated", "time_quality": "date_only", "local": "2024-03-03 00:00", "offense": "290"},
    ]
    return fill(incidents=incidents(usual + special), areas=areas(), streets=streets())


def test_the_county_is_the_ground_and_its_projection_and_zone_are_found(county: Store) -> None:
    study = read_study_area(county)
    assert (study.name, study.crs, study.timezone) == ("Dutchess", "EPSG:32115", "America/New_York")
    assert study.made_from == "the county Dutchess"


def test_sums_are_the_tables_own_and_maps_leave_out_what_has_no_place(county: Store) -> None:
    everything = read_occurrences(county)
    in_sql = county.read("SELECT sum(offense_count) AS n, count(*) AS rows FROM incidents")
    assert everything.total == in_sql["n"].iloc[0] and everything.size == in_sql["rows"].iloc[0]
    events = read_events(county)
    assert events.size == everything.size - 4 and (events.weights == 1).all()
    assert "taken" not in set(events.record_id) and "far" not in set(events.record_id)
    assert "1 rows take an offense back: 1 were left out with the row they cancel, 0 found no row to cancel" in (
        events.notes[0]
    )
    assert f"2 of {events.size + 2} records have no usable coordinates" in events.notes[1]


def test_start_and_end_are_local_dates_half_open(county: Store) -> None:
    day = read_occurrences(county, start="2024-03-02", end="2024-03-03")
    assert {"beacon"} < set(day.record_id) and day.size == 3
    assert set(day.local_day.astype(str)) == {"2024-03-02"}
    assert day.covered == (np.datetime64("2024-03-02T05:00"), np.datetime64("2024-03-03T05:00"))
    with pytest.raises(EventsError, match="empty"):
        read_occurrences(county, start="2024-03-02", end="2024-03-02")


def test_offenses_are_chosen_by_words_and_sensitive_ones_are_known(county: Store) -> None:
    rapes = read_events(county, offense="rape")
    assert set(rapes.offense) == {"11A"} and rapes.sensitive.all() and rapes.label == "rape"
    burglaries = read_events(county, offense=["burglary", "240"])
    assert set(burglaries.offense) == {"220", "240"} and burglaries.sensitive.sum() == 1      # the domestic one


def test_a_named_area_keeps_its_own_events_alone(county: Store) -> None:
    beacon = read_events(county, area="city:Beacon")
    assert "beacon" in set(beacon.record_id) and beacon.size < 60
    study = read_study_area(county, "05100")
    assert study.contains(beacon.x, beacon.y).all()
    counted = read_occurrences(county, area=study)
    assert counted.total == beacon.total and any("cannot be in Beacon" in note for note in counted.notes)


def test_unknown_and_ambiguous_areas_bring_the_names_there_are(county: Store) -> None:
    with pytest.raises(ReadError, match="beat:Beacon, city:Beacon"):
        read_study_area(county, "beacon")
    with pytest.raises(ReadError, match="did you mean 'Dutchess'"):
        read_study_area(county, "Duchess")
    with pytest.raises(EventsError, match="has sources: county"):
        read_events(county, source="nobody")


def test_coverage_is_the_days_for_which_there_were_reports(county: Store) -> None:
    covered = read_occurrences(county, offense="arson").covered
    assert covered == (np.datetime64("2023-01-01T05:00"), np.datetime64("2024-04-01T04:00"))
    table = compare_periods(read_occurrences(county), until="2024-04-01", windows=("7d",)).to_frame("last_year")
    assert table["current"].tolist() == [14] and table["same_period_last_year"].tolist() == [14]


def test_a_date_without_a_clock_is_spread_over_its_day(county: Store) -> None:
    table = day_hour_table(read_occurrences(county, offense="vandalism"))
    assert table.counts[6].tolist() == pytest.approx([1 / 24] * 24, rel=0.02)


def test_old_crimes_and_mistyped_years_do_not_stretch_coverage(fill) -> None:
    days = pd.date_range("2023-01-01", "2023-12-31", freq="8h")
    rows = [{"local": str(day), "told": None} for day in days]
    rows += [{"local": "1997-05-05", "told": None}, {"local": "2031-05-05", "told": None}]
    store = fill(incidents=incidents(rows))
    assert read_occurrences(store).covered == (np.datetime64("2023-01-01T05:00"), np.datetime64("2024-01-01T05:00"))


def test_monthly_reports_cover_their_whole_months(fill) -> None:
    rows = [{"local": f"2023-{month:02d}-15 12:00", "told": str(pd.Period(f"2023-{month:02d}").end_time.floor("s")),
             "reported_precision": "month"} for month in range(2, 12)]
    covered = read_occurrences(fill(incidents=incidents(rows))).covered
    assert covered == (np.datetime64("2023-02-01T05:00"), np.datetime64("2023-12-01T05:00"))


def monthly(first: int, last: int, **feed: str) -> pd.DataFrame:
    months = range(first, last + 1)
    return incidents([{"local": f"2024-0{m}-05 10:00", "told": f"2024-0{m}-06"} for m in months], **feed)


def test_feeds_of_two_zones_are_not_mixed(fill) -> None:
    store = fill(incidents=pd.concat([monthly(1, 7), monthly(1, 7, source="west", zone="America/Denver")]))
    with pytest.raises(EventsError, match=r"America/New_York \(county\).*America/Denver \(west\)"):
        read_occurrences(store)
    assert read_occurrences(store, source="west").timezone == "America/Denver"


def test_feeds_cover_the_days_they_share(fill) -> None:
    both = read_occurrences(fill(incidents=pd.concat([monthly(1, 7), monthly(3, 9, source="town")])))
    assert both.covered == (np.datetime64("2024-03-06T05:00"), np.datetime64("2024-07-07T04:00"))
    assert "county 2024-01-06 to 2024-07-06; town 2024-03-06 to 2024-09-06" in both.notes[0]


def test_feeds_that_share_no_day_say_so(fill) -> None:
    both = read_occurrences(fill(incidents=pd.concat([monthly(1, 3), monthly(5, 8, source="town")])))
    assert "they share none: choose one with source=" in both.notes[0]


def test_without_areas_a_footprint_is_drawn(fill) -> None:
    rng = np.random.default_rng(0)
    places = zip(rng.normal(-73.9, 0.02, 200), rng.normal(41.7, 0.02, 200), strict=True)
    study = read_study_area(fill(incidents=incidents([{"lon": lon, "lat": lat} for lon, lat in places])))
    assert study.made_from.startswith("footprint of 200 points") and study.name == "All records"


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="it has sources: none.*rtcc load"):
        read_study_area(Store.create(str(tmp_path / "empty")))


def test_streets_and_beats_come_projected_and_cut(county: Store) -> None:
    study = read_study_area(county, "city:Beacon")
    segments = read_streets(county, study)
    assert segments.labels.tolist() == ["Elm St", "Main St", "Main St"]
    assert segments.length_m.tolist() == pytest.approx([1111, 834, 834], rel=0.01)
    beats = read_areas(county, study, kind="beat")
    assert beats.labels.tolist() == ["Beacon"] and beats.area_m2[0] / 1e6 == pytest.approx(study.area_km2)
    with pytest.raises(ReadError, match="the store has: beat, city, county"):
        read_areas(county, study, kind="zone")


def test_events_and_units_of_one_study_fit(county: Store) -> None:
    study = read_study_area(county)
    surface = counts(read_events(county, area=study), Grid(study, cell_m=2000))
    assert surface.made_by["outside"] == 0 and surface.values.sum() == read_events(county, area=study).total


def weather(station: str, temperatures: list[float | None], source: str = "noaa") -> pd.DataFrame:
    return pd.DataFrame({
        "station": station, "date": pd.date_range("2024-01-01", periods=len(temperatures)).date,
        "temperature_max_c": [None if t is None else t + 5.0 for t in temperatures],
        "temperature_min_c": [None if t is None else t - 5.0 for t in temperatures],
        "precipitation_mm": [0.0, *[2.5] * (len(temperatures) - 1)], "source": source,
        "line": np.arange(len(temperatures)) + 2,
    }).assign(**BOOKKEEPING)


def test_weather_is_that_of_the_station_known_on_most_days_or_the_one_asked_for(fill) -> None:
    store = fill(weather_daily=pd.concat([weather("A", [1.0, 2.0, None]), weather("B", [None, 4.0, None, None])]))
    found = read_weather(store)
    assert (found.station, found.source) == ("A", "noaa")
    assert found.days.astype(str).tolist() == ["2024-01-01", "2024-01-02", "2024-01-03"]
    np.testing.assert_array_equal(found.temperature_c, [1.0, 2.0, np.nan])
    np.testing.assert_array_equal(found.precipitation_mm, [0.0, 2.5, 2.5])
    assert read_weather(store, station="B").days.size == 4
    with pytest.raises(ReadError, match="no weather of station 'C' is loaded; there is some of: A, B"):
        read_weather(store, station="C")


def test_the_station_known_on_the_days_that_matter_is_taken(fill) -> None:
    """One that closed long ago may have more days than the one that measures now."""
    closed = weather("CLOSED", [1.0] * 9).assign(date=pd.date_range("1990-01-01", periods=9).date)
    store = fill(weather_daily=pd.concat([closed, weather("OPEN", [1.0, 2.0])]))
    assert read_weather(store).station == "CLOSED"
    assert read_weather(store, start=date(2023, 1, 1), end=date(2024, 2, 1)).station == "OPEN"


def test_one_station_in_two_feeds_is_not_read_twice(fill) -> None:
    store = fill(weather_daily=pd.concat([weather("A", [1.0, 2.0]), weather("A", [9.0, 9.0, 9.0], source="other")]))
    assert read_weather(store).temperature_c.tolist() == [9.0, 9.0, 9.0]


def test_no_weather_loaded_is_none(fill) -> None:
    assert read_weather(fill()) is None


def test_a_station_that_never_measured_temperature_is_still_read(fill) -> None:
    assert np.isnan(read_weather(fill(weather_daily=weather("A", [None, None]))).temperature_c).all()
