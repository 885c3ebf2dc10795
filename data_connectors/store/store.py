"""`Store`: the only door to DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..schemas import Lake
from . import creation, guard, session
from .engine import Attach, Connection, connected
from .errors import StoreError
from .location import LAKES, Location
from .locking import Deadline, retried
from .migrations import check_version
from .purpose import Purpose
from .sightings import SightingsSession, open_sightings

if TYPE_CHECKING:
    import pandas


class Store:
    """A store of records: a location, not an open connection.

    Parameters
    ----------
    location : str or Path
        A folder (embedded: DuckLake on SQLite), or
        ``postgresql://user@host:port/database?data_path=/shared/folder`` (shared).
    explain : bool
        Print each SQL statement with its rows and time to standard error.
    wait_s : float
        How many seconds to try again while someone else holds a lock.

    Raises
    ------
    StoreError
        There is no store at `location`; the message says how to make one.

    Examples
    --------
    >>> import tempfile
    >>> store = Store.create(tempfile.mkdtemp() + "/county")
    >>> int(store.read("SELECT count(*) AS n FROM incidents WHERE offense = $offense", offense="220").n[0])
    0
    """

    def __init__(self, location: str | Path, *, explain: bool = False, wait_s: float = 30.0) -> None:
        self._place = Location.parse(location)
        creation.require(self._place)
        self._at: int | None = None
        self.explain = explain
        self.wait_s = wait_s

    def __repr__(self) -> str:
        snapshot = "" if self._at is None else f" at snapshot {self._at}"
        return f"<Store {self.location}{snapshot}>"

    @property
    def location(self) -> str:
        """Where the store is, absolute and without a password."""
        return self._place.text

    @classmethod
    def create(cls, location: str | Path, *, explain: bool = False, wait_s: float = 30.0) -> Store:
        """Make a store, or open the one that is there, and bring it to the newest schema version.

        Raises
        ------
        StoreError
            The location is a file, cannot be written, is no address, or holds a newer store.
        """
        place = Location.parse(location)
        creation.create(place, explain=explain, wait_s=wait_s)
        return cls(location, explain=explain, wait_s=wait_s)

    def at(self, snapshot: int) -> Store:
        """The same store, its records read as they were at `snapshot` (see `snapshot()`)."""
        other = copy(self)
        other._at = int(snapshot)
        return other

    def read(self, sql: str, /, **parameters: Any) -> pandas.DataFrame:
        """Rows of one SELECT over the tables of `records`.

        Parameters
        ----------
        sql : str
            One SELECT; values written as ``$name``.
        **parameters
            The value of each ``$name``.

        Returns
        -------
        pandas.DataFrame
            Instants are ``datetime64[us, UTC]``; whole numbers with gaps are ``Int64``.

        Raises
        ------
        PlateDataError
            The SQL names a plate-bearing table: those are read through `sightings`.
        StoreError
            The SQL is at fault (its own message is given), or reads anything but the tables.
        """

        def attempt() -> pandas.DataFrame:
            with self._records() as connection:
                guard.check(connection, sql, plates=False)
                return connection.frame(sql, parameters)

        return retried(attempt, Deadline.after(self.wait_s))

    def sightings(self, purpose: Purpose) -> AbstractContextManager[SightingsSession]:
        """Plate-bearing tables, for a stated purpose; every read is in the audit ledger before its rows are handed back.

        Inside the ``with``, `read` takes unqualified names of the sightings tables and
        ``records.…`` for the others.

        Raises
        ------
        StoreError
            The purpose is blank; the refusal is in the ledger too.
        """
        return open_sightings(self._place, purpose, explain=self.explain, wait_s=self.wait_s, records_at=self._at)

    def loading(self, lake: Lake) -> AbstractContextManager[session.LoadingSession]:
        """The loader's door to one lake; see `LoadingSession`."""
        if lake not in LAKES:
            raise StoreError(f"there is no lake {lake!r}; there are: {', '.join(LAKES)}")
        return session.loading(self._place, lake, explain=self.explain, wait_s=self.wait_s)

    def snapshot(self) -> int:
        """The number of the newest snapshot of `records`, or the one that this store was set to."""
        if self._at is not None:
            return self._at
        with self._records() as connection:
            return int(connection.value("SELECT id FROM ducklake_current_snapshot('records')"))

    @contextmanager
    def _records(self) -> Iterator[Connection]:
        with connected(
            self._place, Attach("records", snapshot=self._at), explain=self.explain, hardened=True
        ) as connection:
            if self._at is None:
                check_version(connection, "records")
            yield connection
