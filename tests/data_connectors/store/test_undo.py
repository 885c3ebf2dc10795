"""Undoing one load: what it wrote goes, what it replaced comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_connectors.store import Purpose, Store, StoreError


def ids(store: Store) -> list[str]:
    return sorted(store.read("SELECT incident_id FROM incidents").incident_id)


def test_undo_brings_back_the_window_that_a_load_replaced(store: Store, write, incidents) -> None:
    write(store, "incidents", incidents("jan-1", "jan-1", "jan-2"), replace="2026-01")
    write(store, "incidents", incidents("feb-1"), replace="2026-02")
    write(store, "incidents", incidents("other"), source="elsewhere", replace="2026-01")
    wrong = write(store, "incidents", incidents("wrong-1", "wrong-2"), replace="2026-01")
    assert ids(store) == ["feb-1", "other", "wrong-1", "wrong-2"]
    assert store.undo(wrong) == 5
    assert ids(store) == ["feb-1", "jan-1", "jan-1", "jan-2", "other"]
    assert store.loads().set_index("load_id").undone_at.notna().to_dict() == {1: False, 2: False, 3: False, 4: True}


def test_undo_of_an_older_load_leaves_later_ones_of_other_windows(embedded: Store, write, incidents) -> None:
    write(embedded, "incidents", incidents("old"), replace="2026-01")
    wrong = write(embedded, "incidents", incidents("wrong"), replace="2026-01")
    write(embedded, "incidents", incidents("feb"), replace="2026-02")
    embedded.undo(wrong)
    assert ids(embedded) == ["feb", "old"]


def test_a_load_that_a_later_one_replaced_is_undone_after_it(embedded: Store, write, incidents) -> None:
    for name in ("one", "two", "three"):
        write(embedded, "incidents", incidents(name), replace="2026-01")
    with pytest.raises(StoreError, match="rtcc undo 3"):
        embedded.undo(2)
    assert ids(embedded) == ["three"]
    embedded.undo(3)
    embedded.undo(2)
    assert ids(embedded) == ["one"]


def test_a_load_is_undone_once(embedded: Store, write, incidents) -> None:
    load = write(embedded, "incidents", incidents("a"))
    embedded.undo(load)
    with pytest.raises(StoreError, match="already undone"):
        embedded.undo(load)
    with pytest.raises(StoreError, match="no load 7 .* loads 1 to 1"):
        embedded.undo(7)
    assert ids(embedded) == []


def test_corrections_made_since_hold_for_rows_that_come_back(embedded: Store, write, incidents) -> None:
    write(embedded, "incidents", incidents("a", address="9 ELM"), replace="2026-01")
    wrong = write(embedded, "incidents", incidents("b", address="9 ELM"), replace="2026-01")
    embedded.correct_location(table="incidents", source="src", lon=-90.5, lat=38.5, address="9 ELM", reason="stacked")
    embedded.undo(wrong)
    assert embedded.read("SELECT lon, location_quality FROM incidents").values.tolist() == [[-90.5, "corrected"]]


def test_sightings_lose_the_load_and_say_that_nothing_comes_back(store: Store, write, reads) -> None:
    write(store, "plate_reads", reads("ABC123"))
    load = write(store, "plate_reads", reads("XYZ789"), changed=1)
    with pytest.warns(UserWarning, match="keeps no snapshots"):
        assert store.undo(load, lake="sightings") == 1
    with store.sightings(Purpose("audit", "26-1")) as sightings:
        assert sightings.read("SELECT plate FROM plate_reads").plate.tolist() == ["ABC123"]


def test_a_lake_that_is_none_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    store = Store.create(str(tmp_path / "county"))
    before = sorted(p.name for p in (tmp_path / "county").iterdir())
    with pytest.raises(StoreError, match="there is no lake 'foo'; there are: records, sightings"):
        store.undo(1, lake="foo")
    assert sorted(p.name for p in (tmp_path / "county").iterdir()) == before
