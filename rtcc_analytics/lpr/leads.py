"""What every search of plate reads hands back, and the words that go with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from data_connectors.errors import RtccError

LEAD_ONLY = "lead only, not probable cause"
COVERAGE = (
    "Readers see only the roads they stand on, miss some passages and misread some plates: "
    "a vehicle that was not read may still have been there, and a read may be of another vehicle."
)


class LprError(RtccError):
    """A search of plate reads that cannot be made: the message says what to give instead."""


class PlateReads(Protocol):
    """What a search needs of `Store.sightings`: rows of one SELECT, written to the ledger."""

    def read(self, sql: str, /, **parameters: Any) -> pd.DataFrame:
        """Rows of one SELECT over the plate-bearing tables."""


@dataclass(frozen=True, eq=False)
class Leads:
    """Rows found by one search, with what chance alone would have given.

    Attributes
    ----------
    search : str
        Name of the search.
    rows : DataFrame
        One row a vehicle, passage or hit; each search says which columns.
    parameters : dict
        What was asked, enough to ask it again.
    null_model : str
        What "chance" means here, in words; empty where nothing is associated with anything.
    chance : DataFrame
        ``matched`` (k), ``vehicles`` found with k or more, ``expected`` by chance with k or more.
    details : DataFrame
        The passages behind `rows`; empty where `rows` are passages.
    notes : tuple of str
        What would mislead in this answer.
    coverage, statement : str
        The caveats that go wherever the rows go.
    """

    search: str
    rows: pd.DataFrame
    parameters: dict[str, Any]
    null_model: str = ""
    chance: pd.DataFrame = field(default_factory=pd.DataFrame)
    details: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()
    coverage: str = COVERAGE
    statement: str = LEAD_ONLY

    def to_frame(self) -> pd.DataFrame:
        """The rows, each with the words "lead only, not probable cause", so that no export loses them."""
        return self.rows.assign(statement=self.statement)

    def write_csv(self, path: Path) -> None:
        """Write `to_frame` as CSV that a spreadsheet opens safely and that only its owner reads."""
        from rtcc_analytics.report.provenance import spreadsheet_safe

        spreadsheet_safe(self.to_frame()).to_csv(path, index=False)
        path.chmod(0o600)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        # A notebook shows this where nobody asked for rows: no plate in it.
        return f"<Leads of {self.search}: {len(self.rows)} rows; {self.statement}>"

    def __str__(self) -> str:
        """The caveats in a few lines, without any plate."""
        lines = [f"{self.search}: {len(self.rows)} rows. {self.statement.capitalize()}."]
        if self.null_model:
            lines.append(f"Chance: {self.null_model}")
        for row in self.chance.itertuples():
            lines.append(f"  {row.matched} or more: {row.vehicles} found, {row.expected:.3g} expected by chance")
        return "\n".join([*lines, *self.notes, self.coverage])
