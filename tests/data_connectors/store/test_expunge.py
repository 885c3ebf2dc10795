"""A sealed record is in no snapshot, no file, no catalog; the others are untouched."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_connectors.store import Store, StoreError
from data_connectors.store.ledger import Ledger

FIRST, LAST = "0AAMARKED", "ZZZMARKED"  # the smallest and largest value of their columns, which the catalog keeps


@pytest.fixture
def with_record(store: Store, write, incidents) -> tuple[Store, int, int]:
    """A store whose second load brought the record in and whose later loads built on it."""
    write(store, "incidents", incidents("I1", "I2"))
    before = store.snapshot()
    write(store, "incidents", incidents("I3", FIRST, "I4", address="I5") + incidents("I6", address=LAST, start=5))
    within = store.snapshot()
    store.correct_location(
        table="incidents", source="src", lon=-89.123, lat=38.5, record_id=FIRST, reason="a witness", outside=True
    )
    write(store, "incidents", incidents("I7"))
    with store.loading("records") as session:
        session.commit(
            lambda s: s.run(
                f"INSERT INTO {s.table('rejects')} VALUES (3, 'src', 'f.csv', 'h', 4, NULL, 'no date', $raw)",
                raw=f'{{"id": "{FIRST}"}}',
            )
        )
    return store, before, within


def test_the_record_is_gone_from_every_snapshot_file_and_catalog(with_record, bytes_anywhere, server) -> None:
    store, before, within = with_record
    root = store._place.root
    assert store.expunge("incidents", source="src", match={"incident_id": FIRST}, reason="order 26-77") == 1
    assert bytes_anywhere(root, FIRST) == [] and bytes_anywhere(root, "-89.123") == []
    if store._place.server:
        database = store._place.server.database
        for schema, table in server.run(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('records', 'audit')", database
        ):
            assert server.run(f"SELECT count(*) FROM {schema}.{table} t WHERE t::text LIKE '%{FIRST}%'", database) == [
                (0,)
            ]
    assert sorted(store.read("SELECT incident_id FROM incidents").incident_id) == ["I1", "I2", "I3", "I4", "I6", "I7"]
    assert store.read("SELECT count(*) AS n FROM incidents WHERE incident_id = $id", id="I1").n[0] == 1
    assert store.at(before).read("SELECT count(*) AS n FROM incidents").n[0] == 2
    with pytest.raises(StoreError, match="expunge"):
        store.at(within).read("FROM incidents")
    last = Ledger(store._place, 5).rows()[-1]
    assert (last["action"], last["reason_text"], last["rows_returned"]) == ("purge", "order 26-77", 1)
    assert f'"snapshots_removed": [{within}, ' in last["query_params"]
    assert store.verify_ledger().holds and [f for f in store.doctor() if f.level == "problem"] == []


def test_any_column_tells_the_record_and_later_writes_still_find_everything(
    embedded: Store, write, incidents, bytes_anywhere
) -> None:
    write(
        embedded, "incidents", incidents("I1", "I2", address="M") + incidents("I3", address=LAST, lon=-10.25, start=3)
    )
    assert embedded.expunge("incidents", source="src", match={"address": LAST, "lon": "-10.25"}, reason="order") == 1
    assert bytes_anywhere(Path(embedded.location), LAST) == []
    write(embedded, "incidents", incidents("I9", address="N", lon=-91.0))
    counted = "SELECT count(*) AS n FROM incidents WHERE address = $a AND lon > $lon"
    assert embedded.read(counted, a="M", lon=-90.5).n[0] == 2
    assert embedded.read(counted, a="N", lon=-95.0).n[0] == 1


def test_a_record_that_only_the_past_holds_is_expunged_too(embedded: Store, write, incidents, bytes_anywhere) -> None:
    write(embedded, "incidents", incidents(FIRST), replace="2026-01")
    write(embedded, "incidents", incidents("I1"), replace="2026-01")
    assert embedded.expunge("incidents", source="src", match={"incident_id": FIRST}, reason="order") == 1
    assert bytes_anywhere(Path(embedded.location), FIRST) == []
    assert embedded.read("SELECT incident_id FROM incidents").incident_id.tolist() == ["I1"]


def test_a_load_whose_past_was_expunged_is_not_undone_by_half(embedded: Store, write, incidents) -> None:
    write(embedded, "incidents", incidents(FIRST, "I1"), replace="2026-01")
    load = write(embedded, "incidents", incidents("I2"), replace="2026-01")
    embedded.expunge("incidents", source="src", match={"incident_id": FIRST}, reason="order")
    with pytest.raises(StoreError, match="load the earlier file again"):
        embedded.undo(load)
    assert embedded.read("SELECT incident_id FROM incidents").incident_id.tolist() == ["I2"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"match": {}}, "everything"),
        ({"match": {"incident": "I1"}}, "no column 'incident'"),
        ({"match": {"incident_id": "nobody"}}, "nothing was taken out"),
        ({"source": "elsewhere"}, "nothing was taken out"),
        ({"reason": ""}, "reason"),
        ({"match": {"lon": "west"}}, "west"),
    ],
)
def test_an_expunge_that_names_no_record_touches_nothing(
    embedded: Store, write, incidents, wrong: dict, message: str
) -> None:
    write(embedded, "incidents", incidents("I1"))
    before = embedded.snapshot()
    with pytest.raises(StoreError, match=message):
        embedded.expunge("incidents", **({"source": "src", "match": {"incident_id": "I1"}, "reason": "order"} | wrong))
    assert embedded.snapshot() == before


def test_plates_are_expunged_from_sightings(embedded: Store, write, reads, bytes_anywhere) -> None:
    write(embedded, "plate_reads", reads(FIRST, "M1"))
    assert embedded.expunge("plate_reads", source="src", match={"plate": FIRST}, reason="order") == 1
    assert bytes_anywhere(Path(embedded.location), FIRST) == []


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ({"lon": "abc"}, "lon='abc' cannot be read: incidents.lon is DOUBLE"),
        ({"line": "1.x"}, "line='1.x' cannot be read"),
        ({"occurred_from": "yesterday"}, "occurred_from='yesterday'.*TIMESTAMP"),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_named(embedded: Store, write, incidents, match, message) -> None:
    write(embedded, "incidents", incidents("a"))
    before = embedded.snapshot()
    with pytest.raises(StoreError, match=message) as told:
        embedded.expunge("incidents", source="src", match=match, reason="order")
    assert "CAST" not in str(told.value) and embedded.snapshot() == before
