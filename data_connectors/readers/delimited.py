"""Delimited text: commas, semicolons, tabs or bars, with or without quotes.

Whole blocks go through Arrow's parser. A block in which not every line is a whole record (a quoted line break, a
blank line, a ragged row) is taken apart again by Python's csv module, which is slower but knows the physical line
on which each record starts.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from data_connectors.readers import LoadError, RawBatch, RawReject, ReaderOptions, SourceFile
from data_connectors.readers.encodings import utf8_blocks

DELIMITERS = (",", ";", "\t", "|")
_CHUNK_BYTES = 4 << 20
_LONGEST_RECORD = 256 << 20
WITHHELD = "(not kept: the row could not be taken apart, and this feed has sensitive columns)"


@dataclass(frozen=True)
class _Shape:
    """What the first lines say: the names of the columns, how they are divided, where the rows begin."""

    names: tuple[str, ...]
    delimiter: str
    quote: str | None
    drop: frozenset[str]

    @property
    def kept(self) -> list[str]:
        return [name for name in self.names if name not in self.drop]


def read_delimited(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]:
    """Batches of a delimited text file.

    Parameters
    ----------
    file : SourceFile
        The file.
    options : ReaderOptions
        Settings understood: ``delimiter`` (``auto`` or one character), ``header`` (names, where the file has none),
        ``skip_lines`` (lines before the header), ``quote`` (``""`` for none).

    Returns
    -------
    iterator of RawBatch
        Rows with another number of fields than the header are rejects.

    Raises
    ------
    LoadError
        Two columns of one name, a quote that is never closed, and what `readers.encodings.utf8_blocks` refuses.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "may.csv"
    >>> _ = path.write_text("id;street\\n1;Main\\n2;Mill;Lane\\n3;Oak\\n")
    >>> [batch] = read_delimited(SourceFile(path), ReaderOptions())
    >>> batch.columns.to_pydict(), batch.lines.to_pylist(), batch.rejects[0].reason
    ({'id': ['1', '3'], 'street': ['Main', 'Oak']}, [2, 4], '3 fields where the header has 2')
    """
    shape: _Shape | None = None
    line, begun, encoding = 1, False, "utf-8"
    for block, encoding in _records(file, options):
        if shape is None:
            shape, body, line = _opened(file, options, block)
        else:
            body = block
        if body:
            ends = body.count(b"\n")
            yield _parsed(file, shape, body, line, ends, encoding)
            line += ends
            begun = True
    if shape and shape.names and not begun:
        yield _by_csv(file, shape, b"", line, encoding)  # a header alone still tells its columns


def _records(file: SourceFile, options: ReaderOptions) -> Iterator[tuple[bytes, str]]:
    """Blocks cut between records; lines that end in a lone CR end in LF here."""
    quote = _quote(options)
    held, encoding, lone = b"", "utf-8", None
    for block, found in utf8_blocks(file, options):
        lone = b"\r" in block and b"\n" not in block if lone is None else lone
        held, encoding = held + (block.replace(b"\r", b"\n") if lone else block), found
        cut = _cut(held, quote)
        if cut:
            yield held[:cut], encoding
            held = held[cut:]
        elif len(held) > _LONGEST_RECORD:
            raise _unclosed(file, None)
    if held:
        yield held, encoding


def _cut(block: bytes, quote: str | None) -> int:
    """Where the block can be cut: after the last line end that lies outside quotes; 0 for nowhere."""
    if quote is None or quote.encode() not in block:
        return block.rfind(b"\n") + 1
    mark = quote.encode()
    end = block.rfind(b"\n") + 1
    open_ = block.count(mark, 0, end) % 2
    for _ in range(10_000):
        if end <= 0 or not open_:
            return end
        before = block.rfind(b"\n", 0, end - 1) + 1
        open_ ^= block.count(mark, before, end) % 2
        end = before
    return 0


def _quote(options: ReaderOptions) -> str | None:
    return options.settings.get("quote", '"') or None


def _opened(file: SourceFile, options: ReaderOptions, block: bytes) -> tuple[_Shape, bytes, int]:
    """The shape that the first lines show, the block without them, and the line on which the rows begin."""
    settings, start, line = options.settings, 0, 1
    for _ in range(int(settings.get("skip_lines", 0))):
        start = block.find(b"\n", start) + 1
        line += 1
    given = settings.get("header")
    while not given and block[start:].startswith((b"\n", b"\r\n")):
        start = block.find(b"\n", start) + 1
        line += 1
    head = block[start : start + (1 << 20)].decode("utf-8", errors="replace")
    quote = _quote(options)
    delimiter = _delimiter(settings.get("delimiter", "auto"), head, quote)
    if given:
        names, used = [str(name) for name in given], 0
    else:
        lines = io.StringIO(head, newline="")
        names = next(_csv(lines, delimiter, quote), [])
        used = len(head[: lines.tell()].encode("utf-8"))
    shape = _Shape(_named(file, names, line), delimiter, quote, frozenset(options.drop))
    return shape, block[start + used :], line + block.count(b"\n", start, start + used)


def _named(file: SourceFile, names: Sequence[str], line: int) -> tuple[str, ...]:
    """Trimmed names of the columns; those without one by their number."""
    tidy = tuple(name.strip(" \t\r\n\ufeff\xa0") or f"column {place}" for place, name in enumerate(names, start=1))
    for place, name in enumerate(tidy):
        if name in tidy[:place]:
            raise LoadError(
                f"two columns have this name (the {tidy.index(name) + 1}. and the {place + 1}.)", file=file.name,
                line=line, column=name, remedy="Rename one, or give all names in the profile: "
                "[reader] header = [...] with skip_lines = 1.",
            )
    return tidy


def _delimiter(wanted: str, head: str, quote: str | None) -> str:
    """The delimiter named, or the one that divides the first line into most fields."""
    if wanted != "auto":
        return wanted
    first = head.split("\n", 1)[0]
    counts = {mark: len(next(_csv(io.StringIO(first), mark, quote), [])) for mark in DELIMITERS}
    return max(DELIMITERS, key=lambda mark: counts[mark])


def _csv(lines: io.StringIO, delimiter: str, quote: str | None) -> Iterator[list[str]]:
    if quote is None:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote)


def _parsed(file: SourceFile, shape: _Shape, body: bytes, line: int, ends: int, encoding: str) -> RawBatch:
    """The block's rows; it begins on this line and holds so many line ends."""
    lines = ends + (not body.endswith(b"\n"))
    plain_ends = b"\r" not in body or body.count(b"\r") == body.count(b"\r\n")
    table = _by_arrow(shape, body) if plain_ends else None
    if table is None or table.num_rows != lines:
        return _by_csv(file, shape, body, line, encoding)
    return RawBatch(table, pa.array(np.arange(line, line + lines)), encoding=encoding)


