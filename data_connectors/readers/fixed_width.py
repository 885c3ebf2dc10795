"""Fixed-width records: an agency writes down where each field stands, and the reader cuts there.

For files whose layout is not public (the NCIC extract, a state's hotlist file) the agency fills in a
layout file from the document that it was given. None is shipped, and no sample of such a file either.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_connectors.readers import LoadError, RawBatch, RawReject, ReaderOptions, SourceFile
from data_connectors.readers.records import WITHHELD, Item, Row, batches, peeked
from data_connectors.readers.text_lines import text_lines


@dataclass(frozen=True)
class Field:
    """One field of a record: its name, the position of its first character (from 1), its length in characters.

    Examples
    --------
    >>> Field("PlateNumber", 3, 10).end
    12
    """

    name: str
    start: int
    length: int

    @property
    def end(self) -> int:
        """Position of its last character, counted from 1."""
        return self.start + self.length - 1


@dataclass(frozen=True)
class Layout:
    """Where the fields of a record stand.

    Attributes
    ----------
    fields : tuple of Field
        In the record's order; gaps between them are passed over.
    record_length : int
        Characters in a whole record.

    Examples
    --------
    >>> Layout.of({"field": [{"name": "State", "start": 1, "length": 2}]}, "layout.toml").record_length
    2
    """

    fields: tuple[Field, ...]
    record_length: int

    @classmethod
    def of(cls, spec: Mapping[str, Any], name: str) -> Layout:
        """The layout that a TOML table spells: ``[[field]]`` tables and, where it is longer, ``record_length``.

        Raises
        ------
        LoadError
            No field, a field without name, start or length, two fields that overlap, or fields beyond the record.
        """
        tables = spec.get("field") or spec.get("fields") or []
        if not tables:
            raise LoadError("the layout names no field", file=name, remedy=_HOW)
        fields = tuple(sorted((_field(table, name) for table in tables), key=lambda field: field.start))
        for left, right in zip(fields, fields[1:], strict=False):
            if left.end >= right.start:
                raise LoadError(
                    f"fields overlap: {left.name!r} ends at {left.end}, {right.name!r} starts at {right.start}",
                    file=name, remedy="Correct start or length.",
                )
        length = spec.get("record_length", fields[-1].end)
        if length < fields[-1].end:
            raise LoadError(
                f"record_length is {length}, but {fields[-1].name!r} ends at {fields[-1].end}", file=name,
                remedy="Correct one of them.",
            )
        return cls(fields, length)

    @classmethod
    def read(cls, path: str | Path) -> Layout:
        """The layout in a TOML file.

        Raises
        ------
        LoadError
            No such file, not TOML, or as `of`.
        """
        path = Path(path)
        if not path.is_file():
            raise LoadError("no such layout file", file=str(path), remedy=_HOW)
        try:
            return cls.of(tomllib.loads(path.read_text("utf-8")), path.name)
        except tomllib.TOMLDecodeError as error:
            raise LoadError(f"not TOML ({error})", file=path.name) from error

    def cut(self, record: str) -> Row:
        """The fields of one record, with blanks at both ends taken off; a blank field is None."""
        return {f.name: record[f.start - 1 : f.end].strip() or None for f in self.fields}


_HOW = (
    "Write one table a field: [[field]] name = \"PlateNumber\", start = 1, length = 10 (start counts from 1), "
    "and name the file as layout in [reader]."
)


def _field(table: Mapping[str, Any], name: str) -> Field:
    known = {key: table.get(key) for key in ("name", "start", "length")}
    wrong = [key for key, kind in (("name", str), ("start", int), ("length", int)) if not isinstance(known[key], kind)]
    if wrong or known["start"] < 1 or known["length"] < 1:
        raise LoadError(f"not a field of a layout: {dict(table)}", file=name, remedy=_HOW)
    return Field(**known)


def read_fixed_width(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Records cut by a layout. A record of another length than the layout's is rejected, with both lengths.

    Parameters
    ----------
    file : SourceFile
        One record a line; blank lines are passed over.
    options : ReaderOptions
        ``settings["layout"]``: path of a layout file, or ``settings["field"]`` and ``settings["record_length"]``:
        the layout itself.

    Raises
    ------
    LoadError
        No layout, or one that cannot be.

    Examples
    --------
    >>> import tempfile; from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "list.txt"
    >>> _ = path.write_text("NYABC1234   \\nNYXYZ\\n")
    >>> fields = [{"name": "State", "start": 1, "length": 2}, {"name": "Plate", "start": 3, "length": 10}]
    >>> [batch] = read_fixed_width(SourceFile(path), ReaderOptions("fixed_width", settings={"field": fields}))
    >>> batch.columns.to_pylist(), batch.rejects[0].reason
    ([{'State': 'NY', 'Plate': 'ABC1234'}], 'the record has 5 characters, the layout says 12')
    """
    layout = _layout_of(options)
    columns = [field.name for field in layout.fields if field.name not in options.drop]
    first, lines = peeked(text_lines(file, options), 1)
    yield from batches(_cut(lines, layout, options), columns, encoding=first[0][2] if first else "utf-8")


def _layout_of(options: ReaderOptions) -> Layout:
    if options.settings.get("layout"):
        return Layout.read(options.settings["layout"])
    if options.settings.get("field") or options.settings.get("fields"):
        return Layout.of(options.settings, "[reader]")
    raise LoadError("a fixed-width file needs a layout, and none was given", remedy=_HOW)


def _cut(lines: Iterable[tuple[int, str, str]], layout: Layout, options: ReaderOptions) -> Iterator[Item]:
    for number, line, _ in lines:
        if len(line) == layout.record_length:
            yield number, {k: v for k, v in layout.cut(line).items() if k not in options.drop}
        else:
            yield RawReject(
                number,
                f"the record has {len(line)} characters, the layout says {layout.record_length}",
                WITHHELD if options.drop else line,
            )
