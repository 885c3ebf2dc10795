"""What a policy no longer keeps is gone from every file; what it keeps under a case stays; the proof names no plate."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from data_connectors import load
from data_connectors.store import Purpose, Store, StoreError, retention

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PURPOSE = Purpose("investigation", "26-1")
POLICY = """
name = "Two days"
[keep]
plate_reads = "48 hours"
rejects = "48 hours"
hotlist_entries = "7 days"
alerts = "48 hours"
alerts_under_case = "5 years"
"""


def everywhere(folder: Path) -> set[str]:
    """Every text in every Parquet file below a folder, and every token of every other file."""
    texts: set[str] = set()
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            for column in table.columns:
                texts |= {str(v) for v in column.to_pylist()}
        elif path.is_file() and path.name != "audit.sqlite":
            texts.add(path.read_bytes().decode("latin-1"))
    return texts


def seen(folder: Path, plate: str) -> bool:
    return any(plate in text for text in everywhere(folder))


def fill(store: Store, write, reads) -> None:
    for day, plates in (("2026-03-01", ("0AAOLD", "ZZZOLD", "BOTH1")), ("2026-03-10", ("FRESH1", "BOTH1"))):
        write(store, "plate_reads", reads(*plates, day=day))
    entry = {"list_name": "l", "plate_raw": "x", "plate_folded": "x", "line": 1, "time_rule": None}
    entries = [
        entry | {"plate": "WANTOLD", "plate_raw": "WANTOLD", "expires_at": NOW - timedelta(days=8)},
        entry | {"plate": "WANTNEW", "plate_raw": "WANTNEW", "expires_at": NOW + timedelta(days=8)},
    ]
    write(store, "hotlist_entries", entries)
    with store.loading("sightings") as session:

        def job(s) -> None:
            rejects, loads, alerts = (s.table(t) for t in ("rejects", "loads", "alerts"))
            s.run(f"UPDATE {loads} SET loaded_at = TIMESTAMPTZ '2026-03-01 00:00:00+00' WHERE load_id = 1")
            s.run(
                f"INSERT INTO {rejects} VALUES (1, 'src', 'f', 'h', 1, NULL, 'no time', '{{\"plate\": \"REFUSED\"}}')"
            )
            for n, (plate, case) in enumerate((("ALERTNO", None), ("ALERTCASE", "26-7"))):
                s.run(
                    f"INSERT INTO {alerts} (alert_id, made_at, arrived_at, plate, captured_at, camera_id, list_name, "
                    "case_number) VALUES ($id, $at, $at, $plate, $at, 'c1', 'l', $case)",
                    id=str(n), at=NOW - timedelta(days=9), plate=plate, case=case,
                )  # fmt: skip

        session.commit(job)


GONE = ("0AAOLD", "ZZZOLD", "WANTOLD", "REFUSED", "ALERTNO")
KEPT = ("BOTH1", "FRESH1", "WANTNEW", "ALERTCASE")


def test_two_days_leave_nothing_older_in_any_file(store: Store, write, reads) -> None:
    fill(store, write, reads)
    folder = store._place.root
    assert all(seen(folder, plate) for plate in (*GONE, *KEPT))
    policy = retention.RetentionPolicy.parse(POLICY)
    planned = {o.kind: o.rows for o in retention.plan(store, policy, now=NOW)}
    assert planned == {"plate_reads": 3, "rejects": 1, "hotlist_entries": 1, "alerts": 1, "alerts_under_case": 0}
    assert seen(folder, "0AAOLD")
    certificate = retention.purge(store, policy, now=NOW)
    assert [plate for plate in GONE if seen(folder, plate)] == []
    assert all(seen(folder, plate) for plate in KEPT)
    assert {o.kind: o.rows for o in certificate.removed} == planned
    assert certificate.plates_found == 0 and certificate.plates_gone == 4 and certificate.files_checked >= 3
    assert certificate.files_removed and not any(p in certificate.to_json() for p in (*GONE, *KEPT))
    assert retention.certificates(store) == (certificate,)
    assert store.verify_ledger().holds
    with store.sightings(PURPOSE) as sightings:
        left = sightings.read("SELECT plate FROM plate_reads ORDER BY plate")["plate"].tolist()
    assert left == ["BOTH1", "FRESH1"]


def test_a_ragged_plate_row_leaves_with_the_rejects(store: Store, tmp_path: Path) -> None:
    """A row that no reader can take apart is kept as it came, plate and all, until the policy's day."""
    times = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z"
    good = [f"KEEP{n},{times},c1" for n in range(100, 160)]
    lines = ["plate,read_time,camera", *good, f"RAGGED9,{times},c1,too,many", "NOTIME7,sometime,c1"]
    (tmp_path / "reads.csv").write_text("\n".join(lines) + "\n")
    receipt = load(store, "plate_reads_csv", tmp_path / "reads.csv")
    assert receipt.new == 60 and sum(receipt.rejected.values()) == 2
    folder = store._place.root
    assert seen(folder, "RAGGED9") and not seen(folder, "NOTIME7")  # taken apart, so kept without text
    policy = retention.RetentionPolicy.parse(POLICY.replace('reads = "48 hours"', 'reads = "30 days"'))
    assert sum(o.rows for o in retention.purge(store, policy).removed) == 0 and seen(folder, "RAGGED9")
    certificate = retention.purge(store, policy, now=datetime.now(UTC) + timedelta(days=3))
    assert {o.kind: o.rows for o in certificate.removed}["rejects"] == 2
    assert not any(seen(folder, plate) for plate in ("RAGGED9", "NOTIME7")) and seen(folder, "KEEP100")
    if store._place.server is None:
        assert not any(plate.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file()
                       for plate in ("RAGGED9", "NOTIME7"))  # fmt: skip
    with store.sightings(PURPOSE) as sightings:
        assert sightings.read("SELECT count(*) AS n FROM rejects").n[0] == 0


