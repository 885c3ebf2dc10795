"""The seven city feeds, loaded from their real files and held to independent counts of the same files."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_connectors import LoadReceipt, Store, load

NOT_UTF8 = {"April2009.csv", "November2008.csv", "November2013.CSV"}
CITIES = {
    "atlanta_cobra": "data/atlanta_cobra_2019/COBRA-2019.csv",
    "chicago_incidents": "data/chicago_2017_2019_rcrimeanalysis/chicago_crimes_25k.csv",
    "washington_dc_incidents": "data/dc_mpd_crime/Crime_Incidents_in_2019.csv",
    "memphis_incidents": "data/memphis_sfhotspot/memphis_robberies.csv",
    "montgomery_911": "data/montgomery_pa_911/911_a.zip",
    "san_antonio_calls": "data/sapd_cfs_raw/23-6.csv",
}
ROWS = {"atlanta_cobra": 25_030, "chicago_incidents": 25_000, "washington_dc_incidents": 6_475,
        "memphis_incidents": 2_245, "montgomery_911": 99_492, "san_antonio_calls": 13_924}
CALLS = ("montgomery_911", "san_antonio_calls")


def as_text(source: Path | io.BytesIO, encoding: str = "utf-8-sig") -> pd.DataFrame:
    """The file as pandas reads it: text without blanks at the ends."""
    frame = pd.read_csv(source, dtype=str, keep_default_na=False, encoding=encoding)
    return frame.apply(lambda column: column.str.strip())


def raw_city(shared: Path, name: str) -> pd.DataFrame:
    path = shared / CITIES[name]
    if path.suffix != ".zip":
        return as_text(path)
    with zipfile.ZipFile(path) as archive:
        return as_text(io.BytesIO(archive.read(archive.namelist()[0])))


Loaded = tuple[Store, dict[str, LoadReceipt]]
Months = tuple[LoadReceipt, pd.DataFrame, Store]


@pytest.fixture(scope="module")
def cities(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    store = Store.create(tmp_path_factory.mktemp("cities") / "store")
    return store, {name: load(store, name, shared / file) for name, file in CITIES.items()}


def stored(cities: Loaded, name: str, columns: str) -> pd.DataFrame:
    """A city's rows in the order of its file."""
    table = "calls" if name in CALLS else "incidents"
    return cities[0].read(f"SELECT {columns} FROM {table} WHERE source = $name ORDER BY line", name=name)


def night_is_quiet(clock: Iterable[pd.Timestamp]) -> bool:
    """Whether crimes and calls are rarest between 2 and 9 on this clock, as they are in every city."""
    counts = np.bincount(pd.DatetimeIndex(clock).hour, minlength=24)
    in_three_hours = counts + np.roll(counts, -1) + np.roll(counts, -2)
    return 2 <= int(in_three_hours.argmin()) <= 6


# All six ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CITIES)
def test_every_row_is_read_and_none_refused(cities: Loaded, shared: Path, name: str) -> None:
    receipt = cities[1][name]
    assert (receipt.read, receipt.new, dict(receipt.rejected)) == (ROWS[name], ROWS[name], {})
    assert len(raw_city(shared, name)) == ROWS[name]


@pytest.mark.parametrize("name", CITIES)
def test_the_same_file_again_changes_nothing(cities: Loaded, shared: Path, name: str) -> None:
    again = load(cities[0], name, shared / CITIES[name])
    assert (again.unchanged, again.new, again.changed, again.removed, again.load_id) == (ROWS[name], 0, 0, 0, None)


@pytest.mark.parametrize("name", CITIES)
def test_hours_are_those_of_a_city(cities: Loaded, name: str) -> None:
    local = "received_local" if name in CALLS else "occurred_local"
    assert night_is_quiet(stored(cities, name, local)[local].dropna())


@pytest.mark.parametrize("name", [n for n in CITIES if n not in CALLS])
def test_offenses_have_codes(cities: Loaded, name: str) -> None:
    unknown = (stored(cities, name, "offense")["offense"] == "unknown").sum()
    assert unknown == (4 if name == "chicago_incidents" else 0)  # four of Chicago's rows are NON-CRIMINAL


