"""Files as agencies send them: each loads right, or ends in a message that names file, place and remedy."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data_connectors import LoadReceipt, Store, load
from data_connectors.readers import LoadError

HEADER = "Case,Offense,Address,When,Lon,Lat,Month\n"
GOOD = HEADER + "1,BURGLARY,1 Main St,03/01/2025 10:00,-73.9,41.7,2025-03\n"


def cut_gzip() -> bytes:
    whole = gzip.compress((GOOD + "".join(f"{n},x,{n * 2654435761 % 4294967296},,,,\n" for n in range(2000))).encode())
    return whole[: len(whole) // 2]


REFUSED = {
    "empty.csv": (b"", ("empty.csv", "empty (0 bytes)", "export again")),
    "header.csv": (HEADER.encode(), ("header.csv", "no rows below its header", "export again")),
    "header_without_line_end.csv": (HEADER.strip().encode(), ("no rows below its header",)),
    "blank_lines.csv": (b"\n\n\n", ("blank_lines.csv", "no rows")),
    "binary.csv": (bytes(range(256)) * 40, ("binary.csv", "not text", "right file")),
    "workbook.csv": (b"PK\x03\x04" + bytes(200), ("workbook.csv", "Excel workbook", "spreadsheet")),
    "nul.csv": (GOOD.encode() + b"2,BURG\0LARY,,,,,\n", ("nul.csv, line 3", "NUL byte", "export it again")),
    "cut.csv.gz": (cut_gzip(), ("cut.csv.gz", "cut short", "export it again")),
    "quote.csv": (GOOD.encode() + b'2,"BURGLARY,a,b\n3,x,y\n', ("quote.csv, line 3", "never closed", "Close it")),
    "twice.csv": (GOOD.replace("Lat,", "Lon,").encode(), ("twice.csv, line 1, column 'Lon'", "two columns", "Rename")),
    "renamed.csv": (GOOD.replace("Address", "Adress").encode(),
                    ("renamed.csv, line 1, column 'Address'", "renamed to 'Adress'?", "Mend the profile")),
    "upper.csv": (GOOD.replace("Lat,", "LAT,").encode(), ("upper.csv, line 1, column 'Lat'", "renamed to 'LAT'?")),
    "missing.csv": (GOOD.replace(",Lat", "").replace(",41.7", "").encode(), ("missing.csv", "column 'Lat'", "profile")),
    "semicolons.csv": (GOOD.replace(",", "~").encode(), ("semicolons.csv", "is the delimiter right?")),
    "ragged.csv": (GOOD.encode() + b"2,BURGLARY\n3,BURGLARY,x\n",
                   ("2 of 3 rows", "ragged.csv, line 3: 2 fields where the header has 7", "Mend the file", "5%")),
}


def test_a_rename_is_guessed_among_the_columns_that_the_profile_does_not_use(town, used: Store) -> None:
    file = town.raw("lost.csv", GOOD.replace("Lat,", "Lo,").encode())
    with pytest.raises(LoadError, match="column 'Lat' is not in") as error:
        load(used, town.profile, [file])
    assert "renamed" not in str(error.value)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_file_place_and_remedy_and_writes_nothing(
    town, used: Store, contents: Callable, name: str
) -> None:
    data, said = REFUSED[name]
    good = town.file("good.csv", town.row(10))
    with pytest.raises(LoadError) as error:
        load(used, town.profile, [good, town.raw(name, data)])
    message = str(error.value)
    if name == "ragged.csv":
        said = ("2 of 4 rows", *said[1:])
    assert all(part in message for part in said), message
    assert "\n." not in message and str(town.folder) not in message
    assert [len(table) for table in contents(used)] == [1, 0, 1]  # incidents, rejects, loads


def test_a_header_alone_is_held_to_the_profile_and_optional_columns_may_be_absent(town, store: Store) -> None:
    short = HEADER.replace(",Address", "")
    with pytest.raises(LoadError, match="short.csv, line 1, column 'Address'"):
        load(store, town.profile, town.file("short.csv", "", short))
    lenient = town.variant("lenient", town.profile.text.replace("[columns]", 'optional = ["Address"]\n\n[columns]', 1))
    row = town.row(1).replace(",1 Main St", "")
    assert load(store, lenient, town.file("short.csv", row, short)).new == 1
    assert store.read("SELECT address FROM incidents").address.isna().all()


def test_no_file_and_no_such_file(town, store: Store) -> None:
    with pytest.raises(LoadError, match="Name at least one"):
        load(store, town.profile, [])
    with pytest.raises(LoadError, match="no such file. Check the path"):
        load(store, town.profile, town.folder / "nowhere.csv")
    with pytest.raises(LoadError, match="is a folder"):
        load(store, town.profile, town.folder)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_encodings_read_alike(town, store: Store, encoding: str) -> None:
    address = "Café – Ö, 3 Main St".replace(",", "")
    receipt = load(store, town.profile, town.file("may.csv", town.row(1, address=address), encoding=encoding))
    assert store.read("SELECT incident_id, address FROM incidents").values.tolist() == [["1", address]]
    name = "utf-16" if encoding.startswith("utf-16") else encoding
    expected = () if encoding.startswith("utf-8") else (f"1 file read as {name}, not UTF-8",)
    assert receipt.notes == expected


def test_a_few_ragged_rows_are_refused_counted_and_kept_aside(town, store: Store) -> None:
    rows = town.rows(range(1, 31)) + "31,BURGLARY\n" + town.rows(range(32, 52))
    receipt = load(store, town.profile, town.file("may.csv", rows))
    assert (receipt.read, receipt.new) == (51, 50)
    assert dict(receipt.rejected) == {"2 fields where the header has 7": 1}
    [reject] = store.read("SELECT file_name, line, reason, raw FROM rejects").values.tolist()
    assert reject[:3] == ["may.csv", 32, "2 fields where the header has 7"] and "31,BURGLARY" in reject[3]
    assert "1 rejected" in str(receipt) and "2 fields where the header has 7" in str(receipt)


def test_a_row_without_a_reporting_period_names_the_column(town, store: Store) -> None:
    rows = town.rows(range(40)) + town.row(40, month="soon")
    receipt = load(store, town.monthly, town.file("may.csv", rows))
    assert dict(receipt.rejected) == {"Month: tells no reporting period": 1}
    [reject] = store.read("SELECT line, column_name FROM rejects").values.tolist()
    assert reject == [42, "Month"]
    with pytest.raises(LoadError, match="bad.csv, line 2: Month: tells no reporting period"):
        load(store, town.monthly, town.file("bad.csv", town.row(1, month="soon")))


def test_refused_plate_rows_show_no_plate(town, store: Store) -> None:
    rows = "plate,captured_at,camera_id\nZZZ9990,2025-03-01T10:00:00Z\nZZZ9991,not a time,c1\n"
    with pytest.raises(LoadError) as error:
        load(store, "plate_reads_csv", town.raw("reads.csv", rows.encode()))
    message = str(error.value)
    assert "reads.csv, line 2" in message and "line 3: captured_at: fits none of the formats" in message
    assert "ZZZ" not in message and "not a time" not in message


def stored(store: Store, columns: str) -> dict[str, list]:
    frame = store.read(f"SELECT incident_id, {columns} FROM incidents")
    return {row[0]: row[1:] for row in frame.astype(str).values.tolist()}


def test_clocks_that_no_clock_shows(town, store: Store) -> None:
    """24:00 is the next day's midnight; the skipped hour moves on by one; the doubled hour is standard time."""
    rows = (town.row("midnight", when="03/01/2025 24:00") + town.row("skipped", when="03/09/2025 02:30")
            + town.row("doubled", when="11/02/2025 01:30") + town.row("plain"))
    receipt = load(store, town.profile, town.file("may.csv", rows))
    found = stored(store, "time_rule, occurred_local, timezone('UTC', occurred_from)")
    assert found["midnight"] == ["assumed", "2025-03-02 00:00:00", "2025-03-02 05:00:00"]
    assert found["skipped"] == ["nonexistent", "2025-03-09 03:30:00", "2025-03-09 07:30:00"]
    assert found["doubled"] == ["ambiguous", "2025-11-02 01:30:00", "2025-11-02 06:30:00"]
    assert dict(receipt.time_rules) == {"assumed": 2, "ambiguous": 1, "nonexistent": 1}
    assert receipt.zones == ("America/New_York",)


