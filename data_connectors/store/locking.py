"""One writer at a time in each lake, and who that is.

Two loaders that both find a record new would both add it, and DuckLake has no unique keys to
stop them: so a writer holds the lake while it checks and writes. Embedded, the lock is the
kernel's (``flock``) and falls with the process; shared, it is a PostgreSQL advisory lock and
falls with the connection.

An alert cannot wait until a load is done. Its table is written by nobody who loads, and PostgreSQL
lets two transactions on different tables end side by side, so there it has a lock of its own:
a loader holds the lake, who alerts holds ``alerts``, and who merges or removes files, and would
take another's half-written one for an orphan, holds both, the lake first. SQLite would make the
longer of two transactions begin again, so an embedded store has the lake's lock alone.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import random
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from ..schemas import Lake
from .engine import Connection, server_options
from .errors import StoreError
from .location import Location, literal, quoted

Result = TypeVar("Result")

_ALERTS = "alerts"
_TRIES_FOR_A_VANISHED_FILE = 5
_LONGEST_PAUSE_S, _LONGEST_PAUSE_FOR_A_LOCK_S = 1.0, 0.1


@dataclass(frozen=True)
class Deadline:
    """Until when to try again; pauses grow and are jittered, so that waiting processes do not march in step."""

    ends_at: float
    wait_s: float

    @classmethod
    def after(cls, wait_s: float) -> Deadline:
        """The deadline `wait_s` seconds from now."""
        return cls(time.monotonic() + wait_s, wait_s)

    def pause(self, attempt: int, *, longest_s: float = _LONGEST_PAUSE_S) -> bool:
        """Sleep before another attempt; False, without sleeping, where the time is up."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, random.uniform(0.5, 1.0) * min(0.02 * 2**attempt, longest_s)))
        return True


def retried(action: Callable[[], Result], deadline: Deadline) -> Result:
    """What `action` returns, tried again while it fails with a passing StoreError and time is left."""
    attempt = 0
    while True:
        try:
            return action()
        except StoreError as error:
            worth_it = error.transient or (error.vanished and attempt < _TRIES_FOR_A_VANISHED_FILE)
            if not worth_it or not deadline.pause(attempt):
                raise
        attempt += 1


def current_user() -> str:
    """Who runs this: the JupyterHub user where there is one, else the login."""
    return os.environ.get("JUPYTERHUB_USER") or getpass.getuser()


def describe_self() -> dict[str, Any]:
    """What a waiting process is told about the one that holds the lake."""
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "user": current_user(),
        "command": Path(sys.argv[0] or "python").name,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@contextmanager
def writer(connection: Connection, name: str, deadline: Deadline, *, looking: bool = False) -> Iterator[bool]:
    """Hold `name` (a lake with all its tables, or the ledger) of the store that `connection` belongs to, for writing.

    Yields whether the last holder died while it held the lock (known for embedded stores only).
    `looking` holds it only to look, and leaves that mark for the next writer.

    Raises
    ------
    StoreError
        Someone else holds it until the deadline; the message names them.
    """
    if connection.location.server is None:
        with file_lock(connection.location, name, deadline, looking=looking) as died:
            yield died
    else:
        with _advisory_lock(connection, name, deadline), beside_loaders(connection, name, deadline):
            yield False


@contextmanager
def loader(connection: Connection, lake: Lake, deadline: Deadline) -> Iterator[bool]:
    """As `writer`, for what adds to a lake and removes no file: alerts may be written meanwhile."""
    if connection.location.server is None:
        with writer(connection, lake, deadline) as died:
            yield died
    else:
        with _advisory_lock(connection, lake, deadline):
            yield False


@contextmanager
def beside_loaders(connection: Connection, name: str, deadline: Deadline) -> Iterator[None]:
    """Also hold what `loader` leaves free; for one who holds `name` already."""
    if name == "sightings" and connection.location.server is not None:
        with _advisory_lock(connection, _ALERTS, deadline):
            yield
    else:
        yield


@contextmanager
def alerting(connection: Connection, deadline: Deadline) -> Iterator[bool]:
    """Hold the alerts of `sightings`, which `connection` has attached, and no more of the lake than that needs."""
    if connection.location.server is None:
        with writer(connection, "sightings", deadline) as died:
            yield died
    else:
        with _catalog_session(connection, "sightings") as asked, _held(*asked, connection, _ALERTS, deadline):
            yield False


def _lock_path(location: Location, name: str) -> Path:
    return location.root / f"{name}.lock"


