"""The audit ledger: who read plates, why, and what they got; kept outside both lakes.

Each row carries the hash of the one before it, so an edit or a removal breaks the chain. An
administrator who may write the file can still rewrite the whole chain: copy its head
(`LedgerCheck.head`) somewhere else from time to time.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from .engine import Connection, connected, server_options
from .errors import StoreError
from .location import Location, literal
from .locking import Deadline, current_user, file_lock, writer
from .migrations import software_version
from .purpose import Purpose

COLUMNS = (
    "sequence",
    "event_id",
    "ts_utc",
    "user",
    "role",
    "agency",
    "client",
    "action",
    "object",
    "query_params",
    "reason_code",
    "reason_text",
    "case_no",
    "supervisor",
    "rows_returned",
    "result_hash",
    "outcome",
    "data_asof",
    "software_version",
    "prev_hash",
    "hash",
)
_NUMBERS = ("sequence", "rows_returned")
START = "0" * 64


@dataclass(frozen=True)
class LedgerCheck:
    """Whether the chain holds.

    Attributes
    ----------
    holds : bool
        Every row is as it was written and none is missing before the last.
    rows : int
        Rows checked.
    broken_at : int or None
        Sequence number of the first row that does not fit.
    head : str
        Hash of the last row: copy it elsewhere to notice a rewritten or shortened ledger.
    """

    holds: bool
    rows: int
    broken_at: int | None
    head: str


class Rows(Protocol):
    """What the ledger needs of the database that keeps it."""

    def last(self) -> tuple[int, str]:
        """Sequence number and hash of the newest row."""

    def add(self, row: dict[str, Any]) -> None:
        """Write one row."""

    def all(self) -> list[dict[str, Any]]:
        """Every row, oldest first."""


class Ledger:
    """The ledger of one store; a shared store's is written through `connection` where one is open."""

    def __init__(self, location: Location, wait_s: float, connection: Connection | None = None) -> None:
        self._location = location
        self._wait_s = wait_s
        self._connection = connection

    def append(
        self,
        *,
        action: str,
        object: str,
        outcome: str,
        purpose: Purpose | None = None,
        query_params: str = "{}",
        rows_returned: int | None = None,
        result_hash: str | None = None,
        data_asof: str | None = None,
        reason: str = "",
    ) -> str:
        """Write one row and return its hash; StoreError where it cannot be written."""
        with self._opened(to_write=True) as rows:
            sequence, previous = rows.last()
            row: dict[str, Any] = {
                "sequence": sequence + 1,
                "event_id": str(uuid.uuid4()),
                "ts_utc": datetime.now(UTC).isoformat(timespec="microseconds"),
                "user": self._user(),
                "role": self._role(),
                "agency": purpose.agency if purpose else "",
                "client": Path(sys.argv[0] or "python").name,
                "action": action,
                "object": object,
                "query_params": query_params,
                "reason_code": purpose.reason_code if purpose else "",
                "reason_text": purpose.text if purpose else reason,
                "case_no": purpose.case_number if purpose else "",
                "supervisor": purpose.supervisor if purpose else "",
                "rows_returned": rows_returned,
                "result_hash": result_hash,
                "outcome": outcome,
                "data_asof": data_asof,
                "software_version": software_version(),
                "prev_hash": previous,
            }
            row["hash"] = row_hash(row)
            rows.add(row)
        return str(row["hash"])

    def rows(self) -> list[dict[str, Any]]:
        """Every row, oldest first."""
        with self._opened() as rows:
            return rows.all()

    def copy_to(self, other: Ledger) -> None:
        """Write every row into an empty ledger, chain and all; the caller holds this one."""
        with other._opened() as there:
            for row in self.rows():
                there.add(row)

    def verify(self) -> LedgerCheck:
        """Recompute the chain from the first row."""
        previous, found = START, self.rows()
        for position, row in enumerate(found, start=1):
            fits = row["sequence"] == position and row["prev_hash"] == previous and row["hash"] == row_hash(row)
            if not fits:
                return LedgerCheck(False, len(found), position, found[-1]["hash"])
            previous = row["hash"]
        return LedgerCheck(True, len(found), None, previous)

    def _user(self) -> str:
        server = self._location.server
        return (server.user if server else "") or current_user()

    def _role(self) -> str:
        return self._location.server.user if self._location.server else ""

    @contextmanager
    def _opened(self, *, to_write: bool = False) -> Iterator[Rows]:
        with ExitStack() as stack:
            deadline = Deadline.after(self._wait_s)
            if self._location.server is None:
                if to_write:
                    stack.enter_context(file_lock(self._location, "audit", deadline))
                yield stack.enter_context(_sqlite_rows(self._location, self._wait_s))
                return
            connection = self._connection or stack.enter_context(connected(self._location))
            if to_write:
                stack.enter_context(writer(connection, "audit", deadline))
            yield stack.enter_context(_server_rows(stack.enter_context(connection.sibling())))


