"""Schema versions: an older store is brought up to date, a newer one refused."""

from __future__ import annotations

import pytest

from data_connectors.store import Store, StoreError, diagnose, migrations
from data_connectors.store.engine import Attach, connected
from data_connectors.store.location import LAKES

NOW = migrations.newest()


@pytest.fixture
def before_alerts(store: Store) -> Store:
    """A store of version 1 as it was made before there were alerts."""
    Store.create(address(store))  # a shared folder is claimed while it is empty
    for lake in LAKES:
        with connected(store._place, Attach(lake, read_only=False)) as connection:
            connection.run("DROP TABLE IF EXISTS alerts")
            connection.run(
                f"DELETE FROM {migrations.catalog_schema(connection, lake)}.rtcc_migrations WHERE number > 1"
            )
    return store


@pytest.fixture
def one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Software that knows one migration more."""

    def add_beat_note(connection, lake) -> None:
        if lake == "records":
            connection.run("ALTER TABLE records.incidents ADD COLUMN IF NOT EXISTS beat_note VARCHAR")

    monkeypatch.setattr(migrations, "MIGRATIONS", list(migrations.MIGRATIONS))
    migrations.migration(add_beat_note)


def test_an_older_store_is_named_then_migrated_with_its_rows(store: Store, write, incidents, one_more) -> None:
    # `one_more` is not in force yet for the store's own rows: the fixture made it with the older software
    with pytest.raises(StoreError, match=f"version {NOW}; this software needs {NOW + 1}.*rtcc init"):
        store.read("FROM incidents")
    with pytest.raises(StoreError, match="rtcc init"):
        write(store, "incidents", incidents("a"))
    migrated = Store.create(address(store))
    assert migrated.read("SELECT count(beat_note) AS n FROM incidents").n[0] == 0
    write(migrated, "incidents", incidents("a"))
    assert any(f"version {NOW + 1}" in finding.what for finding in migrated.doctor())


def test_a_migrated_store_still_reads_its_past(embedded: Store, write, incidents, monkeypatch, request) -> None:
    write(embedded, "incidents", incidents("a"))
    then = embedded.snapshot()
    request.getfixturevalue("one_more")
    Store.create(embedded.location)
    assert embedded.at(then).read("SELECT count(*) AS n FROM incidents").n[0] == 1


def test_a_newer_store_is_refused_with_both_versions_and_the_remedy(store: Store, request, monkeypatch) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(migrations, "MIGRATIONS", list(migrations.MIGRATIONS))
        migrations.migration(lambda connection, lake: None)
        Store.create(address(store))
    for act in (lambda: store.read("SELECT 1"), lambda: Store.create(address(store))):
        with pytest.raises(StoreError, match=f"version {NOW + 1}.*up to {NOW}.*pip install --upgrade"):
            act()
    assert {f.remedy for f in store.doctor() if f.level == "problem"} == {"pip install --upgrade rtcc-workbench"}


def test_a_store_from_before_alerts_is_named_then_gets_them_with_its_reads_kept(
    before_alerts: Store, reads, incidents, write, monkeypatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        write(before_alerts, "plate_reads", reads("ABC123", "XYZ789"))
        write(before_alerts, "incidents", incidents("a"))
    with pytest.raises(StoreError, match="version 1; this software needs .*rtcc init --store"):
        before_alerts.read("FROM incidents")
    named = {f.what.split(":")[0]: f.remedy for f in before_alerts.doctor() if f.level == "problem"}
    assert named == dict.fromkeys(("records", "sightings"), f"rtcc init --store {before_alerts.location}")
    Store.create(address(before_alerts))
    assert columns_of(before_alerts, "sightings", "alerts") == [
        c.name for c in migrations.tables_of("sightings")["alerts"]
    ]
    assert {f.level for f in diagnose(address(before_alerts)) if "disk" not in f.what} == {"ok"}
    counted = before_alerts.describe().set_index("table").rows
    assert (counted.plate_reads, counted.incidents) == (2, 1)


def test_tables_that_came_later_leave_the_layout_of_the_others(before_alerts: Store) -> None:
    """A layout set anew on a table with files would hide its rows from filters."""
    before = layouts(before_alerts)
    Store.create(address(before_alerts))
    assert before and layouts(before_alerts) == before


def test_a_store_from_before_weather_gets_its_table_and_keeps_its_rows(
    store: Store, incidents, write, monkeypatch
) -> None:
    Store.create(address(store))  # a shared folder is claimed while it is empty
    for lake in LAKES:
        with connected(store._place, Attach(lake, read_only=False)) as connection:
            connection.run(f"DROP TABLE IF EXISTS {lake}.weather_daily")
            connection.run(
                f"DELETE FROM {migrations.catalog_schema(connection, lake)}.rtcc_migrations WHERE number > 2"
            )
    with monkeypatch.context() as older:
        older.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:2])
        write(store, "incidents", incidents("a"))
    with pytest.raises(StoreError, match="version 2; this software needs .*rtcc init --store"):
        store.read("FROM incidents")
    Store.create(address(store))
    assert columns_of(store, "records", "weather_daily") == [
        c.name for c in migrations.tables_of("records")["weather_daily"]
    ]
    assert store.describe().set_index("table").rows.loc[["incidents", "weather_daily"]].tolist() == [1, 0]


def test_creating_twice_changes_nothing(embedded: Store, write, incidents) -> None:
    write(embedded, "incidents", incidents("a"))
    before = embedded.snapshot()
    assert Store.create(embedded.location).snapshot() == before


def test_two_stores_do_not_share_a_data_folder(server, new_database, shared_location: str) -> None:
    Store.create(shared_location)
    other = shared_location.replace(shared_location.split("/")[3].split("?")[0], new_database())
    with pytest.raises(StoreError, match="data_path of its own"):
        Store.create(other)


def address(store: Store) -> str:
    place = store._place
    return store.location.replace("rtcc@", f"rtcc:{place.server.password}@") if place.server else store.location


def columns_of(store: Store, lake: str, table: str) -> list[str]:
    with connected(store._place, Attach(lake)) as connection:
        return [row[0] for row in connection.rows(f"DESCRIBE {lake}.{table}")]


def layouts(store: Store) -> list[tuple]:
    """Which table has been partitioned and sorted, and at which snapshot that was said."""
    with connected(store._place, Attach("sightings")) as connection:
        catalog = migrations.catalog_schema(connection, "sightings")
        return connection.rows(
            f"SELECT 'partition', table_id, begin_snapshot FROM {catalog}.ducklake_partition_info "
            f"UNION ALL SELECT 'sort', table_id, begin_snapshot FROM {catalog}.ducklake_sort_info ORDER BY ALL"
        )