@contextmanager
def file_lock(location: Location, name: str, deadline: Deadline, *, looking: bool = False) -> Iterator[bool]:
    """Hold `name` of an embedded store; yields whether its last holder died holding it."""
    path = _lock_path(location, name)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            f"cannot write to the store at {location.text}: {error.strerror or error}. Check its permissions"
        ) from error
    try:
        _acquire(lambda: _flock(handle), lambda: _file_holder(location, name), location, name, deadline)
        died = os.fstat(handle).st_size > 0
        if looking:
            yield died
            return
        os.ftruncate(handle, 0)
        with suppress(OSError):  # on a full disk the lock still holds, only without a name
            os.pwrite(handle, json.dumps(describe_self()).encode(), 0)
        try:
            yield died
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquire(
    attempt: Callable[[], bool], who: Callable[[], str | None], location: Location, name: str, deadline: Deadline
) -> None:
    tries = 0
    while not attempt():
        if not deadline.pause(tries, longest_s=_LONGEST_PAUSE_FOR_A_LOCK_S):
            raise StoreError(
                f"{name} of {location.text} is being written by {who() or 'someone else'}; "
                f"waited {deadline.wait_s:g} s. Try again when that has ended, or wait longer: Store(…, wait_s=…)",
                transient=True,
            )
        tries += 1


def advisory_key(location: Location, name: str) -> int:
    """The number of the PostgreSQL advisory lock that stands for `name` in this store."""
    return 0x52544343 << 32 | zlib.crc32(f"{location.root}|{name}".encode())


@contextmanager
def _advisory_lock(connection: Connection, name: str, deadline: Deadline) -> Iterator[None]:
    with server_session(connection, f"keeper_{name}") as asked, _held(*asked, connection, name, deadline):
        yield


@contextmanager
def _held(
    keeper: Connection, query: Callable[[str], list[tuple[Any, ...]]], connection: Connection, name: str, deadline: Deadline
) -> Iterator[None]:
    """The lock itself, held by a transaction of its own, so that it falls with the process, whatever that was doing."""
    me = describe_self()
    application = f"rtcc {me['user']} {me['host']}:{me['pid']} {me['command']}"[:63]
    ask = (
        f"SELECT pg_try_advisory_xact_lock({advisory_key(connection.location, name)}), "
        f"set_config('application_name', {literal(application)}, true)"
    )
    keeper.run("BEGIN")
    try:
        _acquire(lambda: bool(query(ask)[0][0]), lambda: holder(connection, name), connection.location, name, deadline)
        yield
    finally:
        keeper.run("ROLLBACK")


@contextmanager
def _catalog_session(
    connection: Connection, lake: Lake
) -> Iterator[tuple[Connection, Callable[[str], list[tuple[Any, ...]]]]]:
    """As `server_session`, over what an attached lake keeps to its catalog: no new connection to the server."""
    with connection.sibling() as other:
        catalog = literal(f"__ducklake_metadata_{lake}")
        yield other, lambda sql: other.rows(f"SELECT * FROM postgres_query({catalog}, {literal(sql)})")


@contextmanager
def server_session(
    connection: Connection, name: str
) -> Iterator[tuple[Connection, Callable[[str], list[tuple[Any, ...]]]]]:
    """The PostgreSQL server itself, attached as `name`: a conversation with it, and a function that asks it a query."""
    with connection.sibling() as other:
        other.run(
            f"ATTACH {literal(server_options(connection.location))} AS {quoted(name)} (TYPE postgres, SECRET rtcc)"
        )
        try:
            yield other, lambda sql: other.rows(f"SELECT * FROM postgres_query({literal(name)}, {literal(sql)})")
        finally:
            other.run(f"DETACH {quoted(name)}")


def holder(connection: Connection, name: str) -> str | None:
    """Who writes `name` now, in words, or None where nobody does or it cannot be known."""
    if connection.location.server is not None:
        return _database_holder(connection, name)
    return _file_holder(connection.location, name)


def _file_holder(location: Location, name: str) -> str | None:
    try:
        text = _lock_path(location, name).read_text()
        about = json.loads(text)
    except (OSError, ValueError):
        return None
    return f"process {about['pid']} of {about['user']} on {about['host']} ({about['command']}, since {about['since']})"


def _database_holder(connection: Connection, name: str) -> str | None:
    key = advisory_key(connection.location, name)
    sql = (
        "SELECT a.application_name, a.usename, coalesce(host(a.client_addr), 'local'), a.pid, a.xact_start::text "
        "FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted "
        f"AND l.classid = {key >> 32} AND l.objid = {key & 0xFFFFFFFF}"
    )
    with server_session(connection, "holder_of") as (_, query):
        found = query(sql)
    if not found:
        return None
    application, role, address, pid, since = found[0]
    return f"{application} (role {role} from {address}, server process {pid}, since {since})"