def test_the_period_is_on_the_local_clock(town, store: Store) -> None:
    receipt = load(store, town.profile, town.file("may.csv", town.row(1, when="03/31/2025 23:30")))
    assert "2025-03-31 to 2025-03-31" in str(receipt)
    reads = b"plate,captured_at,camera_id\nZZZ9990,2025-04-01T02:00:00Z,c1\n"
    receipt = load(store, "plate_reads_csv", town.raw("reads.csv", reads))  # this profile's zone is New York
    assert "2025-03-31 to 2025-03-31" in str(receipt)


def test_swapped_coordinates_are_put_right_and_counted(town, store: Store) -> None:
    rows = town.row("swapped", lon="41.7", lat="-73.9") + town.row("good") + town.row("away", lon="-90", lat="38")
    receipt = load(store, town.profile, town.file("may.csv", rows + town.row("none", lon="", lat="")))
    assert dict(receipt.locations) == {"as_given": 1, "missing": 1, "outside": 1, "swapped": 1}
    assert stored(store, "lon, lat, location_quality")["swapped"] == ["-73.9", "41.7", "swapped"]
    assert receipt.share_without_coordinates == 0.25


def test_an_unknown_offense_is_kept_and_counted(town, store: Store) -> None:
    rows = town.row(1, "BURGLARY") + town.row(2, "MOPERY") + town.row(3, "MOPERY")
    receipt = load(store, town.profile, town.file("may.csv", rows))
    assert dict(receipt.unknown_offenses) == {"MOPERY": 2} and receipt.new == 3
    assert stored(store, "offense, offense_raw")["2"] == ["unknown", "MOPERY"]


