"""On PostgreSQL an alert waits for nobody who loads; nothing that tidies or purges beside it loses or revives one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from data_connectors.schemas import Lake
from data_connectors.store import LoadingSession, Purpose, Store, retention, settling

from .test_loading import address, finish, start

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
POLICY = retention.RetentionPolicy.parse(
    'name = "x"\n[keep]\n' + "\n".join(f'{kind} = "48 hours"' for kind in retention.KEPT)
)


def add(store: Store, *names: str, at: datetime = NOW, before_commit: Callable[[], None] = lambda: None) -> int:
    """Add alerts that are not there yet, as live matching does; how many."""

    def job(s: LoadingSession) -> int:
        table = s.table("alerts")
        [(added,)] = s.rows(
            f"INSERT INTO {table} (alert_id, made_at, arrived_at, plate, captured_at, camera_id, list_name) "
            "SELECT name, now(), now(), name, $at, 'c1', 'BOLO' FROM (SELECT unnest($names) AS name) "
            f"WHERE name NOT IN (SELECT alert_id FROM {table})",
            names=list(names), at=at,
        )  # fmt: skip
        before_commit()
        return int(added)

    with store.loading("sightings") as session:
        return session.commit_alerts(job)


def there(store: Store) -> list[str]:
    with store.sightings(Purpose("test", "26-1")) as sightings:
        return sightings.read("SELECT alert_id FROM alerts ORDER BY 1")["alert_id"].tolist()


@contextmanager
def in_the_middle(job: Callable[[Callable[[], None]], object]) -> Iterator[None]:
    """Run a job in a thread up to where it calls what it is given; let it go on, and end, at the end."""
    reached, let_go, faults = threading.Event(), threading.Event(), []

    def wait() -> None:
        reached.set()
        assert let_go.wait(30)

    def run() -> None:
        try:
            job(wait)
        except BaseException as fault:
            faults.append(fault)
            reached.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert reached.wait(30)
        yield
    finally:
        let_go.set()
        thread.join()
    assert not faults, faults


def acknowledge(store: Store, name: str, before_commit: Callable[[], None]) -> None:
    with store.loading("sightings") as session:

        def job(s: LoadingSession) -> None:
            s.run(f"UPDATE {s.table('alerts')} SET acknowledged_at = now() WHERE alert_id = $name", name=name)
            before_commit()

        session.commit(job)


def test_an_alert_does_not_wait_for_a_load(shared_store: Store, reads, write) -> None:
    write(shared_store, "plate_reads", reads("OLD1", "OLD2"))

    def load(before_commit: Callable[[], None]) -> None:
        with shared_store.loading("sightings") as session:

            def job(s: LoadingSession) -> None:
                s.run(f"DELETE FROM {s.table('plate_reads')} WHERE plate = 'OLD1'")
                before_commit()

            session.commit(job)

    with in_the_middle(load):
        assert add(shared_store, "A1") == 1
        assert there(shared_store) == ["A1"] and add(shared_store, "A1", "A2") == 1
    assert there(shared_store) == ["A1", "A2"]
    with shared_store.sightings(Purpose("test", "26-1")) as sightings:
        assert sightings.read("SELECT plate FROM plate_reads")["plate"].tolist() == ["OLD2"]


def test_who_tidies_waits_for_an_alert_being_written(shared_store: Store, reads, write) -> None:
    """A load that ends meanwhile would take the alert's file, which no snapshot knows yet, for an orphan."""
    loading = threading.Thread(target=write, args=(shared_store, "plate_reads", reads("NEW1")))
    with in_the_middle(lambda wait: add(shared_store, "A1", before_commit=wait)):
        loading.start()
        loading.join(1.0)
    loading.join()
    assert there(shared_store) == ["A1"]
    assert not [f for f in shared_store.doctor() if f.level == "problem"]


