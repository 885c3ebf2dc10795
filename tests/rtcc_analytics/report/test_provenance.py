"""Data beside a report are the same bytes each time, safe in a spreadsheet, and their files are ours alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from rtcc_analytics.report import Provenance, Report, ReportError, TableSection, save
from rtcc_analytics.report.provenance import write_tables


def test_tables_are_written_with_their_digest(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "place": ["=1+1", None, "plain"],
            "value": [0.1, float("nan"), -2.0],
            "at": pd.to_datetime(["2024-01-01T05:00Z", None, "2024-01-02T00:00Z"], utc=True),
        }
    )
    written = write_tables({"t": frame}, tmp_path / "data")
    content = (tmp_path / "data" / "t.csv").read_bytes()
    assert content.decode().splitlines() == [
        "place,value,at",
        "'=1+1,0.1,2024-01-01 05:00:00+00:00",
        ",,",
        "plain,-2.0,2024-01-02 00:00:00+00:00",
    ]
    assert written == [{"name": "t", "file": "data/t.csv", "rows": 3, "sha256": hashlib.sha256(content).hexdigest()}]


def test_saving_again_removes_only_what_an_earlier_run_wrote(tmp_path: Path) -> None:
    def report(key: str) -> Report:
        frame = pd.DataFrame({"a": [1]})
        section = TableSection(key=key, title=key, frame=frame, shown=frame.astype(str))
        return Report(title="R", subtitle="", sections=(section,), provenance=Provenance(report="r"))

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.csv").write_text("keep")
    save(report("first"), tmp_path)
    saved = save(report("second"), tmp_path)
    assert sorted(path.name for path in saved.data.iterdir()) == ["mine.csv", "second.csv"]
    assert [table["name"] for table in json.loads(saved.provenance.read_text())["tables"]] == ["second"]


def test_a_password_is_not_written(tmp_path: Path) -> None:
    made = Provenance(report="r", store="postgresql://rtcc:hunter2@db/rtcc?data_path=/srv/x")
    made.write(tmp_path / "provenance.json", tables=[], run={})
    assert "hunter2" not in (tmp_path / "provenance.json").read_text()


def test_two_sections_cannot_share_a_file() -> None:
    frame = pd.DataFrame({"a": [1]})
    twice = tuple(TableSection(key="same", title=t, frame=frame, shown=frame) for t in "AB")
    with pytest.raises(ReportError, match="same"):
        Report(title="R", subtitle="", sections=twice, provenance=Provenance(report="r"))
