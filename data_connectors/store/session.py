"""The loader's door: one connection of its own, temporary tables, one transaction at the end."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from ..schemas import Lake
from . import plate_index
from .engine import Attach, Connection, connected, sweep_spill
from .errors import StoreError
from .location import LAKES, Location, quoted
from .locking import Deadline, alerting, beside_loaders, current_user, loader, retried
from .migrations import check_version, tables_of
from .settling import remove_orphans, settle

Result = TypeVar("Result")


class LoadingSession:
    """What a loader does its work in; made by `Store.loading`.

    Temporary tables made with `run` live as long as the session. The lake is written only
    inside the job given to `commit`.
    """

    def __init__(self, connection: Connection, lake: Lake, wait_s: float) -> None:
        self.lake = lake
        self.connection = connection
        self._wait_s = wait_s
        self._load_id: int | None = None
        self._committing = False

    def register(self, name: str, data: Any) -> None:
        """Let SQL read an Arrow table or RecordBatchReader as the view `name`."""
        self.connection.cursor.register(name, data)

    def unregister(self, name: str) -> None:
        """Forget a registered view."""
        self.connection.cursor.unregister(name)

    def run(self, sql: str, /, **parameters: Any) -> None:
        """Run a statement for its effect."""
        self.connection.run(sql, parameters)

    def rows(self, sql: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a query and return its rows as tuples."""
        return self.connection.rows(sql, parameters)

    def check_version(self) -> None:
        """Raise where other software has brought the store to another version since this session was opened."""
        check_version(self.connection, self.lake)

    def table(self, name: str) -> str:
        """The full quoted name of a table of this session's lake; StoreError names the tables there are."""
        known = tables_of(self.lake)
        if name not in known:
            raise StoreError(f"{self.lake} has no table {name!r}; it has: {', '.join(known)}")
        return f"{quoted(self.lake)}.main.{quoted(name)}"

    def next_load_id(self) -> int:
        """The number of the load being written; only inside a job, where nobody else can take the same."""
        if not self._committing:
            raise RuntimeError("next_load_id() is asked inside the job given to commit(), where the lake is held")
        if self._load_id is None:
            [(last,)] = self.rows(f"SELECT coalesce(max(load_id), 0) FROM {self.table('loads')}")
            self._load_id = int(last) + 1
        return self._load_id

    def commit(self, job: Callable[[LoadingSession], Result], *, note: str = "change") -> Result:
        """Run `job(session)` in one transaction while holding the lake: all of it, or nothing.

        A passing conflict runs the whole job again, until the store's `wait_s` is over. `note`
        says in the snapshot's message what was done; a job that takes a load number says so by itself.

        Raises
        ------
        StoreError
            The lake stayed held (the holder is named) or the write failed; nothing was written.
        """
        deadline = Deadline.after(self._wait_s)
        with loader(self.connection, self.lake, deadline) as predecessor_died:
            if predecessor_died:
                remove_orphans(self.connection, self.lake)
            try:
                return self.run_held(job, note=note, deadline=deadline)
            finally:
                self._tidy()

    def commit_alerts(self, job: Callable[[LoadingSession], Result], *, note: str = "alerts") -> Result:
        """As `commit`, for a job that only adds rows to ``alerts``: in a shared store it waits for nobody who loads.

        It tidies nothing; the next load does.
        """
        deadline = Deadline.after(self._wait_s)
        with alerting(self.connection, deadline) as predecessor_died:
            if predecessor_died:
                remove_orphans(self.connection, self.lake)
            return retried(lambda: self._in_a_transaction(job, note), deadline)

    def _tidy(self) -> None:
        deadline = Deadline.after(self._wait_s)
        alone = partial(beside_loaders, self.connection, self.lake, deadline)
        try:
            retried(lambda: settle(self.connection, self.lake, alone=alone), deadline)
        except StoreError as error:
            warnings.warn(f"tidying {self.lake} failed; the next write tidies again. {error}", stacklevel=3)

    def run_held(self, job: Callable[[LoadingSession], Result], *, note: str, deadline: Deadline) -> Result:
        """As `commit`, for a caller that already holds the lake and tidies it itself."""
        return retried(lambda: self._attempt(job, note), deadline)

    def _attempt(self, job: Callable[[LoadingSession], Result], note: str) -> Result:
        def followed(session: LoadingSession) -> Result:
            result = job(session)
            if self.lake == "sightings":
                plate_index.follow(self.connection)
            return result

        self._load_id = None
        self._committing = True
        try:
            return self._in_a_transaction(followed, note)
        finally:
            self._committing = False
            self._load_id = None

    def _in_a_transaction(self, job: Callable[[LoadingSession], Result], note: str) -> Result:
        self.connection.run("BEGIN")
        try:
            result = job(self)
            self.connection.run(
                f"CALL {quoted(self.lake)}.set_commit_message($author, $message, extra_info => $extra)",
                {
                    "author": current_user(),
                    "message": note if self._load_id is None else f"load {self._load_id}",
                    "extra": json.dumps({"load_id": self._load_id}),
                },
            )
            self.connection.run("COMMIT")
        except BaseException:
            with suppress(StoreError):
                self.connection.run("ROLLBACK")
                if self.connection.location.server is None:  # in a shared store whoever tidies next does this
                    remove_orphans(self.connection, self.lake)  # what was written before it failed, a full disk's half file
            raise
        return result


@contextmanager
def loading(location: Location, lake: Lake, *, explain: bool, wait_s: float) -> Iterator[LoadingSession]:
    """A `LoadingSession` on one lake; StoreError where there is no such lake, before anything is touched."""
    if lake not in LAKES:
        raise StoreError(f"there is no lake {lake!r}; there are: {', '.join(LAKES)}")
    sweep_spill(location)
    with connected(location, Attach(lake, read_only=False), explain=explain, masked=lake == "sightings") as connection:
        check_version(connection, lake)
        connection.run("USE memory")
        yield LoadingSession(connection, lake, wait_s)
