"""`rtcc doctor`: what is wrong with the installation and the store, and what mends it."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from ..schemas import PLATE_BEARING, TABLES, Lake
from . import creation, plate_index
from .engine import Attach, Connection, connected
from .errors import StoreError
from .extensions import new_instance
from .ledger import Ledger
from .location import LAKES, Location, literal, quoted
from .locking import Deadline, holder, writer
from .migrations import UPDATE, check_version, newest, tables_of

Level = Literal["ok", "warning", "problem"]

_SAMPLED_VALUES = 5
_LITTLE_DISK_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    level : "ok", "warning" or "problem"
        A problem keeps the store from working or makes it answer wrongly.
    what : str
        What was found, values included.
    remedy : str
        The command or act that mends it; empty where nothing needs mending.
    """

    level: Level
    what: str
    remedy: str = ""


def diagnose(location: str | Path | Location | None = None) -> tuple[Finding, ...]:
    """Look at the installation and, where a location is given, at the store there.

    Returns
    -------
    tuple of Finding
        In the order looked; a check that fails to run is itself a problem found, never an error.

    Examples
    --------
    >>> all(finding.level == "ok" for finding in diagnose())
    True
    """
    findings = [*_versions(), *_extensions()]
    if location is None:
        return tuple(findings)
    try:
        place = Location.parse(location)
    except StoreError as error:  # the address itself is not repeated: it may hold a password
        return (*findings, Finding("problem", str(error), "correct the location given with --store or RTCC_STORE"))
    try:
        creation.require(place)
    except StoreError as error:
        return (*findings, Finding("problem", str(error), f"rtcc init --store {place.text}"))
    findings.append(Finding("ok", f"store at {place.text}"))
    for check in (_folder, _disk, _lakes, _ledger):
        findings += _guarded(check, place)
    return tuple(findings)


def _guarded(check: Callable[[Location], Iterator[Finding]], place: Location) -> list[Finding]:
    try:
        return list(check(place))
    except (StoreError, OSError) as error:
        return [
            Finding(
                "problem",
                f"{check.__name__.strip('_')} could not be checked: {error}",
                "mend what the message says, then run rtcc doctor again",
            )
        ]


def _versions() -> Iterator[Finding]:
    names = ("rtcc-workbench", "duckdb", "pyarrow", "pandas")
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Finding("problem", f"{name} is not installed", "make setup")
    listed = ", ".join(f"{name} {version}" for name, version in found.items())
    yield Finding("ok", f"Python {platform.python_version()}, {listed}")


def _extensions() -> Iterator[Finding]:
    for name in ("ducklake", "sqlite", "postgres"):
        try:
            new_instance((name,)).close()
            yield Finding("ok", f"DuckDB extension {name} loads")
        except StoreError as error:
            yield Finding("problem", str(error), f"pip install duckdb-extension-{name}")


def _folder(place: Location) -> Iterator[Finding]:
    root = place.root
    if not root.is_dir():
        yield Finding(
            "problem",
            f"the data folder {root} does not exist or cannot be seen from here",
            "mount it, or correct data_path",
        )
        return
    if not os.access(root, os.W_OK | os.X_OK):
        yield Finding(
            "warning",
            f"{root} cannot be written by this user: reading works, loading does not",
            f"chown or chmod {root}",
        )
    mode = stat.S_IMODE(root.stat().st_mode)
    if place.server is None and mode & 0o077:
        yield Finding(
            "warning", f"{root} can be opened by other users of this machine (mode {mode:03o})", f"chmod 700 {root}"
        )


def _disk(place: Location) -> Iterator[Finding]:
    if not place.root.is_dir():  # _folder has said so
        return
    usage = shutil.disk_usage(place.root)
    words = f"{usage.free / 1024**3:.1f} GiB free of {usage.total / 1024**3:.1f} GiB at {place.root}"
    if usage.free < _LITTLE_DISK_BYTES:
        yield Finding(
            "warning", f"little disk: {words}", "make room: a load writes its new files before it removes old ones"
        )
    else:
        yield Finding("ok", words)


