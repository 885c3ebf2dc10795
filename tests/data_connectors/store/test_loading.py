"""The loader's session: all or nothing, one writer at a time, nothing lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from data_connectors.store import LoadingSession, Store, StoreError


def start(code: str, *arguments: str) -> subprocess.Popen:
    """Another Python process that runs `code`, with this folder's `write` and friends at hand."""
    preamble = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from conftest import *\n"
    return subprocess.Popen(
        [sys.executable, "-c", preamble + textwrap.dedent(code), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def address(store: Store) -> str:
    """The store's location, with the password that another process needs."""
    place = store._place
    return store.location.replace("rtcc@", f"rtcc:{place.server.password}@") if place.server else store.location


def test_a_failing_job_leaves_nothing(store: Store, write, incidents) -> None:
    write(store, "incidents", incidents("a"))

    def job(session: LoadingSession) -> None:
        session.run(f"DELETE FROM {session.table('incidents')}")
        raise RuntimeError("the third file is truncated")

    with pytest.raises(RuntimeError, match="truncated"), store.loading("records") as session:
        session.commit(job)
    assert store.read("SELECT incident_id FROM incidents").incident_id.tolist() == ["a"]


def test_load_numbers_rise_and_are_taken_only_while_the_lake_is_held(store: Store, write, incidents) -> None:
    assert [write(store, "incidents", incidents("a")), write(store, "incidents", incidents("b"))] == [1, 2]
    with pytest.raises(RuntimeError, match="inside the job"), store.loading("records") as session:
        session.next_load_id()


def test_table_names_come_from_the_schema_of_the_lake(embedded: Store) -> None:
    with embedded.loading("records") as session:
        assert session.table("cameras") == '"records".main."cameras"'
        with pytest.raises(StoreError, match="incidents"):
            session.table("plate_reads")
    with pytest.raises(StoreError, match="sightings"), embedded.loading("plates"):
        pass


def test_several_processes_load_and_read_at_once(store: Store) -> None:
    """Each of three loaders writes the same ids and its own; readers meanwhile see whole loads only."""
    loaders = [
        start(
            """
            store = Store(sys.argv[1])
            for n in range(4):
                write(store, "incidents", incidents("shared-1", "shared-2", f"{sys.argv[2]}-{n}"), key="incident_id")
            """,
            address(store),
            str(name),
        )
        for name in range(3)
    ]
    reader = start(
        """
        store = Store(sys.argv[1])
        seen = []
        while not seen or seen[-1] < 14 and len(seen) < 400:
            seen.append(int(store.read("SELECT count(*) AS n FROM incidents").n[0]))
        print(seen)
        """,
        address(store),
    )
    for process in loaders:
        finish(process)
    seen = eval(finish(reader))
    frame = store.read("SELECT incident_id, count(*) AS n FROM incidents GROUP BY ALL")
    assert len(frame) == 14 and (frame.n == 1).all()
    assert store.read("SELECT list(load_id ORDER BY load_id) AS ids FROM loads").ids[0].tolist() == list(range(1, 13))
    assert seen == sorted(seen) and set(seen) <= {0, *range(3, 15)}


def test_a_held_lake_names_its_holder_after_a_bounded_wait(store: Store, write, incidents) -> None:
    holder = start(
        """
        with Store(sys.argv[1]).loading("records") as session:
            session.commit(lambda s: (print("held", flush=True), sys.stdin.read()))
        """,
        address(store),
    )
    try:
        assert holder.stdout.readline() == "held\n"
        started = time.monotonic()
        with pytest.raises(StoreError) as error:
            write(Store(address(store), wait_s=0.3), "incidents", incidents("a"))
        assert str(holder.pid) in str(error.value) and "wait_s" in str(error.value)
        assert time.monotonic() - started < 20
        assert "an-invented-password" not in str(error.value)
        assert store.read("SELECT count(*) AS n FROM incidents").n[0] == 0
        told = [finding.what for finding in store.doctor()]
        assert any(f"{holder.pid}" in what for what in told), told
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.parametrize("when", ["in the job", "before the commit"])
def test_a_loader_killed_midway_leaves_the_store_as_it_was(store: Store, write, incidents, when: str) -> None:
    write(store, "incidents", incidents("a", "b"))
    victim = start(
        """
        from data_connectors.store import engine
        store = Store(sys.argv[1])
        def stop(*ignored):
            print("now", flush=True); sys.stdin.read()
        if sys.argv[2] == "before the commit":
            run = engine.Connection.run
            engine.Connection.run = lambda self, sql, *rest: stop() if sql == "COMMIT" else run(self, sql, *rest)
        def job(s):
            s.run(f"DELETE FROM {s.table('incidents')}")
            s.run(f"INSERT INTO {s.table('loads')} VALUES (9, now(), 'x', 'incidents', 'src', 'p', '{{}}', NULL)")
            if sys.argv[2] == "in the job":
                stop()
        with store.loading("records") as session:
            session.commit(job)
        """,
        address(store),
        when,
    )
    assert victim.stdout.readline() == "now\n"
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    assert store.read("SELECT count(*) AS n FROM incidents").n[0] == 2
    assert store.read("SELECT count(*) AS n FROM loads").n[0] == 1
    assert write(store, "incidents", incidents("c"), key="incident_id") == 2
    assert store.read("SELECT count(*) AS n FROM incidents").n[0] == 3


def test_files_left_by_a_killed_loader_are_removed_by_the_next(embedded: Store, write, incidents) -> None:
    victim = start(
        """
        def job(s):
            s.run(f"INSERT INTO {s.table('loads')} VALUES (9, now(), 'x', 'incidents', 'src', 'p', '{{}}', NULL)")
            print("now", flush=True); sys.stdin.read()
        with Store(sys.argv[1]).loading("records") as session:
            session.commit(job)
        """,
        embedded.location,
    )
    victim.stdout.readline()
    victim.kill()
    victim.communicate()
    data = Path(embedded.location) / "records"
    assert len(list(data.rglob("*.parquet"))) == 1
    assert any("no snapshot knows" in finding.what for finding in embedded.doctor())
    write(embedded, "incidents", incidents("a"))
    assert len(list(data.rglob("*.parquet"))) == 2


def test_a_full_disk_writes_nothing_and_says_so(embedded: Store, write, incidents, tmp_path: Path) -> None:
    write(embedded, "incidents", incidents("a"))
    mounted = tmp_path / "small-disk"
    mounted.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", mounted], capture_output=True).returncode
    ):
        pytest.skip("a small disk needs root and the right to mount one")
    try:
        store = Store.create(mounted / "county")
        write(store, "incidents", incidents("a"))
        noise = [f"{os.urandom(2000).hex()}" for _ in range(1500)]
        with pytest.raises(StoreError, match="disk .* full"):
            write(store, "incidents", incidents(*noise))
        assert store.read("SELECT incident_id FROM incidents").incident_id.tolist() == ["a"]
        write(store, "incidents", incidents("b"))
        assert store.read("SELECT count(*) AS n FROM incidents").n[0] == 2
    finally:
        subprocess.run(["umount", "-l", mounted], check=True)


def test_a_store_of_many_days_is_merged_by_what_it_has_beside_a_file_a_day(
    embedded: Store, monkeypatch: pytest.MonkeyPatch, write, reads
) -> None:
    """Otherwise every load of a store older than two months would write its day's file again."""
    monkeypatch.setattr("data_connectors.store.settling._SMALL_FILES", 2)
    folder = Path(embedded.location) / "sightings" / "main" / "plate_reads"
    files = []
    for day in (1, 2, 3, 4, 5, 5, 5, 5):
        write(embedded, "plate_reads", reads("AB12CD", day=f"2026-03-0{day}"))
        files.append(len(list(folder.rglob("*.parquet"))))
    assert files == [1, 2, 3, 4, 5, 6, 7, 5]


def test_bookkeeping_files_are_merged_and_the_past_stays_readable(
    embedded: Store, monkeypatch: pytest.MonkeyPatch, write, incidents
) -> None:
    monkeypatch.setattr("data_connectors.store.settling._SMALL_FILES", 2)
    snapshots = []
    for n in range(5):
        write(embedded, "incidents", incidents(str(n)))
        snapshots.append(embedded.snapshot())
    assert embedded.read("SELECT count(*) AS n FROM loads").n[0] == 5
    assert embedded.at(snapshots[1]).read("SELECT count(*) AS n FROM loads").n[0] in (2, 3)
    assert embedded.loads().load_id.tolist() == [5, 4, 3, 2, 1]
