"""Schema versions: an older store is brought up to date, a newer one refused."""

from __future__ import annotations

import pytest

from data_connectors.store import Store, StoreError, migrations


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
    with pytest.raises(StoreError, match="version 1; this software needs 2.*rtcc init"):
        store.read("FROM incidents")
    with pytest.raises(StoreError, match="rtcc init"):
        write(store, "incidents", incidents("a"))
    migrated = Store.create(address(store))
    assert migrated.read("SELECT count(beat_note) AS n FROM incidents").n[0] == 0
    write(migrated, "incidents", incidents("a"))
    assert any("version 2" in finding.what for finding in migrated.doctor())


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
        with pytest.raises(StoreError, match="version 2.*up to 1.*pip install --upgrade"):
            act()


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
