"""Loads cut short: killed, out of disk, stopped, or side by side. All of a load is there, or nothing of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data_connectors import Store, load
from data_connectors.store import StoreError

PREAMBLE = """
import resource, signal, sys
from data_connectors import Store, load
from data_connectors.errors import RtccError
from data_connectors.store import engine
location, profile, files = sys.argv[1], sys.argv[2], sys.argv[3:]
def stop(*ignored):
    print("now", flush=True); sys.stdin.read()
"""


def start(code: str, store: Store, profile: Path, *files: Path) -> subprocess.Popen:
    """Another process that runs `code`, which knows `location`, `profile` and `files`."""
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + textwrap.dedent(code), store.location, profile, *files],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


def same(before: list[pd.DataFrame], after: list[pd.DataFrame]) -> bool:
    return all(was.equals(now) for was, now in zip(before, after, strict=True))


def whole(store: Store) -> bool:
    """Whether the doctor finds neither a problem nor a file that nothing knows."""
    return not [f for f in store.doctor() if f.level == "problem" or "no snapshot knows" in f.what]


STOPS = {
    "while reading": "load(location, profile, files, progress=lambda done, total, what: done and stop())",
    "with the rows written": """
        run = engine.Connection.run
        engine.Connection.run = lambda self, sql, *rest: stop() if "DROP TABLE inc" in sql else run(self, sql, *rest)
        load(location, profile, files)
        """,
    "before the commit": """
        run = engine.Connection.run
        engine.Connection.run = lambda self, sql, *rest: stop() if sql == "COMMIT" else run(self, sql, *rest)
        load(location, profile, files)
        """,
}


@pytest.mark.parametrize("when", STOPS)
def test_a_killed_load_leaves_the_store_as_it_was_and_the_next_works(
    town, store: Store, contents: Callable, when: str
) -> None:
    load(store, town.profile, town.file("march.csv", town.rows(range(50))))
    before = contents(store)
    more = town.file("more.csv", town.rows(range(25, 3000), when="04/01/2025 10:00"))
    victim = start(STOPS[when], store, town.folder / "town.toml", more)
    assert victim.stdout.readline() == "now\n", victim.communicate()[1]
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert victim.returncode == -signal.SIGKILL
    assert same(before, contents(store))
    receipt = load(store, town.profile, more)
    assert (receipt.new, receipt.changed, receipt.load_id) == (2950, 25, 2)
    assert store.read("SELECT count(*) AS n, count(DISTINCT incident_id) AS ids FROM incidents").values.tolist() == [
        [3000, 3000]
    ]
    assert whole(store)


FULL = """
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
try:
    load(location, profile, files)
except RtccError as error:
    print(type(error).__name__, error)
"""


def test_a_file_that_cannot_grow_stops_the_load_whole(town, store: Store, contents: Callable) -> None:
    """As a quota does: the store's files may not grow beyond a size that its catalog has reached already."""
    load(store, town.profile, town.file("march.csv", town.rows(range(5))))
    before = contents(store)
    noise = "".join(town.row(n, address=os.urandom(100).hex()) for n in range(4000))
    file = town.file("noise.csv", noise)
    out, err = start(FULL, store, town.folder / "town.toml", file).communicate(timeout=60)
    assert out.startswith("StoreError") and "Traceback" not in err, out + err
    assert same(before, contents(store))
    assert load(store, town.profile, file).new == 3995 and whole(store)


@pytest.fixture
def small_disk(tmp_path: Path):
    mounted = tmp_path / "small-disk"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", mounted]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk needs root and the right to mount one")
    yield mounted
    subprocess.run(["umount", "-l", mounted], check=True)


def test_a_full_disk_stops_the_load_whole(town, small_disk: Path, contents: Callable) -> None:
    store = Store.create(small_disk / "county")
    load(store, town.profile, town.file("march.csv", town.rows(range(5))))
    before = contents(store)
    noise = "".join(town.row(n, address=os.urandom(400).hex()) for n in range(6000))
    with pytest.raises(StoreError, match="disk .* full"):
        load(store, town.profile, town.file("noise.csv", noise))
    assert same(before, contents(store))
    assert load(store, town.profile, town.file("april.csv", town.rows(range(5, 9)))).new == 4


def test_two_loaders_at_once_both_land(town, store: Store) -> None:
    """Both have read their files before either may write; some records are in both."""
    code = """
    def wait(done, total, what):
        if what == "writing":
            stop()
    print(load(location, profile, files, progress=wait).new, flush=True)
    """
    files = [town.file("one.csv", town.rows(range(0, 60))), town.file("two.csv", town.rows(range(40, 100)))]
    loaders = [start(code, store, town.folder / "town.toml", file) for file in files]
    assert [loader.stdout.readline() for loader in loaders] == ["now\n", "now\n"]
    for loader in loaders:
        loader.stdin.close()
        loader.stdin = None
    said = [loader.communicate(timeout=60) for loader in loaders]
    assert [loader.returncode for loader in loaders] == [0, 0], said
    assert sorted(int(out) for out, _ in said) == [40, 60]
    found = store.read("SELECT count(*) AS n, count(DISTINCT incident_id) AS ids FROM incidents")
    assert found.values.tolist() == [[100, 100]]
    assert sorted(store.loads().load_id) == [1, 2] and whole(store)


class Stopped(Exception):
    """What the person at the progress bar raises."""


@pytest.mark.parametrize("at", ["march.csv", "april.csv", "writing"])
def test_a_progress_callback_that_raises_stops_the_load(town, store: Store, contents: Callable, at: str) -> None:
    files = [town.file("march.csv", town.rows(range(5))), town.file("april.csv", town.rows(range(5, 9)))]
    before, seen = contents(store), []

    def stop(done: int, total: int, what: str) -> None:
        seen.append(what)
        assert 0 <= done <= total
        if what == at:
            raise Stopped

    with pytest.raises(Stopped):
        load(store, town.profile, files, progress=stop)
    assert seen == ["march.csv", "april.csv", "writing"][: len(seen)] and same(before, contents(store))
    assert load(store, town.profile, files).new == 9
