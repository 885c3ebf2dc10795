"""Backup, restore and export."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import duckdb
import pytest

from data_connectors.store import PlateDataError, Purpose, Store, StoreError, migrations
from data_connectors.store.engine import Attach, connected
from data_connectors.store.ledger import Ledger
from data_connectors.store.location import LAKES

PURPOSE = Purpose("audit", "26-1")


def test_a_backup_brings_back_rows_snapshots_plates_and_ledger(
    store: Store, write, incidents, reads, tmp_path: Path
) -> None:
    write(store, "incidents", incidents("a"))
    then = store.snapshot()
    write(store, "incidents", incidents("b"))
    write(store, "plate_reads", reads("ABC123"))
    with store.sightings(PURPOSE) as sightings:
        sightings.read("FROM plate_reads")
    store.backup(tmp_path / "backup")
    write(store, "incidents", incidents("after"))
    restored = Store.restore(tmp_path / "backup", tmp_path / "restored")
    assert restored.read("SELECT incident_id FROM incidents ORDER BY ALL").incident_id.tolist() == ["a", "b"]
    assert restored.at(then).read("SELECT count(*) AS n FROM incidents").n[0] == 1
    with restored.sightings(PURPOSE) as sightings:
        assert sightings.read("SELECT plate FROM plate_reads").plate.tolist() == ["ABC123"]
    assert restored.verify_ledger().holds
    assert [row["action"] for row in Ledger(restored._place, 5).rows()] == ["view", "restore", "view"]
    write(restored, "incidents", incidents("c"))
    assert [f for f in restored.doctor() if f.level != "ok"] == []


def test_an_embedded_store_moves_to_a_server(
    embedded: Store, write, incidents, shared_location: str, tmp_path: Path
) -> None:
    write(embedded, "incidents", incidents("a"))
    then = embedded.snapshot()
    write(embedded, "incidents", incidents("b"))
    embedded.backup(tmp_path / "backup")
    moved = Store.restore(tmp_path / "backup", shared_location)
    write(moved, "incidents", incidents("c"))
    assert moved.read("SELECT incident_id FROM incidents ORDER BY ALL").incident_id.tolist() == ["a", "b", "c"]
    assert moved.at(then).read("SELECT count(*) AS n FROM incidents").n[0] == 1
    assert moved.loads().load_id.tolist() == [3, 2, 1]
    with pytest.raises(StoreError, match="nothing is overwritten"):
        Store.restore(tmp_path / "backup", shared_location)


def test_nothing_is_overwritten(embedded: Store, write, incidents, tmp_path: Path) -> None:
    write(embedded, "incidents", incidents("a"))
    embedded.backup(tmp_path / "backup")
    with pytest.raises(StoreError, match="already exists"):
        embedded.backup(tmp_path / "backup")
    with pytest.raises(StoreError, match="not empty"):
        Store.restore(tmp_path / "backup", embedded.location)
    with pytest.raises(StoreError, match="is no backup"):
        Store.restore(embedded.location, tmp_path / "elsewhere")
    embedded.export(tmp_path / "a.duckdb")
    with pytest.raises(StoreError, match="already exists"):
        embedded.export(tmp_path / "a.duckdb")
    with pytest.raises(StoreError, match="cannot write the export"):
        embedded.export(tmp_path / "a.duckdb" / "b.duckdb")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.duckdb", "backup", "county"]


def test_the_exported_database_is_plain_duckdb_without_plates(
    embedded: Store, write, incidents, reads, tmp_path: Path
) -> None:
    write(embedded, "incidents", incidents("a", "=b"))
    write(embedded, "plate_reads", reads("ABC123"))
    embedded.export(tmp_path / "records.duckdb")
    with duckdb.connect(str(tmp_path / "records.duckdb"), read_only=True) as database:
        assert database.execute("SELECT incident_id FROM incidents ORDER BY ALL").fetchall() == [("=b",), ("a",)]
        tables = {row[0] for row in database.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert {"incidents", "calls", "cameras", "loads"} <= tables and not tables & {
        "plate_reads",
        "hotlist_entries",
        "ledger",
    }
    with pytest.raises(PlateDataError):
        embedded.export(tmp_path / "plates.duckdb", tables=["plate_reads"])
    with pytest.raises(StoreError, match="no table 'incident'"):
        embedded.export(tmp_path / "x.duckdb", tables=["incident"])
    assert [row["action"] for row in Ledger(embedded._place, 5).rows()] == ["export"]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd", "'-2+3+cmd"),
        ("\t=1+1", "'\t=1+1"),
        ("\r=1+1", "'\r=1+1"),
        ("-90.25", "-90.25"),
        ("+1e-3", "+1e-3"),
        ("+HYPERLINK(A1)", "'+HYPERLINK(A1)"),
        ("+1 845 555 0100", "'+1 845 555 0100"),
        ("+1.5", "+1.5"),
        ("-1", "-1"),
        ("+1\n=2", "'+1\n=2"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("1 MAIN ST, =x", "1 MAIN ST, =x"),
        ('O\'FALLON "PARK"', 'O\'FALLON "PARK"'),
    ],
)
def test_spreadsheet_formulas_are_neutralised_and_numbers_left(
    embedded: Store, write, incidents, tmp_path: Path, text: str, cell: str
) -> None:
    write(embedded, "incidents", incidents("a", address=text, lon=-90.25))
    embedded.export(tmp_path / "csv", tables=["incidents"])
    with open(tmp_path / "csv" / "incidents.csv", newline="") as file:
        [row] = csv.DictReader(file)
    assert row["address"] == cell and row["lon"] == "-90.25"
    assert [p.name for p in (tmp_path / "csv").iterdir()] == ["incidents.csv"]


def test_the_policies_beside_the_store_come_along(embedded: Store, tmp_path: Path) -> None:
    for name in ("policy.toml", "keep.toml"):
        (Path(embedded.location) / name).write_text(f"# {name}\n")
    embedded.backup(tmp_path / "backup")
    Store.restore(tmp_path / "backup", tmp_path / "restored")
    for folder in ("backup", "restored"):
        assert [(tmp_path / folder / n).read_text() for n in ("policy.toml", "keep.toml")] == [
            "# policy.toml\n", "# keep.toml\n",
        ]  # fmt: skip


def test_an_older_stores_backup_is_restored_brought_up_to_date(
    embedded: Store, write, incidents, reads, tmp_path: Path
) -> None:
    write(embedded, "incidents", incidents("a"))
    then = embedded.snapshot()
    write(embedded, "plate_reads", reads("ABC123"))
    make_older(embedded)
    embedded.backup(tmp_path / "new-backup")  # the newer software backs up what it cannot read yet
    shutil.copytree(embedded.location, tmp_path / "old-backup")
    (tmp_path / "old-backup" / "backup.json").write_text("{}")
    for backup in ("new-backup", "old-backup"):
        restored = Store.restore(tmp_path / backup, tmp_path / f"from-{backup}")
        assert [f for f in restored.doctor() if f.level != "ok"] == []
        assert restored.at(then).read("SELECT incident_id FROM incidents").incident_id.tolist() == ["a"]
        with restored.sightings(PURPOSE) as sightings:
            assert sightings.read("SELECT plate FROM plate_reads").plate.tolist() == ["ABC123"]
            assert sightings.read("SELECT count(*) AS n FROM alerts").n[0] == 0
    with pytest.raises(StoreError, match="has schema version 1"):
        embedded.read("FROM incidents")  # the store itself stays as it was


def make_older(store: Store) -> None:
    """The store as the first version made it."""
    for lake in LAKES:
        with connected(store._place, Attach(lake, read_only=False)) as connection:
            connection.run("DROP TABLE IF EXISTS alerts")
            record = f"{migrations.catalog_schema(connection, lake)}.rtcc_migrations"
            connection.run(f"DELETE FROM {record} WHERE number > 1")


def test_a_newer_stores_backup_leaves_nothing_at_the_target(embedded: Store, tmp_path: Path, monkeypatch) -> None:
    embedded.backup(tmp_path / "backup")
    monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
    with pytest.raises(StoreError, match="Update the software"):
        Store.restore(tmp_path / "backup", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


@pytest.mark.parametrize(("name", "message"), [("x.csv", r"x\.csv would be a folder.*x/ with"), ("x.xlsx", "folder")])
def test_a_name_that_promises_a_file_is_refused(embedded: Store, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        embedded.export(tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["county"]
    embedded.export(tmp_path / "2026.11", tables=["incidents"])
    assert (tmp_path / "2026.11" / "incidents.csv").is_file()


def test_a_store_is_not_made_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match=r"holds thesis\.txt.*rtcc init --store .*/store"):
        Store.create(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    assert Store.create(tmp_path / "store").snapshot() > 0
    (tmp_path / "begun" / "records").mkdir(parents=True)
    (tmp_path / "begun" / "records.lock").touch()  # an init that was killed
    assert Store.create(tmp_path / "begun").snapshot() > 0
