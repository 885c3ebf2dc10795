"""What the readers' tests share: a file made on the spot, read whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from data_connectors.readers import RawReject, ReaderOptions, SourceFile, reader_for


@dataclass(frozen=True)
class Read:
    """A file as its reader gives it: rows with their lines, rejects, notes."""

    rows: list[dict[str, str | None]]
    lines: list[int]
    rejects: list[RawReject]
    notes: list[str]
    columns: list[str]
    encoding: str


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """`read(name, content, format, drop=..., **settings)`; content is text, bytes or a path."""

    def reading(
        name: str, content: str | bytes | Path, format: str, *, drop: tuple[str, ...] = (), **settings: Any
    ) -> Read:
        path = content if isinstance(content, Path) else tmp_path / name
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif isinstance(content, bytes):
            path.write_bytes(content)
        encoding = settings.pop("encoding", "auto")
        options = ReaderOptions(format, encoding, drop, settings)
        batches = list(reader_for(format)(SourceFile(path), options))
        assert len({tuple(batch.columns.column_names) for batch in batches}) <= 1, "batches differ in columns"
        return Read(
            rows=[row for batch in batches for row in batch.columns.to_pylist()],
            lines=[line for batch in batches for line in batch.lines.to_pylist()],
            rejects=[reject for batch in batches for reject in batch.rejects],
            notes=[note for batch in batches for note in batch.notes],
            columns=batches[0].columns.column_names if batches else [],
            encoding=batches[0].encoding if batches else "",
        )

    return reading
