"""Excel workbooks as tables of text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from data_connectors.readers import LoadError


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    def made(*rows: tuple, sheet: str = "Cameras", more: dict[str, tuple] | None = None) -> Path:
        workbook = Workbook()
        workbook.active.title = sheet
        for row in rows:
            workbook.active.append(row)
        for name, row in (more or {}).items():
            workbook.create_sheet(name).append(row)
        workbook.save(tmp_path / "book.xlsx")
        return tmp_path / "book.xlsx"

    return made


def test_cells_become_the_text_a_person_sees(read: Callable, book: Callable) -> None:
    path = book(
        ("ID", "Since", "At", "Share", "On", "Note"),
        (1700.0, dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, 4, 5), 0.25, True, "x"),
        (None,) * 6,
        ("007", None, dt.time(8, 30), 41.5168886, False, "#N/A"),
    )
    got = read("book.xlsx", path, "spreadsheet")
    assert got.rows == [
        {"ID": "1700", "Since": "2026-01-02", "At": "2026-01-02 03:04:05", "Share": "0.25", "On": "true", "Note": "x"},
        {"ID": "007", "Since": None, "At": "08:30:00", "Share": "41.5168886", "On": "false", "Note": None},
    ]
    assert got.lines == [2, 4]


def test_a_sheet_and_lines_above_the_header_can_be_named(read: Callable, book: Callable) -> None:
    path = book(("Registry of cameras", None), (None, None), ("ID", "Name"), (1, "Gate"), more={"Other": ("A",)})
    assert read("b", path, "spreadsheet", skip_lines=2).rows == [{"ID": "1", "Name": "Gate"}]
    assert read("b", path, "spreadsheet", sheet="Other").columns == ["A"]
    with pytest.raises(LoadError, match="no sheet 'Readers'; it has: Cameras, Other"):
        read("b", path, "spreadsheet", sheet="Readers")


def test_a_sensitive_column_is_not_read(read: Callable, book: Callable) -> None:
    got = read("b", book(("ID", "Password"), (1, "hunter2")), "spreadsheet", drop=("Password",))
    assert got.columns == ["ID"] and "hunter2" not in str(got)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xd0\xcf\x11\xe0rest", "old Excel workbook"), (b"ID,Name\n1,Gate\n", "not an Excel"),
     (b"PK\x03\x04cut", "not an Excel")],
)
def test_what_is_no_workbook_is_named(read: Callable, content: bytes, said: str) -> None:
    with pytest.raises(LoadError, match=said):
        read("b.xlsx", content, "spreadsheet")


def test_blank_sheets_and_doubled_headers_are_named(read: Callable, book: Callable) -> None:
    with pytest.raises(LoadError, match="sheet 'Cameras' is blank"):
        read("b", book(), "spreadsheet")
    with pytest.raises(LoadError, match="line 1: two columns are headed 'ID'"):
        read("b", book(("ID", "ID"), (1, 2)), "spreadsheet")