def test_an_alert_waits_only_while_alerts_are_merged(shared_store: Store, reads, write, monkeypatch) -> None:
    merge, merged = settling._merge, []
    late = threading.Thread(target=add, args=(shared_store, "A2"))

    def meanwhile(connection: object, lake: Lake, tables: list[str]) -> None:
        merged.append(tables)
        if tables == ["alerts"]:
            late.start()
            late.join(0.5)
            assert late.is_alive()
        else:
            add(shared_store, "A1")
        merge(connection, lake, tables)

    monkeypatch.setattr(settling, "_crowded", lambda *_: ["plate_reads", "alerts"])
    monkeypatch.setattr(settling, "_merge", meanwhile)
    write(shared_store, "plate_reads", reads("P1"))
    late.join()
    assert merged == [["plate_reads"], ["alerts"]] and there(shared_store) == ["A1", "A2"]


def test_an_alert_added_while_another_is_taken_up_loses_neither(shared_store: Store) -> None:
    add(shared_store, "A1", "B1")
    with in_the_middle(lambda wait: acknowledge(shared_store, "A1", wait)):
        add(shared_store, "A2")
    with shared_store.sightings(Purpose("test", "26-1")) as sightings:
        found = sightings.read("SELECT alert_id, acknowledged_at IS NOT NULL AS up FROM alerts ORDER BY 1")
    assert dict(zip(found["alert_id"], found["up"], strict=True)) == {"A1": True, "A2": False, "B1": False}


def test_a_purge_and_an_alert_wait_for_each_other(shared_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is overdue goes, also where it was added in the last moment, and does not come back; the rest stays."""
    old = NOW - timedelta(days=3)
    add(shared_store, "OLDER", at=old)
    purged: list[retention.Certificate] = []
    purging = threading.Thread(target=lambda: purged.append(retention.purge(shared_store, POLICY, now=NOW)))
    with in_the_middle(lambda wait: add(shared_store, "A1", "OVERDUE", at=old, before_commit=wait)):
        purging.start()
        purging.join(0.5)
        assert purging.is_alive()
    purging.join()
    assert there(shared_store) == [] and sum(o.rows for o in purged[0].removed) == 3

    delete = retention._delete
    adding = threading.Thread(target=add, args=(shared_store, "A2"))

    def meanwhile(*given: object) -> None:
        delete(*given)
        adding.start()
        adding.join(0.5)
        assert adding.is_alive()

    add(shared_store, "OLDER", at=old)
    monkeypatch.setattr(retention, "_delete", meanwhile)
    assert retention.purge(shared_store, POLICY, now=NOW).plates_found == 0
    adding.join()
    assert there(shared_store) == ["A2"]


def test_an_alert_removes_what_a_killed_loader_left(embedded: Store) -> None:
    """It takes the mark of the dead off the lock, so nobody would know later."""
    add(embedded, "A1")
    [file] = (embedded._place.data("sightings") / "main" / "alerts").glob("*.parquet")
    left = file.with_name("left.parquet")
    left.write_bytes(file.read_bytes())
    (embedded._place.root / "sightings.lock").write_text("{}")
    add(embedded, "A2")
    assert not left.exists() and there(embedded) == ["A1", "A2"]


WATCH = """
    from tests.data_connectors.store.test_alerts_beside_loads import add
    store = Store(sys.argv[1])
    print(sum(add(store, *(f"A{n}-{k}" for k in range(3))) for n in range(5)))
    """
LOADER = """
    from tests.data_connectors.store.conftest import reads, write
    store = Store(sys.argv[1])
    for n in range(3):
        plates = [f"{sys.argv[2]}{n}{k}" for k in range(5 - n % 2)]  # not as many as before, or the index is not told
        write(store, "plate_reads", reads(*plates), replace="same")
    """


def test_processes_that_alert_and_load_at_once_alert_once_and_lose_nothing(shared_store: Store) -> None:
    watching = [start(WATCH, address(shared_store)) for _ in range(2)]
    loader = start(LOADER, address(shared_store), "L")
    assert sum(int(finish(process)) for process in watching) == 15
    finish(loader)
    assert there(shared_store) == sorted(f"A{n}-{k}" for n in range(5) for k in range(3))
    with shared_store.sightings(Purpose("test", "26-1")) as sightings:
        assert sightings.read("SELECT count(*) AS n FROM plate_reads")["n"][0] == 5
    assert not [f for f in shared_store.doctor() if f.level == "problem"]