# Keys, windows, reloads ----------------------------------------------------------------------------------------------


def counts(receipt: LoadReceipt) -> tuple[int, int, int, int]:
    return receipt.new, receipt.changed, receipt.unchanged, receipt.removed


def test_rows_of_one_key_that_differ_are_refused_but_the_last(town, store: Store) -> None:
    rows = town.rows(range(40)) + town.row(7, when="03/02/2025 10:00") + town.row(8)
    receipt = load(store, town.profile, town.file("may.csv", rows))
    assert (receipt.read, receipt.new, receipt.repeated) == (42, 40, 1)
    assert dict(receipt.rejected) == {"incident_id: a later row of the same key differs; the last is kept": 1}
    assert stored(store, "occurred_local")["7"] == ["2025-03-02 10:00:00"]
    assert store.read("SELECT line, column_name FROM rejects").values.tolist() == [[9, "incident_id"]]


def test_a_feed_that_repeats_to_update_keeps_the_last_silently(town, store: Store) -> None:
    rows = town.row(7) + town.row(7, when="03/02/2025 10:00")
    receipt = load(store, town.duplicates_last(), town.file("may.csv", rows))
    assert (receipt.read, receipt.new, receipt.repeated, dict(receipt.rejected)) == (2, 1, 1, {})
    assert stored(store, "occurred_local")["7"] == ["2025-03-02 10:00:00"]


def test_the_last_row_wins_whatever_days_the_rows_are_of(town, store: Store) -> None:
    """An update may say an earlier day; joining rows to the days of their zone must not change which was last."""
    first = [town.row(number, when=f"03/{number:02}/2025 10:00") for number in range(28, 0, -1)]
    updates = [town.row(number, offense="ARSON", when=f"02/{number:02}/2025 10:00") for number in range(1, 29)]
    files = [town.file("z.csv", "".join(first + updates[:14])), town.file("a.csv", "".join(updates[14:]))]
    receipt = load(store, town.duplicates_last(), files)
    assert (receipt.new, receipt.repeated) == (28, 28)
    assert str(store.read("SELECT max(occurred_local) AS latest FROM incidents").latest[0]) == "2025-02-28 10:00:00"


def test_the_receipt_adds_up(town, store: Store) -> None:
    load(store, town.profile, town.file("one.csv", town.rows(range(30))))
    rows = town.rows(range(10)) + town.rows(range(10, 15), when="04/01/2025 10:00") + town.rows(range(30, 70))
    receipt = load(store, town.profile, town.file("two.csv", rows + town.row(69) + "1,2\n"))
    assert counts(receipt) == (40, 5, 10, 0) and receipt.repeated == 1
    total = receipt.new + receipt.changed + receipt.unchanged + receipt.skipped + receipt.repeated
    assert receipt.read == total + sum(receipt.rejected.values()) == 57
    assert store.read("SELECT count(*) AS n FROM incidents").n[0] == 70


def test_identical_rows_stay_and_a_window_is_replaced_alone(town, store: Store) -> None:
    march = town.row("a") * 3 + town.row("b")
    april = town.row("c", month="2025-04", when="04/01/2025 10:00")
    assert counts(load(store, town.monthly, town.file("all.csv", march + april))) == (5, 0, 0, 0)
    assert counts(load(store, town.monthly, town.file("again.csv", march))) == (0, 0, 4, 0)
    receipt = load(store, town.monthly, town.file("march.csv", town.row("a") * 2 + town.row("d") * 2))
    assert counts(receipt) == (2, 0, 2, 2)
    found = store.read("SELECT address, count(*) AS n FROM incidents GROUP BY 1 ORDER BY 1").values.tolist()
    assert found == [["a Main St", 2], ["c Main St", 1], ["d Main St", 2]]


