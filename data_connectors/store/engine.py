"""DuckDB itself: instances with their extensions, lakes attached for as long as a call lasts.

Loading the extensions checks their signatures and costs about a tenth of a second each, so a
process keeps a few idle instances with nothing attached and attaches the lakes per call.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import RtccError
from ..schemas import Lake
from .errors import StoreError
from .frames import as_frame
from .location import Location, literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pandas
    import pyarrow

_KEPT_IDLE = 4
_idle: list[tuple[tuple[object, ...], Any]] = []
_idle_guard = threading.Lock()

_PASSING = re.compile(
    r"database is locked|database table is locked|transaction conflict|could not serialize|deadlock detected",
    re.IGNORECASE,
)
_VANISHED = re.compile(
    r"\.parquet.*no such file|no such file.*\.parquet|no files found that match", re.IGNORECASE | re.DOTALL
)
_LASTING = re.compile(r"no space left|disk is full|file too large|disk quota", re.IGNORECASE)


@dataclass(frozen=True)
class Attach:
    """How one lake is attached: read only or not, made where absent or not, at which snapshot."""

    lake: Lake
    read_only: bool = True
    create: bool = False
    snapshot: int | None = None


def _duckdb() -> Any:
    """DuckDB's module, imported when first needed: commands that open no store start without it."""
    import duckdb

    return duckdb


