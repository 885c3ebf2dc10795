"""Excel workbooks (.xlsx, .xlsm): one sheet as a table of text."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from data_connectors.readers import LoadError, RawBatch, ReaderOptions, SourceFile
from data_connectors.readers.records import Item, batches

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read_spreadsheet(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Rows of one sheet; `lines` are the sheet's row numbers. Rows that are wholly blank are passed over.

    Dates become ISO 8601 text, whole numbers lose their ``.0``, what a formula gave when the workbook was
    last saved is taken, a cell error (``#N/A``) is null.

    Parameters
    ----------
    file : SourceFile
        The workbook.
    options : ReaderOptions
        ``settings["sheet"]``: the sheet's name, or the first one. ``settings["skip_lines"]``: rows above the header.

    Raises
    ------
    LoadError
        An old ``.xls``, a damaged or protected workbook, no such sheet, no header, two columns of one name.

    Examples
    --------
    >>> import tempfile; from pathlib import Path; from openpyxl import Workbook
    >>> book = Workbook(); book.active.append(["ID", "Since"]); book.active.append([7.0, dt.date(2026, 1, 2)])
    >>> path = Path(tempfile.mkdtemp()) / "cameras.xlsx"; book.save(path)
    >>> [batch] = read_spreadsheet(SourceFile(path), ReaderOptions("spreadsheet"))
    >>> batch.columns.to_pylist(), batch.lines.to_pylist()
    ([{'ID': '7', 'Since': '2026-01-02'}], [2])
    """
    book = _opened(file)
    sheet = _sheet(book, options.settings.get("sheet"), file.name)
    skip = int(options.settings.get("skip_lines", 0))
    # Some programs write a wrong extent into the sheet; without it every row is read.
    sheet.reset_dimensions()
    rows = sheet.iter_rows(values_only=True)
    header: list[str] = []
    items: list[Item] = []
    for number, cells in enumerate(rows, start=1):
        if number <= skip or all(cell is None or cell == "" for cell in cells):
            continue
        if not header:
            header = _header(cells, number, file.name)
            continue
        values = (_text(cell) for cell in cells)
        row = {name: value for name, value in zip(header, values, strict=False) if name and name not in options.drop}
        items.append((number, row))
    book.close()
    if not header:
        raise LoadError(f"sheet {sheet.title!r} is blank", file=file.name, remedy="Name the sheet meant in [reader].")
    columns = [name for name in header if name and name not in options.drop]
    yield from batches(items, columns, encoding="xlsx")


def _opened(file: SourceFile) -> Any:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    data = file.data
    if data.startswith(_OLD_EXCEL):
        raise LoadError(
            "is an old Excel workbook (.xls) or one protected by a password", file=file.name,
            remedy="Save it as .xlsx without a password.",
        )
    try:
        with warnings.catch_warnings():  # parts without cells, such as styles and lists of choices, are left unread
            warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
            return load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise LoadError(f"not an Excel workbook ({error})", file=file.name, remedy="Save it as .xlsx.") from error


def _sheet(book: Any, wanted: str | None, name: str) -> Any:
    if wanted is None:
        return book.worksheets[0]
    if wanted not in book.sheetnames:
        raise LoadError(
            f"no sheet {wanted!r}; it has: {', '.join(book.sheetnames)}", file=name, remedy="Correct sheet in [reader]."
        )
    return book[wanted]


def _header(cells: Sequence[Any], number: int, name: str) -> list[str]:
    header = [(_text(cell) or "").strip() for cell in cells]
    twice = sorted({h for h in header if h and header.count(h) > 1})
    if twice:
        raise LoadError(
            f"two columns are headed {twice[0]!r}", file=name, line=number, remedy="Rename one, or set skip_lines."
        )
    return header


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return None if cell in (None, "", "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!") else cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)
