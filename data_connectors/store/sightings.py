"""The door to plate-bearing tables: a purpose first, a ledger row before any row is handed back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from . import guard
from .engine import Attach, Connection, connected
from .errors import StoreError
from .ledger import Ledger
from .location import Location
from .locking import Deadline, retried
from .migrations import check_version
from .policy import Policy, asking
from .purpose import Purpose

if TYPE_CHECKING:
    import pandas
    import pyarrow


Engine = Literal["duckdb", "spark"]


class Reading(Protocol):
    """What runs a SELECT: DuckDB's `Connection`, or Spark."""

    def arrow(self, sql: str, parameters: Mapping[str, Any]) -> pyarrow.Table:
        """The rows of one SELECT in DuckDB's dialect."""


class SightingsSession:
    """Reads of plate-bearing tables under one purpose; made by `Store.sightings`.

    Attributes
    ----------
    purpose : Purpose
    engine : str
        What does the work.
    last_hash : str
        SHA-256 of the rows handed back last, as in the ledger.
    """

    def __init__(
        self, connection: Connection, ledger: Ledger, purpose: Purpose, wait_s: float, engine: Engine = "duckdb"
    ) -> None:
        self.purpose = purpose
        self.engine = engine
        self._reading: Reading = _on(engine, connection)
        self.last_hash = ""
        self._data_asof = connection.value("SELECT strftime(max(loaded_at), '%Y-%m-%dT%H:%M:%SZ') FROM sightings.loads")
        self._connection = connection
        self._ledger = ledger
        self._wait_s = wait_s

    def read(self, sql: str, /, **parameters: Any) -> pandas.DataFrame:
        """Rows of one SELECT, after the ledger has recorded who asked what, why, and what came back.

        Parameters
        ----------
        sql : str
            One SELECT; values written as ``$name``. Sightings tables unqualified, records
            tables as ``records.cameras``.

        Returns
        -------
        pandas.DataFrame
            As `Store.read`.

        Raises
        ------
        StoreError
            The SQL is at fault, or the ledger cannot be written; no rows are handed back.
        """
        names: tuple[str, ...] = ()
        asked = {"sql": sql, "parameters": {name: written(value) for name, value in parameters.items()}}
        if self.engine != "duckdb":
            asked["engine"] = self.engine
        try:
            names = guard.check(self._connection, sql, plates=True)
            table = retried(lambda: self._reading.arrow(sql, parameters), Deadline.after(self._wait_s))
        except StoreError:
            self._record(names, asked, outcome="error")
            raise
        self.last_hash = content_hash(table)
        self._record(names, asked, outcome="ok", rows_returned=table.num_rows, result_hash=self.last_hash)
        from .frames import as_frame

        return as_frame(table)

    def _record(self, names: tuple[str, ...], asked: dict[str, Any], **result: Any) -> None:
        self._ledger.append(
            action="view",
            object=", ".join(names),
            query_params=json.dumps(asked, ensure_ascii=False, sort_keys=True),
            purpose=self.purpose,
            data_asof=self._data_asof,
            **result,
        )


@contextmanager
def open_sightings(
    location: Location,
    purpose: Purpose,
    *,
    explain: bool,
    wait_s: float,
    records_at: int | None,
    engine: Engine = "duckdb",
) -> Iterator[SightingsSession]:
    """A `SightingsSession`; a purpose that does not do is refused, and the refusal recorded."""
    refusal = purpose.refusal() or Policy.of(location).refusal(purpose, asking(location))
    if refusal:
        Ledger(location, wait_s).append(action="deny", object="sightings", purpose=purpose, outcome="denied")
        purpose.check()
        raise StoreError(refusal)
    lakes = (Attach("sightings"), Attach("records", snapshot=records_at))
    with connected(location, *lakes, explain=explain, hardened=True, masked=True) as connection:
        check_version(connection, "sightings")
        yield SightingsSession(connection, Ledger(location, wait_s, connection), purpose, wait_s, engine)


def _on(engine: Engine, connection: Connection) -> Reading:
    if engine == "duckdb":
        return connection
    if engine == "spark":
        from .spark import SparkReading

        return SparkReading(connection)
    raise StoreError(f"there is no engine {engine!r}; there are: duckdb, spark")


def content_hash(table: pyarrow.Table) -> str:
    """SHA-256 of the rows as CSV, in the order returned: the same rows give the same hash."""
    import pyarrow as pa
    from pyarrow import csv

    columns = [
        pa.array([json.dumps(v) for v in column.to_pylist()]) if pa.types.is_nested(column.type) else column
        for column in table.columns
    ]
    digest = _Digest()
    with pa.PythonFile(digest, mode="w") as sink:
        csv.write_csv(pa.table(columns, names=[str(n) for n in range(len(columns))]), sink)
    return digest.hash.hexdigest()


def written(value: Any) -> Any:
    """A parameter as JSON keeps it for the ledger, so that `reread` gives the same value again.

    >>> reread(json.loads(json.dumps(written([date(2026, 3, 1), "1234567"]))))
    [datetime.date(2026, 3, 1), '1234567']
    """
    if isinstance(value, datetime):
        return {"timestamp": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, list | tuple):
        return [written(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def reread(value: Any) -> Any:
    """The parameter that `written` wrote."""
    if isinstance(value, dict):
        return datetime.fromisoformat(value["timestamp"]) if "timestamp" in value else date.fromisoformat(value["date"])
    return [reread(item) for item in value] if isinstance(value, list) else value


class _Digest:
    """A file that only hashes what is written to it."""

    closed = False

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True