def _by_arrow(shape: _Shape, body: bytes) -> pa.Table | None:
    """The block by Arrow's parser; None where any row is ragged or the parser loses its way."""
    ragged = []

    def note(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row.actual_columns)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(column_names=list(shape.names), block_size=_CHUNK_BYTES),
            parse_options=arrow_csv.ParseOptions(
                delimiter=shape.delimiter, quote_char=shape.quote or False, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(shape.names, pa.string()), include_columns=shape.kept,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return None if ragged else table


def _by_csv(file: SourceFile, shape: _Shape, body: bytes, line: int, encoding: str) -> RawBatch:
    """The block by Python's csv, record by record."""
    text = body.decode("utf-8")
    source = io.StringIO(text, newline="")
    rows: list[list[str]] = []
    starts: list[int] = []
    rejects: list[RawReject] = []
    width, before, start = len(shape.names), 0, line
    reader = _csv(source, shape.delimiter, shape.quote)
    try:
        for row in reader:
            start, end = line + before, line + reader.line_num  # type: ignore[attr-defined]
            before = reader.line_num  # type: ignore[attr-defined]
            if len(row) == width:
                rows.append(row)
                starts.append(start)
            elif row:
                rejects.append(_ragged(shape, row, start, end - start))
    except csv.Error as error:
        raise LoadError(f"cannot be read as rows ({error})", file=file.name, line=line + before,
                        remedy="A quote may never be closed there, or a field be longer than 131,072 characters."
                        ) from error
    if shape.quote and _left_open(text, start - line, shape.quote):
        raise _unclosed(file, start)
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    kept = {n: pa.array(c, pa.string()) for n, c in zip(shape.names, columns, strict=True) if n not in shape.drop}
    return RawBatch(pa.table(kept), pa.array(starts, pa.int64()), tuple(rejects), encoding)


def _ragged(shape: _Shape, row: list[str], line: int, spans: int) -> RawReject:
    reason = f"{len(row)} field{'s' * (len(row) != 1)} where the header has {len(shape.names)}"
    if spans > 3:
        reason += f" (it runs over {spans} lines: a quote is probably not closed)"
    raw = WITHHELD if shape.drop else shape.delimiter.join(row)
    return RawReject(line, reason, raw)


def _left_open(text: str, lines_before: int, quote: str) -> bool:
    """Whether the last record opens a quote that the end of the file does not close."""
    last = "".join(io.StringIO(text, newline="").readlines()[lines_before:])
    return last.count("\n") > 0 and last.rstrip("\r\n").count(quote) % 2 == 1


def _unclosed(file: SourceFile, line: int | None) -> LoadError:
    return LoadError(
        "a quote is opened and never closed", file=file.name, line=line,
        remedy='Close it, or if quotes mean nothing in this feed, set [reader] quote = "" in the profile.',
    )
