"""Roles and purposes as policy, database rights that make them a boundary, and what is read from the ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from data_connectors.store import Purpose, Store, StoreError, audit_report, policy
from data_connectors.store.ledger import Ledger

GOOD = Purpose("investigation", "26-000123", text="stolen car on Main Street")


def set_policy(store: Store, text: str) -> None:
    (store._place.root / policy.FILE).write_text(text)


def search(store: Store, purpose: Purpose = GOOD) -> None:
    with store.sightings(purpose) as sightings:
        sightings.read("/* lpr history */ SELECT count(*) AS n FROM plate_reads WHERE plate = $plate", plate="ABC123")


def test_the_policy_decides_who_searches_and_why(embedded: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    set_policy(
        embedded,
        '[purpose]\nreason_codes = ["investigation"]\ntext_required = true\n'
        '[roles]\nanalyst = ["ann"]\ncommand = ["carl"]',
    )
    monkeypatch.setenv("JUPYTERHUB_USER", "ann")
    search(embedded)
    for purpose, message in (
        (Purpose("curiosity", "26-1", text="x"), "not on the policy's list"),
        (Purpose("investigation", "26-1"), "reason in words"),
        (Purpose("investigation", ""), "case number"),
    ):
        with pytest.raises(StoreError, match=message):
            search(embedded, purpose)
    monkeypatch.setenv("JUPYTERHUB_USER", "carl")
    with pytest.raises(StoreError, match="'carl' .command. may not search_plates; that may: analyst, investigator"):
        search(embedded)
    monkeypatch.setenv("JUPYTERHUB_USER", "nobody")
    with pytest.raises(StoreError, match="no role"):
        policy.require(embedded, "purge")
    assert [r["outcome"] for r in Ledger(embedded._place, 5).rows()] == ["ok", *["denied"] * 5]


@pytest.mark.parametrize("text", ["[roles]\nking = ['x']", "[purpose]\nreasons = []", "[purpose", "[limits]"])
def test_a_policy_that_is_not_understood_lets_nobody_in(embedded: Store, text: str) -> None:
    set_policy(embedded, text)
    with pytest.raises(StoreError, match=r"policy\.toml"):
        search(embedded)


def test_database_rights_are_a_boundary(server, shared_store: Store) -> None:
    """With the script run, PostgreSQL itself refuses what the role may not do."""
    place = shared_store._place
    database = place.server.database
    for user in ("ann_analyst", "carl_command"):
        server.run(f"DROP ROLE IF EXISTS {user}")
        server.run(f"CREATE ROLE {user} LOGIN PASSWORD 'an-invented-password'")
    members = {"analyst": ("ann_analyst",), "command": ("carl_command",)}
    server.run(policy.grant_script(database=database, members=members), database)
    address = server.address(database, place.root)
    analyst, command = (Store(address.replace("//rtcc:", f"//{user}:")) for user in ("ann_analyst", "carl_command"))
    search(analyst)
    rows = Ledger(place, 5).rows()
    assert rows[-1]["user"] == "ann_analyst" and shared_store.verify_ledger().holds
    with pytest.raises(StoreError, match="permission denied|sightings"):
        search(command)
    assert len(command.read("SELECT count(*) AS n FROM incidents")) == 1
    import psycopg

    for user, sql in (("ann_analyst", "DELETE FROM audit.ledger"),
                      ("ann_analyst", "UPDATE audit.ledger SET case_no = ''"),
                      ("carl_command", "SELECT count(*) FROM sightings.ducklake_data_file")):  # fmt: skip
        with (
            psycopg.connect(
                host="127.0.0.1", port=server.port, user=user, password="an-invented-password", dbname=database
            ) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(sql)


def test_a_refused_write_shows_no_plate(opened_by, write, reads) -> None:
    """The catalog's SQL, which a refusal quotes, holds the smallest and largest plate of the file."""
    reader = opened_by("analyst", "rita_reader")
    with pytest.raises(StoreError, match="permission denied for table") as refused:
        write(reader, "plate_reads", reads("ABC123", "XYZ789"))
    assert "ABC123" not in str(refused.value) and "XYZ789" not in str(refused.value)