def row_hash(row: dict[str, Any]) -> str:
    """The hash that chains a row: SHA-256 of all its other columns as JSON, the previous row's hash among them."""
    content = {name: row[name] for name in COLUMNS if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _columns_sql() -> str:
    return ", ".join(f'"{name}" {"BIGINT" if name in _NUMBERS else "TEXT"}' for name in COLUMNS)


class _SqliteRows:
    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        database.execute(f"CREATE TABLE IF NOT EXISTS ledger ({_columns_sql()})")
        for verb in ("UPDATE", "DELETE"):
            database.execute(
                f"CREATE TRIGGER IF NOT EXISTS ledger_no_{verb.lower()} BEFORE {verb} ON ledger "
                "BEGIN SELECT RAISE(ABORT, 'the audit ledger is only ever added to'); END"
            )
        path.chmod(0o600)

    def last(self) -> tuple[int, str]:
        found = self._database.execute("SELECT sequence, hash FROM ledger ORDER BY sequence DESC LIMIT 1").fetchone()
        return found or (0, START)

    def add(self, row: dict[str, Any]) -> None:
        marks = ", ".join(f":{name}" for name in COLUMNS)
        self._database.execute(f"INSERT INTO ledger VALUES ({marks})", row)

    def all(self) -> list[dict[str, Any]]:
        found = self._database.execute("SELECT * FROM ledger ORDER BY sequence").fetchall()
        return [dict(zip(COLUMNS, row, strict=True)) for row in found]


@contextmanager
def _sqlite_rows(location: Location, wait_s: float) -> Iterator[Rows]:
    path = location.root / "audit.sqlite"
    try:
        database = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
        try:
            yield _SqliteRows(database, path)
        finally:
            database.close()
    except sqlite3.Error as error:
        raise StoreError(
            f"the audit ledger of {location.text} cannot be used ({error}); no plate data is read without it"
        ) from error


@contextmanager
def _server_rows(connection: Connection) -> Iterator[Rows]:
    connection.run(
        f"ATTACH {literal(server_options(connection.location))} AS audit_server (TYPE postgres, SECRET rtcc)"
    )
    try:
        there = connection.rows(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = 'audit_server' AND schema_name = 'audit' AND table_name = 'ledger'"
        )
        if not there:  # asked first, because a role that may only add rows may not even try to make the table
            connection.run("CREATE SCHEMA IF NOT EXISTS audit_server.audit")
            connection.run(f"CREATE TABLE IF NOT EXISTS audit_server.audit.ledger ({_columns_sql()})")
        yield _ServerRows(connection)
    finally:
        connection.run("DETACH audit_server")


class _ServerRows:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last(self) -> tuple[int, str]:
        found = self._connection.rows(
            "SELECT sequence, hash FROM audit_server.audit.ledger ORDER BY sequence DESC LIMIT 1"
        )
        return (int(found[0][0]), str(found[0][1])) if found else (0, START)

    def add(self, row: dict[str, Any]) -> None:
        marks = ", ".join(f"${name}" for name in COLUMNS)
        self._connection.run(f"INSERT INTO audit_server.audit.ledger VALUES ({marks})", row)

    def all(self) -> list[dict[str, Any]]:
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        found = self._connection.rows(f"SELECT {names} FROM audit_server.audit.ledger ORDER BY sequence")
        return [dict(zip(COLUMNS, row, strict=True)) for row in found]
