"""Readers turn a file's bytes into named columns of text with line numbers; what they mean is the profile's.

The contract, for whoever writes one:

- A reader is ``read(file: SourceFile, options: ReaderOptions) -> Iterator[RawBatch]``, named in `READERS`
  as ``"module:function"`` so that nothing is imported until a profile asks for it.
- Every column of a batch is text (`pyarrow.string`). Null means absent; blanks and untrimmed text are passed on,
  the profile's SQL tidies them. All batches of one file carry the same columns, in the file's order.
- Nested records are flattened to dotted names (``plate.confidence``); a list is passed on as JSON text.
- ``lines`` holds the 1-based physical line where each record starts, the header counted; formats without
  lines number their records from 1.
- A record that cannot be taken apart (ragged, not JSON ...) becomes a `RawReject`; the rest goes on.
  A file that cannot be read at all raises `LoadError`.
- Columns in ``options.drop`` are sensitive: they never leave the reader, rejects included.
- Batches hold about a million rows at most, so that a large file is read in bounded memory.
"""

from __future__ import annotations

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from data_connectors.errors import RtccError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1_000_000


class LoadError(RtccError):
    """A file that cannot be loaded: names the file, the line and column where known, and the remedy.

    Parameters
    ----------
    problem : str
        What is wrong, with the values seen.
    file : str
        Name of the file.
    line, column : int, str, optional
        Where in the file.
    remedy : str
        What to do about it.

    Examples
    --------
    >>> print(LoadError("row has 3 fields, the header has 5", file="may.csv", line=7, remedy="Mend the row."))
    may.csv, line 7: row has 3 fields, the header has 5. Mend the row.
    """

    def __init__(
        self, problem: str, *, file: str = "", line: int | None = None, column: str | None = None, remedy: str = ""
    ) -> None:
        where = ", ".join(
            part for part in (file, f"line {line}" if line else "", f"column {column!r}" if column else "") if part
        )
        text = f"{where}: {problem}" if where else problem
        super().__init__(f"{text.rstrip('.')}. {remedy}".strip())
        self.file, self.line, self.column, self.remedy = file, line, column, remedy