def test_a_shared_catalog_holds_no_purged_plate(server, shared_store: Store, write, reads) -> None:
    fill(shared_store, write, reads)
    retention.purge(shared_store, retention.RetentionPolicy.parse(POLICY), now=NOW)
    database = shared_store._place.server.database
    for (table,) in server.run("SELECT tablename FROM pg_tables WHERE schemaname = 'sightings'", database):
        for plate in GONE:
            assert server.run(f"SELECT count(*) FROM sightings.{table} t WHERE t::text LIKE '%{plate}%'", database) == [
                (0,)
            ]


def test_a_plate_left_behind_fails_the_purge(embedded: Store, write, reads, monkeypatch) -> None:
    fill(embedded, write, reads)
    left = {}
    original = retention._search

    def planted(connection, files):
        stray = files[0].with_name("stray.parquet")
        left["file"] = stray
        import pyarrow as pa

        pq.write_table(pa.table({"plate": ["0AAOLD"]}), stray)
        return original(connection, [*files, stray])

    monkeypatch.setattr(retention, "_search", planted)
    with pytest.raises(StoreError, match="still in stray.parquet"):
        retention.purge(embedded, retention.RetentionPolicy.parse(POLICY), now=NOW)
    assert json.loads(json.dumps(retention.certificates(embedded)[0].plates_found)) == 1


def test_purging_twice_removes_nothing_more(embedded: Store, write, reads) -> None:
    fill(embedded, write, reads)
    policy = retention.RetentionPolicy.parse(POLICY)
    retention.purge(embedded, policy, now=NOW)
    assert sum(o.rows for o in retention.purge(embedded, policy, now=NOW).removed) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("keep = 3 4", "no TOML"),
        ('[keep]\nplate_reads = "48 hours"', "does not say how long to keep rejects"),
        (POLICY.replace("48 hours", "a while"), "write it as"),
        (POLICY + 'cameras = "1 day"', "names cameras"),
    ],
)
def test_a_policy_that_forgets_something_is_refused(text: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        retention.RetentionPolicy.parse(text)
