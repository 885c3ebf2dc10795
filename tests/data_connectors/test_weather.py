"""Daily weather as NCEI sends it: °C and mm are read; flagged, unreadable and wrongly scaled values have a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_connectors import LoadReceipt, Profile, Store, load
from data_connectors.readers import LoadError
from data_connectors.suggest import suggest

PLAIN = '"STATION","DATE","PRCP","SNOW","TMAX","TMIN"'
FLAGGED = "STATION,DATE,PRCP,PRCP_ATTRIBUTES,SNOW,SNOW_ATTRIBUTES,TMAX,TMAX_ATTRIBUTES,TMIN,TMIN_ATTRIBUTES"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(str(tmp_path / "store"))


def loaded(store: Store, folder: Path, header: str, *rows: str) -> LoadReceipt:
    path = folder / "station.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return load(store, "noaa_ghcn_daily", path)


def held(store: Store) -> list[tuple]:
    found = store.read(
        "SELECT CAST(date AS VARCHAR) AS day, temperature_max_c AS hi, temperature_min_c AS lo, "
        "precipitation_mm AS rain, snow_mm AS snow FROM weather_daily ORDER BY station, date"
    )
    return [tuple(None if value != value else value for value in row) for row in found.itertuples(index=False)]


def good_days(n: int) -> list[str]:
    days = np.datetime64("2023-01-01") + np.arange(n)
    return [f'"USW00000001","{day}","0.0","0","20.0","10.0"' for day in days]


def test_a_file_without_flags_is_read_padded_values_and_blanks_too(store: Store, tmp_path: Path) -> None:
    receipt = loaded(store, tmp_path, PLAIN, '"USW00000001","2024-01-01","    2.5","    0","  -3.3","  -11.1"',
                     '"USW00000001","2024-01-02","","","4.4",""')  # fmt: skip
    assert held(store) == [("2024-01-01", -3.3, -11.1, 2.5, 0.0), ("2024-01-02", 4.4, None, None, None)]
    assert not receipt.rejected and not any("could not be read" in note for note in receipt.notes)


def test_a_value_with_a_quality_flag_is_not_read_and_the_receipt_shows_it(store: Store, tmp_path: Path) -> None:
    receipt = loaded(store, tmp_path, FLAGGED,
                     'S1,2024-01-01,0.0,"T,,W,2400",0,",,W",41.0,",I,W,2400",-1.0,",,W,2400"',
                     'S1,2024-01-02,3.0,",,W,2400",,,5.0,",,W,2400",0.0,"H,,S"',
                     'S1,2024-01-03,3.0,",,W,2400",,,mild,",,W,2400",0.0,"H,,S"')  # fmt: skip
    assert held(store) == [("2024-01-01", None, -1.0, 0.0, 0.0), ("2024-01-02", 5.0, 0.0, 3.0, None),
                           ("2024-01-03", None, 0.0, 3.0, None)]  # fmt: skip
    (told,) = [note for note in receipt.notes if "could not be read" in note]
    assert told.startswith("2 measurements could not be read, blanks not counted: temperature_max_c")
    assert "line 2" in told and ",I,W,2400 41.0" in told


def test_a_hot_row_is_refused_with_the_limits_and_the_rest_is_kept(store: Store, tmp_path: Path) -> None:
    receipt = loaded(store, tmp_path, PLAIN, *good_days(60), '"USW00000001","2024-07-01","0.0","0","86","70"',
                     '"USW00000001","2024-07-02","-9999","0","20.0","10.0"')  # fmt: skip
    assert len(held(store)) == 60
    assert receipt.rejected == {
        "temperature_max_c: outside -60 to 60 °C; is the file in another unit?": 1,
        "precipitation_mm: outside 0 to 2000 mm; is the file in another unit?": 1,
    }


@pytest.mark.parametrize("scale", ["fahrenheit", "tenths"])
def test_a_year_in_another_unit_is_refused_whole(store: Store, tmp_path: Path, scale: str) -> None:
    day = np.arange(365)
    high = 15.0 - 13.0 * np.cos(2 * np.pi * day / 365)
    other = (high * 9 / 5 + 32 if scale == "fahrenheit" else high * 10).round().astype(int)
    rows = [f"S1,{np.datetime64('2024-01-01') + k},0,0,{value},{value - 10}" for k, value in enumerate(other)]
    with pytest.raises(LoadError, match="outside -60 to 60 °C; is the file in another unit"):
        loaded(store, tmp_path, PLAIN, *rows)
    assert held(store) == []


def test_a_provisional_value_is_replaced_when_the_day_comes_again(store: Store, tmp_path: Path) -> None:
    loaded(store, tmp_path, PLAIN, "S1,2024-01-01,0.0,0,5.0,1.0", "S1,2024-01-02,0.0,0,6.0,1.0")
    receipt = loaded(store, tmp_path, PLAIN, "S1,2024-01-02,0.0,0,6.6,1.0", "S1,2024-01-03,0.0,0,7.0,1.0")
    assert (receipt.new, receipt.changed, receipt.removed) == (1, 1, 0)
    assert [row[1] for row in held(store)] == [5.0, 6.6, 7.0]


def test_a_day_that_is_no_date_is_refused(store: Store, tmp_path: Path) -> None:
    receipt = loaded(store, tmp_path, PLAIN, *good_days(30), "USW00000001,someday,0,0,1.0,0.0")
    assert receipt.rejected == {"date: no value": 1}


def test_a_weather_file_with_other_headers_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "airport.csv"
    path.write_text("Station ID,Date,Max Temp,Min Temp,Rain\nK1,2024-01-01,5.0,-1.0,0.0\nK1,2024-01-02,6.0,0.5,2.0\n")
    found = suggest(path)
    assert found.table == "weather_daily"
    columns = Profile.parse(found.toml).layouts[0].columns
    assert {name: spec.columns for name, spec in columns.items()} == {
        "station": ("Station ID",), "date": ("Date",), "temperature_max_c": ("Max Temp",),
        "temperature_min_c": ("Min Temp",), "precipitation_mm": ("Rain",),
    }  # fmt: skip
