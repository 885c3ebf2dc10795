"""What a library mutters about a workbook's styles is no business of whoever loads it."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

from openpyxl import Workbook

from data_connectors.readers import ReaderOptions, SourceFile
from data_connectors.readers.spreadsheet import read_spreadsheet


def test_a_workbook_without_default_style_is_read_in_silence(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["case"])
    book.active.append(["26-1"])
    book.save(tmp_path / "whole.xlsx")
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "bare.xlsx", "w") as bare:
        for name in whole.namelist():
            data = whole.read(name)
            if name == "xl/styles.xml":
                data = b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
            bare.writestr(name, data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [batch] = read_spreadsheet(SourceFile(tmp_path / "bare.xlsx"), ReaderOptions("spreadsheet"))
    assert batch.columns.to_pylist() == [{"case": "26-1"}]