@dataclass(frozen=True)
class SourceFile:
    """One file as it lies on disk; ``.gz`` and ``.zip`` (with one member) are opened on the way.

    Attributes
    ----------
    path : Path
        Where it lies. `name` is its name without the folder, as receipts and rejects give it.

    Raises
    ------
    LoadError
        The path is missing, a folder, an empty file, a truncated archive or one of several members.

    Examples
    --------
    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "may.csv").write_bytes(b"a,b\\n1,2\\n")
    >>> file = SourceFile(folder / "may.csv")
    >>> file.name, file.data, file.sha256[:8]
    ('may.csv', b'a,b\\n1,2\\n', '492d5ea4')
    """

    path: Path

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.name

    def check(self) -> None:
        """Raise `LoadError` where there is no file to read."""
        if not self.path.exists():
            raise LoadError("no such file", file=str(self.path), remedy="Check the path.")
        if self.path.is_dir():
            raise LoadError("is a folder, not a file", file=str(self.path), remedy=f"Give its files: {self.path}/*")
        if self.path.stat().st_size == 0:
            raise LoadError("the file is empty (0 bytes)", file=self.name, remedy="Ask for the export again.")

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file as it lies on disk, in hexadecimal."""
        self.check()
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @cached_property
    def data(self) -> bytes:
        """The whole contents, decompressed. Formats that can be read in blocks use `open` instead."""
        with self.open() as stream:
            return read_block(stream, -1, self.name)

    def open(self) -> BinaryIO:
        """A stream of the decompressed contents; read it with `read_block`, which names a damaged archive."""
        self.check()
        suffix = self.path.suffix.lower()
        if suffix == ".gz":
            return gzip.open(self.path, "rb")
        if suffix == ".zip":
            return self._open_zip()
        return self.path.open("rb")

    def _open_zip(self) -> BinaryIO:
        try:
            archive = zipfile.ZipFile(self.path)
        except zipfile.BadZipFile as error:
            raise LoadError(f"not a whole zip archive ({error})", file=self.name, remedy="Copy it again.") from error
        members = [m for m in archive.namelist() if not m.endswith("/") and not m.startswith("__MACOSX/")]
        if len(members) != 1:
            raise LoadError(
                f"the archive holds {len(members)} files ({', '.join(members[:5])})", file=self.name,
                remedy="Unpack it and load its files.",
            )
        return archive.open(members[0])  # type: ignore[return-value]


def read_block(stream: BinaryIO, size: int, name: str) -> bytes:
    """`size` bytes of a stream (all with -1), or a `LoadError` that names the damaged archive.

    Examples
    --------
    >>> import io
    >>> read_block(io.BytesIO(b"abc"), 2, "a.csv")
    b'ab'
    """
    try:
        return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise LoadError(
            f"the archive is damaged or cut short ({error})", file=name, remedy="Copy or export it again."
        ) from error


@dataclass(frozen=True)
class RawReject:
    """A record that could not be taken apart.

    Attributes
    ----------
    line : int
        Physical line where it starts.
    reason : str
        In plain words, e.g. ``3 fields where the header has 5``. Values of sensitive columns never appear.
    raw : dict or str
        The record as far as it could be read.
    column : str, optional
        The column at fault.
    """

    line: int
    reason: str
    raw: dict[str, str] | str
    column: str | None = None


@dataclass(frozen=True)
class RawBatch:
    """Some rows of a file as text.

    Attributes
    ----------
    columns : pyarrow.Table
        All text, null where absent.
    lines : pyarrow.Array of int64
        Physical line of each row.
    rejects : tuple of RawReject
        Records left out.
    encoding : str
        How the bytes were read (``utf-8``, ``cp1252`` ...), for the receipt.
    notes : tuple of str
        Anything else that the receipt should say about this file.
    """

    columns: pa.Table
    lines: pa.Array
    rejects: tuple[RawReject, ...] = ()
    encoding: str = "utf-8"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReaderOptions:
    """What a profile's ``[reader]`` table says.

    Attributes
    ----------
    format : str
        Key of `READERS`.
    encoding : str
        A Python codec name, or ``auto``: byte-order mark, then UTF-8, then the best of the legacy encodings.
    drop : tuple of str
        Sensitive columns that never leave the reader.
    settings : mapping
        Everything else in ``[reader]``, each format's own: ``delimiter``, ``sheet``, ``record_path``, ``fields`` ...
    """

    format: str = "delimited"
    encoding: str = "auto"
    drop: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


Reader = Callable[[SourceFile, ReaderOptions], Iterator[RawBatch]]

READERS: dict[str, str] = {
    "delimited": "data_connectors.readers.delimited:read_delimited",
    "fixed_width": "data_connectors.readers.fixed_width:read_fixed_width",
    "flock": "data_connectors.readers.flock:read_flock",
    "flock_entries": "data_connectors.readers.flock:read_flock_entries",
    "genetec": "data_connectors.readers.genetec:read_genetec",
    "geo": "data_connectors.readers.geo:read_geo",
    "json": "data_connectors.readers.json_records:read_json",
    "ndjson": "data_connectors.readers.json_records:read_ndjson",
    "plate_recognizer": "data_connectors.readers.plate_recognizer:read_plate_recognizer",
    "rekor": "data_connectors.readers.rekor:read_rekor",
    "spreadsheet": "data_connectors.readers.spreadsheet:read_spreadsheet",
    "synonyms": "data_connectors.readers.header_synonyms:read_by_synonyms",
}


def reader_for(format: str) -> Reader:
    """The reader of a format; `LoadError` names the formats there are.

    Examples
    --------
    >>> reader_for("delimited").__name__
    'read_delimited'
    """
    if format not in READERS:
        raise LoadError(f"no reader for format {format!r}", remedy=f"Known formats: {', '.join(sorted(READERS))}.")
    module, function = READERS[format].split(":")
    return getattr(import_module(module), function)
