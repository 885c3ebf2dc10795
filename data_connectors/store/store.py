"""`Store`: the only door to DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..schemas import Lake
from . import backup as backups
from . import corrections as correcting
from . import creation, description, guard, session
from . import export as exporting
from . import expunge as expunging
from . import undo as undoing
from .engine import Attach, Connection, connected
from .health import Finding, diagnose
from .ledger import Ledger, LedgerCheck
from .location import Location
from .locking import Deadline, retried
from .migrations import check_version
from .purpose import Purpose
from .reading import Reading
from .sightings import Engine, SightingsSession, open_sightings

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

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Several reads of one snapshot over one connection: consistent, and each without the cost of opening.

        What is loaded meanwhile is not seen. Hold it as long as the reads take, not longer.

        Examples
        --------
        >>> import tempfile
        >>> with Store.create(tempfile.mkdtemp() + "/county").reading() as held:
        ...     incidents = held.read("SELECT count(*) AS n FROM incidents")
        ...     calls = held.read("SELECT count(*) AS n FROM calls")
        >>> int(incidents.n[0] + calls.n[0])
        0
        """
        snapshot = self.snapshot()
        with ExitStack() as opened:
            records = retried(lambda: opened.enter_context(self.at(snapshot)._records()), Deadline.after(self.wait_s))
            yield Reading(records, snapshot, self.wait_s)

    def sightings(self, purpose: Purpose, *, engine: Engine = "duckdb") -> AbstractContextManager[SightingsSession]:
        """Plate-bearing tables, for a stated purpose; every read is in the audit ledger before its rows are handed back.

        Inside the ``with``, `read` takes unqualified names of the sightings tables and
        ``records.…`` for the others.

        Parameters
        ----------
        purpose : Purpose
        engine : "duckdb" or "spark"
            What does the work. Spark is for a state's reads: the same SQL over the same files, the sightings tables
            only, in the Spark application that runs in this process or else in one of this machine.

        Raises
        ------
        StoreError
            The purpose is blank (the refusal is in the ledger too), or Spark is not there.
        """
        return open_sightings(
            self._place, purpose, explain=self.explain, wait_s=self.wait_s, records_at=self._at, engine=engine
        )

    def loading(self, lake: Lake) -> AbstractContextManager[session.LoadingSession]:
        """The loader's door to one lake; see `LoadingSession`."""
        return session.loading(self._place, lake, explain=self.explain, wait_s=self.wait_s)

    def snapshot(self) -> int:
        """The number of the newest snapshot of `records`, or the one that this store was set to."""
        if self._at is not None:
            return self._at
        with self._records() as connection:
            return int(connection.value("SELECT id FROM ducklake_current_snapshot('records')"))

    def describe(self) -> pandas.DataFrame:
        """One row a table: lake, rows, first and last time, last load, sources.

        Returns
        -------
        pandas.DataFrame
            Columns table, lake, rows, first_at, last_at, last_load, sources; times are UTC. Where the database keeps
            this user out of `sightings`, its tables are listed without numbers, and `sources` says so.
        """
        return description.describe(self._place, snapshot=self._at, explain=self.explain)

    def loads(self) -> pandas.DataFrame:
        """One row a load of either lake, newest first: when, who, what, and the counts of its receipt.

        Where the database keeps this user out of `sightings`, loads of `records` alone.

        Returns
        -------
        pandas.DataFrame
            Columns lake, load_id, loaded_at, loaded_by, table_name, source, profile, read, new,
            changed, unchanged, removed, rejected, undone_at.
        """
        return description.loads(self._place, snapshot=self._at, explain=self.explain)

    def undo(self, load_id: int, lake: Lake = "records") -> int:
        """Take one load back: its rows go and, in `records`, what it replaced comes back.

        `sightings` keeps no snapshots: there only the load's own rows go, and a warning says
        so where it had replaced any.

        Returns
        -------
        int
            Rows removed and brought back.

        Raises
        ------
        StoreError
            No such load, already undone, a later load built upon it (named), or the snapshot
            before it is gone.
        """
        return undoing.undo(self._place, int(load_id), lake, explain=self.explain, wait_s=self.wait_s)

    def expunge(self, table: str, *, source: str, match: Mapping[str, Any], reason: str) -> int:
        """Take sealed records out of every snapshot and every file of this store. There is no undo.

        Every snapshot since the record first came in is lost with it, so reports made from
        those cannot be run again; the ledger says which. Copies are not reached: a later load of
        a file that still holds the record, or a backup restored, brings it back, and exports
        keep it. Have the source seal it too, and destroy those copies.

        Parameters
        ----------
        table, source : str
            Where the record is, and the feed it came from.
        match : mapping of column to value
            What tells the record, such as ``{"incident_id": "26-000123"}``; all must hold.
        reason : str
            Why, such as the number of the order; kept in the ledger, the values are not.

        Returns
        -------
        int
            Source lines taken out.

        Raises
        ------
        StoreError
            A value that its column cannot hold, nothing that matches in any snapshot, or a file that could not be
            removed.
        """
        return expunging.expunge(
            self._place, table, source=source, match=match, reason=reason, explain=self.explain, wait_s=self.wait_s
        )

    def correct_location(
        self,
        *,
        table: str,
        source: str,
        lon: float,
        lat: float,
        reason: str,
        record_id: str | None = None,
        address: str | None = None,
        outside: bool = False,
    ) -> int:
        """Put right where one record, or every record at an address, happened; reloads keep it.

        Parameters
        ----------
        table, source : str
            ``incidents``, ``calls``, ``cameras`` or ``places``, and the feed.
        lon, lat : float
            WGS84 degrees.
        reason : str
            Why, in the analyst's words.
        record_id, address : str
            Exactly one: the source's identifier of the record, or the address as stored. A
            record's own correction wins over its address's; a later one over an earlier.
        outside : bool
            The place truly lies outside the feed's bounds: those of its shipped profile, else of its located rows.

        Returns
        -------
        int
            Rows changed now.

        Raises
        ------
        StoreError
            No such row, no reason, or a place outside the feed's bounds; exchanged values are refused always.
        """
        return correcting.correct_location(
            self._place,
            table=table,
            source=source,
            lon=float(lon),
            lat=float(lat),
            reason=reason,
            record_id=record_id,
            address=address,
            outside=outside,
            explain=self.explain,
            wait_s=self.wait_s,
        )

    def corrections(self) -> pandas.DataFrame:
        """Every location correction in force: one row each, with who, when and why."""
        with self._records() as connection:
            return connection.frame("FROM location_corrections ORDER BY correction_id")

    def withdraw_correction(self, correction_id: int) -> int:
        """Take a location correction back: its rows get the source's location again. Returns rows touched."""
        return correcting.withdraw_correction(self._place, int(correction_id), explain=self.explain, wait_s=self.wait_s)

    def backup(self, path: str | Path) -> None:
        """Copy the whole store as it stands, snapshots and ledger included, into the new folder `path`.

        The copy is itself an embedded store, whatever this one is. Writers wait meanwhile. It
        keeps what retention will later remove here: its own keeping is yours to limit.

        Raises
        ------
        StoreError
            `path` exists or cannot be written, or a writer holds the store.
        """
        backups.backup(self._place, Path(path).absolute(), explain=self.explain, wait_s=self.wait_s)

    @classmethod
    def restore(cls, path: str | Path, location: str | Path, *, explain: bool = False, wait_s: float = 30.0) -> Store:
        """Make a store at the new `location`, a folder or an address, from a backup. Nothing is overwritten."""
        backups.restore(Path(path).absolute(), Location.parse(location), explain=explain, wait_s=wait_s)
        return cls(location, explain=explain, wait_s=wait_s)

    def export(self, path: str | Path, *, tables: Sequence[str] | None = None) -> None:
        """Write records as one plain DuckDB file (``NAME.duckdb``) or a folder of CSV.

        In CSV, text that a spreadsheet would run as a formula gets a leading apostrophe;
        numbers stay as they are, geometry is WKB in hexadecimal.

        Parameters
        ----------
        path : str or Path
            Must not exist.
        tables : sequence of str, optional
            Only these; every records table and the list of loads where left out.

        Raises
        ------
        PlateDataError
            A plate-bearing table was asked for: those never leave this way.
        """
        exporting.export(
            self._place,
            Path(path).absolute(),
            tables=tables,
            snapshot=self._at,
            explain=self.explain,
            wait_s=self.wait_s,
        )

    def verify_ledger(self) -> LedgerCheck:
        """Whether the audit ledger's chain holds, and where it breaks."""
        return Ledger(self._place, self.wait_s).verify()

    def doctor(self) -> tuple[Finding, ...]:
        """What is wrong with the installation and this store, and what mends it."""
        return diagnose(self._place)

    @contextmanager
    def _records(self) -> Iterator[Connection]:
        with connected(
            self._place, Attach("records", snapshot=self._at), explain=self.explain, hardened=True
        ) as connection:
            if self._at is None:
                check_version(connection, "records")
            yield connection