def test_names_cannot_smuggle_sql_into_the_grant_script() -> None:
    with pytest.raises(StoreError, match="no name"):
        policy.grant_script(database='x"; DROP TABLE y; --')


def test_the_rows_an_auditor_sees_hold_no_plate_and_looking_is_recorded(embedded: Store) -> None:
    search(embedded)
    rows = audit_report.audit_rows(embedded, reason="weekly review")
    assert rows["search"].tolist() == ["lpr history"] and "ABC123" not in rows.to_csv()
    last = Ledger(embedded._place, 5).rows()[-1]
    assert (last["object"], last["reason_text"]) == ("ledger", "weekly review")


def ledger_rows(*rows: dict[str, object]) -> pd.DataFrame:
    base = {"action": "view", "object": "plate_reads", "outcome": "ok", "user": "ann", "reason_code": "investigation",
            "search": "lpr history", "looks_back_days": 3.0, "ts_utc": "2026-03-01T10:00:00+00:00"}  # fmt: skip
    return pd.DataFrame([base | {"sequence": n} | row for n, row in enumerate(rows, 1)])


def test_weak_reasons_are_named() -> None:
    rows = ledger_rows(
        {"case_no": "26-1", "reason_text": "stolen car on Main Street"},
        {"case_no": "26-2", "reason_text": " Inv. "},
        {"case_no": "unknown", "reason_text": "burglary at the mill"},
        {"case_no": "26-3", "reason_text": "suspect vehicle seen twice", "looks_back_days": 700.0},
        *({"case_no": f"26-9{n}", "reason_text": "ongoing matter, see file"} for n in range(6)),
    )
    faults = audit_report.reason_quality(rows).groupby("fault")["sequence"].apply(list).to_dict()
    assert faults == {
        "empty_reason": [2],
        "no_case": [3],
        "long_look_back": [4],
        "repeated_reason": [5, 6, 7, 8, 9, 10],
    }


def test_small_cells_are_not_published() -> None:
    rows = ledger_rows(
        *({"case_no": f"26-{n}", "reason_text": "x"} for n in range(30)),
        *({"case_no": f"27-{n}", "reason_text": "x", "reason_code": "missing_person"} for n in range(12)),
        *({"case_no": "28-1", "reason_text": "x", "reason_code": "audit"} for _ in range(2)),
    )
    tables = audit_report.transparency(rows)
    shown = tables["by_purpose"].set_index("reason_code")["searches"].to_dict()
    assert shown == {"audit": "under 5", "investigation": "30", "missing_person": "suppressed"}
    assert tables["by_month"]["users"].tolist() == ["under 5"]
    assert tables["totals"].set_index("what")["count"]["searches"] == "44"


def test_an_exported_ledger_can_be_verified_alone(embedded: Store, tmp_path: Path) -> None:
    search(embedded)
    path = tmp_path / "ledger.jsonl"
    check = audit_report.export_ledger(embedded, path, reason="audit 2026-2")
    assert check.holds and audit_report.verify_export(path).holds and audit_report.head_is_in(embedded, check.head)
    with pytest.raises(StoreError, match="nothing is overwritten"):
        audit_report.export_ledger(embedded, path, reason="again")
    lines = path.read_text().splitlines()
    edited = json.loads(lines[0]) | {"case_no": "26-999"}
    path.write_text("\n".join([json.dumps(edited), *lines[1:]]))
    assert audit_report.verify_export(path).broken_at == 1
    path.write_text("\n".join([lines[0], lines[-1]]))
    assert not audit_report.verify_export(path).holds
    assert not audit_report.head_is_in(embedded, "0" * 63 + "1")
