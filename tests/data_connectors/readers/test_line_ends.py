"""Lines that end as on any system are the same lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_connectors.readers import ReaderOptions, SourceFile
from data_connectors.readers.delimited import read_delimited


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_line_end_gives_the_same_rows(tmp_path: Path, end: str) -> None:
    path = tmp_path / "codes.csv"
    path.write_bytes(end.join(["code,meaning", "220,Burglary", '240,"Vehicle, theft"', ""]).encode())
    [batch] = read_delimited(SourceFile(path), ReaderOptions())
    assert batch.columns.to_pydict() == {"code": ["220", "240"], "meaning": ["Burglary", "Vehicle, theft"]}
    assert batch.lines.to_pylist() == [2, 3]
