"""What a receipt says of values that cannot be read, of records without a number, and of its own counts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_connectors import LoadReceipt, Profile, Store, load
from data_connectors.profile import ProfileError
from data_connectors.readers import LoadError

COMPOSITE = '[write]\nkey = ["incident_id", "offense_raw"]\n\n[columns]'


def unread(receipt: LoadReceipt) -> dict[str, tuple[int, str]]:
    """Column to how many could not be read and where the first stands."""
    told = (re.match(r"([\d,]+) \w+ could not be read, blanks not counted: (\w+) \((first: .*)\)$", note)
            for note in receipt.notes)  # fmt: skip
    return {found[2]: (int(found[1].replace(",", "")), found[3]) for found in told if found}


def test_a_time_and_a_place_that_cannot_be_read_are_told_apart_from_blanks(town) -> None:
    rows = (town.row(1) + town.row(2, when="") + town.row(3, when="13/45/2019") + town.row(4, when="soon")
            + town.row(5, lat="") + town.row(6, lat="abc"))  # fmt: skip
    receipt = load(None, town.profile, town.file("may.csv", rows), dry_run=True)
    assert unread(receipt) == {
        "occurred_from": (2, "first: may.csv, line 4, column 'When': '13/45/2019'"),
        "lat": (1, "first: may.csv, line 7, column 'Lat': 'abc'"),
    }
    assert receipt.time_quality["missing"] == 3 and receipt.locations["missing"] == 2
    assert receipt.rejected == {}
    assert "2 times could not be read" in str(receipt) and "1 coordinate could not be read" in str(receipt)


def test_files_without_such_values_say_nothing_of_them(town) -> None:
    rows = town.row(1) + town.row(2, when="", lon="", lat="")
    receipt = load(None, town.profile, town.file("may.csv", rows), dry_run=True)
    assert unread(receipt) == {}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from(["good", "blank", "bad"]), min_size=1, max_size=19))
def test_as_many_are_counted_as_there_are_and_the_first_is_the_first(town, used: Store, kinds: list[str]) -> None:
    said = {"good": "03/01/2025 10:00", "blank": "", "bad": "31/31/2025"}
    rows = "".join(town.row(number, when=said[kind]) for number, kind in enumerate(kinds))
    found = unread(load(used, town.profile, town.file("any.csv", rows), dry_run=True))
    if "bad" not in kinds:
        assert found == {}
    else:
        count, first = found["occurred_from"]
        assert count == kinds.count("bad") and f"line {kinds.index('bad') + 2}," in first


def test_the_end_of_a_span_and_projected_coordinates_are_looked_at_too(town) -> None:
    text = (Path(town.folder) / "town.toml").read_text()
    text = text.replace('lon = "Lon"\nlat = "Lat"', 'x = "Lon"\ny = "Lat"\ncrs = "EPSG:2260"\nmissing = [0]')
    until = '[time.occurred_to]\ncolumn = "Month"\nformats = ["%m/%d/%Y %H:%M"]\n\n[location]'
    text = text.replace("[location]", until)
    profile = town.variant("projected", text)
    rows = (town.row(1, lon="650000", lat="1000000", month="03/02/2025 11:00") + town.row(2, lon="0", lat="0", month="")
            + town.row(3, lon="east", lat="1000000", month="2025-99"))  # fmt: skip
    found = unread(load(None, profile, town.file("xy.csv", rows), dry_run=True))
    assert found == {
        "occurred_to": (1, "first: xy.csv, line 4, column 'Month': '2025-99'"),
        "lon": (1, "first: xy.csv, line 4, column 'Lon': 'east'"),
    }


def test_of_plate_reads_and_hotlists_the_place_is_named_and_not_the_value(tmp_path: Path) -> None:
    reads = tmp_path / "reads.csv"
    reads.write_text("plate,read_time,camera,lat,lon\nABC1234,2026-05-01T10:00:00Z,c1,secret99,-73.9\n"
                     "ABC1235,2026-05-01T10:00:00Z,c1,,\n")  # fmt: skip
    receipt = load(None, "plate_reads_csv", reads, dry_run=True)
    assert [where for _, where in unread(receipt).values()] == ["first: reads.csv, line 2, column 'lat'"]
    hotlist = Profile.parse("""
title = "A list"
table = "hotlist_entries"
source = "list"
timezone = "America/New_York"
columns = {plate_raw = "Plate", list_name = {constant = "stolen"}}
[time.expires_at]
column = "Until"
formats = ["%m/%d/%Y"]
""")
    entries = tmp_path / "list.csv"
    entries.write_text("Plate,Until\nABC1234,12/31/2026\nABC1235,ABC1235\nABC1236,\n")
    receipt = load(None, hotlist, entries, dry_run=True)
    assert unread(receipt) == {"expires_at": (1, "first: list.csv, line 3, column 'Until'")}
    assert "secret99" not in str(receipt) + receipt.to_json() and "ABC12" not in str(receipt) + receipt.to_json()


def test_records_without_a_number_are_counted_and_kept_each(town, store: Store) -> None:
    profile = town.variant("composite", town.profile.text.replace("[columns]", COMPOSITE))
    rows = town.rows(range(40)) + town.row("", address="1 Oak St") + town.row("", address="2 Oak St")
    receipt = load(store, profile, town.file("may.csv", rows))
    assert receipt.new == 42 and receipt.rejected == {}
    assert any(note.startswith("2 rows without incident_id: identity is the whole row") for note in receipt.notes)
    again = load(store, profile, town.file("may.csv", rows))
    assert (again.new, again.unchanged) == (0, 42)
    numbered = load(store, profile, town.file("june.csv", town.rows(range(50, 60))))
    assert not any("without incident_id" in note for note in numbered.notes)


def test_a_feed_without_numbers_is_not_told_so_in_every_receipt(town) -> None:
    receipt = load(None, town.monthly, town.file("may.csv", town.row("")), dry_run=True)
    assert not any("without incident_id" in note for note in receipt.notes)


def test_rows_made_of_columns_are_said_to_be(tmp_path: Path) -> None:
    profile = Profile.parse("""