class Connection:
    """One conversation with DuckDB, lakes attached; prints what it runs where `explain` is set.

    `masked` hides every value, in parameters and in the SQL itself, because it may be a plate.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, location: Location, *, explain: bool, masked: bool = False):
        self.cursor = cursor
        self.location = location
        self.explain = explain
        self.masked = masked
        self.attached: list[Lake] = []

    def attach(self, attach: Attach) -> None:
        """Attach a lake; it is detached again when the conversation ends."""
        try:
            self.cursor.execute(_attach_sql(self.location, attach))
        except _duckdb().Error as error:
            raise translated(error, self.location) from error
        self.attached.append(attach.lake)

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement for its effect."""
        self._timed(sql, parameters, lambda: self.cursor.fetchall() if self.cursor.description else [])

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query and return its rows as tuples."""
        return self._timed(sql, parameters, self.cursor.fetchall)

    def value(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None without rows."""
        found = self.rows(sql, parameters)
        return found[0][0] if found else None

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pyarrow.Table:
        """Run a query and return its rows as an Arrow table."""
        return self._timed(sql, parameters, self.cursor.to_arrow_table)

    def frame(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pandas.DataFrame:
        """Run a query and return its rows as a DataFrame, instants in UTC."""
        return as_frame(self.arrow(sql, parameters))

    @contextmanager
    def sibling(self) -> Iterator[Connection]:
        """A second conversation on the same instance, with a transaction of its own."""
        cursor = self.cursor.cursor()
        try:
            yield Connection(cursor, self.location, explain=False)
        finally:
            cursor.close()

    def _timed(self, sql: str, parameters: Mapping[str, Any] | None, fetch: Any) -> Any:
        values = {name: _plain(value) for name, value in (parameters or {}).items()}
        started = time.perf_counter()
        try:
            self.cursor.execute(sql, values) if values else self.cursor.execute(sql)
            result = fetch()
        except _duckdb().Error as error:
            self._print(sql, values, f"failed after {time.perf_counter() - started:.3f} s")
            raise translated(error, self.location, sql) from error
        size = result.num_rows if hasattr(result, "num_rows") else len(result)
        self._print(sql, values, f"{size:,} rows in {time.perf_counter() - started:.3f} s")
        return result

    def _print(self, sql: str, values: Mapping[str, Any], outcome: str) -> None:
        if not self.explain:
            return
        text = re.sub(r"'(?:[^']|'')*'", "'***'", sql) if self.masked else sql
        shown = "".join(f"\n-- ${name} = {'***' if self.masked else repr(value)}" for name, value in values.items())
        print(f"{text.strip()}{shown}\n-- {outcome}", file=sys.stderr)


def _plain(value: Any) -> Any:
    """A numpy scalar as Python's own, because DuckDB binds those."""
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0 else value


def translated(error: Exception, location: Location, sql: str = "") -> StoreError:
    """A DuckDB error as a StoreError: its own words, no password, passing faults told from lasting ones."""
    words = location.redact(str(error)).strip()
    if _LASTING.search(words):
        return StoreError(
            f"the disk of {location.text} is full, and nothing was written: make room, then run it again. ({words})"
        )
    missing = re.search(r"Values were not provided for the following prepared statement parameters: (.*)", words)
    if missing:
        names = missing.group(1)
        return StoreError(
            f"the SQL names {', '.join('$' + n.strip() for n in names.split(','))} but no value was given for it: pass {names}=…"
        )
    unwanted = re.search(r"identifiers of the excess parameters: (.*)", words)
    if unwanted:
        return StoreError(
            f"values were given that the SQL does not name: {unwanted.group(1)}. Write each as $name in the SQL"
        )
    return StoreError(words, transient=bool(_PASSING.search(words)), vanished=bool(_VANISHED.search(words)))


@contextmanager
def connected(
    location: Location, *attaches: Attach, explain: bool = False, hardened: bool = False, masked: bool = False
) -> Iterator[Connection]:
    """A conversation with the named lakes attached; detached again at the end, whatever happens.

    `hardened` keeps the SQL from opening any file but those of the attached lakes.
    The first lake is where unqualified table names are looked up.
    """
    key = (os.getpid(), location.key, hardened and tuple(a.lake for a in attaches))
    instance = _take(key) or _new_instance(location, attaches if hardened else None)
    connection = Connection(instance.cursor(), location, explain=explain, masked=masked)
    reusable = False
    try:
        for attach in attaches:
            connection.attach(attach)
        if attaches:
            connection.cursor.execute(f"USE {quoted(attaches[0].lake)}")
        yield connection
        reusable = True
    except _duckdb().Error as error:
        raise translated(error, location) from error
    except RtccError:
        reusable = True
        raise
    finally:
        _release(key, instance, connection, reusable)


def _release(key: Any, instance: Any, connection: Connection, reusable: bool) -> None:
    cursor = connection.cursor
    with suppress(_duckdb().Error):
        cursor.execute("ROLLBACK")
    try:
        cursor.execute("USE memory")
        for lake in connection.attached:
            cursor.execute(f"DETACH {quoted(lake)}")
    except _duckdb().Error:
        reusable = False
    cursor.close()
    if not reusable:
        instance.close()
        return
    with _idle_guard:
        _idle.append((key, instance))
        surplus = [_idle.pop(0) for _ in range(len(_idle) - _KEPT_IDLE)]
    for _, old in surplus:
        old.close()


def _take(key: Any) -> Any:
    with _idle_guard:
        for position, (kept, instance) in enumerate(_idle):
            if kept == key:
                del _idle[position]
                return instance
    return None


def _attach_sql(location: Location, attach: Attach) -> str:
    lake = attach.lake
    options = [
        f"DATA_PATH {literal(str(location.data(lake)) + '/')}",
        "OVERRIDE_DATA_PATH true",
        "DATA_INLINING_ROW_LIMIT 0",
        f"CREATE_IF_NOT_EXISTS {str(attach.create).lower()}",
    ]
    if attach.read_only:
        options.append("READ_ONLY")
    if attach.snapshot is not None:
        options.append(f"SNAPSHOT_VERSION {int(attach.snapshot)}")
    if location.server is None:
        address = f"ducklake:sqlite:{location.catalog(lake)}"
        options.append("META_BUSY_TIMEOUT 10000")
        if attach.create:
            options.append("META_JOURNAL_MODE 'WAL'")
    else:
        address = f"ducklake:postgres:{server_options(location)}"
        options += [f"METADATA_SCHEMA {literal(lake)}", "META_SECRET 'rtcc'"]
    return f"ATTACH {literal(address)} AS {quoted(lake)} ({', '.join(options)})"


def server_options(location: Location, application: str = "rtcc") -> str:
    """What of the server's address is no secret, as a libpq string."""
    options = {"connect_timeout": "10", **dict(location.server.options if location.server else ())}
    options["application_name"] = application
    return " ".join(f"{name}='{value.replace(chr(92), '').replace(chr(39), '')}'" for name, value in options.items())


def _new_instance(location: Location, hardened_for: tuple[Attach, ...] | None) -> Any:
    """A DuckDB instance with the extensions this location needs and nothing attached."""
    instance = _duckdb().connect(":memory:")
    instance.execute("SET allow_persistent_secrets = false")  # else a second hardened ATTACH fails, looking for them
    catalog = "sqlite" if location.server is None else "postgres"
    for extension in ("ducklake", catalog):
        load_extension(instance, extension)
    instance.execute("SET TimeZone = 'UTC'")
    instance.execute("SET python_enable_replacements = false")
    spill = spill_folder(location)
    instance.execute(f"SET temp_directory = {literal(spill)}")
    if location.server is not None:
        _create_secret(instance, location)
    elif hardened_for is not None:
        folders = [f"{location.data(a.lake)}/" for a in hardened_for] + [f"{spill}/"]
        instance.execute(f"SET allowed_directories = [{', '.join(literal(f) for f in folders)}]")
        files = [f"{location.catalog(a.lake)}{end}" for a in hardened_for for end in ("", "-wal", "-shm", "-journal")]
        instance.execute(f"SET allowed_paths = [{', '.join(literal(f) for f in files)}]")
        instance.execute("SET enable_external_access = false")
    return instance


def spill_folder(location: Location) -> Path:
    """Where this process's large queries may overflow to: inside the store, so that plates stay under its lock and key."""
    return location.root / "spill" / f"{os.uname().nodename}-{os.getpid()}"


def _create_secret(instance: Any, location: Location) -> None:
    server = location.server
    assert server is not None
    parts = {"HOST": server.host, "PORT": str(server.port), "DATABASE": server.database}
    if server.user:
        parts["USER"] = server.user
    if server.password is not None:
        parts["PASSWORD"] = server.password
    given = ", ".join(f"{name} {literal(value)}" for name, value in parts.items())
    instance.execute(f"CREATE SECRET rtcc (TYPE postgres, {given})")


def load_extension(instance: Any, name: str) -> None:
    """Load an extension, putting it in place first where this machine lacks it.

    Installed from its PyPI package where there is one, so that no network is needed, else by
    DuckDB's own INSTALL. A lock keeps several processes from installing at once.
    """
    errors = _duckdb().Error
    with suppress(errors):
        instance.execute(f"LOAD {name}")
        return
    lock = Path(tempfile.gettempdir()) / f"rtcc-extensions-{os.getuid()}.lock"
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            _install(instance, name)
            instance.execute(f"LOAD {name}")
        except errors as error:
            first = str(error).strip().splitlines()[0]
            raise StoreError(
                f"DuckDB's {name!r} extension could not be loaded: {first}. "
                f"Install its package (pip install duckdb-extension-{name}=={_duckdb().__version__}) and try again"
            ) from error


def _install(instance: Any, name: str) -> None:
    try:
        from duckdb_extensions import import_extension

        import_extension(name, force_install=True, con=instance)
    except ImportError:
        instance.execute(f"INSTALL {name}")


def sweep_spill(location: Location) -> int:
    """Remove what killed processes of this machine left of their overflow; returns how many folders."""
    removed = 0
    host = os.uname().nodename
    for folder in (location.root / "spill").glob(f"{host}-*"):
        pid = folder.name.removeprefix(f"{host}-")
        if pid.isdigit() and not process_lives(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def process_lives(pid: int) -> bool:
    """Whether a process with this number runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
