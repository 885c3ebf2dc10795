"""What a load did, for people (`str`), for a table (`to_frame`) and for the store (`to_json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from data_connectors.errors import rows_said

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class FileReceipt:
    """One file: its name without the folder, its hash, what was in it and how it was read."""

    name: str
    sha256: str
    rows: int
    rejected: int
    encoding: str
    layout: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class LoadReceipt:
    """What a load did, or with `dry_run` would do.

    Attributes
    ----------
    profile, version, source, table, lake : str
        What was loaded with what, into where.
    load_id : int or None
        The load's number in its lake; None where nothing was written.
    files : tuple of FileReceipt
    read : int
        Rows that the files hold: new + changed + unchanged + rejected + skipped + repeated (with `replace_window` a
        changed row counts as one removed and one new).
    new, changed, unchanged, removed : int
        Rows of the table, against what the store held before.
    skipped : int
        Left out on purpose, as the profile says.
    repeated : int
        Rows of an identifier that a later row of the same load gave again: the same, or an update.
    rejected : mapping of str to int
        Rows refused, by reason.
    time_rules, time_quality, locations : mapping of str to int
        Rows by how their clock was read, how exact it is, and what their coordinates are worth.
    unknown_offenses : mapping of str to int
        The commonest codes that mean no NIBRS offense here; kept as ``unknown``.
    zones : tuple of str
        Time zones that wall clocks were read in.
    first_at, last_at : datetime or None
        Earliest and latest time of the rows on the feed's local clock; UTC where no zone is known.
    notes : tuple of str
        Anything else: encodings, columns come or gone, files given twice.
    """

    profile: str
    version: int
    source: str
    table: str
    lake: str
    dry_run: bool
    files: tuple[FileReceipt, ...]
    read: int
    new: int
    changed: int
    unchanged: int
    removed: int
    skipped: int
    repeated: int
    load_id: int | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)
    time_rules: Mapping[str, int] = field(default_factory=dict)
    time_quality: Mapping[str, int] = field(default_factory=dict)
    locations: Mapping[str, int] = field(default_factory=dict)
    unknown_offenses: Mapping[str, int] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None
    notes: tuple[str, ...] = ()

    @property
    def share_without_coordinates(self) -> float | None:
        """Share of rows not located, 0-1; None for a table without places."""
        total = sum(self.locations.values())
        return self.locations.get("missing", 0) / total if total else None

    @property
    def columns_seen(self) -> tuple[str, ...]:
        """Every column of every file, once, in order of appearance."""
        return tuple(dict.fromkeys(column for file in self.files for column in file.columns))

    def one_line(self) -> str:
        """The load on one line."""
        counts = (("new", self.new), ("changed", self.changed), ("unchanged", self.unchanged),
                  ("removed", self.removed), ("rejected", sum(self.rejected.values())))
        said = ", ".join(f"{n:,} {name}" for name, n in counts if n)
        return f"{self.profile} → {self.table}: {self.read:,} read, {said or 'nothing to load'}"

    def __str__(self) -> str:
        """The receipt as a few aligned lines."""
        files = "1 file" if len(self.files) == 1 else f"{len(self.files):,} files"
        end = "dry run, nothing written" if self.dry_run else (
            f"load {self.load_id}" if self.load_id else "nothing changed, nothing written")
        lines = [f"{self.profile} → {self.table}: {rows_said(self.read)} read from {files} ({end})"]
        refused = sum(self.rejected.values())
        lines.append(f"  rows      {self.new:,} new · {self.changed:,} changed · {self.unchanged:,} unchanged · "
                     f"{self.removed:,} removed · {refused:,} rejected")
        lines += [f"  rejected  {n:,}  {reason}" for reason, n in self.rejected.items()]
        if self.repeated:
            lines.append(f"  repeated  {rows_said(self.repeated)} of an identifier given again later in the same files")
        if self.skipped:
            lines.append(f"  left out  {self.skipped:,} on purpose, as the profile says")
        if self.first_at and self.last_at:
            lines.append(f"  period    {self.first_at:%Y-%m-%d} to {self.last_at:%Y-%m-%d}")
        if self.time_rules:
            zone = f" · zone {', '.join(self.zones)}" if self.zones else ""
            lines.append(f"  clocks    {_listed(self.time_rules)}{zone}")
        if self.time_quality:
            lines.append(f"  times     {_listed(self.time_quality)}")
        if self.locations:
            lines.append(f"  places    {100 * self.share_without_coordinates:.1f} % without coordinates · "
                         f"{_listed(self.locations)}")
        if self.unknown_offenses:
            lines.append(f"  unknown   offenses kept as unknown, commonest: {_listed(self.unknown_offenses)}")
        return "\n".join(lines + [f"  note      {note}" for note in self.notes])

    def to_frame(self) -> pandas.DataFrame:
        """One row a file: name, sha256, rows, rejected, encoding, layout, columns."""
        import pandas

        return pandas.DataFrame([asdict(file) for file in self.files])

    def to_json(self) -> str:
        """The receipt as the store keeps it."""
        return json.dumps(asdict(self) | {"columns_seen": self.columns_seen}, default=str)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())
