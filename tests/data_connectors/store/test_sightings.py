"""Plate-bearing tables: a purpose, a ledger that shows tampering, nothing deleted left behind."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from data_connectors.store import Purpose, Store, StoreError
from data_connectors.store.ledger import COLUMNS, Ledger, row_hash

PURPOSE = Purpose(reason_code="investigation", case_number="26-000123", text="stolen car", supervisor="Sgt. Example")


def ledger(store: Store) -> list[dict]:
    return Ledger(store._place, 5).rows()


def test_a_read_is_in_the_ledger_with_everything_an_auditor_asks(store: Store, write, reads) -> None:
    write(store, "plate_reads", reads("ABC123", "XYZ789"))
    with store.sightings(PURPOSE) as sightings:
        frame = sightings.read("SELECT plate FROM plate_reads WHERE plate = $plate", plate="ABC123")
        joined = sightings.read("SELECT count(*) AS n FROM plate_reads JOIN records.cameras USING (camera_id)")
    assert frame.plate.tolist() == ["ABC123"] and joined.n[0] == 0
    first, second = ledger(store)
    assert (first["action"], first["outcome"], first["rows_returned"], first["object"]) == (
        "view",
        "ok",
        1,
        "plate_reads",
    )
    assert second["object"] == "plate_reads, records.cameras"
    asked = json.loads(first["query_params"])
    assert asked["parameters"] == {"plate": "ABC123"} and "$plate" in asked["sql"]
    assert (first["reason_code"], first["case_no"], first["supervisor"]) == (
        "investigation",
        "26-000123",
        "Sgt. Example",
    )
    assert (
        first["user"] and first["ts_utc"].endswith("+00:00") and first["data_asof"] and len(first["result_hash"]) == 64
    )
    assert set(first) == set(COLUMNS)


def test_the_same_rows_hash_alike_and_others_differ(embedded: Store, write, reads) -> None:
    write(embedded, "plate_reads", reads("ABC123", "XYZ789"))
    with embedded.sightings(PURPOSE) as sightings:
        for plate in ("ABC123", "ABC123", "XYZ789"):
            sightings.read("SELECT plate, candidates, captured_at FROM plate_reads WHERE plate = $plate", plate=plate)
    one, again, other = (row["result_hash"] for row in ledger(embedded))
    assert one == again != other


@pytest.mark.parametrize(
    "purpose", [Purpose("", "26-1"), Purpose("investigation", " "), Purpose("investigation", None)]
)
def test_a_blank_purpose_is_refused_and_recorded(store: Store, purpose: Purpose) -> None:
    with pytest.raises(StoreError, match="purpose needs a"), store.sightings(purpose) as sightings:
        sightings.read("FROM plate_reads")
    [row] = ledger(store)
    assert (row["action"], row["outcome"]) == ("deny", "denied")


def test_a_failed_read_is_recorded_too(embedded: Store) -> None:
    with embedded.sightings(PURPOSE) as sightings, pytest.raises(StoreError):
        sightings.read("SELECT nope FROM plate_reads")
    assert [row["outcome"] for row in ledger(embedded)] == ["error"]


def test_no_rows_without_a_ledger(embedded: Store, write, reads) -> None:
    write(embedded, "plate_reads", reads("ABC123"))
    (Path(embedded.location) / "audit.sqlite").write_bytes(b"not a database" * 100)
    with embedded.sightings(PURPOSE) as sightings, pytest.raises(StoreError, match="audit ledger"):
        sightings.read("FROM plate_reads")


def test_jupyterhub_users_are_named(embedded: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "analyst7")
    with embedded.sightings(PURPOSE) as sightings:
        sightings.read("SELECT count(*) AS n FROM plate_reads")
    assert ledger(embedded)[0]["user"] == "analyst7"


def test_the_database_role_is_named_in_a_shared_store(shared_store: Store) -> None:
    with shared_store.sightings(PURPOSE) as sightings:
        sightings.read("SELECT count(*) AS n FROM plate_reads")
    assert (ledger(shared_store)[0]["user"], ledger(shared_store)[0]["role"]) == ("rtcc", "rtcc")


def test_plates_show_neither_in_explain_nor_in_errors(
    embedded: Store, write, reads, capsys: pytest.CaptureFixture
) -> None:
    write(embedded, "plate_reads", reads("ABC123"))
    store = Store(embedded.location, explain=True)
    with store.sightings(PURPOSE) as sightings:
        sightings.read("FROM plate_reads WHERE plate = $plate OR plate = 'XYZ789'", plate="ABC123")
    shown = capsys.readouterr().err
    assert "FROM plate_reads WHERE plate = $plate" in shown
    assert "ABC123" not in shown and "XYZ789" not in shown


def test_edits_removals_and_insertions_break_the_chain(embedded: Store) -> None:
    with embedded.sightings(PURPOSE) as sightings:
        for _ in range(4):
            sightings.read("SELECT count(*) AS n FROM plate_reads")
    assert embedded.verify_ledger().holds
    path = Path(embedded.location) / "audit.sqlite"
    with sqlite3.connect(path) as database, pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
        database.execute("DELETE FROM ledger")
    original = path.read_bytes()
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("DROP TRIGGER ledger_no_update")
    database.execute("UPDATE ledger SET case_no = '26-999' WHERE sequence = 2")
    database.close()
    check = embedded.verify_ledger()
    assert (check.holds, check.broken_at, check.rows) == (False, 2, 4)
    assert any(f.level == "problem" and "breaks at row 2" in f.what for f in embedded.doctor())
    for tampering in ("DELETE FROM ledger WHERE sequence = 3", "UPDATE ledger SET sequence = 9 WHERE sequence = 4"):
        path.write_bytes(original)
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("DROP TRIGGER ledger_no_update")
        database.execute("DROP TRIGGER ledger_no_delete")
        database.execute(tampering)
        database.close()
        assert not embedded.verify_ledger().holds


def test_the_head_shows_a_ledger_cut_short(embedded: Store) -> None:
    with embedded.sightings(PURPOSE) as sightings:
        sightings.read("SELECT count(*) AS n FROM plate_reads")
        head = embedded.verify_ledger().head
        sightings.read("SELECT count(*) AS n FROM plate_reads")
    rows = ledger(embedded)
    assert head == rows[0]["hash"] == row_hash(rows[0]) == rows[1]["prev_hash"] != embedded.verify_ledger().head


def test_the_shared_ledger_chains_too(server, shared_store: Store) -> None:
    with shared_store.sightings(PURPOSE) as sightings:
        for _ in range(3):
            sightings.read("SELECT count(*) AS n FROM plate_reads")
    assert shared_store.verify_ledger().holds
    server.run("UPDATE audit.ledger SET rows_returned = 0 WHERE sequence = 2", shared_store._place.server.database)
    assert shared_store.verify_ledger().broken_at == 2


def test_a_sightings_write_leaves_one_snapshot(store: Store, write, reads) -> None:
    for plate in ("ABC123", "XYZ789"):
        write(store, "plate_reads", reads(plate))
    with store.loading("sightings") as session:
        assert session.rows("SELECT count(*) FROM ducklake_snapshots('sightings')") == [(1,)]


def test_deleted_plates_are_gone_from_every_byte(embedded: Store, write, reads, bytes_anywhere) -> None:
    """The first and last plates of the alphabet, which the catalog keeps as column statistics."""
    first, last, kept = "0AAMARKED", "ZZZMARKED", [f"M{n:04d}" for n in range(300)]
    write(embedded, "plate_reads", reads(*kept, first, last))
    write(embedded, "plate_reads", reads(first, day="2026-03-02"))
    root = Path(embedded.location)
    assert bytes_anywhere(root, first) and bytes_anywhere(root, last)
    with embedded.loading("sightings") as session:
        session.commit(lambda s: s.run(f"DELETE FROM {s.table('plate_reads')} WHERE plate LIKE '%MARKED'"))
    assert bytes_anywhere(root, "MARKED") == []
    write(embedded, "plate_reads", reads("AFTER", day="2026-03-03"))
    with embedded.sightings(PURPOSE) as sightings:
        counts = sightings.read(
            "SELECT count(*) FILTER (plate = 'M0000') AS old, count(*) FILTER (plate = 'AFTER') AS new, count(*) AS n, "
            "min(plate) AS low, max(plate) AS high FROM plate_reads"
        )
        found = sightings.read("SELECT count(*) AS n FROM plate_reads WHERE plate = $plate", plate="M0299")
    assert counts.iloc[0].tolist() == [1, 1, 301, "AFTER", "M0299"] and found.n[0] == 1


def test_deleted_plates_are_gone_from_a_shared_store(server, shared_store: Store, write, reads, bytes_anywhere) -> None:
    write(shared_store, "plate_reads", reads("0AAMARKED", "M1", "ZZZMARKED"))
    with shared_store.loading("sightings") as session:
        session.commit(lambda s: s.run(f"DELETE FROM {s.table('plate_reads')} WHERE plate LIKE '%MARKED'"))
    assert bytes_anywhere(shared_store._place.root, "MARKED") == []
    database = shared_store._place.server.database
    for (table,) in server.run("SELECT tablename FROM pg_tables WHERE schemaname = 'sightings'", database):
        assert server.run(f"SELECT count(*) FROM sightings.{table} t WHERE t::text LIKE '%MARKED%'", database) == [(0,)]


def test_plate_reads_are_partitioned_by_day_before_the_first_row(store: Store, write, reads) -> None:
    for day in ("2026-03-01", "2026-03-02"):
        write(store, "plate_reads", reads("ABC123", "XYZ789", day=day))
    folders = {
        p.parent.name
        for p in store._place.data("sightings").rglob("*.parquet")
        if p.parent.parent.name == "plate_reads"
    }
    assert folders == {"day=2026-03-01", "day=2026-03-02"}
    with store.sightings(PURPOSE) as sightings:
        pruned = sightings.read(
            "SELECT count(*) AS n FROM plate_reads WHERE day = DATE '2026-03-02' AND plate = 'ABC123'"
        )
        whole = sightings.read(
            "SELECT count(*) AS n FROM plate_reads WHERE day::VARCHAR = '2026-03-02' AND plate || '' = 'ABC123'"
        )
    assert pruned.n[0] == whole.n[0] == 1
