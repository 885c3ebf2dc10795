"""Conversations with DuckDB: an instance for each call, lakes attached as long as it lasts."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..schemas import Lake
from .errors import StoreError
from .extensions import duckdb_module, new_instance
from .frames import as_frame
from .location import Location, literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pandas
    import pyarrow

_instances = itertools.count()

_PASSING = re.compile(
    r"database is locked|database table is locked|transaction conflict|could not serialize|deadlock detected",
    re.IGNORECASE,
)
_VANISHED = re.compile(
    r"\.parquet.*no such file|no such file.*\.parquet|no files found that match", re.IGNORECASE | re.DOTALL
)
# The catalog's own SQL names the smallest and largest value of each file, plates among them.
_CATALOG_SQL = re.compile(r'Failed to execute query ".*": ', re.DOTALL)
# A join with so few values skips the parts of a file that hold none of them. DuckDB's own limit is 50; each part is
# compared with every value, which more of them would not repay.
_MOST_VALUES_THAT_PRUNE = 2_000
_GIB_TO_READ = 3.0  # of one search or report; what does not fit overflows into the store's folder
_LASTING = re.compile(r"no space left|disk is full|file too large|disk quota", re.IGNORECASE)


@dataclass(frozen=True)
class Attach:
    """How one lake is attached: read only or not, made where absent or not, at which snapshot."""

    lake: Lake
    read_only: bool = True
    create: bool = False
    snapshot: int | None = None


class Connection:
    """One conversation with DuckDB, lakes attached; prints what it runs where `explain` is set.

    `masked` hides every value, in parameters and in the SQL itself, because it may be a plate.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, location: Location, *, explain: bool, masked: bool = False):
        self.cursor = cursor
        self.location = location
        self.explain = explain
        self.masked = masked

    def attach(self, attach: Attach) -> None:
        """Attach a lake until the conversation ends."""
        self.run_quietly(_attach_sql(self.location, attach))

    def run_quietly(self, sql: str) -> None:
        """Run a statement of the store's own housekeeping, which `explain` leaves out."""
        try:
            self.cursor.execute(sql)
        except duckdb_module().Error as error:
            raise translated(error, self.location) from error

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
        except duckdb_module().Error as error:
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
    words = _CATALOG_SQL.sub("", location.redact(str(error)).strip())
    if _LASTING.search(words):
        return StoreError(
            f"the disk of {location.text} is full, and nothing was written: make room, then run it again. ({words})"
        )
    absent = re.search(r"No snapshot found at version (\d+)", words)
    if absent:
        return StoreError(
            f"{location.text} has no snapshot {absent.group(1)}: it was never made, or an expunge removed it. "
            "rtcc loads and Store.snapshot() tell what there is"
        )
    if "creating a new DuckLake is explicitly disabled" in words:
        return StoreError(f"there is no store at {location.text}. Make one: rtcc init --store {location.text!r}")
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
    location: Location,
    *attaches: Attach,
    explain: bool = False,
    hardened: bool = False,
    masked: bool = False,
    with_sqlite: bool = False,
) -> Iterator[Connection]:
    """A conversation with the named lakes attached, on a DuckDB instance of its own that ends with it.

    Parameters
    ----------
    *attaches : Attach
        The first lake is where unqualified table names are looked up.
    hardened : bool
        Keep the SQL from opening any file but those of the attached lakes (embedded stores:
        a shared store's connections have to be opened later than DuckDB allows then).
    masked : bool
        Hide every value from what `explain` prints.
    with_sqlite : bool
        Also read SQLite files, whatever the catalog is.
    """
    instance = _new_instance(location, attaches if hardened else None, with_sqlite)
    try:
        connection = Connection(instance, location, explain=explain, masked=masked)
        for attach in attaches:
            connection.attach(attach)
        if attaches:
            connection.run_quietly(f"USE {quoted(attaches[0].lake)}")
        yield connection
    finally:
        instance.close()


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


def _new_instance(location: Location, hardened_for: tuple[Attach, ...] | None, with_sqlite: bool) -> Any:
    catalog = ("sqlite",) if location.server is None else ("postgres",)
    instance = new_instance(("ducklake", *dict.fromkeys(catalog + ("sqlite",) * with_sqlite)))
    instance.execute("SET TimeZone = 'UTC'")
    instance.execute("SET parquet_metadata_cache = true")  # files never change; a session asks several times
    if hardened_for is not None:
        _take_less_memory(instance)
    instance.execute("SET enable_progress_bar = false")  # in a notebook it would stand as a black bar among the results
    instance.execute("SET python_enable_replacements = false")
    instance.execute(f"SET dynamic_or_filter_threshold = {_MOST_VALUES_THAT_PRUNE}")
    spill = _spill_folder(location)
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


def _take_less_memory(instance: Any) -> None:
    """A search's share, unless DuckDB's own limit (most of what the machine or container has) is lower already."""
    [(limit,)] = instance.execute("SELECT current_setting('memory_limit')").fetchall()
    size, unit = limit.split()
    if unit == "TiB" or (unit == "GiB" and float(size) > _GIB_TO_READ):
        instance.execute(f"SET memory_limit = '{_GIB_TO_READ} GiB'")


def _spill_folder(location: Location) -> Path:
    """Where a large query may overflow to: inside the store, so that plates stay under its lock and key."""
    return location.root / "spill" / f"{os.uname().nodename}-{os.getpid()}-{next(_instances)}"


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


def sweep_spill(location: Location) -> int:
    """Remove what killed processes of this machine left of their overflow; returns how many folders."""
    removed = 0
    for folder in (location.root / "spill").glob(f"{os.uname().nodename}-*-*"):
        pid = folder.name.rsplit("-", 2)[1]
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