def test_a_shrinking_month_is_refused_unless_allowed(town, store: Store, contents: Callable) -> None:
    load(store, town.monthly, town.file("march.csv", town.rows(range(100))))
    before = contents(store)
    less = town.file("less.csv", town.rows(range(79)))
    with pytest.raises(LoadError, match=r"100 rows for 2025-03.*leave 79.*80%.*--allow-shrink"):
        load(store, town.monthly, less)
    with pytest.raises(LoadError, match="--allow-shrink"):
        load(store, town.monthly, less, dry_run=True)
    assert all(was.equals(now) for was, now in zip(before, contents(store), strict=True))
    assert counts(load(store, town.monthly, less, allow_shrink=True)) == (0, 0, 79, 21)
    assert counts(load(store, town.monthly, town.file("most.csv", town.rows(range(64))))) == (0, 0, 64, 15)


def test_a_shrinking_register_is_refused_unless_allowed(town, store: Store) -> None:
    register = town.register()
    load(store, register, town.file("all.csv", town.rows(range(50))))
    few = town.file("few.csv", town.rows(range(20)))
    with pytest.raises(LoadError, match=r"holds 50 rows.*leave 20"):
        load(store, register, few)
    assert counts(load(store, register, few, allow_shrink=True)) == (0, 0, 20, 30)


def test_a_file_given_twice_is_read_once(town, store: Store) -> None:
    one, twin = (town.file(name, town.row("a") * 2) for name in ("one.csv", "copy.csv"))
    receipt = load(store, town.monthly, [one, twin, one])
    assert receipt.read == receipt.new == 2 and len(receipt.files) == 1
    assert receipt.notes == ("copy.csv is the same file as one.csv: read once",
                             "one.csv is the same file as one.csv: read once")


def test_the_same_again_writes_nothing(town, store: Store, contents: Callable) -> None:
    file = town.file("may.csv", town.rows(range(5)))
    load(store, town.profile, file)
    before, snapshot = contents(store), store.snapshot()
    again = load(store, town.profile, file)
    assert counts(again) == (0, 0, 5, 0) and again.load_id is None and "nothing written" in str(again)
    assert all(was.equals(now) for was, now in zip(before, contents(store), strict=True))
    assert store.read("SELECT count(*) AS n FROM incidents").n[0] == 5 and store.snapshot() >= snapshot


def test_a_dry_run_says_what_a_load_would_do_and_writes_nothing(town, store: Store, contents: Callable) -> None:
    load(store, town.profile, town.file("one.csv", town.rows(range(5))))
    before, snapshot = contents(store), store.snapshot()
    more = town.file("two.csv", town.rows(range(3, 9)))
    looked = load(store, town.profile, more, dry_run=True)
    assert looked.dry_run and looked.load_id is None and counts(looked) == (4, 0, 2, 0)
    assert store.snapshot() == snapshot
    assert all(was.equals(now) for was, now in zip(before, contents(store), strict=True))
    assert counts(load(store, town.profile, more)) == counts(looked)
    assert counts(load(None, town.profile, more, dry_run=True)) == (6, 0, 0, 0)
    with pytest.raises(LoadError, match="no store given"):
        load(None, town.profile, more)


def test_corrections_survive_reloads(town, store: Store) -> None:
    load(store, town.profile, town.file("one.csv", town.row(1) + town.row(2)))
    store.correct_location(table="incidents", source="town", record_id="1", lon=-73.95, lat=41.75, reason="seen")
    load(store, town.profile, town.file("two.csv", town.row(1, when="03/05/2025 11:00") + town.row(2)))
    found = stored(store, "lon, lat, location_quality, occurred_local")
    assert found["1"] == ["-73.95", "41.75", "corrected", "2025-03-05 11:00:00"]
    assert found["2"][:2] == ["-73.9", "41.7"]


def test_columns_come_and_gone_are_noted(town, store: Store) -> None:
    load(store, town.profile, town.file("one.csv", town.row(1)))
    changed = town.file("two.csv", town.row(2), HEADER.replace("Month", "Ward"))
    assert load(store, town.profile, changed).notes == (
        "columns new since the last load: Ward", "columns gone since the last load: Month",
    )


# The command ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["empty.csv", "ragged.csv"])
def test_the_command_ends_with_one_message(town, used: Store, root: Path, name: str) -> None:
    file = town.raw(name, REFUSED[name][0])
    done = subprocess.run(
        [sys.executable, "-m", "rtcc_analytics.cli", "load", town.folder / "town.toml", file, "--store", used.location],
        capture_output=True, text=True, cwd=root,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("rtcc: ") and "Traceback" not in done.stderr
    assert all(part in done.stderr for part in REFUSED[name][1])
    assert used.read("SELECT count(*) AS n FROM loads").n[0] == 1
