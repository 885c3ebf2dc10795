"""The tables beside plate_reads hold, after whatever changed it, what they would hold if they were made anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data_connectors import load
from data_connectors.store import LoadingSession, Purpose, Store, plate_index
from data_connectors.store.engine import Attach, connected

PURPOSE = Purpose("test", "SIMULATED-1")
HEADER = "plate,read_time,camera,lat,lon,read_id\n"


def rows(store: Store) -> tuple[list, list, list]:
    """What the tables hold."""
    with store.sightings(PURPOSE) as reads:
        by_reader = reads.read("SELECT * FROM reads_by_reader ORDER BY ALL")
        plates = reads.read("SELECT plate, read_as FROM plates_seen ORDER BY ALL")
        readers = reads.read("SELECT * FROM readers_seen ORDER BY ALL")
    return by_reader.astype(str).values.tolist(), plates.values.tolist(), readers.astype(str).values.tolist()


def made_anew(store: Store) -> tuple[list, list, list]:
    """What they should hold."""
    with store.sightings(PURPOSE) as reads:
        by_reader = reads.read(f"FROM ({plate_index.by_reader('plate_reads')}) ORDER BY ALL")
        plates = reads.read(f"SELECT plate, read_as FROM ({plate_index.readings('plate_reads')}) ORDER BY ALL")
        readers = reads.read(f"FROM ({plate_index.standing('plate_reads')}) ORDER BY ALL")
    return by_reader.astype(str).values.tolist(), plates.values.tolist(), readers.astype(str).values.tolist()


def read_file(folder: Path, name: str, *lines: str) -> Path:
    (folder / name).write_text(HEADER + "\n".join(lines) + "\n")
    return folder / name


def test_they_follow_loads_changes_undo_and_expunging(store: Store, tmp_path: Path) -> None:
    first = read_file(tmp_path, "a.csv", "AB12CD,2026-03-01T09:59:59Z,c1,41.7,-73.9,1",
                      "XY34ZZ,2026-03-01T10:00:01Z,c2,41.7,-73.9,2",
                      "AB12CD,2026-03-02T00:00:00Z,c1,41.7,-73.9,3")  # fmt: skip
    load(store, "plate_reads_csv", first)
    assert rows(store) == made_anew(store)
    by_reader, plates, readers = rows(store)
    assert len(by_reader) == 3 and [p[0] for p in plates] == ["AB12CD", "XY34ZZ"]
    assert [r[1] for r in readers] == ["c1", "c2", "c1"]

    moved = read_file(tmp_path, "b.csv", "XY34ZZ,2026-03-01T10:00:01Z,c2,41.8,-73.8,2",
                      "NEW777,2026-03-02T11:00:00Z,c2,41.7,-73.9,4")  # fmt: skip
    receipt = load(store, "plate_reads_csv", moved)
    assert (receipt.new, receipt.changed) == (1, 1)
    assert rows(store) == made_anew(store) and len(rows(store)[0]) == 4

    with pytest.warns(UserWarning, match="cannot come back"):
        store.undo(receipt.load_id, "sightings")
    assert rows(store) == made_anew(store)
    assert [p[0] for p in rows(store)[1]] == ["AB12CD"]

    store.expunge("plate_reads", source=receipt.source, match={"read_id": "1"}, reason="order 1")
    assert rows(store) == made_anew(store) and len(rows(store)[0]) == 1


def test_a_single_change_does_not_make_its_day_again(embedded: Store, tmp_path: Path, monkeypatch) -> None:
    load(embedded, "plate_reads_csv", read_file(tmp_path, "a.csv", "AB12CD,2026-03-01T10:00:00Z,c1,41.7,-73.9,1",
                                                "XY34ZZ,2026-03-01T10:00:01Z,c2,41.7,-73.9,2"))  # fmt: skip
    remade = []
    original = plate_index.days_out_of_step
    monkeypatch.setattr(plate_index, "days_out_of_step", lambda c: remade.extend(original(c)) or original(c))
    load(embedded, "plate_reads_csv", read_file(tmp_path, "b.csv", "AB12CD,2026-03-01T10:00:00Z,c1,41.9,-73.9,1"))
    assert remade == [] and rows(embedded) == made_anew(embedded)


def test_what_a_reader_considered_is_found_and_leaves_with_its_read(store: Store, write, reads) -> None:
    given = [row | {"candidates": ["AB12CO", "AB12CD"]} for row in reads("AB12CD")]
    number = write(store, "plate_reads", given)
    write(store, "plate_reads", reads("AB12CD", day="2026-03-05"))
    assert [p[:2] for p in rows(store)[1]] == [["AB12CD", "AB12CD"], ["AB12CO", "AB12CD"]]
    store.undo(number, "sightings")
    assert rows(store) == made_anew(store)
    assert [p[:2] for p in rows(store)[1]] == [["AB12CD", "AB12CD"]]


def test_what_a_reader_no_longer_considers_is_gone_from_every_byte(
    embedded: Store, tmp_path: Path, bytes_anywhere
) -> None:
    """A read reloaded with other candidates: the former ones are nowhere, though the plate is still read."""
    def read(candidate: str, name: str) -> Path:
        guesses = [{"plate": "AB12CD", "confidence": 90}, {"plate": candidate, "confidence": 70}]
        body = {"data_type": "alpr_group", "best_uuid": "u1", "best_plate_number": "AB12CD", "camera_id": 7,
                "epoch_start": 1772359200000, "candidates": guesses}  # fmt: skip
        (tmp_path / name).write_text(json.dumps([body]))
        return tmp_path / name

    load(embedded, "rekor_reads", read("AB12CO", "a.json"))
    assert bytes_anywhere(Path(embedded.location), "AB12CO")
    receipt = load(embedded, "rekor_reads", read("AB12CQ", "b.json"))
    assert receipt.changed == 1 and rows(embedded) == made_anew(embedded)
    assert bytes_anywhere(Path(embedded.location), "AB12CO") == []


def test_a_job_that_fails_leaves_them_as_they_were(embedded: Store, write, reads) -> None:
    write(embedded, "plate_reads", reads("AB12CD", "XY34ZZ"))
    before = rows(embedded)

    def job(session: LoadingSession) -> None:
        session.run(f"DELETE FROM {session.table('plate_reads')}")
        raise RuntimeError("half way")

    with embedded.loading("sightings") as session, pytest.raises(RuntimeError, match="half way"):
        session.commit(job)
    assert rows(embedded) == before == made_anew(embedded)


ONE = "(SELECT min(line) FROM reads_by_reader WHERE day = '2026-03-01')"


SPOILED = [
    (["DELETE FROM reads_by_reader WHERE plate = 'XY34ZZ'"], ["reads_by_reader"]),
    (["UPDATE reads_by_reader SET plate = 'QQ99QQ' WHERE plate = 'XY34ZZ'"], ["reads_by_reader"]),
    (
        [
            f"DELETE FROM reads_by_reader WHERE day = '2026-03-01' AND line = {ONE}",
            "INSERT INTO reads_by_reader FROM reads_by_reader WHERE day = '2026-03-05' LIMIT 1",
        ],
        ["reads_by_reader"],
    ),
    (["DELETE FROM plates_seen"], ["plates_seen"]),
    (["DELETE FROM plates_seen WHERE plate <> read_as"], ["plates_seen"]),
    (["UPDATE plates_seen SET plate = 'QQ99QQ', read_as = 'QQ99QQ' WHERE plate = 'XY34ZZ'"], ["plates_seen"]),
    (["DELETE FROM readers_seen"], ["readers_seen"]),
    (["INSERT INTO readers_seen FROM readers_seen LIMIT 1"], ["readers_seen"]),
    (["UPDATE readers_seen SET lon = 0, lat = 0"], ["readers_seen"]),
    (["UPDATE plate_reads SET plate = 'QQ99QQ' WHERE plate = 'XY34ZZ'"], ["reads_by_reader", "plates_seen"]),
]


def test_what_differs_from_plate_reads_is_named_and_made_anew(embedded: Store, write, reads) -> None:
    write(embedded, "plate_reads", [row | {"candidates": ["AB12CO"]} for row in reads("AB12CD", "XY34ZZ")])
    write(embedded, "plate_reads", reads("AB12CD", "XY34ZZ", day="2026-03-05"))
    with connected(embedded._place, Attach("sightings", read_only=False)) as connection:
        assert plate_index.out_of_step(connection) == []
        for spoiled, named in SPOILED:
            for sql in spoiled:
                connection.run(sql)
            assert plate_index.out_of_step(connection) == named, spoiled
            plate_index.mend(connection)
            assert plate_index.out_of_step(connection) == [], spoiled
    assert rows(embedded) == made_anew(embedded)


def test_doctor_names_and_init_mends_what_is_out_of_step(embedded: Store, write, reads) -> None:
    write(embedded, "plate_reads", reads("AB12CD", "XY34ZZ"))
    with embedded.loading("sightings") as session:
        session.run("UPDATE sightings.main.reads_by_reader SET plate = 'QQ99QQ' WHERE plate = 'XY34ZZ'")
        session.run("DELETE FROM sightings.main.readers_seen")
    problems = [f for f in embedded.doctor() if f.level == "problem"]
    assert [f.what.split()[1] for f in problems] == ["reads_by_reader", "readers_seen"]
    assert {f.remedy for f in problems} == {f"rtcc init --store {embedded.location}"}
    Store.create(embedded.location)
    assert rows(embedded) == made_anew(embedded) and not [f for f in embedded.doctor() if f.level == "problem"]


def test_an_older_store_gets_them_filled(embedded: Store, write, reads) -> None:
    write(embedded, "plate_reads", reads("AB12CD", "XY34ZZ"))
    write(embedded, "plate_reads", reads("AB12CD", day="2026-03-05"))
    full = rows(embedded)
    with embedded.loading("sightings") as session:
        for table in ("reads_by_reader", "plates_seen", "readers_seen"):
            session.run(f"DROP TABLE {session.table(table)}")
        take_back_to(session, version=3)
    Store.create(embedded.location)
    assert rows(embedded) == full == made_anew(embedded)


def test_a_store_with_slots_of_text_gets_numbers(embedded: Store, write, reads) -> None:
    write(embedded, "plate_reads", reads("AB12CD", "XY34ZZ"))
    full = rows(embedded)
    with embedded.loading("sightings") as session:
        table = session.table("reads_by_reader")
        session.run(f"CREATE TEMP TABLE before AS SELECT * REPLACE (slot::VARCHAR AS slot) FROM {table}")
        session.run(f"DROP TABLE {table}")
        session.run(f"CREATE TABLE {table} AS FROM before")
        session.run(f"DROP TABLE {session.table('readers_seen')}")
        take_back_to(session, version=5)
    assert "schema version 5" in next(f.what for f in embedded.doctor() if f.level == "problem")
    Store.create(embedded.location)
    assert rows(embedded) == full == made_anew(embedded) and not [f for f in embedded.doctor() if f.level == "problem"]


def take_back_to(session: LoadingSession, *, version: int) -> None:
    """As if later software had never opened the store."""
    session.run(f"DELETE FROM __ducklake_metadata_sightings.main.rtcc_migrations WHERE number > {version}")
