"""Several reads of one snapshot over one connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import guard
from .engine import Connection
from .locking import Deadline, retried

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Reading:
    """What `Store.reading` hands out; it answers like a store until its ``with`` ends."""

    connection: Connection
    held_snapshot: int
    wait_s: float

    def read(self, sql: str, /, **parameters: Any) -> pandas.DataFrame:
        """Rows of one SELECT over the tables of `records`, as `Store.read` gives them."""

        def attempt() -> pandas.DataFrame:
            guard.check(self.connection, sql, plates=False)
            return self.connection.frame(sql, parameters)

        return retried(attempt, Deadline.after(self.wait_s))

    def snapshot(self) -> int:
        """The snapshot that every read sees."""
        return self.held_snapshot
