"""A profile drafted for a file never seen before: right on real files, honest about what it does not know."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_connectors.errors import RtccError
from data_connectors.profile import Profile
from data_connectors.readers import LoadError
from data_connectors.suggest import suggest
from data_connectors.suggest.times import hours_are_local, look_at_times


def drafted(path: Path, table: str | None = None) -> tuple[Profile, str]:
    suggestion = suggest(path, table=table)
    profile = Profile.parse(suggestion.toml)
    assert profile.table.name == suggestion.table
    return profile, suggestion.toml


def source_of(profile: Profile, column: str) -> tuple[str, ...]:
    return profile.layouts[0].columns[column].columns


def time_of(profile: Profile, column: str) -> tuple:
    spec = profile.layouts[0].times[column]
    return (*spec.columns, spec.clock, spec.stamped)


def place_of(profile: Profile) -> tuple[str, str]:
    location = profile.layouts[0].location
    return location.lon.columns[0], location.lat.columns[0]


def test_atlanta(shared: Path) -> None:
    profile, _ = drafted(shared / "data/atlanta_cobra_2019/COBRA-2019.csv")
    assert profile.table.name == "incidents"
    assert source_of(profile, "incident_id") == ("Report Number",)
    assert source_of(profile, "offense") == ("UCR Literal",)
    assert time_of(profile, "occurred_from") == ("Occur Date", "Occur Time", "local")
    assert time_of(profile, "occurred_to") == ("Possible Date", "Possible Time", "local")
    assert profile.layouts[0].times["occurred_from"].clock_digits
    assert profile.layouts[0].times["occurred_from"].formats[0] == "%m/%d/%Y %H:%M"
    assert time_of(profile, "reported_at")[0] == "Report Date"
    assert place_of(profile) == ("Longitude", "Latitude")
    assert profile.timezone == "America/New_York"
    walk = profile.crosswalks["offense"].exact
    assert (walk["LARCENY-FROM VEHICLE"], walk["LARCENY-NON VEHICLE"], walk["AUTO THEFT"]) == ("23F", "23H", "240")


def test_washington_hours_are_seen_to_be_local(shared: Path) -> None:
    profile, toml = drafted(shared / "data/dc_mpd_crime/Crime_Incidents_in_2019.csv")
    assert profile.table.name == "incidents"
    # CCN repeats in four rows; OCTO_RECORD_ID is the identifier that tells every row apart and outlives a new export.
    assert source_of(profile, "incident_id") == ("OCTO_RECORD_ID",)
    assert time_of(profile, "occurred_from") == ("START_DATE", None, "utc_letter_but_local")
    assert time_of(profile, "occurred_to")[0] == "END_DATE"
    assert time_of(profile, "reported_at")[0] == "REPORT_DAT"
    assert place_of(profile) == ("LONGITUDE", "LATITUDE")
    assert profile.crosswalks["offense"].exact["THEFT F/AUTO"] == "23F"
    assert "marked UTC" in toml


def test_chicago(shared: Path) -> None:
    profile, _ = drafted(shared / "data/chicago_2017_2019_rcrimeanalysis/chicago_crimes_25k.csv")
    assert profile.table.name == "incidents"
    assert source_of(profile, "incident_id")[0] in ("id", "case_number")
    assert source_of(profile, "offense_raw") == ("iucr",)
    assert time_of(profile, "occurred_from") == ("date", None, "local")
    assert profile.layouts[0].times["occurred_from"].formats == ("%m/%d/%Y %H:%M",)
    assert place_of(profile) == ("longitude", "latitude")
    assert profile.timezone == "America/Chicago"


@pytest.mark.parametrize("month", ["23-10", "23-12", "23-3"])
def test_san_antonio_takes_the_time_that_kept_its_half_of_the_day(shared: Path, month: str) -> None:
    profile, _ = drafted(shared / f"data/sapd_cfs_raw/{month}.csv")
    assert profile.table.name == "calls"
    assert source_of(profile, "call_id") == ("IncidentNumber",)
    assert source_of(profile, "call_type") == ("ProblemType",)
    assert time_of(profile, "received_at") == ("ResponseDate", None, "epoch_ms")
    assert place_of(profile) == ("LON", "LAT")


def test_baltimore(shared: Path) -> None:
    profile, _ = drafted(shared / "data/camera_registries/baltimore_CCTV_Locations.csv")
    assert profile.table.name == "cameras"
    assert source_of(profile, "camera_id") == ("ID",)
    assert source_of(profile, "name") == ("CameraName",)
    assert time_of(profile, "listed_at") == ("ListedDate", None, "local")
    assert place_of(profile) == ("Longitude", "Latitude")
    assert "address" not in profile.layouts[0].columns, "POINT (lat lon) is no address"


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("camera_registries/seattle_sdot_cameras.json", "cameras"),
        ("alpr_camera_locations_deflock/dutchess_subset.json", "cameras"),
        ("memphis_sfhotspot/memphis_robberies.csv", "incidents"),
        ("memphis_sfhotspot/memphis_population.csv", "population"),
        ("montgomery_pa_911/911_a.zip", "calls"),
        ("ny_census/ny_tract2020_popcenters.csv", "population"),
        ("ny_census/ny_block_group2010_popcenters.csv", "population"),
        ("ny_dcjs_index_crimes/Index_Crimes_by_County_and_Agency__Beginning_1990_20250906.csv", "published_counts"),
        ("ny_dcjs_index_crimes/Annual_Population_Estimates_for_New_York_State_and_Counties__Beginning_1970_20250907.csv",
         "population"),
        ("dutchess_tiger_2024/tl_2024_36027_roads.shp", "streets"),
        ("dutchess_tiger_2024/dutchess_county.gpkg", "areas"),
        ("ny_geography/dutchess_places_tiger2019.geojson", "areas"),
        ("stlouis_slmpd_raw/2008-2015/January2013.csv", "incidents"),
        ("stlouis_slmpd_raw/2008-2015/December2013.CSV", "incidents"),
        ("shotspotter_dc/shotspotter.csv", "incidents"),
    ],
)  # fmt: skip
def test_every_shared_file_finds_its_table_and_the_draft_parses(shared: Path, path: str, table: str) -> None:
    profile, _ = drafted(shared / "data" / path)
    assert profile.table.name == table


def test_st_louis_takes_offenses_back_and_says_that_its_coordinates_have_no_crs(shared: Path) -> None:
    suggestion = suggest(shared / "data/stlouis_slmpd_raw/2008-2015/December2013.CSV")
    profile = Profile.parse(suggestion.toml)
    assert source_of(profile, "offense_count") == ("Count",)
    assert profile.layouts[0].location is None
    assert any("projected" in told for told in suggestion.unsure)


def written(path: Path, header: str, *rows: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\r\n".join([header, *rows]).encode(encoding))
    return path


def test_what_is_personal_is_dropped_by_header_and_by_value(tmp_path: Path) -> None:
    path = written(
        tmp_path / "calls.csv",
        "Call No,Nature,Received,Caller Name,CB,Pass Word,Key4,DOB,Mail",
        *(f"{n},ALARM,1/2/2026 13:{n:02d},Ann Invented,845-555-01{n:02d},hunter2,123-45-67{n:02d},1/1/1980,"
          f"a{n}@example.org" for n in range(30)),
    )  # fmt: skip
    suggestion = suggest(path)
    profile = Profile.parse(suggestion.toml)
    assert profile.table.name == "calls"
    assert set(profile.drop) == {"Caller Name", "CB", "Pass Word", "Key4", "DOB", "Mail"}
    told = suggestion.toml + suggestion.preview.to_csv()
    assert not any(secret in told for secret in ("Invented", "555-01", "hunter2", "123-45", "example.org"))


def test_plate_reads_of_no_known_vendor(tmp_path: Path) -> None:
    path = written(
        tmp_path / "reads.txt",
        "Tag;ST;Read Time;Reader;Conf;Lat;Long",
        *(f"ABC{n}234;NY;2026-01-02T03:0{n}:00Z;North {n};9{n};41.7{n};-73.9{n}" for n in range(8)),
    )
    suggestion = suggest(path)
    profile = Profile.parse(suggestion.toml)
    assert profile.table.name == "plate_reads"
    assert source_of(profile, "plate_raw") == ("Tag",)
    assert source_of(profile, "camera_id") == ("Reader",)
    assert profile.layouts[0].columns["confidence"].scale == 0.01
    assert time_of(profile, "captured_at") == ("Read Time", None, "offset")
    assert "ABC" not in suggestion.toml, "a draft quotes no plate"


def test_a_hotlist_is_no_list_of_reads(tmp_path: Path) -> None:
    path = written(
        tmp_path / "list.csv", "Plate,State,Alert,Case Number,Expiry Date",
        "ABC1234,NY,Stolen,26-1,12/31/2026", "XYZ9876,NJ,Amber,26-2,12/31/2026",
    )  # fmt: skip
    profile, _ = drafted(path)
    assert profile.table.name == "hotlist_entries"
    assert time_of(profile, "expires_at")[0] == "Expiry Date"


def test_exchanged_headers_are_noticed(tmp_path: Path) -> None:
    path = written(
        tmp_path / "cams.csv", "Camera ID,Camera Name,Longitude,Latitude",
        *(f"{n},Gate {n},41.7{n},-73.9{n}" for n in range(9)),
    )  # fmt: skip
    suggestion = suggest(path)
    assert place_of(Profile.parse(suggestion.toml)) == ("Latitude", "Longitude")
    assert any("each other's headers" in told for told in suggestion.unsure)


@pytest.mark.parametrize(
    ("cells", "formats"),
    [
        (["13/02/2026", "28/02/2026"], ("%d/%m/%Y",)),
        (["02/13/2026", "02/28/2026"], ("%m/%d/%Y",)),
        (["02/13/26 1:05 PM", "02/28/26 11:05 AM"], ("%m/%d/%y %I:%M %p",)),
        (["20260213", "20260228"], ("%Y%m%d",)),
        (["13-Feb-2026 13:05:06"], ("%d-%b-%Y %H:%M:%S",)),
        (["2026-02"], ("iso",)),
    ],
)
def test_formats_are_told_apart(cells: list[str], formats: tuple[str, ...]) -> None:
    assert look_at_times(cells).formats == formats


def test_day_and_month_that_cannot_be_told_apart_are_said(tmp_path: Path) -> None:
    rows = ("ALARM,02/03/2026,115,1", "FIRE,04/05/2026,2,2")
    path = written(tmp_path / "calls.csv", "Call Type,Call Date,Call Time,ID", *rows)
    suggestion = suggest(path)
    assert any("day and month exchanged" in told for told in suggestion.unsure)
    assert time_of(Profile.parse(suggestion.toml), "received_at") == ("Call Date", "Call Time", "local")


@given(
    at=st.lists(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2030, 1, 1)), min_size=3, max_size=30),
    format=st.sampled_from(["%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y%m%d", "%m/%d/%Y %I:%M %p", "%d-%b-%Y"]),
)
def test_a_format_found_reads_every_value_it_was_found_in(at: list[dt.datetime], format: str) -> None:
    values = [moment.strftime(format) for moment in at]
    look = look_at_times(values)
    assert look is not None
    assert all(dt.datetime.strptime(value, look.formats[0]) for value in values)


@pytest.mark.parametrize("seed", range(5))
def test_local_and_utc_hours_are_told_apart_by_the_night(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = np.array([5, 4, 3, 2, 1.5, 1.5, 2, 3, 4, 5, 5, 5, 6, 6, 6, 7, 8, 8, 8, 7, 7, 7, 6, 6])
    local = rng.choice(24, 2000, p=weights / weights.sum())
    assert hours_are_local(local.tolist(), -74.0) is True
    assert hours_are_local(((local + 5) % 24).tolist(), -74.0) is False
    assert hours_are_local(rng.integers(0, 24, 2000).tolist(), -74.0) is None


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_encodings_and_awkward_headers_give_a_draft_that_parses(tmp_path: Path, encoding: str) -> None:
    path = written(
        tmp_path / "2026 – Füße.csv", 'Case "No",Offense\\Type,Straße,Date Occurred',
        '1,THEFT "A\\B",Weg,1/31/2026 10:00', encoding=encoding,
    )  # fmt: skip
    profile, _ = drafted(path, "incidents")
    assert profile.layouts[0].times["occurred_from"].columns == ("Date Occurred",)


def test_nested_json_is_understood(tmp_path: Path) -> None:
    reads = [{"event": {"plate": f"ABC{n}234", "score": 0.9}, "camera": {"id": f"c{n}", "lat": 41.7, "lon": -73.9},
              "timestamp": f"2026-01-02T03:0{n}:00Z"} for n in range(6)]  # fmt: skip
    (tmp_path / "reads.json").write_text(json.dumps(reads))
    profile, _ = drafted(tmp_path / "reads.json")
    assert profile.table.name == "plate_reads"
    assert source_of(profile, "plate_raw") == ("event.plate",)
    assert place_of(profile) == ("camera.lon", "camera.lat")


def test_refusals_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(RtccError, match="no table 'crimes'; there are: incidents"):
        suggest(written(tmp_path / "a.csv", "a,b", "1,2"), table="crimes")
    with pytest.raises(LoadError, match="no rows below the header"):
        suggest(written(tmp_path / "b.csv", "a,b"))
    with pytest.raises(LoadError, match="no such file"):
        suggest(tmp_path / "none.csv")
