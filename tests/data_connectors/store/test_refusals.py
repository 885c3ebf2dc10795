"""What a server that does not answer, or that refuses, is told to the user as: one message, no library's words."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from data_connectors.store import Store, StoreError
from data_connectors.store.location import Location

INNER = ("DuckLake", "__ducklake", "connect_timeout", "METADATA", "SELECT ")


def test_a_server_that_does_not_answer_is_named_with_what_to_check(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = Store(f"postgresql://ana:an-invented-password@127.0.0.1:{port}/county?data_path={tmp_path}", wait_s=0)
    for ask in (store.describe, store.loads, store.snapshot, store.verify_ledger):
        with pytest.raises(StoreError) as told:
            ask()
        words = str(told.value)
        assert f"127.0.0.1:{port}" in words and "Connection refused" in words and "pg_isready" in words
        assert "an-invented-password" not in words and not [inner for inner in INNER if inner in words]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ('FATAL:  password authentication failed for user "ana"', "password authentication failed"),
        ('FATAL:  database "county" does not exist', 'database "county" does not exist'),
    ],
)
def test_what_the_server_said_is_kept_without_its_wrapping(given: str, told: str) -> None:
    place = Location.parse("postgresql://ana:pw-invented@db.example/county?data_path=/srv/rtcc")
    wrapped = (
        'IO Error: Failed to attach DuckLake MetaData "x" at path + "postgres:"Unable to connect to Postgres at '
        f'"connect_timeout=\'10\'": connection to server at "db.example", port 5432 failed: {given}\npw-invented'
    )
    words = place.redact(wrapped)
    assert told in words and "FATAL" not in words and "pw-invented" not in words and "DuckLake" not in words
    assert place.redact("anything else with pw-invented") == "anything else with ***"


def test_command_staff_see_the_records_and_that_the_plates_are_closed(
    opened_by, shared_store: Store, write, incidents
):
    write(shared_store, "incidents", incidents("a"))
    command = opened_by("command", "cora_command")
    tables = command.describe().set_index("table")
    assert tables.loc["incidents", "rows"] == 1
    assert tables.loc[["plate_reads", "hotlist_entries"], "rows"].isna().all()
    assert set(tables.loc[["plate_reads", "hotlist_entries"], "sources"]) == {"(closed to this user)"}
    assert command.loads().lake.tolist() == ["records"]
    with pytest.raises(StoreError, match="refuses this to cora_command: permission denied for") as told:
        write(command, "incidents", incidents("b"))
    assert not [inner for inner in INNER if inner in str(told.value)]
