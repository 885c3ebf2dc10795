"""How every number was made: what was read, from which snapshot, with which parameters and versions."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

import pandas as pd

if TYPE_CHECKING:
    from data_connectors import Store

PROVENANCE_FORMAT = 1
_PACKAGES = (
    "rtcc-workbench",
    "duckdb",
    "numpy",
    "pandas",
    "scipy",
    "shapely",
    "pyproj",
    "altair",
    "vl-convert-python",
    "typst",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Read:
    """One read of the store: its name, SQL, parameters and how many rows came back."""

    name: str
    sql: str
    parameters: dict[str, Any]
    rows: int


class ReadLog:
    """A store that remembers what was read from it, so that every number can name its query.

    It answers like the `Store` it wraps.

    Parameters
    ----------
    store : Store
        The store, usually at one snapshot.

    Examples
    --------
    >>> class Two:
    ...     def read(self, sql, /, **parameters):
    ...         return pd.DataFrame({"n": [2]})
    >>> log = ReadLog(Two())
    >>> with log.named("incidents"):
    ...     frame = log.read("SELECT 2 AS n")
    >>> log.reads[0].name, log.reads[0].rows
    ('incidents', 1)
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._name = "other"
        self._reads: list[Read] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @property
    def reads(self) -> tuple[Read, ...]:
        """What was read so far, in order."""
        return tuple(self._reads)

    def read(self, sql: str, /, **parameters: Any) -> pd.DataFrame:
        """As `Store.read`, and remembered."""
        frame = self._store.read(sql, **parameters)
        self._reads.append(Read(self._name, sql.strip(), parameters, len(frame)))
        return frame

    @contextmanager
    def reading(self) -> Iterator[ReadLog]:
        """As `Store.reading`: several reads of one snapshot over one connection, all remembered here."""
        if not hasattr(self._store, "reading"):
            yield self
            return
        with self._store.reading() as held:
            inner = ReadLog(held)
            inner._name, inner._reads = self._name, self._reads
            yield inner

    @contextmanager
    def named(self, name: str) -> Iterator[None]:
        """Reads inside the block carry this name."""
        before, self._name = self._name, name
        try:
            yield
        finally:
            self._name = before


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What it takes to make a report again.

    Attributes
    ----------
    report : str
        Name of the workflow.
    parameters : dict
        Its parameters, with what was left to the function filled in.
    store : str
        Location, without a password.
    snapshot : int, optional
        Snapshot of the records that was read.
    loaded_at, newest_report_at : datetime, optional
        When the records were last loaded, and the newest report among them: the data's as-of time.
    reports_known_to : "day" or "month"
        How exactly the time of that report is known.
    sources : tuple of dict
        Feeds read: source, table, rows, files with hashes where known.
    reads : tuple of Read
        Every query with its parameters.

    Examples
    --------
    >>> Provenance(report="note", parameters={"until": date(2024, 5, 6)}).to_dict()["parameters"]
    {'until': '2024-05-06'}
    """

    report: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    store: str = ""
    snapshot: int | None = None
    loaded_at: datetime | None = None
    newest_report_at: datetime | None = None
    reports_known_to: Literal["day", "month"] = "day"
    sources: tuple[dict[str, Any], ...] = ()
    reads: tuple[Read, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, versions of the software added."""
        return {
            "format": PROVENANCE_FORMAT,
            "report": self.report,
            "parameters": {name: plain(value) for name, value in self.parameters.items()},
            "store": {"location": without_password(self.store), "snapshot": self.snapshot},
            "data_as_of": {
                "loaded_at": plain(self.loaded_at),
                "newest_report_at": plain(self.newest_report_at),
                "reports_known_to": self.reports_known_to,
            },
            "sources": [{name: plain(value) for name, value in source.items()} for source in self.sources],
            "software": software(),
            "reads": [
                {
                    "name": r.name,
                    "sql": r.sql,
                    "parameters": {n: plain(v) for n, v in r.parameters.items()},
                    "rows": r.rows,
                }
                for r in self.reads
            ],
        }

    def write(self, path: Path, *, tables: list[dict[str, Any]], run: dict[str, Any]) -> None:
        """Write it as JSON with the tables made (name, file, rows, sha256) and the circumstances of the run."""
        text = json.dumps(self.to_dict() | {"tables": tables, "run": run}, indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


@cache
def software() -> dict[str, str]:
    """Versions of what computed and drew.

    Examples
    --------
    >>> sorted(software())[0]
    'altair'
    """
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> list[dict[str, Any]]:
    """Write each table as CSV into `folder`; the same table always gives the same bytes.

    Instants are ISO 8601, an empty cell is a missing value, and text that a spreadsheet would
    take for a formula gets an apostrophe in front.

    Returns
    -------
    list of dict
        name, file, rows and sha256 of each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in tables.items():
        content = spreadsheet_safe(frame).to_csv(index=False, lineterminator="\n").encode()
        (folder / f"{name}.csv").write_bytes(content)
        written.append(
            {
                "name": name,
                "file": f"{folder.name}/{name}.csv",
                "rows": len(frame),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    return written


def without_password(location: str) -> str:
    """A store's location without the password in it.

    Examples
    --------
    >>> without_password("postgresql://rtcc:secret@db:5432/rtcc?data_path=/srv")
    'postgresql://rtcc@db:5432/rtcc?data_path=/srv'
    """
    parts = urlsplit(location)
    if "@" not in parts.netloc:
        return location
    who, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{who.partition(':')[0]}@{host}"))


def plain(value: Any) -> Any:
    """A value as JSON has it: dates and instants as ISO text, tuples as lists, numpy numbers as numbers.

    Examples
    --------
    >>> plain((date(2024, 5, 6), 1.5))
    ['2024-05-06', 1.5]
    """
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        return plain(value.item())
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before text that a spreadsheet would take for a formula."""
    texts = [
        name for name in frame.columns if frame[name].dtype == object or isinstance(frame[name].dtype, pd.StringDtype)
    ]
    return frame.assign(**{name: frame[name].map(_no_formula) for name in texts})


def _no_formula(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