def _lakes(place: Location) -> Iterator[Finding]:
    for lake in LAKES:
        with connected(place, Attach(lake)) as connection:
            try:
                check_version(connection, lake)
            except StoreError as error:
                remedy = UPDATE if UPDATE in str(error) else f"rtcc init --store {place.text}"
                yield Finding("problem", f"{lake}: {error}", remedy)
                continue
            yield Finding("ok", f"{lake}: readable, schema version {newest()}")
            yield from _columns(connection, lake)
            yield from _writing(connection, lake)
            yield from _pruning(connection, lake)
            if lake == "sightings":
                yield from _index(connection)
        yield from _leftovers(place, lake)


def _columns(connection: Connection, lake: Lake) -> Iterator[Finding]:
    there = {
        (table, column)
        for table, column in connection.rows(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = $lake", {"lake": lake}
        )
    }
    lacking = [
        f"{table}.{c.name}"
        for table, columns in tables_of(lake).items()
        for c in columns
        if (table, c.name) not in there
    ]
    if lacking:
        yield Finding("problem", f"{lake}: lacks {', '.join(lacking)}", f"rtcc init --store {connection.location.text}")


def _writing(connection: Connection, lake: Lake) -> Iterator[Finding]:
    try:
        with writer(connection, lake, Deadline.after(0), looking=True) as died:
            if died:
                yield Finding(
                    "ok", f"{lake}: a writer was killed since the last write; what it left is looked at below"
                )
    except StoreError as error:
        if not error.transient:
            raise
        yield Finding("ok", f"{lake}: being written by {holder(connection, lake) or 'someone'}")


def _pruning(connection: Connection, lake: Lake) -> Iterator[Finding]:
    """Whether a filter that skips files finds what one that cannot skip any finds."""
    checked = 0
    for name, schema in TABLES.items():
        if schema.lake != lake:
            continue
        for column in dict.fromkeys((*schema.partition, *schema.sort, "source")):
            table, field = f"{quoted(lake)}.{quoted(name)}", quoted(column)
            sample = connection.rows(
                f"SELECT {field}::VARCHAR, count(*) FROM {table} WHERE {field} IS NOT NULL GROUP BY {field} "
                f"ORDER BY hash({field}) LIMIT {_SAMPLED_VALUES}"
            )
            for value, rows in sample:
                kind = schema.column(column).type
                found = connection.value(
                    f"SELECT count(*) FROM {table} WHERE {field} = CAST($value AS {kind})", {"value": value}
                )
                checked += 1
                if found != rows:
                    shown = "a value" if name in PLATE_BEARING and column != "day" else repr(value)
                    yield Finding(
                        "problem",
                        f"{name}: a filter on {column} = {shown} finds {found} rows of {rows}: the catalog skips files that hold them",
                        "rtcc backup, then load the raw files into a new store",
                    )
    yield Finding("ok", f"{lake}: {checked} filters that skip files find what a full scan finds")


def _index(connection: Connection) -> Iterator[Finding]:
    """Whether searches by reader and hour, and for similar plates, see every read."""
    for table in plate_index.out_of_step(connection):
        yield Finding(
            "problem",
            f"sightings: {table} does not hold what plate_reads gives, so searches are wrong",
            f"rtcc init --store {connection.location.text}",
        )


def _leftovers(place: Location, lake: Lake) -> Iterator[Finding]:
    """Data files that no snapshot knows; only looked for while nobody writes."""
    with connected(place, Attach(lake, read_only=False)) as connection:
        try:
            with writer(connection, lake, Deadline.after(0), looking=True):
                found = connection.rows(
                    f"CALL ducklake_delete_orphaned_files({literal(lake)}, dry_run => true, cleanup_all => true)"
                )
        except StoreError as error:
            if not error.transient:
                raise
            return
    if found:
        yield Finding(
            "warning",
            f"{lake}: {len(found)} data files that no snapshot knows, left by a killed writer",
            f"rtcc init --store {place.text}",
        )


def _ledger(place: Location) -> Iterator[Finding]:
    check = Ledger(place, wait_s=5).verify()
    if check.holds:
        yield Finding("ok", f"audit ledger: {check.rows} rows, the chain holds, head {check.head[:16]}")
    else:
        yield Finding(
            "problem",
            f"audit ledger: the chain breaks at row {check.broken_at} of {check.rows}: it was changed or shortened",
            "keep the ledger as it is, compare it with the last backup, and tell whoever oversees audits",
        )
