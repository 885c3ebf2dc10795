"""`Store.read`: what comes back, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_connectors.store import PlateDataError, Store, StoreError, quoted


def test_values_are_parameters_and_numbers_stay_whole(store: Store, write, incidents) -> None:
    write(store, "incidents", incidents("a", "b", "c"))
    frame = store.read(
        "SELECT sum(offense_count) AS n, avg(lat) AS lat FROM incidents WHERE incident_id <> $id AND lon < $lon",
        id="b'; DROP TABLE incidents",
        lon=np.float64(0),
    )
    assert frame.n.dtype == "int64" and frame.n[0] == 3
    assert frame.lat[0] == pytest.approx(38.6)


def test_instants_are_utc_and_gaps_do_not_turn_identifiers_into_floats(embedded: Store) -> None:
    frame = embedded.read(
        "SELECT TIMESTAMPTZ '2026-07-01 12:00:00-05' AS at, DATE '2026-07-01' AS day, "
        "unnest([9007199254740993, NULL]) AS id"
    )
    assert frame["at"][0] == pd.Timestamp("2026-07-01 17:00", tz="UTC")
    assert frame.day[0] == pd.Timestamp("2026-07-01")
    assert frame.id[0] == 9007199254740993 and frame.id.isna()[1]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM plate_reads",
        "SELECT * FROM PLATE_READS",
        "SELECT 1 WHERE EXISTS (WITH x AS (FROM sightings.main.hotlist_entries) FROM x)",
        "SELECT * FROM sightings.loads",
    ],
)
def test_plates_need_the_other_door(store: Store, sql: str) -> None:
    with pytest.raises(PlateDataError, match="sightings"):
        store.read(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM incidents",
        "SELECT 1; SELECT 2",
        "FROM '/etc/hostname'",
        "FROM read_text('/etc/hostname')",
        "FROM sqlite_scan('x.sqlite', 'ducklake_table')",
        "FROM query('FROM loads')",
        "COPY loads TO '/tmp/x.csv'",
        "ATTACH 'x' AS y",
    ],
)
def test_only_one_select_over_the_tables_is_run(embedded: Store, sql: str) -> None:
    with pytest.raises(StoreError):
        embedded.read(sql)


def test_files_stay_closed_even_to_sql_that_the_guard_lets_pass(
    embedded: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_connectors.store.guard.check", lambda *a, **k: ())
    plates = Path(embedded.location) / "sightings"
    for sql in ("FROM read_text('/etc/hostname')", f"FROM read_parquet('{plates}/**')", f"FROM glob('{plates}/*')"):
        with pytest.raises(StoreError):
            embedded.read(sql)


def test_local_variables_are_no_tables(embedded: Store) -> None:
    secret = pd.DataFrame({"x": [1]})
    with pytest.raises(StoreError, match="secret"):
        embedded.read("FROM secret")
    assert len(secret) == 1


def test_errors_say_what_the_sql_lacks(embedded: Store) -> None:
    with pytest.raises(StoreError, match=r"\$offense .*no value"):
        embedded.read("FROM incidents WHERE offense = $offense")
    with pytest.raises(StoreError, match="offence"):
        embedded.read("FROM incidents WHERE offense = $offense", offense="220", offence="220")
    with pytest.raises(StoreError, match='"nope" not found'):
        embedded.read("SELECT nope FROM incidents")


def test_a_store_reads_the_past(store: Store, write, incidents) -> None:
    write(store, "incidents", incidents("a"))
    then = store.snapshot()
    write(store, "incidents", incidents("b", "c"))
    assert store.read("SELECT count(*) AS n FROM incidents").n[0] == 3
    past = store.at(then)
    assert past.read("SELECT count(*) AS n FROM incidents").n[0] == 1
    assert past.snapshot() == then < store.snapshot()
    with pytest.raises(StoreError, match=f"snapshot {then + 1000}"):
        store.at(then + 1000).read("FROM incidents")


def test_explain_shows_each_statement_with_rows_and_time(embedded: Store, capsys: pytest.CaptureFixture) -> None:
    Store(embedded.location, explain=True).read("SELECT $x::INT AS x", x=42)
    shown = capsys.readouterr().err
    assert "SELECT $x::INT" in shown and "$x = 42" in shown and "1 rows in" in shown


def test_a_missing_store_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"rtcc init --store {tmp_path}"):
        Store(tmp_path)


def test_a_missing_shared_store_names_the_command_that_makes_it(shared_location: str) -> None:
    with pytest.raises(StoreError, match="rtcc init --store") as error:
        Store(shared_location).read("SELECT 1")
    assert "an-invented-password" not in str(error.value)


@pytest.mark.parametrize(
    "location",
    [
        "",
        "mysql://host/db",
        "postgresql://host/db",
        "postgresql://host/?data_path=/x",
        "postgresql://host/db?data_path=rel",
        "postgresql://host:port/db?data_path=/x",
        "postgresql:///db?data_path=/x",
        "postgresql://host/db?data_path=/x&sslmod=y",
    ],
)
def test_nonsense_locations_are_refused_with_the_pattern(location: str) -> None:
    with pytest.raises(StoreError, match="postgresql://"):
        Store.create(location)


def test_a_file_or_an_unwritable_folder_is_no_place_for_a_store(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("x")
    with pytest.raises(StoreError, match="is a file"):
        Store.create(file)
    with pytest.raises(StoreError, match="is a file"):
        Store(file)
    with pytest.raises(StoreError, match="cannot make a store"):
        Store.create(file / "below")
    with pytest.raises(StoreError, match="cannot make a store"):
        Store.create("/proc/rtcc")


def test_an_unreachable_server_is_said_so_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="127.0.0.1") as error:
        Store(f"postgresql://ana:hush-hush@127.0.0.1:9/rtcc?data_path={tmp_path}", wait_s=0).read("SELECT 1")
    assert "hush-hush" not in str(error.value)


def test_the_password_shows_nowhere(shared_location: str, capsys: pytest.CaptureFixture) -> None:
    Store.create(shared_location)
    store = Store(shared_location, explain=True)
    secrets = store.read("SELECT 1 AS x")
    shown = (
        repr(store)
        + store.location
        + str(store.describe())
        + str(store.doctor())
        + str(secrets)
        + capsys.readouterr().err
    )
    assert "an-invented-password" not in shown


def test_the_folder_is_private(embedded: Store) -> None:
    root = Path(embedded.location)
    assert root.stat().st_mode & 0o777 == 0o700
    assert all(p.stat().st_mode & 0o077 == 0 for p in root.iterdir() if p.suffix == ".sqlite")


def test_importing_the_store_loads_neither_duckdb_nor_pandas() -> None:
    code = "import sys, data_connectors.store; print([m for m in ('duckdb', 'pandas', 'pyarrow') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_a_store_can_be_moved(embedded: Store, write, incidents, tmp_path: Path) -> None:
    write(embedded, "incidents", incidents("a"))
    Path(embedded.location).rename(tmp_path / "moved")
    assert Store(tmp_path / "moved").read("SELECT incident_id FROM incidents").incident_id[0] == "a"


def test_quoted_identifiers_are_taken_literally(embedded: Store) -> None:
    odd = 'a "b" c'
    assert list(embedded.read(f"SELECT 1 AS {quoted(odd)}").columns) == [odd]
