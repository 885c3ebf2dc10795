"""Stores to test with: embedded ones, and shared ones on a real PostgreSQL server started here."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from data_connectors.store import LoadingSession, Store, policy

PASSWORD = "an-invented-password"


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL server."""

    port: int

    def address(self, database: str, data_path: Path) -> str:
        return f"postgresql://rtcc:{PASSWORD}@127.0.0.1:{self.port}/{database}?data_path={data_path}"

    def run(self, sql: str, database: str = "postgres") -> list[tuple]:
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="rtcc", password=PASSWORD, dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []


def postgres_binaries() -> Path | None:
    """The folder of PostgreSQL's server programs, in PATH or where Debian keeps them."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((f for f in folders if (f / "postgres").exists() and (f / "pg_ctl").exists()), None)


def unprivileged(folder: Path) -> list[str]:
    """The start of a command that runs as a user other than root, who then owns `folder`."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("running as root without setpriv: PostgreSQL refuses to run as root")
    try:
        shutil.chown(folder, "postgres", "postgres")
        user = "postgres"
    except LookupError:
        shutil.chown(folder, "nobody", "nogroup")
        user = "nobody"
    return [
        "setpriv",
        f"--reuid={user}",
        f"--regid={'postgres' if user == 'postgres' else 'nogroup'}",
        "--clear-groups",
    ]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of our own on a free port of this machine; skipped where its programs are not installed."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server programs (initdb, pg_ctl, postgres): the shared store is not tested here")
    folder = Path(tempfile.mkdtemp(prefix="rtcc-pg-"))
    prefix = unprivileged(folder)
    secret = folder / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    data = folder / "data"
    subprocess.run(
        [*prefix, binaries / "initdb", "-D", data, "-U", "rtcc", "-A", "scram-sha-256", f"--pwfile={secret}", "-N"],
        **quiet,
    )
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60"
    subprocess.run(
        [*prefix, binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start"], **quiet
    )
    try:
        yield Server(port)
    finally:
        subprocess.run([*prefix, binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty embedded store, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("template") / "county"
    Store.create(folder)
    return folder


@pytest.fixture(scope="session")
def template_database(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with an empty shared store, made once and copied for each test."""
    server.run("CREATE DATABASE template_store")
    Store.create(server.address("template_store", tmp_path_factory.mktemp("template") / "data"))
    return "template_store"


@pytest.fixture
def new_database(server: Server) -> Iterator[Callable[..., str]]:
    """A function that makes a database; all are dropped at the end."""
    made: list[str] = []

    def make(template: str = "template1") -> str:
        made.append(f"rtcc_{os.getpid()}_{time.monotonic_ns()}")
        server.run(f"CREATE DATABASE {made[-1]} TEMPLATE {template}")
        return made[-1]

    yield make
    for name in made:
        server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def shared_location(server: Server, new_database: Callable[..., str], tmp_path: Path) -> str:
    """The address of a shared store that does not exist yet, in a database of its own."""
    return server.address(new_database(), tmp_path / "shared-data")


@pytest.fixture
def shared_store(server: Server, template_database: str, new_database: Callable[..., str], tmp_path: Path) -> Store:
    """An empty shared store."""
    folder = tmp_path / "shared-data"
    for name in ("records", "sightings", "spill"):
        (folder / name).mkdir(parents=True)
    return Store(server.address(new_database(template_database), folder))


@pytest.fixture
def opened_by(server: Server, shared_store: Store) -> Callable[[str, str], Store]:
    """A function that opens the shared store as a member of a role, with that role's rights."""

    def opened(role: str, user: str) -> Store:
        place = shared_store._place
        server.run(f"DROP ROLE IF EXISTS {user}")
        server.run(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")
        grants = policy.grant_script(database=place.server.database, members={role: (user,)})
        server.run(grants, place.server.database)
        return Store(server.address(place.server.database, place.root).replace("//rtcc:", f"//{user}:"))

    return opened


@pytest.fixture
def embedded(template_folder: Path, tmp_path: Path) -> Store:
    """An empty embedded store."""
    shutil.copytree(template_folder, tmp_path / "county")
    (tmp_path / "county").chmod(0o700)
    return Store(tmp_path / "county")


@pytest.fixture(params=["embedded", "shared_store"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store, of each kind."""
    return request.getfixturevalue(request.param)


Rows = list[dict[str, object]]


def write(
    store: Store,
    table: str,
    rows: Rows,
    *,
    source: str = "src",
    replace: str | None = None,
    changed: int = 0,
    key: str | None = None,
) -> int:
    """What a loader does: stage rows, then in one job number the load, replace, insert and record it.

    `replace` names a window to empty first; `key` a column by which rows already there are left alone.
    """
    lake = "sightings" if table in ("plate_reads", "hotlist_entries") else "records"
    with store.loading(lake) as session:
        session.register("incoming", pa.Table.from_pylist(rows))
        session.run("CREATE TEMP TABLE staged AS FROM incoming")
        session.unregister("incoming")
        columns = ", ".join(f'"{name}"' for name in rows[0])

        def job(s: LoadingSession) -> int:
            load_id = s.next_load_id()
            target = s.table(table)
            removed = 0
            if replace is not None:
                where = f"FROM {target} WHERE source = $source AND window_key = $window"
                removed = s.rows(f"SELECT count(*) {where}", source=source, window=replace)[0][0]
                s.run(f"DELETE {where}", source=source, window=replace)
            new = f"WHERE {key} NOT IN (SELECT {key} FROM {target} WHERE source = $source)" if key else ""
            s.run(
                f"INSERT INTO {target} ({columns}, source, window_key, file_hash, load_id, row_hash) "
                f"SELECT {columns}, $source, $window, 'hash-' || $load_id, $load_id, hash(staged) FROM staged {new}",
                source=source,
                window=replace,
                load_id=load_id,
            )
            s.run(
                f"INSERT INTO {s.table('loads')} "
                "VALUES ($load_id, now(), 'tester', $table, $source, 'p 1', $receipt, NULL)",
                load_id=load_id,
                table=table,
                source=source,
                receipt=f'{{"new": {len(rows)}, "changed": {changed}, "removed": {removed}, '
                '"rejected": {"no date": 2}}',
            )
            return load_id

        return session.commit(job)


@pytest.fixture(name="write")
def write_fixture() -> Callable[..., int]:
    """The function that writes rows as a loader does."""
    return write


def incidents(*ids: str, offense: str = "220", address: str = "1 MAIN ST", lon: float = -90.2, start: int = 1) -> Rows:
    """Invented incidents."""
    return [
        {
            "agency": "Police",
            "incident_id": i,
            "offense": offense,
            "offense_count": 1,
            "reported_precision": "day",
            "time_quality": "exact",
            "location_quality": "as_given",
            "lon": lon,
            "lat": 38.6,
            "address": address,
            "line": n,
            "raw": f'{{"id": "{i}"}}',
        }
        for n, i in enumerate(ids, start)
    ]


@pytest.fixture(name="incidents")
def incidents_fixture() -> Callable[..., Rows]:
    """The function that invents incidents."""
    return incidents


def reads(*plates: str, day: str = "2026-03-01") -> Rows:
    """Invented plate reads."""
    from datetime import UTC, date, datetime

    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return [
        {
            "plate_raw": p,
            "plate": p,
            "plate_folded": p,
            "candidates": [p],
            "captured_at": at,
            "camera_id": "c1",
            "day": date.fromisoformat(day),
            "line": n,
        }
        for n, p in enumerate(plates, 1)
    ]


@pytest.fixture(name="reads")
def reads_fixture() -> Callable[..., Rows]:
    """The function that invents plate reads."""
    return reads


@pytest.fixture
def bytes_anywhere() -> Callable[[Path, str], list[str]]:
    """A function that names every file under a folder whose bytes hold a text."""

    def search(folder: Path, text: str) -> list[str]:
        wanted = text.encode()
        return [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and wanted in p.read_bytes()]

    return search