@pytest.mark.parametrize(
    ("name", "outside", "missing"),
    [("atlanta_cobra", 0, 0), ("chicago_incidents", 0, 0), ("washington_dc_incidents", 0, 0),
     ("memphis_incidents", 0, 0), ("montgomery_911", 19, 0), ("san_antonio_calls", 0, 1)],
)
def test_places_lie_in_their_city(cities: Loaded, name: str, outside: int, missing: int) -> None:
    locations = cities[1][name].locations
    assert (locations.get("outside", 0), locations.get("missing", 0)) == (outside, missing)
    assert "swapped" not in locations


# Atlanta ------------------------------------------------------------------------------------------------------------


def test_atlanta_clock_digits_and_ranges(cities: Loaded, shared: Path) -> None:
    raw = raw_city(shared, "atlanta_cobra")
    kept = stored(cities, "atlanta_cobra", "incident_id, occurred_local, occurred_to, reported_at, time_quality")
    unreadable = raw["Occur Time"] == "T"
    assert unreadable.sum() == 1  # the one row whose clock is a letter has no start
    assert kept["occurred_local"].isna().equals(unreadable)

    def clock(date: str, time: str) -> pd.Series:
        digits = pd.to_numeric(raw[time], errors="coerce")
        hours = pd.to_timedelta(digits // 100, "h") + pd.to_timedelta(digits % 100, "m")
        return pd.to_datetime(raw[date], format="%m/%d/%Y") + hours

    assert (kept["occurred_local"] == clock("Occur Date", "Occur Time"))[~unreadable].all()
    ends = kept["occurred_to"].dt.tz_convert("America/New_York").dt.tz_localize(None)
    ranged = kept["time_quality"] == "range"
    moved = ends - clock("Possible Date", "Possible Time")
    assert moved[ranged].value_counts().to_dict() == {
        pd.Timedelta(0): ranged.sum() - 1, pd.Timedelta("1h"): 1}  # 2:00 on 10 March 2019 does not exist
    assert ranged.mean() > 0.9
    days = kept["reported_at"].dt.tz_convert("America/New_York").dt.tz_localize(None)
    reported = pd.to_datetime(raw["Report Date"], format="%m/%d/%Y")
    assert (days == reported + pd.Timedelta("23:59:59")).all()


def test_atlanta_keeps_every_offense_of_a_report(cities: Loaded, shared: Path) -> None:
    kept = stored(cities, "atlanta_cobra", "incident_id, offense_raw, offense, offense_description, attempted")
    assert kept["incident_id"].nunique() == raw_city(shared, "atlanta_cobra")["Report Number"].nunique() == 24_992
    meaning = {"HOMICIDE": {"09A"}, "MANSLAUGHTER": {"09B"}, "AGG ASSAULT": {"13A"}, "AUTO THEFT": {"240"},
               "LARCENY-FROM VEHICLE": {"23F", "23G"}, "BURGLARY-RESIDENCE": {"220"}, "BURGLARY-NONRES": {"220"},
               "LARCENY-NON VEHICLE": {"23A", "23B", "23C", "23D", "23E", "23H"}, "ROBBERY-PEDESTRIAN": {"120"},
               "ROBBERY-COMMERCIAL": {"120"}, "ROBBERY-RESIDENCE": {"120"}}
    found = kept.groupby("offense_description")["offense"].agg(set).to_dict()
    assert found == meaning
    burglaries = kept[kept["offense"] == "220"]
    assert set(burglaries.loc[burglaries["attempted"].fillna(False), "offense_raw"]) == {"531", "532"}


# Chicago ------------------------------------------------------------------------------------------------------------


def test_chicago_by_its_own_words(cities: Loaded, shared: Path) -> None:
    raw = raw_city(shared, "chicago_incidents")
    kept = stored(cities, "chicago_incidents", "incident_id, offense, attempted, domestic, beat, occurred_local")
    assert kept["incident_id"].equals(raw["id"].str.removesuffix(".0"))
    assert (kept["occurred_local"] == pd.to_datetime(raw["date"], format="%m/%d/%Y %H:%M")).all()
    assert (kept["domestic"].astype(str) == raw["domestic"]).all()
    assert kept["beat"].equals(raw["beat"].str.removesuffix(".0"))
    kind = raw["primary_type"]
    for words, code in (("HOMICIDE", "09A"), ("ROBBERY", "120"), ("BURGLARY", "220"), ("MOTOR VEHICLE THEFT", "240"),
                        ("ARSON", "200"), ("CRIMINAL DAMAGE", "290"), ("CRIM SEXUAL ASSAULT", "11A")):
        assert set(kept.loc[kind == words, "offense"]) == {code}
        assert set(kind[kept["offense"] == code]) <= {words, "OFFENSE INVOLVING CHILDREN"}
    assert set(kept.loc[kind == "THEFT", "offense"]) == {"23A", "23B", "23C", "23D", "23E", "23H"}
    assert kept.loc[kept["offense"] == "unknown"].index.equals(kind[kind.str.startswith("NON-CRIMINAL")].index)
    assert (kept["attempted"] == raw["description"].str.startswith("ATT")).all()


# Washington and Memphis: hours that say UTC and are local -------------------------------------------------------------


def test_washington_shifts_prove_the_hours_local(cities: Loaded, shared: Path) -> None:
    raw = raw_city(shared, "washington_dc_incidents")
    kept = stored(cities, "washington_dc_incidents", "incident_id, reported_at, occurred_local, time_rule, weapon")
    assert set(kept["time_rule"]) == {"unstamped"}
    hours = {"DAY": range(7, 15), "EVENING": range(15, 23), "MIDNIGHT": (23, *range(7))}

    def agreement(hour: pd.Series) -> float:
        return np.mean([h in hours[shift] for h, shift in zip(hour, raw["SHIFT"], strict=True)])

    local = kept["reported_at"].dt.tz_convert("America/New_York").dt.hour
    taken_for_utc = pd.to_datetime(raw["REPORT_DAT"]).dt.tz_convert("America/New_York").dt.hour
    assert agreement(local) > 0.99
    assert agreement(taken_for_utc) < 0.6
    assert not night_is_quiet(pd.to_datetime(raw["START_DATE"]).dt.tz_convert("America/New_York"))


def test_washington_counts_each_victim_of_a_homicide(cities: Loaded, shared: Path) -> None:
    raw = raw_city(shared, "washington_dc_incidents")
    kept = stored(cities, "washington_dc_incidents", "incident_id, offense, weapon")
    assert (kept["incident_id"].nunique(), raw["CCN"].nunique()) == (6_475, 6_471)
    assert (kept["offense"] == "09A").sum() == (raw["OFFENSE"] == "HOMICIDE").sum() == 36
    assert Counter(kept["weapon"]) == Counter(raw["METHOD"])


def test_memphis_agrees_with_the_published_case(cities: Loaded, shared: Path) -> None:
    case = pd.read_csv(shared / "truth/15_gistar_memphis/memphis_robberies.csv", dtype={"uid": str}).set_index("uid")
    kept = stored(cities, "memphis_incidents", "incident_id, occurred_local, lon, lat, offense")
    kept = kept.set_index("incident_id")
    assert len(kept) == len(case) == kept.index.nunique()
    together = case.join(kept.add_suffix("_kept"))
    assert (together[["lon", "lat"]].to_numpy() == together[["lon_kept", "lat_kept"]].to_numpy()).all()
    assert (pd.to_datetime(together["date"]) == together["occurred_local_kept"]).all()
    assert set(kept["offense"]) == {"120"}
    raw = raw_city(shared, "memphis_incidents")
    assert not night_is_quiet(pd.to_datetime(raw["date"]).dt.tz_convert("America/Chicago"))


# Calls --------------------------------------------------------------------------------------------------------------


def test_montgomery_takes_the_call_not_the_poll(cities: Loaded, shared: Path) -> None:
    raw = raw_city(shared, "montgomery_911")
    kept = stored(cities, "montgomery_911", "received_local, category, call_type, window_key, city")
    said = raw["desc"].str.extract(r"(\d{4}-\d\d-\d\d @ \d\d:\d\d:\d\d)")[0]
    call = pd.to_datetime(said, format="%Y-%m-%d @ %H:%M:%S")
    poll = pd.to_datetime(raw["timeStamp"])
    assert call.isna().sum() == 3
    assert kept["received_local"].equals(call.fillna(poll).astype(kept["received_local"].dtype))
    assert 180 < (poll - call).dt.total_seconds().median() < 240
    assert (kept["window_key"] == kept["received_local"].dt.strftime("%Y-%m")).all()
    title = raw["title"].str.extract(r"^(?P<category>\w+): (?P<call_type>.*?)(?: -)?$")
    assert kept[["category", "call_type"]].equals(title.astype(kept["category"].dtype))


def test_san_antonio_epoch_is_the_clock_that_kept_am_or_pm(cities: Loaded, shared: Path) -> None:
    raw = raw_city(shared, "san_antonio_calls")
    local = stored(cities, "san_antonio_calls", "received_local")["received_local"]
    whole = raw["Time"].str.endswith("M")
    assert 0.2 < whole.mean() < 0.3
    clock = pd.to_datetime(raw["Date"] + " " + raw["Time"].where(whole), format="%m/%d/%y %I:%M:%S %p")
    assert ((local - clock)[whole].dt.total_seconds().abs() <= 1).all()
    cut = pd.to_datetime(raw["Date"] + " " + raw["Time"].mask(whole), format="%m/%d/%y %H:%M:%S")
    late = (local - cut)[~whole].dt.total_seconds() / 3600
    assert set(late.round()) == {0, 12}
    assert ((late - late.round()).abs() < 1 / 3600 + 1e-9).all()
    assert (late.round() == 12).mean() > 0.5  # the clock alone would put most calls in the wrong half of the day


# St. Louis ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def months(shared: Path) -> list[Path]:
    return sorted((shared / "data" / "stlouis_slmpd_raw" / "2008-2015").iterdir())


@pytest.fixture(scope="module")
def stlouis(months: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Months:
    store = Store.create(tmp_path_factory.mktemp("stlouis") / "store")
    receipt = load(store, "stlouis_slmpd", months)
    rows = store.read(
        "SELECT * EXCLUDE (raw, agency, city, beat, row_hash, load_id), raw LIKE '%Complaint%' AS with_complaint, "
        "json_extract_string(raw, '$.Crime') AS crime, coalesce(json_extract_string(raw, '$.DateOccur'), "
        "json_extract_string(raw, '$.DateOccured')) AS date_said FROM incidents"
    )
    return receipt, rows, store


def test_stlouis_sums_are_the_files_own(stlouis: Months, months: list[Path]) -> None:
    receipt, rows, store = stlouis
    counts, sums, alike = {}, {}, 0
    for path in months:
        with path.open(encoding="cp1252", newline="") as file:
            header, *lines = csv.reader(file)
        header = [name.strip() for name in header]
        month = {line[header.index("CodedMonth" if "Complaint" in header else "MonthReportedtoMSHP")] for line in lines}
        assert len(month) == 1  # every file is its own month
        counts[month.pop()] = len(lines)
        sums[path.name] = sum(int(line[header.index("Count")]) for line in lines)
        alike += len(lines) - len({tuple(line) for line in lines})
    assert rows.groupby("window_key").size().to_dict() == counts
    assert (len(rows), receipt.read, receipt.new, dict(receipt.rejected)) == (349_889, 349_889, 349_889, {})
    assert rows["offense_count"].sum() == sum(sums.values()) == 337_607
    assert (rows["offense_count"] == -1).sum() == 6_141
    assert alike > 8_000  # rows alike in every field are real and kept
    assert rows["file_hash"].nunique() == 72


def test_stlouis_two_layouts_and_three_files_not_utf8(stlouis: Months, months: list[Path]) -> None:
    receipt, rows, store = stlouis
    assert Counter(f.layout for f in receipt.files) == {"without complaint number": 67, "with complaint number": 5}
    assert {f.name for f in receipt.files if f.encoding == "cp1252"} == NOT_UTF8
    assert rows["incident_id"].notna().equals(rows["with_complaint"])
    odd = store.read("SELECT raw FROM incidents WHERE regexp_matches(raw, '[^\\x00-\\x7F]')")["raw"]
    assert (odd.str.contains("RESIDENCE \u2013 ").sum(), odd.str.contains("\ufffd").sum()) == (3, 0)


def test_stlouis_again_changes_nothing(stlouis: Months, months: list[Path]) -> None:
    again = load(stlouis[2], "stlouis_slmpd", [m for m in months if m.name in NOT_UTF8])
    assert again.unchanged == again.read > 10_000
    assert again.load_id is None


def test_stlouis_clocks_and_months(stlouis: Months) -> None:
    _, rows, _ = stlouis
    said = pd.to_datetime(rows["date_said"].str.strip(), format="%m/%d/%Y %H:%M")
    default = said == pd.Timestamp("1900-01-01")
    assert default.sum() == 8
    assert rows["occurred_local"].isna().equals(default)
    skipped = rows["time_rule"] == "nonexistent"
    assert (rows["occurred_local"] == said)[~default & ~skipped].all()
    assert (rows["occurred_local"] - said)[skipped].eq(pd.Timedelta("1h")).all()
    assert set(said[skipped].dt.hour) == {2}
    assert night_is_quiet(rows["occurred_local"].dropna())
    ends = rows["reported_at"].dt.tz_convert("America/Chicago").dt.tz_localize(None)
    month = pd.to_datetime(rows["window_key"], format="%Y-%m")
    assert (ends == month + pd.offsets.MonthBegin(1) - pd.Timedelta("1s")).all()
    assert set(rows["reported_precision"]) == {"month"}


def test_stlouis_places_in_feet(stlouis: Months) -> None:
    receipt, rows, _ = stlouis
    assert dict(receipt.locations) == {"as_given": 343_843, "missing": 6_005, "outside": 41}
    city = rows[rows["location_quality"] == "as_given"]
    assert city["lon"].between(-90.33, -90.16).all()
    busch = city[city["address"] == "250 STADIUM PLZ"]  # the ballpark: 38.6226 N, 90.1928 W
    assert len(busch) > 4
    assert abs(busch["lat"].median() - 38.6226) < 0.004
    assert abs(busch["lon"].median() + 90.1928) < 0.004


def test_stlouis_codes_mean_what_the_ucr_list_says(stlouis: Months, shared: Path) -> None:
    _, rows, _ = stlouis
    with (shared / "data/stlouis_slmpd_raw/UCRCodes.csv").open(newline=None) as file:
        names = {int(row["UCRCode"]): row["UCRCrime"] for row in csv.DictReader(file)}
    allowed = {
        "Criminal Homicide": "09A", "Forcible Rape": "11A", "Robbery": "120", "Aggravated Assault": "13A",
        "Burglary": "220", "Larceny-theft": "23A 23B 23C 23D 23E 23F 23G 23H", "Motor vehicle theft": "240",
        "Arson": "200", "Other assaults": "13B 13C", "Forgery and Counterfeiting": "250",
        "Fraud": "26A 26B 26F 270 90A", "Embezzlement": "270", "Stolen Property": "280", "Vandalism": "26G 290",
        "Weapons": "520", "Prostitution and Commercialized Vice": "40A 40B",
        "Sex Offenses": "11B 11D 36A 36B 90Z", "Drug Abuse Violations": "35A", "Gambling": "39A 39B",
        "Offenses Against the Family and Children": "90F", "DUI": "90D", "Liquor Laws": "90G", "Drunkenness": "90E",
        "Disorderly Conduct": "90C", "Vagrancy": "90B", "Other": "100 13C 26A 26C 370 520 90J 90Z",
    }
    kind = (pd.to_numeric(rows["crime"]) // 10_000).map(names)
    found = rows.groupby(kind)["offense"].agg(lambda codes: " ".join(sorted(set(codes)))).to_dict()
    assert found == allowed
    assert (rows["offense_raw"] == rows["crime"].str.strip().str.zfill(6)).all()


def test_stlouis_flags_agree_with_the_words(stlouis: Months) -> None:
    _, rows, _ = stlouis
    words = rows["offense_description"]
    differ = words.str.contains(r"ATTEMPT|/ATT ") != rows["attempted"]
    assert set(rows.loc[differ, "offense_raw"]) == {"036312", "036422", "037312", "052330"}
    assert (words.str.contains("DOMESTIC") == rows["domestic"]).all()
    armed = rows[rows["offense"].isin(["120", "13A"])]
    said = armed["offense_description"]
    for weapon, word in (("firearm", "FIREARM"), ("knife", "KNIFE"), ("hands", "STRNGARM|HNDS|HND/")):
        assert (said.str.contains(word) == (armed["weapon"] == weapon)).all()
    assert armed["weapon"].notna().all()
    burglary = rows[rows["offense"] == "220"]
    homes = burglary["offense_description"].str.contains("RESIDENCE|RESDNCE")
    assert (homes == (burglary["premise"] == "residence")).all()


def test_stlouis_take_backs_find_their_rows(stlouis: Months) -> None:
    from rtcc_analytics.take_backs import match_take_backs

    _, rows, _ = stlouis
    result = match_take_backs(rows)
    assert result.matched + result.unmatched == 6_141
    assert result.matched > 0.95 * 6_141
    assert rows.loc[result.kept, "offense_count"].sum() == 337_607 + result.unmatched