title = "Counts"
table = "published_counts"
source = "counts"
[columns]
publisher = {constant = "State"}
agency = "Agency"
year = {number = "Year"}
is_total = {constant = false}
measure = "Measure"
offenses = {number = "Offenses"}
[unpivot]
columns = ["Murder", "Rape"]
name = "Measure"
value = "Offenses"
""")
    path = tmp_path / "counts.csv"
    path.write_text("Agency,Year,Murder,Rape\nA,2024,1,2\nB,2024,0,\n")
    receipt = load(None, profile, path, dry_run=True)
    assert receipt.read == 3
    assert "2 rows of the files became 3, one for each filled column of 2" in str(receipt)


def test_a_shapefile_in_utf_8_is_not_said_to_be_something_else(shared: Path) -> None:
    receipt = load(None, "tiger_roads", shared / "data/dutchess_tiger_2024/tl_2024_36027_roads.shp", dry_run=True)
    assert receipt.files[0].encoding == "utf-8" and not any("UTF-8" in note for note in receipt.notes)


def test_one_row_is_one_row(town) -> None:
    receipt = load(None, town.duplicates_last(), town.file("may.csv", town.row(1) * 2), dry_run=True)
    assert "repeated  1 row of" in str(receipt) and "1 rows" not in str(receipt)


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_open_time_zone_loads_nothing(town, used: Store, contents, dry_run: bool) -> None:
    before = [len(table) for table in contents(used)]
    profile = town.variant("open", town.profile.text.replace("America/New_York", "?"))
    with pytest.raises(LoadError, match=r'timezone = "\?".*Write the zone into it, e.g. timezone = "America/New_York"'):
        load(used, profile, town.file("good.csv", town.row(10)), dry_run=dry_run)
    assert [len(table) for table in contents(used)] == before


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("atlanta_cobr", "atlanta_cobra"), ("stlouis", "stlouis_slmpd"), ("montgomery", "montgomery_911")],
)
def test_a_mistyped_profile_gets_its_nearest_and_not_the_whole_list(typed: str, meant: str) -> None:
    with pytest.raises(ProfileError, match=f"did you mean '{meant}'") as error:
        Profile.named(typed)
    assert len(str(error.value)) < 250 and "rtcc profile list" in str(error.value)


def test_a_shrinking_reload_is_told_what_it_would_remove_before_how_to_force_it(town, store: Store) -> None:
    load(store, town.monthly, town.file("whole.csv", town.rows(range(100))))
    with pytest.raises(LoadError) as error:
        load(store, town.monthly, town.file("part.csv", town.rows(range(10))))
    told = str(error.value)
    assert "replaces its whole month: rows that these files lack would be removed" in told
    assert told.index("column that numbers the records") < told.index("--allow-shrink")


def test_plate_reads_under_a_header_that_says_only_time(tmp_path: Path) -> None:
    reads = tmp_path / "reads.csv"
    reads.write_text("plate,time,camera\nABC1234,2026-05-01T10:00:00Z,c1\n")
    receipt = load(None, "plate_reads_csv", reads, dry_run=True)
    assert receipt.new == 1 and receipt.time_rules == {"as_given": 1}
    reads.write_text("plate,time,camera\nABC1234,10:00:00,c1\n")
    with pytest.raises(LoadError, match="captured_at: fits none of the formats"):
        load(None, "plate_reads_csv", reads, dry_run=True)


def test_a_file_whose_times_cannot_be_read_does_not_take_the_good_ones(town, used: Store) -> None:
    good = town.file("may.csv", "".join(town.row(number) for number in range(30)))
    load(used, town.profile, good)
    changed = town.file("again.csv", "".join(town.row(number, when="garbage") for number in range(30)))
    with pytest.raises(LoadError, match="occurred_from of 30 of 30 rows could not be read, more than the 5%") as error:
        load(used, town.profile, changed)
    assert "again.csv, line 2, column 'When': 'garbage'" in str(error.value)
    assert used.read("SELECT count(occurred_from) AS n FROM incidents")["n"].item() == 30


def test_refused_rows_are_kept_though_nothing_else_is_new_and_kept_once(town, used: Store) -> None:
    rows = "".join(town.row(number) for number in range(30))
    load(used, town.profile, town.file("may.csv", rows))
    ragged = town.file("june.csv", rows + "too,few\n")
    receipt = load(used, town.profile, ragged)
    assert receipt.unchanged == 30 and receipt.load_id is not None
    [kept] = used.read("SELECT file_name, line FROM rejects").to_dict("records")
    assert kept == {"file_name": "june.csv", "line": 32}
    assert load(used, town.profile, ragged).load_id is None
    used.undo(receipt.load_id)
    assert used.read("SELECT count(*) AS n FROM incidents")["n"].item() == 30
